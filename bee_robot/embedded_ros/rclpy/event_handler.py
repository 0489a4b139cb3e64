"""Events of endpoints, as far as rmw_zenoh_cpp can tell of them: matching, other types, lost messages."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from types import CoroutineType
from typing import Any

from rclpy._entity import Entity, call_back
from rclpy.exceptions import UnsupportedEventTypeError

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

_COUNTS = ("total_count", "total_count_change")
QoSRequestedDeadlineMissedInfo = namedtuple("QoSRequestedDeadlineMissedInfo", _COUNTS)
QoSOfferedDeadlineMissedInfo = namedtuple("QoSOfferedDeadlineMissedInfo", _COUNTS)
QoSLivelinessLostInfo = namedtuple("QoSLivelinessLostInfo", _COUNTS)
QoSMessageLostInfo = namedtuple("QoSMessageLostInfo", _COUNTS)
IncompatibleTypeInfo = namedtuple("IncompatibleTypeInfo", _COUNTS)
QoSRequestedIncompatibleQoSInfo = namedtuple(
    "QoSRequestedIncompatibleQoSInfo", (*_COUNTS, "last_policy_kind")
)
QoSOfferedIncompatibleQoSInfo = QoSRequestedIncompatibleQoSInfo
QoSLivelinessChangedInfo = namedtuple(
    "QoSLivelinessChangedInfo",
    ("alive_count", "not_alive_count", "alive_count_change", "not_alive_count_change"),
)


@dataclass
class MatchedInfo:
    """How many endpoints match, and how that changed since the last event."""

    total_count: int
    total_count_change: int
    current_count: int
    current_count_change: int


QoSPublisherMatchedInfo = MatchedInfo
QoSSubscriptionMatchedInfo = MatchedInfo


class EventHandler(Entity):
    """Calls back on the executor when something has happened to an endpoint."""

    def __init__(self, *, callback_group: Any, callback: Callable[[Any], Any], event_type: Any, parent: Any):
        super().__init__(callback_group)
        self.callback = callback
        self.event_type = event_type
        self._parent = parent
        self._node = parent._node
        self._node.add_waitable(self)

    def _take(self) -> Any:
        """What has happened since the last call."""
        raise NotImplementedError("an event handler says in its subclass what it tells")

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        return call_back(self.callback, self._take()) if self._has_work() else None

    def destroy(self) -> None:
        if self in self._node._waitables:
            self._node.remove_waitable(self)


class _GraphEvent(EventHandler):
    """Watches the graph for endpoints on the other side of a topic."""

    def __init__(self, *, other_kind: str, **options: Any) -> None:
        self._other_kind = other_kind
        self._seen: frozenset[str] = frozenset()
        self._total = 0
        self._parent = options["parent"]
        # Last: a node that is on an executor asks for work at once.
        super().__init__(**options)
        self._graph = self._node.context.graph
        self._graph.add_listener(self._mark_ready)
        self._mark_ready()

    def _present(self) -> frozenset[str]:
        raise NotImplementedError("says which endpoints count")

    def _has_work(self) -> bool:
        return self._present() != self._seen

    def _update(self) -> tuple[int, int, int]:
        """How many are there, how many more than before, how many new ones."""
        present, before = self._present(), self._seen
        self._seen = present
        new = len(present - before)
        self._total += new
        return len(present), len(present) - len(before), new

    def destroy(self) -> None:
        self._graph.remove_listener(self._mark_ready)
        super().destroy()


class _Matched(_GraphEvent):
    def _present(self) -> frozenset[str]:
        return frozenset(t.key() for t in self._parent._endpoint.matches(self._other_kind))

    def _take(self) -> MatchedInfo:
        current, change, new = self._update()
        return MatchedInfo(self._total, new, current, change)


class _IncompatibleType(_GraphEvent):
    def _present(self) -> frozenset[str]:
        there = {t.key() for t in self._parent._endpoint.mismatches(self._other_kind)}
        # One that has gone is no news.
        return self._seen | there

    def _take(self) -> Any:
        new = self._update()[2]
        return IncompatibleTypeInfo(self._total, new)


class _MessageLost(EventHandler):
    """Counts gaps in the numbers of the messages that each publisher sends."""

    def __init__(self, **options: Any) -> None:
        self._total = 0
        self._told = 0
        super().__init__(**options)
        self._parent._queue.watch_numbers(self._on_lost)

    def _on_lost(self, count: int) -> None:
        """On a transport thread."""
        self._total += count
        self._mark_ready()

    def _has_work(self) -> bool:
        return self._total != self._told

    def _take(self) -> Any:
        total = self._total
        change, self._told = total - self._told, total
        return QoSMessageLostInfo(total, change)


class _EventCallbacks:
    """Callbacks by event. Those for deadline and liveliness are refused, as by rmw_zenoh_cpp.

    `incompatible_qos` is never called: over Zenoh there are no incompatible profiles.
    """

    _names: tuple[str, ...] = ()
    _other_kind = ""
    _types: type[IntEnum] = QoSPublisherEventType
    _prefix = "RCL_PUBLISHER_"

    def __init__(self, **callbacks: Any) -> None:
        self.use_default_callbacks = callbacks.pop("use_default_callbacks", True)
        unknown = sorted(set(callbacks) - set(self._names))
        if unknown:
            raise TypeError(f"__init__() got an unexpected keyword argument '{unknown[0]}'")
        for name in self._names:
            setattr(self, name, callbacks.get(name))

    def create_event_handlers(self, callback_group: Any, parent: Any, topic_name: str) -> list[EventHandler]:
        """Handlers for what can be told; UnsupportedEventTypeError for deadline and liveliness."""
        for name in ("deadline", "liveliness"):
            if getattr(self, name) is not None:
                raise UnsupportedEventTypeError(
                    f"{topic_name}: the event {name!r} is not supported over Zenoh (as in rmw_zenoh_cpp)"
                )
        handlers: list[EventHandler] = []
        for name, make in (("matched", _Matched), ("incompatible_type", _IncompatibleType)):
            if getattr(self, name) is not None:
                options = self._options(name, callback_group, parent)
                handlers.append(make(other_kind=self._other_kind, **options))
        if getattr(self, "message_lost", None) is not None:
            handlers.append(_MessageLost(**self._options("message_lost", callback_group, parent)))
        return handlers

    def _options(self, name: str, callback_group: Any, parent: Any) -> dict[str, Any]:
        return {
            "callback_group": callback_group,
            "callback": getattr(self, name),
            "event_type": self._types[f"{self._prefix}{name.upper()}"],
            "parent": parent,
        }


class PublisherEventCallbacks(_EventCallbacks):
    """Callbacks for events of a publisher."""

    _names = ("deadline", "liveliness", "incompatible_qos", "incompatible_type", "matched")
    _other_kind = keys.SUBSCRIPTION


class SubscriptionEventCallbacks(_EventCallbacks):
    """Callbacks for events of a subscription."""

    _names = ("deadline", "liveliness", "incompatible_qos", "message_lost", "incompatible_type", "matched")
    _other_kind = keys.PUBLISHER
    _types = QoSSubscriptionEventType
    _prefix = "RCL_SUBSCRIPTION_"
