"""Virtual time: an asyncio loop that never waits. When nothing is ready, robot time moves on to the next thing.

Firmware, plant and host step together in one thread: the board runs until the earliest moment at which a coroutine
wants to wake or a byte of the board arrives. The same program with the same seed takes the same steps.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Executor
from typing import Any, Protocol, TypeVar

from bee_robot.clock import SteppedClock
from bee_robot.sim.twin import Twin

T = TypeVar("T")
SILENCE_S = 10.0
SAME_INSTANT_S = 2e-9


class VirtualTimeError(Exception):
    """Time cannot go on: nobody waits for anything that could still happen, or the limit is reached."""


class SteppedBoard(Protocol):
    """A board that runs only as far as it is told: a Twin, or a board in a test."""

    receiver: Callable[[bytes], None] | None

    @property
    def now_s(self) -> float: ...

    def advance_to(self, t_s: float) -> float:
        """Run until then, or until bytes can be read; returns the time reached."""
        ...

    def read(self) -> bytes: ...


class _TwinSelector(selectors.BaseSelector):
    """Instead of waiting for files, moves clock and twin on."""

    def __init__(self, clock: SteppedClock, twin: SteppedBoard | None, limit_s: float | None) -> None:
        self._files = selectors.DefaultSelector()
        self._clock = clock
        self._twin = twin
        self._offset_s = clock.now_s() - twin.now_s if twin else 0.0
        self._limit_s = limit_s

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._files.select(0)
        if not ready and (timeout is None or timeout > 0):
            self._advance(timeout)
        return ready

    def _advance(self, timeout: float | None) -> None:
        now_s = self._clock.now_s()
        wakes_s = [self._clock.next_wake_s(), None if timeout is None else now_s + timeout]
        known_s = [wake_s for wake_s in wakes_s if wake_s is not None]
        if self._limit_s is not None and now_s >= self._limit_s:
            raise VirtualTimeError(f"not done after {self._limit_s:g} s of robot time")
        if self._twin is None:
            if not known_s:
                raise VirtualTimeError(
                    f"deadlock at {now_s:.3f} s: nobody waits for a time, and nothing else happens"
                )
            self._clock.advance_to(min(known_s))
            return
        goal_s = min(known_s, default=now_s + SILENCE_S)
        if not self._run(self._twin, goal_s) and not known_s:
            raise VirtualTimeError(
                f"deadlock at {now_s:.3f} s: nobody waits for a time and the board has been silent for {SILENCE_S:g} s"
            )

    def _run(self, board: SteppedBoard, goal_s: float) -> bool:
        """Run the board until then, or until the host must be told something; whether the board has said anything.

        Telemetry of a twin that nobody waits for is handed over late, but with the clock at the time at which it came:
        nobody can tell the difference, and the loop wakes up a tenth as often.
        """
        offset_s = self._offset_s
        portions: Iterable[tuple[bytes, float]]
        if isinstance(board, Twin):
            board_s = board.advance_to(goal_s - offset_s, telemetry_may_wait=not board.wants_telemetry())
            portions = board.portions()
        else:
            board_s = board.advance_to(goal_s - offset_s)
            portions = ((data, board_s) for data in (board.read(),) if data)
        reached_s = board_s + offset_s
        if goal_s - reached_s < SAME_INSTANT_S:
            reached_s = max(reached_s, goal_s)
        has_spoken = False
        for data, at_s in portions:
            has_spoken = True
            self._clock.advance_to(reached_s if at_s >= board_s else at_s + offset_s)
            if board.receiver:
                board.receiver(data)
        self._clock.advance_to(reached_s)
        return has_spoken

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._files.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._files.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._files.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._files.get_map()

    def close(self) -> None:
        self._files.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in robot time. Work for threads is done at once and in place, so that it takes no robot time."""

    def __init__(
        self, clock: SteppedClock, twin: SteppedBoard | None = None, limit_s: float | None = None
    ) -> None:
        self._robot_clock = clock
        super().__init__(_TwinSelector(clock, twin, limit_s))

    def time(self) -> float:
        return self._robot_clock.now_s()

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - belongs to whoever awaits the work
            future.set_exception(error)
        return future


def run_virtual(
    coroutine: Coroutine[Any, Any, T],
    clock: SteppedClock,
    twin: SteppedBoard | None = None,
    limit_s: float | None = None,
) -> T:
    """Run a coroutine to its end in robot time, as asyncio.run does in wall time; the twin moves along with the clock.

    Bytes of the board go to `twin.receiver` at the robot time at which they have arrived. `limit_s`: robot time after
    which it is called off. Raises VirtualTimeError on a deadlock or at the limit.
    """
    loop = VirtualLoop(clock, twin, limit_s)
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(coroutine)
    finally:
        with contextlib.suppress(VirtualTimeError):  # the first one says what is wrong
            _end_tasks(loop)
        asyncio.set_event_loop(None)
        loop.close()
        if isinstance(twin, Twin):
            twin.show()


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
