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
from bee_robot.extraction.following import RESTS_MM, HeldFrame, follow
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.rulebook import Motions, Situations

LIFT = {Side.LEFT: Axis.LIFT_LEFT, Side.RIGHT: Axis.LIFT_RIGHT}
SCAN = {Side.LEFT: Axis.SCAN_LEFT, Side.RIGHT: Axis.SCAN_RIGHT}
SHUTTLE = {Side.LEFT: Axis.SHUTTLE_LEFT, Side.RIGHT: Axis.SHUTTLE_RIGHT}
FORK = {Side.LEFT: Servo.FORK_LEFT, Side.RIGHT: Servo.FORK_RIGHT}
HOOK = {Side.LEFT: Servo.HOOK_LEFT, Side.RIGHT: Servo.HOOK_RIGHT}


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

    def follow(self, motions: Motions) -> Situations:
        """The machine has gone through these samples, each a small step further; what was believed at each of them."""
        return follow(self, motions)

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
