"""Parameters in YAML, read as rcl reads them: values on the command line, and parameter files.

rcl looks at the text of a plain scalar, not at YAML's own types: `1e3` is a double, `y` a bool,
`~` and dates are strings, tags and anchors count for nothing. A sequence has one type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PARAMETERS_KEY = "ros__parameters"
_TRUE = frozenset("Y y yes Yes YES true True TRUE on On ON".split())
_FALSE = frozenset("N n no No NO false False FALSE off Off OFF".split())
# strtoll with base 0, and strtod, of the C library.
_INTEGER = re.compile(r"[+-]?(?:(?P<hex>0[xX][0-9a-fA-F]+)|(?P<octal>0[0-7]*)|[1-9][0-9]*)", re.ASCII)
_DOUBLE = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity|nan))", re.ASCII
)
_HEX_DOUBLE = re.compile(
    r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?", re.ASCII
)
_DOTTED = re.compile(r"\.(?:nan|NaN|NAN)|[+-]?\.(?:inf|Inf|INF)")
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
# Text that YAML, too, takes for one plain scalar: most values do without the YAML library.
_PLAIN = re.compile(r"(?!\.\.\.|---)(?:[\w/]|[-+.](?=[\w.]))[\w./+-]*", re.ASCII)


class ParameterYamlError(ValueError):
    """Text that is no parameter value or parameter file; says where and why."""


def scalar_value(text: str) -> Any:
    """What a plain (unquoted) scalar means: bool, int, float, or str."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if match := _INTEGER.fullmatch(text):
        number = int(text, 16 if match["hex"] else 8 if match["octal"] else 10)
        if _INT64_MIN <= number <= _INT64_MAX:
            return number
    if _DOTTED.fullmatch(text):
        return float(text.replace(".", ""))
    is_hexadecimal = _HEX_DOUBLE.fullmatch(text) is not None
    if not is_hexadecimal and not _DOUBLE.fullmatch(text):
        return text
    try:
        number = float.fromhex(text) if is_hexadecimal else float(text)
    except OverflowError:
        return text
    # A number out of range is none, as for strtod.
    overflows = number in (float("inf"), float("-inf")) and "n" not in text.lower()
    underflows = number == 0.0 and re.search("[1-9a-fA-F]", re.split("[eEpP]", text)[0][-400:]) is not None
    return text if overflows or (underflows and not is_hexadecimal) else number


def parse_value(text: str) -> Any:
    """The value of `-p name:=text`. None for an empty sequence, which has no type."""
    if _PLAIN.fullmatch(text):
        return scalar_value(text)
    events = _Events(text)
    value: Any = None
    found = False
    for event in events:
        if events.is_scalar(event):
            value, found = events.scalar(event), True
        elif events.is_sequence(event):
            value, found = events.sequence(), True
        elif not events.is_frame(event):
            raise ParameterYamlError("neither a scalar nor a sequence of scalars")
    if not found:
        raise ParameterYamlError("there is no value")
    return value


