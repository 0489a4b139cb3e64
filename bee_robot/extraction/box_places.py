"""Where frames stand in a box along Y, in which order, and where they may go. Pure.

Frames are known by number; their order along Y is that of their places, whatever their numbers are. A place counts from 1 at
the back: place 3 has the third frame from the back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bee_robot.configuration import RobotConfiguration
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.rulebook import limit

PITCH_TOLERANCE_MM = limit("R10", "pitch_tolerance_mm")
ROOMY = 0.6  # of the gap of a full box: less beside a frame is no room to take it


@dataclass(frozen=True)
class BoxSpace:
    """What a box has room for: half of its inner depth, from frame to frame, and how many frames; mm along Y."""

    half_mm: float
    pitch_mm: float
    frames: int

    @classmethod
    def of(cls, robot: RobotConfiguration, box: int) -> BoxSpace:
        geometry = HiveGeometry(robot.hive, robot.mechanism)
        depth_mm = robot.hive.box_inner_depth_mm
        return cls(depth_mm / 2, geometry.frame_pitch_mm(box), geometry.frames_in(box))

    @property
    def gap_mm(self) -> float:
        """Of a full box."""
        return 2 * self.half_mm - self.frames * self.pitch_mm

    def free_mm(self, frames: int) -> float:
        """What is left when so many frames stand at the pitch."""
        return 2 * self.half_mm - frames * self.pitch_mm

    def wall_mm(self, side: int) -> float:
        """Where a frame behind the wall would stand whose neighbour touches the wall; side -1 back, +1 front."""
        return side * (self.half_mm + self.pitch_mm / 2)

    def grid_mm(self, place: int, *, gap_at_back: bool) -> float:
        """Centre of a frame in a full box."""
        return -self.half_mm + (self.gap_mm if gap_at_back else 0.0) + (place - 0.5) * self.pitch_mm


def assign_in_order(values: Sequence[float], goals: Sequence[float]) -> list[int]:
    """For each value the index of its goal: both in increasing order, so that the distances add up to the least.

    Needs at least as many goals as values.
    """
    far = float("inf")
    best = [[0.0] * (len(goals) + 1)] + [[far] * (len(goals) + 1) for _ in values]
    for i, value in enumerate(values, 1):
        for j, goal in enumerate(goals, 1):
            best[i][j] = min(best[i][j - 1], best[i - 1][j - 1] + abs(value - goal))
    chosen: list[int] = []
    i, j = len(values), len(goals)
    while i:
        if best[i][j - 1] > best[i][j]:
            chosen.append(j - 1)
            i -= 1
        j -= 1
    return chosen[::-1]


def in_order(places_mm: Mapping[int, float]) -> list[int]:
    """Numbers of the frames from the back to the front."""
    return sorted(places_mm, key=lambda number: places_mm[number])


def slots_of(places_mm: Mapping[int, float], space: BoxSpace) -> dict[int, int]:
    """In which place of a full box each frame stands: with as many frames as places in order, with fewer the nearest."""
    numbers = in_order(places_mm)
    places = range(1, max(space.frames, len(numbers)) + 1)
    middles = [space.grid_mm(place, gap_at_back=False) + space.gap_mm / 2 for place in places]
    chosen = assign_in_order([places_mm[number] for number in numbers], middles)
    return {number: places[index] for number, index in zip(numbers, chosen)}


def room_beside_mm(number: int, places_mm: Mapping[int, float], push: int, space: BoxSpace) -> float:
    """How far a frame could go towards `push` before it is nearer than the pitch to its neighbour or in the wall."""
    here_mm = places_mm[number]
    beyond = [y for other, y in places_mm.items() if other != number and (y - here_mm) * push > 0]
    nearest = min([y * push for y in beyond] + [space.wall_mm(push) * push])
    return nearest - here_mm * push - space.pitch_mm


def frame_order(places_mm: Mapping[int, float], push: int, robot: RobotConfiguration, box: int) -> list[int]:
    """Numbers of the frames in the order of the visit: from the frame next to the free gap away from it.

    Frames on the other side of a gap in the middle have no room to be nudged; they are not part of this visit.
    """
    space = BoxSpace.of(robot, box)
    numbers = in_order(places_mm)[::-push]
    roomy_mm = ROOMY * space.gap_mm
    for index, number in enumerate(numbers):
        if room_beside_mm(number, places_mm, push, space) >= roomy_mm:
            return numbers[index:]
    return numbers


def new_place_mm(
    number: int,
    places_mm: Mapping[int, float],
    push: int,
    robot: RobotConfiguration,
    box: int,
    shunned: Collection[float] = (),
) -> float:
    """Where a frame goes: its place in a box with the gap at the other wall, but never nearer than the pitch to the frame
    on that side, and not away from the gap.

    `shunned`: places of frames of which nobody knows exactly where they stand. A frame does not move towards such a one.
    """
    space = BoxSpace.of(robot, box)
    here_mm = places_mm[number]
    room_mm = room_beside_mm(number, places_mm, push, space)
    free_to_mm = here_mm * push + room_mm + space.pitch_mm
    if any(here_mm * push < y * push <= free_to_mm for y in shunned):
        return here_mm
    wanted_mm = space.grid_mm(slots_of(places_mm, space)[number], gap_at_back=push > 0)
    reachable = min(wanted_mm * push, here_mm * push + room_mm)
    return push * max(reachable, here_mm * push)


def free_ranges_mm(
    places_mm: Mapping[int, float], space: BoxSpace, shunned: Collection[float] = ()
) -> list[tuple[float, float]]:
    """Where one frame more has its pitch to every neighbour: from, to; from the back to the front."""
    walls = [space.wall_mm(-1), space.wall_mm(1)]
    stand = sorted([walls[0], *places_mm.values(), walls[1]])
    ranges = [(low + space.pitch_mm, high - space.pitch_mm) for low, high in zip(stand, stand[1:])]
    return [
        (low, high)
        for low, high in ranges
        if low <= high + PITCH_TOLERANCE_MM
        and not any(low - space.pitch_mm < y < high + space.pitch_mm for y in shunned)
    ]
