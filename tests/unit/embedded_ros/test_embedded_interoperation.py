"""Talking with an independent implementation of the wire format: the package zenoh-ros2-sdk."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sdk = pytest.importorskip(
    "zenoh_ros2_sdk", reason="zenoh-ros2-sdk is not installed (it is a test dependency)"
)

PUBLISHED = json.loads((Path(__file__).parent / "type_hashes.json").read_text())["published"]
STRING = "std_msgs/msg/String"
ADD = "example_interfaces/srv/AddTwoInts"
STRING_HASH = "RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"
ADD_HASH = "RIHS01_e118de6bf5eeb66a2491b5bda11202e7b68f198d6f67922cf30364858239c81a"


@pytest.fixture
def peer(router_port: int) -> Iterator[dict[str, Any]]:
    """Options that bring the other implementation onto our graph."""
    from zenoh_ros2_sdk.session import ZenohSession

    ZenohSession._instance = None
    yield {"domain_id": int(os.environ["ROS_DOMAIN_ID"]), "router_port": router_port}
    if ZenohSession._instance is not None:
        ZenohSession._instance.session.close()
        ZenohSession._instance = None


def spin_until(node: Any, condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    import rclpy

    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.02)
    return condition()


def test_the_peer_hears_us(node: Any, peer: dict[str, Any]) -> None:
    from std_msgs.msg import String

    received: list[str] = []
    subscriber = sdk.ROS2Subscriber(
        "/news",
        STRING,
        lambda m: received.append(m.data),
        msg_definition="string data",
        type_hash=STRING_HASH,
        **peer,
    )
    publisher = node.create_publisher(String, "news", 10)
    assert spin_until(node, lambda: node.count_subscribers("/news") == 1)
    assert spin_until(node, lambda: bool(publisher.publish(String(data="grüße")) or received))
    assert received[0] == "grüße"
    subscriber.close()


def test_we_hear_the_peer_and_see_it_in_the_graph(node: Any, peer: dict[str, Any]) -> None:
    from rclpy.qos import ReliabilityPolicy
    from std_msgs.msg import String

    received: list[str] = []
    node.create_subscription(String, "news", lambda m: received.append(m.data), 10)
    publisher = sdk.ROS2Publisher(
        "/news",
        STRING,
        msg_definition="string data",
        type_hash=STRING_HASH,
        node_name="stranger",
        qos="2::,5:,:,:,,",
        **peer,
    )
    assert spin_until(node, lambda: ("stranger", "/") in node.get_node_names_and_namespaces())
    assert spin_until(node, lambda: node.count_publishers("/news") == 1)
    info = node.get_publishers_info_by_topic("/news")[0]
    assert info.topic_type == STRING and str(info.topic_type_hash) == STRING_HASH
    assert info.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT and info.qos_profile.depth == 5
    assert spin_until(node, lambda: bool(publisher.publish(data="hello") or received))
    assert received[0] == "hello"
    publisher.close()


def test_the_peer_calls_our_service(node: Any, peer: dict[str, Any]) -> None:
    from example_interfaces.srv import AddTwoInts

    def add(request: Any, response: Any) -> Any:
        response.sum = request.a + request.b
        return response

    node.create_service(AddTwoInts, "add", add)
    client = sdk.ROS2ServiceClient(
        "/add",
        ADD,
        request_definition="int64 a\nint64 b",
        response_definition="int64 sum",
        type_hash=ADD_HASH,
        timeout=5.0,
        **peer,
    )
    answers: list[Any] = []
    time.sleep(0.3)
    caller = threading.Thread(target=lambda: answers.append(client.call(a=40, b=2)))
    caller.start()
    assert spin_until(node, lambda: bool(answers))
    caller.join(timeout=5.0)
    assert answers[0] is not None and answers[0].sum == 42
    client.close()


def test_we_call_the_service_of_the_peer(node: Any, peer: dict[str, Any]) -> None:
    from example_interfaces.srv import AddTwoInts

    def add(request: Any) -> Any:
        return server.response_msg_class(sum=request.a + request.b)

    server = sdk.ROS2ServiceServer(
        "/sum",
        ADD,
        add,
        request_definition="int64 a\nint64 b",
        response_definition="int64 sum",
        type_hash=ADD_HASH,
        **peer,
    )
    client = node.create_client(AddTwoInts, "sum")
    assert client.wait_for_service(timeout_sec=3.0)
    # The peer announces its service before it can be asked: the first request may be lost.
    futures: list[Any] = []

    def is_answered() -> bool:
        if not futures or not spin_until(node, futures[-1].done, timeout_s=0.5):
            futures.append(client.call_async(AddTwoInts.Request(a=20, b=3)))
        return any(f.done() for f in futures)

    assert spin_until(node, is_answered)
    assert next(f for f in futures if f.done()).result().sum == 23
    server.close()


def answer(node: Any, client: Any, **request: Any) -> Any:
    """What the peer's client gets, while we spin."""
    answers: list[Any] = []
    caller = threading.Thread(target=lambda: answers.append(client.call(**request)))
    caller.start()
    assert spin_until(node, lambda: bool(answers))
    caller.join(timeout=5.0)
    return answers[0]


