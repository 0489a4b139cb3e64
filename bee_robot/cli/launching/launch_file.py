"""Reads ROS 2 YAML launch files without ROS 2: arg, let, node, include, group, push_ros_namespace, set_env.

As strict as `ros2 launch`: an unknown element or attribute, and a number or truth value where text belongs, is an error
that names file and line; so a file that is read here is read there.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bee_robot.cli.launching.launched_node import LaunchedNode, ParameterValue
from bee_robot.cli.launching.lined_yaml import LaunchError, Lined, read
from bee_robot.cli.launching.substitution import Scope, expand, is_true

CONDITIONS = frozenset({"if", "unless"})
ATTRIBUTES: dict[str, frozenset[str]] = {
    "arg": frozenset({"name", "default", "description", "choice"}),
    "let": frozenset({"name", "value"}),
    "set_env": frozenset({"name", "value"}),
    "node": frozenset(
        "pkg exec name namespace param remap env args ros_args output respawn respawn_delay".split()
    ),
    "include": frozenset({"file", "arg"}),
    "group": frozenset({"children", "scoped"}),
    "push_ros_namespace": frozenset({"namespace"}),
    "push-ros-namespace": frozenset({"namespace"}),
}
PARAMETER_TYPES: dict[str, type] = {"bool": bool, "int": int, "float": float, "str": str}
DEEPEST_INCLUDE = 10


@dataclass(frozen=True)
class LaunchArgument:
    """A declared `arg`. `default` None: it must be given."""

    name: str
    default: str | None
    description: str
    choices: tuple[str, ...] = ()


@dataclass
class LaunchDescription:
    """What a launch file says for given arguments: its nodes in the order of the file, and the arguments it declares."""

    nodes: list[LaunchedNode] = field(default_factory=list)
    arguments: list[LaunchArgument] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


def load(path: Path, arguments: Mapping[str, str]) -> LaunchDescription:
    """Evaluate a launch file. `arguments`: values by name, all of them declared there. Raises LaunchError."""
    evaluation = _Evaluation(arguments)
    evaluation.file(path, depth=0)
    description = evaluation.description
    unknown = sorted(set(arguments) - {argument.name for argument in description.arguments})
    if unknown:
        known = ", ".join(sorted(argument.name for argument in description.arguments)) or "none"
        raise LaunchError(f"{path}: unknown launch argument '{unknown[0]}'; known: {known}")
    description.values = dict(evaluation.variables)
    return description


class _Evaluation:
    """Walks the elements in order, as ROS 2 executes them."""

    def __init__(self, arguments: Mapping[str, str]) -> None:
        self.description = LaunchDescription()
        self.variables = dict(arguments)
        self._environment = dict(os.environ)
        self._set_by_file: dict[str, str] = {}
        self._namespace = ""
        self._path = Path()
        self._depth = 0

    # files and elements

    def file(self, path: Path, depth: int) -> None:
        if depth > DEEPEST_INCLUDE:
            raise LaunchError(
                f"{path}: includes are nested deeper than {DEEPEST_INCLUDE}; a file includes itself"
            )
        outer, self._path, self._depth = self._path, path, depth
        content = read(path)
        if not isinstance(content, dict) or list(content) != ["launch"]:
            raise LaunchError(f"{path}: a launch file is one mapping with the key 'launch'")
        self._children(content["launch"], content.key_lines["launch"] if isinstance(content, Lined) else 1)
        self._path, self._depth = outer, depth - 1

    def _children(self, children: Any, line: int) -> None:
        if not isinstance(children, list):
            raise self._error(line, "a list of elements belongs here")
        for child in children:
            if not isinstance(child, Lined) or len(child) != 1:
                raise self._error(
                    getattr(child, "line", line), "each list item is one element, such as '- node:'"
                )
            (kind, body), element_line = next(iter(child.items())), child.line
            if kind not in ATTRIBUTES:
                raise self._error(
                    element_line, f"unknown element '{kind}'; known: {', '.join(sorted(ATTRIBUTES))}"
                )
            self._element(kind, body, element_line)

    def _element(self, kind: str, body: Any, line: int) -> None:
        if kind == "group" and isinstance(body, list):
            body = Lined(children=body)
            body.line, body.key_lines = line, {"children": line}
        if not isinstance(body, Lined):
            raise self._error(line, f"'{kind}' needs attributes")
        self._refuse_unknown(kind, body, ATTRIBUTES[kind] | CONDITIONS)
        if self._is_wanted(body):
            try:
                self._handler(kind)(body, line)
            except LaunchError as error:
                raise error if str(self._path) in str(error) else self._error(line, str(error)) from None

    def _handler(self, kind: str) -> Callable[[Lined, int], None]:
        return {
            "arg": self._arg,
            "let": self._let,
            "set_env": self._set_env,
            "node": self._node,
            "include": self._include,
            "group": self._group,
        }.get(kind, self._push_namespace)

    def _is_wanted(self, body: Lined) -> bool:
        if "if" in body and "unless" in body:
            raise self._error(body.line, "'if' and 'unless' exclude each other")
        if "if" in body:
            return is_true(
                self._text(body, "if"), f"{self._path}, line {body.key_lines['if']}: the condition 'if'"
            )
        if "unless" in body:
            where = f"{self._path}, line {body.key_lines['unless']}: the condition 'unless'"
            return not is_true(self._text(body, "unless"), where)
        return True

    # one method per element

    def _arg(self, body: Lined, line: int) -> None:
        name = self._plain(body, "name")
        default = self._text(body, "default") if "default" in body else None
        choices = tuple(self._plain(choice, "value") for choice in self._list(body, "choice", {"value"}))
        self.description.arguments.append(
            LaunchArgument(
                name, default, self._plain(body, "description") if "description" in body else "", choices
            )
        )
        if name not in self.variables:
            if default is None:
                raise self._error(line, f"launch argument '{name}' must be given: {name}:=VALUE")
            self.variables[name] = default
        if choices and self.variables[name] not in choices:
            raise LaunchError(
                f"launch argument '{name}' is '{self.variables[name]}'; one of {', '.join(choices)}"
            )

    def _let(self, body: Lined, line: int) -> None:
        self.variables[self._text(body, "name")] = self._text(body, "value")

    def _set_env(self, body: Lined, line: int) -> None:
        name, value = self._text(body, "name"), self._text(body, "value")
        self._environment[name] = self._set_by_file[name] = value

    def _push_namespace(self, body: Lined, line: int) -> None:
        self._namespace = _joined(self._namespace, self._text(body, "namespace"))

    def _group(self, body: Lined, line: int) -> None:
        scoped = body.get("scoped", True)
        if not isinstance(scoped, bool):
            raise self._error(line, "'scoped' is true or false")
        outer = dict(self.variables), dict(self._environment), dict(self._set_by_file), self._namespace
        if "children" not in body:
            raise self._error(line, "'group' needs 'children'")
        self._children(body["children"], body.key_lines["children"])
        if scoped:
            self.variables, self._environment, self._set_by_file, self._namespace = outer

    def _include(self, body: Lined, line: int) -> None:
        given = self._pairs(body, "arg", "name", "value")
        path = Path(self._text(body, "file"))
        self.variables.update(given)
        self.file(path if path.is_absolute() else self._path.parent / path, self._depth + 1)

    def _node(self, body: Lined, line: int) -> None:
        for needed in ("pkg", "exec"):
            if needed not in body:
                raise self._error(line, f"'node' needs '{needed}'")
        parameters, files = self._parameters(body)
        delay = body.get("respawn_delay", 0.0)
        if not isinstance(delay, float):
            raise self._error(
                line, "'respawn_delay' is a number of seconds with a decimal point, such as 1.0"
            )
        node = LaunchedNode(
            where=f"{self._path}, line {line}",
            package=self._text(body, "pkg"),
            executable=self._text(body, "exec"),
            name=self._text(body, "name") if "name" in body else "",
            namespace=_joined(self._namespace, self._text(body, "namespace") if "namespace" in body else ""),
            parameters=parameters,
            parameter_files=tuple(files),
            remappings=tuple(self._pairs(body, "remap", "from", "to")),
            environment={**self._set_by_file, **dict(self._pairs(body, "env", "name", "value"))},
            arguments=tuple(shlex.split(self._text(body, "args"))) if "args" in body else (),
            ros_arguments=tuple(shlex.split(self._text(body, "ros_args"))) if "ros_args" in body else (),
            respawn=is_true(self._text(body, "respawn"), "'respawn'") if "respawn" in body else False,
            respawn_delay_s=delay,
            sigterm_timeout_s=self._seconds("sigterm_timeout"),
            sigkill_timeout_s=self._seconds("sigkill_timeout"),
        )
        self.description.nodes.append(node)

    def _parameters(self, body: Lined) -> tuple[dict[str, ParameterValue], list[Path]]:
        values: dict[str, ParameterValue] = {}
        files = []
        for entry in self._list(body, "param", {"name", "value", "type", "from", "allow_substs"}):
            if "from" in entry:
                files.append(Path(self._text(entry, "from")))
                if not files[-1].is_file():
                    raise self._error(entry.line, f"parameter file {files[-1]} does not exist")
                continue
            if "name" not in entry or "value" not in entry:
                raise self._error(entry.line, "'param' needs 'name' and 'value', or 'from'")
            values[self._text(entry, "name")] = self._parameter_value(entry)
        return values, files

    def _parameter_value(self, entry: Lined) -> ParameterValue:
        """Text with substitutions becomes what YAML makes of it; `type` says otherwise; plain text stays text."""
        value, wanted = entry["value"], entry.get("type")
        if wanted is not None and wanted not in PARAMETER_TYPES:
            raise self._error(entry.line, f"unknown type '{wanted}'; known: {', '.join(PARAMETER_TYPES)}")
        if isinstance(value, str):
            is_typed_by_yaml = wanted not in (None, "str") or (wanted is None and "$(" in value)
            value = self._text(entry, "value")
            value = yaml.safe_load(value) if is_typed_by_yaml and value else value
        if wanted == "float" and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if wanted is not None and type(value) is not PARAMETER_TYPES[wanted]:
            raise self._error(entry.line, f"parameter '{entry['name']}' is {value!r}, which is no {wanted}")
        if not isinstance(value, (bool, int, float, str, list)):
            raise self._error(
                entry.line, f"parameter '{entry['name']}' is {value!r}; ROS 2 knows no such parameter"
            )
        return value

    # attributes

    def _seconds(self, variable: str) -> float:
        text = self.variables.get(variable, "5")
        try:
            return float(text)
        except ValueError:
            raise LaunchError(f"'{variable}' is '{text}'; it is a number of seconds") from None

    def _plain(self, body: Lined, key: str) -> str:
        if key not in body:
            raise self._error(body.line, f"'{key}' is missing")
        if not isinstance(body[key], str):
            shown = str(body[key]).lower() if isinstance(body[key], bool) else body[key]
            raise self._error(body.key_lines[key], f"'{key}' is text: write it in quotes, \"{shown}\"")
        return str(body[key])

    def _text(self, body: Lined, key: str) -> str:
        try:
            return expand(self._plain(body, key), Scope(self.variables, self._environment, self._path))
        except LaunchError as error:
            raise (
                error if str(self._path) in str(error) else self._error(body.key_lines[key], str(error))
            ) from None

    def _list(self, body: Lined, key: str, known: set[str]) -> list[Lined]:
        entries = body.get(key, [])
        if not isinstance(entries, list) or not all(isinstance(entry, Lined) for entry in entries):
            raise self._error(body.key_lines[key], f"'{key}' is a list of mappings")
        for entry in entries:
            self._refuse_unknown(key, entry, known)
        return entries

    def _pairs(self, body: Lined, key: str, first: str, second: str) -> list[tuple[str, str]]:
        entries = self._list(body, key, {first, second})
        return [(self._text(entry, first), self._text(entry, second)) for entry in entries]

    def _refuse_unknown(self, kind: str, body: Lined, known: frozenset[str] | set[str]) -> None:
        for key in body:
            if key not in known:
                raise self._error(
                    body.key_lines[key],
                    f"unknown attribute '{key}' of '{kind}'; known: {', '.join(sorted(known))}",
                )

    def _error(self, line: int, message: str) -> LaunchError:
        return LaunchError(f"{self._path}, line {line}: {message}")


def _joined(base: str, namespace: str) -> str:
    """ROS 2's rule: an absolute namespace stands for itself, a relative one continues the base."""
    if namespace.startswith("/"):
        return namespace.rstrip("/")
    parts = [part for part in (base.strip("/"), namespace.strip("/")) if part]
    return "/" + "/".join(parts) if parts else ""
