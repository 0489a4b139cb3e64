"""Which frames have to move, and that it is never more than it takes."""

from __future__ import annotations

import itertools
import random

import pytest

from bee_robot.extraction.box_places import BoxSpace, in_order
from bee_robot.extraction.frame_moves import EASE_MM, NoRoom, Push, close_gap, make_room, move_within

SPACE = BoxSpace(200.0, 37.5, 10)
AT_BACK = {number: SPACE.grid_mm(number, gap_at_back=False) for number in range(1, 11)}
AT_FRONT = {number: SPACE.grid_mm(number, gap_at_back=True) for number in range(1, 11)}


def without(places: dict[int, float], *numbers: int) -> dict[int, float]:
    return {number: y for number, y in places.items() if number not in numbers}


def after(places: dict[int, float], pushes) -> dict[int, float]:
    """Frames pushed one after the other; none passes another or comes nearer than the pitch."""
    places = dict(places)
    for push in pushes:
        way = sorted((places[push.frame], push.to_mm))
        others = [y for number, y in places.items() if number != push.frame]
        assert not any(way[0] < y < way[1] for y in others)
        places[push.frame] = push.to_mm
        assert all(abs(push.to_mm - y) >= 37.5 - 1e-6 for y in others)
        assert abs(push.to_mm) <= 200 - 37.5 / 2 + 1e-6
    return places


def test_all_frames_go_to_one_wall_the_nearest_first() -> None:
    pushes = close_gap(AT_FRONT, SPACE, -1)
    assert [push.frame for push in pushes] == list(range(1, 11))
    assert after(AT_FRONT, pushes) == pytest.approx(AT_BACK)
    assert close_gap(AT_BACK, SPACE, -1) == []
    broken_off = {n: AT_BACK[n] if n <= 4 else AT_FRONT[n] for n in AT_BACK}
    assert [push.frame for push in close_gap(broken_off, SPACE, 1)] == [4, 3, 2, 1]
    assert [push.frame for push in close_gap(broken_off, SPACE, -1, alone=[7])] == [5, 6]


def test_a_hole_at_the_place_needs_no_push() -> None:
    assert make_room(without(AT_FRONT, 4), SPACE, 3).pushes == ()
    room = make_room(without(AT_FRONT, 4), SPACE, 3)
    assert room.from_mm == pytest.approx(AT_FRONT[4]) and room.to_mm == pytest.approx(AT_FRONT[4])


def test_a_hole_elsewhere_is_brought_to_the_place() -> None:
    places = without(AT_FRONT, 8)
    room = make_room(places, SPACE, 4)  # in front of frame 4
    assert [push.frame for push in room.pushes] == [7, 6, 5]
    assert after(places, room.pushes)[5] == pytest.approx(AT_FRONT[6])
    assert room.from_mm == pytest.approx(AT_FRONT[5])


def test_the_other_way_round_is_taken_when_it_is_shorter() -> None:
    places = without(AT_FRONT, 3)
    assert [push.frame for push in make_room(places, SPACE, 3).pushes] == [4]
    assert [push.frame for push in make_room(without(AT_FRONT, 9), SPACE, 7).pushes] == [8]


def test_a_full_box_has_no_room_and_says_what_helps() -> None:
    with pytest.raises(NoRoom, match="take a frame out first"):
        make_room(AT_FRONT, SPACE, 4)
    with pytest.raises(NoRoom, match=r"frames \[6\] are left alone"):
        make_room(without(AT_FRONT, 8), SPACE, 4, alone=[6])


def test_ease_is_made_where_the_box_has_it() -> None:
    places = without(AT_FRONT, 4)
    room = make_room(places, SPACE, 3, ease_mm=EASE_MM)
    assert room.to_mm - room.from_mm >= EASE_MM and len(room.pushes) == 3
    assert room.from_mm < room.place_mm(EASE_MM) < room.to_mm
    tight = BoxSpace(2 * 37.5, 37.5, 4)
    three = {1: -56.25, 2: -18.75, 4: 56.25}
    assert make_room(three, tight, 2, ease_mm=EASE_MM).pushes == ()


def test_a_frame_changes_its_place_and_the_others_keep_their_order() -> None:
    places = without(AT_FRONT, 10)
    for frame, to_place in itertools.permutations(range(1, 10), 2):
        carry = move_within(places, SPACE, frame, to_place)
        moved = after(places, carry.room.pushes)
        moved[frame] = carry.to_mm
        assert all(abs(carry.to_mm - y) >= 37.5 - 1e-6 for n, y in moved.items() if n != frame)
        order = in_order(moved)
        assert order.index(frame) + 1 == to_place
        assert [n for n in order if n != frame] == [n for n in range(1, 10) if n != frame]
    with pytest.raises(ValueError, match="already"):
        move_within(places, SPACE, 3, 3)
    with pytest.raises(ValueError, match="places 1 to 9"):
        move_within(places, SPACE, 3, 10)


def fewest_pushes(places: dict[int, float], behind: int) -> int:
    """By trying: the fewest frames that, pushed as far as they go in any order of walls, leave room there."""
    order = in_order(places)
    for most in range(len(order) + 1):
        for chosen in itertools.combinations(order, most):
            pushed = dict(places)
            beside = SPACE.wall_mm(-1)
            for number in order[:behind]:
                pushed[number] = beside + 37.5 if number in chosen else pushed[number]
                beside = pushed[number]
            low, beside = beside, SPACE.wall_mm(1)
            for number in order[behind:][::-1]:
                pushed[number] = beside - 37.5 if number in chosen else pushed[number]
                beside = pushed[number]
            if beside - low >= 75 - 0.1:
                return most
    raise AssertionError("no room")


def test_no_sequence_of_pushes_is_shorter() -> None:
    chance = random.Random(5)
    for _ in range(60):
        frames = chance.randint(2, 8)
        spare = SPACE.free_mm(frames)
        gaps = [chance.choice([0.0, chance.random()]) for _ in range(frames + 1)]
        share = spare / (sum(gaps) or 1.0)
        places, y = {}, -200 - 37.5 / 2
        for number in range(1, frames + 1):
            y += 37.5 + gaps[number - 1] * share
            places[number] = y
        behind = chance.randint(0, frames)
        room = make_room(places, SPACE, behind)
        after(places, room.pushes)
        assert len(room.pushes) == fewest_pushes(places, behind)


def test_a_push_says_who_and_where() -> None:
    assert close_gap({5: 0.0}, SPACE, -1) == [Push(5, -181.25)]
