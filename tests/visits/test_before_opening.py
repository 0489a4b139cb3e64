"""What keeps a hive closed, or the machine where it stands, before anything moves."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bee_robot.devices.tower import TowerError
from bee_robot.extraction.context import Override
from bee_robot.extraction.journal import CLOSED_STEP, JournalError
from bee_robot.extraction.recovery import ByHand, recover
from bee_robot.extraction.visit import inspect_box
from bee_robot.hive.inspection import EndState, Phase

REMEDY = "bee recover --hive-is-clear --by NAME"
HIVE_IS_CLEAR = ByHand("Mari", hive_is_clear=True)


def stop_after_homing(bench) -> None:
    bench.when(Phase.PREPARE, lambda: bench.control.request_stop("enough seen"))


def test_a_tower_that_says_nothing_is_a_refusal(bench) -> None:
    def silent() -> list[str]:
        raise TowerError("tower_driver has said nothing yet", "link_lost")

    outcome = bench.inspect(1, reasons_against=silent)
    assert outcome.end_state is EndState.CLOSED and not outcome.was_opened
    assert "tower_driver has said nothing yet" in outcome.refusals[0]


def test_a_journal_that_cannot_take_the_override_is_a_refusal(bench) -> None:
    async def with_a_full_disk(context):
        def full(*_: object, **__: object) -> None:
            raise JournalError("no space left on device")

        context.journal.write = full
        rainy = replace(context, reasons_against=lambda: ["it rains"])
        return await inspect_box(rainy, 1, Override("Mari", "swarm cells"))

    outcome = bench.run(with_a_full_disk)
    assert outcome.end_state is EndState.CLOSED and not outcome.was_opened
    assert outcome.refusals == ("the journal cannot be written (no space left on device)",)


def test_a_journal_that_cannot_be_read_may_hide_an_open_hive(bench) -> None:
    bench.run(lambda context: recover(context))
    bench.journal_adds("lift", "{")
    refused = bench.inspect(1)
    assert refused.end_state is EndState.HELD and not refused.was_opened
    assert "run 'bee recover' first" in refused.instruction

    held = bench.recover()
    assert held.end_state is EndState.HELD and REMEDY in held.instruction
    assert "nobody knows what is open" in held.instruction
    assert bench.run(lambda context: recover(context, HIVE_IS_CLEAR)).end_state is EndState.CLOSED


@pytest.mark.parametrize(
    "belief",
    [
        "{}",
        "[]",
        '{"box": 1, "held": [3], "opened_s": null}',
        '{"box": 1, "frames_y_mm": {}, "held": [3, 8.0], "edges_mm": {"left": 1, "right": 1}, "is_forked": true,'
        ' "is_closing": false, "opened_s": 0, "lifted_load_kg": {}, "push": 1, "out": []}',
        '{"box": 1, "frames_y_mm": {}, "held": null, "edges_mm": {"left": 1, "right": 1}, "is_forked": true,'
        ' "is_closing": false, "opened_s": 0, "lifted_load_kg": {}, "push": 1, "out": ["arm_of_another_robot"]}',
    ],
)
def test_a_belief_that_makes_no_sense_is_held_with_an_instruction(bench, belief: str) -> None:
    bench.run(lambda context: recover(context))
    bench.journal_adds("lift", belief)
    held = bench.recover()
    assert held.end_state is EndState.HELD and REMEDY in held.instruction
    assert bench.run(lambda context: recover(context, HIVE_IS_CLEAR)).end_state is EndState.CLOSED


def test_places_of_frames_that_make_no_sense_are_looked_for(bench) -> None:
    stop_after_homing(bench)
    bench.inspect(1)
    bench.journal_adds(CLOSED_STEP, '{"frames_y_mm": 7}')
    bench.stop_after_frame(1)
    assert [frame.number for frame in bench.inspect(1).frames] == [1]


@pytest.mark.parametrize("is_journal_empty", [True, False])
def test_a_machine_that_carries_something_does_not_home_whatever_the_journal_says(
    bench, is_journal_empty: bool
) -> None:
    bench.when(Phase.RAISE, lambda: bench.control.stop_now("test"), after_s=5)
    bench.inspect(1)
    raised_mm = bench.edges_mm
    bench.twin.reset_board()  # servos and axes are forgotten, and so is the visit: this is another store
    bench.forget_journal()
    if not is_journal_empty:
        bench.run(lambda context: asyncio.sleep(0))
        bench.journal_adds(CLOSED_STEP, "{}")
    steps = ["closed"] * (not is_journal_empty)

    held = bench.inspect(1)

    assert (held.end_state, held.alert) == (EndState.HELD, "not_referenced")
    assert "left fork carries" in held.explanation and REMEDY in held.instruction
    assert "nobody knows what is open" in held.instruction
    assert bench.edges_mm == raised_mm and bench.journal_steps() == steps


def test_a_journal_that_does_not_end_closed_forbids_homing_with_forgotten_servos(bench) -> None:
    stop_after_homing(bench)
    bench.inspect(1)
    with_nothing_out = (
        '{"box": 1, "frames_y_mm": {}, "held": null, "edges_mm": {"left": 0, "right": 0}, "is_forked": false,'
        ' "is_closing": false, "opened_s": null, "lifted_load_kg": {}, "push": 1, "out": []}'
    )
    bench.journal_adds("held", with_nothing_out)
    bench.twin.reset_board()
    held = bench.recover()
    assert (held.end_state, held.alert) == (EndState.HELD, "not_referenced")
    assert "nobody knows whether" in held.explanation and REMEDY in held.instruction
    assert bench.run(lambda context: recover(context, HIVE_IS_CLEAR)).end_state is EndState.CLOSED


def test_a_visit_that_ends_after_homing_leaves_a_closed_journal(bench) -> None:
    stop_after_homing(bench)
    assert bench.inspect(1).end_state is EndState.CLOSED
    assert bench.journal_steps() == ["home", CLOSED_STEP]


def test_a_visit_held_before_anything_moved_leaves_the_journal_alone(bench) -> None:
    bench.press_estop()
    assert bench.inspect(1).end_state is EndState.HELD
    assert bench.journal_steps() == []


def test_rain_during_a_visit_closes_the_box_after_the_frame(bench) -> None:
    def rain() -> str:
        return "it rains" if any(event.kind.value == "frame_done" for event in bench.events) else ""

    outcome = bench.inspect(1, weather_turned=rain)
    assert outcome.end_state is EndState.CLOSED
    assert [frame.number for frame in outcome.frames] == [1]
    assert "the box is closed early: it rains" in outcome.explanation
    assert bench.edges_mm == [0.0, 0.0] and bench.referee.summary() == "nothing to object"


def test_weather_that_nobody_knows_opens_nothing(bench) -> None:
    def unknown() -> str:
        raise OSError("weather service is gone")

    outcome = bench.inspect(1, weather_turned=unknown)
    assert outcome.end_state is EndState.CLOSED and not outcome.was_opened
    assert "weather service is gone" in outcome.explanation
