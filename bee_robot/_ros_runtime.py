"""The switch between an installed ROS 2 and the embedded runtime."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any, NoReturn

SWITCH = "BEE_ROS"
INTERFACE_PATH = "BEE_ROS_INTERFACE_PATH"
"""Names folders with interface packages, separated like PATH; the embedded runtime makes types from them."""
_CHOICES = ("auto", "system", "embedded")
_OUR_INTERFACES = "bee_robot_interfaces"


@dataclass(frozen=True)
class RosRuntime:
    """`kind` is "system" or "embedded"; `reason` says in a sentence what decided it."""

    kind: str
    reason: str


def _regular_spec(name: str) -> ModuleSpec | None:
    """The spec of a regular installed package. A namespace package (a bare folder) has no origin."""
    spec = PathFinder.find_spec(name)
    return spec if spec is not None and spec.origin is not None else None


def choose_ros_runtime() -> RosRuntime:
    """Decide, and install the import finder that goes with the decision (first on sys.meta_path)."""
    wanted = os.environ.get(SWITCH, "auto").strip().lower() or "auto"
    if wanted not in _CHOICES:
        raise ImportError(
            f"{SWITCH}={wanted!r} is not one of {', '.join(_CHOICES)}: set it right or unset it"
        )
    installed = _regular_spec("rclpy")
    if wanted == "embedded":
        _refuse_mixture()
        return _use_embedded(f"{SWITCH}=embedded")
    if installed is not None:
        _install(_SystemFinder())
        return RosRuntime("system", f"rclpy is installed at {installed.origin}")
    if wanted == "system":
        _install(_SystemFinder())
        return RosRuntime(
            "system", f"{SWITCH}=system, but no rclpy is installed: source /opt/ros/<distro>/setup.bash"
        )
    return _use_embedded("no rclpy is installed")


def _use_embedded(reason: str) -> RosRuntime:
    from bee_robot.embedded_ros.importer import EmbeddedRosFinder

    _install(EmbeddedRosFinder())
    return RosRuntime("embedded", reason)


def _install(finder: Any) -> None:
    if not any(type(known).__name__ == type(finder).__name__ for known in sys.meta_path):
        sys.meta_path.insert(0, finder)


def _refuse_mixture() -> None:
    loaded = sys.modules.get("rclpy")
    if loaded is not None and "embedded_ros" not in (getattr(loaded, "__file__", None) or ""):
        raise ImportError(
            f"{SWITCH}=embedded, but {loaded.__file__} is imported already: import bee_robot before rclpy"
        )


class _SystemFinder:
    """With ROS 2 in charge: turns a missing package into an error that names the remedy."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name == _OUR_INTERFACES and _regular_spec(name) is None:
            self._fail(
                name,
                "build it (colcon build --base-paths . bee_robot_interfaces) and source install/setup.bash",
            )
        if name == "rclpy" and _regular_spec(name) is None:
            self._fail(name, f"source /opt/ros/<distro>/setup.bash, or unset {SWITCH} to run without ROS 2")
        return None

    @staticmethod
    def _fail(name: str, remedy: str) -> NoReturn:
        raise ModuleNotFoundError(f"No module named {name!r}: {remedy}", name=name)
