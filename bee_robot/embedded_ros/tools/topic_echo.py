"""`topic echo`, and how the verbs that receive find out a topic's type."""

from __future__ import annotations

import argparse
import builtins
import re
from collections.abc import Callable
from typing import Any

from bee_robot.embedded_ros.tools import names, qos_options, type_lookup
from bee_robot.embedded_ros.tools.session import Session, add_session_arguments, session
from bee_robot.embedded_ros.tools.verb import (
    PROGRAM,
    ToolError,
    Verb,
    complain,
    positive_float,
    say,
    unsigned_int,
)

TRUNCATE_LENGTH = 128
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def topic_type(graph: Session, topic: str, waits: bool) -> Any:
    """The class of the topic's messages. With `waits`, waits for the topic without limit."""
    node = graph.node

    def types() -> list[str]:
        found: list[str] = dict(node.get_topic_names_and_types()).get(topic, [])
        return found

    if not graph.discover(lambda: bool(types())):
        if not waits:
            raise ToolError(
                f"topic '{topic}' does not appear to be published yet; give its type after its name to wait, or see "
                f"'{PROGRAM} topic list'"
            )
        complain(f"WARNING: topic [{topic}] does not appear to be published yet")
        graph.spin_until(lambda: bool(types()))
    if len(types()) > 1:
        raise ToolError(
            f"topic '{topic}' has more than one type: {', '.join(types())}; stop one of its nodes"
        )
    return type_lookup.message_type(types()[0])


def compiled_filter(expression: str | None) -> Callable[[Any], Any] | None:
    """A predicate over a message `m`; ToolError if the text is no Python expression."""
    if expression is None:
        return None
    try:
        code = compile(expression, "--filter", "eval")
    except SyntaxError as error:
        raise ToolError(f"--filter {expression!r} is no Python expression: {error.msg}") from None

    def holds(m: Any) -> Any:
        try:
            return eval(code, {"__builtins__": builtins, "m": m})
        except (AttributeError, TypeError, NameError, IndexError, ValueError) as error:
            raise ToolError(f"--filter {expression!r}: {error}") from None

    return holds


def field_of(message: Any, path: str) -> Any:
    """A part of a message by `pose.position.x`, with `[2]` for an element; ToolError if there is none."""
    value = message
    seen: list[str] = []
    for name, index in _STEP.findall(path):
        try:
            value = value[int(index)] if index else getattr(value, name)
        except AttributeError:
            known: dict[str, str] = getattr(value, "get_fields_and_field_types", dict)()
            has = f"it has {', '.join(known)}" if known else f"it is a {type(value).__name__}, without fields"
            where = f"'{''.join(seen)}'" if seen else type(message).__name__
            raise ToolError(f"Invalid field '{path}': {where} has no '{name}'; {has}") from None
        except (IndexError, TypeError):
            raise ToolError(f"Invalid field '{path}': '{''.join(seen)}' has no element {index}") from None
        seen.append(f"[{index}]" if index else f"{'.' if seen else ''}{name}")
    return value


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("topic_name", help="name of the topic, for example /chatter")
    parser.add_argument("message_type", nargs="?", help="its type; with it, waits until somebody publishes")
    qos_options.add_qos_arguments(parser, "subscribe", "what fits the publishers")
    parser.add_argument("--csv", action="store_true", help="all values of a message on one line, with commas")
    parser.add_argument("--field", metavar="PATH", help="only this part, for example pose.pose.position")
    parser.add_argument("-f", "--full-length", action="store_true", help="nothing is shortened")
    parser.add_argument(
        "-l", "--truncate-length", metavar="N", type=unsigned_int, default=TRUNCATE_LENGTH,
        help=f"elements shown of arrays, bytes and texts (default {TRUNCATE_LENGTH})",
    )  # fmt: skip
    parser.add_argument("--no-arr", action="store_true", help="arrays are described, not shown")
    parser.add_argument("--no-str", action="store_true", help="texts are described, not shown")
    parser.add_argument("--flow-style", action="store_true", help="each list on one line")
    parser.add_argument("--no-lost-messages", action="store_true", help="say nothing of lost messages")
    parser.add_argument(
        "--lost-messages", action="store_true", help="accepted; lost messages are reported anyway"
    )
    parser.add_argument("--raw", action="store_true", help="the serialised bytes")
    parser.add_argument(
        "--filter", metavar="EXPR", dest="filter_expr", help="Python expression over the message m"
    )
    parser.add_argument("--once", action="store_true", help="end after the first message")
    parser.add_argument("--timeout", metavar="S", type=positive_float, help="end after this many seconds")


def _shown(value: Any, args: argparse.Namespace) -> str:
    from rosidl_runtime_py import message_to_csv, message_to_yaml

    if not hasattr(value, "get_fields_and_field_types"):
        return str(value) if args.csv else f"{value}\n---"
    shape = {
        "truncate_length": None if args.full_length else args.truncate_length,
        "no_arr": args.no_arr,
        "no_str": args.no_str,
    }
    if args.csv:
        return str(message_to_csv(value, **shape))
    return f"{message_to_yaml(value, flow_style=args.flow_style, **shape)}---"


def _lost(status: Any) -> None:
    say(
        f"A message was lost!!!\n\ttotal count change:{status.total_count_change}\n"
        f"\ttotal count: {status.total_count}\n---"
    )


def _subscribe(graph: Session, kind: Any, topic: str, take: Any, qos: Any, args: argparse.Namespace) -> None:
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError

    def subscribe(events: Any) -> None:
        graph.node.create_subscription(kind, topic, take, qos, event_callbacks=events, raw=args.raw)

    try:
        subscribe(None if args.no_lost_messages else SubscriptionEventCallbacks(message_lost=_lost))
    except UnsupportedEventTypeError:
        subscribe(None)


def _echo(args: argparse.Namespace) -> int:
    if args.field is not None and not _STEP.findall(args.field):
        raise ToolError(f"Invalid field value '{args.field}'; write for example pose.position.x")
    holds = compiled_filter(args.filter_expr)
    given = type_lookup.message_type(args.message_type) if args.message_type else None
    shown = 0

    def take(message: Any) -> None:
        nonlocal shown
        if args.once and shown:
            return
        value = message if args.field is None or args.raw else field_of(message, args.field)
        if holds is None or holds(value):
            shown += 1
            say(_shown(value, args))

    with session(args, settles=False) as graph:
        topic = names.full_name(graph.node, args.topic_name)
        kind = given or topic_type(graph, topic, waits=False)
        graph.discover(lambda: graph.node.count_publishers(topic) > 0)
        _subscribe(graph, kind, topic, take, qos_options.matching(graph.node, topic, args), args)
        is_done = graph.spin_until(lambda: args.once and shown > 0, args.timeout)
        if args.timeout and not shown and not is_done:
            raise ToolError(
                f"no message on '{topic}' within {args.timeout:g} s; who publishes: '{PROGRAM} topic info -v'"
            )
    return 0


ECHO = Verb("echo", "Output messages from a topic", _arguments, _echo)
