"""A person moves the machine by hand-held steps, under the same rules."""

from __future__ import annotations

import pytest

from bee_robot.devices.tower import Axis, BoardState
from bee_robot.extraction.jog import JogEnd, jog
from bee_robot.extraction.journal import CLOSED_STEP
from bee_robot.extraction.recovery import recover
from bee_robot.hive.inspection import EndState, EventKind

CLEAN = "nothing to object"
LIFTS = (Axis.LIFT_LEFT, Axis.LIFT_RIGHT)
SCANS = (Axis.SCAN_LEFT, Axis.SCAN_RIGHT)
SHUTTLES = (Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT)


def step(bench, axes: tuple[Axis, ...], by_mm: float):
    return bench.run(lambda context: jog(context, axes, by_mm, "Mari"))


def test_beams_of_a_closed_hive_go_where_no_rule_is_against_it(bench) -> None:
    bench.run(lambda context: recover(context))
    lifted = step(bench, LIFTS, 12.0)
    assert lifted.end is JogEnd.DONE and lifted.positions_mm[Axis.LIFT_LEFT] == pytest.approx(612, abs=0.01)
    assert step(bench, SCANS, 50.0).end is JogEnd.DONE

    into_the_lift = step(bench, SCANS, 40.0)
    assert into_the_lift.end is JogEnd.REFUSED and "R13" in into_the_lift.explanation
    beyond = step(bench, SHUTTLES, -5.0)
    assert (beyond.end, beyond.alert) == (JogEnd.REFUSED, "limit_refused")
    assert bench.journal_steps()[-1] == CLOSED_STEP, "the hive is as closed as before"
    assert bench.referee.summary() == CLEAN


def test_a_step_is_small_and_of_one_kind(bench) -> None:
    for axes, by_mm, why in (
        ((), 1.0, "one axis"),
        ((Axis.LIFT_LEFT, Axis.SCAN_LEFT), 1.0, "of a kind"),
        (LIFTS, 0.0, "at most"),
        (LIFTS, 51.0, "at most"),
    ):
        with pytest.raises(ValueError, match=why):
            bench.run(lambda context, axes=axes, by_mm=by_mm: jog(context, axes, by_mm))


def test_with_a_frame_in_hand_only_what_the_frame_bears(bench) -> None:
    bench.when(EventKind.FRAME, lambda: bench.control.stop_now("Mari: look"), frame=1, after_s=9)
    assert bench.inspect(1).end_state is EndState.HELD
    hangs_mm = max(bench.twin.truth().frames[0][0].lift_mm)
    assert hangs_mm > 10

    for axes, by_mm, rule in (
        (SHUTTLES, 15.0, "R10"),
        (SCANS[:1], 5.0, "R9"),
    ):
        refused = step(bench, axes, by_mm)
        assert refused.end is JogEnd.REFUSED, axes
        assert rule in refused.explanation and "nothing has moved" in refused.explanation
    assert max(bench.twin.truth().frames[0][0].lift_mm) == hangs_mm

    assert step(bench, SCANS, 5.0).end is JogEnd.DONE
    assert max(bench.twin.truth().frames[0][0].lift_mm) == pytest.approx(hangs_mm + 5, abs=0.1)
    recovered = bench.recover()
    assert recovered.end_state is EndState.CLOSED, recovered.explanation
    assert bench.referee.summary() == CLEAN


def test_a_machine_that_must_not_move_says_why(bench) -> None:
    bench.run(lambda context: recover(context))
    bench.press_estop()
    refused = step(bench, LIFTS, 1.0)
    assert refused.end is JogEnd.REFUSED and refused.alert == "estop"
    bench.release_estop()
    assert step(bench, LIFTS, 1.0).end is JogEnd.DONE
    assert bench.tower.state.board is not BoardState.MOVING
