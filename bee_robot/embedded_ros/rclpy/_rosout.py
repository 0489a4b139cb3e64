"""Sends a node's log messages to /rosout."""

from __future__ import annotations

from typing import Any

from rclpy import _log_output
from rclpy.publisher import Publisher
from rclpy.qos import qos_profile_rosout_default


class RosoutPublisher:
    """The /rosout publisher of a node, fed by the loggers of its name."""

    def __init__(self, node: Any) -> None:
        from rcl_interfaces.msg import Log

        self._log_type = Log
        self._name = node._logger_name()
        self._context = node.context
        self._publisher = Publisher(node, Log, "/rosout", qos_profile_rosout_default, None, None)
        # Bound once, so that the registry can tell whether it still holds ours.
        self._entry = self._publish
        _log_output.add_rosout(self._name, self._entry)

    def _publish(self, name: str, severity: int, text: str, caller: Any, time_ns: int) -> None:
        if self._context._session is None:
            return
        message = self._log_type(
            level=severity,
            name=name,
            msg=text,
            file=caller.file_path,
            function=caller.function_name,
            line=caller.line_number,
        )
        message.stamp.sec, message.stamp.nanosec = divmod(time_ns, 10**9)
        self._publisher.publish(message)

    def destroy(self) -> None:
        _log_output.remove_rosout(self._name, self._entry)
        self._publisher.destroy()
