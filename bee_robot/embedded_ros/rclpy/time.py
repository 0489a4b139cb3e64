"""Points in time of nanosecond resolution."""

from __future__ import annotations

from typing import Any

from rclpy.clock_type import ClockType
from rclpy.constants import S_TO_NS
from rclpy.duration import Duration

_INT64_MAX = 2**63 - 1


class Time:
    """A point in time on a clock of some type; times of different clock types do not mix."""

    __slots__ = ("_clock_type", "_nanoseconds")

    def __init__(
        self, *, seconds: float = 0, nanoseconds: float = 0, clock_type: ClockType = ClockType.SYSTEM_TIME
    ) -> None:
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        if seconds < 0:
            raise ValueError("Seconds value must not be negative")
        if nanoseconds < 0:
            raise ValueError("Nanoseconds value must not be negative")
        total = int(seconds * S_TO_NS) + int(nanoseconds)
        if total > _INT64_MAX:
            raise OverflowError("Total nanoseconds value is too large to store in C time point.")
        self._nanoseconds = total
        self._clock_type = clock_type

    @property
    def nanoseconds(self) -> int:
        return self._nanoseconds

    @property
    def clock_type(self) -> ClockType:
        return self._clock_type

    def seconds_nanoseconds(self) -> tuple[int, int]:
        """Whole seconds and the nanoseconds beyond them."""
        return (self._nanoseconds // S_TO_NS, self._nanoseconds % S_TO_NS)

    def __repr__(self) -> str:
        return f"Time(nanoseconds={self._nanoseconds}, clock_type={self._clock_type.name})"

    def __add__(self, other: Duration) -> Time:
        if isinstance(other, Duration):
            return self._shifted(other.nanoseconds, "addition")
        return NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Time | Duration) -> Any:
        if isinstance(other, Time):
            self._require_same_clock(other, "subtract")
            return Duration(nanoseconds=self._nanoseconds - other._nanoseconds)
        if isinstance(other, Duration):
            return self._shifted(-other.nanoseconds, "subtraction")
        return NotImplemented

    def _shifted(self, by_ns: int, what: str) -> Time:
        try:
            return Time(nanoseconds=self._nanoseconds + by_ns, clock_type=self._clock_type)
        except OverflowError as error:
            raise OverflowError(f"{what.capitalize()} leads to overflow in C storage.") from error
        except ValueError as error:
            raise ValueError(f"{what.capitalize()} leads to negative time") from error

    def _require_same_clock(self, other: Time, what: str) -> None:
        if self._clock_type != other._clock_type:
            raise TypeError(f"Can't {what} times with different clock types")

    def _comparable(self, other: object) -> int:
        """The nanoseconds of a time that can be compared with this; TypeError for anything else."""
        if not isinstance(other, Time):
            raise TypeError(f"Can't compare time with object of type: {type(other)}")
        self._require_same_clock(other, "compare")
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
        """As `builtin_interfaces.msg.Time`."""
        from builtin_interfaces.msg import Time as TimeMessage

        seconds, nanoseconds = self.seconds_nanoseconds()
        return TimeMessage(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: Any, clock_type: ClockType = ClockType.ROS_TIME) -> Time:
        from builtin_interfaces.msg import Time as TimeMessage

        if not isinstance(msg, TimeMessage):
            raise TypeError("Must pass a builtin_interfaces.msg.Time object")
        return cls(seconds=msg.sec, nanoseconds=msg.nanosec, clock_type=clock_type)
