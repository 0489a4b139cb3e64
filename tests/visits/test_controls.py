"""People at a visit that runs: pause, resume, skip a frame, end early, stop now; at every phase."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bee_robot.devices.tower import BoardState
from bee_robot.extraction.journal import PAUSED_STEP, RESUMED_STEP
from bee_robot.hive.inspection import EndState, EventKind, Phase

CLEAN = "nothing to object"
PAUSE_S = 15.0
PHASES = (Phase.PEEL, Phase.RAISE, Phase.LOCATE, Phase.LOWER, Phase.LOOK, Phase.CLOSE, Phase.LEAVE)
IN_A_FRAME = {"slide on": 3.0, "peel the ears": 6.0, "lift": 9.0, "photograph": 18.5, "put": 24.0}
AT_ONCE_S = 1.0


def at(bench, when: Phase | str, do: Callable[[], object]) -> None:
    """In the middle of a phase, or of something that happens to frame 1."""
    if isinstance(when, Phase):
        bench.when(when, do, after_s=1.5)
    else:
        bench.when(EventKind.FRAME, do, frame=1, after_s=IN_A_FRAME[when])


def test_a_pause_rests_where_it_may_and_the_visit_goes_on(bench) -> None:
    """One visit, paused a dozen times: the board holds wherever a programme runs."""
    board: dict[object, BoardState] = {}

    def pause(when: Phase | str) -> None:
        bench.control.pause("a hand in the hive")
        bench.later(PAUSE_S, lambda: go_on(when))

    def go_on(when: Phase | str) -> None:
        board[when] = bench.tower.state.board
        bench.control.resume()

    for when in PHASES:
        at(bench, when, lambda when=when: pause(when))
    for earlier, (when, after_s) in enumerate(IN_A_FRAME.items()):
        later_s = after_s + earlier * (PAUSE_S + 0.5)
        bench.when(EventKind.FRAME, lambda when=when: pause(when), frame=1, after_s=later_s)
    bench.stop_after_frame(1)
    outcome = bench.inspect(1)

    assert outcome.end_state is EndState.CLOSED, outcome.explanation
    assert outcome.frames_inspected == 1 and outcome.faces == 2
    at_rest = {when for when, state in board.items() if state is BoardState.ARMED}
    assert at_rest <= {Phase.LOOK, "photograph"} and len(board) == len(PHASES) + len(IN_A_FRAME)
    assert {state for when, state in board.items() if when not in at_rest} == {BoardState.HOLDING}
    told = [(event.kind, event.t_s) for event in bench.events]
    pauses = [t_s for kind, t_s in told if kind is EventKind.PAUSED]
    resumes = [t_s for kind, t_s in told if kind is EventKind.RESUMED]
    assert len(pauses) == len(resumes) == bench.journal_steps().count(PAUSED_STEP)
    assert bench.journal_steps().count(RESUMED_STEP) == len(resumes)
    assert bench.edges_mm == [0.0, 0.0] and bench.referee.summary() == CLEAN


def test_nothing_ends_a_pause_by_itself_and_it_is_told_when_the_open_time_runs_out(robot, make_bench) -> None:
    short = robot.visit.model_copy(update={"open_planned_max_s": 500.0, "open_close_at_s": 550.0})
    bench = make_bench(robot.model_copy(update={"visit": short}))
    bench.when(EventKind.FRAME, lambda: bench.control.pause("a hand in the hive"), frame=1, after_s=9)
    bench.when(EventKind.FRAME, lambda: bench.control.resume(), frame=1, after_s=700)
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.CLOSED
    told = [event.text for event in bench.says(EventKind.ALERT)]
    assert ["longer than planned" in told[0], "should be closing" in told[1], len(told)] == [True, True, 2]
    assert [frame.number for frame in outcome.frames] == [1], "R15: what comes after the pause is the closing"
    assert outcome.open_time_s > 700 and bench.referee.summary() == CLEAN


def test_a_pause_that_meets_an_estop_ends_held_and_the_hive_is_closed_afterwards(bench) -> None:
    for held_by in ("programme", "nothing"):
        when = Phase.RAISE if held_by == "programme" else Phase.LOOK
        bench.when(when, lambda: bench.control.pause("a hand in the hive"), after_s=3)
        bench.when(when, bench.press_estop, after_s=24)
        bench.when(Phase.LOCATE, lambda: bench.control.request_stop("enough seen"))
        outcome = bench.inspect(1)
        assert (outcome.end_state, outcome.alert) == (EndState.HELD, "estop"), held_by
        bench.release_estop()
        assert bench.recover().end_state is EndState.CLOSED
        bench.listeners.clear()
    assert bench.referee.summary() == CLEAN


def test_a_paused_visit_that_is_stopped_now_is_held_at_once(bench) -> None:
    bench.when(EventKind.FRAME, lambda: bench.control.pause("look"), frame=1, after_s=9)
    bench.when(
        EventKind.FRAME, lambda: bench.control.stop_now("Mari: a bee in the belt"), frame=1, after_s=15
    )
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.HELD and "Mari: a bee in the belt" in outcome.explanation
    assert bench.recover().end_state is EndState.CLOSED
    assert bench.referee.summary() == CLEAN


@pytest.mark.parametrize("when", [Phase.PEEL, Phase.LOCATE, "lift", "photograph", Phase.LOWER, Phase.CLOSE])
def test_stop_now_stops_at_once_and_recovery_closes_the_hive(bench, when: Phase | str) -> None:
    asked_s: list[float] = []

    def stop() -> None:
        asked_s.append(bench.clock.now_s())
        bench.control.stop_now("Mari: stop")

    at(bench, when, stop)
    bench.stop_after_frame(1)
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.HELD and "bee recover" in outcome.instruction
    assert bench.events[-1].t_s - asked_s[0] < AT_ONCE_S
    recovered = bench.recover()
    assert recovered.end_state is EndState.CLOSED, recovered.explanation
    assert bench.edges_mm == [0.0, 0.0] and bench.referee.summary() == CLEAN


def test_a_skipped_frame_goes_back_without_photographs_and_the_next_ones_are_seen(bench) -> None:
    bench.when(EventKind.FRAME, lambda: bench.control.skip_frame("Mari: the queen"), frame=1, after_s=6)
    bench.when(EventKind.FRAME_DONE, lambda: bench.control.skip_frame("Mari: glued"), frame=1)
    bench.when(EventKind.FACE, lambda: bench.control.skip_frame("Mari: no light"), frame=3)
    bench.when(EventKind.FRAME, lambda: bench.control.skip_frame("Mari: too late"), frame=4, after_s=24)
    bench.stop_after_frame(5)
    before_mm = bench.twin.truth().frames[0][1].y_mm[0]
    highest_mm = [0.0]
    bench.listeners.append(
        lambda _: highest_mm.append(max(bench.twin.truth().frames[0][1].lift_mm))  # frame 2 never hangs
    )
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.CLOSED
    assert [(frame.number, len(frame.faces)) for frame in outcome.frames] == [
        (1, 0),
        (2, 0),
        (3, 1),
        (4, 2),
        (5, 2),
    ]
    assert [event.frame for event in bench.says(EventKind.SKIPPED)] == [1, 2, 3]
    assert "frame 2 was skipped: Mari: glued" in outcome.explanation
    assert max(highest_mm) == 0.0
    assert bench.frames_y_mm(1)[1] == pytest.approx(before_mm - 25, abs=0.5), "pushed along on its ears"
    assert bench.referee.summary() == CLEAN


def test_whoever_listens_hears_every_change(bench) -> None:
    control, heard = bench.control, []
    control.listen(lambda: heard.append((control.pause_because, control.asks)))
    control.pause("a")
    control.pause("b")
    control.ask("hang the frame")
    assert control.answer("done") and not control.answer("twice")
    assert control.take_answer() == "done" and control.asks == ""
    assert not control.answer("to nothing")
    control.resume()
    assert heard == [
        ("a", ""),
        ("a", "hang the frame"),
        ("a", "hang the frame"),
        ("a", ""),
        ("", ""),
    ]
