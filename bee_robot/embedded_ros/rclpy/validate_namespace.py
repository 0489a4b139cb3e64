"""Checks a name as ROS does."""

from __future__ import annotations

from rclpy._names import namespace_problem
from rclpy.exceptions import InvalidNamespaceException


def validate_namespace(namespace: str) -> bool:
    """True, or InvalidNamespaceException that says which character is wrong."""
    problem = namespace_problem(namespace)
    if problem is not None:
        raise InvalidNamespaceException(namespace, *problem)
    return True
