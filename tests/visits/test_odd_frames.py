"""Frames that are missing, askew, upside down, without a pin, stuck or bridged: nothing is hurt, and what was left is told."""

from __future__ import annotations

import pytest

from bee_robot.extraction.frame_jobs import close_gap
from bee_robot.hive.inspection import EndState, EventKind

CLEAN = "nothing to object"


def alerts(bench) -> dict[int, str]:
    return {event.frame: event.text for event in bench.says(EventKind.ALERT)}


@pytest.mark.parametrize(
    ("odd", "says", "taken"),
    [
        (lambda knobs: knobs.turn_frame_over(1, 3), "has no pins; nothing is moved towards it", [1, 2, 4, 5]),
        (lambda knobs: knobs.remove_pin(1, 3, "left"), "felt on one side only", [1, 2, 4, 5]),
        (lambda knobs: knobs.skew_frame(1, 3, 2.0), "stands askew by 2.0 mm", [1, 2, 4, 5]),
        (lambda knobs: knobs.skew_frame(1, 3, 8.0), "stands askew by 8.0 mm", [1, 4, 5]),
        (lambda knobs: knobs.displace_frame(1, 3, 0.0), "", [1, 2, 3, 4, 5]),
    ],
    ids=["upside down", "a pin missing", "askew", "very askew", "in order"],
)
def test_a_frame_that_hooks_cannot_take_stays_and_no_other_is_moved_into_it(bench, odd, says, taken) -> None:
    odd(bench.twin.knobs)
    before_mm = bench.frames_y_mm(1)
    bench.stop_after_frame(5)
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.CLOSED
    assert [frame.number for frame in outcome.frames] == taken
    assert says in alerts(bench).get(3, "")
    if says:
        after_mm = bench.frames_y_mm(1)
        assert after_mm[2:5] == pytest.approx(before_mm[2:5], abs=0.6), "the third, and those behind it, stay"
    assert bench.referee.summary() == CLEAN


def test_a_frame_far_from_its_place_keeps_its_number(bench) -> None:
    for number in range(1, 5):
        bench.twin.knobs.displace_frame(1, number, -18.0)
    bench.stop_after_frame(6)
    outcome = bench.inspect(1)
    assert [frame.number for frame in outcome.frames] == [5, 6] and outcome.alert == ""
    assert bench.referee.summary() == CLEAN


def test_combs_that_are_bridged_come_apart(bench) -> None:
    bench.twin.knobs.bridge_frames(1, 1, 1.2, 6.0)
    bench.stop_after_frame(2)
    assert [frame.number for frame in bench.inspect(1).frames] == [1, 2]
    assert bench.referee.summary() == CLEAN


def test_a_frame_that_was_missing_once_is_still_not_moved_into_at_the_next_visit(bench) -> None:
    bench.twin.knobs.turn_frame_over(1, 2)
    bench.stop_after_frame(3)
    bench.inspect(1)
    bench.events.clear()
    bench.inspect(1)
    assert "frame 2 is not in its place" in alerts(bench)[2]
    assert bench.referee.summary() == CLEAN


@pytest.mark.parametrize("side", ["left", "right", None])
def test_a_frame_that_is_stuck_stays_and_the_others_are_seen(bench, side) -> None:
    bench.twin.knobs.glue_frame(1, 2, 60.0, side)
    before_mm = bench.frames_y_mm(1)
    bench.stop_after_frame(4)
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.CLOSED and outcome.alert == "frame_stuck"
    assert [frame.number for frame in outcome.frames] == [1, 3, 4]
    assert (side or "left") in alerts(bench)[2]
    assert bench.frames_y_mm(1)[1:4] == pytest.approx(before_mm[1:4], abs=1.0)
    assert list(bench.twin.truth().lost_steps) == [0] * 6, "no motor has stalled"
    assert bench.referee.summary() == CLEAN


def test_a_frame_that_is_stuck_is_not_pushed_either(bench) -> None:
    bench.twin.knobs.glue_frame(1, 3, 60.0)
    outcome = bench.run(lambda context: close_gap(context, 1, "back"))
    assert (outcome.end_state, outcome.alert) == (EndState.CLOSED, "frame_stuck")
    assert "frame 3 is stuck" in outcome.undone and [frame.number for frame in outcome.frames] == [1, 2]
    assert list(bench.twin.truth().lost_steps) == [0] * 6 and bench.referee.summary() == CLEAN
