"""`bee ros`: looks at the ROS graph and talks with it, as `ros2` does, on machines without ROS 2 too."""

from __future__ import annotations

import argparse

from bee_robot.embedded_ros.tools import command

NAME = "ros"
HELP = "look at the ROS graph and talk with it: topics, services, actions, parameters, nodes"


def run_words(words: list[str]) -> int:
    """The words after `bee ros`; they are those of ros2."""
    return command.main(words, program="bee ros")


def check_words(words: list[str]) -> None:
    """Parse without running. SystemExit where the words make no sense."""
    if isinstance(command.parse(words, "bee ros"), int) and words not in ([], ["--help"]):
        raise SystemExit(command.EXIT_USAGE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", help="group, verb and options, as for ros2")


def run(arguments: argparse.Namespace) -> int:
    return run_words(arguments.words)
