"""The bee and human safety rulebook, R1 to R20, as data and predicates over a motion sample. No I/O.

Used by the twin on every simulated motion, by the procedures before they ask, and as the source of the board's limits.
Limits: design document "The reference machine", section "The rulebook".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LIFTS = ("lift_left", "lift_right")
SCANS = ("scan_left", "scan_right")
SHUTTLES = ("shuttle_left", "shuttle_right")
SIDES = ("left", "right")


@dataclass(frozen=True)
class Rule:
    """One line of the rulebook. `limits` are in the units that their names say."""

    key: str
    says: str
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class AxisSample:
    """One axis at one instant: mm, mm/s, mm/s² (signed)."""

    position_mm: float
    speed_mm_s: float = 0.0
    acceleration_mm_s2: float = 0.0


@dataclass(frozen=True)
class RestingFrame:
    """A frame that rests on its ears in the open box."""

    number: int
    y_mm: float


@dataclass(frozen=True)
class FrameOnHooks:
    """The frame whose pins the hooks hold. Heights of the top bar at both ends; `rests` while both ears stand on the rebate."""

    number: int
    y_mm: float
    top_left_mm: float
    top_right_mm: float
    rests: bool


@dataclass(frozen=True)
class Situation:
    """What stands where, as known to whoever checks: the twin knows it, a procedure believes it.

    `stack_bottom_mm`: lower edge of what stands on the forks, per side; None while nothing is on the forks.
    `lifted_load_kg`: load per side when the stack hung free; 0 before. `contact_for_s`: for how long the load of a side
    has been below 70 % of that while lowering more than 5 mm above the rim. `swinging`: servos in motion.
    """

    box: int | None = None  # the box that is open or being opened
    rim_mm: float = 0.0
    engaged_mm: float = 0.0
    frame_top_mm: float = 0.0  # top bars of resting frames
    frame_height_mm: float = 279.0
    pitch_mm: float = 37.5
    is_open: bool = False
    other_open_box: int | None = None
    open_for_s: float = 0.0
    is_closing: bool = False
    stack_bottom_mm: Mapping[str, float] | None = None
    lifted_load_kg: Mapping[str, float] = field(default_factory=dict)
    is_peeling: bool = False
    contact_for_s: Mapping[str, float] = field(default_factory=dict)
    cleats_mm: tuple[float, ...] = ()  # heights of all cleats that a fork could meet now
    frame: FrameOnHooks | None = None
    resting: tuple[RestingFrame, ...] = ()
    swinging: tuple[str, ...] = ()
    strobe_for_s: float = 0.0
    may_move: bool = True  # heartbeat, lease, configuration and references are in order
    blocked_for_s: float = 0.0  # for how long door or e-stop (or may_move) has forbidden motion


@dataclass(frozen=True)
class MotionSample:
    """The machine at one instant, in the words of the trace."""

    t_s: float
    axes: Mapping[str, AxisSample]
    servos_deg: Mapping[str, float]
    inputs: Mapping[str, bool]
    outputs: Mapping[str, float]
    loads_kg: Mapping[str, float]


@dataclass(frozen=True)
class Violation:
    """A rule that was broken: where (axis, side or part), the value and the limit."""

    rule: str
    t_s: float
    where: str
    value: float
    limit: float
    says: str

    def __str__(self) -> str:
        return f"{self.rule} at {self.t_s:.2f} s: {self.where} {self.value:.4g}, limit {self.limit:.4g} ({self.says})"
