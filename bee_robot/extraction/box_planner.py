"""Heights and places of one box as a planner needs them, what is kept beyond the rules, and single moves.

Lift positions are heights of the forks, scan positions heights of the hook plates, shuttle positions places of the
plates' centre bars along Y (machine.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import (
    Axis,
    AxisMove,
    Guard,
    GuardKind,
    Side,
)
from bee_robot.extraction.belief import LIFT, SCAN, SHUTTLE
from bee_robot.extraction.whereabouts import Doubt
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.rulebook import limit

LIFTS = tuple(LIFT.values())
SCANS = tuple(SCAN.values())
SHUTTLES = tuple(SHUTTLE.values())


@dataclass(frozen=True)
class Margins:
    """What is kept beyond what a rule asks, because a machine gives, sags and is known to a tenth of a millimetre only.

    `within`: planned speeds and accelerations as a part of what a rule allows. `zone_mm`: approach zones are longer by this.
    `sag_mm`: play of the pins and give of hooks and forks under load. `before_cleat_mm`, `before_pin_mm`: how close forks
    come to the cleats, and the bar to a pin, before they are slow. `at_cleat_mm`: how close forks come slowly before the
    peel, and the open time, begins. `sweep_beyond_mm`: the pin sensors run on past the
    outermost pin. `landed_below_mm`: forks go on this far after an edge should stand, so that it does. `screws_mm`:
    hooks go on this far below the height at which a frame should rest, and above that at which they may swing: screws keep
    their place to a tenth when power goes.
    `stack_stops_at_joints`: a stack on its way beside other work is watched by guards, which make it stop at every joint.
    """

    within: float = 0.99
    zone_mm: float = 0.5
    sag_mm: float = 0.3
    before_cleat_mm: float = 1.0
    at_cleat_mm: float = 0.2
    before_pin_mm: float = 1.5
    sweep_beyond_mm: float = 4.0
    landed_below_mm: float = 1.0
    screws_mm: float = 0.2
    stack_stops_at_joints: bool = True


KEPT = Margins()
NONE_KEPT = Margins(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, False)
"""A machine without play: what the bound of `bound.py` is computed for, never what is asked of a tower."""


@dataclass(frozen=True)
class BoxPlanner:
    """Where things are while one box is visited, and single moves. Pure: says how, moves nothing.

    `moves_shuttles` False: they do not know where they are and stay; only closing works like that. `doubt`: how far axes
    may be off in a recovery; heights are kept clear and zones longer by as much.
    """

    robot: RobotConfiguration
    box: int
    moves_shuttles: bool = True
    margins: Margins = KEPT
    doubt: Doubt = Doubt()

    @property
    def geometry(self) -> HiveGeometry:
        return HiveGeometry(self.robot.hive, self.robot.mechanism)

    @property
    def engaged_mm(self) -> float:
        return self.geometry.engaged_mm(self.box)

    @property
    def cleat_mm(self) -> float:
        """Of what stands on the box."""
        return self.geometry.cleat_mm(self.box + 1)

    @property
    def below_cleat_mm(self) -> float:
        return self.cleat_mm - self.robot.mechanism.fork_below_cleat_mm

    @property
    def parked_mm(self) -> float:
        """Scan beams at or below this are out of everybody's way."""
        return self.robot.axes[Axis.SCAN_LEFT.value].park_mm + self.margins.zone_mm

    @property
    def swing_mm(self) -> float:
        known_to_mm = max(self.doubt.scan_mm, self.margins.screws_mm)
        return self.engaged_mm + self.robot.mechanism.hook_swing_mm + known_to_mm

    @property
    def travel_mm(self) -> float:
        return self.engaged_mm + self.robot.mechanism.hook_travel_mm

    @property
    def clear_mm(self) -> float:
        """Plate height at which a hanging frame may move sideways over its neighbours (R10)."""
        return (
            self.engaged_mm
            + self.geometry.frame_height_mm(self.box)
            + limit("R10", "above_mm")
            + self.doubt.scan_mm
            + self.margins.zone_mm
            + self.margins.sag_mm
        )

    # moves ------------------------------------------------------------------------------------------------------------

    def _to(
        self,
        axes: tuple[Axis, ...],
        position_mm: float,
        speed_mm_s: float = 0.0,
        acceleration_mm_s2: float = 0.0,
    ) -> dict[Axis, AxisMove]:
        """All `axes` to one position; without a speed as fast as the axis may."""
        moves: dict[Axis, AxisMove] = {}
        for axis in axes:
            most = self.robot.axes[axis.value]
            speed = min(speed_mm_s or most.max_speed_mm_s, most.max_speed_mm_s)
            rate = min(acceleration_mm_s2 or most.max_acceleration_mm_s2, most.max_acceleration_mm_s2)
            moves[axis] = AxisMove(position_mm, speed, rate)
        return moves

    def _park(self, axes: tuple[Axis, ...]) -> dict[Axis, AxisMove]:
        moves: dict[Axis, AxisMove] = {}
        for axis in axes if self.moves_shuttles else (axis for axis in axes if axis not in SHUTTLES):
            moves |= self._to((axis,), self.robot.axes[axis.value].park_mm)
        return moves

    def _lift_frame(
        self, position_mm: float, speed_mm_s: float, axes: tuple[Axis, ...] = SCANS
    ) -> dict[Axis, AxisMove]:
        return self._to(
            axes,
            position_mm,
            self.margins.within * speed_mm_s,
            self.margins.within * limit("R7", "vertical_mm_s2"),
        )

    def _carry_frame(self, position_mm: float) -> dict[Axis, AxisMove]:
        return self._to(SHUTTLES, position_mm, 0.0, self.margins.within * limit("R7", "sideways_mm_s2"))

    def _load_above(self, kg: float) -> tuple[Guard, ...]:
        return tuple(Guard(GuardKind.LOAD_ABOVE, side, kg) for side in Side)

    def _contact(self, lifted_load_kg: Mapping[Side, float]) -> tuple[Guard, ...]:
        """R5: awake while an edge is higher above the rim than it may touch anything."""
        above_mm = self.cleat_mm + limit("R5", "above_rim_mm") + self.doubt.lift_mm
        return tuple(
            Guard(GuardKind.LOAD_BELOW, side, limit("R5", "load_ratio") * load, True, LIFT[side], above_mm)
            for side, load in lifted_load_kg.items()
        )
