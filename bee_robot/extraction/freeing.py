"""Hooks come free: what hangs on them is set down where it may, what rests in them is left."""

from __future__ import annotations

from bee_robot.extraction.belief import SHUTTLE
from bee_robot.extraction.box_places import PITCH_TOLERANCE_MM, BoxSpace, free_ranges_mm
from bee_robot.extraction.box_visit import BoxVisit, Held
from bee_robot.extraction.whereabouts import FrameJob
from bee_robot.hive.inspection import Phase

CLEAR_SLACK_MM = 1.0  # a frame this much below the height of carrying hangs above its neighbours nevertheless


async def free_the_hooks(visit: BoxVisit) -> None:
    """Set down what hangs, slide off what is held. Straight down where it hangs between its neighbours."""
    visit.enter(Phase.FRAMES, "the hooks come free")
    held, belief, planner = visit.belief.held, visit.belief, visit.planner
    if held is None:
        return
    if not visit.knows(SHUTTLE.values()):
        raise Held(
            "not_referenced",
            f"frame {held.number} is on the hooks and the shuttles have forgotten where they are",
            f"Take frame {held.number} off the hooks by hand, hang it into its place and swing both hooks in",
        )
    here_mm, ahead_mm, plates_mm = belief.frames_y_mm[held.number], held.pin_ahead_mm, visit.plates_mm()
    if held.rests:
        programme = planner.free_hooks(here_mm, ahead_mm)
    elif plates_mm >= planner.clear_mm - CLEAR_SLACK_MM:
        here_mm = _slot_for(visit, held.number)
        programme = planner.put_frame(here_mm, ahead_mm, plates_mm)
    else:
        programme = planner.set_frame_down(here_mm, ahead_mm, plates_mm)
    await visit.perform(
        programme, f"frame {held.number}", job=FrameJob(held.number, here_mm, _side(ahead_mm))
    )


def _side(ahead_mm: float) -> int:
    return 1 if ahead_mm > 0 else -1


def _slot_for(visit: BoxVisit, number: int) -> float:
    """A free place for a frame that hangs above its neighbours: the one of its number in a full box, or the nearest."""
    belief = visit.belief
    others = {other: place for other, place in belief.frames_y_mm.items() if other != number}
    space = BoxSpace.of(visit.context.robot, visit.box)
    shunned = [place for place in belief.shunned_mm if place != belief.frames_y_mm[number]]
    ranges = free_ranges_mm(others, space, shunned)
    wanted = [space.grid_mm(number, gap_at_back=at_back) for at_back in (belief.push > 0, belief.push < 0)]
    wanted.append(belief.frames_y_mm[number])
    for place_mm in wanted:
        if any(low - PITCH_TOLERANCE_MM <= place_mm <= high + PITCH_TOLERANCE_MM for low, high in ranges):
            return place_mm
    if ranges:
        nearest = min(ranges, key=lambda ends: min(abs(end - wanted[-1]) for end in ends))
        return min(nearest, key=lambda end: abs(end - wanted[-1]))
    raise Held(
        "not_referenced",
        f"frame {number} hangs on the hooks and no place is free for it",
        f"Make room for frame {number} in box {visit.box}",
    )
