"""Services by which others see and set logger levels (Iron and later)."""

from __future__ import annotations

from typing import Any

from rclpy.logging import LoggingSeverity, get_logger_effective_level, set_logger_level
from rclpy.qos import qos_profile_services_default


class LoggingService:
    """`get_logger_levels` and `set_logger_levels` of a node."""

    def __init__(self, node: Any) -> None:
        from rcl_interfaces.srv import GetLoggerLevels, SetLoggerLevels

        name = node.get_name()
        options = {"qos_profile": qos_profile_services_default}
        node.create_service(GetLoggerLevels, f"{name}/get_logger_levels", self._get, **options)
        node.create_service(SetLoggerLevels, f"{name}/set_logger_levels", self._set, **options)

    def _get(self, request: Any, response: Any) -> Any:
        from rcl_interfaces.msg import LoggerLevel

        response.levels = [
            LoggerLevel(name=name, level=int(get_logger_effective_level(name))) for name in request.names
        ]
        return response

    def _set(self, request: Any, response: Any) -> Any:
        from rcl_interfaces.msg import SetLoggerLevelsResult

        for wanted in request.levels:
            result = SetLoggerLevelsResult(successful=True)
            try:
                set_logger_level(wanted.name, LoggingSeverity(wanted.level))
            except ValueError:
                result = SetLoggerLevelsResult(
                    successful=False, reason="Failed reason: Invalid logger level."
                )
            response.results.append(result)
        return response
