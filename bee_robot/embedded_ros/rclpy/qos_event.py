"""The names of `rclpy.event_handler`, where Humble has them."""

from __future__ import annotations

from rclpy.event_handler import (
    EventHandler,
    PublisherEventCallbacks,
    QoSPublisherEventType,
    QoSSubscriptionEventType,
    SubscriptionEventCallbacks,
)
from rclpy.exceptions import UnsupportedEventTypeError

QoSEventHandler = EventHandler

__all__ = [
    "PublisherEventCallbacks",
    "QoSEventHandler",
    "QoSPublisherEventType",
    "QoSSubscriptionEventType",
    "SubscriptionEventCallbacks",
    "UnsupportedEventTypeError",
]
