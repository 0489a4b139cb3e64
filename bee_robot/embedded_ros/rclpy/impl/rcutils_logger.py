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
_OPTIONS = frozenset({"once", "skip_first", "throttle_duration_sec", "throttle_time_source_type"})
_INTERNAL_FILE = os.path.realpath(__file__)


def get_caller_id(frame: Any = None) -> CallerId:
    """Where the code is that logs."""
    if frame is None:
        frame = inspect.currentframe()
        while frame is not None and os.path.realpath(frame.f_code.co_filename) == _INTERNAL_FILE:
            frame = frame.f_back
    return CallerId(frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno, frame.f_lasti)


class _Filter:
    """What one logging call with options remembers."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.has_been_called = False
        self.has_been_logged_once = False
        self.last_logged_ns = 0

    def passes(self) -> bool:
        options = self.options
        if "throttle_duration_sec" in options and not self._passes_throttle():
            return False
        if options.get("skip_first"):
            first, self.has_been_called = not self.has_been_called, True
            if first:
                return False
        if options.get("once"):
            first, self.has_been_logged_once = not self.has_been_logged_once, True
            return first
        return True

    def _passes_throttle(self) -> bool:
        clock = self.options.get("throttle_time_source_type") or Clock()
        now_ns = clock.now().nanoseconds
        # A clock that has not begun yet (simulated time 0) lets nothing pass, as in rclpy.
        last_ns = self.last_logged_ns
        if last_ns <= now_ns < last_ns + self.options["throttle_duration_sec"] * 1e9:
            return False
        self.last_logged_ns = now_ns
        return True


class RcutilsLogger:
    """Logs to console, file and /rosout."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.contexts: dict[CallerId, tuple[LoggingSeverity, _Filter]] = {}

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
        Clock). They hold for the place in the code, and must be the same in each call there.
        """
        severity = LoggingSeverity(severity)
        unknown = set(options) - _OPTIONS
        if unknown:
            raise TypeError(f"parameter '{sorted(unknown)[0]}' is not one of the recognized logging options")
        if "throttle_time_source_type" in options and "throttle_duration_sec" not in options:
            raise TypeError(
                "required parameter 'throttle_duration_sec' not specified for throttle_time_source_type"
            )
        enabled = severity >= _log_output.effective_level(self.name)
        if not options and not enabled:
            return False
        caller = get_caller_id()
        if not self._passes_filters(caller, severity, options) or not enabled:
            return False
        _log_output.write(self.name, int(severity), str(message), caller)
        return True

    def _passes_filters(self, caller: CallerId, severity: LoggingSeverity, options: dict[str, Any]) -> bool:
        known = self.contexts.get(caller)
        if known is None:
            known = self.contexts[caller] = (severity, _Filter(dict(options)))
        first_severity, remembered = known
        if first_severity != severity:
            raise ValueError("Logger severity cannot be changed between calls.")
        if remembered.options != options:
            raise ValueError("Requested logging filter parameters cannot be changed between calls.")
        return remembered.passes() if options else True

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
