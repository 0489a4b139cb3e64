"""Futures, and the tasks that an executor runs."""

from __future__ import annotations

import inspect
import sys
import threading
import traceback
import warnings
import weakref
from collections.abc import Callable, Generator
from typing import Any


class Future:
    """An outcome that comes later. Can be awaited in a coroutine that an executor runs."""

    def __init__(self, *, executor: Any = None) -> None:
        self._done = False
        self._cancelled = False
        self._result: Any = None
        self._exception: BaseException | None = None
        self._exception_fetched = False
        self._callbacks: list[Callable[[Any], Any]] = []
        # Called at once where the outcome is set, not through the executor: wakes waiting tasks.
        self._waiters: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._executor: Any = None
        if executor is not None:
            self._set_executor(executor)

    def __del__(self) -> None:
        if self._exception is not None and not self._exception_fetched:
            sys.stderr.write(f"The following exception was never retrieved: {self._exception}\n")

    def __await__(self) -> Generator[Any, None, Any]:
        while not self._done:
            yield self
        return self.result()

    def cancel(self) -> None:
        """Mark the future as cancelled and run its done callbacks.

        As in Humble it is not done then: whoever awaits it, or spins until it is done, goes on waiting.
        """
        with self._lock:
            if not self._done:
                self._cancelled = True
        self._run_callbacks()

    def cancelled(self) -> bool:
        return self._cancelled

    def done(self) -> bool:
        """True if there is a result or an exception."""
        return self._done

    def result(self) -> Any:
        """The result, None if there is none yet; raises the exception if that is the outcome."""
        if self._exception is not None:
            raise self.exception()  # type: ignore[misc]
        return self._result

    def exception(self) -> BaseException | None:
        self._exception_fetched = True
        return self._exception

    def set_result(self, result: Any) -> None:
        with self._lock:
            self._result = result
            self._done = True
            self._cancelled = False
        self._announce()

    def set_exception(self, exception: BaseException) -> None:
        with self._lock:
            self._exception = exception
            self._exception_fetched = False
            self._done = True
            self._cancelled = False
        self._announce()

    def _announce(self) -> None:
        with self._lock:
            waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter()
        self._run_callbacks()

    def _run_callbacks(self) -> None:
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
        executor = self._executor() if self._executor is not None else None
        for callback in callbacks:
            self._invoke(callback, executor)

    def _invoke(self, callback: Callable[[Any], Any], executor: Any) -> None:
        if executor is not None:
            executor.create_task(callback, self)
            return
        try:
            callback(self)
        except Exception as error:  # noqa: BLE001 - user code may raise anything
            # Nobody could receive it: the callback runs wherever the outcome was set.
            warnings.warn(f"Unhandled exception in done callback: {error}", stacklevel=2)
            traceback.print_exc()

    def _set_executor(self, executor: Any) -> None:
        self._executor = weakref.ref(executor) if executor is not None else None

    def add_done_callback(self, callback: Callable[[Any], Any]) -> None:
        """`callback(future)` runs once the future is done: on the executor if there is one."""
        with self._lock:
            if not self._done:
                self._callbacks.append(callback)
                return
        self._invoke(callback, self._executor() if self._executor is not None else None)

    def remove_done_callback(self, callback: Callable[[Any], Any]) -> bool:
        """True if the callback was there."""
        with self._lock:
            if callback not in self._callbacks:
                return False
            self._callbacks.remove(callback)
            return True

    def _add_waiter(self, waiter: Callable[[], None]) -> None:
        with self._lock:
            if not self._done:
                self._waiters.append(waiter)
                return
        waiter()


class Task(Future):
    """A function or coroutine that an executor runs; the result becomes the future's.

    A coroutine that waits for a future is resumed when that future is done, and not before.
    Cancelling only marks a task, as in Humble: its coroutine runs on, and its end is the outcome.
    """

    def __init__(
        self,
        handler: Any,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        executor: Any = None,
    ) -> None:
        super().__init__(executor=executor)
        self._args = args or ()
        self._kwargs = kwargs or {}
        if inspect.iscoroutinefunction(handler):
            handler = handler(*self._args, **self._kwargs)
            self._args, self._kwargs = (), {}
        self._handler: Any = handler
        self._executing = False
        self._task_lock = threading.Lock()
        self._resume: Callable[[Task], None] | None = None
        self._at_end: Callable[[], None] | None = None

    def __call__(self) -> None:
        """Run, or run on, until the task ends or waits."""
        if self._done or self._executing or not self._task_lock.acquire(blocking=False):
            return
        try:
            if self._done:
                return
            self._executing = True
            self._step()
        finally:
            self._executing = False
            self._task_lock.release()

    def _step(self) -> None:
        awaited: Any = None
        try:
            if inspect.iscoroutine(self._handler):
                awaited = self._handler.send(None)
            else:
                result = self._handler(*self._args, **self._kwargs)
                if not inspect.iscoroutine(result):
                    self._finish(result)
                    return
                self._handler = result
                awaited = result.send(None)
        except StopIteration as stop:
            self._finish(stop.value)
            return
        except Exception as error:  # noqa: BLE001 - the outcome of the task, whatever it is
            self._finish(error=error)
            return
        self._wait_for(awaited)

    def _wait_for(self, awaited: Any) -> None:
        resume = self._resume
        if resume is None:
            return
        if isinstance(awaited, Future):
            awaited._add_waiter(lambda: resume(self))
        else:
            resume(self)

    def _finish(self, result: Any = None, error: BaseException | None = None) -> None:
        self._handler = None
        self._args, self._kwargs = (), {}
        at_end, self._at_end = self._at_end, None
        if at_end is not None:
            at_end()
        if error is not None:
            self.set_exception(error)
        else:
            self.set_result(result)

    def executing(self) -> bool:
        """True while some thread runs the task."""
        return self._executing
