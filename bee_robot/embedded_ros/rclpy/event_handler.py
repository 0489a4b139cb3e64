"""Events of endpoints: here matching, which is what rmw_zenoh_cpp can tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from types import CoroutineType
from typing import Any

from rclpy.exceptions import UnsupportedEventTypeError
from rclpy.executors import Entity, call_back

from bee_robot.embedded_ros.wire import keys


class QoSPublisherEventType(IntEnum):
    RCL_PUBLISHER_OFFERED_DEADLINE_MISSED = 0
    RCL_PUBLISHER_LIVELINESS_LOST = 1
    RCL_PUBLISHER_OFFERED_INCOMPATIBLE_QOS = 2
    RCL_PUBLISHER_INCOMPATIBLE_TYPE = 3
    RCL_PUBLISHER_MATCHED = 4


class QoSSubscriptionEventType(IntEnum):
    RCL_SUBSCRIPTION_REQUESTED_DEADLINE_MISSED = 0
    RCL_SUBSCRIPTION_LIVELINESS_CHANGED = 1
    RCL_SUBSCRIPTION_REQUESTED_INCOMPATIBLE_QOS = 2
    RCL_SUBSCRIPTION_MESSAGE_LOST = 3
    RCL_SUBSCRIPTION_INCOMPATIBLE_TYPE = 4
    RCL_SUBSCRIPTION_MATCHED = 5


PublisherEventType = QoSPublisherEventType
SubscriptionEventType = QoSSubscriptionEventType


@dataclass
class MatchedInfo:
    """How many endpoints match, and how that changed since the last event."""

    total_count: int
    total_count_change: int
    current_count: int
    current_count_change: int


class EventHandler(Entity):
    """Watches the graph for endpoints that match, and calls back on the executor."""

    def __init__(
        self, *, callback_group: Any, callback: Callable[[MatchedInfo], Any], parent: Any, other_kind: str
    ) -> None:
        super().__init__(callback_group)
        self.callback = callback
        self._node = parent._node
        self._topic = parent.topic
        self._other_kind = other_kind
        self._graph = self._node.context.graph
        self._seen: frozenset[str] = frozenset()
        self._total = 0
        self._node.add_waitable(self)
        self._graph.add_listener(self._mark_ready)
        self._mark_ready()

    def _matching(self) -> frozenset[str]:
        return frozenset(t.key() for t in self._graph.select(self._other_kind, name=self._topic))

    def _has_work(self) -> bool:
        return self._matching() != self._seen

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        matching = self._matching()
        new = len(matching - self._seen)
        change = len(matching) - len(self._seen)
        self._seen = matching
        self._total += new
        return call_back(self.callback, MatchedInfo(self._total, new, len(matching), change))

    def destroy(self) -> None:
        self._graph.remove_listener(self._mark_ready)
        if self in self._node._waitables:
            self._node.remove_waitable(self)


class _EventCallbacks:
    _names: tuple[str, ...] = ()
    _other_kind = ""

    def __init__(self, **callbacks: Any) -> None:
        self.use_default_callbacks = callbacks.pop("use_default_callbacks", True)
        unknown = set(callbacks) - set(self._names)
        if unknown:
            raise TypeError(f"unknown event callbacks: {', '.join(sorted(unknown))}")
        for name in self._names:
            setattr(self, name, callbacks.get(name))

    def create_event_handlers(self, callback_group: Any, parent: Any, topic_name: str) -> list[EventHandler]:
        """Handlers for what can be told; UnsupportedEventTypeError for deadline and liveliness."""
        for name in ("deadline", "liveliness"):
            if getattr(self, name) is not None:
                raise UnsupportedEventTypeError(
                    f"{topic_name}: the event {name!r} is not supported over Zenoh (as in rmw_zenoh_cpp)"
                )
        if self.matched is None:  # type: ignore[attr-defined]
            return []
        return [
            EventHandler(
                callback_group=callback_group,
                callback=self.matched,  # type: ignore[attr-defined]
                parent=parent,
                other_kind=self._other_kind,
            )
        ]


class PublisherEventCallbacks(_EventCallbacks):
    """Callbacks for events of a publisher."""

    _names = ("deadline", "liveliness", "incompatible_qos", "incompatible_type", "matched")
    _other_kind = keys.SUBSCRIPTION


class SubscriptionEventCallbacks(_EventCallbacks):
    """Callbacks for events of a subscription."""

    _names = ("deadline", "liveliness", "incompatible_qos", "message_lost", "incompatible_type", "matched")
    _other_kind = keys.PUBLISHER
