"""The receiving end of a topic: a Zenoh subscriber that queues samples. Subscriptions and action clients use it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import get_ident
from typing import Any

from rclpy._endpoint import message_endpoint
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from bee_robot.embedded_ros.types.registry import codec_of
from bee_robot.embedded_ros.wire import keys
from bee_robot.embedded_ros.wire.attachment import Attachment
from bee_robot.embedded_ros.wire.threads import THREADS_WITH_STATE, keep_thread_state


class Arrival:
    """A sample, and when it came (ns of the system clock)."""

    __slots__ = ("sample", "payload", "received_ns")

    def __init__(self, sample: Any, received_ns: int) -> None:
        self.sample, self.payload, self.received_ns = sample, sample.payload, received_ns

    def info(self) -> dict[str, Any]:
        """What rmw_zenoh_cpp tells of a message: times in ns, and its number at the publisher.

        ValueError if its sender did not attach them.
        """
        number, source_ns, _ = Attachment.of(self.sample)
        return {
            "source_timestamp": source_ns,
            "received_timestamp": self.received_ns,
            "publication_sequence_number": number,
            "reception_sequence_number": 0,
        }


class SampleQueue:
    """Keeps the last samples as the QoS says, and calls `wake()` (on a transport thread) for each."""

    def __init__(
        self, node: Any, msg_type: Any, topic: str, qos: QoSProfile, wake: Callable[[], None]
    ) -> None:
        keeps_all = qos.history == HistoryPolicy.KEEP_ALL
        self.samples: deque[Any] = deque(maxlen=None if keeps_all else qos.depth or 42)
        self.deserialize = codec_of(msg_type).deserialize
        self.endpoint = message_endpoint(node, keys.SUBSCRIPTION, msg_type, topic, qos)
        self._wake = wake
        self._inspectors: list[Callable[[Any], Any]] = []
        self._wire: Any = self._declare(qos)
        self.endpoint.announce()

    def _declare(self, qos: QoSProfile) -> Any:
        import zenoh

        session = self.endpoint.context.session
        # Direct: runs on the receiving thread, which only has to queue the sample.
        handler = zenoh.handlers.Callback(self._on_sample, indirect=False)
        if qos.durability != DurabilityPolicy.TRANSIENT_LOCAL:
            return self.endpoint.context.keep(session.declare_subscriber(self.endpoint.key, handler))
        recovers = qos.reliability != ReliabilityPolicy.BEST_EFFORT
        wire = zenoh.ext.declare_advanced_subscriber(
            session,
            self.endpoint.key,
            handler,
            history=zenoh.ext.HistoryConfig(detect_late_publishers=True, max_samples=qos.depth or 42),
            recovery=zenoh.ext.RecoveryConfig(periodic_queries=None, heartbeat=True) if recovers else None,
            subscriber_detection=True,
        )
        return self.endpoint.context.keep(wire)

    def _on_sample(self, sample: Any) -> None:
        if get_ident() not in THREADS_WITH_STATE:
            keep_thread_state()
        if self._inspectors:
            for inspect in self._inspectors:
                sample = inspect(sample)
        self.samples.append(sample)
        self._wake()

    def watch_numbers(self, on_lost: Callable[[int], None]) -> None:
        """Call `on_lost(count)` for gaps in the numbers of each publisher's messages, from now on."""
        last: dict[bytes, int] = {}

        def look(sample: Any) -> Any:
            try:
                number, _, gid = Attachment.of(sample)
            except ValueError:  # from no ROS node: it has no number
                return sample
            missing = number - last.get(gid, number - 1) - 1
            last[gid] = number
            if missing > 0:
                on_lost(missing)
            return sample

        self._inspectors.append(look)

    def stamp_arrivals(self) -> None:
        """From now on the queue holds `Arrival`s."""
        self._inspectors.append(lambda sample: Arrival(sample, time.time_ns()))

    def __bool__(self) -> bool:
        return bool(self.samples)

    def take_sample(self) -> Any:
        """The next sample; None if there is none."""
        try:
            return self.samples.popleft()
        except IndexError:
            return None

    def take(self) -> Any:
        """The next message; None if there is none. SerializationError if the bytes do not fit the type."""
        sample = self.take_sample()
        return None if sample is None else self.deserialize(sample.payload.to_bytes())

    @property
    def is_open(self) -> bool:
        return self._wire is not None

    def close(self) -> None:
        wire, self._wire = self._wire, None
        self.endpoint.withdraw()
        if wire is not None:
            self.endpoint.context.release(wire)
        self.samples.clear()
