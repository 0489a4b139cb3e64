"""Finding the frames: one sweep of both pin sensors, edges latched by the board, pins matched to frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import Axis, Input, Latched
from bee_robot.extraction.box_visit import BoxVisit
from bee_robot.extraction.stack_motion import perform_rising
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.hive.inspection import EventKind, Phase
from bee_robot.rulebook import limit

SIDE_INPUTS = {Input.PIN_LEFT: Axis.SHUTTLE_LEFT, Input.PIN_RIGHT: Axis.SHUTTLE_RIGHT}
MATCH_MM = 12.0  # half of the free gap: a pin further from where a frame should be is another frame's
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


def match_pins(pins: list[float], expected_mm: Mapping[int, float]) -> dict[int, float]:
    """Which frame each pin belongs to. As many pins as frames: in order. Fewer: each to the nearest expected place."""
    numbers = sorted(expected_mm)
    if len(pins) == len(numbers):
        return dict(zip(numbers, pins))
    matched: dict[int, float] = {}
    for pin in pins:
        number = min(numbers, key=lambda candidate: abs(expected_mm[candidate] - pin), default=0)
        if number and number not in matched and abs(expected_mm[number] - pin) <= MATCH_MM:
            matched[number] = pin
    return matched


def expected_places(
    robot: RobotConfiguration, box: int, known_mm: Mapping[int, float], pins: list[float]
) -> dict[int, float]:
    """Where frames should be: of the places known from the last visit, and of a full box with its gap at the back or at
    the front, those that the pins fit best."""
    geometry = HiveGeometry(robot.hive, robot.mechanism)
    numbers = range(1, geometry.frames_in(box) + 1)
    candidates = [
        {number: geometry.frame_y_mm(box, number, gap_at_back=at_back) for number in numbers}
        for at_back in (True, False)
    ]
    if set(known_mm) == set(numbers):
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
    """Hooks out and one sweep. Afterwards the belief knows every frame that can be taken; a missing one is an event."""
    visit.enter(Phase.LOCATE, "the pin sensors look for every frame")
    result = await perform_rising(visit, visit.planner.locate(visit.belief.push))
    robot = visit.context.robot
    behind_mm = robot.mechanism.pin_sensor_behind_hook_mm
    sides = [pins_mm(result.latched, side, behind_mm) for side in SIDE_INPUTS]
    known_mm = dict(visit.belief.frames_y_mm)
    matched = [match_pins(pins, expected_places(robot, visit.box, known_mm, pins)) for pins in sides]
    visit.belief.frames_y_mm = _agree(visit, *matched)
    visit.belief.push = push_direction(robot, visit.box, visit.belief.frames_y_mm, visit.belief.push)
    found = len(visit.belief.frames_y_mm)
    wall = "back" if visit.belief.push < 0 else "front"
    visit.tell(
        EventKind.PHASE,
        f"{found} of {visit.frames_total} frames found, free gap towards the {wall}",
        found=found,
    )


def _agree(visit: BoxVisit, left: Mapping[int, float], right: Mapping[int, float]) -> dict[int, float]:
    """Mean of both sides, where both sides felt the frame and it does not stand askew."""
    places = {}
    for number in range(1, visit.frames_total + 1):
        felt = [side[number] for side in (left, right) if number in side]
        if len(felt) == 2 and abs(felt[0] - felt[1]) <= SKEW_MM:
            places[number] = sum(felt) / 2
        elif len(felt) == 2:
            visit.alert(
                "frame_not_found", f"frame {number} stands askew by {abs(felt[0] - felt[1]):.1f} mm", number
            )
        elif felt:
            visit.alert(
                "frame_not_found", f"frame {number} was felt on one side only; a pin is missing", number
            )
        else:
            visit.alert("frame_not_found", f"frame {number} is not in its place", number)
    return places
