"""Ways to run callbacks until something has happened."""

from __future__ import annotations

import time
from collections.abc import Callable

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node


def spin_until(node: Node, condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    """Run the node's callbacks until the condition holds; False if it did not in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        rclpy.spin_once(node, timeout_sec=0.02)
    return True


def spin_all_until(nodes: list[Node], condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    """The same for several nodes on one executor."""
    executor = SingleThreadedExecutor()
    for each in nodes:
        executor.add_node(each)
    deadline = time.monotonic() + timeout_s
    try:
        while not condition():
            if time.monotonic() > deadline:
                return False
            executor.spin_once(timeout_sec=0.02)
        return True
    finally:
        for each in nodes:
            executor.remove_node(each)
        executor.shutdown()


def finish(node: Node, future: object, timeout_s: float = 5.0) -> object:
    """Run callbacks until the future is done, and give its result."""
    rclpy.spin_until_future_complete(node, future, timeout_sec=timeout_s)
    assert future.done(), "the future was not done in time"
    return future.result()
