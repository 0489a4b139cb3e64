"""How long a programme takes, and where everything is while it runs."""

from __future__ import annotations

import pytest

from bee_robot.devices.tower import Axis, AxisMove, Guard, GuardKind, MotionProgramme, Segment, Servo, Side
from bee_robot.extraction.motion_profile import AxisPath, Timeline, timeline

UP = Axis.SCAN_LEFT
START = dict.fromkeys(Axis, 0.0)
STOWED = dict.fromkeys(Servo, 0.0)
SPEEDS = dict.fromkeys(Servo, 90.0)


def lay_out(*segments: Segment) -> Timeline:
    return timeline(MotionProgramme("test", segments), START, STOWED, SPEEDS)


def to(position_mm: float, speed_mm_s: float = 40.0, rate: float = 80.0) -> dict[Axis, AxisMove]:
    return {UP: AxisMove(position_mm, speed_mm_s, rate)}


def test_a_long_way_is_a_trapezoid() -> None:
    path = AxisPath(0, 300, 40, 80)
    assert path.duration_s == pytest.approx(300 / 40 + 40 / 80)
    assert path.at(0.25).speed_mm_s == pytest.approx(20)
    assert path.at(4).speed_mm_s == pytest.approx(40)
    assert path.at(path.duration_s / 2).position_mm == pytest.approx(150)
    assert path.at(99).position_mm == 300


def test_a_short_way_never_reaches_its_speed() -> None:
    path = AxisPath(10, 9, 40, 80)
    assert path.peak_mm_s == pytest.approx(80**0.5)
    assert path.at(path.duration_s / 2).speed_mm_s == pytest.approx(-(80**0.5))


def test_a_joint_is_passed_at_the_lower_speed_without_stopping() -> None:
    passed = lay_out(Segment("fast", to(100)), Segment("slow", to(120, 3)))
    joint = passed.segments[1].at(0.0).axes[UP]
    assert joint.speed_mm_s == pytest.approx(3)
    assert passed.duration_s < 100 / 40 + 0.5 + 20 / 3 + 3 / 80


@pytest.mark.parametrize(
    "second",
    [
        Segment("guarded", to(200), guards=(Guard(GuardKind.LOAD_ABOVE, Side.LEFT, 45),)),
        Segment("back", to(50)),
        Segment("waits", to(200), dwell_s=0.1),
        Segment("swings", to(200), servos_deg={Servo.HOOK_LEFT: 90}),
    ],
    ids=lambda segment: segment.name,
)
def test_the_board_stops_where_something_else_begins(second: Segment) -> None:
    assert lay_out(Segment("up", to(100)), second).segments[1].at(0.0).axes[UP].speed_mm_s == pytest.approx(
        0, abs=1e-6
    )


def test_a_joint_is_never_passed_faster_than_what_follows_can_brake() -> None:
    plan = lay_out(Segment("fast", to(100)), Segment("a hair", to(100.1)))
    assert plan.segments[1].at(0.0).axes[UP].speed_mm_s == pytest.approx((2 * 80 * 0.1) ** 0.5)


def test_a_segment_waits_for_its_slowest_part() -> None:
    plan = lay_out(Segment("both", to(1), servos_deg={Servo.HOOK_LEFT: 90.0}, dwell_s=0.5))
    assert plan.duration_s == pytest.approx(1.0 + 0.5)
    assert plan.segments[0].at(0.4).swinging == (Servo.HOOK_LEFT,)
    assert plan.segments[0].at(0.5).servos_deg[Servo.HOOK_LEFT] == pytest.approx(45)
    assert plan.segments[0].at(1.2).swinging == ()
