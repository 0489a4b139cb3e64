"""A frame is tried before it is taken or pushed: a little way along on its ears, then the pin sensors look whether it came.

Hooks and shuttles have no load cells: pulling at a frame that is stuck ends with a stalled motor, belts without a place and a
person. Where an ear holds more than a hook can pull, it also holds more than a belt can push; a push so short stays within what
the belt gives, so no motor stalls, nothing is torn, and the hooks come away free.
"""

from __future__ import annotations

from bee_robot.devices.tower import MotionResult
from bee_robot.extraction.box_places import BoxSpace, room_beside_mm
from bee_robot.extraction.box_visit import BoxVisit
from bee_robot.extraction.locating import SIDE_INPUTS, SKEW_MM, pins_mm
from bee_robot.extraction.service_motion import TRY_MM, ServicePlanner
from bee_robot.extraction.stack_motion import perform_rising
from bee_robot.extraction.whereabouts import FrameJob
from bee_robot.hive.inspection import EventKind

CAME_MM = 0.6  # less than a third of what it was pushed, give or take what the pin sensors are good for
NEARER_MM = 3.0  # than the pitch, for as long as a frame is tried: bees on both combs still have room
NEAR_MM = 10.0  # a pin nearer than this to where it is expected is that pin: the next one stays 25 away


class Stuck(Exception):
    """A frame does not come; it stands where it stood, give or take TRY_MM, and the hooks are free."""


async def try_frame(visit: BoxVisit, number: int, push: int) -> None:
    """The frame TRY_MM along in the direction `push`, hooks free beside it at travel height. Raises Stuck."""
    found_mm = visit.belief.frames_y_mm[number]
    tried_mm = found_mm + push * TRY_MM
    visit.tell(EventKind.PHASE, f"frame {number} is tried", number)
    await push_and_leave(visit, number, tried_mm)
    feel = ServicePlanner.of(visit.planner).feel_pin(tried_mm, push)
    result = await perform_rising(
        visit, feel, f"frame {number}", FrameJob(number, tried_mm, push, hangs=False)
    )
    _judge(visit, number, found_mm, push, result)


async def push_and_leave(visit: BoxVisit, number: int, target_mm: float) -> None:
    """A resting frame to `target_mm` on its ears; hooks come and go at travel height. For frames that are known to come."""
    found_mm = visit.belief.frames_y_mm[number]
    push, note = 1 if target_mm > found_mm else -1, f"frame {number}"
    job = FrameJob(number, found_mm, push, abs(target_mm - found_mm), hangs=False)
    await perform_rising(visit, ServicePlanner.of(visit.planner).push_frame(found_mm, target_mm), note, job)
    free = visit.planner.free_hooks(target_mm, push * visit.context.robot.mechanism.hook_seated_mm)
    await perform_rising(visit, free, note, FrameJob(number, target_mm, push, hangs=False))


def _judge(visit: BoxVisit, number: int, found_mm: float, push: int, result: MotionResult) -> None:
    """Where the pins are now, into the belief. Raises Stuck."""
    behind_mm = visit.context.robot.mechanism.pin_sensor_behind_hook_mm
    tried_mm = found_mm + push * TRY_MM
    felt: list[float] = []
    held_back: list[str] = []
    for given in SIDE_INPUTS:
        near = [y for y in pins_mm(result.latched, given, behind_mm) if abs(y - tried_mm) < NEAR_MM]
        side = given.value.removeprefix("pin_")
        felt += near[:1]
        if not near:
            held_back.append(f"its {side} pin is not felt any more")
        elif (near[0] - found_mm) * push < CAME_MM:
            held_back.append(f"its {side} ear does not come")
    if felt:
        visit.belief.frames_y_mm[number] = sum(felt) / len(felt)
    askew_mm = max(felt, default=0.0) - min(felt, default=0.0)
    if not held_back and askew_mm > SKEW_MM:
        held_back.append(f"it stands askew by {askew_mm:.1f} mm now")
    if held_back:
        visit.belief.left_alone[number] = askew_mm / 2
        raise Stuck(f"frame {number} is stuck: {' and '.join(held_back)}")


def trial_direction(visit: BoxVisit, number: int) -> int:
    """Which way a frame is tried: as the visit works, or the other way where nobody knows what stands there. 0: neither."""
    ways = (visit.belief.push, -visit.belief.push)
    return next((push for push in ways if may_try(visit, number, push)), 0)


def may_try(visit: BoxVisit, number: int, push: int) -> bool:
    """Whether a frame may come nearer by TRY_MM to what stands on that side: it is known where that ends."""
    belief = visit.belief
    unsure_mm = [*belief.unfelt_mm.values()]
    unsure_mm += [belief.frames_y_mm[other] for other, off_mm in belief.left_alone.items() if not off_mm]
    room_mm = room_beside_mm(number, belief.frames_y_mm, push, BoxSpace.of(visit.context.robot, visit.box))
    return room_mm >= TRY_MM - NEARER_MM and not any(
        is_beside(visit, number, push, y_mm) for y_mm in unsure_mm
    )


def is_beside(visit: BoxVisit, number: int, push: int, y_mm: float) -> bool:
    """Whether what stands at `y_mm` is the next thing on that side of a frame."""
    places_mm, space = visit.belief.frames_y_mm, BoxSpace.of(visit.context.robot, visit.box)
    here = places_mm[number] * push
    free_to = here + room_beside_mm(number, places_mm, push, space) + space.pitch_mm
    return here < y_mm * push <= free_to
