"""Which frames of a box have to move so that one gets its place: the fewest pushes, then one carry. Pure.

A box is a puzzle of one gap: frames that rest are pushed along on their ears as far as their neighbours, and one frame is
carried over the others. Nothing is pushed that is to be left alone, nor towards it. Millimetres along Y, places from 1 at the
back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bee_robot.extraction.box_places import BoxSpace, in_order

LEAST_MM = 1.0  # a frame this near to where it should be stays
EASE_MM = 4.0  # more room than the pitch on both sides of a frame that is let down, where there is so much
HUNG_EASE_MM = (
    9.0  # the same for one that a person hung: its belts may have crept, its pins may be off the bars
)


class NoRoom(Exception):
    """The frame cannot have that place; says why and what helps."""


@dataclass(frozen=True)
class Push:
    """A resting frame goes along on its ears to `to_mm`."""

    frame: int
    to_mm: float


@dataclass(frozen=True)
class Room:
    """`pushes`, in their order, make a free range `from_mm` to `to_mm` in which a frame keeps the pitch to its neighbours."""

    pushes: tuple[Push, ...]
    from_mm: float
    to_mm: float

    def place_mm(self, ease_mm: float) -> float:
        """Near the neighbour at the back, with half of the ease before it: what is left of the gap stays in one piece."""
        return self.from_mm + min(ease_mm, max(0.0, self.to_mm - self.from_mm)) / 2


@dataclass(frozen=True)
class Carry:
    """What a move within a box takes: room, then one frame over the others to `to_mm`."""

    frame: int
    room: Room

    @property
    def to_mm(self) -> float:
        return self.room.place_mm(EASE_MM)


def close_gap(
    places_mm: Mapping[int, float], space: BoxSpace, wall: int, alone: Collection[int] = ()
) -> list[Push]:
    """All frames to one wall (-1 back, +1 front), the one next to it first. Frames behind one that is left alone stay."""
    pushes: list[Push] = []
    beside_mm = space.wall_mm(wall)
    for number in in_order(places_mm)[::-wall]:
        if number in alone:
            break
        goal_mm = beside_mm - wall * space.pitch_mm
        if (goal_mm - places_mm[number]) * wall > LEAST_MM:
            pushes.append(Push(number, goal_mm))
            beside_mm = goal_mm
        else:
            beside_mm = places_mm[number]
    return pushes


def make_room(
    places_mm: Mapping[int, float],
    space: BoxSpace,
    behind: int,
    alone: Collection[int] = (),
    ease_mm: float = 0.0,
) -> Room:
    """Room for one frame more in front of the `behind` rearmost frames, with the fewest pushes.

    `ease_mm`: so much more than the frame itself needs, where the box has it. Raises NoRoom.
    """
    order = in_order(places_mm)
    free_mm = space.free_mm(len(order) + 1)
    needed_mm = 2 * space.pitch_mm + min(ease_mm, max(0.0, free_mm))
    best: Room | None = None
    for backwards in range(behind + 1):
        for forwards in range(len(order) - behind + 1):
            room = _room(places_mm, space, order, behind, backwards, forwards, alone)
            wide = (
                room is not None
                and room.to_mm - room.from_mm + 2 * space.pitch_mm >= needed_mm - LEAST_MM / 10
            )
            if room is not None and wide and (best is None or len(room.pushes) < len(best.pushes)):
                best = room
    if best is None:
        raise NoRoom(
            f"{len(order)} frames leave {max(0.0, free_mm + space.pitch_mm):.0f} mm, a frame needs {space.pitch_mm:g} mm"
            + (f"; frames {sorted(alone)} are left alone" if alone else "; take a frame out first")
        )
    return best


def _room(
    places_mm: Mapping[int, float],
    space: BoxSpace,
    order: list[int],
    behind: int,
    backwards: int,
    forwards: int,
    alone: Collection[int],
) -> Room | None:
    """What comes of pushing so many frames on either side away from the place; None where it may not be."""
    back = _chain(places_mm, space, order[:behind], backwards, -1, alone)
    front = _chain(places_mm, space, order[behind:][::-1], forwards, 1, alone)
    if back is None or front is None:
        return None
    (back_pushes, back_mm), (front_pushes, front_mm) = back, front
    return Room((*back_pushes, *front_pushes), back_mm + space.pitch_mm, front_mm - space.pitch_mm)


def _chain(
    places_mm: Mapping[int, float],
    space: BoxSpace,
    from_wall: list[int],
    pushed: int,
    wall: int,
    alone: Collection[int],
) -> tuple[list[Push], float] | None:
    """The last `pushed` of frames (listed from the wall on) pushed towards their wall: pushes, and where the last one stands."""
    stay, go = from_wall[: len(from_wall) - pushed], from_wall[len(from_wall) - pushed :]
    if any(number in alone for number in go) or (go and stay and stay[-1] in alone):
        return None
    beside_mm = places_mm[stay[-1]] if stay else space.wall_mm(wall)
    pushes = []
    for number in go:
        goal_mm = beside_mm - wall * space.pitch_mm
        if (goal_mm - places_mm[number]) * wall <= LEAST_MM:
            return None  # nothing gained: a shorter chain does the same
        pushes.append(Push(number, goal_mm))
        beside_mm = goal_mm
    return pushes, beside_mm


def move_within(
    places_mm: Mapping[int, float], space: BoxSpace, frame: int, to_place: int, alone: Collection[int] = ()
) -> Carry:
    """A frame to another place of its box; the others keep their order. Raises NoRoom, ValueError for a place that is none."""
    order = in_order(places_mm)
    if not 1 <= to_place <= len(order):
        raise ValueError(f"place {to_place}: the box has frames in places 1 to {len(order)}")
    here = order.index(frame) + 1
    if here == to_place:
        raise ValueError(f"frame {frame} stands in place {to_place} already")
    if frame in alone:
        raise NoRoom(f"frame {frame} cannot be taken: it stands askew or lacks a pin")
    behind = to_place if to_place > here else to_place - 1
    return Carry(frame, make_room(places_mm, space, behind, alone, EASE_MM))
