"""A visit is thought through before anything moves; what would break a rule is not begun."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import Axis, AxisMove, MotionProgramme, Segment, Servo, Side
from bee_robot.extraction.belief import HiveBelief
from bee_robot.extraction.bound import bound_of_box
from bee_robot.extraction.motion_check import RuleRefused, require_rules, violations_of
from bee_robot.extraction.motion_plan import MotionPlanner
from bee_robot.extraction.motion_profile import Timeline, timeline
from bee_robot.extraction.overlap import LIFTS
from bee_robot.extraction.plan import plan_box

ENGAGED_DEG = {Servo.FORK_LEFT: 90.0, Servo.FORK_RIGHT: 90.0, Servo.HOOK_LEFT: 90.0, Servo.HOOK_RIGHT: 90.0}


@pytest.mark.parametrize("box", [1, 2, 3])
@pytest.mark.parametrize("push", [-1, 1])
def test_every_box_can_be_visited_within_the_rules_from_either_wall(robot, box: int, push: int) -> None:
    plan = plan_box(robot, box, push)
    assert plan.refusals() == []
    assert {step.frame for step in plan.steps} == set(range(11))
    assert 400 < plan.open_time_s < 475


def test_after_a_planned_visit_the_gap_is_at_the_other_wall(robot) -> None:
    taken = [step for step in plan_box(robot, 1, 1).steps if step.frame]
    assert list(dict.fromkeys(step.frame for step in taken)) == list(range(10, 0, -1))


def test_a_box_that_would_stay_open_too_long_is_refused(robot: RobotConfiguration) -> None:
    hasty = robot.model_copy(update={"visit": robot.visit.model_copy(update={"open_planned_max_s": 300.0})})
    (refusal,) = plan_box(hasty, 1).refusals()
    assert refusal.startswith("R15: box 1 would be open for")


def test_an_unknown_box_is_named(robot) -> None:
    with pytest.raises(ValueError, match="has no box 4; it has boxes 1"):
        plan_box(robot, 4)


class OpenBox:
    """Box 1 open, stack raised, hooks at travel height beside frame 1."""

    def __init__(self, robot: RobotConfiguration) -> None:
        self.planner = MotionPlanner(robot, 1)
        places = {number: -156.25 + 37.5 * (number - 1) for number in range(1, 11)}
        self.belief = HiveBelief(robot, 1, frames_y_mm=places)
        self.belief.is_forked = True
        self.belief.edges_mm = dict.fromkeys(Side, 400.0)
        raised, travel = self.planner.cleat_mm + 400, self.planner.travel_mm
        self.here_mm = dict(zip(Axis, [raised, raised, travel, travel, -130.25, -130.25]))

    def lay_out(self, programme: MotionProgramme) -> Timeline:
        return timeline(programme, self.here_mm, ENGAGED_DEG, dict.fromkeys(Servo, 90.0))


def test_taking_a_frame_as_planned_breaks_nothing(robot) -> None:
    box = OpenBox(robot)
    require_rules(box.lay_out(box.planner.take_frame(-156.25, -1, 10, 0)), box.belief)


def test_a_frame_is_never_put_into_its_neighbour(robot) -> None:
    box = OpenBox(robot)
    take = box.lay_out(box.planner.take_frame(-156.25, -1, 10, 0))
    low = [replace(segment, axes=dict(segment.axes)) for segment in take.programme.segments]
    shuttles = {axis: move for axis, move in low[8].axes.items() if "shuttle" in axis.value}
    low[7] = Segment("carry too early", shuttles)
    hasty = box.lay_out(MotionProgramme("hasty", tuple(low)))
    with pytest.raises(RuleRefused, match="'hasty' would break R10 at .*nothing has moved"):
        require_rules(hasty, box.belief)


@pytest.mark.parametrize(
    ("rule", "moves"),
    [
        ("R13", {Axis.SCAN_LEFT: AxisMove(1000, 40, 80)}),
        ("R3", {Axis.LIFT_LEFT: AxisMove(900, 15, 40)}),
        ("R2", {axis: AxisMove(661, 15, 40) for axis in (Axis.LIFT_LEFT, Axis.LIFT_RIGHT)}),
        ("R11", {axis: AxisMove(634, 40, 80) for axis in (Axis.SCAN_LEFT, Axis.SCAN_RIGHT)}),
    ],
)
def test_motion_that_would_break_a_rule_is_found_before_it_happens(robot, rule: str, moves) -> None:
    box = OpenBox(robot)
    programme = MotionProgramme("wrong", (Segment("wrong", moves),))
    assert rule in {violation.rule for violation in violations_of(box.lay_out(programme), box.belief)}


def test_thinking_a_motion_through_changes_no_belief(robot) -> None:
    box = OpenBox(robot)
    before = box.belief.to_dict()
    violations_of(box.lay_out(box.planner.take_frame(-156.25, -1, 10, 0)), box.belief)
    assert box.belief.to_dict() == before


def test_the_belief_survives_the_journal(robot) -> None:
    box = OpenBox(robot)
    again = HiveBelief.from_dict(robot, box.belief.to_dict())
    assert again.to_dict() == box.belief.to_dict()
    assert again.is_open


@pytest.mark.parametrize("push", [-1, 1])
def test_the_bound_is_the_same_work_and_a_plan_comes_near_it(robot, push: int) -> None:
    plan, bound = plan_box(robot, 1, push), bound_of_box(robot, 1, push)
    assert [(step.phase, step.frame) for step in bound.steps] == [
        (step.phase, step.frame) for step in plan.steps
    ]
    assert 1.0 < plan.open_time_s / bound.open_time_s < 1.08
    ours_s, least_s = plan.by_phase_s(), bound.by_phase_s()
    way_up, work, way_down = ("raise", "locate"), ("frames",), ("lower",)
    for phases in (
        ("peel",),
        way_up,
        work,
        way_down,
        ("close",),
    ):  # an ideal stack gets further beside the way up
        assert sum(least_s[phase] for phase in phases) <= sum(ours_s[phase] for phase in phases) + 0.4
    for programme in ("put frame", "leave"):
        ends = [
            {axis: path.end_mm for axis, path in step.motion.segments[-1].paths.items() if axis not in LIFTS}
            for visit in (plan, bound)
            for step in visit.steps
            if step.motion.programme.name == programme
        ]
        ours_mm, least_mm = ends[: len(ends) // 2], ends[len(ends) // 2 :]
        assert ours_mm == [pytest.approx(end_mm) for end_mm in least_mm]


def test_the_bound_of_a_peel_and_of_a_landing_is_what_the_rules_say(robot) -> None:
    """R1: 6 mm at 1 mm/s, twice. R2: 35 mm at 2 mm/s, the second edge 5 mm behind. One look of 20 s."""
    seconds = bound_of_box(robot, 1).by_phase_s()
    assert seconds["peel"] == pytest.approx(12.0, abs=0.1)
    assert seconds["close"] == pytest.approx(17.5, abs=0.1)
