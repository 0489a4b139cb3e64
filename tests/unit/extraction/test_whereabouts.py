"""After a crash: is the frame on the hooks, and where?"""

from __future__ import annotations

import pytest

from bee_robot.devices.tower import Axis, AxisState
from bee_robot.extraction.whereabouts import (
    BELT_UNCERTAIN_MM,
    FrameJob,
    KeptPlaces,
    Plates,
    Span,
    UnclearGripError,
    held_after,
    proven_places,
    slide_off_mm,
    told_axes,
)

TAKE_2 = FrameJob(2, -118.75, -1, nudge_mm=10.0)
PUT_2 = FrameJob(2, -143.75, -1)
SEATED, NUDGED = -118.75 + 8, -118.75 + 8 - 10


@pytest.mark.parametrize(
    ("job", "above_mm", "y_mm", "expected_y_mm"),
    [
        pytest.param(TAKE_2, 8.0, -155.0, None, id="on the way, over the pins"),
        pytest.param(TAKE_2, 8.0, -118.75, None, id="on the way, just over its pin"),
        pytest.param(TAKE_2, 4.0, -92.75, None, id="coming down beside it"),
        pytest.param(TAKE_2, 0.0, -92.75, None, id="landed beside it"),
        pytest.param(TAKE_2, 0.0, SEATED + 1.0, -118.75, id="round the pin, not yet touching"),
        pytest.param(TAKE_2, 0.0, SEATED - 4.0, -122.75, id="nudged by 4 mm"),
        pytest.param(TAKE_2, 1.3, NUDGED, -128.75, id="peeling an ear"),
        pytest.param(TAKE_2, 8.05, NUDGED, -128.75, id="lifted, passing travel height"),
        pytest.param(TAKE_2, 120.0, NUDGED, -128.75, id="lifted between its neighbours"),
        pytest.param(TAKE_2, 300.0, 8.0, 0.0, id="at the photo spot"),
        pytest.param(PUT_2, 300.0, -60.0, -68.0, id="carried back"),
        pytest.param(PUT_2, 8.02, -135.75, -143.75, id="being set down, passing travel height"),
        pytest.param(PUT_2, 0.0, -135.75, -143.75, id="set down"),
        pytest.param(PUT_2, 0.0, -117.75, None, id="slid off"),
        pytest.param(PUT_2, 8.0, -117.75, None, id="up again"),
    ],
)
def test_from_where_the_plates_stand_follows_what_they_hold(
    robot, job, above_mm, y_mm, expected_y_mm
) -> None:
    found = held_after(job, Plates(above_mm, y_mm), robot.mechanism)
    if expected_y_mm is None:
        assert found is None
    else:
        held, place_mm = found
        assert held.number == 2
        assert place_mm == pytest.approx(expected_y_mm)
        assert held.pin_ahead_mm == pytest.approx(expected_y_mm - y_mm)


def test_with_belts_that_may_have_crept_a_near_pin_counts_as_held(robot) -> None:
    nearly = Plates(0.0, SEATED + 4.0)
    assert held_after(TAKE_2, nearly, robot.mechanism) is None
    crept = Plates(0.0, SEATED + 4.0, doubt_y_mm=BELT_UNCERTAIN_MM)
    assert held_after(TAKE_2, crept, robot.mechanism) is not None


@pytest.mark.parametrize(
    ("segments", "is_held"),
    [
        pytest.param({"beside the pins", "hooks come down"}, False, id="on the way to it"),
        pytest.param({"lift"}, True, id="being lifted"),
        pytest.param({"lower", "set down"}, True, id="being set down"),
    ],
)
def test_what_was_under_way_tells_whether_plates_pass_over_a_pin_or_with_it(robot, segments, is_held) -> None:
    at_travel_height = Plates(8.0, NUDGED + 0.2, doubt_y_mm=BELT_UNCERTAIN_MM)
    found = held_after(TAKE_2, at_travel_height, robot.mechanism, segments)
    assert (found is not None) == is_held


@pytest.mark.parametrize("segments", [(), ("hooks land", "slide on")])
def test_where_nobody_knows_what_was_under_way_it_is_not_guessed(robot, segments) -> None:
    at_travel_height = Plates(8.0, NUDGED + 0.2, doubt_y_mm=BELT_UNCERTAIN_MM)
    with pytest.raises(UnclearGripError):
        held_after(TAKE_2, at_travel_height, robot.mechanism, segments)


