"""Subscriptions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from types import CoroutineType
from typing import Any

from rclpy._handle import Handle
from rclpy._sample_queue import SampleQueue
from rclpy.executors import Entity, call_back
from rclpy.qos import QoSProfile

from bee_robot.embedded_ros.types.cdr import SerializationError
from bee_robot.embedded_ros.wire import keys


class Subscription(Entity):
    """Calls back with each message of a topic. Made by `Node.create_subscription`."""

    order = 1

    class CallbackType(Enum):
        MessageOnly = 0
        WithMessageInfo = 1

    def __init__(
        self,
        node: Any,
        msg_type: Any,
        topic: str,
        callback: Callable[..., Any],
        callback_group: Any,
        qos_profile: QoSProfile,
        raw: bool,
        event_callbacks: Any,
    ) -> None:
        self.msg_type = msg_type
        self.topic = topic
        self.qos_profile = qos_profile
        self.raw = raw
        self.callback = callback
        self._node = node
        self._handle = Handle()
        super().__init__(callback_group)
        self._queue = SampleQueue(node, msg_type, topic, qos_profile, self._mark_ready)
        self._samples = self._queue.samples
        self._deserialize = self._queue.deserialize
        self.event_handlers: list[Any] = (
            event_callbacks.create_event_handlers(callback_group, self, topic) if event_callbacks else []
        )

    @property
    def callback(self) -> Callable[..., Any]:
        return self._callback

    @callback.setter
    def callback(self, value: Callable[..., Any]) -> None:
        self._callback = value
        self._callback_type = callback_type(value)

    def _has_work(self) -> bool:
        return bool(self._samples)

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        taken = self._queue.take_sample()
        if taken is None:
            return None
        sample, received_ns = taken
        if self._samples:
            self._mark_ready()
        message: Any = sample.payload.to_bytes()
        if not self.raw:
            try:
                message = self._deserialize(message)
            except SerializationError as error:
                self._node.get_logger().error(f"message on {self.topic} dropped: {error}")
                return None
        if self._callback_type is Subscription.CallbackType.MessageOnly:
            return call_back(self._callback, message)
        return call_back(self._callback, message, self._queue.info(sample, received_ns))

    def take(self) -> tuple[Any, dict[str, Any]] | None:
        """The next message and its info without a callback; None if there is none."""
        taken = self._queue.take_sample()
        if taken is None:
            return None
        data = taken[0].payload.to_bytes()
        return (data if self.raw else self._deserialize(data)), self._queue.info(*taken)

    @property
    def topic_name(self) -> str:
        return self.topic

    def get_publisher_count(self) -> int:
        """How many publishers there are on this topic."""
        return self._node.context.graph.count(keys.PUBLISHER, self.topic)

    @property
    def handle(self) -> Handle:
        return self._handle

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exception: object) -> None:
        """A `with` keeps the handle alive in rclpy; here it needs no help."""

    def destroy(self) -> None:
        self._handle.destroy_when_not_in_use()
        self._set_executor(None)
        for handler in self.event_handlers:
            handler.destroy()
        self._queue.close()


def callback_type(callback: Callable[..., Any]) -> Subscription.CallbackType:
    """Does the callback take the message only, or its info too? RuntimeError if neither."""
    signature = inspect.signature(callback)
    for count, kind in (
        (1, Subscription.CallbackType.MessageOnly),
        (2, Subscription.CallbackType.WithMessageInfo),
    ):
        try:
            signature.bind(*([object()] * count))
        except TypeError:
            continue
        return kind
    raise RuntimeError(
        "Subscription.__init__(): callback should be either be callable with one argument"
        " (to get only the message) or two (to get message and message info)"
    )
