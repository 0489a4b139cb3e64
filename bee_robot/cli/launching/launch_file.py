"""Reads ROS 2 YAML launch files without ROS 2.

As strict as `ros2 launch`: an unknown element or attribute, and a number or truth value where text belongs, is an error
that names file and line; so a file that is read here is read there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bee_robot.cli.launching import parameters
from bee_robot.cli.launching.element_reader import ElementReader
from bee_robot.cli.launching.elements import ATTRIBUTES, CONDITIONS, OUTPUTS, SCREEN, unknown_element
from bee_robot.cli.launching.launched_node import LaunchedNode, Respawn
from bee_robot.cli.launching.lined_yaml import LaunchError, Lined, read
from bee_robot.cli.launching.parameters import ParameterValue
from bee_robot.cli.launching.substitution import Scope, expand, is_true, is_yes

DEEPEST_INCLUDE = 10
NODE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NAMESPACE = re.compile(r"(/[A-Za-z_][A-Za-z0-9_]*)*")
GIVEN_UP = {"end": True, "stay": False}
"""Values of the variable `given_up`: whether the other processes are ended when one has been given up."""


@dataclass(frozen=True)
class LaunchArgument:
    """A declared `arg`. `default` None: it must be given, or its default cannot be told without being run."""

    name: str
    default: str | None
    description: str
    choices: tuple[str, ...] = ()
    is_required: bool = False


@dataclass
class LaunchDescription:
    """What a launch file says for given arguments: its processes in the order of the file, and the arguments it declares."""

    path: Path
    nodes: list[LaunchedNode] = field(default_factory=list)
    arguments: list[LaunchArgument] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


def load(path: Path, arguments: Mapping[str, str]) -> LaunchDescription:
    """Evaluate a launch file. `arguments`: values by name, all of them declared there. Raises LaunchError."""
    evaluation = _Evaluation(path, arguments)
    evaluation.file(path, depth=0, given=set(arguments))
    description = evaluation.description
    unknown = sorted(set(arguments) - {argument.name for argument in description.arguments})
    if unknown:
        known = ", ".join(sorted(argument.name for argument in description.arguments)) or "none"
        raise LaunchError(f"{path}: unknown launch argument '{unknown[0]}'; known: {known}")
    description.values = dict(evaluation.variables)
    return description


def declared_arguments(path: Path) -> list[LaunchArgument]:
    """The arguments that a launch file declares, without any being given. Raises LaunchError."""
    evaluation = _Evaluation(path, {}, is_listing=True)
    evaluation.file(path, depth=0, given=set())
    return evaluation.description.arguments


@dataclass(frozen=True)
class _Settings:
    """What a group keeps to itself."""

    namespace: str = ""
    environment: Mapping[str, str | None] = field(default_factory=dict)
    parameter_sources: tuple[Mapping[str, ParameterValue] | Path, ...] = ()
    remappings: tuple[tuple[str, str], ...] = ()


class _Evaluation(ElementReader):
    """Walks the elements in order, as ROS 2 executes them. Listing: only what declares arguments counts."""

    def __init__(self, path: Path, arguments: Mapping[str, str], is_listing: bool = False) -> None:
        self.description = LaunchDescription(path)
        self.variables = dict(arguments)
        self._settings = _Settings()
        self._is_listing = is_listing
        super().__init__()
        self._depth = 0
        self._given: set[str] = set()
        self._elements: dict[str, Callable[[Lined, int], None]] = {
            "arg": self._arg,
            "let": self._let,
            "set_env": self._set_env,
            "append_env": self._append_env,
            "unset_env": self._unset_env,
            "node": self._node,
            "executable": self._executable,
            "include": self._include,
            "group": self._group,
            "push_ros_namespace": self._push_namespace,
            "push-ros-namespace": self._push_namespace,
            "set_parameter": self._set_parameter,
            "set_parameters_from_file": self._set_parameters_from_file,
            "set_remap": self._set_remap,
            "log": self._log,
        }

    # files and elements

    def file(self, path: Path, depth: int, given: set[str]) -> None:
        if depth > DEEPEST_INCLUDE:
            raise LaunchError(
                f"{path}: includes are nested deeper than {DEEPEST_INCLUDE}; a file includes itself"
            )
        outer = self._path, self._depth, self._given
        self._path, self._depth, self._given = path, depth, given
        content = read(path)
        if not isinstance(content, dict) or list(content) != ["launch"]:
            raise LaunchError(f"{path}: a launch file is one mapping with the key 'launch'")
        self._children(content["launch"], content.key_lines["launch"] if isinstance(content, Lined) else 1)
        self._path, self._depth, self._given = outer

    def _children(self, children: Any, line: int) -> None:
        if not isinstance(children, list):
            raise self._error(line, "a list of elements belongs here")
        for child in children:
            if not isinstance(child, Lined) or len(child) != 1:
                raise self._error(
                    getattr(child, "line", line), "each list item is one element, such as '- node:'"
                )
            kind, body = next(iter(child.items()))
            if kind not in ATTRIBUTES:
                raise self._error(child.line, unknown_element(kind))
            self._element(kind, body, child.line)

    def _element(self, kind: str, body: Any, line: int) -> None:
        if kind == "group" and isinstance(body, list):
            body = Lined(children=body)
            body.line, body.key_lines = line, {"children": line}
        if not isinstance(body, Lined):
            raise self._error(line, f"'{kind}' needs attributes")
        self._refuse_unknown(kind, body, ATTRIBUTES[kind] | CONDITIONS)
        try:
            if self._is_listing:
                self._list_element(kind, body, line)
            elif self._is_wanted(body):
                self._elements[kind](body, line)
        except LaunchError as error:
            raise error if str(self._path) in str(error) else self._error(line, str(error)) from None

    def _list_element(self, kind: str, body: Lined, line: int) -> None:
        """Arguments under a condition count too, as `ros2 launch --show-args` shows them."""
        if kind not in ("arg", "let", "group", "include"):
            return
        try:
            self._elements[kind](body, line)
        except LaunchError:
            if kind != "let":  # whose value may need what is not given yet
                raise

    def _is_wanted(self, body: Lined) -> bool:
        if "if" in body and "unless" in body:
            raise self._error(body.line, "'if' and 'unless' exclude each other")
        for key in CONDITIONS & set(body):
            where = f"{self._path}, line {body.key_lines[key]}: the condition '{key}'"
            return is_true(self._text(body, key), where) is (key == "if")
        return True

    # one method per element

    def _arg(self, body: Lined, line: int) -> None:
        name = self._plain(body, "name")
        choices = tuple(self._plain(choice, "value") for choice in self._list(body, "choice", {"value"}))
        argument = LaunchArgument(
            name,
            self._default(body),
            self._plain(body, "description") if "description" in body else "",
            choices,
            is_required="default" not in body,
        )
        self.description.arguments.append(argument)
        if self._is_listing:
            self.variables.setdefault(name, argument.default or "")
            return
        # As on ROS 2, a file that is included does not take what must be given from the file around it.
        is_missing = argument.is_required and (name not in self._given and not CONDITIONS & set(body))
        if is_missing or (argument.default is None and name not in self.variables):
            raise self._error(line, f"launch argument '{name}' must be given: {name}:=VALUE")
        if name not in self.variables:
            self.variables[name] = str(argument.default)
        if choices and self.variables[name] not in choices:
            raise LaunchError(
                f"launch argument '{name}' is '{self.variables[name]}'; one of {', '.join(choices)}"
            )

    def _default(self, body: Lined) -> str | None:
        if "default" not in body:
            return None
        try:
            return self._text(body, "default")
        except LaunchError:
            if self._is_listing or self._plain(body, "name") in self.variables:
                return None  # it is not needed
            raise

    def _let(self, body: Lined, line: int) -> None:
        self.variables[self._text(body, "name")] = self._text(body, "value")

    def _log(self, body: Lined, line: int) -> None:
        self.description.messages.append(self._text(body, "message"))

    def _set_env(self, body: Lined, line: int) -> None:
        self._change_environment(self._text(body, "name"), self._text(body, "value"))

    def _unset_env(self, body: Lined, line: int) -> None:
        self._change_environment(self._text(body, "name"), None)

    def _append_env(self, body: Lined, line: int) -> None:
        name, value = self._text(body, "name"), self._text(body, "value")
        separator = self._text(body, "separator") if "separator" in body else os.pathsep
        is_first = self._truth(body, "prepend")
        before = self._environment().get(name)
        both = [value, before] if is_first else [before, value]
        self._change_environment(name, value if before is None else separator.join(map(str, both)))

    def _push_namespace(self, body: Lined, line: int) -> None:
        pushed = _joined(self._settings.namespace, self._text(body, "namespace"))
        self._settings = replace(self._settings, namespace=pushed)

    def _set_parameter(self, body: Lined, line: int) -> None:
        name, text = self._text(body, "name"), self._text(body, "value")
        try:
            value = parameters.from_text(text)
        except LaunchError as error:
            raise self._error(line, f"parameter '{name}' {error}") from None
        sources = (*self._settings.parameter_sources, {name: value})
        self._settings = replace(self._settings, parameter_sources=sources)

    def _set_parameters_from_file(self, body: Lined, line: int) -> None:
        sources = (*self._settings.parameter_sources, self._parameter_file(body, "filename"))
        self._settings = replace(self._settings, parameter_sources=sources)

    def _set_remap(self, body: Lined, line: int) -> None:
        rule = self._text(body, "from"), self._text(body, "to")
        self._settings = replace(self._settings, remappings=(*self._settings.remappings, rule))

    def _group(self, body: Lined, line: int) -> None:
        scoped = self._truth(body, "scoped", default=True)
        outer = dict(self.variables), self._settings
        if "children" not in body:
            raise self._error(line, "'group' needs 'children'")
        self._children(body["children"], body.key_lines["children"])
        if scoped:
            self.variables, self._settings = outer

    def _include(self, body: Lined, line: int) -> None:
        given = self._pairs(body, "arg", "name", "value")
        path = Path(self._text(body, "file"))
        if not path.is_absolute():
            raise self._error(
                body.key_lines["file"],
                f"ROS 2 would look for {path} wherever it was started; write $(dirname)/{path}",
            )
        if path.suffix not in (".yaml", ".yml"):
            raise self._error(body.key_lines["file"], f"{path.name} is no YAML launch file")
        self.variables.update(given)
        self.file(path, self._depth + 1, {name for name, _ in given})

    def _node(self, body: Lined, line: int) -> None:
        settings = self._settings
        name = self._text(body, "name") if "name" in body else ""
        if "name" in body and not NODE_NAME.fullmatch(name):
            raise self._error(body.key_lines["name"], f"'{name}' is no node name: letters, digits and '_'")
        namespace = _joined(settings.namespace, self._text(body, "namespace") if "namespace" in body else "")
        if not NAMESPACE.fullmatch(namespace):
            raise self._error(line, f"'{namespace}' is no namespace: letters, digits, '_', parted by '/'")
        node = replace(
            self._process(body, line),
            package=self._needed(body, "node", "pkg"),
            executable=self._needed(body, "node", "exec"),
            name=name,
            namespace=namespace,
            process_name=self._text(body, "exec_name") if "exec_name" in body else "",
            parameter_sources=(*settings.parameter_sources, *self._parameters(body)),
            remappings=(*settings.remappings, *self._pairs(body, "remap", "from", "to")),
            arguments=tuple(self._words(body, "args")),
            ros_arguments=tuple(self._words(body, "ros_args")),
        )
        self.description.nodes.append(node)

    def _executable(self, body: Lined, line: int) -> None:
        self._needed(body, "executable", "cmd")
        words = self._words(body, "cmd")
        if not words:
            raise self._error(line, "'cmd' is empty")
        name = self._text(body, "name") if "name" in body else ""
        process = replace(
            self._process(body, line), executable=words[0], arguments=tuple(words[1:]), process_name=name
        )
        self.description.nodes.append(process)

    def _process(self, body: Lined, line: int) -> LaunchedNode:
        """What `node` and `executable` have in common."""
        output = self._text(body, "output") if "output" in body else "log"
        if output not in OUTPUTS:
            raise self._error(body.key_lines["output"], f"'output' is one of {', '.join(sorted(OUTPUTS))}")
        environment = {**self._settings.environment, **dict(self._pairs(body, "env", "name", "value"))}
        return LaunchedNode(
            where=f"{self._path}, line {line}",
            package="",
            executable="",
            name="",
            environment=environment,
            prefix=tuple(self._words(body, "launch-prefix")),
            folder=Path(self._text(body, "cwd")) if "cwd" in body else None,
            is_on_screen=output in SCREEN,
            respawn=self._respawn(body, line),
            ready_timeout_s=self._number("ready_timeout", "60"),
            sigterm_timeout_s=self._number("sigterm_timeout", "5"),
            sigkill_timeout_s=self._number("sigkill_timeout", "5"),
        )

    def _respawn(self, body: Lined, line: int) -> Respawn | None:
        """Delay by the attributes of ROS 2; limits by variables of ours, which ROS 2 does not look at."""
        delay_s = body.get("respawn_delay", 0.0)
        if not isinstance(delay_s, float) or delay_s < 0:
            raise self._error(
                line, "'respawn_delay' is a number of seconds with a decimal point, such as 1.0"
            )
        if "respawn" not in body or not is_yes(self._text(body, "respawn"), "'respawn'"):
            return None
        given_up = self.variables.get("given_up", "end")
        if given_up not in GIVEN_UP:
            raise self._error(line, f"the variable 'given_up' is '{given_up}'; one of {', '.join(GIVEN_UP)}")
        limit, window_s = self._number("respawn_limit", "5"), self._number("respawn_window", "300")
        return Respawn(delay_s, int(limit), window_s, GIVEN_UP[given_up])

    # parameters

    def _parameters(self, body: Lined) -> list[dict[str, ParameterValue] | Path | str]:
        sources: list[dict[str, ParameterValue] | Path | str] = []
        for entry in self._list(body, "param", {"name", "value", "type", "from", "allow_substs", "param"}):
            if "from" not in entry:
                sources.append(self._values(entry, ""))
                continue
            for key in set(entry) - {"from", "allow_substs"}:
                raise self._error(entry.key_lines[key], f"'{key}' and 'from' exclude each other")
            path = self._parameter_file(entry, "from")
            is_template = self._truth(entry, "allow_substs")
            sources.append(expand(path.read_text(encoding="utf-8"), self._scope()) if is_template else path)
        return sources

    def _parameter_file(self, body: Lined, key: str) -> Path:
        path = Path(self._text(body, key))
        if not path.is_file():
            raise self._error(body.key_lines[key], f"parameter file {path} does not exist")
        return path.absolute()

    def _values(self, entry: Lined, before: str) -> dict[str, ParameterValue]:
        """The values of one entry; nested names are joined by dots."""
        if "name" not in entry or ("value" in entry) == ("param" in entry):
            raise self._error(entry.line, "'param' needs 'name' and 'value', nested 'param's, or 'from'")
        for key in {"allow_substs", "from"} & set(entry) | (
            {"type"} & set(entry) if "param" in entry else set()
        ):
            raise self._error(entry.key_lines[key], f"'{key}' does not belong to this 'param'")
        name = before + self._text(entry, "name")
        if "param" in entry:
            inner = self._list(entry, "param", {"name", "value", "type", "param"})
            nested = [self._values(each, f"{name}.") for each in inner]
            return {key: value for values in nested for key, value in values.items()}
        try:
            return {name: parameters.typed(entry["value"], entry.get("type"), self._scope())}
        except LaunchError as error:
            says = str(error)
            what = f"parameter '{name}' {says}" if says.startswith("is ") else says
            raise self._error(entry.line, what) from None

    # what substitutions see

    def _environment(self) -> dict[str, str]:
        """What `$(env)` sees: this process's environment, changed by the file."""
        both = {**os.environ, **self._settings.environment}
        return {name: value for name, value in both.items() if value is not None}

    def _change_environment(self, name: str, value: str | None) -> None:
        environment = {**self._settings.environment, name: value}
        self._settings = replace(self._settings, environment=environment)

    def _scope(self) -> Scope:
        return Scope(self.variables, self._environment(), self._path)

    def _number(self, variable: str, default: str) -> float:
        text = self.variables.get(variable, default)
        try:
            return float(text)
        except ValueError:
            raise LaunchError(f"the variable '{variable}' is '{text}'; it is a number") from None


def _joined(base: str, namespace: str) -> str:
    """ROS 2's rule: an absolute namespace stands for itself, a relative one continues the base."""
    if namespace.startswith("/"):
        return namespace.rstrip("/")
    parts = [part for part in (base.strip("/"), namespace.strip("/")) if part]
    return "/" + "/".join(parts) if parts else ""
