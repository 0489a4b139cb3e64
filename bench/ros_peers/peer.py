"""The other process of a measurement: a plain rclpy node. `python peer.py ROLE` with ROLE a function's name below."""

from __future__ import annotations

import os
import sys
import time

import bee_robot  # noqa: F401 - serves rclpy where there is no ROS 2

# isort: split
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

KEEP_ALL = QoSProfile(history=HistoryPolicy.KEEP_ALL, depth=0, reliability=ReliabilityPolicy.RELIABLE)
"""Loses nothing, so that what is counted is what was sent."""


def echo() -> Node:
    """Sends back what it hears on `ping` (strings) and `ping_image`."""
    from sensor_msgs.msg import Image
    from std_msgs.msg import String

    node = rclpy.create_node("bench_echo")
    texts = node.create_publisher(String, "pong", 10)
    node.create_subscription(String, "ping", texts.publish, 10)
    images = node.create_publisher(Image, "pong_image", 10)
    node.create_subscription(Image, "ping_image", images.publish, 10)
    return node


def source() -> Node:
    """Sends numbered messages without a pause: as many as the number that arrives on `count`."""
    from std_msgs.msg import UInt64

    node = rclpy.create_node("bench_source")
    numbers = node.create_publisher(UInt64, "numbers", KEEP_ALL)

    def send(count: UInt64) -> None:
        message = UInt64()
        for number in range(count.data):
            message.data = number
            numbers.publish(message)

    node.create_subscription(UInt64, "count", send, 10)
    return node


def fibonacci() -> Node:
    """An action that succeeds at once."""
    from example_interfaces.action import Fibonacci
    from rclpy.action import ActionServer

    node = rclpy.create_node("bench_action")

    def execute(goal_handle: object) -> object:
        goal_handle.succeed()  # type: ignore[attr-defined]
        return Fibonacci.Result(sequence=[0, 1])

    node.server = ActionServer(node, Fibonacci, "fibonacci", execute)
    return node


def heartbeat() -> Node:
    """A timer of 100 Hz that publishes, and a subscription that hears it: what a driver does. Prints its share of a core."""
    from std_msgs.msg import UInt64

    node = rclpy.create_node("bench_heartbeat")
    publisher = node.create_publisher(UInt64, "beat", 10)
    node.create_timer(0.01, lambda: publisher.publish(UInt64()))
    node.create_subscription(UInt64, "beat", lambda _: None, 10)
    return node


def idle() -> Node:
    """A node with a publisher and a subscription, and nothing to do."""
    from std_msgs.msg import String

    node = rclpy.create_node(f"bench_idle_{os.getpid()}")
    node.create_publisher(String, "said", 10)
    node.create_subscription(String, "said", lambda _: None, 10)
    return node


def census() -> Node:
    """Prints how many seconds it took from `rclpy.init` until it saw the graph of twelve."""
    node = rclpy.create_node(f"bench_census_{os.getpid()}")

    def count() -> None:
        if sum(name == "bench" or name.startswith("bench_idle_") for name in node.get_node_names()) >= 12:
            print(time.monotonic() - began_s, flush=True)
            timer.cancel()

    timer = node.create_timer(0.005, count)
    return node


ROLES = {role.__name__: role for role in (echo, source, fibonacci, heartbeat, idle, census)}
began_s = 0.0


def main() -> int:
    """Spin the role's node until it is interrupted. "ready" on stdout says that it stands."""
    global began_s
    began_s = time.monotonic()
    rclpy.init()
    node = ROLES[sys.argv[1]]()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    print("ready", flush=True)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
