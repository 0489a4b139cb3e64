"""All boxes of a hive in one visit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bee_robot.extraction.hive_visit import inspect_hive
from bee_robot.hive.inspection import EndState, EventKind, Phase

CLEAN = "nothing to object"


@pytest.fixture
def few_frames(robot):
    """The reference hive with three frames a box: the rest of its places is free."""
    boxes = tuple(box.model_copy(update={"frames_per_box": 3}) for box in robot.hive.stack)
    return robot.model_copy(update={"hive": robot.hive.model_copy(update={"stack": boxes})})


def test_boxes_are_visited_from_the_top_down_and_asked_about_once(few_frames, make_bench) -> None:
    bench = make_bench(few_frames)
    asked, begun, ended = [], [], []

    def ask() -> list[str]:
        asked.append(bench.clock.now_s())
        return []

    def begin(box: int) -> str:
        begun.append(box)
        return f"visit_{box}"

    outcome = bench.run(
        lambda context: inspect_hive(
            replace(context, reasons_against=ask),
            begin_box=begin,
            end_box=lambda each: ended.append(each.box),
        )
    )
    assert outcome.end_state is EndState.CLOSED, outcome.explanation
    assert begun == ended == [3, 2, 1] and len(asked) == 1
    assert [each.inspection for each in outcome.boxes] == ["visit_3", "visit_2", "visit_1"]
    assert [each.frames_inspected for each in outcome.boxes] == [3, 3, 3]
    plan = bench.says(EventKind.PLAN)[0]
    assert plan.data["visit_time_s"] == pytest.approx(outcome.visit_time_s, rel=0.1)
    assert bench.edges_mm == [0.0, 0.0] and bench.referee.summary() == CLEAN


def test_rain_ends_the_visit_with_the_box_that_is_open(few_frames, make_bench) -> None:
    bench = make_bench(few_frames)

    def rain() -> str:
        return "it rains" if bench.says(EventKind.FRAME_DONE) else ""

    outcome = bench.run(lambda context: inspect_hive(replace(context, weather_turned=rain), [2, 1]))
    assert outcome.end_state is EndState.CLOSED and [each.box for each in outcome.boxes] == [2]
    assert "it rains" in outcome.explanation and "boxes [1] were not opened" in outcome.explanation


def test_a_box_that_ends_held_ends_the_visit(few_frames, make_bench) -> None:
    bench = make_bench(few_frames)
    bench.when(Phase.RAISE, bench.press_estop, after_s=5)
    outcome = bench.run(inspect_hive)
    assert (outcome.end_state, outcome.alert) == (EndState.HELD, "estop")
    assert [each.box for each in outcome.boxes] == [3] and "box 3 is open" in outcome.instruction


def test_boxes_that_do_not_exist_or_come_twice_move_nothing(bench) -> None:
    for boxes, why in (([4], "has no box 4"), ([1, 1], "every box once")):
        with pytest.raises(ValueError, match=why):
            bench.run(lambda context, boxes=boxes: inspect_hive(context, boxes))
    assert bench.events == []
