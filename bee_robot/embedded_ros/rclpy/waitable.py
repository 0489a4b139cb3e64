"""Entities of one's own."""

from __future__ import annotations

from types import CoroutineType
from typing import Any

from rclpy.executors import Entity, call_back


class NumberOfEntities:
    """How many of each kind a waitable has; kept for code that names it."""

    def __init__(
        self,
        num_subs: int = 0,
        num_gcs: int = 0,
        num_timers: int = 0,
        num_clients: int = 0,
        num_services: int = 0,
    ) -> None:
        self.num_subscriptions = num_subs
        self.num_guard_conditions = num_gcs
        self.num_timers = num_timers
        self.num_clients = num_clients
        self.num_services = num_services


class Waitable(Entity):
    """Something that an executor runs: override `is_ready`, `take_data` and `execute`.

    There are no wait sets here: call `_mark_ready()` when there may be something to take.
    """

    def __init__(self, callback_group: Any) -> None:
        super().__init__(callback_group)

    def is_ready(self, wait_set: Any) -> bool:
        """True if `take_data` would find something."""
        return False

    def take_data(self) -> Any:
        """Take it."""
        return None

    async def execute(self, taken_data: Any) -> None:
        """Work with it."""

    def _has_work(self) -> bool:
        return self.is_ready(None)

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        return call_back(self.execute, self.take_data())

    def destroy(self) -> None:
        self._set_executor(None)
