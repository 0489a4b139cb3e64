"""What publishers, subscriptions, services and clients have in common on the wire."""

from __future__ import annotations

from typing import Any

from rclpy.exceptions import RCLError
from rclpy.qos import QoSProfile, to_wire

from bee_robot.embedded_ros.types import registry
from bee_robot.embedded_ros.wire import keys
from bee_robot.embedded_ros.wire.gid import entity_gid


class Endpoint:
    """Key, gid and liveliness token of one endpoint of a node."""

    def __init__(
        self, node: Any, kind: str, name: str, type_name: str, type_hash: str, qos: QoSProfile
    ) -> None:
        context = node.context
        self.context = context
        self.name = name
        try:
            type_hash = keys.hash_in_keys(type_hash)
        except ValueError as error:
            raise RCLError(str(error)) from error
        wire_type = keys.wire_type_name(type_name)
        self.key = keys.data_key(context.get_domain_id(), name, wire_type, type_hash)
        self.token = keys.Token(
            context.get_domain_id(),
            str(context.session.zid()),
            node._node_id,
            context.next_entity_id(),
            kind,
            node._enclave,
            node.get_namespace(),
            node.get_name(),
            name,
            wire_type,
            type_hash,
            to_wire(qos),
        )
        token_key = self.token.key()
        self.gid = entity_gid(token_key)
        self._token_key = token_key
        self._liveliness: Any = None

    def announce(self) -> None:
        """Let the graph know, once everything else is declared."""
        token = self.context.session.liveliness().declare_token(self._token_key)
        self._liveliness = self.context.keep(token)
        self.context.graph.add_own(self.token)

    def withdraw(self) -> None:
        """Leave the graph."""
        liveliness, self._liveliness = self._liveliness, None
        if liveliness is not None:
            self.context.release(liveliness)
            self.context.graph.remove_own(self.token)

    @property
    def is_announced(self) -> bool:
        return self._liveliness is not None

    def matches(self, *other_kinds: str) -> list[keys.Token]:
        """Endpoints of this name and type, which we talk with."""
        mine = (self.token.wire_type, self.token.type_hash)
        there = self.context.graph.select(*other_kinds, name=self.name)
        return [t for t in there if (t.wire_type, t.type_hash) == mine]

    def mismatches(self, *other_kinds: str) -> list[keys.Token]:
        """Endpoints of this name that cannot talk with us, since their type or its hash differs."""
        mine = (self.token.wire_type, self.token.type_hash)
        return [
            t
            for t in self.context.graph.select(*other_kinds, name=self.name)
            if (t.wire_type, t.type_hash) != mine
        ]


def message_endpoint(node: Any, kind: str, msg_type: Any, topic: str, qos: QoSProfile) -> Endpoint:
    return Endpoint(node, kind, topic, msg_type._SPEC.name, registry.message_hash(msg_type), qos)


def service_endpoint(node: Any, kind: str, srv_type: Any, name: str, qos: QoSProfile) -> Endpoint:
    return Endpoint(node, kind, name, srv_type._TYPE_NAME, registry.service_hash(srv_type), qos)
