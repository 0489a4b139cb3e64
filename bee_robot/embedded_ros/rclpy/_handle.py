"""Handles, as code that was written for rclpy's C layer uses them: in a `with`."""

from __future__ import annotations

from rclpy.exceptions import InvalidHandle


class Handle:
    """Valid until its entity is destroyed; entering it after that raises InvalidHandle."""

    __slots__ = ("_is_valid",)

    def __init__(self) -> None:
        self._is_valid = True

    def __enter__(self) -> Handle:
        if not self._is_valid:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing is held that would have to be let go."""

    def destroy_when_not_in_use(self) -> None:
        self._is_valid = False
