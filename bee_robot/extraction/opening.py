"""Opening a box: forks in, one edge off the rim, then the other, then up with everything that stands on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bee_robot.devices.tower import BoardState, Side
from bee_robot.extraction.box_visit import BoxVisit, MotionStopped
from bee_robot.extraction.closing import put_down_low
from bee_robot.hive.inspection import EventKind, Phase

PEAK_PERIOD_S = 0.05
WEIGH_SAMPLES = 4
WEIGH_PERIOD_S = 0.05


class NotOpened(Exception):
    """What stands on the box does not come free within the load limit. It stands as before, the forks are out of it."""


@asynccontextmanager
async def peak_loads(visit: BoxVisit) -> AsyncIterator[dict[Side, float]]:
    """The highest load of each fork while the block runs, kg."""
    peaks = dict.fromkeys(Side, 0.0)

    async def watch() -> None:
        while True:
            for side, load in visit.context.tower.state.loads_kg.items():
                peaks[side] = max(peaks[side], load)
            await visit.context.clock.sleep(PEAK_PERIOD_S)

    watcher = asyncio.ensure_future(watch())
    try:
        yield peaks
    finally:
        watcher.cancel()


async def open_box(visit: BoxVisit) -> None:
    """From parked beams to a stack raised over an open box. Raises NotOpened where a load limit forbids it."""
    visit.enter(Phase.PREPARE, "forks go under the cleats of what stands on the box")
    await visit.perform(visit.planner.approach())
    try:
        await _peel(visit)
        visit.enter(Phase.RAISE, "the stack goes up, the scan beams follow to the rim")
        await visit.perform(visit.planner.raise_stack(visit.planner.sweep_ends_mm(visit.belief.push)[0]))
    except MotionStopped as stopped:
        if not stopped.is_guard:
            raise
        await _give_up(visit, stopped)


async def _peel(visit: BoxVisit) -> None:
    visit.enter(Phase.PEEL, "the left edge comes off the rim, then the right one")
    visit.begin_open_time()
    visit.belief.is_peeling = True
    async with peak_loads(visit) as peaks:
        for side in (Side.LEFT, Side.RIGHT):
            await visit.perform(visit.planner.peel(side))
    visit.belief.is_peeling = False
    visit.belief.lifted_load_kg = await weigh(visit)
    left, right = (visit.belief.lifted_load_kg[side] for side in (Side.LEFT, Side.RIGHT))
    visit.tell(
        EventKind.LOADS,
        f"the stack weighs {left + right:.1f} kg and came free at {peaks[Side.LEFT]:.1f} and {peaks[Side.RIGHT]:.1f} kg",
        break_away_left_kg=round(peaks[Side.LEFT], 2),
        break_away_right_kg=round(peaks[Side.RIGHT], 2),
        left_kg=round(left, 2),
        right_kg=round(right, 2),
    )
    visit.tell(EventKind.OPENED, f"box {visit.box} is open")


async def weigh(visit: BoxVisit) -> dict[Side, float]:
    """Mean load per side while the stack hangs still, kg."""
    sums = dict.fromkeys(Side, 0.0)
    for _ in range(WEIGH_SAMPLES):
        await visit.context.clock.sleep(WEIGH_PERIOD_S)
        for side, load in visit.context.tower.state.loads_kg.items():
            sums[side] += load
    return {side: load / WEIGH_SAMPLES for side, load in sums.items()}


async def _give_up(visit: BoxVisit, stopped: MotionStopped) -> None:
    """Too heavy or stuck: what was lifted goes back where it stood."""
    key = "stack_stuck" if visit.belief.is_peeling else "load_limit"
    loads = ", ".join(f"{trip.guard.side.value} {trip.load_kg:.1f} kg" for trip in stopped.result.trips)
    visit.alert(
        key, f"box {visit.box} stays closed: load limit reached while '{stopped.programme}' ({loads})"
    )
    visit.belief.is_peeling = False
    if visit.context.tower.state.board is not BoardState.ARMED:
        await visit.arm()
    await put_down_low(visit)
    raise NotOpened(visit.troubles[-1])
