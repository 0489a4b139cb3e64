"""The part of a node that answers questions about the graph."""

from __future__ import annotations

from typing import Any

from rclpy._names import expand_name, namespace_problem, node_name_problem, topic_name_problem
from rclpy.exceptions import RCLError
from rclpy.qos import from_wire
from rclpy.topic_endpoint_info import TopicEndpointInfo, TopicEndpointTypeEnum
from rclpy.type_hash import TypeHash
from rclpy.validate_full_topic_name import validate_full_topic_name

from bee_robot.embedded_ros.wire import keys
from bee_robot.embedded_ros.wire.gid import entity_gid
from bee_robot.embedded_ros.wire.graph import GraphCache

NamesAndTypes = list[tuple[str, list[str]]]


class NodeNameNonExistentError(RuntimeError):
    """There is no node of that name in the graph."""


class NodeGraph:
    """Graph queries. A base class of Node."""

    context: Any

    def get_name(self) -> str:
        raise NotImplementedError("Node knows its name")

    def get_namespace(self) -> str:
        raise NotImplementedError("Node knows its namespace")

    @property
    def _graph(self) -> GraphCache:
        """InvalidHandle once the node is destroyed, RCLError once the context has ended."""
        self._require_handle()
        if not self.context.ok():
            raise RCLError("the context of the node is not valid: it was shut down")
        graph: GraphCache = self.context.graph
        return graph

    def _require_handle(self) -> None:
        raise NotImplementedError("Node knows whether it was destroyed")

    def get_node_names(self) -> list[str]:
        return [token.node_name for token in self._graph.nodes()]

    def get_node_names_and_namespaces(self) -> list[tuple[str, str]]:
        """All nodes of the graph; a name that is taken twice is there twice."""
        return [(t.node_name, t.namespace) for t in self._graph.nodes()]

    def get_fully_qualified_node_names(self) -> list[str]:
        return [f"{t.namespace.rstrip('/')}/{t.node_name}" for t in self._graph.nodes()]

    def get_node_names_and_namespaces_with_enclaves(self) -> list[tuple[str, str, str]]:
        return [(t.node_name, t.namespace, t.enclave or "/") for t in self._graph.nodes()]

    def get_topic_names_and_types(self, no_demangle: bool = False) -> NamesAndTypes:
        return self._graph.names_and_types(keys.PUBLISHER, keys.SUBSCRIPTION)

    def get_service_names_and_types(self) -> NamesAndTypes:
        return self._graph.names_and_types(keys.SERVICE)

    def _of_node(self, kind: str, node_name: str, node_namespace: str) -> NamesAndTypes:
        if not isinstance(node_name, str) or not isinstance(node_namespace, str):
            raise TypeError("name and namespace of a node have to be str")
        problem = node_name_problem(node_name) or namespace_problem(node_namespace)
        if problem is not None:
            raise RCLError(
                f"failed to get names and types of {node_name!r} in {node_namespace!r}: {problem[0]}"
            )
        exists = any(t.node_name == node_name and t.namespace == node_namespace for t in self._graph.nodes())
        if not exists:
            raise NodeNameNonExistentError(
                f"Cannot get information of node '{node_name}' in '{node_namespace}': not found"
            )
        return self._graph.names_and_types(
            kind, of=lambda t: t.node_name == node_name and t.namespace == node_namespace
        )

    def get_publisher_names_and_types_by_node(
        self, node_name: str, node_namespace: str, no_demangle: bool = False
    ) -> NamesAndTypes:
        return self._of_node(keys.PUBLISHER, node_name, node_namespace)

    def get_subscriber_names_and_types_by_node(
        self, node_name: str, node_namespace: str, no_demangle: bool = False
    ) -> NamesAndTypes:
        return self._of_node(keys.SUBSCRIPTION, node_name, node_namespace)

    def get_service_names_and_types_by_node(self, node_name: str, node_namespace: str) -> NamesAndTypes:
        return self._of_node(keys.SERVICE, node_name, node_namespace)

    def get_client_names_and_types_by_node(self, node_name: str, node_namespace: str) -> NamesAndTypes:
        return self._of_node(keys.CLIENT, node_name, node_namespace)

    def _count_endpoints(self, kind: str, name: str) -> int:
        return self._graph.count(kind, self._full_name(name))

    def _full_name(self, name: str) -> str:
        if not isinstance(name, str):
            raise TypeError(f"a name has to be a str, not {type(name).__name__}")
        problem = topic_name_problem(name)
        if problem is not None:
            raise ValueError(f"topic name {name!r} is invalid: {problem[0]}")
        full_name = expand_name(name, self.get_name(), self.get_namespace())
        validate_full_topic_name(full_name)
        return full_name

    def count_publishers(self, topic_name: str) -> int:
        return self._count_endpoints(keys.PUBLISHER, topic_name)

    def count_subscribers(self, topic_name: str) -> int:
        return self._count_endpoints(keys.SUBSCRIPTION, topic_name)

    def count_clients(self, service_name: str) -> int:
        return self._count_endpoints(keys.CLIENT, service_name)

    def count_services(self, service_name: str) -> int:
        return self._count_endpoints(keys.SERVICE, service_name)

    def get_publishers_info_by_topic(
        self, topic_name: str, no_mangle: bool = False
    ) -> list[TopicEndpointInfo]:
        return self._info_by_topic(keys.PUBLISHER, topic_name)

    def get_subscriptions_info_by_topic(
        self, topic_name: str, no_mangle: bool = False
    ) -> list[TopicEndpointInfo]:
        return self._info_by_topic(keys.SUBSCRIPTION, topic_name)

    def _info_by_topic(self, kind: str, topic_name: str) -> list[TopicEndpointInfo]:
        full_name = self._full_name(topic_name)
        endpoint_type = (
            TopicEndpointTypeEnum.PUBLISHER if kind == keys.PUBLISHER else TopicEndpointTypeEnum.SUBSCRIPTION
        )
        return [
            TopicEndpointInfo(
                node_name=token.node_name,
                node_namespace=token.namespace,
                topic_type=keys.ros_type_name(token.wire_type),
                topic_type_hash=TypeHash.from_text(token.type_hash),
                endpoint_type=endpoint_type,
                endpoint_gid=list(entity_gid(token.key())),
                qos_profile=from_wire(token.qos or keys.WireQos()),
            )
            for token in self._graph.select(kind, name=full_name)
        ]

    def wait_for_node(self, fully_qualified_node_name: str, timeout: float) -> bool:
        """Wait until a node of this full name is in the graph; False if it did not come in time."""

        def is_there() -> bool:
            return any(
                f"{t.namespace.rstrip('/')}/{t.node_name}" == fully_qualified_node_name
                for t in self._graph.nodes()
            )

        return self._graph.wait_until(is_there, timeout)
