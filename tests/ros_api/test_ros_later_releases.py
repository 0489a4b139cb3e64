"""What rclpy has since Iron, for programs that need no Humble. Skipped there."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.exceptions import ParameterNotDeclaredException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_spinning import finish, spin_all_until, spin_until
from std_msgs.msg import Int32, String
from std_srvs.srv import Trigger

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("rclpy.event_handler") is None,
    reason="rclpy.event_handler is missing: this rclpy is older than Iron",
)

MakeNode = Callable[..., Node]


def test_matching_endpoints_are_told(make_node: MakeNode) -> None:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks

    speaker, listener = make_node("speaker"), make_node("listener")
    told: dict[str, list[Any]] = {"speaker": [], "listener": []}
    publisher = speaker.create_publisher(
        String, "talk", 10, event_callbacks=PublisherEventCallbacks(matched=told["speaker"].append)
    )
    subscription = listener.create_subscription(
        String,
        "talk",
        print,
        10,
        event_callbacks=SubscriptionEventCallbacks(matched=told["listener"].append),
    )
    both = [speaker, listener]
    assert spin_all_until(both, lambda: bool(told["speaker"]) and bool(told["listener"]))
    assert told["speaker"][-1].current_count == 1 == told["listener"][-1].total_count
    listener.destroy_subscription(subscription)
    assert spin_all_until(both, lambda: told["speaker"][-1].current_count == 0)
    assert told["speaker"][-1].current_count_change == -1
    speaker.destroy_publisher(publisher)


def test_endpoints_of_other_types_are_told(make_node: MakeNode) -> None:
    from rclpy.event_handler import PublisherEventCallbacks, UnsupportedEventTypeError

    speaker, listener = make_node("speaker"), make_node("listener")
    told: list[Any] = []
    callbacks = PublisherEventCallbacks(incompatible_type=told.append)
    try:
        publisher = speaker.create_publisher(String, "talk", 10, event_callbacks=callbacks)
    except UnsupportedEventTypeError:
        pytest.skip("this middleware does not tell of other types")
    listener.create_subscription(Int32, "talk", print, 10)
    assert spin_all_until([speaker, listener], lambda: bool(told))
    assert (told[0].total_count, told[0].total_count_change) == (1, 1)
    assert publisher.get_subscription_count() == 0


def test_a_callback_may_ask_for_the_info_of_a_message(node: Node) -> None:
    heard: list[tuple[String, dict[str, Any]]] = []
    node.create_subscription(String, "talk", lambda message, info: heard.append((message, info)), 10)
    publisher = node.create_publisher(String, "talk", 10)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 1)
    for word in ("one", "two"):
        publisher.publish(String(data=word))
    assert spin_until(node, lambda: len(heard) == 2)
    assert [message.data for message, _ in heard] == ["one", "two"]
    assert all(info["source_timestamp"] > 0 for _, info in heard)
    first, second = (info["publication_sequence_number"] for _, info in heard)
    assert first is None or second == first + 1


def test_a_with_ends_what_it_made(ros: None) -> None:
    with rclpy.create_node("brief") as node:
        with node.create_publisher(String, "talk", 10) as publisher:
            publisher.publish(String(data="hello"))
        with node.create_client(Trigger, "service") as client:
            assert not client.service_is_ready()
        with pytest.raises(Exception, match="destruction was requested"):
            publisher.publish(String(data="gone"))
        name = node.get_name()
    assert name == "brief"
    with pytest.raises(Exception, match="destruction was requested"):
        node.get_name()


def test_values_can_be_changed_before_and_noted_after_they_are_set(node: Node) -> None:
    node.declare_parameter("speed", 1.0)
    node.declare_parameter("limit", 10.0)
    noted: list[str] = []

    def clip(parameters: list[Parameter]) -> list[Parameter]:
        return [Parameter(p.name, value=min(p.value, 5.0)) if p.name == "speed" else p for p in parameters]

    node.add_pre_set_parameters_callback(clip)
    node.add_post_set_parameters_callback(lambda parameters: noted.extend(p.name for p in parameters))
    assert node.set_parameters([Parameter("speed", value=7.0), Parameter("limit", value=9.0)])[0].successful
    assert node.get_parameter("speed").value == 5.0 and noted == ["speed", "limit"]


def test_parameters_of_another_node_have_a_client(make_node: MakeNode, tmp_path: Path) -> None:
    from rclpy.parameter_client import AsyncParameterClient

    owner, asker = make_node("owner"), make_node("asker")
    owner.declare_parameter("speed", 1.0)
    owner.declare_parameter("names", ["a"])
    client = AsyncParameterClient(asker, "/owner")
    assert client.wait_for_services(5.0)

    def done(future: Any) -> Any:
        assert spin_all_until([owner, asker], future.done)
        return future.result()

    assert done(client.get_parameters(["speed"])).values[0].double_value == 1.0
    assert done(client.set_parameters([Parameter("speed", value=2.0)])).results[0].successful
    path = tmp_path / "owner.yaml"
    path.write_text("/owner:\n  ros__parameters:\n    speed: 3.0\n    names: [b, c]\n")
    assert all(r.successful for r in done(client.load_parameter_file(str(path))).results)
    assert owner.get_parameter("speed").value == 3.0
    assert list(owner.get_parameter("names").value) == ["b", "c"]
    with pytest.raises(FileNotFoundError):
        client.load_parameter_file(str(tmp_path / "nowhere.yaml"))


def test_levels_can_be_set_from_outside(make_node: MakeNode) -> None:
    from rcl_interfaces.msg import LoggerLevel
    from rcl_interfaces.srv import GetLoggerLevels, SetLoggerLevels

    node = make_node("loud", enable_logger_service=True)
    setter = node.create_client(SetLoggerLevels, "/loud/set_logger_levels")
    getter = node.create_client(GetLoggerLevels, "/loud/get_logger_levels")
    assert setter.wait_for_service(5.0) and getter.wait_for_service(5.0)
    wanted = [LoggerLevel(name="loud", level=40), LoggerLevel(name="loud", level=7)]
    results = finish(node, setter.call_async(SetLoggerLevels.Request(levels=wanted))).results
    assert [r.successful for r in results] == [True, False]
    levels = finish(node, getter.call_async(GetLoggerLevels.Request(names=["loud"]))).levels
    assert levels[0].level == 40 and node.get_logger().get_effective_level() == 40


def test_subscriptions_count_publishers_of_their_type(make_node: MakeNode) -> None:
    speaker, listener = make_node("speaker"), make_node("listener")
    speaker.create_publisher(Int32, "mixed", 10)
    speaker.create_publisher(String, "mixed", QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE))
    subscription = listener.create_subscription(String, "mixed", print, 10)
    assert spin_until(listener, lambda: listener.count_publishers("mixed") == 2)
    assert spin_until(listener, lambda: subscription.get_publisher_count() == 1)
    with pytest.raises(ParameterNotDeclaredException):
        listener.get_parameter("nothing")
