"""Interface types by the names that people give, with an error that helps."""

from __future__ import annotations

import difflib
from typing import Any

from bee_robot import ros_runtime
from bee_robot.embedded_ros.tools.verb import PROGRAM, ToolError

_WORDS = {"msg": "message", "srv": "service", "action": "action"}


def message_type(name: str) -> Any:
    from rosidl_runtime_py.utilities import get_message

    return _looked_up(get_message, name, "msg")


def service_type(name: str) -> Any:
    from rosidl_runtime_py.utilities import get_service

    return _looked_up(get_service, name, "srv")


def action_type(name: str) -> Any:
    from rosidl_runtime_py.utilities import get_action

    return _looked_up(get_action, name, "action")


def _looked_up(get: Any, name: str, kind: str) -> Any:
    try:
        return get(name)
    except (AttributeError, ModuleNotFoundError, ValueError):
        raise ToolError(f"'{name}' is no known {_WORDS[kind]} type; {_remedy(name, kind)}") from None


def _remedy(name: str, kind: str) -> str:
    import rosidl_runtime_py as rosidl

    packages = {
        "msg": rosidl.get_message_interfaces,
        "srv": rosidl.get_service_interfaces,
        "action": rosidl.get_action_interfaces,
    }[kind]()
    package, short = name.partition("/")[0], name.rpartition("/")[2]
    if "/" in name and package in packages:
        own = sorted(each.rpartition("/")[2] for each in packages[package])
        close = difflib.get_close_matches(short, own, 3) or own[:10]
        return f"{package} has {', '.join(close)} ('{PROGRAM} interface package {package}' shows all)"
    everything = [f"{p}/{each}" for p, found in packages.items() for each in found]
    close = difflib.get_close_matches(name, everything, 3, cutoff=0.8)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if ros_runtime().kind == "embedded":
        where = "name the folder that holds its package in BEE_ROS_INTERFACE_PATH"
        return f"{where}, or see '{PROGRAM} interface list'"
    return f"source the workspace that built its package, or see '{PROGRAM} interface list'"
