"""rosidl_runtime_py over the embedded types: messages to and from plain values, and which interfaces there are.

Served under its own name by `bee_robot.embedded_ros.importer`, so that programs which handle messages of
any type run with and without ROS 2. What needs rosidl_parser (slot types, namespaced types) is not here.
"""

from __future__ import annotations

from rosidl_runtime_py.convert import message_to_csv, message_to_ordereddict, message_to_yaml
from rosidl_runtime_py.get_interfaces import (
    get_action_interfaces,
    get_interface_packages,
    get_interface_path,
    get_interfaces,
    get_message_interfaces,
    get_service_interfaces,
)
from rosidl_runtime_py.set_message import set_message_fields

__all__ = [
    "get_action_interfaces",
    "get_interface_packages",
    "get_interface_path",
    "get_interfaces",
    "get_message_interfaces",
    "get_service_interfaces",
    "message_to_csv",
    "message_to_ordereddict",
    "message_to_yaml",
    "set_message_fields",
]
