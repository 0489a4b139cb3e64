"""Rules for names: what is allowed, what relative names stand for, what remappings make of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rclpy._arguments import RemapRule

_MAX_NODE_NAME = 255
_MAX_FULL_NAME = 255 - 8


def node_name_problem(name: str) -> tuple[str, int] | None:
    """What is wrong with a node name, and where; None if nothing is."""
    if not name:
        return "node name must not be empty", 0
    for index, character in enumerate(name):
        if not (character.isascii() and (character.isalnum() or character == "_")):
            return "node name must not contain characters other than alphanumerics or '_'", index
    if name[0].isdigit():
        return "node name must not start with a number", 0
    if len(name) > _MAX_NODE_NAME:
        return "node name length should not exceed '255'", _MAX_NODE_NAME - 1
    return None


def full_topic_name_problem(name: str, what: str = "topic name") -> tuple[str, int] | None:
    """What is wrong with a full name of a topic or service, or with a namespace."""
    if not name:
        return f"{what} must not be empty", 0
    if name[0] != "/":
        return f"{what} must be absolute, it must lead with a '/'", 0
    if name[-1] == "/":
        return f"{what} must not end with a '/'", len(name) - 1
    for index, character in enumerate(name):
        if not (character.isascii() and (character.isalnum() or character in "_/")):
            return f"{what} must not contain characters other than alphanumerics, '_', or '/'", index
        if character == "/" and name[index + 1] == "/":
            return f"{what} must not contain repeated '/'", index + 1
        if character.isdigit() and name[index - 1] == "/":
            return f"{what} must not have a token that starts with a number", index
    if len(name) > _MAX_FULL_NAME and what == "topic name":
        return f"topic length should not exceed '{_MAX_FULL_NAME}'", _MAX_FULL_NAME - 1
    return None


def namespace_problem(namespace: str) -> tuple[str, int] | None:
    if namespace == "/":
        return None
    problem = full_topic_name_problem(namespace, "namespace")
    if problem is not None and problem[0].endswith("end with a '/'"):
        return f"{problem[0]}, unless only a '/'", problem[1]
    if problem is None and len(namespace) > _MAX_FULL_NAME - 2:
        return "namespace should not exceed '245'", _MAX_FULL_NAME - 3
    return problem


_SUBSTITUTION_CHARACTERS = "substitution name must not contain characters other than alphanumerics or '_'"
_BRACES = "topic name must not have unmatched (unbalanced) curly braces '{}'"
_NUMBER = "topic name token must not start with a number"


def topic_name_problem(name: str) -> tuple[str, int] | None:
    """What is wrong with a topic or service name as a user writes it: relative, `~`, substitutions."""
    if not name:
        return "topic name must not be empty string", 0
    if name[0].isdigit():
        return _NUMBER, 0
    if name[-1] == "/":
        return "topic name must not end with a forward slash", len(name) - 1
    problem = _topic_characters_problem(name)
    if problem is not None:
        return problem
    for index, (character, following) in enumerate(zip(name, name[1:])):
        if character == "/" and following.isdigit():
            return _NUMBER, index + 1
    if name[0] == "~" and len(name) > 1 and name[1] != "/":
        return "topic name must not have a tilde '~' that is not followed by a forward slash '/'", 1
    return None


def _topic_characters_problem(name: str) -> tuple[str, int] | None:
    opening = -1
    for index, character in enumerate(name):
        if character == "_" or (character.isascii() and character.isalnum()):
            if character.isdigit() and opening >= 0 and opening == index - 1:
                return "substitution name must not start with a number", index
        elif character == "~":
            if index != 0:
                return "topic name must not have tilde '~' unless it is the first character", index
        elif character == "}":
            if opening < 0:
                return _BRACES, index
            opening = -1
        elif opening >= 0:
            return _SUBSTITUTION_CHARACTERS, index
        elif character == "{":
            opening = index
        elif character != "/":
            return (
                "topic name must not contain characters other than alphanumerics, '_', '~', '{', or '}'",
                index,
            )
    return (_BRACES, opening) if opening >= 0 else None


def expand_name(name: str, node_name: str, namespace: str) -> str:
    """The full name of a topic or service that a node calls `name`. ValueError for an unknown {substitution}."""
    base = "" if namespace == "/" else namespace
    if name.startswith("~"):
        name = f"{base}/{node_name}{name[1:]}"
    known = {"node": node_name, "ns": namespace, "namespace": namespace}

    def substitute(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise ValueError(f"topic name '{name}' is invalid: unknown substitution: {{{match[1]}}}")
        return known[match[1]]

    name = re.sub(r"\{(\w*)\}", substitute, name)
    return name if name.startswith("/") else f"{base}/{name}"


def remap_name(
    full_name: str, rules: Iterable[RemapRule], node_name: str, namespace: str, scheme: str
) -> str:
    """Apply the first rule that fits to a full name. `scheme`: rostopic or rosservice."""
    for rule in rules:
        source = rule.source
        if rule.node and rule.node != node_name:
            continue
        if source.startswith("__"):
            continue
        if "://" in source:
            rule_scheme, _, source = source.partition("://")
            if rule_scheme != scheme:
                continue
        if expand_name(source, node_name, namespace) == full_name:
            return expand_name(rule.target, node_name, namespace)
    return full_name


def remap_special(rules: Iterable[RemapRule], node_name: str, names: tuple[str, ...]) -> str | None:
    """The target of `__node:=` or `__ns:=` for a node, or None."""
    for rule in rules:
        if rule.source in names and rule.node in ("", node_name):
            return rule.target
    return None
