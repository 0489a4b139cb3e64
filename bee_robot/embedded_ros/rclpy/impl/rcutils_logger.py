"""The logger object of a node."""

from __future__ import annotations

import inspect
import os
from collections import namedtuple
from typing import Any

from rclpy import _log_output
from rclpy.clock import Clock
from rclpy.impl.logging_severity import LoggingSeverity

CallerId = namedtuple("CallerId", ["function_name", "file_path", "line_number", "last_index"])
_OPTIONS = ("throttle_duration_sec", "throttle_time_source_type", "skip_first", "once")
_NO_FILTERS: dict[str, Any] = {}
_SYSTEM_CLOCK = Clock()
_INTERNAL_FILE = os.path.realpath(__file__)


def get_caller_id(frame: Any = None) -> CallerId:
    """Where the code is that logs."""
    if frame is None:
        frame = inspect.currentframe()
        while frame is not None and os.path.realpath(frame.f_code.co_filename) == _INTERNAL_FILE:
            frame = frame.f_back
    return CallerId(frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno, frame.f_lasti)


class _Call:
    """What one logging call in the code remembers: its logger, severity and filters."""

    def __init__(self, name: str, severity: LoggingSeverity, filters: dict[str, Any]) -> None:
        self.name = name
        self.severity = severity
        self.filters = filters
        self.has_been_called = False
        self.has_been_logged_once = False
        self.last_logged_ns = 0

    def require_same(self, name: str, severity: LoggingSeverity, filters: dict[str, Any]) -> None:
        """ValueError if the call has changed."""
        if severity != self.severity:
            raise ValueError("Logger severity cannot be changed between calls.")
        if name != self.name:
            raise ValueError("Logger name cannot be changed between calls.")
        if filters.keys() != self.filters.keys():
            raise ValueError("Requested logging filters cannot be changed between calls.")
        if filters != self.filters:
            raise ValueError("Logging filter parameters cannot be changed between calls.")

    def passes(self) -> bool:
        filters = self.filters
        if "throttle_duration_sec" in filters and not self._passes_throttle():
            return False
        if "skip_first" in filters:
            first, self.has_been_called = not self.has_been_called, True
            if first:
                return False
        if "once" in filters:
            first, self.has_been_logged_once = not self.has_been_logged_once, True
            return first
        return True

    def _passes_throttle(self) -> bool:
        now_ns = self.filters["throttle_time_source_type"].now().nanoseconds
        # A clock that has not begun yet (simulated time 0) lets nothing pass, as in rclpy.
        last_ns = self.last_logged_ns
        if now_ns < last_ns + self.filters["throttle_duration_sec"] * 1e9:
            return False
        self.last_logged_ns = now_ns
        return True


def _filters_from(options: dict[str, Any]) -> dict[str, Any]:
    """The options that are switched on, completed. TypeError or ValueError for what cannot be."""
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        raise TypeError(
            f'parameter "{unknown[0]}" is not one of the recognized logging options "{list(_OPTIONS)}"'
        )
    filters = {name: value for name, value in options.items() if value}
    clock = options.get("throttle_time_source_type")
    if clock is not None and "throttle_duration_sec" not in options:
        raise TypeError(
            'required parameter "throttle_duration_sec" not specified '
            'but is required for the the logging filter "throttle"'
        )
    if "throttle_duration_sec" in filters:
        filters.setdefault("throttle_time_source_type", _SYSTEM_CLOCK)
    if clock is not None and not isinstance(clock, Clock):
        raise ValueError(f'Received throttle_time_source_type of "{clock}" is not a clock instance')
    return filters


def _text(message: Any) -> str:
    """The text of a message; TypeError for what is none, as in rclpy."""
    if isinstance(message, str):
        return message
    if isinstance(message, bytes):
        return message.decode()
    if message is None:
        return "(null)"
    raise TypeError(f"a log message has to be a str, not {type(message).__name__}: {message!r}")


class RcutilsLogger:
    """Logs to console, file and /rosout."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.contexts: dict[CallerId, _Call] = {}

    def get_child(self, name: str) -> RcutilsLogger:
        if not name:
            raise ValueError("Child logger name must not be empty.")
        return RcutilsLogger(f"{self.name}.{name}" if self.name else name)

    def set_level(self, level: LoggingSeverity | int) -> None:
        _log_output.set_level(self.name, LoggingSeverity(level))

    def get_effective_level(self) -> LoggingSeverity:
        return LoggingSeverity(_log_output.effective_level(self.name))

    def is_enabled_for(self, severity: LoggingSeverity | int) -> bool:
        return LoggingSeverity(severity) >= _log_output.effective_level(self.name)

    def log(self, message: Any, severity: LoggingSeverity | int, **options: Any) -> bool:
        """Log a message; True if it was not filtered out.

        Options: `once`, `skip_first`, `throttle_duration_sec`, `throttle_time_source_type` (a
        Clock), and `name` of another logger. They hold for the place in the code, and must be the
        same in each call there. TypeError for other options, or a message that is no text.
        """
        severity = LoggingSeverity(severity)
        if severity < _log_output.effective_level(self.name):
            return False
        name = options.pop("name", self.name)
        filters = _filters_from(options) if options else _NO_FILTERS
        caller = get_caller_id()
        call = self.contexts.get(caller)
        if call is None:
            call = self.contexts[caller] = _Call(name, severity, filters)
        else:
            call.require_same(name, severity, filters)
        if filters and not call.passes():
            return False
        _log_output.write(name, int(severity), _text(message), caller)
        return True

    def debug(self, message: Any, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.DEBUG, **kwargs)

    def info(self, message: Any, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.INFO, **kwargs)

    def warning(self, message: Any, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.WARN, **kwargs)

    def warn(self, message: Any, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.WARN, **kwargs)

    def error(self, message: Any, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.ERROR, **kwargs)

    def fatal(self, message: Any, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.FATAL, **kwargs)
