"""The receiving end of a topic: a Zenoh subscriber that queues samples. Subscriptions and action clients use it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from rclpy._endpoint import message_endpoint
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile

from bee_robot.embedded_ros.types.registry import codec_of
from bee_robot.embedded_ros.wire import keys
from bee_robot.embedded_ros.wire.attachment import Attachment


class SampleQueue:
    """Keeps the last samples as the QoS says, and calls `wake()` (on a transport thread) for each."""

    def __init__(
        self, node: Any, msg_type: Any, topic: str, qos: QoSProfile, wake: Callable[[], None]
    ) -> None:
        keeps_all = qos.history == HistoryPolicy.KEEP_ALL
        self.samples: deque[tuple[Any, int]] = deque(maxlen=None if keeps_all else qos.depth or 42)
        self.deserialize = codec_of(msg_type).deserialize
        self.endpoint = message_endpoint(node, keys.SUBSCRIPTION, msg_type, topic, qos)
        self._wake = wake
        self._received = 0
        self._wire: Any = self._declare(qos)
        self.endpoint.announce()

    def _declare(self, qos: QoSProfile) -> Any:
        import zenoh

        session = self.endpoint.context.session
        # Direct: runs on the receiving thread, which only has to queue the sample.
        handler = zenoh.handlers.Callback(self._on_sample, indirect=False)
        if qos.durability != DurabilityPolicy.TRANSIENT_LOCAL:
            return self.endpoint.context.keep(session.declare_subscriber(self.endpoint.key, handler))
        history = zenoh.ext.HistoryConfig(detect_late_publishers=True, max_samples=qos.depth or 42)
        wire = zenoh.ext.declare_advanced_subscriber(session, self.endpoint.key, handler, history=history)
        return self.endpoint.context.keep(wire)

    def _on_sample(self, sample: Any) -> None:
        self.samples.append((sample, time.time_ns()))
        self._wake()

    def __bool__(self) -> bool:
        return bool(self.samples)

    def take_sample(self) -> tuple[Any, int] | None:
        """The next sample and when it came (ns, system time); None if there is none."""
        try:
            taken = self.samples.popleft()
        except IndexError:
            return None
        self._received += 1
        return taken

    def take(self) -> Any:
        """The next message; None if there is none. SerializationError if the bytes do not fit the type."""
        taken = self.take_sample()
        return None if taken is None else self.deserialize(taken[0].payload.to_bytes())

    def info(self, sample: Any, received_ns: int) -> dict[str, Any]:
        """What a subscription callback with two arguments gets as its second."""
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

    @property
    def is_open(self) -> bool:
        return self._wire is not None

    def close(self) -> None:
        wire, self._wire = self._wire, None
        self.endpoint.withdraw()
        if wire is not None:
            self.endpoint.context.release(wire)
        self.samples.clear()
