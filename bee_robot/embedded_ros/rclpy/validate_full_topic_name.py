"""Checks a name as ROS does."""

from __future__ import annotations

from rclpy._names import full_topic_name_problem
from rclpy.exceptions import InvalidServiceNameException, InvalidTopicNameException


def validate_full_topic_name(name: str, *, is_service: bool = False) -> bool:
    """True, or an exception that says which character is wrong."""
    problem = full_topic_name_problem(name)
    if problem is not None:
        raise (InvalidServiceNameException if is_service else InvalidTopicNameException)(name, *problem)
    return True
