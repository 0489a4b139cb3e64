"""Verbs on interface definitions."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any

from bee_robot.embedded_ros.tools import type_lookup
from bee_robot.embedded_ros.tools.definition_text import definition_text
from bee_robot.embedded_ros.tools.verb import PROGRAM, ToolError, Verb, say
from bee_robot.embedded_ros.types.specs import without_comment

_TITLES = {"msgs": "Messages", "srvs": "Services", "actions": "Actions"}
_FIELD = re.compile(r"^([A-Za-z][\w/]*)(?:<=\d+)?(?:\[[^\]]*\])?\s+[a-zA-Z]\w*(?!\s*=)(?:\s|#|$)")
_PRIMITIVES = frozenset(
    "bool byte char float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 string wstring".split()
)


def _found(kind: str, packages: list[str]) -> dict[str, list[str]]:
    import rosidl_runtime_py as rosidl

    ask = {
        "msgs": rosidl.get_message_interfaces,
        "srvs": rosidl.get_service_interfaces,
        "actions": rosidl.get_action_interfaces,
    }[kind]
    return dict(ask(packages))


def _kinds_arguments(parser: argparse.ArgumentParser) -> None:
    for kind, title in _TITLES.items():
        parser.add_argument(
            f"-{kind[0]}", f"--only-{kind}", action="store_true", help=f"only {title.lower()}"
        )


def _kinds(args: argparse.Namespace) -> list[str]:
    return [kind for kind in _TITLES if getattr(args, f"only_{kind}")] or list(_TITLES)


def _list(args: argparse.Namespace) -> None:
    for kind in _kinds(args):
        say(f"{_TITLES[kind]}:")
        for package, names in sorted(_found(kind, []).items()):
            for name in sorted(names):
                say(f"    {package}/{name}")


def _package_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("package_name", help="name of the package, for example std_msgs")


def _package(args: argparse.Namespace) -> None:
    import rosidl_runtime_py as rosidl

    try:
        found = rosidl.get_interfaces([args.package_name])
    except LookupError as error:
        raise ToolError(f"{error}; '{PROGRAM} interface packages' shows which there are") from None
    for name in sorted(found.get(args.package_name, [])):
        say(f"{args.package_name}/{name}")


def _packages(args: argparse.Namespace) -> None:
    packages: set[str] = set()
    for kind in _kinds(args):
        packages.update(_found(kind, []))
    for package in sorted(packages):
        say(package)


def _type_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("type", help="for example std_msgs/msg/String; - reads it from standard input")


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    _type_arguments(parser)
    comments = parser.add_mutually_exclusive_group()
    comments.add_argument("--all-comments", action="store_true", help="comments of nested definitions too")
    comments.add_argument("--no-comments", action="store_true", help="neither comments nor empty lines")


def _identifier(given: str) -> str:
    """The full name. A short one (`std_msgs/String`) is looked for among messages, services and actions."""
    text = sys.stdin.readline().strip() if given == "-" else given
    parts = text.split("/")
    if len(parts) == 2:
        for kind in ("msg", "srv", "action"):
            try:
                definition_text(f"{parts[0]}/{kind}/{parts[1]}")
            except LookupError:
                continue
            return f"{parts[0]}/{kind}/{parts[1]}"
    if len(parts) != 3 or not all(parts):
        raise ToolError(
            f"Invalid name '{text}'. Expected three parts separated by '/', as std_msgs/msg/String"
        )
    return text


def _text(identifier: str) -> str:
    try:
        return definition_text(identifier)
    except (LookupError, ValueError) as error:
        package = identifier.partition("/")[0]
        raise ToolError(f"{str(error).strip(chr(39))}; see '{PROGRAM} interface package {package}'") from None


def nested_type(line: str, package: str) -> str | None:
    """The type of a field that is itself a message, by its full name."""
    matched = _FIELD.match(line.strip())
    if matched is None or matched[1] in _PRIMITIVES:
        return None
    base = matched[1] if "/" in matched[1] else f"{package}/{matched[1]}"
    parts = base.split("/")
    return base if len(parts) == 3 else f"{parts[0]}/msg/{parts[1]}"


def _show_one(identifier: str, comments: bool, nested_comments: bool, depth: int) -> None:
    for line in _text(identifier).rstrip("\n").splitlines():
        shown = line.rstrip() if comments else without_comment(line)
        if shown or comments:
            say("\t" * depth + shown if shown else "")
        inner = nested_type(line, identifier.partition("/")[0])
        if inner is not None:
            _show_one(inner, nested_comments, nested_comments, depth + 1)


def _show(args: argparse.Namespace) -> None:
    _show_one(_identifier(args.type), not args.no_comments, args.all_comments, 0)


def _proto_arguments(parser: argparse.ArgumentParser) -> None:
    _type_arguments(parser)
    parser.add_argument("--no-quotes", action="store_true", help="without quotes around it")


def _proto(args: argparse.Namespace) -> None:
    from rosidl_runtime_py import message_to_yaml

    identifier = _identifier(args.type)
    kind = identifier.split("/")[1]
    looks = {
        "msg": lambda: type_lookup.message_type(identifier),
        "srv": lambda: type_lookup.service_type(identifier).Request,
        "action": lambda: type_lookup.action_type(identifier).Goal,
    }
    if kind not in looks:
        raise ToolError(f"Invalid name '{identifier}': its second part has to be msg, srv or action")
    made: Any = looks[kind]()
    text = message_to_yaml(made())
    say(text if args.no_quotes else f'"{text}"')


VERBS = (
    Verb("show", "Output the interface definition", _show_arguments, _show),
    Verb("list", "List all interface types available", _kinds_arguments, _list),
    Verb(
        "package",
        "Output a list of available interface types within one package",
        _package_arguments,
        _package,
    ),
    Verb("packages", "Output a list of packages that provide interfaces", _kinds_arguments, _packages),
    Verb("proto", "Output an interface prototype", _proto_arguments, _proto),
)
