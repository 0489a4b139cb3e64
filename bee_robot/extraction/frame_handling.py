"""One frame: take it off its rests, photograph both faces, set it down one gap further along."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bee_robot.clock import wait_for
from bee_robot.devices.frame_cameras import FACES, Face, FaceCaptureError, FaceLabel
from bee_robot.extraction.box_places import new_place_mm
from bee_robot.extraction.box_visit import BoxVisit
from bee_robot.extraction.service_motion import ServicePlanner
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
    """Take, photograph, put back one place further towards the gap. Events tell how it went.

    A frame that somebody skips before it is taken is not lifted: it is pushed along, so that its neighbour finds the gap.
    """
    belief, robot = visit.belief, visit.context.robot
    found_mm = belief.frames_y_mm[number]
    shunned_mm = belief.shunned_mm
    target_mm = new_place_mm(number, belief.frames_y_mm, belief.push, robot, visit.box, shunned_mm)
    if _is_skipped(visit, number):
        await pass_over(visit, number, target_mm)
        return
    room_mm = abs(target_mm - found_mm)
    nudge_mm = min(robot.visit.nudge_mm, room_mm) if room_mm >= LEAST_NUDGE_MM else 0.0
    taken_s = visit.context.clock.now_s()
    visit.tell(EventKind.FRAME, f"frame {number} is taken", number, y_mm=round(found_mm, 2))
    take = visit.planner.take_frame(found_mm, belief.push, nudge_mm, PHOTO_SPOT_Y_MM)
    await perform_rising(visit, take, f"frame {number}", FrameJob(number, found_mm, belief.push, nudge_mm))
    faces = await photograph(visit, number)
    await put_back(visit, target_mm, is_last=is_last or bool(visit.context.control.stop_because))
    visit.context.control.take_skip()  # said too late for this frame, and not meant for the next one
    frame_done(visit, FrameVisit(number, found_mm, belief.frames_y_mm[number], faces, taken_s))


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
    """A resting frame to `target_mm` on its ears; hooks come and go at travel height."""
    found_mm = visit.belief.frames_y_mm[number]
    if abs(target_mm - found_mm) < LEAST_NUDGE_MM:
        return
    push, note = 1 if target_mm > found_mm else -1, f"frame {number}"
    job = FrameJob(number, found_mm, push, abs(target_mm - found_mm))
    await visit.perform(ServicePlanner.of(visit.planner).push_frame(found_mm, target_mm), note, job)
    ahead_mm = push * visit.context.robot.mechanism.hook_seated_mm
    free = visit.planner.free_hooks(target_mm, ahead_mm)
    await visit.perform(free, note, FrameJob(number, target_mm, push))


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
