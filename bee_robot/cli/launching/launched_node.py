"""One process of a launch file, ready to be started."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bee_robot.cli.launching.lined_yaml import LaunchError

ParameterValue = bool | int | float | str | Sequence["ParameterValue"]


@dataclass(frozen=True)
class LaunchedNode:
    """A `node` of a launch file after all substitutions. Times in seconds of wall time."""

    where: str
    package: str
    executable: str
    name: str
    namespace: str = ""
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    parameter_files: tuple[Path, ...] = ()
    remappings: tuple[tuple[str, str], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    ros_arguments: tuple[str, ...] = ()
    respawn: bool = False
    respawn_delay_s: float = 0.0
    sigterm_timeout_s: float = 5.0
    sigkill_timeout_s: float = 5.0

    def command(self) -> list[str]:
        """What to execute. Raises LaunchError where the executable is not on this machine."""
        return [*self._program(), *self.arguments, *self._all_ros_arguments()]

    def _program(self) -> list[str]:
        if self.package == "bee_robot":
            module = f"bee_robot.nodes.{self.executable}"
            if not self.executable.isidentifier() or importlib.util.find_spec(module) is None:
                raise LaunchError(f"{self.where}: package bee_robot has no node '{self.executable}'")
            return [sys.executable, "-m", module]
        for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
            path = Path(prefix or "/nowhere") / "lib" / self.package / self.executable
            if os.access(path, os.X_OK):
                return [str(path)]
        raise LaunchError(f"{self.where}: no '{self.executable}' of package '{self.package}' on this machine")

    def _all_ros_arguments(self) -> list[str]:
        words = ["--ros-args"]
        if self.name:
            words += ["-r", f"__node:={self.name}"]
        if self.namespace:
            words += ["-r", f"__ns:={self.namespace}"]
        for old, new in self.remappings:
            words += ["-r", f"{old}:={new}"]
        for path in self.parameter_files:
            words += ["--params-file", str(path)]
        for name, value in self.parameters.items():
            words += ["-p", f"{name}:={_as_yaml(value)}"]
        return [*words, *self.ros_arguments]


def _as_yaml(value: ParameterValue) -> str:
    """On one line and with its type kept: strings quoted, so that "5" stays text; JSON is YAML."""
    return json.dumps(value)
