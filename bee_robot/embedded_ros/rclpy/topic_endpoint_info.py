"""What the graph knows of an endpoint of a topic."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from rclpy.qos import QoSProfile
from rclpy.type_hash import TypeHash


class TopicEndpointTypeEnum(IntEnum):
    INVALID = 0
    PUBLISHER = 1
    SUBSCRIPTION = 2


class TopicEndpointInfo:
    """Node, type, gid and QoS of a publisher or subscription."""

    __slots__ = (
        "_node_name",
        "_node_namespace",
        "_topic_type",
        "_topic_type_hash",
        "_endpoint_type",
        "_endpoint_gid",
        "_qos_profile",
    )

    def __init__(self, **kwargs: Any) -> None:
        self._node_name: str = kwargs.get("node_name", "")
        self._node_namespace: str = kwargs.get("node_namespace", "")
        self._topic_type: str = kwargs.get("topic_type", "")
        self._topic_type_hash: TypeHash = kwargs.get("topic_type_hash", TypeHash())
        self._endpoint_type = TopicEndpointTypeEnum(
            kwargs.get("endpoint_type", TopicEndpointTypeEnum.INVALID)
        )
        self._endpoint_gid: list[int] = list(kwargs.get("endpoint_gid", []))
        self._qos_profile: QoSProfile = kwargs.get("qos_profile", QoSProfile(depth=0))

    @property
    def node_name(self) -> str:
        return self._node_name

    @property
    def node_namespace(self) -> str:
        return self._node_namespace

    @property
    def topic_type(self) -> str:
        return self._topic_type

    @property
    def topic_type_hash(self) -> TypeHash:
        return self._topic_type_hash

    @property
    def endpoint_type(self) -> TopicEndpointTypeEnum:
        return self._endpoint_type

    @property
    def endpoint_gid(self) -> list[int]:
        return self._endpoint_gid

    @property
    def qos_profile(self) -> QoSProfile:
        return self._qos_profile

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TopicEndpointInfo):
            return False
        return all(getattr(self, s) == getattr(other, s) for s in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        gid = ".".join(format(x, "02x") for x in self._endpoint_gid)
        qos = self._qos_profile
        return "\n".join(
            [
                f"Node name: {self._node_name}",
                f"Node namespace: {self._node_namespace}",
                f"Topic type: {self._topic_type}",
                f"Topic type hash: {self._topic_type_hash}",
                f"Endpoint type: {self._endpoint_type.name}",
                f"GID: {gid}",
                "QoS profile:",
                f"  Reliability: {qos.reliability.name}",
                f"  History (Depth): {qos.history.name} ({qos.depth})",
                f"  Durability: {qos.durability.name}",
                f"  Lifespan: {qos.lifespan}",
                f"  Deadline: {qos.deadline}",
                f"  Liveliness: {qos.liveliness.name}",
                f"  Liveliness lease duration: {qos.liveliness_lease_duration}",
            ]
        )
