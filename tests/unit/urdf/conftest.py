"""The tower's model, and a graph with a robot_state_publisher and somebody who watches it.

Tests of the publisher import public ROS names beside it, and also run on a real ROS 2.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import bee_robot  # noqa: F401 - decides which rclpy there is

import rclpy  # isort: skip
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from bee_robot.cli import robot_model
from bee_robot.clock import wall_s
from bee_robot.configuration import RobotConfiguration, load
from bee_robot.embedded_ros.robot_model.description import RobotDescription, parse
from bee_robot.embedded_ros.robot_state_publisher import RobotStatePublisher

ROOT = Path(__file__).resolve().parents[3]
TOWER = ROOT / "config" / "robots" / "tower.yaml"
LATCHED = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Graph:
    """One context, one executor; everything is spun by whoever waits for something."""

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(args=[], context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self.tester = self.add(rclpy.create_node("tester", context=self.context))
        self.moving: list[TFMessage] = []
        self.fixed: list[TFMessage] = []
        self.descriptions: list[str] = []
        self.tester.create_subscription(TFMessage, "/tf", self.moving.append, QoSProfile(depth=1000))
        self._states = self.tester.create_publisher(JointState, "joint_states", qos_profile_sensor_data)
        self._echoes: list[JointState] = []
        self.tester.create_subscription(
            JointState, "joint_states", self._echoes.append, qos_profile_sensor_data
        )

    def add(self, node: Any) -> Any:
        self._executor.add_node(node)
        return node

    def publisher(self, urdf: str, **parameters: object) -> RobotStatePublisher:
        """A robot_state_publisher that hears the tester and is heard by it."""
        given = [Parameter(name, value=value) for name, value in parameters.items()]
        given.append(Parameter("robot_description", value=urdf))
        node = self.add(RobotStatePublisher(context=self.context, parameter_overrides=given))
        self.until(
            lambda: (
                self._states.get_subscription_count() == 2
                and node.count_subscribers("/tf") == 1
                and self.tester.count_publishers("/tf") == 1
            ),
            "publisher and tester know each other",
        )
        return node

    def join_late(self) -> None:
        """Whoever comes now gets what was said before."""
        self.tester.create_subscription(TFMessage, "/tf_static", self.fixed.append, LATCHED)
        self.tester.create_subscription(
            String, "robot_description", lambda message: self.descriptions.append(message.data), LATCHED
        )

    def say(self, stamp_s: float, **positions: float) -> None:
        message = JointState(name=list(positions), position=[float(each) for each in positions.values()])
        message.header.stamp.sec = int(stamp_s)
        message.header.stamp.nanosec = round((stamp_s - int(stamp_s)) * 1e9)
        self.say_all(message)

    def say_all(self, message: JointState) -> None:
        """Publish, and let everybody hear it: an old one would make room for a new one otherwise."""
        known = len(self._echoes)
        self._states.publish(message)
        self.until(lambda: len(self._echoes) > known, "the tester hears itself")
        for _ in range(3):
            self._executor.spin_once(timeout_sec=0.01)

    def hear(self, stamp_s: float, **positions: float) -> TFMessage:
        """Say where the joints are; what comes on /tf for it."""
        known = len(self.moving)
        self.say(stamp_s, **positions)
        self.until(lambda: len(self.moving) > known, f"/tf at {stamp_s} s")
        return self.moving[-1]

    def until(self, is_so: Callable[[], Any], what: str, timeout_s: float = 20.0) -> None:
        end_s = wall_s() + timeout_s
        while not is_so():
            assert wall_s() < end_s, f"not within {timeout_s:g} s: {what}"
            self._executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        for node in list(self._executor.get_nodes()):
            self._executor.remove_node(node)
            node.destroy_node()
        self._executor.shutdown(timeout_sec=1.0)
        rclpy.try_shutdown(context=self.context)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def own_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else is on the graph of this test."""
    monkeypatch.setenv("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    monkeypatch.setenv("BEE_ROS_RENDEZVOUS", str(_free_port()))
    monkeypatch.setenv("ROS_LOG_DIR", tempfile.gettempdir())


@pytest.fixture
def graph(own_graph: None) -> Iterator[Graph]:
    made = Graph()
    yield made
    made.close()


@pytest.fixture(scope="session")
def robot() -> RobotConfiguration:
    return load(TOWER)


@pytest.fixture(scope="session")
def urdf() -> str:
    return robot_model.expand("tower", TOWER)


@pytest.fixture(scope="session")
def description(urdf: str) -> RobotDescription:
    return parse(urdf)
