"""Executors: they wait until something is ready, and run its callback.

Readiness is pushed: a subscription, service, client, timer or guard that has something puts itself
into the ready queue of its executor and wakes it. Nothing is polled; an idle executor sleeps until
the next timer is due, or without limit.
"""

from __future__ import annotations

import inspect
import os
import threading
import time as _time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future as ThreadFuture
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rclpy._entity import Entity, WakeSignal
from rclpy.constants import S_TO_NS
from rclpy.context import Context
from rclpy.task import Future, Task

_NEVER = 2**63 - 1
_IDLE_CHECK_S = 0.005


def _order(entity: Entity) -> int:
    return entity.order


class TimeoutException(Exception):
    """Nothing became ready in time."""


class ShutdownException(Exception):
    """The executor was shut down."""


class ExternalShutdownException(Exception):
    """The context was shut down while the executor was spinning."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*(args or ("Context has been shutdown.",)))


class ConditionReachedException(Exception):
    """What was waited for beside callbacks has come."""


class TimeoutObject:
    """A timeout that may be changed while it is in use."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout


async def await_or_execute(callback: Callable[..., Any] | Coroutine[Any, Any, Any], *args: Any) -> Any:
    """Await a coroutine function, or call a plain one."""
    if inspect.iscoroutinefunction(callback):
        return await callback(*args)
    result = callback(*args)  # type: ignore[operator]
    if inspect.iscoroutine(result):
        return await result
    return result


