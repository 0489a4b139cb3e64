"""Motion programmes of a visit: every speed inside the rulebook, with a small margin that is written here.

Lift positions are heights of the forks, scan positions heights of the hook plates, shuttle positions places of the
plates' centre bars along Y (machine.md). `push` is the direction along Y towards the free gap: -1 back, +1 front.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import (
    Axis,
    AxisMove,
    Guard,
    GuardKind,
    Input,
    MotionProgramme,
    Output,
    OutputEvent,
    Segment,
    Side,
)
from bee_robot.extraction.belief import FORK, HOOK, LIFT, SCAN, SHUTTLE
from bee_robot.extraction.overlap import StackMotion
from bee_robot.extraction.whereabouts import Doubt, slide_off_mm
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.rulebook import limit

GENTLE_MM_S = 0.1  # against a stuck seam; a fork gives about 0.2 mm under the difference of both load limits
GENTLE_WAY_MM = 0.7
QUICK_MARGIN_KG = 18.0  # half more than a load grows at 1 mm/s (250 kg/mm) before the beam stands
LEAST_MARGIN_KG = 12.0  # the same, once
STICKS_BY_KG = 5.0
GENTLE_MARGIN_KG = 7.0  # what a load can grow at that speed before board and beam have stopped
TOUCH_KG = 2.0  # a fork that feels this much on its way to a cleat has met it
LOOK_ABOVE_RIM_MM = 30.0  # where the stack waits while somebody looks for bees (machine.md, step 7)
OVER_HOOKS_MM = 2.0  # the lift beams stay further above hooks at work than R13 asks by this
HEAD_START_MM = 25.0  # of the stack before the hooks begin, so that it is not in the way of the first frame
SECOND_EDGE_MM = 5.0  # behind the first when the box closes
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
    outermost pin. `landed_below_mm`: forks go on this far after an edge should stand, so that it does.
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
    stack_stops_at_joints: bool = True


KEPT = Margins()
NONE_KEPT = Margins(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, False)
"""A machine without play: what the bound of `bound.py` is computed for, never what is asked of a tower."""


@dataclass(frozen=True)
class MotionPlanner:
    """Programmes for one box of one hive. Pure: says how, moves nothing.

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
        return self.engaged_mm + self.robot.mechanism.hook_swing_mm + self.doubt.scan_mm

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

    # the stack --------------------------------------------------------------------------------------------------------

    def approach(self) -> MotionProgramme:
        """Forks to just below the cleats and in; scan beams as high behind them as they may (R13)."""
        lift_speed = self.robot.axes[Axis.LIFT_LEFT.value].max_speed_mm_s
        lift_rate = self.robot.axes[Axis.LIFT_LEFT.value].max_acceleration_mm_s2
        below_lift_mm = self.below_cleat_mm - limit("R13", "apart_mm") - 1.0
        follow = self._to(SCANS, min(self.swing_mm, below_lift_mm), lift_speed, lift_rate)
        felt = self._to(LIFTS, self.cleat_mm - self.margins.at_cleat_mm, limit("R1", "speed_mm_s"))
        touched = tuple(replace(guard, is_fault=False) for guard in self._load_above(TOUCH_KG))
        return MotionProgramme(
            "approach",
            (
                Segment(
                    "forks below the cleats",
                    self._to(LIFTS, self.below_cleat_mm) | follow,
                    outputs=(OutputEvent(Output.RED_LIGHT, 1.0),),
                ),
                Segment("forks in", servos_deg=dict.fromkeys(FORK.values(), 90.0)),
                Segment("up to the cleats", self._to(LIFTS, self.cleat_mm - self.margins.before_cleat_mm)),
                Segment("feel for the cleats", felt, guards=touched),
            ),
        )

    def peel(self, side: Side, sticks_above_kg: float) -> MotionProgramme:
        """One edge off the rim (R1). Where a fork feels more than `sticks_above_kg` it stops there: `peel_gently` goes on."""
        guards = tuple(replace(guard, is_fault=False) for guard in self._load_above(sticks_above_kg))
        speed = self.margins.within * limit("R1", "speed_mm_s")
        edge = Segment(
            f"peel the {side.value} edge", self._to((LIFT[side],), self.peeled_mm, speed), guards=guards
        )
        return MotionProgramme(f"peel {side.value}", (edge,))

    def sticks_above_kg(self, weighs_kg: float = 0.0) -> float:
        """From which load an edge is peeled gently: low enough to stop in time (R4), above what the stack weighs there."""
        most = self.robot.limits.peel_load_kg
        return min(most - LEAST_MARGIN_KG, max(most - QUICK_MARGIN_KG, weighs_kg + STICKS_BY_KG))

    def peel_gently(self, side: Side, from_mm: float) -> MotionProgramme:
        """A little further, so slowly that the board stops before a fork carries more than its limit (R4)."""
        to_mm = min(self.peeled_mm, from_mm + GENTLE_WAY_MM)
        guards = self._load_above(self.robot.limits.peel_load_kg - GENTLE_MARGIN_KG)
        edge = Segment(
            f"peel the {side.value} edge gently", self._to((LIFT[side],), to_mm, GENTLE_MM_S), guards=guards
        )
        return MotionProgramme(f"peel {side.value} gently", (edge,))

    @property
    def look_mm(self) -> float:
        """Height of the left fork while somebody looks for bees on the rim."""
        return self.cleat_mm + LOOK_ABOVE_RIM_MM + self.doubt.lift_mm + self.margins.zone_mm

    @property
    def second_edge_mm(self) -> float:
        """How far the right edge comes behind the left one."""
        return SECOND_EDGE_MM + 2 * self.doubt.lift_mm

    @property
    def landed_mm(self) -> float:
        """Height of a fork whose edge stands on the rim."""
        return self.cleat_mm - self.margins.landed_below_mm - self.doubt.lift_mm

    @property
    def peeled_mm(self) -> float:
        """Height of a fork whose edge is off the rim."""
        return self.cleat_mm + limit("R1", "zone_mm") + self.margins.sag_mm

    @property
    def raised_mm(self) -> float:
        """Height of the forks with the stack as high as a lifted frame needs it."""
        return self.cleat_mm + self.robot.raise_mm(self.box)

    @property
    def over_hooks_mm(self) -> float:
        """Height of the forks from which on hooks may swing and work below (R13)."""
        return self.swing_mm + limit("R13", "apart_mm") + OVER_HOOKS_MM

    def _stack_motion(self, to_mm: float, guards: tuple[Guard, ...]) -> StackMotion:
        lift = self.robot.axes[Axis.LIFT_LEFT.value]
        apart_mm = limit("R13", "apart_mm") + OVER_HOOKS_MM / 2
        return StackMotion(
            to_mm,
            lift.max_speed_mm_s,
            lift.max_acceleration_mm_s2,
            apart_mm,
            guards,
            self.margins.stack_stops_at_joints,
        )

    def rising(self) -> StackMotion:
        """The rest of the way up, while the hooks are at work."""
        return self._stack_motion(self.raised_mm, self._load_above(self.robot.limits.lift_load_kg))

    def sinking(self, lifted_load_kg: Mapping[Side, float]) -> StackMotion:
        """The first part of the way down, while the hooks are at work; contact is watched (R5)."""
        return self._stack_motion(self.over_hooks_mm, self._contact(lifted_load_kg))

    def raise_to_the_top(self) -> MotionProgramme:
        """What is left of the way up."""
        up = self._to(LIFTS, self.raised_mm)
        guards = self._load_above(self.robot.limits.lift_load_kg)
        return MotionProgramme("raise", (Segment("raise the stack to the top", up, guards=guards),))

    def raise_stack(self, sweep_from_mm: float) -> MotionProgramme:
        """The stack up to where hooks may work below it (`rising` is the rest), scan beams behind it to where hooks may
        swing, shuttles to where the sweep begins."""
        lift = self.robot.axes[Axis.LIFT_LEFT.value]
        follow = self._to(SCANS, self.swing_mm, lift.max_speed_mm_s, lift.max_acceleration_mm_s2)
        raised_mm = min(self.raised_mm, self.over_hooks_mm + HEAD_START_MM)
        return MotionProgramme(
            "raise",
            (
                Segment(
                    "raise the stack",
                    self._to(LIFTS, raised_mm) | follow | self._to(SHUTTLES, sweep_from_mm),
                    guards=self._load_above(self.robot.limits.lift_load_kg),
                ),
            ),
        )

    def lower_stack(self, lifted_load_kg: Mapping[Side, float]) -> MotionProgramme:
        """The stack down to where bees are looked for, the second edge already behind; the scan beams go and park."""
        left_mm = self.look_mm
        lower = self._to((Axis.LIFT_LEFT,), left_mm) | self._to(
            (Axis.LIFT_RIGHT,), left_mm + self.second_edge_mm
        )
        return MotionProgramme(
            "lower",
            (
                Segment(
                    "lower the stack",
                    lower | self._park(SCANS) | self._park(SHUTTLES),
                    guards=self._contact(lifted_load_kg),
                ),
            ),
        )

    def trail_right_edge(self, left_above_rim_mm: float) -> MotionProgramme:
        """The right edge to its place behind the left one, before a close that begins low."""
        behind_mm = self.cleat_mm + left_above_rim_mm + self.second_edge_mm
        speed = self.margins.within * limit("R2", "speed_mm_s")
        return MotionProgramme(
            "trail", (Segment("right edge behind", self._to((Axis.LIFT_RIGHT,), behind_mm, speed)),)
        )

    def roll_closed(self, lifted_load_kg: Mapping[Side, float]) -> MotionProgramme:
        """Left edge onto the rim, the right one behind it (R2), contact watched (R5)."""
        speed = self.margins.within * limit("R2", "speed_mm_s")
        guards = self._contact(lifted_load_kg)
        left, right = (Axis.LIFT_LEFT,), (Axis.LIFT_RIGHT,)
        behind_mm = self.cleat_mm + self.second_edge_mm
        both = self._to(left, self.cleat_mm, speed) | self._to(right, behind_mm, speed)
        last = self._to(left, self.landed_mm, speed) | self._to(right, self.landed_mm, speed)
        return MotionProgramme(
            "roll closed",
            (
                Segment("left edge lands", both, guards=guards),
                Segment("right edge lands", last, guards=guards),
            ),
        )

    def land_edge(self, side: Side, lifted_load_kg: Mapping[Side, float]) -> MotionProgramme:
        """One edge down while the other stands, on the rim or a little above it."""
        down = self._to(
            (LIFT[side],),
            self.landed_mm,
            self.margins.within * limit("R2", "speed_mm_s"),
        )
        guards = tuple(guard for guard in self._contact(lifted_load_kg) if guard.side is side)
        return MotionProgramme(
            f"land {side.value}", (Segment(f"{side.value} edge lands", down, guards=guards),)
        )

    def back_off(self, edges_mm: Mapping[Side, float]) -> MotionProgramme:
        """R5: away from what the stack has met."""
        up = limit("R5", "back_off_mm")
        moves: dict[Axis, AxisMove] = {}
        for side, edge in edges_mm.items():
            moves |= self._to((LIFT[side],), self.cleat_mm + edge + up)
        guards = self._load_above(self.robot.limits.lift_load_kg)
        return MotionProgramme("back off", (Segment("back off", moves, guards=guards),))

    def release(self) -> MotionProgramme:
        """Forks down to where they may swing (R12)."""
        return MotionProgramme(
            "release", (Segment("forks off the cleats", self._to(LIFTS, self.below_cleat_mm)),)
        )

    def leave(self) -> MotionProgramme:
        """Forks away, all beams to their parks, light off."""
        off = (OutputEvent(Output.RED_LIGHT, 0.0),)
        return MotionProgramme(
            "leave",
            (
                Segment("forks out", servos_deg=dict.fromkeys(FORK.values(), 0.0)),
                Segment("scan beams park", self._park(SCANS)),
                Segment("park", self._park(LIFTS) | self._park(SHUTTLES), outputs=off),
            ),
        )

    def park_scan_beams(self) -> MotionProgramme:
        """Out of the way of forks that come down (R13). Hooks are in."""
        return MotionProgramme("scan beams park", (Segment("scan beams park", self._park(SCANS)),))

    def stand_by(self, lift_mm: float) -> MotionProgramme:
        """Everything to its park from forks at `lift_mm`, nothing on the machine. Whoever has to make room goes first (R13)."""
        scans = Segment("scan beams park", self._park(SCANS))
        lifts = Segment("lift beams park", self._park(LIFTS) | self._park(SHUTTLES))
        is_up = lift_mm < self.robot.axes[Axis.LIFT_LEFT.value].park_mm
        return MotionProgramme("stand by", (lifts, scans) if is_up else (scans, lifts))

    # hooks and frames -------------------------------------------------------------------------------------------------

    def sweep_ends_mm(self, push: int) -> tuple[float, float]:
        """Shuttle places where the sweep begins and ends; it ends next to the free gap, where the first frame waits."""
        mechanism = self.robot.mechanism
        outermost = self.robot.hive.box_inner_depth_mm / 2 - self.geometry.frame_pitch_mm(self.box) / 2
        beyond = outermost + mechanism.pin_sensor_range_mm + self.margins.sweep_beyond_mm
        back, front = (mechanism.pin_sensor_behind_hook_mm + sign * beyond for sign in (-1, 1))
        return (front, back) if push < 0 else (back, front)

    def locate(self, push: int) -> MotionProgramme:
        """Hooks out, down to travel height, one sweep of the pin sensors over all frames."""
        latches = (Input.PIN_LEFT, Input.PIN_RIGHT)
        begin_mm, end_mm = self.sweep_ends_mm(push)
        return MotionProgramme(
            "locate",
            (
                Segment("hooks out", servos_deg=dict.fromkeys(HOOK.values(), 90.0)),
                Segment("down to the pins", self._to(SCANS, self.travel_mm) | self._to(SHUTTLES, begin_mm)),
                Segment("sweep", self._to(SHUTTLES, end_mm), latches=latches),
            ),
        )

    def take_frame(self, y_mm: float, push: int, nudge_mm: float, to_y_mm: float) -> MotionProgramme:
        """From travel height: land beside the pins, slide on, nudge, peel the ears, lift, carry to `to_y_mm`."""
        mechanism = self.robot.mechanism
        beside_mm = y_mm - push * self.geometry.hook_beside_pin_mm(self.box)
        seated_mm = y_mm - push * mechanism.hook_seated_mm
        slow_mm = self.engaged_mm + limit("R11", "zone_mm") + self.margins.zone_mm
        ear_mm = self.engaged_mm + limit("R20", "ear_mm") + self.margins.sag_mm
        ear_speed, nudge_speed = limit("R20", "ear_mm_s"), self.margins.within * limit("R20", "nudge_mm_s")
        lift_speed = limit("R6", "lift_mm_s")
        lifted_mm = self.engaged_mm + self.robot.frame_lift_mm(self.box)
        carried = self._carry_frame(to_y_mm - push * mechanism.hook_seated_mm)
        return MotionProgramme(
            "take frame",
            (
                Segment("beside the pins", self._to(SHUTTLES, beside_mm)),
                Segment("hooks come down", self._to(SCANS, slow_mm)),
                Segment(
                    "hooks land",
                    self._to(SCANS, self.engaged_mm, self.margins.within * limit("R11", "speed_mm_s")),
                ),
                Segment("slide on", self._to(SHUTTLES, seated_mm - push * self.margins.before_pin_mm)),
                Segment("nudge", self._to(SHUTTLES, seated_mm + push * nudge_mm, nudge_speed)),
                Segment("peel the left ear", self._lift_frame(ear_mm, ear_speed, SCANS[:1])),
                Segment("peel the right ear", self._lift_frame(ear_mm, ear_speed, SCANS[1:])),
                Segment("lift", self._lift_frame(self.clear_mm, lift_speed)),
                Segment("carry to the photo spot", self._lift_frame(lifted_mm, lift_speed) | carried),
                Segment("settle", dwell_s=self.robot.visit.settle_s),
            ),
        )

    def put_frame(
        self, y_mm: float, pin_ahead_mm: float, from_mm: float, pins_mm: Iterable[float] = ()
    ) -> MotionProgramme:
        """Carry a hanging frame over `y_mm`, lower, set down, slide off, up to travel height.

        `pin_ahead_mm`: where the pin sits in front of the centre bar; `from_mm`: height of the plates now; `pins_mm`: places
        of other frames, where hooks must keep away from them although nobody knows exactly where they are.
        """
        up_mm = max(from_mm, self.clear_mm)
        carry = self._carry_frame(y_mm - pin_ahead_mm)
        if up_mm > from_mm:
            raised = Segment("up over the neighbours", self._lift_frame(up_mm, limit("R6", "lift_mm_s")))
            before: tuple[Segment, ...] = (raised, Segment("carry over the gap", carry))
        else:
            before = (Segment("carry over the gap", carry),)
        return self._put(before, up_mm, self._slide_off(y_mm, pin_ahead_mm, pins_mm))

    def set_frame_down(
        self, y_mm: float, pin_ahead_mm: float, from_mm: float, pins_mm: Iterable[float] = ()
    ) -> MotionProgramme:
        """Lower a frame straight down from where it hangs between its neighbours, then as `put_frame`."""
        return self._put((), from_mm, self._slide_off(y_mm, pin_ahead_mm, pins_mm))

    def _put(
        self, before: tuple[Segment, ...], from_mm: float, after: tuple[Segment, ...]
    ) -> MotionProgramme:
        doubt_mm = self.doubt.scan_mm
        slow_mm = (
            self.engaged_mm
            + limit("R6", "set_down_zone_mm")
            + doubt_mm
            + self.margins.zone_mm
            + self.margins.sag_mm
        )
        lower = (
            (Segment("lower", self._lift_frame(slow_mm, limit("R6", "lower_mm_s"))),)
            if from_mm > slow_mm
            else ()
        )
        down_mm = self.engaged_mm - doubt_mm  # so that it rests; the slots have that much play round a neck
        set_down = Segment("set down", self._lift_frame(down_mm, limit("R6", "set_down_mm_s")))
        return MotionProgramme("put frame", (*before, *lower, set_down, *after))

    def free_hooks(self, y_mm: float, pin_ahead_mm: float, pins_mm: Iterable[float] = ()) -> MotionProgramme:
        """Off a frame that rests."""
        return MotionProgramme("free hooks", self._slide_off(y_mm, pin_ahead_mm, pins_mm))

    def _slide_off(
        self, y_mm: float, pin_ahead_mm: float, pins_mm: Iterable[float] = ()
    ) -> tuple[Segment, ...]:
        beside_mm = self.geometry.hook_beside_pin_mm(self.box)
        off_mm = slide_off_mm(y_mm, pin_ahead_mm, pins_mm, beside_mm)
        return (
            Segment("slide off", self._to(SHUTTLES, off_mm)),
            Segment("up from the pins", self._to(SCANS, self.travel_mm)),
        )

    def hooks_away(self) -> MotionProgramme:
        """Up to where hooks may swing, and in."""
        return MotionProgramme(
            "hooks away",
            (
                Segment("up from the frames", self._to(SCANS, self.swing_mm)),
                Segment("hooks in", servos_deg=dict.fromkeys(HOOK.values(), 0.0)),
            ),
        )
