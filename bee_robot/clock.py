"""Time. The only place where wall time is read or slept on; everything else is handed a Clock.

`RealClock` is the machine's monotonic time. `SteppedClock` is moved forward by whoever owns time: the ROS `/clock`
in processes, the twin in process (`bee_robot.sim.virtual_time`), a test by hand.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable
from datetime import datetime, timedelta, timezone
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """Robot time in seconds, monotonic, and the calendar that belongs to it."""

    def now_s(self) -> float: ...

    def utc(self) -> datetime:
        """Calendar time (aware, UTC) of `now_s()`; simulated where time is simulated."""
        ...

    async def sleep(self, duration_s: float) -> None: ...


class RealClock:
    """The machine's own time."""

    def now_s(self) -> float:
        return time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(timezone.utc)

    async def sleep(self, duration_s: float) -> None:
        await asyncio.sleep(max(0.0, duration_s))


class SteppedClock:
    """Robot time that moves only when `advance_to` is called (from the loop's own thread)."""

    def __init__(self, start_s: float = 0.0, start_utc: datetime | None = None) -> None:
        self._now_s = start_s
        self._epoch_utc = (start_utc or datetime(1970, 1, 1, tzinfo=timezone.utc)) - timedelta(
            seconds=start_s
        )
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now_s(self) -> float:
        return self._now_s

    def utc(self) -> datetime:
        return self._epoch_utc + timedelta(seconds=self.now_s())

    def set_calendar(self, utc_at_zero: datetime) -> None:
        """Say which instant (aware, UTC) robot time zero is."""
        self._epoch_utc = utc_at_zero

    def next_wake_s(self) -> float | None:
        """When the earliest sleeper wants to wake, or None."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def advance_to(self, now_s: float) -> None:
        """Move time forward and wake who is due. Going backwards is ignored (a late /clock sample)."""
        if now_s <= self._now_s:
            return
        self._now_s = now_s
        while self._sleepers and self._sleepers[0][0] <= now_s + 1e-9:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)

    async def sleep(self, duration_s: float) -> None:
        if duration_s <= 0.0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now_s + duration_s, next(self._order), future))
        await future


class FollowedClock(SteppedClock):
    """A SteppedClock that follows time samples from another thread (the ROS `/clock`).

    `note` may be called from any thread, a thousand times a second: it wakes the loop only when a sleeper is due.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._noted_s = 0.0
        self._is_scheduled = False

    def now_s(self) -> float:
        return max(self._noted_s, self._now_s)

    def note(self, now_s: float) -> None:
        self._noted_s = now_s
        sleepers = self._sleepers
        try:
            is_due = bool(sleepers) and sleepers[0][0] <= now_s
        except IndexError:  # the loop's thread took the last one meanwhile
            return
        if is_due and not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon_threadsafe(self._catch_up)

    def _catch_up(self) -> None:
        self._is_scheduled = False
        self.advance_to(self._noted_s)

    async def sleep(self, duration_s: float) -> None:
        self.advance_to(self._noted_s)
        # A sample that comes before the sleeper is in its place wakes nobody, and while time stands no other follows:
        # looked at once more when the sleeper waits.
        self._loop.call_soon(self._catch_up)
        await super().sleep(duration_s)


async def wait_for(clock: Clock, awaitable: Awaitable[T], timeout_s: float) -> T:
    """Like asyncio.wait_for in the clock's time. Raises asyncio.TimeoutError and cancels the awaitable."""
    task = asyncio.ensure_future(awaitable)
    alarm = asyncio.ensure_future(clock.sleep(timeout_s))
    try:
        await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise asyncio.TimeoutError(f"nothing came within {timeout_s:g} s")
    finally:
        alarm.cancel()
        if not task.done():
            task.cancel()


async def pause_wall(duration_s: float) -> None:
    """Wait in wall time whatever robot time does: for pacing a simulation against the wall and polling processes."""
    await asyncio.sleep(duration_s)


def wall_s() -> float:
    """Monotonic wall time, for pacing and for liveness of other processes; never for robot motion."""
    return time.monotonic()


def wall_sleep(duration_s: float) -> None:
    """Block this thread in wall time; for supervisors outside any loop."""
    time.sleep(duration_s)
