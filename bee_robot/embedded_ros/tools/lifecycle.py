"""Verbs on lifecycle nodes."""

from __future__ import annotations

import argparse
from typing import Any

from bee_robot.embedded_ros.tools import names
from bee_robot.embedded_ros.tools.session import SERVICE_WAIT_S, Session, add_session_arguments, session
from bee_robot.embedded_ros.tools.verb import PROGRAM, ToolError, Verb, complain, positive_float, say

_GET_STATE = "lifecycle_msgs/srv/GetState"


def _lifecycle_nodes(graph: Session, include_hidden: bool) -> list[str]:
    services = dict(graph.node.get_service_names_and_types())
    everybody = {each.full for each in names.nodes(graph.node, include_hidden)}
    return sorted(each for each in everybody if _GET_STATE in services.get(f"{each}/get_state", []))


def _nodes_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("-a", "--all", action="store_true", help="hidden nodes too")
    parser.add_argument("-c", "--count-nodes", action="store_true", help="only how many there are")


def _nodes(args: argparse.Namespace) -> None:
    with session(args) as graph:
        found = _lifecycle_nodes(graph, args.all)
    if args.count_nodes:
        say(str(len(found)))
        return
    for name in found:
        say(name)


def _add_node(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    add_session_arguments(parser)
    parser.add_argument("node_name", nargs=nargs, help="full name of the node")
    parser.add_argument("--include-hidden-nodes", action="store_true", help="hidden nodes too")
    parser.add_argument(
        "--timeout", metavar="S", type=positive_float, default=SERVICE_WAIT_S,
        help=f"how long to wait for an answer (default {SERVICE_WAIT_S:g})",
    )  # fmt: skip


def _found(graph: Session, args: argparse.Namespace) -> str:
    wanted = names.absolute_node_name(args.node_name)
    if not graph.discover(lambda: wanted in _lifecycle_nodes(graph, True)):
        names.find_node(graph, wanted)  # says so if there is no such node at all
        raise ToolError(f"{wanted} is no lifecycle node; '{PROGRAM} lifecycle nodes' shows which there are")
    return wanted


def _get_arguments(parser: argparse.ArgumentParser) -> None:
    _add_node(parser, "?")


def _get(args: argparse.Namespace) -> None:
    from lifecycle_msgs.srv import GetState

    with session(args, settles=not args.node_name) as graph:
        everybody = (
            [_found(graph, args)] if args.node_name else _lifecycle_nodes(graph, args.include_hidden_nodes)
        )
        for node in everybody:
            answer = graph.call(GetState, f"{node}/get_state", GetState.Request(), args.timeout)
            prefix = "" if args.node_name else f"{node}: "
            say(f"{prefix}{answer.current_state.label} [{answer.current_state.id}]")


def _transitions(graph: Session, node: str, service: str, args: argparse.Namespace) -> list[Any]:
    from lifecycle_msgs.srv import GetAvailableTransitions as Kind

    return list(graph.call(Kind, f"{node}/{service}", Kind.Request(), args.timeout).available_transitions)


def _set_arguments(parser: argparse.ArgumentParser) -> None:
    _add_node(parser)
    parser.add_argument("transition", help="label or number of the transition, for example configure")


def _set(args: argparse.Namespace) -> int:
    from lifecycle_msgs.srv import ChangeState

    with session(args, settles=False) as graph:
        node = _found(graph, args)
        known = [each.transition for each in _transitions(graph, node, "get_available_transitions", args)]
        wanted = [each for each in known if args.transition in (each.label, str(each.id))]
        if not wanted:
            now = ", ".join(f"{each.label} [{each.id}]" for each in known)
            raise ToolError(
                f"Unknown transition '{args.transition}' requested, available ones are: {now or 'none'}"
            )
        request = ChangeState.Request(transition=wanted[0])
        answer = graph.call(ChangeState, f"{node}/change_state", request, args.timeout)
    if answer.success:
        say("Transitioning successful")
        return 0
    complain("Transitioning failed")
    return 1


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    _add_node(parser)
    parser.add_argument("-a", "--all", action="store_true", help="all transitions, not only those from here")


def _list(args: argparse.Namespace) -> None:
    service = "get_transition_graph" if args.all else "get_available_transitions"
    with session(args, settles=False) as graph:
        found = _transitions(graph, _found(graph, args), service, args)
    for each in found:
        say(
            f"- {each.transition.label} [{each.transition.id}]\n"
            f"\tStart: {each.start_state.label}\n\tGoal: {each.goal_state.label}"
        )


VERBS = (
    Verb("nodes", "Output a list of nodes with lifecycle", _nodes_arguments, _nodes),
    Verb("get", "Get lifecycle state for one or more nodes", _get_arguments, _get),
    Verb("set", "Trigger lifecycle state transition", _set_arguments, _set),
    Verb("list", "Output a list of available transitions", _list_arguments, _list),
)
