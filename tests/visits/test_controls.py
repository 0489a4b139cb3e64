"""People at a visit that runs: pause, resume, skip a frame, end early, stop now; at every phase."""

from __future__ import annotations

import asyncio

import pytest

from bee_robot.devices.tower import BoardState
from bee_robot.extraction.journal import PAUSED_STEP, RESUMED_STEP
from bee_robot.extraction.workbench import Workbench
from bee_robot.hive.inspection import EndState, EventKind, Phase

CLEAN = "nothing to object"
PAUSE_S = 20.0
IN_A_FRAME = {"take": 3.0, "ears": 8.0, "photo": 18.5, "put": 24.0}


def pause_and_watch(bench: Workbench, seen: list[BoardState]) -> None:
    """Paused for a while; what the board says just before it goes on."""
    bench.control.pause("a hand in the hive")

    def go_on() -> None:
        assert bench.tower is not None
        seen.append(bench.tower.state.board)
        bench.control.resume()

    bench.later(PAUSE_S, go_on)


@pytest.mark.parametrize(
    "when", [Phase.PEEL, Phase.RAISE, Phase.LOCATE, Phase.LOWER, Phase.CLOSE, Phase.LEAVE, *IN_A_FRAME]
)
def test_a_pause_rests_where_it_may_and_the_visit_goes_on(bench, when) -> None:
    seen: list[BoardState] = []
    if isinstance(when, Phase):
        bench.when(when, lambda: pause_and_watch(bench, seen), after_s=1.5)
    else:
        bench.when(EventKind.FRAME, lambda: pause_and_watch(bench, seen), frame=1, after_s=IN_A_FRAME[when])
    bench.stop_after_frame(1)
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.CLOSED, outcome.explanation
    assert outcome.frames_inspected == 1
    assert seen == [BoardState.HOLDING] or (when in ("photo", Phase.LEAVE) and seen)
    paused, resumed = (bench.says(kind)[0].t_s for kind in (EventKind.PAUSED, EventKind.RESUMED))
    assert resumed - paused == pytest.approx(PAUSE_S, abs=1.1)
    assert [step for step in bench.journal_steps() if step in (PAUSED_STEP, RESUMED_STEP)] == [
        PAUSED_STEP,
        RESUMED_STEP,
    ]
    assert bench.edges_mm == [0.0, 0.0] and bench.referee.summary() == CLEAN
