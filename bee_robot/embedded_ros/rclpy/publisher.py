"""Publishers."""

from __future__ import annotations

import time
from typing import Any

from rclpy._endpoint import message_endpoint
from rclpy._handle import Handle
from rclpy.duration import Duration
from rclpy.exceptions import InvalidHandle, RCLError, UnsupportedEventTypeError
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from bee_robot.embedded_ros.types.registry import codec_of
from bee_robot.embedded_ros.wire import keys
from bee_robot.embedded_ros.wire.attachment import GID_SIZE, pack_attachment

HEARTBEAT_S = 0.5
"""How long after a transient local message its number is said again, as in rmw_zenoh_cpp."""

_ASK_AGAIN_NS, _FOR_EVER_NS = 1_000_000_000, 2**63


class Publisher:
    """Sends messages of one type on one topic. Made by `Node.create_publisher`."""

    def __init__(
        self,
        node: Any,
        msg_type: Any,
        topic: str,
        qos_profile: QoSProfile,
        event_callbacks: Any,
        callback_group: Any,
    ) -> None:
        self.msg_type = msg_type
        self.topic = topic  # the node puts the name here as it was given; `topic_name` is the full one
        self._topic_name = topic
        self.qos_profile = qos_profile
        self._callback_group = callback_group
        self._node = node
        self._handle = Handle()
        self._endpoint = message_endpoint(node, keys.PUBLISHER, msg_type, topic, qos_profile)
        self._gid = self._endpoint.gid
        self._sequence_number = 0
        self._serialize = codec_of(msg_type).serialize
        self._always_sends = qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
        # A volatile message that nobody hears need not be made into bytes. To ask costs more than to send a small
        # one, so a yes is good for a while.
        self._heard_until_ns = _FOR_EVER_NS if self._always_sends else 0
        self._wire: Any = self._endpoint.context.keep(self._declare())
        self._endpoint.announce()
        self.event_handlers: list[Any] = []
        if event_callbacks:
            try:
                self.event_handlers = event_callbacks.create_event_handlers(callback_group, self, topic)
            except UnsupportedEventTypeError:
                self.destroy()
                raise

    def _declare(self) -> Any:
        import zenoh

        qos, session = self.qos_profile, self._endpoint.context.session
        best_effort = qos.reliability == ReliabilityPolicy.BEST_EFFORT
        blocks = not best_effort and qos.history == HistoryPolicy.KEEP_ALL
        options = {
            "congestion_control": zenoh.CongestionControl.BLOCK if blocks else zenoh.CongestionControl.DROP,
            "reliability": zenoh.Reliability.BEST_EFFORT if best_effort else zenoh.Reliability.RELIABLE,
        }
        if not self._always_sends:
            return session.declare_publisher(self._endpoint.key, **options)
        # As rmw_zenoh_cpp: subscribers may ask again for what a reliable publisher said and they missed.
        misses = None
        if not best_effort:
            misses = zenoh.ext.MissDetectionConfig(heartbeat=None, sporadic_heartbeat=HEARTBEAT_S)
        return zenoh.ext.declare_advanced_publisher(
            session,
            self._endpoint.key,
            cache=zenoh.ext.CacheConfig(max_samples=qos.depth or 42),
            publisher_detection=True,
            sample_miss_detection=misses,
            **options,
        )

    def publish(self, msg: Any) -> None:
        """Send a message (or its bytes). TypeError for another type, RCLError after shutdown."""
        wire = self._wire
        if wire is None:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")
        now_ns = time.time_ns()
        if isinstance(msg, self.msg_type):
            if now_ns > self._heard_until_ns:
                if not wire.matching_status.matching:
                    self._sequence_number += 1
                    return
                self._heard_until_ns = now_ns + _ASK_AGAIN_NS
            data = self._serialize(msg)
        elif isinstance(msg, bytes):
            data = msg
        else:
            raise TypeError(f"Expected {self.msg_type}, got {type(msg)}")
        self._sequence_number += 1
        attachment = pack_attachment(self._sequence_number, now_ns, GID_SIZE, self._gid)
        try:
            wire.put(data, attachment=attachment)
        except Exception as error:
            raise RCLError(f"Failed to publish on {self._topic_name}: {error}") from error

    def get_subscription_count(self) -> int:
        """How many subscriptions of this type there are on this topic."""
        self._handle.require_valid()
        return len(self._endpoint.matches(keys.SUBSCRIPTION))

    @property
    def topic_name(self) -> str:
        return self._topic_name

    @property
    def handle(self) -> Handle:
        return self._handle

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy()

    def assert_liveliness(self) -> None:
        """Liveliness is asserted by the transport."""

    def wait_for_all_acked(self, timeout: Duration | None = None) -> bool:
        """True: what `publish` has returned from is on its way on a reliable stream."""
        return True

    def destroy(self) -> None:
        self._handle.destroy_when_not_in_use()
        wire, self._wire = self._wire, None
        for handler in self.event_handlers:
            handler.destroy()
        self._endpoint.withdraw()
        if wire is not None:
            self._endpoint.context.release(wire)
