"""Events that only the transport can cause."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import rclpy
from rclpy.event_handler import (
    PublisherEventCallbacks,
    SubscriptionEventCallbacks,
    UnsupportedEventTypeError,
)
from rclpy.node import Node
from std_msgs.msg import String


def spin_until(node: Node, condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.02)
    return condition()


def test_messages_that_got_lost_on_the_way_are_told(ros: None) -> None:
    node = rclpy.create_node("listener")
    heard: list[str] = []
    lost: list[Any] = []
    node.create_subscription(
        String,
        "talk",
        lambda message: heard.append(message.data),
        10,
        event_callbacks=SubscriptionEventCallbacks(message_lost=lost.append),
    )
    publisher = node.create_publisher(String, "talk", 10)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 1)
    publisher.publish(String(data="one"))
    publisher._sequence_number += 3  # what a link that breaks down does
    publisher.publish(String(data="five"))
    publisher.publish(String(data="six"))
    assert spin_until(node, lambda: len(heard) == 3 and bool(lost))
    assert [(info.total_count, info.total_count_change) for info in lost] == [(3, 3)]
    node.destroy_node()


@pytest.mark.parametrize("event", ["deadline", "liveliness"])
def test_events_that_zenoh_cannot_tell_are_refused(ros: None, event: str) -> None:
    node = rclpy.create_node("asker")
    for make, callbacks in (
        (node.create_publisher, PublisherEventCallbacks),
        (lambda *a, **k: node.create_subscription(*a[:2], print, *a[2:], **k), SubscriptionEventCallbacks),
    ):
        with pytest.raises(UnsupportedEventTypeError, match=event):
            make(String, "talk", 10, event_callbacks=callbacks(**{event: print}))
    assert node.count_publishers("talk") == 0 == node.count_subscribers("talk")
    node.destroy_node()
