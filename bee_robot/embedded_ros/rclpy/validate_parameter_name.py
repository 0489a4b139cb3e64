"""Checks a name as ROS does."""

from __future__ import annotations

from rclpy.exceptions import InvalidParameterException


def validate_parameter_name(name: str) -> bool:
    """True, or InvalidParameterException for an empty name."""
    if not name:
        raise InvalidParameterException(name)
    return True