def test_hooks_that_never_lift_a_frame_pass_over_its_pin(robot) -> None:
    feels = FrameJob(2, -118.75, -1, hangs=False)
    over_it = Plates(8.0, SEATED, doubt_y_mm=BELT_UNCERTAIN_MM)
    assert held_after(feels, over_it, robot.mechanism) is None
    assert held_after(feels, Plates(25.0, SEATED), robot.mechanism) is None
    assert held_after(feels, Plates(0.0, SEATED), robot.mechanism) is not None


def test_a_height_in_doubt_is_all_heights_that_it_may_be(robot) -> None:
    """High with the frame, at travel height beside its pin, or round it at the neck."""
    anywhere = Plates(5.0, NUDGED + 5.0, doubt_z_mm=4.0)
    with pytest.raises(UnclearGripError):
        held_after(TAKE_2, anywhere, robot.mechanism)
    high = Plates(12.5, NUDGED, doubt_z_mm=4.0)
    assert held_after(TAKE_2, high, robot.mechanism) is not None
    beside = Plates(5.0, SEATED + 20.0, doubt_z_mm=2.0)
    assert held_after(TAKE_2, beside, robot.mechanism) is None
    sliding_off = FrameJob(2, -118.75, -1, hangs=False)
    with pytest.raises(UnclearGripError):
        held_after(sliding_off, Plates(4.0, SEATED + 1.0, 12.0, 4.0), robot.mechanism)


# where axes stand


def states(*known: Axis, shuttle_mm: float = -100.0) -> dict[Axis, AxisState]:
    return {
        axis: AxisState(shuttle_mm if axis in SHUTTLES else 500.0, 0.0, axis in known, False) for axis in Axis
    }


SCREWS = tuple(axis for axis in Axis if not axis.value.startswith("shuttle"))
SHUTTLES = (Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT)
KEPT = KeptPlaces("lift", {axis: Span(600.0, 601.0) for axis in Axis}, ("lift",))


def test_a_board_that_knows_its_screws_counts_its_belts() -> None:
    proven = proven_places(states(*SCREWS), KEPT)
    assert set(proven) == set(SHUTTLES)
    assert proven[Axis.SHUTTLE_LEFT] == Span(-103.0, -97.0)


def test_of_a_restarted_board_what_was_kept_counts() -> None:
    proven = proven_places(states(shuttle_mm=0.0), KEPT)
    assert proven[Axis.LIFT_LEFT] == Span(600.0, 601.0)
    assert proven[Axis.SHUTTLE_LEFT] == Span(597.0, 604.0)
    assert proven_places(states(), None) == {}


def test_screws_that_were_told_say_nothing_of_belts_that_were_not() -> None:
    proven = proven_places(states(*SCREWS, shuttle_mm=0.0), KEPT, told=SCREWS)
    assert proven[Axis.SHUTTLE_LEFT] == Span(597.0, 604.0)
    proven = proven_places(states(*SCREWS), KEPT, told=(*SCREWS, *SHUTTLES))
    assert proven[Axis.SHUTTLE_LEFT] == Span(-103.0, -97.0)


def test_kept_places_survive_the_disk() -> None:
    assert KeptPlaces.from_dict(KEPT.to_dict()) == KEPT


def test_told_axes_are_read_and_nonsense_is_nothing() -> None:
    assert told_axes({"told": {"scan_left": 0.5}}) == {Axis.SCAN_LEFT: 0.5}
    assert told_axes({}) == told_axes({"told": {"wheel": 1}}) == told_axes({"told": "all"}) == {}


@pytest.mark.parametrize(
    ("ahead_mm", "pins_mm", "expected_mm"),
    [
        pytest.param(8.0, [], -126.0, id="nothing behind"),
        pytest.param(8.0, [-137.5, -62.5], -118.75, id="half way to the next pin"),
        pytest.param(-8.0, [-137.5, -62.5], -81.25, id="to the other side"),
        pytest.param(8.0, [-160.0], -126.0, id="far enough"),
    ],
)
def test_a_hook_in_doubt_stands_in_the_middle_between_two_pins(ahead_mm, pins_mm, expected_mm) -> None:
    assert slide_off_mm(-100.0, ahead_mm, pins_mm, 26.0) == pytest.approx(expected_mm)


def test_the_job_survives_the_journal() -> None:
    assert FrameJob.from_dict(TAKE_2.to_dict()) == TAKE_2
    pushed = FrameJob(3, -80.0, 1, 6.0, hangs=False)
    assert FrameJob.from_dict(pushed.to_dict()) == pushed
