"""A node's name is given once on a graph: two of one name would both answer, and ROS itself only warns."""

from __future__ import annotations

from rclpy.node import Node

EXIT_NAME_TAKEN = 3
DISCOVERY_S = 0.5
"""Wall time until the nodes that run already have been seen."""


class NameTakenError(Exception):
    """A node of this name is there already. One line: which, what to do."""

    def __init__(self, full_name: str) -> None:
        super().__init__(
            f"node name {full_name} is taken on this graph; stop the other robot, or give this one a namespace "
            "(--namespace) or another ROS_DOMAIN_ID"
        )


def refuse_taken_name(node: Node) -> None:
    """Raise NameTakenError where another node of this name is on the graph: the later one leaves.

    To be called once the graph has been discovered."""
    mine = (node.get_name(), node.get_namespace())
    if node.get_node_names_and_namespaces().count(mine) > 1:
        raise NameTakenError(node.get_fully_qualified_name())
