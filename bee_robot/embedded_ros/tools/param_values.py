"""Values of parameters: as messages, as text, in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bee_robot.embedded_ros.tools.verb import ToolError

_KINDS = (  # number in rcl_interfaces/msg/ParameterType, name, field of ParameterValue, label
    (0, "not set", "", "Parameter not set."),
    (1, "boolean", "bool_value", "Boolean value is:"),
    (2, "integer", "integer_value", "Integer value is:"),
    (3, "double", "double_value", "Double value is:"),
    (4, "string", "string_value", "String value is:"),
    (5, "byte array", "byte_array_value", "Byte values are:"),
    (6, "boolean array", "bool_array_value", "Boolean values are:"),
    (7, "integer array", "integer_array_value", "Integer values are:"),
    (8, "double array", "double_array_value", "Double values are:"),
    (9, "string array", "string_array_value", "String values are:"),
)
TYPE_NAMES = {number: name for number, name, _, _ in _KINDS}
_FIELDS = {number: field for number, _, field, _ in _KINDS}
_SCALARS = ((bool, 1), (int, 2), (float, 3), (str, 4))


def value_of(message: Any) -> Any:
    """The plain value in a ParameterValue; None where it is not set."""
    field = _FIELDS.get(message.type, "")
    value = getattr(message, field) if field else None
    return value if value is None or isinstance(value, (bool, int, float, str)) else list(value)


def labelled(message: Any) -> tuple[str, Any]:
    """What `param get` says before the value, and the value."""
    labels = {number: label for number, _, _, label in _KINDS}
    if message.type not in labels:
        raise ToolError(f"Unknown parameter type '{message.type}'")
    return labels[message.type], value_of(message)


def from_text(text: str) -> Any:
    """A value as YAML guesses it; what is no YAML, and mixed lists, are texts."""
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if _type_number(value) is not None and value is not None else text


def _type_number(value: Any) -> int | None:
    """The number in ParameterType; None for what no parameter can hold."""
    if value is None:
        return 0
    for kind, number in _SCALARS:
        if isinstance(value, kind):
            return number
    if isinstance(value, list):
        for kind, number in _SCALARS:
            # type, not isinstance: true is no number among numbers
            if all(type(each) is kind for each in value):
                return number + 5
    return None


def as_message(value: Any) -> Any:
    """A ParameterValue. None deletes."""
    from rcl_interfaces.msg import ParameterValue

    number = _type_number(value)
    if number is None:
        raise ToolError(f"{value!r} is no value for a parameter: lists hold values of one type")
    message = ParameterValue(type=number)
    if number:
        setattr(message, _FIELDS[number], value)
    return message


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """`{"a.b": 1}` -> `{"a": {"b": 1}}`, as parameter files are written."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        *parents, last = name.split(".")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return tree


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The other way round."""
    values: dict[str, Any] = {}
    for name, value in tree.items():
        values.update(
            flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
        )
    return values


def from_file(path: Path, node: str, use_wildcard: bool) -> dict[str, Any]:
    """Values for a node by parameter name, from a parameter file; ToolError if it has none or is none."""
    import yaml

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ToolError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except yaml.YAMLError as error:
        raise ToolError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(tree, dict):
        raise ToolError(f"{path} is no parameter file: it has to begin with the name of a node")
    keys = [key for key in (*(("/**",) if use_wildcard else ()), node, node[1:]) if key in tree]
    if not keys:
        raise ToolError(
            f"{path} has no parameters for {node}, only for: {', '.join(map(str, tree)) or 'nobody'}"
        )
    values: dict[str, Any] = {}
    for key in keys:
        part = tree[key].get("ros__parameters") if isinstance(tree[key], dict) else None
        if not isinstance(part, dict):
            raise ToolError(f"{path}: '{key}' has no 'ros__parameters'; write it as 'param dump' does")
        values.update(flat(part))
    return values
