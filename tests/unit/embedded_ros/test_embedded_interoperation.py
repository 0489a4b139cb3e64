"""Talking with an independent implementation of the wire format: the package zenoh-ros2-sdk."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

sdk = pytest.importorskip(
    "zenoh_ros2_sdk", reason="zenoh-ros2-sdk is not installed (it is a test dependency)"
)

STRING = "std_msgs/msg/String"
ADD = "example_interfaces/srv/AddTwoInts"
STRING_HASH = "RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"
ADD_HASH = "RIHS01_e118de6bf5eeb66a2491b5bda11202e7b68f198d6f67922cf30364858239c81a"


@pytest.fixture
def router_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A Zenoh router, as `rmw_zenohd` is one: peers of rmw_zenoh_cpp are introduced by routers only."""
    import zenoh

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = zenoh.Config()
    config.insert_json5("mode", '"router"')
    config.insert_json5("listen/endpoints", f'["tcp/127.0.0.1:{port}"]')
    config.insert_json5("scouting/multicast/enabled", "false")
    monkeypatch.setenv("BEE_ROS_ROUTER", f"tcp/127.0.0.1:{port}")
    router = zenoh.open(config)
    yield port
    router.close()


@pytest.fixture
def node(router_port: int, ros: None) -> Iterator[Any]:
    import rclpy

    made = rclpy.create_node("tester")
    yield made
    made.destroy_node()


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
