"""Parameters of nodes in launch files: from text and YAML values to the values that ROS 2 makes of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from bee_robot.cli.launching.lined_yaml import LaunchError
from bee_robot.cli.launching.substitution import Scope, perform
from bee_robot.cli.launching.template import parse

ParameterValue = bool | int | float | str | Sequence["ParameterValue"]

TYPES: dict[str, type] = {"bool": bool, "int": int, "float": float, "str": str}
LIST = "list_of_"
TYPE_NAMES = (*TYPES, *(LIST + name for name in TYPES), "yaml")


def typed(value: Any, wanted: str | None, scope: Scope) -> ParameterValue:
    """The value of a parameter. Plain text stays text; text with substitutions becomes what `wanted`, or YAML, makes of it.

    Raises LaunchError (without file and line) where ROS 2 would refuse the value, or could not tell its type.
    """
    wanted = None if wanted == "yaml" else wanted
    if wanted is not None and wanted not in TYPE_NAMES:
        raise LaunchError(f"unknown type '{wanted}'; known: {', '.join(TYPE_NAMES)}")
    is_list = wanted is not None and wanted.startswith(LIST)
    if isinstance(value, list):
        if wanted is not None and not is_list:
            raise LaunchError(f"is the list {value!r}, which is no {wanted}")
        item = wanted.removeprefix(LIST) if wanted is not None else None
        found = uniform([_scalar(each, item, scope) for each in value])
        if item is not None and any(type(each) is not TYPES[item] for each in found):
            raise LaunchError(f"is the list {value!r}, which is no {wanted}")
        return found
    if is_list:
        raise LaunchError(f"is {value!r}, which is no list")
    return _scalar(value, wanted, scope)


def from_text(text: str) -> ParameterValue:
    """What `set_parameter` makes of a text: YAML decides. Raises LaunchError."""
    value: ParameterValue | None = _from_yaml(text)
    # ROS 2 hands it on as text again: what YAML made text is read a second time.
    value = _from_yaml(value) if isinstance(value, str) else value
    if isinstance(value, (list, dict)) or value is None:
        raise LaunchError(f"is '{text}'; 'set_parameter' takes one number, truth value or text")
    return value


def uniform(values: list[ParameterValue]) -> list[ParameterValue]:
    """A list parameter has at least one item, and one type: 1 and 2.5 do not go together. Raises LaunchError."""
    kinds = {type(value) for value in values}
    if not values:
        raise LaunchError("is an empty list, whose type ROS 2 cannot tell; leave the parameter out")
    if len(kinds) > 1 or not kinds <= set(TYPES.values()):
        raise LaunchError(f"is the list {values!r}; the items of a list are of one type")
    return values


def as_yaml(value: ParameterValue) -> str:
    """On one line and with its type kept: text quoted, so that "5" stays text; numbers so that YAML 1.1 reads them."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if not math.isfinite(value):
            return {math.inf: ".inf", -math.inf: "-.inf"}.get(value, ".nan")
        return re.sub(r"^(-?\d+)e", r"\1.0e", repr(value))
    if isinstance(value, Sequence):
        return f"[{', '.join(as_yaml(each) for each in value)}]"
    return str(value)


def as_file(node: str, values: Mapping[str, ParameterValue]) -> str:
    """A ROS parameter file for the node of this full name."""
    lines = [f"  {_quoted(name)}: {as_yaml(value)}" for name, value in values.items()]
    return "\n".join([f"{_quoted(node)}:", " ros__parameters:", *lines, ""])


def _scalar(value: Any, wanted: str | None, scope: Scope) -> ParameterValue:
    if isinstance(value, str):
        text, is_performed = _text(value, scope)
        value = _coerced(text, wanted) if is_performed else text
    if wanted is not None and not isinstance(value, TYPES[wanted]):
        raise LaunchError(f"is {value!r}, which is no {wanted}")
    if not isinstance(value, (bool, int, float, str)):
        if isinstance(value, list):
            return uniform(value)
        raise LaunchError(f"is {value!r}; ROS 2 knows no such parameter")
    return value


def _coerced(text: str, wanted: str | None) -> Any:
    if wanted == "str" or not text:
        return text
    if wanted in ("int", "float"):
        try:
            return TYPES[wanted](text)
        except ValueError:
            raise LaunchError(f"is '{text}', which is no {wanted}") from None
    return _from_yaml(text)


def _text(value: str, scope: Scope) -> tuple[str, bool]:
    """The text after substitution, and whether there was anything to substitute."""
    template = parse(value)
    return perform(template, scope), any(not isinstance(piece, str) for piece in template)


def _from_yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text) if text else text
    except yaml.YAMLError:
        raise LaunchError(f"is '{text}', which is no YAML value") from None


def _quoted(text: str) -> str:
    return str(yaml.dump(text, default_style='"', allow_unicode=True, width=math.inf)).rstrip("\n")
