"""Guard conditions: a callback that code triggers."""

from __future__ import annotations

from collections.abc import Callable
from types import CoroutineType
from typing import Any

from rclpy._entity import Entity, call_back
from rclpy._handle import Handle


class GuardCondition(Entity):
    """Runs its callback on the executor after `trigger()`."""

    order = 2

    def __init__(self, callback: Callable[[], Any] | None, callback_group: Any, context: Any = None) -> None:
        self.callback = callback
        self._handle = Handle(owner=self)
        self._triggered = False
        self.watcher: Callable[[], None] | None = None
        """Called by `trigger()` too: the waitable that waits for this guard."""
        super().__init__(callback_group)

    def trigger(self) -> None:
        self._triggered = True
        if self.watcher is not None:
            self.watcher()
        self._mark_ready()

    def _has_work(self) -> bool:
        return self._triggered

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        if not self._triggered:
            return None
        self._triggered = False
        return call_back(self.callback) if self.callback is not None else None

    @property
    def handle(self) -> Handle:
        return self._handle

    def destroy(self) -> None:
        self._handle.destroy_when_not_in_use()
        self._set_executor(None)
