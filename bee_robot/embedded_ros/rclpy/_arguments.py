"""`--ros-args`: remappings, parameters, log levels."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rclpy.exceptions import InvalidROSArgsError, UnknownROSArgsError

ROS_ARGS, END_OF_ROS_ARGS = "--ros-args", "--"
_SWITCHES = ("rosout-logs", "stdout-logs", "external-lib-logs")


@dataclass(frozen=True)
class RemapRule:
    """`[node:]from:=to`. `node` is empty for all nodes."""

    node: str
    source: str
    target: str


@dataclass
class RosArguments:
    """What the command line says to ROS. Parameters: (node pattern, name, value), later ones win."""

    remaps: list[RemapRule] = field(default_factory=list)
    parameters: list[tuple[str, str, Any]] = field(default_factory=list)
    log_levels: dict[str, str] = field(default_factory=dict)
    switches: dict[str, bool] = field(default_factory=dict)
    enclave: str = "/"
    others: list[str] = field(default_factory=list)


def remove_ros_arguments(args: list[str]) -> list[str]:
    """`args` without everything between `--ros-args` and `--`."""
    return _split(args)[1]


def _split(args: list[str]) -> tuple[list[str], list[str]]:
    ros: list[str] = []
    others: list[str] = []
    within = False
    for each in args:
        if each == ROS_ARGS:
            within = True
        elif within and each == END_OF_ROS_ARGS:
            within = False
        else:
            (ros if within else others).append(each)
    return ros, others


def parse_arguments(args: list[str]) -> RosArguments:
    """Parse a whole command line; raises UnknownROSArgsError or InvalidROSArgsError."""
    for word in args:
        word.encode("utf-8")  # UnicodeEncodeError for what came in as undecodable bytes
    ros, others = _split(list(args))
    parsed = RosArguments(others=others)
    words = iter(ros)
    for word in words:
        _parse_word(word, words, parsed)
    return parsed


def _parse_word(word: str, words: Any, parsed: RosArguments) -> None:
    def value() -> str:
        try:
            return next(words)
        except StopIteration:
            raise InvalidROSArgsError(f"ROS argument {word!r} is not followed by a value") from None

    if word in ("-r", "--remap"):
        parsed.remaps.append(parse_remap(value()))
    elif word in ("-p", "--param"):
        parsed.parameters.append(parse_parameter_assignment(value()))
    elif word == "--params-file":
        parsed.parameters += read_parameter_file(value())
    elif word == "--log-level":
        name, separator, level = value().rpartition(":=")
        parsed.log_levels[name if separator else ""] = level
    elif word in ("-e", "--enclave"):
        parsed.enclave = value()
    elif word == "--log-config-file" or word == "--log-file-name":
        value()
    elif any(word in (f"--enable-{s}", f"--disable-{s}") for s in _SWITCHES):
        _, on_off, name = word.split("-", 2)[0], word[2:].split("-", 1)[0], word[2:].split("-", 1)[1]
        parsed.switches[name] = on_off == "enable"
    elif ":=" in word and not word.startswith("-"):
        parsed.remaps.append(parse_remap(word))
    else:
        raise UnknownROSArgsError(f"Found unknown ROS arguments: {[word]!r}")


def parse_remap(text: str) -> RemapRule:
    match = re.fullmatch(
        r"(?:([A-Za-z_]\w*):)?((?:rostopic://|rosservice://)?[\w/~{}*]+):=([\w/~{}\\]+)", text
    )
    if match is None:
        raise InvalidROSArgsError(
            f"Failed to parse ROS arguments: Couldn't parse remap rule: '{text}' (expected [node:]from:=to)"
        )
    return RemapRule(match[1] or "", match[2], match[3])


def parse_parameter_assignment(text: str) -> tuple[str, str, Any]:
    left, separator, right = text.partition(":=")
    if not separator or not left:
        raise InvalidROSArgsError(
            f"Couldn't parse parameter override rule: '{text}' (expected [node:]name:=value)"
        )
    node, node_separator, name = left.rpartition(":")
    pattern = node if node_separator else "/**"
    if not pattern.startswith("/"):
        pattern = f"**/{pattern}"
    return pattern, name, parse_parameter_value(right)


def parse_parameter_value(text: str) -> Any:
    """A value in YAML. Plain numbers and booleans do without the YAML library."""
    if text in ("true", "True"):
        return True
    if text in ("false", "False"):
        return False
    if re.fullmatch(r"[-+]?[1-9]\d*|0", text):
        return int(text)
    if re.fullmatch(r"[-+]?\d+\.\d*", text):
        return float(text)
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidROSArgsError(
            f"Failed to parse ROS arguments: Couldn't parse parameter value {text!r}: {error}"
        ) from error


def read_parameter_file(path: str) -> list[tuple[str, str, Any]]:
    """A ROS parameter file: node pattern -> `ros__parameters` -> names, nested names joined by dots.

    Keys may come more than once, as in rcl: what follows is added, and wins.
    """
    import yaml

    try:
        content = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise InvalidROSArgsError(f"parameter file {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise InvalidROSArgsError(f"parameter file {path}: {error}") from error
    found: list[tuple[str, str, Any]] = []
    if content is not None:
        _collect_nodes(content, "", found, path)
    return found


def _pairs(node: Any, path: str) -> list[tuple[str, Any]]:
    """Keys and value nodes of a YAML mapping, with repetitions."""
    import yaml

    if not isinstance(node, yaml.MappingNode):
        line = node.start_mark.line + 1
        raise InvalidROSArgsError(
            f"parameter file {path}, line {line}: a mapping with 'ros__parameters' belongs here"
        )
    return [(str(key.value), value) for key, value in node.value]


def _collect_nodes(content: Any, prefix: str, found: list[tuple[str, str, Any]], path: str) -> None:
    for key, value in _pairs(content, path):
        if key == "ros__parameters":
            _collect_parameters(value, "", prefix, found, path)
        else:
            _collect_nodes(value, _joined_pattern(prefix, key), found, path)


def _joined_pattern(prefix: str, key: str) -> str:
    if prefix:
        return f"{prefix}/{key.lstrip('/')}"
    return key if key.startswith(("/", "*")) else f"/{key}"


def _collect_parameters(
    values: Any, prefix: str, pattern: str, found: list[tuple[str, str, Any]], path: str
) -> None:
    import yaml

    if isinstance(values, yaml.ScalarNode) and not values.value:
        return
    for name, value in _pairs(values, path):
        full_name = f"{prefix}{name}"
        if isinstance(value, yaml.MappingNode):
            _collect_parameters(value, f"{full_name}.", pattern, found, path)
        else:
            found.append((pattern, full_name, _constructed(value)))


def _constructed(node: Any) -> Any:
    """The Python value of a YAML node."""
    import yaml

    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    finally:
        loader.dispose()


def node_matches(pattern: str, full_name: str) -> bool:
    """Does a node (`/ns/name`) match a pattern with `*` (one part) and `**` (any parts)?"""
    parts = [p for p in pattern.split("/") if p]
    names = [n for n in full_name.split("/") if n]
    return _parts_match(parts, names)


def _parts_match(parts: list[str], names: list[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        return any(_parts_match(parts[1:], names[i:]) for i in range(len(names) + 1))
    if not names:
        return False
    wildcard = re.escape(parts[0]).replace(r"\*", ".*")
    return re.fullmatch(wildcard, names[0]) is not None and _parts_match(parts[1:], names[1:])