def read_parameter_file(path: str) -> list[tuple[str, str, Any]]:
    """A ROS parameter file as (node pattern, parameter name, value), in its order.

    Node names may be nested (`ns: {node: {ros__parameters: ...}}`), and so may parameter names,
    which dots then join. ParameterYamlError for what rcl would not read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ParameterYamlError(f"Error opening YAML file: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ParameterYamlError(f"no UTF-8: {error}") from error
    events = _Events(text)
    found: list[tuple[str, str, Any]] = []
    for event in events:
        if events.is_mapping(event):
            _read_nodes(events, "", found)
        elif not events.is_frame(event):
            raise ParameterYamlError(f"a mapping of node names belongs here, at {events.line(event)}")
    return found


def _read_nodes(events: _Events, prefix: str, found: list[tuple[str, str, Any]]) -> None:
    for key, value in events.pairs():
        if not events.is_mapping(value):
            raise ParameterYamlError(f"Cannot have a value before {PARAMETERS_KEY} at {events.line(value)}")
        if key.value != PARAMETERS_KEY:
            _read_nodes(events, f"{prefix}/{key.value}" if prefix else key.value, found)
            continue
        if not prefix:
            raise ParameterYamlError(f"There are no node names before {PARAMETERS_KEY} at {events.line(key)}")
        _check_pattern(prefix)
        _read_parameters(events, prefix, "", found)


def _read_parameters(events: _Events, pattern: str, prefix: str, found: list[tuple[str, str, Any]]) -> None:
    for key, value in events.pairs():
        name = f"{prefix}{key.value}"
        if events.is_mapping(value):
            _read_parameters(events, pattern, f"{name}.", found)
        elif events.is_sequence(value):
            found.append((pattern, name, events.sequence()))
        elif events.is_scalar(value):
            found.append((pattern, name, events.scalar(value)))
        else:
            raise ParameterYamlError(f"Will not support aliasing at {events.line(value)}")


class _Events:
    """The events of a YAML text, by the library's parser alone: types are rcl's business."""

    def __init__(self, text: str) -> None:
        import yaml

        self._yaml = yaml
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._events = yaml.parse(text, Loader=loader)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._events)
        except self._yaml.YAMLError as error:
            raise ParameterYamlError(str(error).replace("\n", " ")) from error

    def is_scalar(self, event: Any) -> bool:
        return isinstance(event, self._yaml.ScalarEvent)

    def is_sequence(self, event: Any) -> bool:
        return isinstance(event, self._yaml.SequenceStartEvent)

    def is_mapping(self, event: Any) -> bool:
        return isinstance(event, self._yaml.MappingStartEvent)

    def is_frame(self, event: Any) -> bool:
        """True for what begins or ends the stream and its documents."""
        yaml = self._yaml
        kinds = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
        return isinstance(event, kinds)

    @staticmethod
    def line(event: Any) -> str:
        return f"line {event.start_mark.line + 1}"

    def pairs(self) -> Iterator[tuple[Any, Any]]:
        """Key and first event of the value, for each entry of the mapping that has begun."""
        for key in self:
            if isinstance(key, self._yaml.MappingEndEvent):
                return
            if not self.is_scalar(key):
                raise ParameterYamlError(f"Sequences cannot be key at {self.line(key)}")
            if not key.value:
                raise ParameterYamlError(f"No key at {self.line(key)}")
            yield key, next(self)

    def scalar(self, event: Any) -> Any:
        if event.style in ("'", '"'):
            return event.value
        if not event.value:
            raise ParameterYamlError(f"No value at {self.line(event)}")
        return event.value if event.style else scalar_value(event.value)

    def sequence(self) -> list[Any] | None:
        """The values of the sequence that has begun; None if there are none."""
        values: list[Any] = []
        for event in self:
            if isinstance(event, self._yaml.SequenceEndEvent):
                break
            if not self.is_scalar(event):
                raise ParameterYamlError(f"Sequences may only hold scalars at {self.line(event)}")
            value = self.scalar(event)
            if values and type(value) is not type(values[0]):
                raise ParameterYamlError(
                    f"Sequence should be of same type. Value type '{type(value).__name__}' does not belong "
                    f"at {self.line(event)}"
                )
            values.append(value)
        return values or None


def _check_pattern(pattern: str) -> None:
    """ParameterYamlError unless this may name nodes: `/ns/*/node`, `/**`, ..."""
    from rclpy._names import namespace_problem, node_name_problem

    namespace, slash, name = pattern.rpartition("/")
    problem = None if name in ("*", "**") else node_name_problem(name)
    if slash and namespace and problem is None:
        for part in namespace.removeprefix("/").split("/"):
            if not part:
                problem = "contains repeated forward slash", 0
            elif part not in ("*", "**"):
                problem = problem or namespace_problem(f"/{part}")
    if problem is not None:
        raise ParameterYamlError(f"{problem[0]}: {pattern!r}")


def node_matches(pattern: str, full_name: str) -> bool:
    """Does a node (`/ns/name`) match a pattern, where `*` stands for one part and `**` for any number?"""
    if not pattern.startswith("/"):
        pattern = f"/{pattern}"
    # `/**` becomes `(/\w+)*`.
    regular = re.escape(pattern).replace(r"/\*", r"(/\w+)").replace(r"\*", "*")
    return re.fullmatch(regular, full_name, re.ASCII) is not None
