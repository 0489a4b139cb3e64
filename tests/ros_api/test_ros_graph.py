"""What a node can learn of the graph, and names."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import rclpy
from example_interfaces.srv import AddTwoInts
from rclpy.exceptions import (
    InvalidNamespaceException,
    InvalidNodeNameException,
    InvalidServiceNameException,
    InvalidTopicNameException,
)
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros_spinning import spin_until
from std_msgs.msg import Int32, String


def test_nodes_are_listed_with_their_namespaces(make_node: Callable[..., Node]) -> None:
    asking = make_node("asking")
    make_node("driver", namespace="/tower")
    expected = {("asking", "/"), ("driver", "/tower")}
    assert spin_until(asking, lambda: expected <= set(asking.get_node_names_and_namespaces()))
    assert {"asking", "driver"} <= set(asking.get_node_names())


def test_a_taken_name_can_be_seen(make_node: Callable[..., Node]) -> None:
    first = make_node("driver")
    make_node("driver")
    assert spin_until(first, lambda: first.get_node_names_and_namespaces().count(("driver", "/")) == 2)


def test_a_destroyed_node_is_gone(make_node: Callable[..., Node]) -> None:
    asking, leaving = make_node("asking"), make_node("leaving")
    leaving.create_publisher(String, "news", 10)
    assert spin_until(asking, lambda: asking.count_publishers("news") == 1)
    leaving.destroy_node()
    assert spin_until(asking, lambda: "leaving" not in asking.get_node_names())
    assert spin_until(asking, lambda: asking.count_publishers("news") == 0)


def test_topics_are_listed_with_their_types(node: Node) -> None:
    node.create_publisher(String, "news", 10)
    node.create_subscription(Int32, "numbers", lambda m: None, 10)
    assert spin_until(node, lambda: {"/news", "/numbers"} <= dict(node.get_topic_names_and_types()).keys())
    topics = dict(node.get_topic_names_and_types())
    assert topics["/news"] == ["std_msgs/msg/String"] and topics["/numbers"] == ["std_msgs/msg/Int32"]
    assert "/rosout" in topics and "/parameter_events" in topics


def test_endpoints_are_counted(node: Node) -> None:
    node.create_publisher(String, "news", 10)
    node.create_publisher(String, "news", 10)
    node.create_subscription(String, "news", lambda m: None, 10)
    assert spin_until(
        node, lambda: node.count_publishers("news") == 2 and node.count_subscribers("/news") == 1
    )
    assert node.count_publishers("silence") == 0


def test_endpoints_are_listed_by_node(make_node: Callable[..., Node]) -> None:
    asking, other = make_node("asking"), make_node("other", namespace="/tower")
    other.create_publisher(String, "news", 10)
    other.create_subscription(Int32, "numbers", lambda m: None, 10)
    other.create_service(AddTwoInts, "add", lambda q, r: r)
    other.create_client(AddTwoInts, "/call", qos_profile=QoSProfile(depth=10))
    assert spin_until(asking, lambda: "/tower/add" in dict(asking.get_service_names_and_types()))
    publishers = dict(asking.get_publisher_names_and_types_by_node("other", "/tower"))
    assert publishers["/tower/news"] == ["std_msgs/msg/String"]
    subscribers = dict(asking.get_subscriber_names_and_types_by_node("other", "/tower"))
    assert subscribers["/tower/numbers"] == ["std_msgs/msg/Int32"]
    services = dict(asking.get_service_names_and_types_by_node("other", "/tower"))
    assert services["/tower/add"] == ["example_interfaces/srv/AddTwoInts"]
    assert "/tower/other/get_parameters" in services
    clients = dict(asking.get_client_names_and_types_by_node("other", "/tower"))
    assert clients == {"/call": ["example_interfaces/srv/AddTwoInts"]}


def test_an_unknown_node_is_an_error(node: Node) -> None:
    with pytest.raises(RuntimeError):
        node.get_publisher_names_and_types_by_node("nobody", "/")


def test_endpoints_tell_their_quality_of_service(node: Node) -> None:
    profile = QoSProfile(
        depth=3, reliability=ReliabilityPolicy.BEST_EFFORT, durability=DurabilityPolicy.TRANSIENT_LOCAL
    )
    node.create_publisher(String, "news", profile)
    assert spin_until(node, lambda: len(node.get_publishers_info_by_topic("/news")) == 1)
    info = node.get_publishers_info_by_topic("/news")[0]
    assert (info.node_name, info.node_namespace, info.topic_type) == ("tester", "/", "std_msgs/msg/String")
    assert info.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    assert info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert len(info.endpoint_gid) in (16, 24)
    assert node.get_subscriptions_info_by_topic("/news") == []


@pytest.mark.parametrize("name", ["", "with space", "1st", "with-dash", "a/b", "é"])
def test_bad_node_names_are_refused(ros: None, name: str) -> None:
    with pytest.raises(InvalidNodeNameException):
        rclpy.create_node(name)


@pytest.mark.parametrize("namespace", ["/with space", "/1st", "/a//b", "/a/"])
def test_bad_namespaces_are_refused(ros: None, namespace: str) -> None:
    with pytest.raises(InvalidNamespaceException):
        rclpy.create_node("node", namespace=namespace)


@pytest.mark.parametrize("name", ["", "with space", "1st", "a//b", "a/", "{unclosed", "a~"])
def test_bad_topic_names_are_refused(node: Node, name: str) -> None:
    with pytest.raises(InvalidTopicNameException):
        node.create_publisher(String, name, 10)
    with pytest.raises(InvalidServiceNameException):
        node.create_service(AddTwoInts, name, lambda q, r: r)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("news", "/tower/news"),
        ("/news", "/news"),
        ("~/news", "/tower/driver/news"),
        ("~", "/tower/driver"),
        ("a/b", "/tower/a/b"),
        ("{node}/x", "/tower/driver/x"),
    ],
)
def test_names_are_expanded(make_node: Callable[..., Node], name: str, expected: str) -> None:
    node = make_node("driver", namespace="/tower")
    assert node.resolve_topic_name(name) == expected
    assert node.create_publisher(String, name, 10).topic_name == expected


def test_a_relative_namespace_is_made_absolute(make_node: Callable[..., Node]) -> None:
    node = make_node("driver", namespace="tower")
    assert node.get_namespace() == "/tower"
    assert node.get_fully_qualified_name() == "/tower/driver"


def test_topics_can_be_remapped(make_node: Callable[..., Node]) -> None:
    arguments = ["--ros-args", "-r", "news:=/elsewhere", "-r", "other:secret:=public"]
    node = make_node("driver", cli_args=arguments)
    assert node.create_publisher(String, "news", 10).topic_name == "/elsewhere"
    assert node.create_publisher(String, "secret", 10).topic_name == "/secret"
    assert node.resolve_topic_name("news", only_expand=True) == "/news"


def test_services_can_be_remapped(make_node: Callable[..., Node]) -> None:
    node = make_node("driver", cli_args=["--ros-args", "--remap", "add:=sum"])
    node.create_service(AddTwoInts, "add", lambda q, r: r)
    assert spin_until(node, lambda: "/sum" in dict(node.get_service_names_and_types()))
    assert "/add" not in dict(node.get_service_names_and_types())


def test_name_and_namespace_can_be_remapped(make_node: Callable[..., Node]) -> None:
    node = make_node("driver", cli_args=["--ros-args", "-r", "__node:=left", "-r", "__ns:=/tower"])
    assert node.get_fully_qualified_name() == "/tower/left"
    assert node.get_logger().name == "tower.left"


def test_rules_may_name_their_node(make_node: Callable[..., Node]) -> None:
    arguments = ["--ros-args", "-r", "driver:__ns:=/tower"]
    assert make_node("driver", cli_args=arguments).get_namespace() == "/tower"
    assert make_node("camera", cli_args=arguments).get_namespace() == "/"


def test_unknown_arguments_are_errors(ros: None) -> None:
    from rclpy.context import Context

    for bad in (
        ["--ros-args", "--nonsense"],
        ["--ros-args", "-r", "no rule"],
        ["--ros-args", "-p", "no_value"],
    ):
        context = Context()
        with pytest.raises(Exception):  # noqa: B017  UnknownROSArgsError and RCLError live in rclpy's C layer
            context.init(bad)


def test_arguments_for_ros_are_removed() -> None:
    from rclpy.utilities import remove_ros_args

    arguments = ["prog", "--mine", "--ros-args", "-r", "a:=b", "--", "rest"]
    assert remove_ros_args(arguments) == ["prog", "--mine", "rest"]
