"""What the graph knows of an endpoint of a topic."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from rclpy.qos import HistoryPolicy, QoSProfile, qos_profile_unknown
from rclpy.type_hash import TypeHash


class TopicEndpointTypeEnum(IntEnum):
    INVALID = 0
    PUBLISHER = 1
    SUBSCRIPTION = 2


_FIELDS = (
    "node_name",
    "node_namespace",
    "topic_type",
    "topic_type_hash",
    "endpoint_type",
    "endpoint_gid",
    "qos_profile",
)


class TopicEndpointInfo:
    """Node, type, gid and QoS of a publisher or subscription."""

    __slots__ = tuple(f"_{name}" for name in _FIELDS)

    def __init__(self, **kwargs: Any) -> None:
        unknown = [name for name in kwargs if name not in _FIELDS]
        assert not unknown, f"Invalid arguments passed to constructor: {kwargs.keys()!r}"
        self.node_name = kwargs.get("node_name", "")
        self.node_namespace = kwargs.get("node_namespace", "")
        self.topic_type = kwargs.get("topic_type", "")
        self.topic_type_hash = kwargs.get("topic_type_hash", TypeHash())
        self.endpoint_type = kwargs.get("endpoint_type", TopicEndpointTypeEnum.INVALID)
        self.endpoint_gid = kwargs.get("endpoint_gid", ())
        self.qos_profile = kwargs.get("qos_profile", qos_profile_unknown)

    @property
    def node_name(self) -> str:
        return self._node_name

    @node_name.setter
    def node_name(self, value: str) -> None:
        assert isinstance(value, str)
        self._node_name = value

    @property
    def node_namespace(self) -> str:
        return self._node_namespace

    @node_namespace.setter
    def node_namespace(self, value: str) -> None:
        assert isinstance(value, str)
        self._node_namespace = value

    @property
    def topic_type(self) -> str:
        return self._topic_type

    @topic_type.setter
    def topic_type(self, value: str) -> None:
        assert isinstance(value, str)
        self._topic_type = value

    @property
    def topic_type_hash(self) -> TypeHash:
        return self._topic_type_hash

    @topic_type_hash.setter
    def topic_type_hash(self, value: TypeHash) -> None:
        assert isinstance(value, TypeHash)
        self._topic_type_hash = value

    @property
    def endpoint_type(self) -> TopicEndpointTypeEnum:
        return self._endpoint_type

    @endpoint_type.setter
    def endpoint_type(self, value: TopicEndpointTypeEnum) -> None:
        # The enumeration or its number, as the transport gives it.
        assert isinstance(value, int)
        self._endpoint_type = TopicEndpointTypeEnum(value)

    @property
    def endpoint_gid(self) -> list[int]:
        return self._endpoint_gid

    @endpoint_gid.setter
    def endpoint_gid(self, value: list[int]) -> None:
        assert isinstance(value, Iterable) and all(isinstance(v, int) for v in value)
        self._endpoint_gid = list(value)

    @property
    def qos_profile(self) -> QoSProfile:
        return self._qos_profile

    @qos_profile.setter
    def qos_profile(self, value: QoSProfile) -> None:
        # A profile, or its policies by name.
        assert isinstance(value, (QoSProfile, dict))
        self._qos_profile = QoSProfile(**value) if isinstance(value, dict) else value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TopicEndpointInfo):
            return False
        return all(getattr(self, s) == getattr(other, s) for s in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        qos = self._qos_profile
        keeps_last = qos.history == HistoryPolicy.KEEP_LAST
        lines = {
            "Node name": self._node_name,
            "Node namespace": self._node_namespace,
            "Topic type": self._topic_type,
            # Where there is one: Humble has no hashes.
            "Topic type hash": self._topic_type_hash if self._topic_type_hash != TypeHash() else None,
            "Endpoint type": self._endpoint_type.name,
            "GID": ".".join(format(x, "02x") for x in self._endpoint_gid),
        }
        policies = {
            "Reliability": qos.reliability.name,
            "History (Depth)": f"{qos.history.name} ({qos.depth})" if keeps_last else qos.history.name,
            "Durability": qos.durability.name,
            "Lifespan": qos.lifespan,
            "Deadline": qos.deadline,
            "Liveliness": qos.liveliness.name,
            "Liveliness lease duration": qos.liveliness_lease_duration,
        }
        return "\n".join(
            [
                *(f"{title}: {value}" for title, value in lines.items() if value is not None),
                "QoS profile:",
                *(f"  {title}: {value}" for title, value in policies.items()),
            ]
        )
