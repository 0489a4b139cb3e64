"""rclpy over Zenoh: the embedded runtime, for machines without ROS 2.

The public interface is that of rclpy (Humble to Lyrical); what differs between releases follows
Humble. Served as `rclpy` by `bee_robot.embedded_ros.importer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rclpy import _log_output
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions, install_signal_handlers, uninstall_signal_handlers
from rclpy.task import Future
from rclpy.utilities import (
    get_default_context,
    get_rmw_implementation_identifier,
    ok,
    remove_ros_args,
    timeout_sec_to_nsec,
)
from rclpy.utilities import (
    try_shutdown as _try_shutdown,
)

if TYPE_CHECKING:
    from rclpy.executors import Executor
    from rclpy.node import Node

__all__ = [
    "create_node",
    "get_default_context",
    "get_global_executor",
    "get_rmw_implementation_identifier",
    "init",
    "ok",
    "remove_ros_args",
    "shutdown",
    "spin",
    "spin_once",
    "spin_until_future_complete",
    "timeout_sec_to_nsec",
    "try_shutdown",
]

_global_executor: Executor | None = None
_announced = False


class InitContextManager:
    """What `init` gives: usable in a `with`, which shuts down at its end (Iron and later)."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def __enter__(self) -> InitContextManager:
        return self

    def __exit__(self, *exception: object) -> None:
        try_shutdown(context=self.context)


def init(
    *,
    args: list[str] | None = None,
    context: Context | None = None,
    domain_id: int | None = None,
    signal_handler_options: SignalHandlerOptions | None = None,
) -> InitContextManager:
    """Join the graph with a context (default: the process's one), and handle signals as told.

    Signals are handled for the default context unless `SignalHandlerOptions.NO` is given.
    """
    chosen = get_default_context() if context is None else context
    if signal_handler_options is None:
        is_default = context is None or context is get_default_context()
        signal_handler_options = SignalHandlerOptions.ALL if is_default else SignalHandlerOptions.NO
    chosen.init(args, domain_id=domain_id)
    install_signal_handlers(signal_handler_options)
    _announce()
    return InitContextManager(chosen)


def _announce() -> None:
    """Say once which runtime this is."""
    global _announced
    if not _announced:
        _announced = True
        from rclpy.logging import get_logger

        import bee_robot

        reason = bee_robot.ros_runtime().reason
        get_logger("bee_robot").info(
            f"ROS 2 graph by the embedded runtime ({reason}); BEE_ROS=system demands ROS 2"
        )


def get_global_executor() -> Executor:
    """The executor of `spin` and its kin where none is given."""
    global _global_executor
    if _global_executor is None:
        from rclpy.executors import SingleThreadedExecutor

        _global_executor = SingleThreadedExecutor()
        get_default_context().on_shutdown(_reset_executor)
    return _global_executor


def _reset_executor() -> None:
    global _global_executor
    executor, _global_executor = _global_executor, None
    if executor is not None:
        executor.wake()


def shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """Leave the graph; RuntimeError if that was done before."""
    chosen = get_default_context() if context is None else context
    chosen.shutdown()
    _after_shutdown(chosen, uninstall_handlers)


def try_shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """Leave the graph if that was not done yet."""
    chosen = get_default_context() if context is None else context
    _try_shutdown(context=chosen)
    _after_shutdown(chosen, uninstall_handlers)


def _after_shutdown(context: Context, uninstall_handlers: bool | None) -> None:
    is_default = context is get_default_context()
    if is_default:
        _reset_executor()
    if uninstall_handlers or (uninstall_handlers is None and is_default):
        uninstall_signal_handlers()
    _log_output.flush()


def __getattr__(name: str) -> Any:
    """`rclpy.Parameter`, and submodules (`rclpy.qos`, `rclpy.time`, ...) that nobody has imported yet."""
    import importlib

    if name == "Parameter":
        from rclpy.parameter import Parameter

        return Parameter
    if not name.startswith("_"):
        try:
            return importlib.import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def create_node(node_name: str, **options: Any) -> Node:
    """A node; the options are those of `rclpy.node.Node`."""
    from rclpy.node import Node

    return Node(node_name, **options)


def spin(node: Node, executor: Executor | None = None) -> None:
    """Run the node's callbacks until the context is shut down.

    Raises KeyboardInterrupt on Ctrl-C and ExternalShutdownException on another end of the context,
    where the signals are handled by rclpy.
    """
    chosen = get_global_executor() if executor is None else executor
    try:
        chosen.add_node(node)
        while chosen.context.ok():
            chosen.spin_once()
    finally:
        chosen.remove_node(node)


def spin_once(node: Node, *, executor: Executor | None = None, timeout_sec: float | None = None) -> None:
    """Run one of the node's callbacks, if one is ready within `timeout_sec` (None: without limit)."""
    chosen = get_global_executor() if executor is None else executor
    try:
        chosen.add_node(node)
        chosen.spin_once(timeout_sec=timeout_sec)
    finally:
        chosen.remove_node(node)


def spin_until_future_complete(
    node: Node, future: Future, executor: Executor | None = None, timeout_sec: float | None = None
) -> None:
    """Run the node's callbacks until the future is done or the time is over."""
    chosen = get_global_executor() if executor is None else executor
    try:
        chosen.add_node(node)
        chosen.spin_until_future_complete(future, timeout_sec)
    finally:
        chosen.remove_node(node)
