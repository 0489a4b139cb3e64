"""`topic pub`."""

from __future__ import annotations

import argparse
import time
from typing import Any

from bee_robot.embedded_ros.tools import names, qos_options, type_lookup, yaml_values
from bee_robot.embedded_ros.tools.session import Session, add_session_arguments, session
from bee_robot.embedded_ros.tools.verb import ToolError, Verb, positive_float, say, unsigned_int


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("topic_name", help="name of the topic, for example /chatter")
    parser.add_argument("message_type", help="type of the message, for example std_msgs/msg/String")
    parser.add_argument("values", nargs="?", default="{}", help="values in YAML, for example '{data: Hello}'")
    parser.add_argument("--stdin", action="store_true", help="read the values from standard input")
    parser.add_argument("-r", "--rate", metavar="HZ", type=positive_float, default=1.0, help="default 1")
    parser.add_argument("-p", "--print", metavar="N", type=int, default=1, help="say only every Nth message")
    how_often = parser.add_mutually_exclusive_group()
    how_often.add_argument("-1", "--once", action="store_true", help="publish one message and end")
    how_often.add_argument(
        "-t", "--times", metavar="N", type=unsigned_int, default=0, help="publish N and end"
    )
    parser.add_argument(
        "-w", "--wait-matching-subscriptions", metavar="N", type=unsigned_int,
        help="wait for so many subscriptions (default: 1 with --once and --times, otherwise 0)",
    )  # fmt: skip
    parser.add_argument(
        "--max-wait-time-secs",
        metavar="S",
        type=positive_float,
        help="wait no longer than this for subscriptions",
    )
    parser.add_argument(
        "--keep-alive",
        metavar="S",
        type=positive_float,
        default=0.1,
        help="stay so long after the last message",
    )
    parser.add_argument("-n", "--node-name", help="name of the publishing node")
    qos_options.add_qos_arguments(parser, "publish", "reliable, transient local, depth 1")


def _default_qos() -> Any:
    from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

    return QoSProfile(
        depth=1, reliability=QoSReliabilityPolicy.RELIABLE, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL
    )


def _wait_for_subscriptions(graph: Session, publisher: Any, args: argparse.Namespace) -> None:
    wanted = args.wait_matching_subscriptions
    if wanted is None:
        wanted = 1 if args.once or args.times else 0
    until_s = time.monotonic() + (args.max_wait_time_secs or float("inf"))
    while publisher.get_subscription_count() < wanted:
        if time.monotonic() >= until_s:
            raise ToolError(
                f"{publisher.get_subscription_count()} of {wanted} subscriptions on '{publisher.topic_name}' within "
                f"{args.max_wait_time_secs:g} s; start the subscriber, or give -w 0"
            )
        say(f"Waiting for at least {wanted} matching subscription(s)...")
        graph.spin_until(
            lambda: publisher.get_subscription_count() >= wanted,
            min(1.0, max(0.01, until_s - time.monotonic())),
        )


def _pub(args: argparse.Namespace) -> None:
    kind = type_lookup.message_type(args.message_type)
    message = kind()
    text = yaml_values.given_or_stdin(args.values, args.stdin)
    stamps = yaml_values.fill(message, text, "the message", stamps=True)
    times = 1 if args.once else args.times
    with session(args, name=args.node_name, settles=False) as graph:
        topic = names.full_name(graph.node, args.topic_name)
        publisher = graph.node.create_publisher(kind, topic, qos_options.profile(args, _default_qos()))
        _wait_for_subscriptions(graph, publisher, args)
        say("publisher: beginning loop")
        count = 0

        def publish() -> None:
            nonlocal count
            now = graph.node.get_clock().now().to_msg()
            for stamp in stamps:
                stamp(now)
            count += 1
            if args.print and count % args.print == 0:
                say(f"publishing #{count}: {message!r}\n")
            publisher.publish(message)

        publish()
        if times != 1:
            graph.node.create_timer(1.0 / args.rate, lambda: None if times and count >= times else publish())
            graph.spin_until(lambda: bool(times) and count >= times)
        time.sleep(args.keep_alive)  # the transport may still be sending


PUB = Verb("pub", "Publish a message to a topic", _arguments, _pub)
