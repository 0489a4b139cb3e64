"""Which actions there are in the graph, by their feedback topics."""

from __future__ import annotations

from typing import Any

from rclpy.action._names import FEEDBACK_SUFFIX, FEEDBACK_TYPE_SUFFIX

from bee_robot.embedded_ros.wire import keys

NamesAndTypes = list[tuple[str, list[str]]]


def _actions_in(names_and_types: NamesAndTypes) -> NamesAndTypes:
    return [
        (name[: -len(FEEDBACK_SUFFIX)], [t.removesuffix(FEEDBACK_TYPE_SUFFIX) for t in types])
        for name, types in names_and_types
        if name.endswith(FEEDBACK_SUFFIX)
    ]


def get_action_client_names_and_types_by_node(
    node: Any, remote_node_name: str, remote_node_namespace: str
) -> NamesAndTypes:
    """Actions that a node calls."""
    return _actions_in(node.get_subscriber_names_and_types_by_node(remote_node_name, remote_node_namespace))


def get_action_server_names_and_types_by_node(
    node: Any, remote_node_name: str, remote_node_namespace: str
) -> NamesAndTypes:
    """Actions that a node serves."""
    return _actions_in(node.get_publisher_names_and_types_by_node(remote_node_name, remote_node_namespace))


def get_action_names_and_types(node: Any) -> NamesAndTypes:
    """All actions of the graph."""
    return _actions_in(node.context.graph.names_and_types(keys.PUBLISHER, keys.SUBSCRIPTION))
