"""The tower's contract: what a procedure may ask of the machine, and what comes back.

Two implementations exist: `SerialTower` (serial_tower.py) owns the serial port inside `tower_driver`; `RosTower`
(nodes/ros_tower.py) asks that node over the graph. There is no simulated tower: the twin is the firmware and the plant.

Units: millimetres (lift and scan heights above the ground, shuttles along Y of the machine frame), degrees (0 stowed,
90 engaged), kilograms, seconds of robot time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


class Axis(str, Enum):
    LIFT_LEFT = "lift_left"
    LIFT_RIGHT = "lift_right"
    SCAN_LEFT = "scan_left"
    SCAN_RIGHT = "scan_right"
    SHUTTLE_LEFT = "shuttle_left"
    SHUTTLE_RIGHT = "shuttle_right"


class Servo(str, Enum):
    FORK_LEFT = "fork_left"
    FORK_RIGHT = "fork_right"
    HOOK_LEFT = "hook_left"
    HOOK_RIGHT = "hook_right"


class Input(str, Enum):
    DOOR_CLOSED = "door_closed"
    ESTOP_OK = "estop_ok"
    PIN_LEFT = "pin_left"
    PIN_RIGHT = "pin_right"


class Output(str, Enum):
    STROBE = "strobe"
    RED_LIGHT = "red_light"
    FAN = "fan"
    HEATER = "heater"


class Side(str, Enum):
    LEFT = "left"
    RIGHT = "right"


class GuardKind(str, Enum):
    """What ends a segment early. Loads are those of one fork bearing, filtered on the board."""

    LOAD_ABOVE = "load_above"
    LOAD_BELOW = "load_below"
    LOAD_RATE = "load_rate"  # the load rises faster than rate_kg_s, measured over 50 ms
    PIN_EDGE = "pin_edge"
    END_STOP = "end_stop"  # the end stop of the axis end_stop closes


@dataclass(frozen=True)
class AxisMove:
    """Where an axis goes and how fast it may: position in mm, limits of the trapezoid in mm/s and mm/s²."""

    position_mm: float
    speed_mm_s: float
    acceleration_mm_s2: float


@dataclass(frozen=True)
class Guard:
    """Ends the segment when it trips.

    `is_fault`: the whole programme stops with a category 1 stop and an alert; otherwise the axes decelerate, the
    segment counts as reached and the programme goes on with the next one ("move down until the pin is felt").
    `axis`, `above_mm`: the guard is awake only while that axis is above that position (None: always).
    `side`: every kind but END_STOP needs one; `rate_kg_s`: of LOAD_RATE; `end_stop`: of END_STOP.
    """

    kind: GuardKind
    side: Side | None = None
    threshold_kg: float = 0.0
    is_fault: bool = True
    axis: Axis | None = None
    above_mm: float | None = None
    rate_kg_s: float = 0.0
    end_stop: Axis | None = None


@dataclass(frozen=True)
class OutputEvent:
    """Sets an output (0..1) when the segment starts; or, with an axis, at the step at which that axis passes `at_mm`.

    One of the latter in a segment, of an axis that the segment moves there; the board tells when and where it was.
    """

    output: Output
    value: float
    axis: Axis | None = None
    at_mm: float | None = None


@dataclass(frozen=True)
class Segment:
    """One step of a programme: all its axes and servos start together; it ends when all have arrived.

    Where neither this segment nor the next has a guard, servo, output event, dwell or latch change, and an axis moves on in the same
    direction, the board passes the joint at the lower of the two speeds without stopping; otherwise it stops there.
    """

    name: str
    axes: Mapping[Axis, AxisMove] = field(default_factory=dict)
    servos_deg: Mapping[Servo, float] = field(default_factory=dict)
    guards: tuple[Guard, ...] = ()
    latches: tuple[Input, ...] = ()
    outputs: tuple[OutputEvent, ...] = ()
    dwell_s: float = 0.0


@dataclass(frozen=True)
class MotionProgramme:
    """An ordered list of segments that the board executes without the host in between."""

    name: str
    segments: tuple[Segment, ...]


class MotionEnd(str, Enum):
    DONE = "done"
    GUARD = "guard"  # a guard with is_fault tripped
    STOPPED = "stopped"  # stop asked for, door, e-stop, heartbeat or lease lost, fault on the board
    REFUSED = "refused"  # nothing moved


@dataclass(frozen=True)
class Stamp:
    """An instant that the board stamped: robot time, how far that can be wrong, and the board's own time since power-on.

    `uncertainty_s` is infinite while the clocks of host and board are not related; `time_s` then means nothing.
    """

    time_s: float = 0.0
    uncertainty_s: float = math.inf
    board_s: float = 0.0


@dataclass(frozen=True)
class Latched:
    """An edge of a pin sensor, with the positions that the board latched at that instant."""

    input: Input
    is_rising: bool
    positions_mm: Mapping[Axis, float]
    stamp: Stamp = Stamp()


@dataclass(frozen=True)
class OutputStamp:
    """When an output was set at its position, and where all axes were at that step."""

    segment_index: int
    output: Output
    positions_mm: Mapping[Axis, float]
    stamp: Stamp = Stamp()


@dataclass(frozen=True)
class ReferenceFound:
    """Where homing found the end stop of an axis. `expected_mm`: where it should have been; None if the axis did not know."""

    axis: Axis
    found_mm: float
    expected_mm: float | None

    @property
    def lost_mm(self) -> float:
        """How far the axis had lost its way, signed; 0 where nobody can say."""
        return 0.0 if self.expected_mm is None else self.found_mm - self.expected_mm


@dataclass(frozen=True)
class GuardTrip:
    """A guard that tripped: which segment (index) and guard it was, and where the axes were at that instant."""

    segment_index: int
    guard: Guard
    positions_mm: Mapping[Axis, float]
    load_kg: float


@dataclass(frozen=True)
class MotionResult:
    """What was applied. `segments_done` counts whole segments; `reason` is for people; `alert` is a key of alerts.py.

    A homing that is DONE has the alert "steps_lost" where an end stop was not found where it was expected.
    """

    end: MotionEnd
    segments_done: int
    positions_mm: Mapping[Axis, float]
    latched: tuple[Latched, ...] = ()
    trips: tuple[GuardTrip, ...] = ()
    reason: str = ""
    alert: str = ""
    outputs: tuple[OutputStamp, ...] = ()
    references: tuple[ReferenceFound, ...] = ()


class BoardState(str, Enum):
    """The states of firmware/SAFETY.md."""

    UNCONFIGURED = "unconfigured"
    DISARMED = "disarmed"
    ARMED = "armed"
    MOVING = "moving"
    HOLDING = "holding"  # a programme is held where it is: needs resume() or stop()
    STOPPED = "stopped"  # after a category 1 stop: needs arm() again
    ESTOP = "estop"  # e-stop pressed or door open: category 0
    LOST = "lost"  # no link to the board


@dataclass(frozen=True)
class AxisState:
    position_mm: float
    speed_mm_s: float
    is_referenced: bool
    at_end_stop: bool


@dataclass(frozen=True)
class TowerState:
    """A snapshot, stamped in robot time. Its age decides whether it may be used (missing or stale means no)."""

    stamp_s: float
    board: BoardState
    axes: Mapping[Axis, AxisState]
    servos_deg: Mapping[Servo, float]
    inputs: Mapping[Input, bool]
    outputs: Mapping[Output, float]
    loads_kg: Mapping[Side, float]
    stop_reason: str
    lease_holder: str
    link_errors: int
    link_round_trip_ms: float


class TowerError(Exception):
    """A request that could not be carried out. Says what happened, where and what to do; `alert` is a key of alerts.py."""

    def __init__(self, message: str, alert: str = "") -> None:
        super().__init__(message)
        self.alert = alert


class Tower(Protocol):
    """What moves. Every call raises TowerError when the machine cannot be reached; moving calls are never retried."""

    @property
    def state(self) -> TowerState:
        """The latest snapshot (telemetry comes at 100 Hz)."""
        ...

    async def acquire_lease(self, holder: str) -> None:
        """Take the motion lease and keep renewing it at 10 Hz until released. TowerError if another holds it."""
        ...

    async def release_lease(self) -> None: ...

    async def arm(self) -> None:
        """Close the motor relay. Explicit after every category 0 or 1 stop. TowerError names what is in the way."""
        ...

    async def disarm(self, because: str) -> None: ...

    async def home(self, axes: tuple[Axis, ...]) -> MotionResult:
        """Reference the axes on their end stops, all at once (beams downwards, shuttles backwards)."""
        ...

    async def tell_places(self, places_mm: Mapping[Axis, float]) -> None:
        """Tell the armed board where unreferenced axes stand: for recovery, which must be able to prove it.

        They count as referenced and move no faster than they home, until they are homed. TowerError where the board does not
        believe it (it knows another place, an end stop contradicts, beams would stand too close); nothing moves either way.
        """
        ...

    async def move(self, programme: MotionProgramme) -> MotionResult:
        """Execute a programme. A cancelled call stops the motion (category 1) before it returns."""
        ...

    async def hold(self, because: str) -> None:
        """Bring the motion to rest where it is, to go on later; returns at rest, the board is HOLDING. TowerError where
        nothing moves that could be held. Whoever waits in `move` keeps waiting; the lease has to be renewed as ever.
        """
        ...

    async def resume(self) -> None:
        """Go on with what is held. TowerError where nothing is: never after a stop, which ends what was held."""
        ...

    async def stop(self, because: str) -> None:
        """Decelerate and stop everything now; overtakes every queue. The board is STOPPED afterwards."""
        ...

    async def set_output(self, output: Output, value: float) -> None: ...
