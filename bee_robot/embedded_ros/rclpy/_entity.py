"""What an executor runs, and how it is woken."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from os import sched_yield
from time import perf_counter
from types import CoroutineType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rclpy.executors import Executor


_LOOK_OUT_S, _SHORT_S = 200e-6, 250e-6


class WakeSignal:
    """One thread waits; any thread, and signal handlers, may wake it. Cheaper than a Condition.

    Waking a thread that sleeps costs tens of microseconds on another core. So in a quick exchange, where the last wait was
    short, it first looks out for a moment while others may run.
    """

    __slots__ = ("_lock", "_is_set", "_looks_out")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self._is_set = False
        self._looks_out = False

    def set(self) -> None:
        if not self._is_set:
            self._is_set = True
            try:  # noqa: SIM105 - a hot path, and suppress() costs more than the release
                self._lock.release()
            except RuntimeError:
                pass  # another thread woke it in the same moment: it is awake, which is what matters

    def wait(self, timeout_s: float | None) -> None:
        """Wait for `set`, at most `timeout_s` (None: without limit), and clear it."""
        if self._is_set:  # no wait at all: it says nothing about the next one
            self._lock.acquire()
            self._is_set = False
            return
        began_s = perf_counter()
        if self._looks_out and (timeout_s is None or timeout_s > _LOOK_OUT_S):
            while not self._is_set and perf_counter() - began_s < _LOOK_OUT_S:
                sched_yield()
        self._lock.acquire(timeout=-1 if timeout_s is None else min(timeout_s, threading.TIMEOUT_MAX))
        self._is_set = False
        self._looks_out = perf_counter() - began_s < _SHORT_S


class Entity:
    """What an executor runs: something of a node with a callback group and a readiness of its own."""

    order = 5
    """Place among what is ready together: timers, subscriptions, guards, clients, services, others."""
    _queued = False
    _busy = False
    callback_group: Any

    def __init__(self, callback_group: Any) -> None:
        self.callback_group = callback_group
        self._executor_ref: weakref.ref[Executor] | None = None
        if callback_group is not None:
            callback_group.add_entity(self)

    def _has_work(self) -> bool:
        """True if `_execute` would find something."""
        return False

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        """Take one item, if there is one, and call back; a coroutine if the callback is one."""
        raise NotImplementedError("an entity says in its subclass what it does")

    def _mark_ready(self) -> None:
        """Put this entity into its executor's ready queue, unless it is there."""
        if self._queued:
            return
        reference = self._executor_ref
        executor = reference() if reference is not None else None
        if executor is not None:
            self._queued = True
            executor._ready.append(self)
            if (
                executor._runs_in != threading.get_ident()
            ):  # else it looks again anyway, when the callback has ended
                executor._signal.set()

    def _set_executor(self, executor: Executor | None) -> None:
        self._executor_ref = weakref.ref(executor) if executor is not None else None
        self._queued = False
        if executor is not None and self._has_work():
            self._mark_ready()


def call_back(callback: Callable[..., Any], *args: Any) -> CoroutineType[Any, Any, Any] | None:
    """Call; give the coroutine if there is one to go on with."""
    result = callback(*args)
    return result if type(result) is CoroutineType else None
