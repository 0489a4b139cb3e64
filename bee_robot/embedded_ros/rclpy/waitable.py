"""Entities of one's own."""

from __future__ import annotations

from collections.abc import Callable
from types import CoroutineType
from typing import Any

from rclpy._entity import Entity, call_back


class NumberOfEntities:
    """How many of each kind a waitable has."""

    __slots__ = (
        "num_subscriptions",
        "num_guard_conditions",
        "num_timers",
        "num_clients",
        "num_services",
        "num_events",
    )

    def __init__(
        self,
        num_subs: int = 0,
        num_gcs: int = 0,
        num_timers: int = 0,
        num_clients: int = 0,
        num_services: int = 0,
        num_events: int = 0,
    ) -> None:
        self.num_subscriptions = num_subs
        self.num_guard_conditions = num_gcs
        self.num_timers = num_timers
        self.num_clients = num_clients
        self.num_services = num_services
        self.num_events = num_events

    def __add__(self, other: NumberOfEntities) -> NumberOfEntities:
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({', '.join(str(getattr(self, name)) for name in self.__slots__)})>"


class WaitSet:
    """What a waitable of one's own waits for: guard conditions, by their handles.

    Messages and requests come to an executor by entities of the node, not by handles.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._guards: list[Any] = []

    def add_guard_condition(self, handle: Any) -> int:
        """The index under which `is_ready` knows it."""
        guard = handle.owner
        guard.watcher = self._wake
        self._guards.append(guard)
        return len(self._guards) - 1

    def is_ready(self, kind: str, index: int) -> bool:
        """Was the guard condition of this index triggered?"""
        if kind != "guard_condition":
            raise ValueError(f"a wait set here holds guard conditions, no {kind}")
        return bool(self._guards[index]._triggered)

    def clear(self) -> None:
        for guard in self._guards:
            guard._triggered = False


class Waitable(Entity):
    """Something that an executor runs: override `is_ready`, `take_data` and `execute`.

    Waiting is for guard conditions, which `add_to_wait_set` adds; or call `_mark_ready()` when there
    may be something to take.
    """

    def __init__(self, callback_group: Any) -> None:
        super().__init__(callback_group)
        self._wait_set: WaitSet | None = None
        self._futures: list[Any] = []

    def __enter__(self) -> None:
        """Called before waiting, in rclpy."""

    def __exit__(self, *exception: object) -> None:
        """Called after waiting, in rclpy."""

    def add_future(self, future: Any) -> None:
        """Run the callbacks of this future on the executor that runs this waitable."""
        self._futures.append(future)
        if self._executor_ref is not None:
            future._set_executor(self._executor_ref())

    def remove_future(self, future: Any) -> None:
        self._futures.remove(future)

    def is_ready(self, wait_set: Any) -> bool:
        """True if `take_data` would find something."""
        return False

    def take_data(self) -> Any:
        """Take it."""
        return None

    async def execute(self, taken_data: Any) -> None:
        """Work with it."""

    def get_num_entities(self) -> NumberOfEntities:
        """How many entities `add_to_wait_set` adds."""
        return NumberOfEntities()

    def add_to_wait_set(self, wait_set: Any) -> None:
        """Add what this waits for. Called once for each executor."""

    def _set_executor(self, executor: Any) -> None:
        if executor is not None:
            self._wait_set = WaitSet(self._mark_ready)
            self.add_to_wait_set(self._wait_set)
            for future in self._futures:
                future._set_executor(executor)
        super()._set_executor(executor)

    def _has_work(self) -> bool:
        return self._wait_set is not None and self.is_ready(self._wait_set)

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        if not self._has_work():
            return None
        if self._wait_set is not None:
            self._wait_set.clear()
        return call_back(self.execute, self.take_data())

    def destroy(self) -> None:
        self._set_executor(None)
