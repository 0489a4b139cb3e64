"""Which callbacks of a node may run at the same time."""

from __future__ import annotations

import threading
import weakref
from typing import Any


class CallbackGroup:
    """Base of the groups. An entity belongs to exactly one."""

    def __init__(self) -> None:
        self.entities: set[Any] = set()

    def add_entity(self, entity: Any) -> None:
        self.entities.add(weakref.ref(entity, self.entities.discard))

    def has_entity(self, entity: Any) -> bool:
        return weakref.ref(entity) in self.entities

    def can_execute(self, entity: Any) -> bool:
        """True if a callback of the entity may start now."""
        raise NotImplementedError("a callback group decides this in its subclass")

    def beginning_execution(self, entity: Any) -> bool:
        """Called before a callback starts; False if it may not after all."""
        raise NotImplementedError("a callback group decides this in its subclass")

    def _try_to_begin(self, entity: Any) -> bool:
        """Both questions in one, for the executor."""
        return self.can_execute(entity) and self.beginning_execution(entity)

    def ending_execution(self, entity: Any) -> None:
        """Called when a callback has ended."""
        raise NotImplementedError("a callback group decides this in its subclass")


class ReentrantCallbackGroup(CallbackGroup):
    """Callbacks may run at any time, with themselves too."""

    def can_execute(self, entity: Any) -> bool:
        return True

    def beginning_execution(self, entity: Any) -> bool:
        return True

    def ending_execution(self, entity: Any) -> None:
        pass


class MutuallyExclusiveCallbackGroup(CallbackGroup):
    """One callback at a time; a coroutine counts until it has ended, also while it waits."""

    def __init__(self) -> None:
        super().__init__()
        self._active_entity: Any = None
        self._lock = threading.Lock()

    def can_execute(self, entity: Any) -> bool:
        assert weakref.ref(entity) in self.entities
        return self._active_entity is None

    def beginning_execution(self, entity: Any) -> bool:
        with self._lock:
            if self._active_entity is None:
                self._active_entity = entity
                return True
        return False

    def _try_to_begin(self, entity: Any) -> bool:
        if type(self) is not MutuallyExclusiveCallbackGroup:  # whoever derives from it has a say
            return super()._try_to_begin(entity)
        with self._lock:
            if self._active_entity is not None:
                return False
            self._active_entity = entity
            return True

    def ending_execution(self, entity: Any) -> None:
        with self._lock:
            assert self._active_entity is entity
            self._active_entity = None
