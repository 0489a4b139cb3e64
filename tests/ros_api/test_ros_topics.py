"""Publishers and subscriptions."""

from __future__ import annotations

import array
import time
from collections.abc import Callable

import pytest
import rclpy
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_sensor_data,
)
from ros_spinning import spin_all_until, spin_until
from sensor_msgs.msg import Image
from std_msgs.msg import Int32, String

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def test_a_message_reaches_every_subscription(node: Node) -> None:
    first: list[str] = []
    second: list[str] = []
    node.create_subscription(String, "news", lambda m: first.append(m.data), 10)
    node.create_subscription(String, "/news", lambda m: second.append(m.data), 10)
    publisher = node.create_publisher(String, "news", 10)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 2)
    publisher.publish(String(data="honey"))
    assert spin_until(node, lambda: first == ["honey"] and second == ["honey"])


def test_messages_come_in_order(node: Node) -> None:
    received: list[int] = []
    node.create_subscription(Int32, "count", lambda m: received.append(m.data), 100)
    publisher = node.create_publisher(Int32, "count", 100)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 1)
    for number in range(50):
        publisher.publish(Int32(data=number))
    assert spin_until(node, lambda: len(received) == 50)
    assert received == list(range(50))


def test_keep_last_keeps_the_last(node: Node) -> None:
    received: list[int] = []
    node.create_subscription(Int32, "count", lambda m: received.append(m.data), 3)
    publisher = node.create_publisher(Int32, "count", 100)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 1)
    for number in range(20):
        publisher.publish(Int32(data=number))
    time.sleep(0.3)
    spin_until(node, lambda: len(received) > 3, timeout_s=0.5)
    assert received == [17, 18, 19]


def test_best_effort_is_delivered_on_one_machine(node: Node) -> None:
    received: list[int] = []
    node.create_subscription(Int32, "sensor", lambda m: received.append(m.data), qos_profile_sensor_data)
    publisher = node.create_publisher(Int32, "sensor", qos_profile_sensor_data)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 1)
    publisher.publish(Int32(data=7))
    assert spin_until(node, lambda: received == [7])


def test_a_late_joiner_gets_the_latched_message(make_node: Callable[..., Node]) -> None:
    speaker, listener = make_node("speaker"), make_node("listener")
    publisher = speaker.create_publisher(String, "state", LATCHED)
    publisher.publish(String(data="old"))
    publisher.publish(String(data="closed and safe"))
    received: list[str] = []
    listener.create_subscription(String, "state", lambda m: received.append(m.data), LATCHED)
    assert spin_all_until([speaker, listener], lambda: bool(received))
    publisher.publish(String(data="open"))
    assert spin_all_until([speaker, listener], lambda: len(received) == 2)
    assert received == ["closed and safe", "open"]


def test_a_late_joiner_gets_as_many_as_the_depth(make_node: Callable[..., Node]) -> None:
    speaker, listener = make_node("speaker"), make_node("listener")
    profile = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher = speaker.create_publisher(Int32, "history", profile)
    for number in range(8):
        publisher.publish(Int32(data=number))
    received: list[int] = []
    listener.create_subscription(Int32, "history", lambda m: received.append(m.data), profile)
    assert spin_all_until([speaker, listener], lambda: len(received) >= 5)
    assert received == [3, 4, 5, 6, 7]


def test_a_volatile_subscription_hears_nothing_old(make_node: Callable[..., Node]) -> None:
    speaker, listener = make_node("speaker"), make_node("listener")
    publisher = speaker.create_publisher(String, "state", LATCHED)
    publisher.publish(String(data="old"))
    received: list[str] = []
    listener.create_subscription(String, "state", lambda m: received.append(m.data), 10)
    assert spin_all_until([speaker, listener], lambda: publisher.get_subscription_count() == 1)
    publisher.publish(String(data="new"))
    assert spin_all_until([speaker, listener], lambda: bool(received))
    assert received == ["new"]


