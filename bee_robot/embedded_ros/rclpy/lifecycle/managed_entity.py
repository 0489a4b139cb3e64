"""Entities that follow the transitions of their node."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from rclpy.lifecycle._machine import LifecycleState, TransitionCallbackReturn

_SUCCESS = TransitionCallbackReturn.SUCCESS


class ManagedEntity:
    """Override what the entity has to do in a transition."""

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return _SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return _SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        return _SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return _SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return _SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        return _SUCCESS


class SimpleManagedEntity(ManagedEntity):
    """An entity that is on while its node is active."""

    def __init__(self) -> None:
        self._enabled = False

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._enabled = True
        return _SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._enabled = False
        return _SUCCESS

    @property
    def is_activated(self) -> bool:
        return self._enabled

    @staticmethod
    def when_enabled(wrapped: Any = None, *, when_not_enabled: Callable[..., Any] | None = None) -> Any:
        """Decorator: the method does something only while the entity is on, otherwise `when_not_enabled()`."""

        def decorator(method: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(method)
            def only_when_enabled(self: Any, *args: Any, **kwargs: Any) -> Any:
                if self._enabled:
                    return method(self, *args, **kwargs)
                if when_not_enabled is not None:
                    when_not_enabled()
                return None

            return only_when_enabled

        return decorator if wrapped is None else decorator(wrapped)
