"""Programmes that run while the stack is on its way up or down (overlap.py), and what happens when it meets something."""

from __future__ import annotations

from bee_robot.devices.tower import MotionProgramme, MotionResult
from bee_robot.extraction.box_visit import BoxVisit, MotionStopped
from bee_robot.extraction.closing import back_off
from bee_robot.extraction.motion_check import violations_of
from bee_robot.extraction.overlap import LEAST_WAY_MM, StackMotion, alongside
from bee_robot.extraction.whereabouts import FrameJob


async def perform_rising(
    visit: BoxVisit, programme: MotionProgramme, note: str = "", job: FrameJob | None = None
) -> MotionResult:
    """As `visit.perform`, with the stack on its way to the top. Where a rule speaks against both at once, it goes up first.

    Raises MotionStopped with `is_guard` where the stack weighs too much on a fork.
    """
    rising = visit.planner.rising()
    if rising.to_mm - visit.forks_mm() >= LEAST_WAY_MM:
        overlapped = _overlapped(visit, programme, rising)
        if overlapped is None:
            await visit.perform(visit.planner.raise_to_the_top())
        else:
            programme = overlapped
    return await visit.perform(programme, note, job)


async def perform_sinking(
    visit: BoxVisit, programme: MotionProgramme, note: str = "", job: FrameJob | None = None
) -> MotionResult:
    """As `visit.perform`, with the stack on its way down to where hooks can just swing below it. Raises Held where the stack
    meets something (R5)."""
    sinking = visit.planner.sinking(visit.belief.lifted_load_kg)
    try:
        return await visit.perform(_overlapped(visit, programme, sinking) or programme, note, job)
    except MotionStopped as stopped:
        if not stopped.is_guard:
            raise
        await back_off(visit, stopped)
        raise


def _overlapped(visit: BoxVisit, programme: MotionProgramme, stack: StackMotion) -> MotionProgramme | None:
    overlapped = alongside(programme, stack, *visit.stands())
    return None if violations_of(visit.lay_out(overlapped), visit.belief) else overlapped
