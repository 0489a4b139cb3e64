"""Verbs on nodes."""

from __future__ import annotations

import argparse

from bee_robot.embedded_ros.tools import names
from bee_robot.embedded_ros.tools.session import add_session_arguments, session
from bee_robot.embedded_ros.tools.verb import Verb, complain, say


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("-a", "--all", action="store_true", help="hidden nodes too")
    parser.add_argument("-c", "--count-nodes", action="store_true", help="only how many there are")


def _list(args: argparse.Namespace) -> None:
    with session(args) as graph:
        found = [each.full for each in names.nodes(graph.node, args.all)]
    if args.count_nodes:
        say(str(len(found)))
        return
    if len(set(found)) < len(found):
        complain("WARNING: nodes of the graph share a name; that has unwanted effects")
    for name in found:
        say(name)


def _info_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("node_name", help="full name of the node")
    parser.add_argument(
        "--include-hidden", action="store_true", help="hidden topics, services and actions too"
    )


def _info(args: argparse.Namespace) -> None:
    from rclpy.action import (
        get_action_client_names_and_types_by_node,
        get_action_server_names_and_types_by_node,
    )

    with session(args) as graph:
        node = graph.node
        found = names.find_node(graph, args.node_name)
        count = [each.full for each in names.nodes(node, True)].count(found.full)
        if count > 1:
            complain(
                f'There are {count} nodes in the graph with the exact name "{found.full}". '
                "You are seeing information about only one of them."
            )
        where = (found.name, found.namespace)
        parts = {
            "Subscribers": node.get_subscriber_names_and_types_by_node(*where),
            "Publishers": node.get_publisher_names_and_types_by_node(*where),
            "Service Servers": node.get_service_names_and_types_by_node(*where),
            "Service Clients": node.get_client_names_and_types_by_node(*where),
            "Action Servers": get_action_server_names_and_types_by_node(node, *where),
            "Action Clients": get_action_client_names_and_types_by_node(node, *where),
        }
    say(found.full)
    for title, entries in parts.items():
        say(f"  {title}:")
        for name, types in names.visible(entries, args.include_hidden):
            say(f"    {name}: {', '.join(types)}")
        if not names.visible(entries, args.include_hidden):
            say()


VERBS = (
    Verb("list", "Output a list of available nodes", _list_arguments, _list),
    Verb("info", "Output information about a node", _info_arguments, _info),
)
