"""How far a machine may have come since it was last looked at."""

from __future__ import annotations

import pytest

from bee_robot.devices.tower import Axis, AxisMove, MotionProgramme, Segment, Servo
from bee_robot.extraction.motion_profile import timeline
from bee_robot.extraction.place_keeping import PlanTrack
from bee_robot.extraction.whereabouts import Span

START_MM = dict.fromkeys(Axis, 500.0)
HOOKS_OUT = {servo: 90.0 if servo.value.startswith("hook") else 0.0 for servo in Servo}
SPEEDS = dict.fromkeys(Servo, 90.0)
SCAN, LIFT = Axis.SCAN_LEFT, Axis.LIFT_LEFT
DEADLINE_S = 0.3


def track(*segments: Segment) -> PlanTrack:
    plan = timeline(MotionProgramme("test", segments), START_MM, HOOKS_OUT, SPEEDS)
    return PlanTrack(plan, DEADLINE_S)


def move(axis: Axis, to_mm: float, speed_mm_s: float, name: str = "move") -> Segment:
    return Segment(name, {axis: AxisMove(to_mm, speed_mm_s, 80.0)})


def test_an_axis_may_go_on_at_full_speed_and_no_further_than_the_programme() -> None:
    up = track(move(SCAN, 600.0, 40.0))
    here = START_MM | {SCAN: 550.0}
    assert up.look(here)
    assert up.kept(here, 0.5).spans[SCAN] == Span(550.0, 570.0)
    assert up.kept(here, 5.0).spans[SCAN] == Span(550.0, 600.0)
    assert up.kept(here, 0.5).spans[LIFT] == Span(500.0, 500.0)


def test_the_next_segment_begins_when_the_one_under_way_can_be_over() -> None:
    both = track(move(SCAN, 510.0, 2.0, "slowly"), move(SCAN, 600.0, 40.0, "quickly"))
    near = START_MM | {SCAN: 509.0}
    assert both.look(near)
    soon = both.kept(near, 0.4)
    assert soon.segments == ("slowly",) and soon.spans[SCAN].high_mm == pytest.approx(509.8)
    later = both.kept(near, 1.0)  # half a second for what is left, half a second from 2 mm/s on at 80 mm/s²
    assert later.segments == ("slowly", "quickly")
    assert later.spans[SCAN].high_mm == pytest.approx(510.0 + 2.0 * 0.5 + 80.0 * 0.25 / 2, abs=0.1)


def test_segments_that_are_over_do_not_come_back() -> None:
    there_and_back = track(move(SCAN, 600.0, 40.0, "there"), move(SCAN, 500.0, 40.0, "back"))
    assert there_and_back.look(START_MM | {SCAN: 550.0})
    assert there_and_back.kept(START_MM | {SCAN: 550.0}, 0.1).segments == ("there",)
    assert there_and_back.look(START_MM | {SCAN: 600.0})
    back = there_and_back.kept(START_MM | {SCAN: 600.0}, 0.5)
    assert back.spans[SCAN].low_mm < 600.0 and set(back.segments) == {"there", "back"}


def test_a_machine_that_is_not_on_its_way_is_not_guessed() -> None:
    up = track(move(SCAN, 600.0, 40.0))
    assert not up.look(START_MM | {SCAN: 550.0, LIFT: 501.0})
    assert not up.look(START_MM | {SCAN: 620.0})


def test_servos_count_as_out_from_where_they_may_have_begun() -> None:
    forks = Segment("forks in", servos_deg={Servo.FORK_LEFT: 90.0})
    hooks = Segment("hooks in", servos_deg=dict.fromkeys((Servo.HOOK_LEFT, Servo.HOOK_RIGHT), 0.0))
    plan = track(move(SCAN, 600.0, 10.0), forks, hooks, move(LIFT, 600.0, 10.0))
    early = START_MM | {SCAN: 510.0}
    assert plan.look(early)
    assert plan.kept(early, 1.0).out == {Servo.HOOK_LEFT, Servo.HOOK_RIGHT}
    assert plan.kept(early, 9.5).out == {Servo.HOOK_LEFT, Servo.HOOK_RIGHT, Servo.FORK_LEFT}
    late = START_MM | {SCAN: 600.0, LIFT: 550.0}
    assert plan.look(late)
    assert plan.kept(late, 1.0).out == {Servo.FORK_LEFT}


def test_slow_segments_are_looked_at_more_often_and_braking_counts() -> None:
    slow, quick = track(move(SCAN, 510.0, 2.0)), track(move(SCAN, 600.0, 40.0))
    assert slow.period_s < quick.period_s
    assert quick.stops_within_s >= quick.period_s + DEADLINE_S + 40.0 / 80.0 / 2
    assert slow.stops_within_s < 0.5
