"""Expands a topic name as a node does."""

from __future__ import annotations

from rclpy._names import expand_name
from rclpy.exceptions import NameValidationException
from rclpy.validate_namespace import validate_namespace
from rclpy.validate_node_name import validate_node_name
from rclpy.validate_topic_name import validate_topic_name


def expand_topic_name(topic_name: str, node_name: str, node_namespace: str) -> str:
    """The full name; ValueError for invalid names. It is not validated as a full name yet."""
    try:
        validate_topic_name(topic_name)
        validate_node_name(node_name)
        validate_namespace(node_namespace)
    except NameValidationException as error:
        raise ValueError(str(error)) from error
    return expand_name(topic_name, node_name, node_namespace)
