"""Loggers: get one, set its level."""

from __future__ import annotations

from pathlib import Path

from rclpy import _log_output
from rclpy.impl.logging_severity import LoggingSeverity
from rclpy.impl.rcutils_logger import RcutilsLogger

_root_logger = RcutilsLogger()


def get_logger(name: str) -> RcutilsLogger:
    """The logger of that name; a child of its dotted parents."""
    if not name:
        raise ValueError("Logger name must not be empty.")
    return _root_logger.get_child(name)


def initialize() -> None:
    """Logging needs no preparation here."""


def shutdown() -> None:
    """Write out what is buffered."""
    _log_output.flush()


def clear_config() -> None:
    """Forget all levels."""
    _log_output.clear_levels()


def set_logger_level(name: str, level: LoggingSeverity | int, detailed_error: bool = False) -> None:
    _log_output.set_level(name, LoggingSeverity(level))


def get_logger_level(name: str) -> LoggingSeverity:
    """The level set for exactly this logger; UNSET if there is none."""
    return LoggingSeverity(_log_output.levels.get(name, LoggingSeverity.UNSET))


def get_logger_effective_level(name: str) -> LoggingSeverity:
    """The level that counts: its own, or that of the nearest parent that has one."""
    return LoggingSeverity(_log_output.effective_level(name))


def get_logging_severity_from_string(log_severity: str) -> LoggingSeverity:
    """RuntimeError if there is no such severity."""
    return LoggingSeverity(_log_output.severity_from_text(log_severity))


def get_logging_directory() -> Path:
    """Where log files go: ROS_LOG_DIR, ROS_HOME/log, or ~/.ros/log."""
    return _log_output.log_directory()
