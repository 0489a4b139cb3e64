"""A visit as a beekeeper would want it: every frame seen, nobody hurt, everything back and closed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bee_robot.extraction.context import Override
from bee_robot.extraction.visit import inspect_box
from bee_robot.hive.inspection import EndState, EventKind, Phase

GAP_AT_FRONT = [-181.25 + 37.5 * index for index in range(10)]


@pytest.mark.parametrize("board", ["bench", "controller_bench"])
def test_ten_frames_are_lifted_photographed_and_put_back_within_the_rules(
    request: pytest.FixtureRequest, board: str
) -> None:
    bench = request.getfixturevalue(board)
    outcome = bench.inspect(1)

    assert outcome.end_state is EndState.CLOSED, outcome.instruction
    assert [frame.number for frame in outcome.frames] == list(range(1, 11))
    assert outcome.faces == 20
    assert bench.referee.summary() == "nothing to object"
    assert bench.edges_mm == [0.0, 0.0]
    assert bench.frames_y_mm(1) == pytest.approx(GAP_AT_FRONT, abs=0.6)
    assert bench.twin.open_time_s < 475
    assert outcome.open_time_s == pytest.approx(bench.twin.open_time_s, abs=3)
    assert outcome.explanation == "" and outcome.alert == ""

    (opened,), (closed,) = bench.says(EventKind.OPENED), bench.says(EventKind.CLOSED)
    assert closed.t_s - opened.t_s == pytest.approx(outcome.open_time_s, abs=0.1)
    (loads,) = bench.says(EventKind.LOADS)
    assert loads.data["left_kg"] == pytest.approx(28, abs=0.1)
    assert loads.data["break_away_left_kg"] > loads.data["left_kg"] + 1
    places = {frame.number: frame.left_y_mm for frame in outcome.frames}
    assert list(places.values()) == pytest.approx(bench.frames_y_mm(1), abs=0.3)


def test_the_visit_after_a_visit_works_back_from_the_other_wall(bench) -> None:
    for number, place_mm in enumerate(GAP_AT_FRONT, start=1):
        bench.twin.knobs.place_frame(1, number, place_mm)
    bench.stop_after_frame(9)

    outcome = bench.inspect(1)

    assert outcome.end_state is EndState.CLOSED
    assert [frame.number for frame in outcome.frames] == [10, 9]
    assert bench.frames_y_mm(1)[8:] == pytest.approx([143.75, 181.25], abs=0.6)
    assert bench.referee.summary() == "nothing to object"


@pytest.mark.parametrize("box", [2, 3])
def test_boxes_higher_up_are_visited_alike(bench, box: int) -> None:
    bench.stop_after_frame(2)
    outcome = bench.inspect(box)
    assert outcome.end_state is EndState.CLOSED
    assert (outcome.frames_inspected, outcome.faces) == (2, 4)
    assert bench.referee.summary() == "nothing to object"


def test_a_hive_is_not_opened_while_conditions_speak_against_it(bench) -> None:
    outcome = bench.inspect(1, reasons_against=lambda: ["it rains (1.0 mm/h); wait"])
    assert outcome.end_state is EndState.CLOSED
    assert outcome.refusals == ("it rains (1.0 mm/h); wait",)
    assert not outcome.was_opened
    assert bench.edges_mm == [0.0, 0.0] and bench.twin.open_time_s == 0.0


def test_a_named_person_may_open_it_all_the_same_and_the_journal_knows_who(bench) -> None:
    bench.when(Phase.LOCATE, lambda: bench.control.request_stop("only opened"))

    async def in_the_rain(context):
        rainy = replace(context, reasons_against=lambda: ["it rains"])
        outcome = await inspect_box(rainy, 1, Override("Mari", "swarm cells"), inspection="visit_8")
        return outcome, context.journal.of_inspection("visit_8")

    outcome, entries = bench.run(in_the_rain)

    assert outcome.end_state is EndState.CLOSED and outcome.was_opened
    assert [entry.note for entry in entries if entry.step == "override"] == [
        "Mari: swarm cells (against: it rains)"
    ]


def test_an_unknown_box_moves_nothing(bench) -> None:
    with pytest.raises(ValueError, match="has no box 9"):
        bench.inspect(9)
    assert bench.events == []
