"""Verbs on services."""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

from bee_robot.embedded_ros.tools import names, type_lookup, yaml_values
from bee_robot.embedded_ros.tools.session import Session, add_session_arguments, session
from bee_robot.embedded_ros.tools.verb import PROGRAM, ToolError, Verb, positive_float, say

SERVER_WAIT_S = 10.0


def _add_hidden(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--include-hidden-services", action="store_true", help="hidden services too")


def _services(graph: Session, args: argparse.Namespace) -> names.NamesAndTypes:
    return names.visible(graph.node.get_service_names_and_types(), args.include_hidden_services)


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("-t", "--show-types", action="store_true", help="with the type of each service")
    parser.add_argument("-c", "--count-services", action="store_true", help="only how many there are")
    _add_hidden(parser)


def _list(args: argparse.Namespace) -> None:
    with session(args) as graph:
        services = _services(graph, args)
    if args.count_services:
        say(str(len(services)))
        return
    for name, types in services:
        say(names.with_types(name, types, args.show_types))


def _name_argument(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("service_name", help="name of the service, for example /talker/list_parameters")


def _type(args: argparse.Namespace) -> int:
    with session(args, settles=False) as graph:
        name = names.full_name(graph.node, args.service_name)
        graph.discover(lambda: name in dict(graph.node.get_service_names_and_types()))
        types = dict(graph.node.get_service_names_and_types()).get(name, [])
    for each in types:
        say(each)
    return 0 if types else 1


def _info(args: argparse.Namespace) -> None:
    with session(args) as graph:
        name = names.full_name(graph.node, args.service_name)
        types = dict(graph.node.get_service_names_and_types()).get(name)
        if types is None:
            raise ToolError(f"Unknown service '{name}'; '{PROGRAM} service list' shows which there are")
        counts = {}
        for word, of_node in (
            ("Clients", graph.node.get_client_names_and_types_by_node),
            ("Services", graph.node.get_service_names_and_types_by_node),
        ):
            nodes = {(each.name, each.namespace) for each in names.nodes(graph.node, True)}
            counts[word] = sum(name in dict(of_node(*each)) for each in nodes)
    say(f"Type: {types[0] if len(types) == 1 else types}")
    for word, count in counts.items():
        say(f"{word} count: {count}")


def _find_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("service_type", help="type of the services, for example std_srvs/srv/Trigger")
    parser.add_argument("-c", "--count-services", action="store_true", help="only how many there are")
    _add_hidden(parser)


def _find(args: argparse.Namespace) -> None:
    with session(args) as graph:
        found = [name for name, types in _services(graph, args) if args.service_type in types]
    if args.count_services:
        say(str(len(found)))
        return
    for name in found:
        say(name)


def _call_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("service_name", help="name of the service, for example /add_two_ints")
    parser.add_argument("service_type", help="its type, for example example_interfaces/srv/AddTwoInts")
    parser.add_argument(
        "values", nargs="?", default="{}", help="the request in YAML, for example '{a: 1, b: 2}'"
    )
    parser.add_argument("--stdin", action="store_true", help="read the request from standard input")
    parser.add_argument("-r", "--rate", metavar="HZ", type=positive_float, help="call again and again")
    parser.add_argument(
        "--timeout", metavar="S", type=positive_float, default=SERVER_WAIT_S,
        help=f"how long to wait for the service to appear (default {SERVER_WAIT_S:g})",
    )  # fmt: skip


def _call(args: argparse.Namespace) -> None:
    kind = type_lookup.service_type(args.service_type)
    request = kind.Request()
    yaml_values.fill(request, yaml_values.given_or_stdin(args.values, args.stdin), "the request")
    with session(args, name=f"_ros2cli_requester_{kind.__name__}_{os.getpid()}", settles=False) as graph:
        name = names.full_name(graph.node, args.service_name)
        _refuse_other_type(graph, name, kind.__name__, args.service_type)
        client = graph.node.create_client(kind, name)
        if not client.service_is_ready():
            say("waiting for service to become available...")
            graph.wait_for_service(client, name, args.timeout)
        while True:
            say(f"requester: making request: {request!r}\n")
            begun_s = time.monotonic()
            future = client.call_async(request)
            say(f"response:\n{_answer(graph, client, future, name)!r}\n")
            if args.rate is None:
                return
            graph.spin_for(max(0.0, begun_s + 1.0 / args.rate - time.monotonic()))


def _answer(graph: Session, client: Any, future: Any, name: str) -> Any:
    """The response, for which we wait as long as the server lives."""
    graph.spin_until(lambda: future.done() or not client.service_is_ready())
    if not graph.spin_until(future.done, 1.0):
        raise ToolError(f"service '{name}' left before it answered; is its node still running?")
    return graph.finish(future, f"service '{name}'")


def _refuse_other_type(graph: Session, name: str, short: str, given: str) -> None:
    """A service of that name with another type never becomes available: say so at once."""

    def types() -> list[str]:
        found: list[str] = dict(graph.node.get_service_names_and_types()).get(name, [])
        return found

    graph.discover(lambda: bool(types()))
    package = given.partition("/")[0]
    if types() and f"{package}/srv/{short}" not in types():
        raise ToolError(f"service '{name}' has the type {' and '.join(types())}, not {given}")


VERBS = (
    Verb("list", "Output a list of available services", _list_arguments, _list),
    Verb("type", "Output a service's type", _name_argument, _type),
    Verb("info", "Print information about a service", _name_argument, _info),
    Verb("find", "Output a list of available services of a given type", _find_arguments, _find),
    Verb("call", "Call a service", _call_arguments, _call),
)