class Executor:
    """Base of the executors."""

    def __init__(self, *, context: Context | None = None) -> None:
        if context is None:
            from rclpy.utilities import get_default_context

            context = get_default_context()
        self._context = context
        self._nodes: set[Any] = set()
        self._nodes_lock = threading.RLock()
        self._ready: deque[Any] = deque()
        self._batch: deque[Any] = deque()
        self._ready_tasks: deque[Task] = deque()
        self._tasks: set[Task] = set()
        self._blocked: list[Any] = []
        self._blocked_lock = threading.Lock()
        self._timers: list[Any] = []
        self._timers_stale = True
        self._signal = WakeSignal()
        self._is_shutdown = False
        self._active = 0
        self._running_threads: set[int] = set()
        self._runs_in = 0
        """The thread that both spins and runs a callback at the moment; 0: none."""
        context.add_waker(self.wake)

    # -- nodes

    @property
    def context(self) -> Context:
        return self._context

    def add_node(self, node: Any) -> bool:
        """Run this node's callbacks; False if the node was here already."""
        with self._nodes_lock:
            if node in self._nodes:
                return False
            self._nodes.add(node)
        node.executor = self
        node._attach_executor(self)
        self._timers_stale = True
        self.wake()
        return True

    def remove_node(self, node: Any) -> None:
        """Run this node's callbacks no more."""
        with self._nodes_lock:
            if node not in self._nodes:
                return
            self._nodes.discard(node)
        node._detach_executor(self)
        self._timers_stale = True
        self.wake()

    def _node_destroyed(self, node: Any) -> None:
        """Called by a node that ends."""
        self.remove_node(node)

    def _runs(self, node: Any) -> bool:
        return node in self._nodes

    def get_nodes(self) -> list[Any]:
        return list(self._nodes)

    def wake(self) -> None:
        """Make a waiting spin look again."""
        self._signal.set()

    def _timers_need_look(self) -> None:
        """A timer was made, reset or cancelled."""
        self._timers_stale = True
        self._signal.set()

    # -- tasks

    def create_task(self, callback: Any, *args: Any, **kwargs: Any) -> Task:
        """Run a function or coroutine on this executor; the returned task is its future."""
        task = Task(callback, args, kwargs, executor=self)
        self._add_task(task)
        return task

    def _add_task(self, task: Task) -> None:
        task._resume = self._resume_task
        self._tasks.add(task)
        self._ready_tasks.append(task)
        self._signal.set()

    def _resume_task(self, task: Task) -> None:
        self._ready_tasks.append(task)
        self._signal.set()

    def _step_task(self, task: Task) -> None:
        task()
        if task.done():
            self._tasks.discard(task)
            if not task.cancelled():
                error = task.exception()
                if error is not None:
                    raise error

    # -- running one thing

    def can_execute(self, entity: Any) -> bool:
        """True if the entity's callback group lets it run now."""
        return not entity._busy and entity.callback_group.can_execute(entity)

    def _run_entity(self, entity: Any) -> None:
        """Take one item from an entity and run its callback. Exceptions go to the caller."""
        entity._queued = False
        if not entity.callback_group._try_to_begin(entity):
            self._block(entity)
            return
        coroutine = None
        try:
            coroutine = entity._execute()
        finally:
            if coroutine is None:
                self._finished(entity)
        if coroutine is not None:
            self._adopt(coroutine, entity)

    def _adopt(self, coroutine: Any, entity: Any) -> None:
        """Go on with a coroutine callback as a task; its group stays taken until it ends."""
        task = Task(coroutine, executor=self)
        task._resume = self._resume_task
        task._at_end = lambda: self._finished(entity)
        self._tasks.add(task)
        self._step_task(task)

    def _finished(self, entity: Any) -> None:
        entity.callback_group.ending_execution(entity)
        if entity._has_work():
            entity._mark_ready()
        if self._blocked:
            with self._blocked_lock:
                blocked, self._blocked = self._blocked, []
            for each in blocked:
                each._queued = False
                each._mark_ready()

    def _block(self, entity: Any) -> None:
        with self._blocked_lock:
            entity._queued = True
            self._blocked.append(entity)
        # The group may have become free before the entity was in the list.
        if entity.callback_group.can_execute(entity):
            with self._blocked_lock:
                if entity not in self._blocked:
                    return
                self._blocked.remove(entity)
            entity._queued = False
            entity._mark_ready()

    # -- waiting

    def _queue_due_timers(self) -> int:
        """Queue timers of running clocks that are due; nanoseconds until the next one."""
        if self._timers_stale:
            self._timers_stale = False
            with self._nodes_lock:
                self._timers = [t for n in self._nodes for t in n._all_timers()]
        next_ns = _NEVER
        for timer in self._timers:
            if timer._queued or timer._canceled or timer._clock.follows_simulation():
                continue
            rest_ns = timer._next_call_ns - timer._clock.now_ns()
            if rest_ns <= 0:
                timer._became_due()
            elif rest_ns < next_ns:
                next_ns = rest_ns
        return next_ns

    def _next_work(self, timeout_s: float | None, stop: Callable[[], bool] | None) -> Any:
        """Wait for the next task or entity to run; None if `stop()` became true.

        Raises TimeoutException, ShutdownException or ExternalShutdownException.
        """
        deadline = None if timeout_s is None or timeout_s < 0 else _time.monotonic() + timeout_s
        context = self._context
        while True:
            if self._is_shutdown:
                raise ShutdownException()
            if not context.ok():
                raise ExternalShutdownException()
            if stop is not None and stop():
                return None
            next_ns = self._queue_due_timers() if self._timers or self._timers_stale else _NEVER
            if self._ready_tasks:
                try:
                    return self._ready_tasks.popleft()
                except IndexError:
                    continue  # another spinning thread took it
            work = self._take_ready()
            if work is not None:
                return work
            self._sleep(next_ns, deadline)

    def wait_for_ready_callbacks(
        self, timeout_sec: float | None = None, *, condition: Callable[[], bool] | None = None
    ) -> tuple[Task, Any, Any]:
        """For executors of one's own: what is ready next, as (handler, entity, node); `handler()` runs it.

        Raises TimeoutException, ShutdownException, ExternalShutdownException, or
        ConditionReachedException if `condition()` became true.
        """
        work = self._next_work(timeout_sec, condition)
        if work is None:
            raise ConditionReachedException()
        handler = Task(self._run, (work,), executor=self)
        if isinstance(work, Task):
            return handler, None, None
        node = next((n for n in self.get_nodes() if work in n._entities()), None)
        return handler, work, node

    def _take_ready(self) -> Any:
        """The next of what is ready, in the order in which rclpy runs what it finds together; None if nothing is."""
        batch, ready = self._batch, self._ready
        try:
            if batch:
                return batch.popleft()
            if len(ready) > 1:
                batch.extend(sorted((ready.popleft() for _ in range(len(ready))), key=_order))
                return batch.popleft()
            return ready.popleft() if ready else None
        except IndexError:
            return None  # another spinning thread took it

    def _run(self, work: Any) -> None:
        """Run what `_next_work` gave."""
        if isinstance(work, Task):
            self._step_task(work)
        else:
            self._run_entity(work)

    def _sleep(self, next_ns: int, deadline: float | None) -> None:
        wait_s = None if next_ns == _NEVER else next_ns / S_TO_NS
        if deadline is not None:
            rest_s = deadline - _time.monotonic()
            if rest_s <= 0:
                raise TimeoutException()
            wait_s = rest_s if wait_s is None else min(wait_s, rest_s)
        self._signal.wait(wait_s)

    # -- spinning

    def spin(self) -> None:
        """Run callbacks until the context or the executor is shut down."""
        while self._context.ok() and not self._is_shutdown:
            self.spin_once()

    def spin_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        """Run callbacks until the future is done, the time is over, or the context is shut down."""
        future._add_waiter(self.wake)
        if timeout_sec is None or timeout_sec < 0:
            while self._context.ok() and not future.done() and not self._is_shutdown:
                self._spin_once_impl(None, future.done)
            return
        deadline = _time.monotonic() + timeout_sec
        rest_s = timeout_sec
        while self._context.ok() and not future.done() and not self._is_shutdown:
            self._spin_once_impl(max(rest_s, 0.0), future.done)
            if future.done():
                return
            rest_s = deadline - _time.monotonic()
            if rest_s <= 0:
                return

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback, at most `timeout_sec` (None: without limit), and run it."""
        self._spin_once_impl(timeout_sec, None)

    def spin_once_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        """Like `spin_once`, but ends at once when the future is done."""
        future._add_waiter(self.wake)
        self._spin_once_impl(timeout_sec, future.done)

    def _spin_once_impl(self, timeout_s: float | None, stop: Callable[[], bool] | None) -> None:
        raise NotImplementedError("an executor decides this in its subclass")

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Stop, and wait for running callbacks; False if they did not end in time."""
        self._is_shutdown = True
        self._signal.set()
        if not self._wait_until_idle(timeout_sec):
            return False
        for node in self.get_nodes():
            self.remove_node(node)
        self._context.remove_waker(self.wake)
        return True

    def _wait_until_idle(self, timeout_s: float | None) -> bool:
        """Wait for running callbacks. From within a callback there is nothing to wait for."""
        deadline = None if timeout_s is None or timeout_s < 0 else _time.monotonic() + timeout_s
        pause = threading.Event()
        while self._active and threading.get_ident() not in self._running_threads:
            if deadline is not None and _time.monotonic() >= deadline:
                return False
            pause.wait(_IDLE_CHECK_S)
        return True

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()

    def __del__(self) -> None:
        context = getattr(self, "_context", None)
        if context is not None:
            context.remove_waker(self.wake)


