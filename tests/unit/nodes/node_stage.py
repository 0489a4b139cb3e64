"""Nodes in this process, each with an executor of its own in a thread, on a graph of this test run alone.

They import public ROS names only and also run on a real ROS 2.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bee_robot  # noqa: F401 - decides which rclpy there is

ROOT = Path(__file__).resolve().parents[3]
TOWER = ROOT / "config" / "robots" / "tower.yaml"
sys.path.append(str(ROOT / "tests" / "firmware"))  # the board behind a cable that can be pulled


import rclpy  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.signals import SignalHandlerOptions  # noqa: E402

from bee_robot.clock import wall_s, wall_sleep  # noqa: E402
from bee_robot.nodes.process import BeeNode  # noqa: E402


class Stage:
    """Nodes and observers of one test. Each node has a context of its own, as if it were a process of its own."""

    def __init__(self) -> None:
        self._ends: list[Callable[[], Any]] = []

    def context(self, *arguments: str) -> rclpy.Context:
        context = rclpy.Context()
        rclpy.init(args=list(arguments), context=context, signal_handler_options=SignalHandlerOptions.NO)
        self._ends.append(lambda: rclpy.try_shutdown(context=context))
        return context

    def start(self, make: Callable[..., BeeNode], **parameters: object) -> BeeNode:
        """A node of ours with its parameters, begun and spinning."""
        words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
        node = make(context=self.context("--ros-args", "-p", f"robot_file:={TOWER}", *words))
        self._ends.append(node.destroy_node)
        self._ends.append(node.close)
        self.spin(node)
        node.executor.create_task(node.begin)
        return node

    def spin(self, node: Any) -> None:
        executor = SingleThreadedExecutor(context=node.context)
        executor.add_node(node)
        is_over = threading.Event()

        def work() -> None:
            while not is_over.is_set():
                executor.spin_once(timeout_sec=0.05)

        thread = threading.Thread(target=work, name=node.get_name(), daemon=True)
        thread.start()

        def end() -> None:
            is_over.set()
            thread.join(timeout=10)
            executor.remove_node(node)
            executor.shutdown(timeout_sec=1.0)

        self._ends.append(end)

    def observer(self, name: str = "observer") -> rclpy.node.Node:
        """A node that spins by itself."""
        node = rclpy.create_node(name, context=self.context())
        self._ends.append(node.destroy_node)
        self.spin(node)
        return node

    def close(self) -> None:
        while self._ends:
            self._ends.pop()()


def until(is_so: Callable[[], Any], what: str, timeout_s: float = 20.0) -> Any:
    """Wait until something is so; its value. Fails naming it."""
    end_s = wall_s() + timeout_s
    while not (found := is_so()):
        assert wall_s() < end_s, f"not within {timeout_s:g} s: {what}"
        wall_sleep(0.02)
    return found


def ask(client: Any, request: Any) -> Any:
    """The answer to a request, by a node that spins elsewhere."""
    until(client.service_is_ready, f"{client.srv_name} is there")
    future = client.call_async(request)
    until(future.done, f"{client.srv_name} answers")
    return future.result()


def sent(node: Any, send: Callable[[], Any]) -> Any:
    """The future of a request that the executor of a node sends, which spins elsewhere: sent from here, an answer that comes
    at once would belong to nobody (see AsyncioBridge.ask)."""
    sending = node.executor.create_task(send)
    until(sending.done, "the request is sent")
    return sending.result()
