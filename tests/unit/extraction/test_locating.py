"""Which frame stands where, from the edges that the board has latched."""

from __future__ import annotations

import random

from bee_robot.devices.tower import Axis, Input, Latched
from bee_robot.extraction.box_places import frame_order, new_place_mm
from bee_robot.extraction.locating import expected_places, match_pins, pins_mm, push_direction

GAP_AT_BACK = {number: -156.25 + 37.5 * (number - 1) for number in range(1, 11)}
GAP_AT_FRONT = {number: place - 25 for number, place in GAP_AT_BACK.items()}
STOPPED_AFTER_4 = {number: place - 25 if number <= 4 else place for number, place in GAP_AT_BACK.items()}


def sweep(places: list[float], backwards: bool = False) -> list[Latched]:
    """What a sensor 22 mm behind the hook, with 3 mm of range, makes the board latch."""
    edges = []
    for place in sorted(places, reverse=backwards):
        reach = -3 if backwards else 3
        edges += [(True, place + 22 - reach), (False, place + 22 + reach)]
    return [Latched(Input.PIN_LEFT, rising, {Axis.SHUTTLE_LEFT: y}) for rising, y in edges]


def test_pins_are_in_the_middle_of_their_edges_whichever_way_the_sweep_went() -> None:
    for backwards in (False, True):
        assert pins_mm(sweep([-100, 50.5], backwards), Input.PIN_LEFT, 22) == [-100, 50.5]
    assert pins_mm(sweep([-100]), Input.PIN_RIGHT, 22) == []


def test_an_edge_without_its_partner_is_no_pin() -> None:
    assert pins_mm(sweep([-100, 0])[1:], Input.PIN_LEFT, 22) == [0]


def test_a_full_box_is_matched_in_order_even_where_frames_stand_far_off(robot) -> None:
    pins = sorted(place + random.Random(3).uniform(-6, 6) for place in GAP_AT_BACK.values())
    assert match_pins(pins, expected_places(robot, 1, {}, pins)) == dict(zip(range(1, 11), pins))


def test_a_missing_frame_leaves_the_others_their_numbers(robot) -> None:
    for places in (GAP_AT_BACK, GAP_AT_FRONT):
        pins = [place for number, place in places.items() if number != 6]
        found = match_pins(pins, expected_places(robot, 1, {}, pins))
        assert found == {number: place for number, place in places.items() if number != 6}


def test_a_box_whose_visit_was_broken_off_is_known_from_the_journal(robot) -> None:
    pins = [place for number, place in STOPPED_AFTER_4.items() if number != 8]
    found = match_pins(pins, expected_places(robot, 1, STOPPED_AFTER_4, pins))
    assert sorted(found) == [1, 2, 3, 4, 5, 6, 7, 9, 10]


def test_work_begins_next_to_the_free_gap(robot) -> None:
    assert push_direction(robot, 1, GAP_AT_BACK, 1) == -1
    assert push_direction(robot, 1, GAP_AT_FRONT, -1) == 1
    assert frame_order(GAP_AT_BACK, -1, robot, 1) == list(range(1, 11))
    assert frame_order(GAP_AT_FRONT, 1, robot, 1) == list(range(10, 0, -1))


def test_a_broken_off_visit_goes_on_where_it_stopped(robot) -> None:
    assert push_direction(robot, 1, STOPPED_AFTER_4, -1) == -1
    assert frame_order(STOPPED_AFTER_4, -1, robot, 1) == [5, 6, 7, 8, 9, 10]


def test_a_frame_moves_by_the_gap_and_never_into_its_neighbour(robot) -> None:
    assert new_place_mm(1, GAP_AT_BACK, -1, robot, 1) == -181.25
    assert new_place_mm(10, GAP_AT_FRONT, 1, robot, 1) == 181.25
    stuck_before = {**GAP_AT_BACK, 1: -181.25, 2: -118.75}  # frame 2 could not be taken
    assert new_place_mm(3, stuck_before, -1, robot, 1) == -81.25
    off = {**GAP_AT_BACK, 1: -180.75}
    assert new_place_mm(2, off, -1, robot, 1) == -143.25
