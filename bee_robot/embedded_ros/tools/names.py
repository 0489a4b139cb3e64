"""Names in the graph."""

from __future__ import annotations

from typing import Any, NamedTuple

from bee_robot.embedded_ros.tools.session import Session
from bee_robot.embedded_ros.tools.verb import PROGRAM, ToolError

NamesAndTypes = list[tuple[str, list[str]]]


class NodeName(NamedTuple):
    full: str
    name: str
    namespace: str


def is_hidden(name: str) -> bool:
    """A part of the name begins with an underscore."""
    return any(part.startswith("_") for part in name.split("/"))


def visible(names_and_types: NamesAndTypes, include_hidden: bool) -> NamesAndTypes:
    return [(name, types) for name, types in names_and_types if include_hidden or not is_hidden(name)]


def full_name(node: Any, name: str) -> str:
    """A topic or service name as the tool's own node would resolve it; ToolError if it is none."""
    from rclpy.expand_topic_name import expand_topic_name
    from rclpy.validate_full_topic_name import validate_full_topic_name

    try:
        full: str = expand_topic_name(name, node.get_name(), node.get_namespace())
        validate_full_topic_name(full)
    except Exception as error:  # noqa: BLE001 - rclpy has one class for each kind of wrong name
        raise ToolError(
            f"'{name}' is no name of a topic or service: {' '.join(str(error).split())}"
        ) from None
    return full


def absolute_node_name(name: str) -> str:
    return name if name.startswith("/") else f"/{name}"


def nodes(node: Any, include_hidden: bool) -> list[NodeName]:
    """All nodes of the graph, sorted by name; a name that is taken twice is there twice."""
    found = [
        NodeName(f"{namespace.rstrip('/')}/{name}", name, namespace)
        for name, namespace in node.get_node_names_and_namespaces()
        if name and (include_hidden or not name.startswith("_"))
    ]
    return sorted(found)


def find_node(session: Session, name: str, include_hidden: bool = True, timeout_s: float = 0.0) -> NodeName:
    """The node of that full name; ToolError if it is not in the graph."""
    wanted = absolute_node_name(name)

    def matches() -> list[NodeName]:
        return [each for each in nodes(session.node, include_hidden) if each.full == wanted]

    if not session.spin_until(lambda: bool(matches()), max(session.spin_time_s, timeout_s)):
        raise ToolError(f"Node not found: '{wanted}'; '{PROGRAM} node list' shows which there are")
    return matches()[0]


def with_types(name: str, types: list[str], show: bool) -> str:
    return f"{name} [{', '.join(types)}]" if show else name