def test_raw_subscriptions_get_bytes(node: Node) -> None:
    received: list[bytes] = []
    node.create_subscription(String, "news", received.append, 10, raw=True)
    publisher = node.create_publisher(String, "news", 10)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 1)
    publisher.publish(String(data="hi"))
    assert spin_until(node, lambda: bool(received))
    assert received[0].startswith(b"\x00\x01\x00\x00\x03\x00\x00\x00hi\x00")


def test_bytes_can_be_published(node: Node) -> None:
    received: list[str] = []
    node.create_subscription(String, "news", lambda m: received.append(m.data), 10)
    publisher = node.create_publisher(String, "news", 10)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 1)
    publisher.publish(b"\x00\x01\x00\x00\x03\x00\x00\x00hi\x00")
    assert spin_until(node, lambda: received == ["hi"])


def test_another_type_is_refused(node: Node) -> None:
    publisher = node.create_publisher(String, "news", 10)
    with pytest.raises(TypeError):
        publisher.publish(Int32())
    with pytest.raises(TypeError):
        publisher.publish("text")


def test_a_large_image_arrives_whole(node: Node) -> None:
    pixels = array.array("B", bytes(range(256)) * 12000)
    received: list[Image] = []
    node.create_subscription(Image, "image", received.append, 2)
    publisher = node.create_publisher(Image, "image", 2)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 1)
    publisher.publish(Image(height=1500, width=2048, encoding="mono8", step=2048, data=pixels))
    assert spin_until(node, lambda: bool(received))
    assert received[0].data == pixels and received[0].encoding == "mono8"


def test_a_destroyed_subscription_hears_nothing(node: Node) -> None:
    received: list[str] = []
    subscription = node.create_subscription(String, "news", lambda m: received.append(m.data), 10)
    publisher = node.create_publisher(String, "news", 10)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 1)
    assert node.destroy_subscription(subscription)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 0)
    publisher.publish(String())
    spin_until(node, lambda: bool(received), timeout_s=0.2)
    assert received == []


def test_a_destroyed_publisher_cannot_publish(node: Node) -> None:
    publisher = node.create_publisher(String, "news", 10)
    assert node.destroy_publisher(publisher)
    assert not node.destroy_publisher(publisher)
    with pytest.raises(Exception):  # noqa: B017  InvalidHandle of rclpy's C layer
        publisher.publish(String())


def test_profiles_need_history_or_depth() -> None:
    from rclpy.qos import InvalidQoSProfileException

    with pytest.raises(InvalidQoSProfileException):
        QoSProfile()
    with pytest.raises(InvalidQoSProfileException):
        QoSProfile(history=HistoryPolicy.KEEP_LAST)
    assert QoSProfile(depth=3).history == HistoryPolicy.KEEP_LAST
    assert QoSProfile(depth=3) == QoSProfile(depth=3)
    assert QoSProfile(depth=3) != QoSProfile(depth=3, reliability=ReliabilityPolicy.BEST_EFFORT)


@pytest.mark.parametrize("wrong", ["text", 1.5, None])
def test_qos_is_a_profile_or_a_depth(node: Node, wrong: object) -> None:
    with pytest.raises(TypeError):
        node.create_publisher(String, "news", wrong)


def test_a_negative_depth_is_refused(node: Node) -> None:
    with pytest.raises(ValueError):
        node.create_publisher(String, "news", -1)


def test_a_class_that_is_no_message_is_refused(node: Node) -> None:
    with pytest.raises(AttributeError):
        node.create_publisher(str, "news", 10)


def test_nothing_is_sent_after_shutdown(ros: None) -> None:
    node = rclpy.create_node("short_lived")
    publisher = node.create_publisher(String, "news", 10)
    rclpy.shutdown()
    with pytest.raises(Exception):  # noqa: B017  RCLError of rclpy's C layer
        publisher.publish(String())
