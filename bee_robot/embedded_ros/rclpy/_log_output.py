"""Where log messages go: console, file, /rosout; and which levels count."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

_NAMES = {10: "DEBUG", 20: "INFO", 30: "WARN", 40: "ERROR", 50: "FATAL"}
_COLOURS = {10: "\033[32m", 30: "\033[33m", 40: "\033[31m", 50: "\033[31m"}
_DEFAULT_FORMAT = "[{severity}] [{time}] [{name}]: {message}"
_INFO = 20

levels: dict[str, int] = {}
"""Level by logger name; the name "" is the root."""

_effective: dict[str, int] = {}
_rosout: dict[str, Callable[[str, int, str, Any, int], None]] = {}
_lock = threading.Lock()
_enabled = {"stdout-logs": True, "rosout-logs": True, "external-lib-logs": True}
_file: TextIO | None = None
_file_failed = False


def configure(arguments: Any) -> None:
    """Apply `--log-level` and the switches of a context's arguments."""
    for name, text in arguments.log_levels.items():
        set_level(name, severity_from_text(text))
    _enabled.update(arguments.switches)


def severity_from_text(text: str) -> int:
    for number, name in _NAMES.items():
        if name == text.upper():
            return number
    if text.upper() == "UNSET":
        return 0
    raise RuntimeError(f"failed to get log severity from {text!r}: use debug, info, warn, error or fatal")


def set_level(name: str, level: int) -> None:
    with _lock:
        levels[name] = int(level)
        _effective.clear()


def clear_levels() -> None:
    """Forget all levels."""
    with _lock:
        levels.clear()
        _effective.clear()


def effective_level(name: str) -> int:
    """Own level, or that of the nearest dotted parent, or of the root (default INFO)."""
    if not _effective and not levels:
        return _INFO
    known = _effective.get(name)
    if known is None:
        known = _effective[name] = _find_level(name)
    return known


def _find_level(name: str) -> int:
    while name:
        level = levels.get(name, 0)
        if level:
            return level
        name = name.rpartition(".")[0]
    return levels.get("", _INFO)


def add_rosout(name: str, publish: Callable[[str, int, str, Any, int], None]) -> None:
    """Messages of logger `name` and its children also go to `publish(name, severity, text, caller, time_ns)`."""
    _rosout[name] = publish


def remove_rosout(name: str, publish: Callable[[str, int, str, Any, int], None]) -> None:
    if _rosout.get(name) == publish:
        del _rosout[name]


def write(name: str, severity: int, message: str, caller: Any) -> None:
    """Write a message that has passed all filters."""
    now_ns = time.time_ns()
    line = _formatted(name, severity, message, caller, now_ns)
    if _enabled["stdout-logs"]:
        _to_console(line, severity)
    if _enabled["external-lib-logs"]:
        _to_file(line)
    if _enabled["rosout-logs"] and _rosout:
        _to_rosout(name, severity, message, caller, now_ns)


def _formatted(name: str, severity: int, message: str, caller: Any, now_ns: int) -> str:
    pattern = os.environ.get("RCUTILS_CONSOLE_OUTPUT_FORMAT", _DEFAULT_FORMAT)
    seconds, rest = divmod(now_ns, 10**9)
    if pattern == _DEFAULT_FORMAT:
        return f"[{_NAMES[severity]}] [{seconds}.{rest:09d}] [{name}]: {message}"
    values = {
        "severity": _NAMES[severity],
        "name": name,
        "function_name": caller.function_name,
        "file_name": caller.file_path,
        "short_file_name": os.path.basename(caller.file_path),
        "line_number": str(caller.line_number),
        "time": f"{seconds}.{rest:09d}",
        "time_as_nanoseconds": str(now_ns),
        "date_time_with_ms": datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")
        + f".{rest // 10**6:03d}",
    }
    for key, value in values.items():
        pattern = pattern.replace("{" + key + "}", value)
    return pattern.replace("{message}", message)


def _to_console(line: str, severity: int) -> None:
    stream = sys.stdout if os.environ.get("RCUTILS_LOGGING_USE_STDOUT") == "1" else sys.stderr
    if stream is None:
        return
    coloured = os.environ.get("RCUTILS_COLORIZED_OUTPUT")
    if coloured == "1" or (coloured is None and stream.isatty()):
        line = f"{_COLOURS.get(severity, '')}{line}\033[0m"
    try:
        stream.write(f"{line}\n")
        stream.flush()
    except (BrokenPipeError, ValueError):
        return  # whoever read our output has gone; file and /rosout still have the message


def log_directory() -> Path:
    """ROS_LOG_DIR, ROS_HOME/log, or ~/.ros/log."""
    given = os.environ.get("ROS_LOG_DIR")
    if given:
        return Path(given).expanduser()
    home = os.environ.get("ROS_HOME")
    return (Path(home).expanduser() if home else Path.home() / ".ros") / "log"


def _to_file(line: str) -> None:
    global _file, _file_failed
    if _file is None:
        if _file_failed:
            return
        program = Path(sys.argv[0] or "python").name or "python"
        try:
            directory = log_directory()
            directory.mkdir(parents=True, exist_ok=True)
            name = f"{program}_{os.getpid()}_{time.time_ns() // 10**6}.log"
            _file = (directory / name).open("a", encoding="utf-8")
        except OSError as error:
            _file_failed = True
            sys.stderr.write(f"no log file: {error} (ROS_LOG_DIR says where log files go)\n")
            return
    with _lock:
        _file.write(f"{line}\n")
        _file.flush()


def _to_rosout(name: str, severity: int, message: str, caller: Any, now_ns: int) -> None:
    owner = name
    while owner:
        publish = _rosout.get(owner)
        if publish is not None:
            publish(name, severity, message, caller, now_ns)
            return
        owner = owner.rpartition(".")[0]


def flush() -> None:
    if _file is not None:
        _file.flush()
