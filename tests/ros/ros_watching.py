"""A person at the graph: looks at nodes, topics and services of what a test has launched, and waits for them."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from ament_index_python.packages import get_package_share_directory
from launch.actions import IncludeLaunchDescription, SetEnvironmentVariable
from launch.launch_description_sources import AnyLaunchDescriptionSource
from launch_testing.actions import ReadyToTest
from lifecycle_msgs.srv import GetState
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor

from launch import LaunchDescription

DOMAIN = 1 + (os.getpid() + 50) % 100
"""Of this process: two runs on one machine do not meet."""
COMES_UP_S = 60.0
ANSWERS_S = 30.0


_folders: list[tempfile.TemporaryDirectory[str]] = []


def new_folder() -> Path:
    """Gone with this process: what was launched still writes there after the tests of a file."""
    _folders.append(tempfile.TemporaryDirectory(prefix="bee_ros_", ignore_cleanup_errors=True))
    return Path(_folders[-1].name)


def launched(file: str, **arguments: str) -> LaunchDescription:
    """What a launch file of bee_robot starts, in a domain and with folders of its own."""
    place = new_folder()
    own = {
        "ROS_DOMAIN_ID": str(DOMAIN),
        "BEE_STORE": str(place / "store"),
        "BEE_RECORDINGS": str(place / "recordings"),
        "XDG_RUNTIME_DIR": str(place),
        "XDG_STATE_HOME": str(place / "state"),
    }
    share = Path(get_package_share_directory("bee_robot"))
    source = AnyLaunchDescriptionSource(str(share / "launch" / file))
    return LaunchDescription(
        [
            *(SetEnvironmentVariable(name, value) for name, value in own.items()),
            IncludeLaunchDescription(source, launch_arguments=arguments.items()),
            ReadyToTest(),
        ]
    )


class Watcher:
    """A node of its own context. Everything that waits has a limit of wall time and says what it waited for."""

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=DOMAIN)
        self.node = rclpy.create_node("watcher", context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def wait_for(self, condition: Callable[[], Any], what: str, limit_s: float = COMES_UP_S) -> None:
        """Until a condition holds. AssertionError names what did not happen."""
        until_s = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < until_s, f"not within {limit_s:.0f} s: {what}"
            self._executor.spin_once(timeout_sec=0.1)

    def nodes(self) -> set[str]:
        return {
            f"{namespace.rstrip('/')}/{name}"
            for name, namespace in self.node.get_node_names_and_namespaces()
            if name != "watcher"
        }

    def topics(self) -> dict[str, list[str]]:
        return dict(self.node.get_topic_names_and_types())

    def call(self, kind: Any, name: str, request: Any) -> Any:
        """What a service answers."""
        client = self.node.create_client(kind, name)
        try:
            self.wait_for(client.service_is_ready, f"service {name}")
            future = client.call_async(request)
            self.wait_for(future.done, f"answer of {name}", ANSWERS_S)
            return future.result()
        finally:
            self.node.destroy_client(client)

    def lifecycle_state(self, node: str) -> str:
        return str(self.call(GetState, f"{node}/get_state", GetState.Request()).current_state.label)

    def next_message(self, kind: Any, topic: str, profile: Any) -> Any:
        heard: list[Any] = []
        subscription = self.node.create_subscription(kind, topic, heard.append, profile)
        try:
            self.wait_for(lambda: heard, f"a message on {topic}", ANSWERS_S)
            return heard[0]
        finally:
            self.node.destroy_subscription(subscription)

    def result_of(self, kind: Any, name: str, goal: Any, limit_s: float) -> Any:
        """The result of an action's goal, with its status, as the action's response to get_result."""
        client = ActionClient(self.node, kind, name)
        try:
            self.wait_for(client.server_is_ready, f"action {name}")
            accepting = client.send_goal_async(goal)
            self.wait_for(accepting.done, f"{name} says yes or no", ANSWERS_S)
            assert accepting.result().accepted, f"{name} refused the goal"
            result = accepting.result().get_result_async()
            self.wait_for(result.done, f"{name} ends", limit_s)
            return result.result()
        finally:
            client.destroy()
