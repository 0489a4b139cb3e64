"""Verbs on parameters of nodes, by their six services."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from bee_robot.embedded_ros.tools import names
from bee_robot.embedded_ros.tools.param_values import (
    TYPE_NAMES,
    as_message,
    from_file,
    labelled,
    nested,
    value_of,
)
from bee_robot.embedded_ros.tools.session import SERVICE_WAIT_S, Session, add_session_arguments, session
from bee_robot.embedded_ros.tools.verb import PROGRAM, ToolError, Verb, complain, positive_float, say


def _node_arguments(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    add_session_arguments(parser)
    parser.add_argument("node_name", nargs=nargs, help="full name of the node")
    parser.add_argument("--include-hidden-nodes", action="store_true", help="hidden nodes too")
    parser.add_argument(
        "--timeout", metavar="S", type=positive_float, default=SERVICE_WAIT_S,
        help=f"how long to wait for the node (default {SERVICE_WAIT_S:g})",
    )  # fmt: skip


def _call(graph: Session, node: str, service: str, args: argparse.Namespace, **fields: Any) -> Any:
    """Call one of a node's parameter services."""
    from rcl_interfaces import srv

    kind = getattr(srv, "".join(word.capitalize() for word in service.split("_")))
    return graph.call(kind, f"{node}/{service}", kind.Request(**fields), args.timeout)


def _found(graph: Session, args: argparse.Namespace) -> str:
    return names.find_node(graph, args.node_name, args.include_hidden_nodes, args.timeout).full


# -- list


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    _node_arguments(parser, "?")
    parser.add_argument("--filter", metavar="REGEX", help="only parameters whose name matches")
    parser.add_argument(
        "--param-prefixes", metavar="P", nargs="+", default=[], help="only below these prefixes"
    )
    parser.add_argument("--param-type", action="store_true", help="with the type of each parameter")


def _list(args: argparse.Namespace) -> None:
    try:
        pattern = re.compile(args.filter or "")
    except re.error as error:
        raise ToolError(f"--filter {args.filter!r} is no regular expression: {error}") from None
    with session(args, settles=not args.node_name) as graph:
        if args.node_name:
            nodes = [_found(graph, args)]
        else:
            services = dict(graph.node.get_service_names_and_types())
            everybody = names.nodes(graph.node, args.include_hidden_nodes)
            nodes = [each.full for each in everybody if f"{each.full}/list_parameters" in services]
        for node in nodes:
            answer = _call(graph, node, "list_parameters", args, prefixes=args.param_prefixes)
            found = sorted(name for name in answer.result.names if pattern.match(name))
            if found and not args.node_name:
                say(f"{node}:")
            types = {}
            if args.param_type and found:
                described = _call(graph, node, "describe_parameters", args, names=found).descriptors
                types = {each.name: TYPE_NAMES.get(each.type, "unknown") for each in described}
            for name in found:
                say(f"  {name} (type: {types[name]})" if args.param_type else f"  {name}")


# -- get, set, delete


def _one_arguments(parser: argparse.ArgumentParser) -> None:
    _node_arguments(parser)
    parser.add_argument("parameter_name", help="name of the parameter")


def _get_arguments(parser: argparse.ArgumentParser) -> None:
    _one_arguments(parser)
    parser.add_argument("--hide-type", action="store_true", help="the value alone")


def _get(args: argparse.Namespace) -> None:
    with session(args, settles=False) as graph:
        node = _found(graph, args)
        values = _call(graph, node, "get_parameters", args, names=[args.parameter_name]).values
    if not values:
        raise ToolError(
            f"Parameter not set: '{args.parameter_name}' of {node}; '{PROGRAM} param list {node}' shows which it has"
        )
    label, value = labelled(values[0])
    if args.hide_type:
        say(str(value))
    else:
        say(label if value is None else f"{label} {value}")


def _set_arguments(parser: argparse.ArgumentParser) -> None:
    _one_arguments(parser)
    parser.add_argument("value", help="value in YAML, for example 5, 5.0, true, text, '[1, 2]'")


