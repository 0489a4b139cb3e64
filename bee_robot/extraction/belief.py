"""What the robot believes about the hive and itself: which box is open, what the forks carry, where every frame is.

The belief follows the machine's motion (planned or done) by kinematics alone: a fork above a cleat carries, a hook round
a pin holds, a bar against a pin pushes. It is what the planned motion is judged against, and what the journal keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import Axis, Servo, Side
from bee_robot.extraction.motion_profile import Instant
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.rulebook import FrameOnHooks, RestingFrame, Situation

LIFT = {Side.LEFT: Axis.LIFT_LEFT, Side.RIGHT: Axis.LIFT_RIGHT}
SCAN = {Side.LEFT: Axis.SCAN_LEFT, Side.RIGHT: Axis.SCAN_RIGHT}
SHUTTLE = {Side.LEFT: Axis.SHUTTLE_LEFT, Side.RIGHT: Axis.SHUTTLE_RIGHT}
FORK = {Side.LEFT: Servo.FORK_LEFT, Side.RIGHT: Servo.FORK_RIGHT}
HOOK = {Side.LEFT: Servo.HOOK_LEFT, Side.RIGHT: Servo.HOOK_RIGHT}

ENGAGED_DEG = 80.0
AT_NECK_MM = 0.5  # the plate slides round a neck within this of the engaged height
SLOT_MM = (
    10.0  # a pin nearer to the centre bar than half the plate is in its slot; the next pin stays 11 away
)
RESTS_MM = 0.02


@dataclass
class HeldFrame:
    """A frame whose pins stand in the hooks' slots. `pin_ahead_mm`: pin minus centre bar along Y."""

    number: int
    pin_ahead_mm: float
    left_mm: float = 0.0  # ears above their rests
    right_mm: float = 0.0

    @property
    def rests(self) -> bool:
        return max(self.left_mm, self.right_mm) <= RESTS_MM


