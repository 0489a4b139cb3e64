"""Subscriptions."""

from __future__ import annotations

import inspect
import time
from collections import deque
from collections.abc import Callable
from enum import Enum
from types import CoroutineType
from typing import Any

from bee_robot.embedded_ros.types.cdr import SerializationError
from bee_robot.embedded_ros.types.registry import codec_of
from bee_robot.embedded_ros.wire import keys
from bee_robot.embedded_ros.wire.attachment import Attachment
from rclpy._endpoint import message_endpoint
from rclpy.exceptions import InvalidHandle
from rclpy.executors import Entity, call_back
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile


class Subscription(Entity):
    """Calls back with each message of a topic. Made by `Node.create_subscription`."""

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
        keeps_all = qos_profile.history == HistoryPolicy.KEEP_ALL
        self._samples: deque[tuple[Any, int]] = deque(maxlen=None if keeps_all else qos_profile.depth or 42)
        self._received = 0
        self._deserialize = codec_of(msg_type).deserialize
        super().__init__(callback_group)
        self._endpoint = message_endpoint(node, keys.SUBSCRIPTION, msg_type, topic, qos_profile)
        self._wire: Any = self._declare(self._on_sample)
        self._endpoint.announce()
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

    def _declare(self, on_sample: Callable[[Any], None]) -> Any:
        import zenoh

        session = self._endpoint.context.session
        # Direct: runs on the receiving thread, which only has to queue the sample.
        handler = zenoh.handlers.Callback(on_sample, indirect=False)
        if self.qos_profile.durability != DurabilityPolicy.TRANSIENT_LOCAL:
            return session.declare_subscriber(self._endpoint.key, handler)
        history = zenoh.ext.HistoryConfig(
            detect_late_publishers=True, max_samples=self.qos_profile.depth or 42
        )
        return zenoh.ext.declare_advanced_subscriber(session, self._endpoint.key, handler, history=history)

    def _on_sample(self, sample: Any) -> None:
        self._samples.append((sample, time.time_ns()))
        if not self._queued:
            self._mark_ready()

    def _has_work(self) -> bool:
        return bool(self._samples)

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        try:
            sample, received_ns = self._samples.popleft()
        except IndexError:
            return None
        if self._samples:
            self._mark_ready()
        self._received += 1
        message: Any = sample.payload.to_bytes()
        if not self.raw:
            try:
                message = self._deserialize(message)
            except SerializationError as error:
                self._node.get_logger().error(f"message on {self.topic} dropped: {error}")
                return None
        if self._callback_type is Subscription.CallbackType.MessageOnly:
            return call_back(self._callback, message)
        return call_back(self._callback, message, self._message_info(sample, received_ns))

    def _message_info(self, sample: Any, received_ns: int) -> dict[str, Any]:
        source_ns, number = 0, 0
        if sample.attachment is not None:
            attachment = Attachment.decode(sample.attachment.to_bytes())
            source_ns, number = attachment.source_time_ns, attachment.sequence_number
        return {
            "source_timestamp": source_ns,
            "received_timestamp": received_ns,
            "publication_sequence_number": number,
            "reception_sequence_number": self._received,
        }

    def take(self) -> tuple[Any, dict[str, Any]] | None:
        """The next message and its info without a callback; None if there is none."""
        try:
            sample, received_ns = self._samples.popleft()
        except IndexError:
            return None
        data = sample.payload.to_bytes()
        return (data if self.raw else self._deserialize(data)), self._message_info(sample, received_ns)

    @property
    def topic_name(self) -> str:
        return self.topic

    def get_publisher_count(self) -> int:
        """How many publishers there are on this topic."""
        return self._endpoint.context.graph.count(keys.PUBLISHER, self.topic)

    @property
    def handle(self) -> Subscription:
        if self._wire is None:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")
        return self

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exception: object) -> None:
        """A `with` keeps the handle alive in rclpy; here it needs no help."""

    def destroy(self) -> None:
        wire, self._wire = self._wire, None
        self._set_executor(None)
        for handler in self.event_handlers:
            handler.destroy()
        self._endpoint.withdraw()
        if wire is not None and self._endpoint.context._session is not None:
            wire.undeclare()
        self._samples.clear()


def callback_type(callback: Callable[..., Any]) -> Subscription.CallbackType:
    """Does the callback take the message only, or its info too? RuntimeError if neither."""
    signature = inspect.signature(callback)
    for count, kind in ((1, Subscription.CallbackType.MessageOnly), (2, Subscription.CallbackType.WithMessageInfo)):
        try:
            signature.bind(*([object()] * count))
        except TypeError:
            continue
        return kind
    raise RuntimeError(
        "Subscription.__init__(): callback should be either be callable with one argument"
        " (to get only the message) or two (to get message and message info)"
    )
