"""Finding the frames: one sweep of both pin sensors, edges latched by the board, pins matched to frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import Axis, Input, Latched
from bee_robot.extraction.box_places import BoxSpace, assign_in_order, in_order, slots_of
from bee_robot.extraction.box_visit import BoxVisit
from bee_robot.extraction.stack_motion import perform_rising
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.hive.inspection import EventKind, Phase
from bee_robot.rulebook import limit

SIDE_INPUTS = {Input.PIN_LEFT: Axis.SHUTTLE_LEFT, Input.PIN_RIGHT: Axis.SHUTTLE_RIGHT}
SAME_FRAME_MM = 12.0  # left and right pin of one frame stand no further apart, however askew it is
SKEW_MM = (
    2 * limit("R11", "position_mm") - 0.5
)  # both hooks land at one place; each may be off by the rule's limit


def pins_mm(latched: Iterable[Latched], side: Input, behind_hook_mm: float) -> list[float]:
    """Places of the pins along Y that one sensor passed, in increasing order, mm.

    The sensor is `behind_hook_mm` behind the centre bar; a pin is in the middle between the edges where the sensor begins
    and ceases to feel it. An edge without its partner is left out.
    """
    shuttle = SIDE_INPUTS[side]
    found, began_mm = [], None
    for edge in latched:
        if edge.input is not side:
            continue
        place_mm = edge.positions_mm[shuttle]
        if edge.is_rising:
            began_mm = place_mm
        elif began_mm is not None:
            found.append((began_mm + place_mm) / 2 - behind_hook_mm)
            began_mm = None
    return sorted(found)


@dataclass(frozen=True)
class Bar:
    """What was felt of one frame: places of its left and of its right pin, mm along Y; None: that side felt none."""

    left_mm: float | None
    right_mm: float | None

    @property
    def felt_mm(self) -> list[float]:
        return [y for y in (self.left_mm, self.right_mm) if y is not None]

    @property
    def y_mm(self) -> float:
        return sum(self.felt_mm) / len(self.felt_mm)

    @property
    def askew_mm(self) -> float:
        return max(self.felt_mm) - min(self.felt_mm)


def bars(left_mm: Iterable[float], right_mm: Iterable[float]) -> list[Bar]:
    """Which left pin and which right pin belong to one frame, from the back to the front."""
    left, right = sorted(left_mm), sorted(right_mm)
    found: list[Bar] = []
    while left or right:
        if left and right and abs(left[0] - right[0]) <= SAME_FRAME_MM:
            found.append(Bar(left.pop(0), right.pop(0)))
        elif left and (not right or left[0] < right[0]):
            found.append(Bar(left.pop(0), None))
        else:
            found.append(Bar(None, right.pop(0)))
    return found


def match_pins(pins: Sequence[float], expected_mm: Mapping[int, float]) -> dict[int, float]:
    """Which frame each pin belongs to: in order along Y, as near to the expected places as can be.

    More pins than frames: the others belong to frames that nobody knew of, and get the lowest numbers that are free.
    """
    pins, numbers = sorted(pins), in_order(expected_mm)
    goals = [expected_mm[number] for number in numbers]
    if len(pins) <= len(numbers):
        chosen = assign_in_order(pins, goals)
        return {numbers[index]: pin for index, pin in zip(chosen, pins)}
    chosen = assign_in_order(goals, pins)
    matched = {number: pins[index] for number, index in zip(numbers, chosen)}
    free = (number for number in count(1) if number not in expected_mm)
    strangers = [pin for index, pin in enumerate(pins) if index not in set(chosen)]
    return matched | dict(zip(free, strangers))


def expected_places(
    robot: RobotConfiguration, box: int, known_mm: Mapping[int, float], pins: Sequence[float]
) -> dict[int, float]:
    """Where frames should be: as the last visit left them, or with the gap at the back or at the front; what the pins fit
    best. `known_mm` empty: nobody knows, and the box counts as full."""
    space = BoxSpace.of(robot, box)
    slots = slots_of(known_mm, space) if known_mm else {place: place for place in range(1, space.frames + 1)}
    candidates = [
        {number: space.grid_mm(slot, gap_at_back=at_back) for number, slot in slots.items()}
        for at_back in (True, False)
    ]
    if known_mm:
        candidates.insert(0, dict(known_mm))

    def misfit(places: Mapping[int, float]) -> float:
        return sum(min(abs(place - pin) for place in places.values()) for pin in pins)

    return min(candidates, key=misfit)


def push_direction(
    robot: RobotConfiguration, box: int, places_mm: Mapping[int, float], last_push: int
) -> int:
    """Towards which wall frames are moved: the wall with the free gap; with the gap in the middle (a visit was broken off)
    as that visit did."""
    if not places_mm:
        return last_push
    half_mm = robot.hive.box_inner_depth_mm / 2
    geometry = HiveGeometry(robot.hive, robot.mechanism)
    bar_mm = geometry.frame_pitch_mm(box) / 2
    at_back = min(places_mm.values()) - bar_mm + half_mm
    at_front = half_mm - max(places_mm.values()) - bar_mm
    if max(at_back, at_front) < 0.6 * geometry.gap_mm(box):
        return last_push
    return -1 if at_back >= at_front else 1


async def locate_frames(visit: BoxVisit) -> None:
    """Hooks out and one sweep. Afterwards the belief knows every frame that can be taken, and where not to go."""
    visit.enter(Phase.LOCATE, "the pin sensors look for every frame")
    result = await perform_rising(visit, visit.planner.locate(visit.belief.push))
    belief, robot = visit.belief, visit.context.robot
    behind_mm = robot.mechanism.pin_sensor_behind_hook_mm
    felt = bars(*(pins_mm(result.latched, side, behind_mm) for side in SIDE_INPUTS))
    places = [bar.y_mm for bar in felt]
    expected_mm = expected_places(robot, visit.box, belief.frames_y_mm | belief.unfelt_mm, places)
    matched = match_pins(places, expected_mm)
    belief.frames_y_mm = dict(matched)
    belief.unfelt_mm = {number: y for number, y in expected_mm.items() if number not in matched}
    belief.left_alone = {}
    for number, y_mm in matched.items():
        _look_at(visit, number, felt[places.index(y_mm)])
    _tell_others(visit, sorted(set(matched) - set(expected_mm)))
    belief.push = push_direction(robot, visit.box, belief.frames_y_mm, belief.push)
    wall = "back" if belief.push < 0 else "front"
    found = len(belief.frames_y_mm) - len(belief.left_alone)
    visit.tell(
        EventKind.PHASE,
        f"{found} of {len(expected_mm)} frames found, free gap towards the {wall}",
        found=found,
    )


def _look_at(visit: BoxVisit, number: int, bar: Bar) -> None:
    """A frame that stands askew or lacks a pin is left alone: hooks land at one place on both sides."""
    if len(bar.felt_mm) < 2:
        what = f"frame {number} was felt on one side only; a pin is missing"
    elif bar.askew_mm > SKEW_MM:
        what = f"frame {number} stands askew by {bar.askew_mm:.1f} mm"
    else:
        return
    visit.belief.left_alone[number] = bar.askew_mm / 2
    visit.alert("frame_not_found", what, number)


def _tell_others(visit: BoxVisit, strangers: list[int]) -> None:
    for number in sorted(visit.belief.unfelt_mm):
        what = f"frame {number} is not in its place, or has no pins; nothing is moved towards it"
        visit.alert("frame_not_found", what, number)
    for number in strangers:
        y_mm = visit.belief.frames_y_mm[number]
        visit.tell(
            EventKind.PHASE, f"a frame that nobody knew of, at {y_mm:.0f} mm: it is frame {number} now"
        )
