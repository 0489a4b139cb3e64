"""What jobs do with single frames in an open box: push, carry over, hand out, receive, look where they stand now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bee_robot.extraction.box_places import BoxSpace, room_beside_mm
from bee_robot.extraction.box_visit import BoxVisit
from bee_robot.extraction.following import HeldFrame
from bee_robot.extraction.frame_handling import (
    frame_done,
    may_take,
    photograph,
    push_along,
    put_back,
    take_tried,
)
from bee_robot.extraction.frame_moves import Carry, Push
from bee_robot.extraction.frame_trial import is_beside, may_try, try_frame
from bee_robot.extraction.freeing import free_the_hooks
from bee_robot.extraction.handover import ask_person, come_back, find_belts
from bee_robot.extraction.locating import locate_frames
from bee_robot.extraction.opening import must_close
from bee_robot.extraction.service_motion import TRY_MM, ServicePlanner
from bee_robot.extraction.stack_motion import perform_rising
from bee_robot.extraction.whereabouts import FrameJob
from bee_robot.hive.inspection import EventKind, FrameVisit, Phase

ELSEWHERE_MM = 2.0  # a frame that is felt so far from where it was put did not follow the hooks


class Undone(Exception):
    """A job cannot be done, or somebody ended it; the hooks are free, and the box can be closed."""


def alone(visit: BoxVisit) -> frozenset[int]:
    """Frames that are not touched, and that nothing is pushed towards."""
    return frozenset(visit.belief.left_alone) | frozenset(visit.belief.unfelt_mm)


def places(visit: BoxVisit) -> dict[int, float]:
    """Of all frames that stand, or may stand, in the box."""
    return visit.belief.frames_y_mm | visit.belief.unfelt_mm


def space(visit: BoxVisit) -> BoxSpace:
    return BoxSpace.of(visit.context.robot, visit.box)


def require_going_on(visit: BoxVisit) -> None:
    if must_close(visit):
        raise Undone(visit.troubles[-1])


async def push_all(visit: BoxVisit, pushes: Iterable[Push]) -> None:
    """Frames along on their ears, one after the other. Raises Undone where the box is to be closed."""
    for push in pushes:
        require_going_on(visit)
        found_mm, since_s = visit.belief.frames_y_mm[push.frame], visit.context.clock.now_s()
        visit.tell(
            EventKind.FRAME, f"frame {push.frame} is pushed along", push.frame, y_mm=round(found_mm, 2)
        )
        await push_along(visit, push.frame, push.to_mm)
        left_mm = visit.belief.frames_y_mm[push.frame]
        frame_done(visit, FrameVisit(push.frame, found_mm, left_mm, {}, since_s))


async def carry_over(visit: BoxVisit, carry: Carry) -> None:
    """Room at its new place, then one frame over the others into it."""
    await push_all(visit, carry.room.pushes)
    require_going_on(visit)
    found_mm, since_s = visit.belief.frames_y_mm[carry.frame], visit.context.clock.now_s()
    await lift_frame(visit, carry.frame)
    await put_back(visit, carry.to_mm)
    left_mm = visit.belief.frames_y_mm[carry.frame]
    frame_done(visit, FrameVisit(carry.frame, found_mm, left_mm, {}, since_s))


async def lift_frame(visit: BoxVisit, number: int) -> None:
    """Out of the box to the photo spot, by the side with more room. Raises Undone where hooks cannot land, Stuck."""
    rooms = {push: _room_mm(visit, number, push) for push in (-1, 1)}
    for push in sorted(rooms, key=lambda push: -rooms[push]):
        if may_try(visit, number, push) and may_take(visit, number, push):
            await try_frame(visit, number, push)
            await take_tried(visit, number, push, rooms[push] - TRY_MM)
            return
    raise Undone(
        f"frame {number} cannot be taken: nobody knows where its neighbours end, or pins stand askew"
    )


def _room_mm(visit: BoxVisit, number: int, push: int) -> float:
    """How far a frame may be nudged; nothing towards one that is to be left alone."""
    shunned = any(is_beside(visit, number, push, y_mm) for y_mm in visit.belief.shunned_mm)
    return 0.0 if shunned else room_beside_mm(number, visit.belief.frames_y_mm, push, space(visit))


async def hand_out_frame(visit: BoxVisit, number: int, photographs: bool) -> None:
    """To the service door, where a person takes it off the hooks. Raises Undone, with the frame back in its place."""
    require_going_on(visit)
    belief, found_mm = visit.belief, visit.belief.frames_y_mm[number]
    since_s = visit.context.clock.now_s()
    await lift_frame(visit, number)
    faces = await photograph(visit, number) if photographs else {}
    ahead_mm = belief.held.pin_ahead_mm if belief.held else 0.0
    job = FrameJob(number, found_mm, 1 if ahead_mm > 0 else -1)
    carry = ServicePlanner.of(visit.planner).carry_to_service(ahead_mm)
    await visit.perform(carry, f"frame {number}", job)
    way = "away from you" if ahead_mm > 0 else "towards you"
    is_done = await ask_person(
        visit,
        f"Open the service door, slide frame {number} {way} off both hooks, take it out, close the door, then answer.",
    )
    if is_done:
        belief.held = None
        del belief.frames_y_mm[number]
        visit.note("frame out", f"frame {number} is with a person")
    await come_back(visit)
    if not is_done:
        await _hang_back(visit, found_mm)
        raise Undone(f"frame {number} was not taken off the hooks; it is back in the box")
    frame_done(visit, FrameVisit(number, found_mm, found_mm, faces, since_s))


async def _hang_back(visit: BoxVisit, found_mm: float) -> None:
    """The frame on the hooks into the place that it came from, or next to it where the belts are not certain."""
    if visit.planner.doubt.shuttle_mm:
        await free_the_hooks(visit)
        await find_belts(visit)
    else:
        await put_back(visit, found_mm)


async def receive_frame(visit: BoxVisit, number: int, to_mm: float) -> None:
    """Hooks to the service door, where a person hangs a frame onto them; then down to `to_mm`. Raises Undone."""
    require_going_on(visit)
    belief, planner = visit.belief, ServicePlanner.of(visit.planner)
    ahead_mm = visit.context.robot.mechanism.hook_seated_mm
    await perform_rising(visit, planner.present_hooks(ahead_mm), "for a frame from a person")
    is_done = await ask_person(
        visit,
        f"Open the service door, hang frame {number} onto both hooks without moving them along, its pins on the far "
        "side of the middle bars and against them, close the door, then answer.",
    )
    if is_done:
        above_mm = visit.plates_mm() - belief.engaged_mm
        belief.frames_y_mm[number] = visit.shuttles_mm() + ahead_mm
        belief.held = HeldFrame(number, ahead_mm, above_mm, above_mm)
        visit.note("frame hung", f"frame {number} from a person")
    await come_back(visit)
    if not is_done:
        raise Undone(f"frame {number} was not hung onto the hooks")
    since_s, from_mm = visit.context.clock.now_s(), belief.frames_y_mm[number]
    others_mm = [y for other, y in belief.frames_y_mm.items() if other != number]
    planner = ServicePlanner.of(visit.planner)  # it knows in how much doubt the belts are now
    let_down = planner.let_down(to_mm, ahead_mm, visit.plates_mm(), others_mm)
    await visit.perform(let_down, f"frame {number}", FrameJob(number, to_mm, 1))
    await find_belts(visit)
    frame_done(visit, FrameVisit(number, from_mm, belief.frames_y_mm[number], {}, since_s))


async def verify(visit: BoxVisit, moved_mm: Mapping[int, float]) -> None:
    """The pin sensors look where the frames stand now; a frame that did not follow the hooks is told. Raises Undone for one
    that is not felt at all."""
    visit.enter(Phase.LOCATE, "the pin sensors look once more")
    await locate_frames(visit)
    for number, wanted_mm in moved_mm.items():
        felt_mm = visit.belief.frames_y_mm.get(number)
        if felt_mm is None:
            raise Undone(f"frame {number} is not felt in its new place")
        if abs(felt_mm - wanted_mm) > ELSEWHERE_MM:
            visit.alert(
                "frame_stuck",
                f"frame {number} stands at {felt_mm:.1f} mm and was put to {wanted_mm:.1f} mm",
                number,
            )
