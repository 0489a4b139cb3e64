"""Opening a box: forks in, one edge off the rim, then the other, then up with everything that stands on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bee_robot.devices.tower import Side
from bee_robot.extraction.belief import LIFT
from bee_robot.extraction.box_visit import BoxVisit, MotionStopped
from bee_robot.extraction.closing import ON_RIM_MM, put_down_low
from bee_robot.hive.inspection import EventKind, Phase

PEAK_PERIOD_S = 0.05
WEIGH_SAMPLES = 4
MOST_GENTLE_PEELS = 6
WEIGH_PERIOD_S = 0.05


class NotOpened(Exception):
    """The visit ends before its box is open. What stands on the box stands as before, the forks are out of it."""


class TooHeavy(Exception):
    """More weighs on a fork than it may lift, with nothing stuck any more."""


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
    """From parked beams to a stack raised over an open box.

    Raises NotOpened where a load limit forbids it or somebody wants it to end; the box is closed again then.
    """
    visit.enter(Phase.PREPARE, "forks go under the cleats of what stands on the box")
    await visit.perform(visit.planner.approach())
    try:
        if not must_close(visit):
            await _peel(visit)
        if must_close(visit):
            await put_down_low(visit)
            raise NotOpened(visit.troubles[-1])
        visit.enter(
            Phase.RAISE, f"box {visit.box} is open; the stack goes up, the scan beams follow to the rim"
        )
        await visit.perform(visit.planner.raise_stack(visit.planner.sweep_ends_mm(visit.belief.push)[0]))
    except MotionStopped as stopped:
        if not stopped.is_guard:
            raise
        loads = ", ".join(
            f"{trip.guard.side.value} {trip.load_kg:.1f} kg"
            for trip in stopped.result.trips
            if trip.guard.side
        )
        await _give_up(
            visit, f"load limit reached in '{stopped.programme}': {loads or stopped.result.reason}"
        )
    except TooHeavy as heavy:
        await _give_up(visit, str(heavy))


def must_close(visit: BoxVisit) -> bool:
    """Whether somebody, the weather or the clock (R15) ends the visit before its last frame."""
    control = visit.context.control
    if not control.stop_because:
        control.request_stop(weather_turned(visit))  # kept: a box is not opened again because the rain stops
    if control.stop_because:
        _close_early(visit, f"the box is closed early: {control.stop_because}")
        return True
    if visit.open_time_s >= visit.context.robot.visit.open_close_at_s:
        _close_early(visit, f"the box has been open for {visit.open_time_s:.0f} s and is closed now")
        return True
    return False


def weather_turned(visit: BoxVisit) -> str:
    """What speaks against an open hive now, or nothing. Nobody knows: that speaks against it too."""
    try:
        return visit.context.weather_turned()
    except Exception as error:  # noqa: BLE001 - whatever it is, the hive has to be closed
        return f"nobody knows the weather ({type(error).__name__}: {error})"


def _close_early(visit: BoxVisit, text: str) -> None:
    if text not in visit.troubles:
        visit.troubles.append(text)
        visit.tell(EventKind.STOP_ASKED, text)


async def _peel(visit: BoxVisit) -> None:
    visit.enter(Phase.PEEL, "the left edge comes off the rim, then the right one")
    visit.begin_open_time()
    visit.belief.is_peeling = True
    async with peak_loads(visit) as peaks:
        for side in (Side.LEFT, Side.RIGHT):
            await _peel_edge(visit, side)
    visit.belief.is_peeling = False
    visit.belief.lifted_load_kg = await weigh(visit)
    for side, load in visit.belief.lifted_load_kg.items():
        if load > visit.context.robot.limits.lift_load_kg:
            raise TooHeavy(
                f"{load:.1f} kg on the {side.value} fork, limit {visit.context.robot.limits.lift_load_kg:g} kg"
            )
    left, right = (visit.belief.lifted_load_kg[side] for side in (Side.LEFT, Side.RIGHT))
    visit.tell(
        EventKind.LOADS,
        f"the stack weighs {left + right:.1f} kg and came free at {peaks[Side.LEFT]:.1f} and {peaks[Side.RIGHT]:.1f} kg",
        break_away_left_kg=round(peaks[Side.LEFT], 2),
        break_away_right_kg=round(peaks[Side.RIGHT], 2),
        left_kg=round(left, 2),
        right_kg=round(right, 2),
    )


async def _peel_edge(visit: BoxVisit, side: Side) -> None:
    """Up to the peeled height: quickly while it comes easily, gently where it sticks."""
    lift, weighs_kg = LIFT[side], 0.0
    for _ in range(MOST_GENTLE_PEELS):
        peeled = await visit.perform(visit.planner.peel(side, visit.planner.sticks_above_kg(weighs_kg)))
        here_mm = peeled.positions_mm[lift]
        if here_mm >= visit.planner.peeled_mm - ON_RIM_MM:
            return
        visit.tell(EventKind.PHASE, f"the {side.value} edge sticks; it is peeled gently")
        await visit.perform(visit.planner.peel_gently(side, here_mm))
        weighs_kg = (await weigh(visit))[side]
    raise TooHeavy(f"the {side.value} edge does not come free")


async def weigh(visit: BoxVisit) -> dict[Side, float]:
    """Mean load per side while the stack hangs still, kg."""
    sums = dict.fromkeys(Side, 0.0)
    for _ in range(WEIGH_SAMPLES):
        await visit.context.clock.sleep(WEIGH_PERIOD_S)
        for side, load in visit.context.tower.state.loads_kg.items():
            sums[side] += load
    return {side: load / WEIGH_SAMPLES for side, load in sums.items()}


async def _give_up(visit: BoxVisit, why: str) -> None:
    """Too heavy or stuck: what was lifted goes back where it stood."""
    visit.alert(
        "stack_stuck" if visit.belief.is_peeling else "load_limit", f"box {visit.box} stays closed: {why}"
    )
    visit.belief.is_peeling = False
    await visit.arm()
    await put_down_low(visit)
    raise NotOpened(why)
