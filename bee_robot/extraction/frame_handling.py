"""One frame: take it off its rests, photograph both faces, set it down one gap further along."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bee_robot.clock import wait_for
from bee_robot.devices.frame_cameras import FACES, Face, FaceCaptureError, FaceLabel
from bee_robot.extraction.box_places import new_place_mm
from bee_robot.extraction.box_visit import BoxVisit
from bee_robot.extraction.frame_trial import Stuck, push_and_leave, trial_direction, try_frame
from bee_robot.extraction.service_motion import TRY_MM
from bee_robot.extraction.stack_motion import perform_rising, perform_sinking
from bee_robot.extraction.whereabouts import FrameJob
from bee_robot.hive.inspection import EventKind, FrameVisit
from bee_robot.rulebook import limit

PHOTO_SPOT_Y_MM = 0.0
CAPTURE_WAIT_S = 15.0  # a camera that takes longer has failed; the hive is open meanwhile
LEAST_NUDGE_MM = 1.0
PLATE_BEYOND_MM = 1.5  # of the slot in which a pin is seated
PLACES_KNOWN_MM = 0.5  # pins are felt to 0.3 mm, belts have play


def may_take(visit: BoxVisit, number: int, push: int) -> bool:
    """Whether both hooks can land beside the pins of this frame: it stands straight, and no other pin is in their way."""
    belief, mechanism = visit.belief, visit.context.robot.mechanism
    if number in belief.left_alone:
        return False
    lands_mm = belief.frames_y_mm[number] - push * belief.geometry.hook_beside_pin_mm(visit.box)
    clear_mm = max(limit("R11", "clear_mm"), mechanism.hook_seated_mm + PLATE_BEYOND_MM) + PLACES_KNOWN_MM
    for other, y_mm in belief.frames_y_mm.items():
        off_mm = belief.left_alone.get(other, 0.0)
        if other != number and abs(y_mm - lands_mm) - off_mm < clear_mm:
            how = "askew" if off_mm else "too close"
            visit.alert(
                "frame_not_found",
                f"frame {number} is left alone: frame {other} stands {how} beside it",
                number,
            )
            return False
    return True


async def inspect_frame(visit: BoxVisit, number: int, *, is_last: bool = False) -> None:
    """Try, take, photograph, put back one place further towards the gap. Events tell how it went.

    A frame that is stuck stays and is told. One that somebody skips before it is taken is not lifted: it is pushed along, so
    that its neighbour finds the gap.
    """
    belief, robot = visit.belief, visit.context.robot
    found_mm, since_s = belief.frames_y_mm[number], visit.context.clock.now_s()
    shunned_mm = belief.shunned_mm
    target_mm = new_place_mm(number, belief.frames_y_mm, belief.push, robot, visit.box, shunned_mm)
    try:
        if _is_skipped(visit, number):
            await pass_over(visit, number, target_mm)
            return
        push = await _try(visit, number)
    except Stuck as stuck:
        visit.alert("frame_stuck", f"{stuck}; it stays where it is", number)
        return
    if _is_skipped(visit, number):
        await pass_over(visit, number, target_mm)
        return
    await take_tried(visit, number, push, (target_mm - belief.frames_y_mm[number]) * push)
    faces = await photograph(visit, number)
    await put_back(visit, target_mm, is_last=is_last or bool(visit.context.control.stop_because))
    visit.context.control.take_skip()  # said too late for this frame, and not meant for the next one
    frame_done(visit, FrameVisit(number, found_mm, belief.frames_y_mm[number], faces, since_s))


async def _try(visit: BoxVisit, number: int) -> int:
    """In which direction it came. Raises Stuck, also where there is no room to try."""
    push = trial_direction(visit, number)
    if not push or not may_take(visit, number, push):
        raise Stuck(f"frame {number} cannot be tried: nobody knows where its neighbours end")
    await try_frame(visit, number, push)
    return push


async def take_tried(visit: BoxVisit, number: int, push: int, room_mm: float) -> None:
    """A frame that was tried in the direction `push` to the photo spot, nudged on by at most `room_mm` before it goes up.

    Hooks land on the side that it came from: the pins of its neighbour are farther away there.
    """
    left_mm = min(room_mm, visit.context.robot.visit.nudge_mm - TRY_MM)
    nudge_mm, here_mm = left_mm if left_mm >= LEAST_NUDGE_MM else 0.0, visit.belief.frames_y_mm[number]
    visit.tell(EventKind.FRAME, f"frame {number} is taken", number, y_mm=round(here_mm, 2))
    take = visit.planner.take_frame(here_mm, push, nudge_mm, PHOTO_SPOT_Y_MM)
    await perform_rising(visit, take, f"frame {number}", FrameJob(number, here_mm, push, nudge_mm))


def _is_skipped(visit: BoxVisit, number: int) -> bool:
    because = visit.context.control.take_skip()
    if because:
        visit.troubles.append(f"frame {number} was skipped: {because}")
        visit.tell(EventKind.SKIPPED, f"frame {number} is skipped: {because}", number)
    return bool(because)


def frame_done(visit: BoxVisit, frame: FrameVisit) -> None:
    done_s = visit.context.clock.now_s()
    number, left_mm = frame.number, frame.left_y_mm
    visit.frames.append(replace(frame, done_s=done_s))
    visit.tell(
        EventKind.FRAME_DONE,
        f"frame {number} is back",
        number,
        y_mm=round(left_mm, 2),
        seconds=round(done_s - frame.taken_s, 2),
        open_time_s=round(visit.open_time_s, 2),
    )


async def pass_over(visit: BoxVisit, number: int, target_mm: float) -> None:
    """A frame that is not lifted, in its new place: pushed there on its ears."""
    found_mm, taken_s = visit.belief.frames_y_mm[number], visit.context.clock.now_s()
    await push_along(visit, number, target_mm)
    frame_done(visit, FrameVisit(number, found_mm, visit.belief.frames_y_mm[number], {}, taken_s))


async def push_along(visit: BoxVisit, number: int, target_mm: float) -> None:
    """A resting frame to `target_mm` on its ears; hooks come and go at travel height. Raises Stuck."""
    way_mm = target_mm - visit.belief.frames_y_mm[number]
    if abs(way_mm) < LEAST_NUDGE_MM:
        return
    await try_frame(visit, number, 1 if way_mm > 0 else -1)
    if abs(target_mm - visit.belief.frames_y_mm[number]) >= LEAST_NUDGE_MM:
        await push_and_leave(visit, number, target_mm)


async def put_back(visit: BoxVisit, target_mm: float, *, is_last: bool = False) -> None:
    """The frame on the hooks over `target_mm`, down, and the hooks off it. After the last one the box is closed: the stack
    begins to come down."""
    held = visit.belief.held
    if held is None:
        return
    put = visit.planner.put_frame(target_mm, held.pin_ahead_mm, visit.plates_mm())
    job = FrameJob(held.number, target_mm, 1 if held.pin_ahead_mm > 0 else -1)
    perform = perform_sinking if is_last else perform_rising
    await perform(visit, put, f"frame {held.number}", job)


async def photograph(visit: BoxVisit, number: int) -> dict[str, tuple[str, ...]]:
    """Both faces, or those for which nobody was in a hurry; a camera that fails costs its face. Pictures as sha256."""
    label = FaceLabel(visit.inspection, visit.context.robot.hive.name, visit.box, number)
    faces: dict[str, tuple[str, ...]] = {}
    for face in FACES:
        if visit.context.control.stop_because or _is_skipped(visit, number):
            break
        faces[face] = await _photograph_face(visit, face, label)
    return faces


async def _photograph_face(visit: BoxVisit, face: Face, label: FaceLabel) -> tuple[str, ...]:
    try:
        captured = await wait_for(
            visit.context.clock, visit.context.cameras.capture_face(face, label), CAPTURE_WAIT_S
        )
    except FaceCaptureError as error:
        visit.alert("camera_failed", f"{face} face of frame {label.frame}: {error}", label.frame)
        return ()
    except asyncio.TimeoutError:
        visit.alert(
            "camera_failed",
            f"{face} face of frame {label.frame}: no picture within {CAPTURE_WAIT_S:g} s",
            label.frame,
        )
        return ()
    visit.tell(
        EventKind.FACE,
        f"{face} face of frame {label.frame} photographed",
        label.frame,
        face=face,
        pictures=",".join(captured.pictures),
        cameras=",".join(captured.cameras),
        views=",".join(captured.views),
    )
    return captured.pictures
