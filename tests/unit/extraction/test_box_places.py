"""Frames of a box along Y: their order, their places, their room."""

from __future__ import annotations

import random

import pytest

from bee_robot.extraction.box_places import (
    BoxSpace,
    assign_in_order,
    frame_order,
    in_order,
    new_place_mm,
    room_beside_mm,
    slots_of,
)

SPACE = BoxSpace(200.0, 37.5, 10)
FULL = {number: SPACE.grid_mm(number, gap_at_back=True) for number in range(1, 11)}


def test_values_find_their_goals_in_order() -> None:
    assert assign_in_order([1.0, 2.0], [0.0, 1.1, 1.9, 9.0]) == [1, 2]
    assert assign_in_order([], [1.0]) == []
    assert assign_in_order([5.0, 6.0], [7.0, 8.0]) == [0, 1], "never crosswise"


def test_assignment_is_the_cheapest_there_is() -> None:
    from itertools import combinations

    chance = random.Random(7)
    for _ in range(50):
        goals = sorted(chance.uniform(0, 100) for _ in range(7))
        values = sorted(chance.uniform(0, 100) for _ in range(chance.randint(0, 7)))

        def cost(chosen, values=values, goals=goals) -> float:
            return sum(abs(value - goals[index]) for value, index in zip(values, chosen))

        best = min(cost(chosen) for chosen in combinations(range(7), len(values)))
        assert cost(assign_in_order(values, goals)) == pytest.approx(best)


def test_the_order_is_that_of_the_places_not_of_the_numbers(robot) -> None:
    moved = {**FULL, 3: FULL[7], 7: FULL[3], 12: FULL[10]}
    del moved[10]
    assert in_order(moved) == [1, 2, 7, 4, 5, 6, 3, 8, 9, 12]
    assert slots_of(moved, SPACE)[12] == 10 and slots_of(moved, SPACE)[7] == 3
    assert frame_order(moved, -1, robot, 1) == [1, 2, 7, 4, 5, 6, 3, 8, 9, 12]
    assert new_place_mm(3, moved, -1, robot, 1) == moved[3], "frame 6 is in the way, at the pitch"
    assert new_place_mm(1, moved, -1, robot, 1) == -181.25


def test_a_hole_keeps_its_place_when_the_gap_wanders(robot) -> None:
    holed = {number: y for number, y in FULL.items() if number != 4}
    for number in frame_order(holed, -1, robot, 1):
        holed[number] = new_place_mm(number, holed, -1, robot, 1)
    assert holed == {n: SPACE.grid_mm(n, gap_at_back=False) for n in range(1, 11) if n != 4}


def test_nothing_moves_towards_a_frame_that_may_stand_anywhere(robot) -> None:
    holed = {number: y for number, y in FULL.items() if number != 2}
    holed[1] -= 25
    assert new_place_mm(3, holed, -1, robot, 1) == holed[3] - 25
    assert new_place_mm(3, holed, -1, robot, 1, shunned=[FULL[2]]) == holed[3]
    assert new_place_mm(4, holed, -1, robot, 1, shunned=[FULL[2]]) == holed[4], "frame 3 has not moved"
    assert new_place_mm(9, {**holed, 8: holed[8] - 10}, -1, robot, 1, shunned=[FULL[2]]) == holed[9] - 10


def test_room_ends_at_the_neighbour_or_at_the_wall() -> None:
    assert room_beside_mm(1, FULL, -1, SPACE) == pytest.approx(25)
    assert room_beside_mm(1, FULL, 1, SPACE) == pytest.approx(0)
    assert room_beside_mm(10, FULL, 1, SPACE) == pytest.approx(0)
    assert SPACE.free_mm(9) == pytest.approx(62.5)
