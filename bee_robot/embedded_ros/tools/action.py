"""Verbs on actions."""

from __future__ import annotations

import argparse
import os
from typing import Any

from bee_robot.embedded_ros.tools import names, type_lookup, yaml_values
from bee_robot.embedded_ros.tools.session import Session, add_session_arguments, session
from bee_robot.embedded_ros.tools.verb import PROGRAM, ToolError, Verb, positive_float, say

SERVER_WAIT_S = 10.0
CANCEL_WAIT_S = 10.0
_INDENT = "    "


def _actions(graph: Session) -> names.NamesAndTypes:
    from rclpy.action import get_action_names_and_types

    found: names.NamesAndTypes = get_action_names_and_types(graph.node)
    return found


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("-t", "--show-types", action="store_true", help="with the type of each action")
    parser.add_argument("-c", "--count-actions", action="store_true", help="only how many there are")


def _list(args: argparse.Namespace) -> None:
    with session(args) as graph:
        actions = _actions(graph)
    if args.count_actions:
        say(str(len(actions)))
        return
    for name, types in actions:
        say(names.with_types(name, types, args.show_types))


def _info_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("action_name", help="name of the action, for example /fibonacci")
    parser.add_argument("-t", "--show-types", action="store_true", help="with the type of the action")
    parser.add_argument(
        "-c", "--count", action="store_true", help="only how many clients and servers there are"
    )


def _info(args: argparse.Namespace) -> None:
    from rclpy.action import (
        get_action_client_names_and_types_by_node,
        get_action_server_names_and_types_by_node,
    )

    with session(args) as graph:
        name = names.full_name(graph.node, args.action_name)
        nodes = names.nodes(graph.node, True)
        parts = {}
        for word, of_node in (
            ("clients", get_action_client_names_and_types_by_node),
            ("servers", get_action_server_names_and_types_by_node),
        ):
            offers = {each.full: dict(of_node(graph.node, each.name, each.namespace)) for each in nodes}
            parts[word] = {node: found[name] for node, found in offers.items() if name in found}
    say(f"Action: {args.action_name}")
    for word, found in parts.items():
        say(f"Action {word}: {len(found)}")
        for node, types in found.items() if not args.count else ():
            say(f"{_INDENT}{names.with_types(node, types, args.show_types)}")


def _type_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("action_name", help="name of the action, for example /fibonacci")


def _type(args: argparse.Namespace) -> int:
    with session(args) as graph:
        types = dict(_actions(graph)).get(names.full_name(graph.node, args.action_name), [])
    for each in types:
        say(each)
    return 0 if types else 1


def _find_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument(
        "action_type", help="type of the actions, for example example_interfaces/action/Fibonacci"
    )
    parser.add_argument("-c", "--count-actions", action="store_true", help="only how many there are")


def _find(args: argparse.Namespace) -> None:
    with session(args) as graph:
        found = [name for name, types in _actions(graph) if args.action_type in types]
    if args.count_actions:
        say(str(len(found)))
        return
    for name in found:
        say(name)


def _send_goal_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("action_name", help="name of the action, for example /fibonacci")
    parser.add_argument("action_type", help="its type, for example example_interfaces/action/Fibonacci")
    parser.add_argument("goal", nargs="?", default="{}", help="the goal in YAML, for example '{order: 10}'")
    parser.add_argument("--stdin", action="store_true", help="read the goal from standard input")
    parser.add_argument("-f", "--feedback", action="store_true", help="show the feedback")
    parser.add_argument(
        "--timeout", metavar="S", type=positive_float, default=SERVER_WAIT_S,
        help=f"how long to wait for the server to appear (default {SERVER_WAIT_S:g})",
    )  # fmt: skip


def _say_message(title: str, message: Any) -> None:
    from rosidl_runtime_py import message_to_yaml

    say(f"{title}:\n{_INDENT}{message_to_yaml(message)}")


def _status_name(status: int) -> str:
    from action_msgs.msg import GoalStatus

    known = ("ACCEPTED", "EXECUTING", "CANCELING", "SUCCEEDED", "CANCELED", "ABORTED")
    return next((name for name in known if getattr(GoalStatus, f"STATUS_{name}") == status), "UNKNOWN")


def _send_goal(args: argparse.Namespace) -> int:
    from rclpy.action import ActionClient

    kind = type_lookup.action_type(args.action_type)
    goal = kind.Goal()
    yaml_values.fill(goal, yaml_values.given_or_stdin(args.goal, args.stdin), "the goal")
    node_name = f"_ros2cli_send_goal_{args.action_type.replace('/', '_')}_{os.getpid()}"
    with session(args, name=node_name, settles=False) as graph:
        name = names.full_name(graph.node, args.action_name)
        client = ActionClient(graph.node, kind, name)
        try:
            say("Waiting for an action server to become available...")
            if not graph.spin_until(client.server_is_ready, args.timeout):
                raise ToolError(
                    f"action '{name}' of type {args.action_type} has no server within {args.timeout:g} s; "
                    f"'{PROGRAM} action list -t' shows which there are (--timeout waits longer)"
                )
            return _pursue(graph, client, goal, args.feedback)
        finally:
            client.destroy()


def _pursue(graph: Session, client: Any, goal: Any, shows_feedback: bool) -> int:
    """Send the goal and wait for its result; Ctrl-C cancels it first."""

    def take_feedback(message: Any) -> None:
        _say_message("Feedback", message.feedback)

    _say_message("Sending goal", goal)
    sending = client.send_goal_async(goal, take_feedback if shows_feedback else None)
    handle = graph.finish(sending, "the goal")
    if not handle.accepted:
        say("Goal was rejected.")
        return 1
    try:
        say(f"Goal accepted with ID: {bytes(handle.goal_id.uuid).hex()}\n")
        result = graph.finish(handle.get_result_async(), "the result")
    except KeyboardInterrupt:
        say("Canceling goal...")
        answer = graph.finish(handle.cancel_goal_async(), "cancelling", CANCEL_WAIT_S)
        if not answer.goals_canceling:
            raise ToolError("Failed to cancel goal: its server refused, or it had ended") from None
        say("Goal canceled.")
        raise
    _say_message("Result", result.result)
    say(f"Goal finished with status: {_status_name(result.status)}")
    return 0


VERBS = (
    Verb("list", "Output a list of action names", _list_arguments, _list),
    Verb("info", "Print information about an action", _info_arguments, _info),
    Verb("type", "Print an action's type", _type_arguments, _type),
    Verb("find", "Find actions from type", _find_arguments, _find),
    Verb("send_goal", "Send an action goal", _send_goal_arguments, _send_goal),
)
