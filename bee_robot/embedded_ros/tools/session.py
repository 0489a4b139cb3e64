"""The node that a tool looks at the graph with."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bee_robot import ros_runtime
from bee_robot.embedded_ros.tools.verb import PROGRAM, ToolError

SPIN_TIME_S = 0.5
LONELY_WAIT_S = 3.0  # for the first other node: through routers, or on a busy machine, discovery takes longer
SERVICE_WAIT_S = 5.0
_SLICE_S = 0.05


class Session:
    """A hidden node, with ways to run its callbacks until something is so."""

    def __init__(self, node: Any, executor: Any, spin_time_s: float) -> None:
        self.node = node
        self._executor = executor
        self.spin_time_s = spin_time_s

    def spin_until(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Run callbacks until `condition()` holds; False if it does not within `timeout_s` (None: no limit)."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not condition():
            rest_s = _SLICE_S if deadline_s is None else deadline_s - time.monotonic()
            if rest_s <= 0:
                return False
            # Short slices: Ctrl-C is noticed between them, and so is a change of the graph.
            self._executor.spin_once(timeout_sec=min(rest_s, _SLICE_S))
        return True

    def spin_for(self, duration_s: float) -> None:
        self.spin_until(lambda: False, duration_s)

    def settle(self) -> None:
        """Wait until the graph is known: `--spin-time`, and longer while nobody else is in it. A time that a person has given
        is not exceeded."""
        self.spin_for(self.spin_time_s)
        if self.spin_time_s == SPIN_TIME_S and self._is_lonely():
            self.spin_until(lambda: not self._is_lonely(), LONELY_WAIT_S)
            self.spin_for(self.spin_time_s)

    def _is_lonely(self) -> bool:
        return len(self.node.get_node_names()) <= 1

    def discover(self, condition: Callable[[], bool]) -> bool:
        """Wait for what should already be in the graph, as long as discovery may take."""
        return self.spin_until(condition, self.spin_time_s)

    def finish(self, future: Any, what: str, timeout_s: float | None = None) -> Any:
        """The result of a future; ToolError if it failed or did not come."""
        if not self.spin_until(future.done, timeout_s):
            raise ToolError(f"{what}: no answer within {timeout_s:g} s; is its node still running?")
        if future.exception() is not None:
            raise ToolError(f"{what}: {future.exception()}")
        return future.result()

    def call(self, service_type: Any, name: str, request: Any, timeout_s: float = SERVICE_WAIT_S) -> Any:
        """Call a service once; ToolError if it is not there or does not answer."""
        client = self.node.create_client(service_type, name)
        try:
            self.wait_for_service(client, name, timeout_s)
            return self.finish(client.call_async(request), f"service '{name}'", timeout_s)
        finally:
            self.node.destroy_client(client)

    def wait_for_service(self, client: Any, name: str, timeout_s: float) -> None:
        if not self.spin_until(client.service_is_ready, timeout_s):
            raise ToolError(
                f"service '{name}' is not there within {timeout_s:g} s; "
                f"'{PROGRAM} service list' shows which are (--timeout waits longer)"
            )


@contextmanager
def session(args: argparse.Namespace, name: str | None = None, settles: bool = True) -> Iterator[Session]:
    """Join the graph. With `settles`, first wait until it has become known."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.parameter import Parameter
    from rclpy.signals import SignalHandlerOptions

    if ros_runtime().kind == "embedded":
        # What it says at its start is for nodes; `bee doctor` tells people.
        rclpy.logging.set_logger_level("bee_robot", rclpy.logging.LoggingSeverity.WARN)
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    executor = SingleThreadedExecutor()
    node = None
    try:
        node = rclpy.create_node(
            name or f"_ros2cli_{os.getpid()}",
            enable_rosout=False,
            start_parameter_services=False,
            parameter_overrides=[Parameter("use_sim_time", value=getattr(args, "use_sim_time", False))],
        )
        executor.add_node(node)
        made = Session(node, executor, getattr(args, "spin_time", SPIN_TIME_S))
        if settles:
            made.settle()
        yield made
    finally:
        if node is not None:
            executor.remove_node(node)
            node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()


def add_session_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--spin-time",
        metavar="S",
        type=float,
        default=SPIN_TIME_S,
        help=f"seconds to wait for discovery (default {SPIN_TIME_S:g}, longer while nobody is found)",
    )
    parser.add_argument("-s", "--use-sim-time", action="store_true", help="take the time from /clock")
    parser.add_argument(
        "--no-daemon", action="store_true", help="accepted for ros2's sake: there is no daemon"
    )