class SingleThreadedExecutor(Executor):
    """Runs callbacks in the thread that spins."""

    def __init__(self, *, context: Context | None = None) -> None:
        super().__init__(context=context)

    def _spin_once_impl(self, timeout_s: float | None, stop: Callable[[], bool] | None) -> None:
        try:
            work = self._next_work(timeout_s, stop)
        except (ShutdownException, TimeoutException):
            return
        if work is None:
            return
        thread = threading.get_ident()
        outer, self._runs_in = self._runs_in, thread
        self._active += 1
        self._running_threads.add(thread)
        try:
            self._run(work)
        finally:
            self._runs_in = outer
            self._active -= 1
            self._running_threads.discard(thread)


class MultiThreadedExecutor(Executor):
    """Runs callbacks in a pool of threads; callback groups say what may run side by side.

    Without `num_threads` there are as many as processors, but at least two: with one, a callback that
    waits for another would wait for ever. ValueError for zero or less.
    """

    def __init__(self, num_threads: int | None = None, *, context: Context | None = None) -> None:
        super().__init__(context=context)
        if num_threads is None:
            num_threads = max(os.cpu_count() or 2, 2)
        self._executor = ThreadPoolExecutor(num_threads, thread_name_prefix="rclpy")
        self._submitted: list[ThreadFuture[None]] = []
        self._count_lock = threading.Lock()

    def _spin_once_impl(self, timeout_s: float | None, stop: Callable[[], bool] | None) -> None:
        try:
            work = self._next_work(timeout_s, stop)
        except (ShutdownException, TimeoutException):
            work = None
        if work is not None:
            self._submit(work)
        for each in [f for f in self._submitted if f.done()]:
            self._submitted.remove(each)
            each.result()

    def _submit(self, work: Any) -> None:
        with self._count_lock:
            self._active += 1
        future = self._executor.submit(self._run_in_pool, work)
        self._submitted.append(future)
        future.add_done_callback(self._one_ended)

    def _run_in_pool(self, work: Any) -> None:
        thread = threading.get_ident()
        self._running_threads.add(thread)
        try:
            self._run(work)
        finally:
            self._running_threads.discard(thread)
            if work in self._timers:
                self._signal.set()  # who waits has to know when it is due again

    def _one_ended(self, future: ThreadFuture[None]) -> None:
        with self._count_lock:
            self._active -= 1
        if future.exception() is not None:
            self._signal.set()

    def _next_work(self, timeout_s: float | None, stop: Callable[[], bool] | None) -> Any:
        # An error in a pool thread has to end the spin, so it also ends the wait.
        def ends() -> bool:
            return (stop is not None and stop()) or any(_failed(f) for f in self._submitted)

        return super()._next_work(timeout_s, ends)

    def shutdown(self, timeout_sec: float | None = None, *, wait_for_threads: bool = False) -> bool:
        """Stop; with `wait_for_threads`, come back when the pool's threads have ended."""
        ended = super().shutdown(timeout_sec)
        self._executor.shutdown(wait=wait_for_threads)
        return ended


def _failed(future: ThreadFuture[None]) -> bool:
    return future.done() and future.exception() is not None
