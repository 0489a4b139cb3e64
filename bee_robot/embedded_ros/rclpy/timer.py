"""Timers on a node's clock, and rates."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import CoroutineType
from typing import Any

from rclpy._entity import Entity, call_back
from rclpy._handle import Handle
from rclpy.clock import Clock
from rclpy.exceptions import ROSInterruptException, TimerCancelledError

_NEVER = 2**63 - 1


class Timer(Entity):
    """Calls back every `timer_period_ns` of its clock. Calls that were missed are left out."""

    order = 0

    def __init__(
        self,
        callback: Callable[..., Any] | None,
        callback_group: Any,
        timer_period_ns: int,
        clock: Clock,
        *,
        context: Any = None,
        autostart: bool = True,
    ) -> None:
        if timer_period_ns < 0:
            raise ValueError(f"timer period must not be negative, got {timer_period_ns} ns")
        self.callback = callback
        self._clock = clock
        self._handle = Handle()
        self._period_ns = int(timer_period_ns)
        self._canceled = not autostart
        self._last_call_ns = clock.now_ns()
        self._next_call_ns = self._last_call_ns + self._period_ns if autostart else _NEVER
        super().__init__(callback_group)
        clock._add_timer(self)

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def handle(self) -> Handle:
        return self._handle

    @property
    def timer_period_ns(self) -> int:
        return self._period_ns

    @timer_period_ns.setter
    def timer_period_ns(self, value: int) -> None:
        self._period_ns = int(value)
        if not self._canceled:
            self._next_call_ns = self._last_call_ns + self._period_ns
        self._reschedule()

    def is_ready(self) -> bool:
        return not self._canceled and self._clock.now_ns() >= self._next_call_ns

    def is_canceled(self) -> bool:
        return self._canceled

    def cancel(self) -> None:
        self._canceled = True
        self._next_call_ns = _NEVER
        self._reschedule()

    def reset(self) -> None:
        """Start a whole period from now; a cancelled timer runs again."""
        self._canceled = False
        self._next_call_ns = self._clock.now_ns() + self._period_ns
        self._reschedule()

    def time_since_last_call(self) -> int:
        return self._clock.now_ns() - self._last_call_ns

    def time_until_next_call(self) -> int | None:
        """Nanoseconds, negative when overdue; None for a cancelled timer."""
        return None if self._canceled else self._next_call_ns - self._clock.now_ns()

    def call(self) -> None:
        """Account for a call now, as the executor does before the callback."""
        if self._canceled:
            raise TimerCancelledError("Timer is canceled")
        self._advance()

    def _advance(self) -> None:
        now_ns = self._clock.now_ns()
        self._last_call_ns = now_ns
        next_ns = self._next_call_ns + self._period_ns
        if next_ns < now_ns:
            if self._period_ns == 0:
                next_ns = now_ns
            else:
                next_ns += (1 + (now_ns - next_ns) // self._period_ns) * self._period_ns
        self._next_call_ns = next_ns
        self._clock._timers_changed()

    def _reschedule(self) -> None:
        self._clock._timers_changed()
        executor = self._executor_ref() if self._executor_ref is not None else None
        if executor is not None:
            executor._timers_need_look()
            if self._clock.follows_simulation() and self._has_work():
                self._mark_ready()

    def _became_due(self) -> None:
        """Called by the clock or the executor."""
        self._mark_ready()

    def _clock_went_back(self, now_ns: int) -> None:
        if now_ns < self._last_call_ns and not self._canceled:
            self._last_call_ns = now_ns
            self._next_call_ns = now_ns + self._period_ns

    def _clock_source_changed(self, before_ns: int, after_ns: int) -> None:
        """Keep what was left until the next call."""
        if not self._canceled:
            left_ns = max(self._next_call_ns - before_ns, 0)
            self._last_call_ns = after_ns
            self._next_call_ns = after_ns + min(left_ns, self._period_ns)

    def _has_work(self) -> bool:
        return not self._canceled and self._clock.now_ns() >= self._next_call_ns

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        if not self._has_work():
            return None
        self._advance()
        callback = self.callback
        return call_back(callback) if callback is not None else None

    def _set_executor(self, executor: Any) -> None:
        super()._set_executor(executor)
        self._clock._timers_changed()

    def destroy(self) -> None:
        self._handle.destroy_when_not_in_use()
        self._canceled = True
        self._next_call_ns = _NEVER
        self._clock._remove_timer(self)
        self._set_executor(None)


class Rate:
    """Sleeps through the rest of a period. Another thread has to spin the node."""

    def __init__(self, timer: Timer, *, context: Any) -> None:
        self._timer = timer
        self._context = context
        self._condition = threading.Condition()
        self._ticks = 0
        self._destroyed = False
        timer.callback = self._tick
        context.on_shutdown(self._interrupt)

    def _tick(self) -> None:
        with self._condition:
            self._ticks += 1
            self._condition.notify_all()

    def _interrupt(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def destroy(self) -> None:
        self._destroyed = True
        self._interrupt()
        self._timer.destroy()

    def sleep(self) -> None:
        """Until the next tick; ROSInterruptException if the context or the rate ended."""
        if not self._context.ok():
            raise ROSInterruptException()
        if self._destroyed:
            raise RuntimeError("Rate cannot sleep because it has been destroyed")
        with self._condition:
            seen = self._ticks
            self._condition.wait_for(lambda: self._ticks != seen or self._destroyed or not self._context.ok())
        if not self._context.ok() or self._destroyed:
            raise ROSInterruptException()
