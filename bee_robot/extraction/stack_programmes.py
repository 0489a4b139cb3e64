"""Programmes that open and close a box: forks, stack, parks. Every speed inside the rulebook, margins as `Margins` has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bee_robot.devices.tower import (
    Axis,
    AxisMove,
    Guard,
    MotionProgramme,
    Output,
    OutputEvent,
    Segment,
    Side,
)
from bee_robot.extraction.belief import FORK, LIFT
from bee_robot.extraction.box_planner import LIFTS, SCANS, SHUTTLES, BoxPlanner
from bee_robot.extraction.overlap import StackMotion
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


class StackProgrammes(BoxPlanner):
    """Forks under the cleats, the stack up and down, edges off the rim and onto it."""

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