def test_the_peer_uses_our_parameter_services(node: Any, peer: dict[str, Any]) -> None:
    from rosbags.typesys.stores import ros2_jazzy
    from zenoh_ros2_sdk.session import ZenohSession

    node.declare_parameter("speed", 1.5)
    node.declare_parameter("name", "tower")
    session = ZenohSession.get_instance(router_port=peer["router_port"])
    wanted = ("ParameterValue", "Parameter", "SetParametersResult", "ListParametersResult")
    wanted += ("ParameterDescriptor", "FloatingPointRange", "IntegerRange")
    session.store.register(
        {f"rcl_interfaces/msg/{n}": ros2_jazzy.FIELDDEFS[f"rcl_interfaces/msg/{n}"] for n in wanted}
    )
    types = session.store.types
    clients = []

    def ask(service: str, type_name: str, request: str, response: str, **fields: Any) -> Any:
        full_name = f"rcl_interfaces/srv/{type_name}"
        client = sdk.ROS2ServiceClient(
            f"/tester/{service}",
            full_name,
            request_definition=request,
            response_definition=response,
            type_hash=PUBLISHED[full_name]["hash"],
            timeout=5.0,
            **peer,
        )
        clients.append(client)
        time.sleep(0.2)
        return answer(node, client, **fields)

    listed = ask(
        "list_parameters",
        "ListParameters",
        "string[] prefixes\nuint64 depth",
        "rcl_interfaces/ListParametersResult result",
        prefixes=[],
        depth=0,
    )
    assert {"speed", "name"} <= set(listed.result.names)
    got = ask(
        "get_parameters",
        "GetParameters",
        "string[] names",
        "rcl_interfaces/ParameterValue[] values",
        names=["speed", "name"],
    )
    assert [v.type for v in got.values] == [3, 4]
    assert got.values[0].double_value == 1.5 and got.values[1].string_value == "tower"
    kinds = ask(
        "get_parameter_types", "GetParameterTypes", "string[] names", "uint8[] types", names=["speed", "name"]
    )
    assert list(kinds.types) == [3, 4]
    described = ask(
        "describe_parameters",
        "DescribeParameters",
        "string[] names",
        "rcl_interfaces/ParameterDescriptor[] descriptors",
        names=["speed"],
    )
    assert described.descriptors[0].name == "speed" and described.descriptors[0].type == 3

    def change(name: str, type_number: int, **value: Any) -> Any:
        import numpy

        empty = {
            f"{k}_array_value": numpy.array([], d)
            for k, d in (("byte", "uint8"), ("bool", "bool"), ("integer", "int64"), ("double", "float64"))
        }
        fields = {
            "bool_value": False,
            "integer_value": 0,
            "double_value": 0.0,
            "string_value": "",
            **empty,
            "string_array_value": [],
            **value,
        }
        content = types["rcl_interfaces/msg/ParameterValue"](type=type_number, **fields)
        return types["rcl_interfaces/msg/Parameter"](name=name, value=content)

    done = ask(
        "set_parameters",
        "SetParameters",
        "rcl_interfaces/Parameter[] parameters",
        "rcl_interfaces/SetParametersResult[] results",
        parameters=[change("speed", 3, double_value=2.5), change("name", 2, integer_value=7)],
    )
    assert [r.successful for r in done.results] == [True, False] and done.results[1].reason
    assert node.get_parameter("speed").value == 2.5
    at_once = ask(
        "set_parameters_atomically",
        "SetParametersAtomically",
        "rcl_interfaces/Parameter[] parameters",
        "rcl_interfaces/SetParametersResult result",
        parameters=[change("name", 4, string_value="mover")],
    )
    assert at_once.result.successful and node.get_parameter("name").value == "mover"
    for client in clients:
        client.close()


def test_the_peer_sees_our_graph(node: Any, peer: dict[str, Any]) -> None:
    from example_interfaces.srv import AddTwoInts
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from std_msgs.msg import String
    from zenoh_ros2_sdk import discovery

    node.create_publisher(String, "news", QoSProfile(depth=3, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    node.create_subscription(String, "news", lambda m: None, 10)
    node.create_service(AddTwoInts, "add", lambda request, response: response)
    assert spin_until(node, lambda: "/add" in dict(discovery.get_service_names_and_types(**peer)))
    topics = dict(discovery.get_topic_names_and_types(**peer))
    assert topics["/news"] == [STRING] and topics["/rosout"] == ["rcl_interfaces/msg/Log"]
    info = discovery.get_topic_info("/news", verbose=True, **peer)
    assert info is not None and (info.publisher_count, info.subscriber_count) == (1, 1)
    assert (info.publishers[0].node_name, info.publishers[0].type_hash) == ("tester", STRING_HASH)
    assert info.publishers[0].qos == ":1:,3:,:,:,," and info.subscribers[0].qos == "::,10:,:,:,,"
    services = dict(discovery.get_service_names_and_types(**peer))
    assert services["/add"] == [ADD] and services["/tester/get_parameters"] == [
        "rcl_interfaces/srv/GetParameters"
    ]


def test_a_peer_that_comes_late_gets_our_last_message(node: Any, peer: dict[str, Any]) -> None:
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from std_msgs.msg import String
    from zenoh_ros2_sdk import discovery

    latched = QoSProfile(depth=2, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher = node.create_publisher(String, "description", latched)
    for text in ("old", "newer", "newest"):
        publisher.publish(String(data=text))
    assert spin_until(node, lambda: discovery.get_topic_info("/description", **peer) is not None)
    received: list[str] = []
    subscriber = sdk.ROS2Subscriber(
        "/description",
        STRING,
        lambda m: received.append(m.data),
        msg_definition="string data",
        type_hash=STRING_HASH,
        qos=":1:,2:,:,:,,",
        **peer,
    )
    # It asks without switching consolidation off, so that the network gives it the last one only.
    assert spin_until(node, lambda: bool(received)) and received == ["newest"]
    subscriber.close()
