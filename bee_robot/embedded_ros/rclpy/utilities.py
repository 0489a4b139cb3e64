"""The default context, and other things of the process."""

from __future__ import annotations

import sys
import threading
from typing import Any

from rclpy.context import Context

_default_context: Context | None = None
_lock = threading.Lock()


def get_default_context(*, shutting_down: bool = False) -> Context:
    """The context that everything uses that is given none."""
    global _default_context
    with _lock:
        if _default_context is None:
            _default_context = Context()
        return _default_context


def remove_ros_args(args: list[str] | None = None) -> list[str]:
    """Arguments (default: sys.argv) without what is for ROS."""
    from rclpy._arguments import remove_ros_arguments

    return remove_ros_arguments(list(args if args is not None else sys.argv))


def ok(*, context: Context | None = None) -> bool:
    """True between init and shutdown."""
    return (context or get_default_context()).ok()


def shutdown(*, context: Context | None = None) -> None:
    """Leave the graph; RuntimeError if that was done before."""
    (context or get_default_context()).shutdown()


def try_shutdown(*, context: Context | None = None) -> None:
    """Leave the graph if that was not done yet."""
    (context or get_default_context()).try_shutdown()


def get_rmw_implementation_identifier() -> str:
    """The wire format spoken here."""
    return "rmw_zenoh_cpp"


def get_available_rmw_implementations() -> set[str]:
    return {"rmw_zenoh_cpp"}


def timeout_sec_to_nsec(timeout_sec: Any) -> int:
    """None or a negative number means without limit, which is -1."""
    if timeout_sec is None or timeout_sec < 0:
        return -1
    return int(float(timeout_sec) * 10**9)
