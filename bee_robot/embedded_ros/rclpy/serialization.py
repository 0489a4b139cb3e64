"""Messages as bytes."""

from __future__ import annotations

from typing import Any

from rclpy.type_support import check_for_type_support

from bee_robot.embedded_ros.types.registry import codec_of


def serialize_message(message: Any) -> bytes:
    """The message in CDR, as it travels."""
    check_for_type_support(type(message))
    return bytes(codec_of(type(message)).serialize(message))


def deserialize_message(serialized_message: bytes, message_type: Any) -> Any:
    """The message in these bytes; RuntimeError (SerializationError) if they are none of that type."""
    check_for_type_support(message_type)
    return codec_of(message_type).deserialize(bytes(serialized_message))
