"""A robot that is up, as anybody on its graph sees it: the tables of topics, services and actions are what is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

import pytest
from robot_field import Field

import bee_robot  # noqa: F401 - serves rclpy where no ROS 2 is

# isort: split
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.action import get_action_names_and_types
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSCompatibility, qos_check_compatible
from std_msgs.msg import String

from bee_robot.clock import wall_s, wall_sleep
from bee_robot.nodes import qos
from bee_robot.nodes.services import ACTIONS, SERVICES

NAMESPACE = "/tower_1"
NODES = {"sim_world", "tower_driver", "frame_cameras", "frame_extractor", "frame_analyzer", "visit_scheduler"}
DRIVERS = ("tower_driver", "frame_cameras")
OF_ROS = {"get_parameters", "set_parameters", "set_parameters_atomically", "list_parameters"} | {
    *("describe_parameters", "get_parameter_types", "get_type_description"),
    *("change_state", "get_state", "get_available_states", "get_available_transitions"),
    "get_transition_graph",
}


def until(is_so: Callable[[], Any], what: str, timeout_s: float = 30.0) -> Any:
    end_s = wall_s() + timeout_s
    while not (found := is_so()):
        assert wall_s() < end_s, f"not within {timeout_s:g} s: {what}"
        wall_sleep(0.05)
    return found


class Observer:
    """A node that looks at the robot of a field, spinning in a thread."""

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(args=[], context=self.context)
        self.node: Node = rclpy.create_node("observer", namespace=NAMESPACE, context=self.context)
        self.health: dict[str, DiagnosticStatus] = {}
        self.node.create_subscription(DiagnosticArray, "diagnostics", self._take, qos.of("diagnostics"))
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        while not self._is_over.is_set():
            self._executor.spin_once(timeout_sec=0.05)

    def _take(self, msg: DiagnosticArray) -> None:
        self.health.update({status.name: status for status in msg.status})

    def ask(self, kind: Any, name: str, request: Any) -> Any:
        client = self.node.create_client(kind, name)
        until(client.service_is_ready, f"{name} is there")
        future = client.call_async(request)
        until(future.done, f"{name} answers")
        return future.result()

    def state(self, driver: str) -> str:
        return str(self.ask(GetState, f"{driver}/get_state", GetState.Request()).current_state.label)

    def change(self, driver: str, label: str) -> bool:
        request = ChangeState.Request(transition=Transition(label=label))
        return bool(self.ask(ChangeState, f"{driver}/change_state", request).success)

    def close(self) -> None:
        self._is_over.set()
        self._thread.join(timeout=5)
        self._executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)


@pytest.fixture
def observer(field_of_one: Field, monkeypatch: pytest.MonkeyPatch) -> Iterator[Observer]:
    monkeypatch.setenv("ROS_DOMAIN_ID", field_of_one.environment["ROS_DOMAIN_ID"])
    made = Observer()
    yield made
    made.close()


def relative(name: str) -> str:
    inside = PurePosixPath(name)
    return str(inside.relative_to(NAMESPACE)) if inside.is_relative_to(NAMESPACE) else name


def check_topics(node: Node) -> set[str]:
    """Every topic has its row and keeps to it; returns the rows that are there."""
    seen = set()
    for name, types in node.get_topic_names_and_types():
        if "/_action/" in name or qos.is_of_ros(relative(name)):
            continue
        row = qos.topic(relative(name))  # raises for a topic that nobody wrote down
        seen.add(row.name)
        assert types == [row.type], name
        publishers = node.get_publishers_info_by_topic(name)
        assert publishers, f"nobody publishes {name}"
        for info in publishers:
            assert row.by in ("every node", info.node_name), f"{info.node_name} publishes {name}"
            offered = info.qos_profile
            assert offered.reliability == row.profile.reliability, name
            assert offered.durability == row.profile.durability, name
            if offered.history == HistoryPolicy.KEEP_LAST:  # not every middleware tells it
                assert offered.depth == row.profile.depth, name
        for info in node.get_subscriptions_info_by_topic(name):
            fits, why = qos_check_compatible(publishers[0].qos_profile, info.qos_profile)
            assert fits != QoSCompatibility.ERROR, f"{info.node_name} hears nothing on {name}: {why}"
    return seen


def services(node: Node) -> dict[str, str]:
    """Those of the robot's nodes, without what ROS gives to every node and without the parts of actions."""
    found = {}
    for name, (kind, *_) in node.get_service_names_and_types():
        inside = relative(name)
        if inside != name and "/_action/" not in name and inside.rsplit("/", 1)[-1] not in OF_ROS:
            found[inside] = kind
    return found


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_what_is_on_the_graph_is_what_the_tables_say(field_of_one: Field, observer: Observer) -> None:
    robot = field_of_one.bee("up", "tower", "--sim")
    robot.wait_for("is ready")
    for driver in DRIVERS:
        until(lambda driver=driver: observer.state(driver) == "active", f"{driver} is active")
    until(lambda: {name.partition(":")[0] for name in observer.health} == NODES, "all say how they are")

    everything = {row.name for row in qos.TOPICS}
    until(lambda: check_topics(observer.node) == everything, "every topic of the table is there")
    assert services(observer.node) == {row.name: row.type for row in SERVICES}
    actions = {relative(name): kinds for name, kinds in get_action_names_and_types(observer.node)}
    assert actions == {row.name: [row.type] for row in ACTIONS}

    stray = observer.node.create_publisher(String, "nobody_wrote_this_down", 10)
    with pytest.raises(qos.UnknownTopicError, match="nobody_wrote_this_down"):
        until(lambda: check_topics(observer.node) > everything, "never so")
    observer.node.destroy_publisher(stray)

    until(
        lambda: (
            observer.health["sim_world: time"].level == DiagnosticStatus.OK
            and observer.health["frame_extractor: needs"].level == DiagnosticStatus.OK
        ),
        "all is well",
    )
    for driver in DRIVERS:  # in simulated time, with the executor blocked meanwhile
        assert observer.change(driver, "deactivate") and observer.state(driver) == "inactive"
        assert observer.change(driver, "cleanup") and observer.state(driver) == "unconfigured"
    until(
        lambda: observer.health["frame_extractor: needs"].level == DiagnosticStatus.ERROR,
        "the extractor misses them",
    )
    for driver in DRIVERS:
        assert observer.change(driver, "configure") and observer.change(driver, "activate")
    until(lambda: observer.health["frame_extractor: needs"].level == DiagnosticStatus.OK, "well again")

    robot.interrupt()
    assert robot.end() == 0
    field_of_one.wait_until_no_node_runs()
