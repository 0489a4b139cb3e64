"""Frames moved, taken out and put in: the plant agrees with the journal, and nobody gets hurt."""

from __future__ import annotations

import pytest

from bee_robot.extraction.frame_jobs import MoveFrame, close_gap, move_frame
from bee_robot.hive.inspection import EndState, EventKind

CLEAN = "nothing to object"
AT_THE_DOOR_S = 20.0


class Person:
    """Stands at the service door and does what is asked for: takes frames off the hooks, hangs them, answers."""

    def __init__(self, bench) -> None:
        self.bench = bench
        self.holds: list[tuple[int, int]] = []
        self.does_nothing = False
        bench.listeners.append(self.hear)

    def hear(self, event) -> None:
        if event.kind is EventKind.ASKED and not self.does_nothing:
            self.bench.later(AT_THE_DOOR_S, lambda: self.go(event.text))

    def go(self, text: str) -> None:
        knobs = self.bench.twin.knobs
        knobs.door_open = True
        if "take it out" in text:
            self.bench.later(5.0, lambda: self.holds.append(knobs.take_frame_off()))
        else:
            self.bench.later(5.0, lambda: knobs.hang_frame(int(text.split("hang frame ")[1].split()[0])))
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
