"""Frames moved, taken out and put in: the plant agrees with the journal, and nobody gets hurt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bee_robot.extraction.control import CANCEL
from bee_robot.extraction.frame_jobs import MoveFrame, close_gap, insert_frame, move_frame, take_out_frame
from bee_robot.hive.inspection import EndState, EventKind
from bee_robot.rulebook import FrameTransfer
from bee_robot.sim.hive_knobs import FrameInHand

CLEAN = "nothing to object"
AT_THE_DOOR_S = 20.0


class Person:
    """Stands at the service door and does what is asked for: takes frames off the hooks, hangs them, answers."""

    def __init__(self, bench) -> None:
        self.bench = bench
        self.holds: list[FrameInHand] = []
        self.does_nothing = False
        bench.listeners.append(self.hear)

    def hear(self, event) -> None:
        if event.kind is EventKind.ASKED and not self.does_nothing:
            self.bench.later(AT_THE_DOOR_S, lambda: self.go(event.text))

    def go(self, text: str) -> None:
        knobs = self.bench.twin.knobs
        knobs.door_open = True
        if "take it out" in text:
            self.bench.later(5.0, lambda: self.holds.append(knobs.take_frame()))
        else:
            self.bench.later(5.0, lambda: knobs.hang_frame(self.holds.pop(), 9.0))
        self.bench.later(9.0, lambda: setattr(knobs, "door_open", False))
        self.bench.later(10.0, lambda: self.bench.control.answer("done"))


def journal_places(bench, box: int) -> dict[int, float]:
    """Where the journal says that the frames of a closed box are."""

    async def read(context):
        return context.journal.last_closed(context.robot.hive.name, box)

    entry = bench.run(read)
    return {int(number): y for number, y in entry.belief["frames_y_mm"].items()}


def standing(bench, box: int) -> dict[int, float]:
    """Where the plant has them."""
    made = bench.twin.plant.world.frames[box - 1]
    truth = bench.twin.truth().frames[box - 1]
    frames = range(1, bench.robot.hive.box(box).frames_per_box + 1)
    return {number: sum(truth[number - 1].y_mm) / 2 for number in frames if made[number - 1].is_present}


def in_order(places: dict[int, float]) -> list[int]:
    return sorted(places, key=places.get)


def test_the_gap_is_closed_with_frames_pushed_along(bench) -> None:
    bench.stop_after_frame(1)
    bench.inspect(1)  # the gap is behind frame 2 now
    bench.listeners.clear()
    outcome = bench.run(lambda context: close_gap(context, 1, "front"))
    assert (outcome.end_state, outcome.undone) == (EndState.CLOSED, "")
    assert [frame.number for frame in outcome.frames] == [1]
    assert min(bench.frames_y_mm(1)) == pytest.approx(-156.25, abs=0.6)
    assert journal_places(bench, 1) == pytest.approx(standing(bench, 1), abs=0.5)
    assert bench.referee.summary() == CLEAN


def test_a_frame_changes_its_place_over_the_others(bench) -> None:
    bench.twin.knobs.remove_frame(1, 9)
    bench.journal_knows(1, standing(bench, 1))
    outcome = bench.run(lambda context: move_frame(context, MoveFrame(1, 2, 6)))
    assert (outcome.end_state, outcome.undone, outcome.refusals) == (EndState.CLOSED, "", ())
    assert in_order(standing(bench, 1)) == [1, 3, 4, 5, 6, 2, 7, 8, 10]
    assert journal_places(bench, 1) == pytest.approx(standing(bench, 1), abs=0.5)
    assert bench.referee.summary() == CLEAN


def test_a_frame_is_taken_out_and_hung_in_again(bench) -> None:
    person = Person(bench)
    outcome = bench.run(lambda context: take_out_frame(context, 1, 4))
    assert (outcome.end_state, outcome.undone) == (EndState.CLOSED, ""), outcome.explanation
    assert outcome.faces == 2 and [frame.origin for frame in person.holds] == [(1, 4)]
    assert 4 not in journal_places(bench, 1)
    assert journal_places(bench, 1) == pytest.approx(standing(bench, 1), abs=0.5)
    assert bench.referee.summary() == CLEAN

    outcome = bench.run(lambda context: insert_frame(context, 1, 7, 4))
    assert (outcome.end_state, outcome.undone) == (EndState.CLOSED, ""), outcome.explanation
    assert person.holds == []
    assert in_order(standing(bench, 1)) == [1, 2, 3, 5, 6, 7, 4, 8, 9, 10]
    assert journal_places(bench, 1) == pytest.approx(standing(bench, 1), abs=0.5)
    assert bench.referee.summary() == CLEAN

    bench.stop_after_frame(8)
    seen = bench.inspect(1)
    assert [frame.number for frame in seen.frames][-3:] == [7, 4, 8] or seen.alert == ""
    assert seen.alert == "" and bench.referee.summary() == CLEAN


def test_in_a_full_box_a_person_holds_the_frame_meanwhile(bench) -> None:
    person = Person(bench)
    outcome = bench.run(lambda context: move_frame(context, MoveFrame(1, 5, 8)))
    assert (outcome.end_state, outcome.undone) == (EndState.CLOSED, ""), outcome.explanation
    assert in_order(journal_places(bench, 1)) == [1, 2, 3, 4, 6, 7, 8, 5, 9, 10] and not person.holds
    assert in_order(standing(bench, 1)) == [1, 2, 3, 4, 6, 7, 8, 5, 9, 10]
    assert bench.referee.summary() == CLEAN


def test_a_frame_goes_to_another_box_and_a_move_that_broke_off_goes_on(bench) -> None:
    person = Person(bench)
    bench.twin.knobs.remove_frame(2, 6)
    bench.journal_knows(2, standing(bench, 2))
    move = MoveFrame(3, 2, 3, to_box=2)

    def rain_in_box_2() -> str:
        return "it rains" if person.holds else ""

    broken_off = bench.run(lambda context: move_frame(replace(context, weather_turned=rain_in_box_2), move))
    assert broken_off.end_state is EndState.CLOSED and broken_off.box == 2
    assert "is with a person" in broken_off.undone and "it rains" in broken_off.explanation
    assert len(person.holds) == 1 and 2 not in journal_places(bench, 3)

    outcome = bench.run(lambda context: move_frame(context, move))
    assert (outcome.end_state, outcome.undone) == (EndState.CLOSED, ""), outcome.explanation
    assert person.holds == [] and in_order(journal_places(bench, 2)) == [1, 2, 6, 3, 4, 5, 7, 8, 9, 10]
    assert bench.twin.plant.world.frames[1][5].origin_box == 3
    assert bench.referee.summary() == CLEAN


@pytest.mark.parametrize("ends", ["cancel", "rain"])
def test_a_frame_that_nobody_takes_goes_back_into_its_place(bench, ends: str) -> None:
    person = Person(bench)
    person.does_nothing = True
    before_mm = standing(bench, 1)
    bench.when(
        EventKind.ASKED,
        lambda: bench.control.answer(CANCEL) if ends == "cancel" else bench.control.request_stop("rain"),
        after_s=30,
    )
    outcome = bench.run(lambda context: take_out_frame(context, 1, 1, photographs=False))
    assert outcome.end_state is EndState.CLOSED and "back in the box" in outcome.undone
    assert standing(bench, 1) == pytest.approx(before_mm, abs=0.6)
    assert bench.control.asks == "" and bench.referee.summary() == CLEAN


def test_an_answer_counts_only_behind_a_closed_door_that_was_open(bench) -> None:
    person = Person(bench)
    person.does_nothing = True
    knobs, control = bench.twin.knobs, bench.control
    asks: list[str] = []

    def at_the_door(event) -> None:
        if event.kind is not EventKind.ASKED:
            return
        asks.append(event.text)
        if len(asks) == 1:
            bench.later(5, lambda: bench.control.answer("done"))  # nobody was there
        elif len(asks) == 2:
            bench.later(5, lambda: setattr(knobs, "door_open", True))
            bench.later(8, lambda: person.holds.append(knobs.take_frame()))
            bench.later(9, lambda: bench.control.answer("done"))  # and the door is still open
        else:
            bench.later(2, lambda: setattr(knobs, "door_open", False))
            bench.later(4, lambda: bench.control.answer("done"))

    bench.listeners.append(at_the_door)
    outcome = bench.run(lambda context: take_out_frame(context, 1, 10, photographs=False))
    assert (outcome.end_state, outcome.undone) == (EndState.CLOSED, "")
    assert ["not been opened" in asks[1], "door is open" in asks[2], len(asks)] == [True, True, 3]
    assert control is not bench.control and bench.referee.summary() == CLEAN


@pytest.mark.parametrize(
    ("job", "why"),
    [
        (lambda context: move_frame(context, MoveFrame(1, 11, 3)), "box 1 has no frame 11"),
        (lambda context: move_frame(context, MoveFrame(1, 3, 3)), "stands in place 3 already"),
        (lambda context: move_frame(context, MoveFrame(1, 3, 4, to_box=2)), "box 2: 10 frames leave 25 mm"),
        (lambda context: insert_frame(context, 1, 4), "10 frames leave 25 mm, a frame needs 37.5 mm"),
        (lambda context: insert_frame(context, 1, 12), "room for places 1 to 11"),
        (
            lambda context: take_out_frame(
                context, 1, 3, transfer=FrameTransfer(3, "hive_1", "hive_2", None, False)
            ),
            "R17",
        ),
    ],
)
def test_what_cannot_be_done_opens_nothing(bench, job, why: str) -> None:
    outcome = bench.run(job)
    assert outcome.end_state is EndState.CLOSED and not outcome.was_opened
    assert any(why in refusal for refusal in outcome.refusals), outcome.refusals
    assert bench.journal_steps() == []


def test_a_person_who_came_and_left_the_frame_says_so(bench) -> None:
    """The door was open: the belts were without power, and find their end stops only once the frame is off the hooks."""
    person = Person(bench)
    person.does_nothing = True
    bench.when(EventKind.ASKED, lambda: setattr(bench.twin.knobs, "door_open", True), after_s=5)
    bench.when(EventKind.ASKED, lambda: setattr(bench.twin.knobs, "door_open", False), after_s=15)
    bench.when(EventKind.ASKED, lambda: bench.control.answer(CANCEL), after_s=20)
    outcome = bench.run(lambda context: take_out_frame(context, 1, 1, photographs=False))
    assert outcome.end_state is EndState.CLOSED and "was not taken off" in outcome.undone, outcome.explanation
    assert in_order(standing(bench, 1)) == list(range(1, 11))
    assert bench.referee.harm == []
    assert bench.referee.summary() == CLEAN
