"""`--ros-args`: remappings, parameters, log levels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rclpy.exceptions import InvalidROSArgsError, UnknownROSArgsError

ROS_ARGS, END_OF_ROS_ARGS = "--ros-args", "--"
_SWITCHES = ("rosout-logs", "stdout-logs", "external-lib-logs")
_SEVERITIES = ("unset", "debug", "info", "warn", "error", "fatal")

# The grammar of rcl's rules. A token holds no two underscores in a row, which is how the special
# names are told apart.
_TOKEN = r"(?!\w*__)[A-Za-z_]\w*"
_NAME = rf"(?:~/|/)?{_TOKEN}(?:/{_TOKEN})*"
_PARAMETER_TOKEN = r"(?:/|(?!__)[A-Za-z_]\w*)+"


# Compiled when first needed: most nodes are started without any of it.
@cache
def _remap_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"(?:(?P<node>{_TOKEN}):)?"
        rf"(?:(?P<name>(?:rostopic://|rosservice://)?{_NAME}):=(?P<new_name>{_NAME})"
        rf"|(?P<own>__node|__name):=(?P<new_own>{_TOKEN})"
        rf"|(?P<ns>__ns):=(?P<new_ns>/(?:{_TOKEN}/?)*))",
        re.ASCII,
    )


@cache
def _parameter_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"(?:(?P<node>{_TOKEN}):)?(?P<name>{_PARAMETER_TOKEN}(?:\.{_PARAMETER_TOKEN})*):=(?P<value>.+)",
        re.ASCII | re.DOTALL,
    )


@dataclass(frozen=True)
class RemapRule:
    """`[node:]from:=to`. `node` is empty for all nodes."""

    node: str
    source: str
    target: str


@dataclass
class RosArguments:
    """What the command line says to ROS. Parameters: (node pattern, name, value) in their order."""

    remaps: list[RemapRule] = field(default_factory=list)
    parameters: list[tuple[str, str, Any]] = field(default_factory=list)
    log_levels: dict[str, str] = field(default_factory=dict)
    switches: dict[str, bool] = field(default_factory=dict)
    enclave: str = "/"
    others: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    deprecated: list[str] = field(default_factory=list)

    def parameters_for(self, matches: Any) -> dict[str, Any]:
        """Values by name for the node whose patterns `matches(pattern)` tells.

        What is said under one pattern stays together, where that pattern came first, as in rcl:
        after `/**` and then `/node`, the latter counts, wherever more of `/**` follows.
        """
        by_pattern: dict[str, dict[str, Any]] = {}
        for pattern, name, value in self.parameters:
            by_pattern.setdefault(pattern, {})[name] = value
        found: dict[str, Any] = {}
        for pattern, values in by_pattern.items():
            if matches(pattern):
                found.update(values)
        return found


def remove_ros_arguments(args: list[str]) -> list[str]:
    """`args` without everything that is for ROS."""
    return parse_arguments(args, check=False).others


def parse_arguments(args: list[str], check: bool = True) -> RosArguments:
    """Parse a whole command line; raises UnknownROSArgsError (if `check`) or InvalidROSArgsError."""
    for word in args:
        word.encode("utf-8")  # UnicodeEncodeError for what came in as undecodable bytes
    parsed = RosArguments()
    words = iter(args)
    for word in words:
        if word == ROS_ARGS:
            _parse_ros_part(words, parsed)
        elif ":=" in word and (rule := _remap_rule(word)) is not None:
            parsed.remaps.append(rule)
            parsed.deprecated.append(word)
        else:
            parsed.others.append(word)
    if check and parsed.unknown:
        raise UnknownROSArgsError(f"Found unknown ROS arguments: {parsed.unknown!r}")
    return parsed


def warn_of_deprecated(parsed: RosArguments) -> None:
    """Say that remap rules belong behind `--ros-args`."""
    from rclpy.logging import get_logger

    for rule in parsed.deprecated:
        get_logger("rcl").warning(
            f"Found remap rule '{rule}'. This syntax is deprecated. Use '--ros-args --remap {rule}' instead."
        )


def _parse_ros_part(words: Iterator[str], parsed: RosArguments) -> None:
    for word in words:
        if word == END_OF_ROS_ARGS:
            return
        if word != ROS_ARGS:
            _parse_word(word, words, parsed)


def _invalid(what: str) -> InvalidROSArgsError:
    return InvalidROSArgsError(f"Failed to parse ROS arguments: {what}")


def _parse_word(word: str, words: Iterator[str], parsed: RosArguments) -> None:
    def value(missing: str) -> str:
        found = next(words, None)
        if found is None:
            raise _invalid(f"Couldn't parse trailing {word} flag. No {missing} found.")
        return found

    if word in ("-r", "--remap"):
        parsed.remaps.append(parse_remap(value("remap rule"), word))
    elif word in ("-p", "--param"):
        parsed.parameters.append(parse_parameter_assignment(value("parameter override rule"), word))
    elif word == "--params-file":
        from rclpy._parameter_yaml import ParameterYamlError, read_parameter_file

        path = value("file path")
        try:
            parsed.parameters += read_parameter_file(path)
        except ParameterYamlError as error:
            raise _invalid(f"Couldn't parse params file: '{word} {path}'. Error: {error}") from error
    elif word == "--log-level":
        name, level = _parse_log_level(value("log level"), word)
        parsed.log_levels[name] = level
    elif word in ("-e", "--enclave"):
        parsed.enclave = value("enclave path")
    elif word == "--log-config-file":
        value("file path")
    elif word.startswith(("--enable-", "--disable-")) and word.split("-", 3)[3] in _SWITCHES:
        parsed.switches[word.split("-", 3)[3]] = word.startswith("--enable-")
    else:
        parsed.unknown.append(word)


def _remap_rule(text: str) -> RemapRule | None:
    match = _remap_pattern().fullmatch(text)
    if match is None:
        return None
    source = match["name"] or match["own"] or match["ns"]
    target = match["new_name"] or match["new_own"] or match["new_ns"]
    return RemapRule(match["node"] or "", source, target)


def parse_remap(text: str, flag: str = "-r") -> RemapRule:
    rule = _remap_rule(text)
    if rule is None:
        raise _invalid(
            f"Couldn't parse remap rule: '{flag} {text}'. Error: expected [node:]from:=to, "
            "[node:]__node:=name, or [node:]__ns:=/namespace, without wildcards"
        )
    return rule


def parse_parameter_assignment(text: str, flag: str = "-p") -> tuple[str, str, Any]:
    """`[node:]name:=value`, as (node pattern, name, value)."""
    from rclpy._parameter_yaml import ParameterYamlError, parse_value

    match = _parameter_pattern().fullmatch(text)
    why = "expected [node:]name:=value, where node is a name without namespace"
    if match is not None:
        try:
            return match["node"] or "/**", match["name"], parse_value(match["value"])
        except ParameterYamlError as error:
            why = str(error)
    raise _invalid(f"Couldn't parse parameter override rule: '{flag} {text}'. Error: {why}")


def _parse_log_level(text: str, flag: str) -> tuple[str, str]:
    name, separator, level = text.partition(":=")
    if not separator:
        name, level = "", text
    elif not name:
        raise _invalid(f"Couldn't parse log level: '{flag} {text}'. Error: the name of the logger is empty")
    if level.lower() not in _SEVERITIES:
        raise _invalid(
            f"Couldn't parse log level: '{flag} {text}'. Error: Argument does not use a valid severity level "
            f"({', '.join(_SEVERITIES)})"
        )
    return name, level