def _change(args: argparse.Namespace, values: dict[str, Any], good: str, bad: str) -> int:
    """Set parameters; `good` and `bad` are what to say, with {name} in them."""
    from rcl_interfaces.msg import Parameter

    with session(args, settles=False) as graph:
        node = _found(graph, args)
        parameters = [Parameter(name=name, value=as_message(value)) for name, value in values.items()]
        results = _call(graph, node, "set_parameters", args, parameters=parameters).results
    for name, result in zip(values, results):
        text = (good if result.successful else bad).format(name=name)
        (say if result.successful else complain)(f"{text}: {result.reason}" if result.reason else text)
    return 0 if all(result.successful for result in results) else 1


def _set(args: argparse.Namespace) -> int:
    from bee_robot.embedded_ros.tools.param_values import from_text

    value = from_text(args.value)
    return _change(args, {args.parameter_name: value}, "Set parameter successful", "Setting parameter failed")


def _delete(args: argparse.Namespace) -> int:
    good, bad = "Deleted parameter successfully", "Deleting parameter failed"
    return _change(args, {args.parameter_name: None}, good, bad)


# -- describe


def _describe_arguments(parser: argparse.ArgumentParser) -> None:
    _node_arguments(parser)
    parser.add_argument("parameter_names", nargs="+", help="names of parameters")


def _describe(args: argparse.Namespace) -> None:
    with session(args, settles=False) as graph:
        node = _found(graph, args)
        descriptors = _call(graph, node, "describe_parameters", args, names=args.parameter_names).descriptors
    if len(descriptors) != len(args.parameter_names):
        raise ToolError(
            f"{node} does not describe all of these; '{PROGRAM} param list {node}' shows which it has"
        )
    for each in descriptors:
        say(f"Parameter name: {each.name}\n  Type: {TYPE_NAMES.get(each.type, 'unknown')}")
        if each.description:
            say(f"  Description: {each.description}")
        say("  Constraints:")
        if each.read_only:
            say("    Read only: true")
        for limits in [*each.floating_point_range, *each.integer_range][:1]:
            say(f"    Min value: {limits.from_value}\n    Max value: {limits.to_value}")
            if limits.step:
                say(f"    Step: {limits.step}")
        if each.additional_constraints:
            say(f"    Additional constraints: {each.additional_constraints}")


# -- dump, load


def _dump_arguments(parser: argparse.ArgumentParser) -> None:
    _node_arguments(parser)
    parser.add_argument("--output-dir", metavar="DIR", help="write a file there instead of printing")
    parser.add_argument("--print", action="store_true", help="accepted; it is printed anyway")


def _dump(args: argparse.Namespace) -> None:
    import yaml

    with session(args, settles=False) as graph:
        node = _found(graph, args)
        found = sorted(_call(graph, node, "list_parameters", args).result.names)
        values = _call(graph, node, "get_parameters", args, names=found).values if found else []
    tree = {node: {"ros__parameters": nested(dict(zip(found, map(value_of, values))))}}
    text = yaml.dump(tree, default_flow_style=False)
    if args.output_dir is None:
        say(text)
        return
    path = Path(args.output_dir) / f"{node[1:].replace('/', '__')}.yaml"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {error.strerror}") from None
    say(f"Saving to:  {path}")


def _load_arguments(parser: argparse.ArgumentParser) -> None:
    _node_arguments(parser)
    parser.add_argument("parameter_file", help="file as 'param dump' writes it")
    parser.add_argument("--no-use-wildcard", action="store_true", help="leave out what the file has for /**")


def _load(args: argparse.Namespace) -> int:
    node = names.absolute_node_name(args.node_name)
    values = from_file(Path(args.parameter_file), node, not args.no_use_wildcard)
    return _change(args, values, "Set parameter {name} successful", "Set parameter {name} failed")


VERBS = (
    Verb("list", "Output a list of available parameters", _list_arguments, _list),
    Verb("get", "Get parameter", _get_arguments, _get),
    Verb("set", "Set parameter", _set_arguments, _set),
    Verb(
        "describe", "Show descriptive information about declared parameters", _describe_arguments, _describe
    ),
    Verb("dump", "Show all parameters of a node in a YAML file format", _dump_arguments, _dump),
    Verb("load", "Load parameter file for a node", _load_arguments, _load),
    Verb("delete", "Delete parameter", _one_arguments, _delete),
)
