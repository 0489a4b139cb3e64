"""The stack moves while the hooks are at work: as far as there is time and room for it, and not at all beside a swing."""

from __future__ import annotations

import pytest

from bee_robot.devices.tower import Axis, MotionProgramme, Servo, Side
from bee_robot.extraction.belief import HOOK
from bee_robot.extraction.motion_plan import MotionPlanner
from bee_robot.extraction.motion_profile import timeline
from bee_robot.extraction.overlap import LIFTS, SCANS, alongside
from bee_robot.rulebook import limit

SPEEDS_DEG_S = dict.fromkeys(Servo, 90.0)
OUT = dict.fromkeys(Servo, 90.0)
FRAME_MM = -156.25


class Machine:
    """Box 1 open by `raised_mm`, hooks out at travel height beside frame 1."""

    def __init__(self, robot, raised_mm: float) -> None:
        self.planner = MotionPlanner(robot, 1)
        lifts, travel = self.planner.cleat_mm + raised_mm, self.planner.travel_mm
        self.here_mm = dict(zip(Axis, [lifts, lifts, travel, travel, -130.25, -130.25]))

    def rising(self, programme: MotionProgramme) -> MotionProgramme:
        return alongside(programme, self.planner.rising(), self.here_mm, OUT, SPEEDS_DEG_S)

    def beams_apart_mm(self, programme: MotionProgramme) -> float:
        """The least distance between lift and scan beams while the programme runs."""
        positions_mm = timeline(programme, self.here_mm, OUT, SPEEDS_DEG_S).motions.position_mm
        return float((positions_mm[:, :2] - positions_mm[:, 2:4]).min())


def heights_mm(programme: MotionProgramme) -> list[float]:
    return [segment.axes[LIFTS[0]].position_mm for segment in programme.segments if LIFTS[0] in segment.axes]


def test_the_stack_rises_while_a_frame_is_taken_and_the_beams_keep_apart(robot) -> None:
    machine = Machine(robot, 200.0)
    take = machine.planner.take_frame(FRAME_MM, -1, 10.0, 0.0)
    rising = machine.rising(take)
    heights = heights_mm(rising)
    assert heights == sorted(heights) and heights[-1] == pytest.approx(machine.planner.raised_mm)
    assert machine.beams_apart_mm(rising) >= limit("R13", "apart_mm")
    assert machine.beams_apart_mm(take) < limit(
        "R13", "apart_mm"
    )  # what would happen with a stack that stays
    names = [segment.name for segment in rising.segments if segment.name != "stack first"]
    assert names == [segment.name for segment in take.segments]


def test_it_costs_the_programme_no_time_where_there_is_room(robot) -> None:
    machine = Machine(robot, 320.0)
    take = machine.planner.take_frame(FRAME_MM, -1, 10.0, 0.0)
    alone, with_stack = (
        timeline(programme, machine.here_mm, OUT, SPEEDS_DEG_S).duration_s
        for programme in (take, machine.rising(take))
    )
    assert with_stack - alone < 1.0  # the joints at which guards make the board stop


def test_every_segment_that_carries_the_stack_is_guarded_and_none_swings(robot) -> None:
    machine = Machine(robot, 130.0)
    for segment in machine.rising(machine.planner.locate(-1)).segments:
        if any(axis in LIFTS for axis in segment.axes):
            assert {guard.side for guard in segment.guards} == set(Side)
            assert not segment.servos_deg
        else:
            assert not segment.guards
    swings = [segment for segment in machine.planner.locate(-1).segments if segment.servos_deg]
    assert swings and set(swings[0].servos_deg) == set(HOOK.values())


def test_on_the_way_down_the_forks_stop_where_hooks_can_still_swing(robot) -> None:
    machine = Machine(robot, robot.raise_mm(1))
    planner = machine.planner
    lifted_mm = planner.engaged_mm + robot.frame_lift_mm(1)
    machine.here_mm |= dict.fromkeys(SCANS, lifted_mm)
    loads = dict.fromkeys(Side, 20.0)
    put = planner.put_frame(-181.25, -8.0, lifted_mm)
    sinking = alongside(put, planner.sinking(loads), machine.here_mm, OUT, SPEEDS_DEG_S)
    heights = heights_mm(sinking)
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] - planner.swing_mm >= limit("R13", "apart_mm")
    assert heights[0] - heights[-1] > 150.0
    assert machine.beams_apart_mm(sinking) >= limit("R13", "apart_mm")


def test_a_programme_that_moves_the_stack_itself_is_refused(robot) -> None:
    machine = Machine(robot, 200.0)
    with pytest.raises(ValueError, match="'raise' moves the stack itself"):
        machine.rising(machine.planner.raise_to_the_top())


def test_a_stack_at_the_top_changes_nothing(robot) -> None:
    machine = Machine(robot, robot.raise_mm(1))
    take = machine.planner.take_frame(FRAME_MM, -1, 10.0, 0.0)
    assert machine.rising(take) == take
