"""The names of `rclpy.event_handler`, where Humble has them."""

from __future__ import annotations

from rclpy.event_handler import (
    EventHandler,
    PublisherEventCallbacks,
    QoSLivelinessChangedInfo,
    QoSLivelinessLostInfo,
    QoSMessageLostInfo,
    QoSOfferedDeadlineMissedInfo,
    QoSOfferedIncompatibleQoSInfo,
    QoSPublisherEventType,
    QoSRequestedDeadlineMissedInfo,
    QoSRequestedIncompatibleQoSInfo,
    QoSSubscriptionEventType,
    SubscriptionEventCallbacks,
)
from rclpy.exceptions import UnsupportedEventTypeError

QoSEventHandler = EventHandler

__all__ = [
    "PublisherEventCallbacks",
    "QoSEventHandler",
    "QoSLivelinessChangedInfo",
    "QoSLivelinessLostInfo",
    "QoSMessageLostInfo",
    "QoSOfferedDeadlineMissedInfo",
    "QoSOfferedIncompatibleQoSInfo",
    "QoSPublisherEventType",
    "QoSRequestedDeadlineMissedInfo",
    "QoSRequestedIncompatibleQoSInfo",
    "QoSSubscriptionEventType",
    "SubscriptionEventCallbacks",
    "UnsupportedEventTypeError",
]
