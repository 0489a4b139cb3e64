"""Subscriptions."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from types import CoroutineType
from typing import Any

from rclpy._entity import Entity, call_back
from rclpy._handle import Handle
from rclpy._refusals import Refusals
from rclpy._sample_queue import Arrival, SampleQueue
from rclpy.exceptions import UnsupportedEventTypeError
from rclpy.qos import QoSProfile

from bee_robot.embedded_ros.types.cdr import SerializationError
from bee_robot.embedded_ros.wire import keys


def takes_two_arguments(callback: Callable[..., Any]) -> bool:
    """True if the callback cannot be called with a message alone, but with its info too."""
    code = getattr(callback, "__code__", None)
    if code is not None and code.co_argcount - hasattr(callback, "__self__") == 1:
        return False
    try:
        signature = inspect.signature(callback)
    except (TypeError, ValueError):
        return False
    for count in (1, 2):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        return count == 2
    return False


class Subscription(Entity):
    """Calls back with each message of a topic. Made by `Node.create_subscription`.

    A callback with two parameters also gets the info of the message (Iron and later): a dictionary
    with `source_timestamp`, `received_timestamp` (ns) and `publication_sequence_number`.
    """

    order = 1

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
        self.topic = topic  # the node puts the name here as it was given; `topic_name` is the full one
        self._topic_name = topic
        self.qos_profile = qos_profile
        self.raw = raw
        self.callback = callback
        self._node = node
        self._handle = Handle(take_message=self._take_message)
        super().__init__(callback_group)
        self._queue = SampleQueue(node, msg_type, topic, qos_profile, self._mark_ready)
        self._endpoint = self._queue.endpoint
        self._samples = self._queue.samples
        self._deserialize = self._queue.deserialize
        self._refusals = Refusals(node)
        self._wants_info = takes_two_arguments(callback)
        if self._wants_info:
            self._queue.stamp_arrivals()
        self.event_handlers: list[Any] = []
        if event_callbacks:
            try:
                self.event_handlers = event_callbacks.create_event_handlers(callback_group, self, topic)
            except UnsupportedEventTypeError:
                self.destroy()
                raise

    def _has_work(self) -> bool:
        return bool(self._samples)

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        samples = self._samples
        try:
            sample = samples.popleft()
        except IndexError:
            return None
        if samples and not self._queued:
            self._mark_ready()
        message: Any = sample.payload.to_bytes()
        try:
            if not self.raw:
                message = self._deserialize(message)
            info = self._arrival(sample).info() if self._wants_info else None
        except (SerializationError, ValueError) as error:
            self._refusals.tell(f"message on {self._topic_name} dropped: {error}")
            return None
        if info is not None:
            return call_back(self.callback, message, info)
        return call_back(self.callback, message)

    def _take_message(self, msg_type: Any, raw: bool) -> tuple[Any, dict[str, Any]] | None:
        """The next message with its info, or None: for code that polls `subscription.handle`."""
        sample = self._queue.take_sample()
        if sample is None:
            return None
        data = sample.payload.to_bytes()
        return (data if raw else self._deserialize(data)), self._arrival(sample).info()

    @staticmethod
    def _arrival(sample: Any) -> Arrival:
        """The first samples may have come before their times were wanted."""
        return sample if isinstance(sample, Arrival) else Arrival(sample, time.time_ns())

    @property
    def topic_name(self) -> str:
        return self._topic_name

    def get_publisher_count(self) -> int:
        """How many publishers of this type there are on this topic."""
        self._handle.require_valid()
        return len(self._endpoint.matches(keys.PUBLISHER))

    @property
    def handle(self) -> Handle:
        return self._handle

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy()

    def destroy(self) -> None:
        self._handle.destroy_when_not_in_use()
        self._set_executor(None)
        for handler in self.event_handlers:
            handler.destroy()
        self._queue.close()
