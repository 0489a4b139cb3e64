"""Closing a box: hooks away, stack down to just above the rim, a look for bees, the rolling close, forks out."""

from __future__ import annotations

from bee_robot.devices.tower import MotionProgramme, Side
from bee_robot.extraction.belief import HOOK
from bee_robot.extraction.box_visit import BoxVisit, Held, MotionStopped
from bee_robot.extraction.context import RimState
from bee_robot.extraction.journal import CLOSED_STEP
from bee_robot.hive.inspection import EventKind, Phase

MOST_LOOKS = 3
FREE_LOAD_KG = 0.4  # a fork that carries more than this has not come free; noise of a load cell stays below
ON_RIM_MM = 0.05


async def close_box(visit: BoxVisit) -> None:
    """From an open box with free hooks to a closed hive with parked beams. Raises Held where only a person can help."""
    await hooks_away(visit)
    await lower_and_close(visit)
    await leave(visit)


async def hooks_away(visit: BoxVisit) -> None:
    visit.belief.is_closing = True
    if visit.reaches(HOOK.values()):
        await visit.perform(visit.planner.hooks_away())


async def lower_and_close(visit: BoxVisit) -> None:
    """From wherever the stack hangs onto the rim."""
    visit.belief.is_closing = True
    look_mm, second_mm = visit.planner.look_mm - visit.planner.cleat_mm, visit.planner.second_edge_mm
    if min(visit.belief.edges_mm.values()) > look_mm + 2 * second_mm:
        visit.enter(Phase.LOWER, "the stack comes down to just above the rim")
        await _down(visit, visit.planner.lower_stack(visit.belief.lifted_load_kg))
    if visit.plates_mm() > visit.planner.parked_mm:
        await visit.perform(visit.planner.park_scan_beams())
    if min(visit.belief.edges_mm.values()) > ON_RIM_MM:
        await _wait_for_bees(visit)
    visit.enter(Phase.CLOSE, "left edge onto the rim, the right one behind it")
    await _land(visit)


async def _down(visit: BoxVisit, programme: MotionProgramme) -> None:
    """Lower; what is met too early makes the stack back off, and ends the visit held (R5)."""
    try:
        await visit.perform(programme)
    except MotionStopped as stopped:
        if not stopped.is_guard:
            raise
        await back_off(visit, stopped)


async def back_off(visit: BoxVisit, stopped: MotionStopped) -> None:
    """Away from what the stack has met on its way down; then only a person can help (R5). Always raises Held."""
    sides = " and ".join(trip.guard.side.value for trip in stopped.result.trips if trip.guard.side)
    heights = ", ".join(f"{side.value} {edge:.0f} mm" for side, edge in visit.belief.edges_mm.items())
    await visit.arm()
    await visit.perform(visit.planner.back_off(visit.belief.edges_mm))
    raise Held(
        "contact_early",
        f"the stack met something on the {sides} side above the rim ({heights}) and backed off",
    ) from None


async def _wait_for_bees(visit: BoxVisit) -> None:
    visit.enter(Phase.LOOK, "looking for bees on the rim")
    for look in range(1, MOST_LOOKS + 1):
        since_s = visit.context.clock.now_s()
        rim = await visit.context.look(visit.box)
        if rim is RimState.UNKNOWN:
            waited_s = visit.context.clock.now_s() - since_s
            visit.tell(
                EventKind.PHASE,
                f"no camera sees the rim of box {visit.box}: the bees were given {waited_s:.0f} s to leave it",
                rim=rim.value,
                waited_s=round(waited_s, 1),
            )
        if rim is not RimState.BEES:
            return
        visit.tell(EventKind.PHASE, f"bees on the rim (look {look} of {MOST_LOOKS})")
    raise Held("bees_on_rim", f"bees stay on the rim of box {visit.box} after {MOST_LOOKS} looks")


async def _land(visit: BoxVisit) -> None:
    """Left edge first, right one behind. From low down one edge after the other, the lower one first: nothing is raised again."""
    left, right = (visit.belief.edges_mm[side] for side in (Side.LEFT, Side.RIGHT))
    second_mm = visit.planner.second_edge_mm
    if min(left, right) < 2 * second_mm:  # a rolling close has no room
        for side in sorted(visit.belief.edges_mm, key=lambda side: visit.belief.edges_mm[side]):
            await _land_edge(visit, side)
    else:
        if abs(right - left - second_mm) > ON_RIM_MM:
            await visit.perform(visit.planner.trail_right_edge(left))
        await _down(visit, visit.planner.roll_closed(visit.belief.lifted_load_kg))
    visit.closed_s = visit.context.clock.now_s()
    visit.tell(EventKind.CLOSED, f"box {visit.box} is closed", open_time_s=round(visit.open_time_s, 2))
    await release(visit)


async def _land_edge(visit: BoxVisit, side: Side) -> None:
    if visit.belief.edges_mm[side] > 0.0 or visit.planner.doubt.lift_mm:
        await _down(visit, visit.planner.land_edge(side, visit.belief.lifted_load_kg))


async def release(visit: BoxVisit) -> None:
    """Forks off the cleats. Raises Held where a fork still carries something."""
    await visit.perform(visit.planner.release())
    await visit.context.clock.sleep(0.1)
    loads = visit.context.tower.state.loads_kg
    for side, load in loads.items():
        if load > FREE_LOAD_KG:
            raise Held(
                "stack_stuck",
                f"the {side.value} fork still carries {load:.1f} kg below the cleat of box {visit.box + 1}",
            )


async def put_down_low(visit: BoxVisit) -> None:
    """What was raised a little (or a lot) goes back onto the rim; hooks have never been out."""
    await lower_and_close(visit)
    await leave(visit)


async def leave(visit: BoxVisit) -> None:
    """Forks out, beams to their parks, the journal says closed."""
    visit.enter(Phase.LEAVE, "forks out, beams park, light off")
    await visit.perform(visit.planner.leave())
    visit.belief.is_closing = False
    visit.belief.opened_s = None
    visit.note(CLOSED_STEP)
