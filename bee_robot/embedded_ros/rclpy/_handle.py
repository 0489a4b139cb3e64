"""Handles, as code that was written for rclpy's C layer uses them: in a `with`, and to poll."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.exceptions import InvalidHandle


class Handle:
    """Valid until its entity is destroyed; entering it after that raises InvalidHandle.

    `take_message(msg_type, raw)` of a subscription gives the next message and its info, or None.
    `owner` is the entity, where wait sets need to know it.
    """

    __slots__ = ("_is_valid", "take_message", "owner")

    def __init__(self, take_message: Callable[[Any, bool], Any] | None = None, owner: Any = None) -> None:
        self._is_valid = True
        self.owner = owner
        if take_message is not None:
            self.take_message = take_message

    def require_valid(self) -> None:
        if not self._is_valid:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")

    def __enter__(self) -> Handle:
        self.require_valid()
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing is held that would have to be let go."""

    def destroy_when_not_in_use(self) -> None:
        self._is_valid = False
