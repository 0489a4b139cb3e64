"""Hooks come free: what hangs on them is set down where it may, what rests in them is left."""

from __future__ import annotations

import math

from bee_robot.devices.tower import MotionProgramme
from bee_robot.extraction.belief import HOOK, SHUTTLE
from bee_robot.extraction.box_places import PITCH_TOLERANCE_MM, BoxSpace, free_ranges_mm
from bee_robot.extraction.box_visit import BoxVisit, Held
from bee_robot.extraction.following import HeldFrame
from bee_robot.extraction.whereabouts import MOST_DOUBT_MM, FrameJob
from bee_robot.hive.inspection import Phase

CLEAR_SLACK_MM = 1.0  # a frame this much below the height of carrying hangs above its neighbours nevertheless


async def free_the_hooks(visit: BoxVisit) -> None:
    """Set down what hangs, slide off what is held. Straight down where it hangs between its neighbours.

    Shuttles whose place is in doubt go no further than that doubt allows: a frame is set down that much further from its
    neighbours, and hooks come to stand in the middle between two pins.
    """
    visit.enter(Phase.FRAMES, "the hooks come free")
    held = visit.belief.held
    if held is None:
        return
    if not visit.knows(SHUTTLE.values()) or visit.planner.doubt.shuttle_mm > MOST_DOUBT_MM["belts"]:
        raise Held(
            "not_referenced",
            f"frame {held.number} is on the hooks and nobody knows where the shuttles are",
            take_off_by_hand(visit, held.number),
        )
    programme, place_mm = _off_the_hooks(visit, held)
    job = FrameJob(held.number, place_mm, _side(held.pin_ahead_mm), hangs=not held.rests)
    await visit.perform(programme, f"frame {held.number}", job=job)


def take_off_by_hand(visit: BoxVisit, number: int) -> str:
    """What a person does with a frame that the machine cannot set down. A board that has not been restarted holds its servos
    where they are as soon as it is armed."""
    angles_deg = visit.context.tower.state.servos_deg
    is_restarted = all(math.isnan(angles_deg[servo]) for servo in HOOK.values())
    hooks = "swing both hooks in" if is_restarted else "leave both hooks as they are"
    return (
        f"Take frame {number} off the hooks by hand, hang it into its place and {hooks}; "
        "then run 'bee recover --frame-is-off --by NAME'"
    )


def _off_the_hooks(visit: BoxVisit, held: HeldFrame) -> tuple[MotionProgramme, float]:
    """The programme, and where the frame is afterwards."""
    planner, here_mm, plates_mm = visit.planner, visit.belief.frames_y_mm[held.number], visit.plates_mm()
    pins_mm = _others_mm(visit, held.number) if planner.doubt.shuttle_mm else []
    if held.rests:
        return planner.free_hooks(here_mm, held.pin_ahead_mm, pins_mm), here_mm
    if plates_mm < planner.clear_mm - planner.doubt.scan_mm - CLEAR_SLACK_MM:
        return planner.set_frame_down(here_mm, held.pin_ahead_mm, plates_mm, pins_mm), here_mm
    place_mm = _slot_for(visit, held.number)
    return planner.put_frame(place_mm, held.pin_ahead_mm, plates_mm, pins_mm), place_mm


def _others_mm(visit: BoxVisit, number: int) -> list[float]:
    return [place for other, place in visit.belief.frames_y_mm.items() if other != number]


def _side(ahead_mm: float) -> int:
    return 1 if ahead_mm > 0 else -1


def _slot_for(visit: BoxVisit, number: int) -> float:
    """A free place for a frame that hangs above its neighbours: the one of its number in a full box, or the nearest; further
    from its neighbours where nobody knows exactly where it hangs."""
    belief, doubt_mm = visit.belief, visit.planner.doubt.shuttle_mm
    others = {other: place for other, place in belief.frames_y_mm.items() if other != number}
    space = BoxSpace.of(visit.context.robot, visit.box)
    shunned = [place for place in belief.shunned_mm if place != belief.frames_y_mm[number]]
    ranges = [
        (low + doubt_mm, high - doubt_mm)
        for low, high in free_ranges_mm(others, space, shunned)
        if low + doubt_mm <= high - doubt_mm + PITCH_TOLERANCE_MM
    ]
    wanted = [space.grid_mm(number, gap_at_back=at_back) for at_back in (belief.push > 0, belief.push < 0)]
    wanted.append(belief.frames_y_mm[number])
    for place_mm in wanted:
        for low, high in ranges:
            if low - doubt_mm - PITCH_TOLERANCE_MM <= place_mm <= high + doubt_mm + PITCH_TOLERANCE_MM:
                return place_mm if not doubt_mm else min(max(low, place_mm), max(low, high))
    if ranges:
        nearest = min(ranges, key=lambda ends: min(abs(end - wanted[-1]) for end in ends))
        return min(nearest, key=lambda end: abs(end - wanted[-1]))
    raise Held(
        "not_referenced",
        f"frame {number} hangs on the hooks and no place is free for it",
        f"Make room for frame {number} in box {visit.box}",
    )
