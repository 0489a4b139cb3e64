"""Tells messages, services and actions from other classes."""

from __future__ import annotations

from typing import Any

from rclpy.exceptions import NoTypeSupportImportedException


def check_for_type_support(msg_or_srv_type: Any) -> None:
    """AttributeError unless this is a class that rosidl (here: embedded_ros) made."""
    if not isinstance(msg_or_srv_type, type) or not hasattr(msg_or_srv_type, "_TYPE_SUPPORT"):
        name = getattr(msg_or_srv_type, "__name__", repr(msg_or_srv_type))
        raise AttributeError(
            f"{name!r} is no ROS interface type."
            " This might be a ROS 1 message type but it should be a ROS 2 message type."
            " Make sure to source your ROS 2 workspace after your ROS 1 workspace."
        )
    if msg_or_srv_type._TYPE_SUPPORT is None:
        raise NoTypeSupportImportedException()


def check_is_valid_msg_type(msg_type: Any) -> None:
    check_for_type_support(msg_type)
    if not hasattr(msg_type, "_SPEC"):
        raise RuntimeError(
            f"The message type provided is not valid ({msg_type}), this might be a service or action"
        )


def check_is_valid_srv_type(srv_type: Any) -> None:
    check_for_type_support(srv_type)
    if not hasattr(srv_type, "Request") or hasattr(srv_type, "Impl"):
        raise RuntimeError(
            f"The service type provided is not valid ({srv_type}), this might be a message or action"
        )
