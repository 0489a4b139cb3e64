"""Time spans of nanosecond resolution."""

from __future__ import annotations

from typing import Any

from rclpy.constants import S_TO_NS

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


class Duration:
    """A span of time, negative ones too. OverflowError if it does not fit 64-bit nanoseconds."""

    __slots__ = ("_nanoseconds",)

    def __init__(self, *, seconds: float = 0, nanoseconds: float = 0) -> None:
        total = int(seconds * S_TO_NS) + int(nanoseconds)
        if not _INT64_MIN <= total <= _INT64_MAX:
            raise OverflowError("Total nanoseconds value is too large to store in C duration.")
        self._nanoseconds = total

    @property
    def nanoseconds(self) -> int:
        return self._nanoseconds

    def __repr__(self) -> str:
        return f"Duration(nanoseconds={self._nanoseconds})"

    def __str__(self) -> str:
        if self == Infinite:
            return "Infinite"
        return f"{self._nanoseconds} nanoseconds"

    def _comparable(self, other: object) -> int:
        if not isinstance(other, Duration):
            raise TypeError(f"Can't compare duration with object of type: {type(other)}")
        return other._nanoseconds

    def __eq__(self, other: object) -> bool:
        return self._nanoseconds == self._comparable(other)

    def __ne__(self, other: object) -> bool:
        return self._nanoseconds != self._comparable(other)

    def __lt__(self, other: object) -> bool:
        return self._nanoseconds < self._comparable(other)

    def __le__(self, other: object) -> bool:
        return self._nanoseconds <= self._comparable(other)

    def __gt__(self, other: object) -> bool:
        return self._nanoseconds > self._comparable(other)

    def __ge__(self, other: object) -> bool:
        return self._nanoseconds >= self._comparable(other)

    __hash__ = None  # type: ignore[assignment]

    def to_msg(self) -> Any:
        """As `builtin_interfaces.msg.Duration`."""
        from builtin_interfaces.msg import Duration as DurationMessage

        seconds, nanoseconds = divmod(self._nanoseconds, S_TO_NS)
        return DurationMessage(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: Any) -> Duration:
        from builtin_interfaces.msg import Duration as DurationMessage

        if not isinstance(msg, DurationMessage):
            raise TypeError("Must pass a builtin_interfaces.msg.Duration object")
        return cls(seconds=msg.sec, nanoseconds=msg.nanosec)

    def get_c_duration(self) -> int:
        """The nanoseconds; rclpy gives an object of its C layer here."""
        return self._nanoseconds


Infinite = Duration(nanoseconds=_INT64_MAX)
