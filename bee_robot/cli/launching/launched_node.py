"""One process of a launch file, ready to be started."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import bee_robot
from bee_robot.cli.launching.lined_yaml import LaunchError
from bee_robot.cli.launching.parameters import ParameterValue, as_file, as_yaml

OWN_NODES = "bee_robot.nodes"
EMBEDDED = "embedded"
COUNTERPARTS = {
    ("robot_state_publisher", "robot_state_publisher"): "bee_robot.embedded_ros.robot_state_publisher",
}
"""Nodes of other packages, by package and executable, whose counterpart runs on the embedded graph."""


@dataclass(frozen=True)
class Respawn:
    """What happens when a process ends by itself. It comes back after `delay_s`, then twice as long each time.

    After `limit` restarts within `window_s` it is given up; `ends_robot`: the others are then ended too.
    """

    delay_s: float = 0.0
    limit: int = 5
    window_s: float = 300.0
    ends_robot: bool = True


@dataclass(frozen=True)
class LaunchedNode:
    """A `node` or `executable` of a launch file after all substitutions. Times in seconds of wall time.

    `package` "": no node but a command line, `executable` and `arguments`. `environment`: None unsets a variable.
    `parameter_sources`: values by name, files, or the text of files, in the order of the table; what follows wins.
    """

    where: str
    package: str
    executable: str
    name: str
    namespace: str = ""
    process_name: str = ""
    parameter_sources: tuple[Mapping[str, ParameterValue] | Path | str, ...] = ()
    remappings: tuple[tuple[str, str], ...] = ()
    environment: Mapping[str, str | None] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    ros_arguments: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    folder: Path | None = None
    is_on_screen: bool = True
    respawn: Respawn | None = None
    ready_timeout_s: float = 60.0
    sigterm_timeout_s: float = 5.0
    sigkill_timeout_s: float = 5.0

    @property
    def label(self) -> str:
        """What the process is called on the screen and in file names."""
        return self.process_name or self.name or Path(self.executable).name

    @property
    def full_name(self) -> str | None:
        """The node's name on the graph; None where the table does not say it, or it is no node."""
        return f"{self.namespace.rstrip('/')}/{self.name}" if self.package and self.name else None

    @property
    def parameters(self) -> dict[str, ParameterValue]:
        """All values that the table itself gives."""
        values: dict[str, ParameterValue] = {}
        for source in self.parameter_sources:
            values |= source if isinstance(source, Mapping) else {}
        return values

    def command(self, folder: Path | None = None) -> list[str]:
        """What to execute. Raises LaunchError where the executable is not on this machine.

        folder: that of the run's logs; files with parameters are written there where the table mixes files and values.
        """
        module = self.module()
        program = [sys.executable, "-m", module] if module else self._program()
        return [*self.prefix, *program, *self.words(folder)]

    def module(self) -> str | None:
        """The Python module whose `main` is this node; None for other programs. Raises LaunchError."""
        if self.package == "bee_robot":
            module = f"{OWN_NODES}.{self.executable}"
            if not self.executable.isidentifier() or importlib.util.find_spec(module) is None:
                raise LaunchError(f"{self.where}: package bee_robot has no node '{self.executable}'")
            return module
        module = COUNTERPARTS.get((self.package, self.executable), "")
        is_needed = module and bee_robot.ros_runtime().kind == EMBEDDED
        return module if is_needed and importlib.util.find_spec(module) is not None else None

    def words(self, folder: Path | None = None) -> list[str]:
        """The arguments of the program."""
        return [*self.arguments, *(self._all_ros_arguments(folder) if self.package else ())]

    def _program(self) -> list[str]:
        if not self.package:
            return [self.executable]
        path = self._installed()
        if path is None:
            raise LaunchError(
                f"{self.where}: no '{self.executable}' of package '{self.package}' on this machine; "
                "install the package, or source the ROS 2 workspace that has it"
            )
        return [str(path)]

    def _installed(self) -> Path | None:
        prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
        paths = (
            Path(prefix) / "lib" / self.package / self.executable
            for prefix in prefixes
            if prefix and self.package
        )
        return next((path for path in paths if os.access(path, os.X_OK)), None)

    def _all_ros_arguments(self, folder: Path | None) -> list[str]:
        words = ["--ros-args"]
        if self.name:
            words += ["-r", f"__node:={self.name}"]
        if self.namespace:
            words += ["-r", f"__ns:={self.namespace}"]
        for old, new in self.remappings:
            words += ["-r", f"{old}:={new}"]
        has_files = any(not isinstance(source, Mapping) for source in self.parameter_sources)
        for number, source in enumerate(self.parameter_sources):
            if isinstance(source, Mapping) and not (has_files and folder):
                for name, value in source.items():
                    words += ["-p", f"{name}:={as_yaml(value)}"]
            elif isinstance(source, Path):
                words += ["--params-file", str(source)]
            elif folder is not None:
                text = source if isinstance(source, str) else as_file(self.full_name or "/**", source)
                path = folder / f"{self.label}.{number}.params.yaml"
                path.write_text(text, encoding="utf-8")
                words += ["--params-file", str(path)]
        if folder is not None:
            # What the node prints is kept already, in files of bounded size; those of rcl grow without end.
            words.append("--disable-external-lib-logs")
        return [*words, *self.ros_arguments]
