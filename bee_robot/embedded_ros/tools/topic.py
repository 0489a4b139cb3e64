"""Verbs on topics: which there are, and who is at them. Those that send and receive have files of their own."""

from __future__ import annotations

import argparse

from bee_robot.embedded_ros.tools import names, topic_echo, topic_pub, topic_rate
from bee_robot.embedded_ros.tools.session import Session, add_session_arguments, session
from bee_robot.embedded_ros.tools.verb import PROGRAM, ToolError, Verb, say


def _add_hidden(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--include-hidden-topics", action="store_true", help="hidden topics too")


def _topics(graph: Session, args: argparse.Namespace) -> names.NamesAndTypes:
    return names.visible(graph.node.get_topic_names_and_types(), args.include_hidden_topics)


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("-t", "--show-types", action="store_true", help="with the type of each topic")
    parser.add_argument("-c", "--count-topics", action="store_true", help="only how many there are")
    parser.add_argument("-v", "--verbose", action="store_true", help="with types and numbers of endpoints")
    _add_hidden(parser)


def _list(args: argparse.Namespace) -> None:
    with session(args) as graph:
        topics = _topics(graph, args)
        counts = {
            "Published": {name: graph.node.count_publishers(name) for name, _ in topics},
            "Subscribed": {name: graph.node.count_subscribers(name) for name, _ in topics},
        }
    if args.count_topics:
        say(str(len(topics)))
    elif args.verbose:
        for title, word in (("Published", "publisher"), ("Subscribed", "subscriber")):
            say(f"{title} topics:")
            for name, types in topics:
                count = counts[title][name]
                if count:
                    say(f" * {name} [{', '.join(types)}] {count} {word}{'s' if count > 1 else ''}")
            say()
    else:
        for name, types in topics:
            say(names.with_types(name, types, args.show_types))


def _info_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("topic_name", help="name of the topic, for example /chatter")
    parser.add_argument("-v", "--verbose", action="store_true", help="with nodes, type hashes, GIDs and QoS")


def _info(args: argparse.Namespace) -> None:
    with session(args) as graph:
        node, topic = graph.node, names.full_name(graph.node, args.topic_name)
        types = dict(node.get_topic_names_and_types()).get(topic)
        if types is None:
            raise ToolError(f"Unknown topic '{topic}'; '{PROGRAM} topic list' shows which there are")
        end = "\n" if args.verbose else ""
        say(f"Type: {types[0] if len(types) == 1 else types}{end}")
        for word, endpoints in (
            ("Publisher", node.get_publishers_info_by_topic(topic)),
            ("Subscription", node.get_subscriptions_info_by_topic(topic)),
        ):
            say(f"{word} count: {len(endpoints)}{end}")
            for endpoint in endpoints if args.verbose else ():
                say(f"{endpoint}{end}")


def _type_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("topic_name", help="name of the topic, for example /chatter")


def _type(args: argparse.Namespace) -> int:
    with session(args, settles=False) as graph:
        topic = names.full_name(graph.node, args.topic_name)
        graph.discover(lambda: topic in dict(graph.node.get_topic_names_and_types()))
        types = dict(graph.node.get_topic_names_and_types()).get(topic, [])
    for each in types:
        say(each)
    return 0 if types else 1


def _find_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("topic_type", help="type of the topics, for example std_msgs/msg/String")
    parser.add_argument("-c", "--count-topics", action="store_true", help="only how many there are")
    _add_hidden(parser)


def _find(args: argparse.Namespace) -> None:
    with session(args) as graph:
        found = [name for name, types in _topics(graph, args) if args.topic_type in types]
    if args.count_topics:
        say(str(len(found)))
        return
    for name in found:
        say(name)


VERBS = (
    Verb("list", "Output a list of available topics", _list_arguments, _list),
    Verb("info", "Print information about a topic", _info_arguments, _info),
    Verb("type", "Print a topic's type", _type_arguments, _type),
    Verb("find", "Output a list of available topics of a given type", _find_arguments, _find),
    topic_echo.ECHO,
    topic_rate.HZ,
    topic_rate.BW,
    topic_rate.DELAY,
    topic_pub.PUB,
)