@dataclass
class HiveBelief:
    """`box`: whose frames the visit is about; what stands above it is the stack. `frames_y_mm`: resting and held frames of
    that box. `unfelt_mm`: frames that should be there and have no pins to be felt, and where they would stand.
    `left_alone`: frames that stand askew or lack a pin, and how far their pins are from `frames_y_mm` at most.
    Heights and loads as in `rulebook.Situation`."""

    robot: RobotConfiguration
    box: int
    frames_y_mm: dict[int, float] = field(default_factory=dict)
    held: HeldFrame | None = None
    edges_mm: dict[Side, float] = field(default_factory=lambda: dict.fromkeys(Side, 0.0))
    is_forked: bool = False
    is_peeling: bool = False
    is_closing: bool = False
    opened_s: float | None = None
    lifted_load_kg: dict[Side, float] = field(default_factory=dict)
    unfelt_mm: dict[int, float] = field(default_factory=dict)
    left_alone: dict[int, float] = field(default_factory=dict)
    push: int = -1  # direction along Y in which this visit moves the free gap's frames: -1 back, +1 front

    def __post_init__(self) -> None:
        self.geometry = HiveGeometry(self.robot.hive, self.robot.mechanism)
        self.rim_mm = self.geometry.rim_mm(self.box)
        self.engaged_mm = self.geometry.engaged_mm(self.box)
        self.cleat_mm = self.geometry.cleat_mm(self.box + 1)
        levels = range(1, self.geometry.lid_level + 1)
        self._cleats_mm = {level: self.geometry.cleat_mm(level) for level in levels}

    @property
    def is_open(self) -> bool:
        return max(self.edges_mm.values()) > RESTS_MM

    @property
    def shunned_mm(self) -> list[float]:
        """Places of frames that nothing may be moved towards: nobody knows exactly where they end."""
        return [*self.unfelt_mm.values(), *(self.frames_y_mm[number] for number in self.left_alone)]

    def copy(self) -> HiveBelief:
        """An independent copy, for thinking a motion through."""
        return replace(
            self,
            frames_y_mm=dict(self.frames_y_mm),
            held=replace(self.held) if self.held else None,
            edges_mm=dict(self.edges_mm),
            lifted_load_kg=dict(self.lifted_load_kg),
        )

    def follow(self, instant: Instant) -> None:
        """The machine has come (a small step further) to where `instant` says."""
        self._follow_forks(instant)
        if not self.is_open:
            self.held = None
            return
        hooks_out = all(instant.servos_deg[servo] > ENGAGED_DEG for servo in HOOK.values())
        if not hooks_out:
            self.held = None
        elif self.held is None:
            self._find_pin(instant)
        else:
            self._carry(instant, self.held)

    def _follow_forks(self, instant: Instant) -> None:
        forked = [instant.servos_deg[servo] > ENGAGED_DEG for servo in FORK.values()]
        self.is_forked = any(forked)
        for side, is_in in zip(FORK, forked):
            above = instant.axes[LIFT[side]].position_mm - self.cleat_mm
            self.edges_mm[side] = max(0.0, above) if is_in else 0.0

    def _plate(self, instant: Instant) -> tuple[float, float, float]:
        """Left and right height above the engaged height, and place along Y (mean of both sides)."""
        left, right = (instant.axes[axis].position_mm - self.engaged_mm for axis in SCAN.values())
        y_mm = sum(instant.axes[axis].position_mm for axis in SHUTTLE.values()) / 2
        return left, right, y_mm

    def _find_pin(self, instant: Instant) -> None:
        left, right, y_mm = self._plate(instant)
        if max(abs(left), abs(right)) > AT_NECK_MM:
            return
        for number, pin_mm in self.frames_y_mm.items():
            if abs(pin_mm - y_mm) < SLOT_MM:
                self.held = HeldFrame(number, pin_mm - y_mm)

    def _carry(self, instant: Instant, held: HeldFrame) -> None:
        left, right, y_mm = self._plate(instant)
        held.left_mm, held.right_mm = max(0.0, left), max(0.0, right)
        if not held.rests:
            self.frames_y_mm[held.number] = y_mm + held.pin_ahead_mm
            return
        seated_mm = self.robot.mechanism.hook_seated_mm
        ahead_mm = self.frames_y_mm[held.number] - y_mm
        if abs(ahead_mm) < seated_mm:
            ahead_mm = seated_mm if held.pin_ahead_mm > 0 else -seated_mm
            self.frames_y_mm[held.number] = y_mm + ahead_mm
        held.pin_ahead_mm = ahead_mm
        if abs(ahead_mm) > SLOT_MM:
            self.held = None

    def says(self) -> str:
        """What is open and what hangs, for a person."""
        parts = []
        if self.is_open:
            left, right = (self.edges_mm[side] for side in (Side.LEFT, Side.RIGHT))
            parts.append(
                f"box {self.box} is open, what stands on it is raised {left:.0f} mm left, {right:.0f} mm right"
            )
        elif self.is_forked:
            parts.append(f"box {self.box} is closed, the forks are still under the cleats above it")
        else:
            parts.append(f"box {self.box} is closed")
        if self.held is not None:
            how = "rests, with the hooks round its pins" if self.held.rests else "hangs on the hooks"
            parts.append(f"frame {self.held.number} {how}")
        return "; ".join(parts)

    def situation(self, instant: Instant) -> Situation:
        """The same in the rulebook's words."""
        return Situation(
            box=self.box,
            rim_mm=self.rim_mm,
            engaged_mm=self.engaged_mm,
            frame_top_mm=self.geometry.frame_top_mm(self.box),
            frame_height_mm=self.geometry.frame_height_mm(self.box),
            pitch_mm=self.geometry.frame_pitch_mm(self.box),
            is_open=self.is_open,
            open_for_s=0.0 if self.opened_s is None else max(0.0, instant.t_s - self.opened_s),
            is_closing=self.is_closing,
            stack_bottom_mm=self._stack_bottom_mm() if self.is_forked and self.is_open else None,
            lifted_load_kg={side.value: load for side, load in self.lifted_load_kg.items()},
            is_peeling=self.is_peeling,
            cleats_mm=self._cleats_now_mm(),
            frame=self._frame_on_hooks(),
            resting=self._resting(),
            swinging=tuple(servo.value for servo in instant.swinging),
        )

    def _stack_bottom_mm(self) -> dict[str, float]:
        return {side.value: self.rim_mm + edge for side, edge in self.edges_mm.items()}

    def _cleats_now_mm(self) -> tuple[float, ...]:
        """Cleats of the stack move with it."""
        raised_mm = min(self.edges_mm.values())
        return tuple(mm + (raised_mm if level > self.box else 0.0) for level, mm in self._cleats_mm.items())

    def _frame_on_hooks(self) -> FrameOnHooks | None:
        held = self.held
        if held is None:
            return None
        top_mm = self.geometry.frame_top_mm(self.box)
        y_mm = self.frames_y_mm[held.number]
        return FrameOnHooks(held.number, y_mm, top_mm + held.left_mm, top_mm + held.right_mm, held.rests)

    def _resting(self) -> tuple[RestingFrame, ...]:
        if not self.is_open:
            return ()
        held = self.held.number if self.held else 0
        return tuple(RestingFrame(number, y) for number, y in self.frames_y_mm.items() if number != held)

    def to_dict(self) -> dict[str, Any]:
        """For the journal: plain JSON."""
        return {
            "box": self.box,
            "frames_y_mm": {str(number): round(y, 3) for number, y in self.frames_y_mm.items()},
            "held": [self.held.number, self.held.pin_ahead_mm] if self.held else None,
            "edges_mm": {side.value: round(edge, 3) for side, edge in self.edges_mm.items()},
            "is_forked": self.is_forked,
            "is_closing": self.is_closing,
            "opened_s": self.opened_s,
            "lifted_load_kg": {side.value: load for side, load in self.lifted_load_kg.items()},
            "push": self.push,
            "unfelt_mm": {str(number): round(y, 3) for number, y in self.unfelt_mm.items()},
        }

    @classmethod
    def from_dict(cls, robot: RobotConfiguration, data: Mapping[str, Any]) -> HiveBelief:
        """Raises one of `journal.UNREADABLE` where the journal was written by something else."""
        held, opened_s = data["held"], data["opened_s"]
        return cls(
            robot=robot,
            box=int(data["box"]),
            frames_y_mm={int(number): float(y) for number, y in data["frames_y_mm"].items()},
            held=HeldFrame(int(held[0]), float(held[1])) if held else None,
            edges_mm={side: float(data["edges_mm"][side.value]) for side in Side},
            is_forked=bool(data["is_forked"]),
            is_closing=bool(data["is_closing"]),
            opened_s=None if opened_s is None else float(opened_s),
            lifted_load_kg={Side(side): float(load) for side, load in data["lifted_load_kg"].items()},
            push=int(data["push"]),
            unfelt_mm={int(number): float(y) for number, y in data.get("unfelt_mm", {}).items()},
        )
