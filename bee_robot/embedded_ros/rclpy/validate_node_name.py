"""Checks a name as ROS does."""

from __future__ import annotations

from rclpy._names import node_name_problem
from rclpy.exceptions import InvalidNodeNameException


def validate_node_name(node_name: str) -> bool:
    """True, or InvalidNodeNameException that says which character is wrong."""
    problem = node_name_problem(node_name)
    if problem is not None:
        raise InvalidNodeNameException(node_name, *problem)
    return True
