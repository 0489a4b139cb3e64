"""One job at the hive from the command line: on a robot that is up or started for it, watched, told how it ended."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from bee_robot.cli import chosen_robot, inputs
from bee_robot.cli.inputs import InputError
from bee_robot.cli.interrupts import Interrupts
from bee_robot.cli.launching.start_order import StartError
from bee_robot.cli.summary import print_ending
from bee_robot.cli.watching import watch_job
from bee_robot.configuration import RobotConfiguration
from bee_robot.nodes.graph_client import GraphError

EXIT_BAD_INPUT, EXIT_FAILED = 2, 3
EXIT_STATUS = """\
exit status: 0 done, closed and safe; 1 held, a person is needed; 2 bad input, nothing moved; 3 the robot did not come up,
or is busy; 4 closed, but a rule of the rulebook was broken; 5 refused, nothing was opened; 6 closed, but what was asked for
was not done; 130 interrupted (the hive was closed first, unless a second Ctrl-C stopped everything at once).

while it runs, on a terminal: p pauses and resumes, q ends it in order, Enter answers what it asks a person to do; from
elsewhere: bee visit pause|resume|stop|answer.
"""


@dataclass(frozen=True)
class JobOrder:
    """`name`: of its action; `goal`: its fields; `says`: what it does, in words that follow the robot's name; `folder`: word
    for the folder of its results."""

    name: str
    goal: dict[str, Any]
    says: str
    folder: str


def add_arguments(parser: argparse.ArgumentParser, epilog: str = "") -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "\n\n".join(filter(None, (epilog, EXIT_STATUS)))
    parser.add_argument("--by", metavar="NAME", help="who asks, for the record (default: the user's name)")
    chosen_robot.add_arguments(parser)
    chosen_robot.add_override(parser)


def run(verb: str, given: argparse.Namespace, order_of: Any) -> int:
    """`order_of(given, robot, path)`: the order, checked; raises InputError. See EXIT_STATUS."""
    console = Console()
    try:
        path, robot = inputs.robot_file(given.robot)
        order: JobOrder = order_of(given, robot, path)
        override = chosen_robot.override(given)
        chosen = chosen_robot.checked(given, order.folder)
        by = given.by or inputs.user_name()
        with (
            Interrupts() as interrupts,
            chosen_robot.at_hand(chosen, interrupts, console) as hand,
        ):
            goal = {"hive": robot.hive.name, "by": by, **override, **order.goal}
            handle = hand.client.start(order.name, **goal)
            title = f"{robot.robot} {order.says} ({chosen.how})"
            end = watch_job(hand, handle, interrupts, title, robot, console, by)
    except InputError as error:
        sys.stderr.write(f"{verb}: {error}\n")
        return EXIT_BAD_INPUT
    except (StartError, GraphError) as error:
        sys.stderr.write(f"{verb}: {error}\n")
        return EXIT_FAILED
    print_ending(end, console)
    return end.exit_status()


def frame_of(robot: RobotConfiguration, box: int, frame: int, what: str = "frame") -> int:
    """A frame, or a place, that the box has. Raises InputError."""
    most = robot.hive.box(box).frames_per_box
    if not 1 <= frame <= most:
        raise InputError(
            f"{what} {frame} is unknown: box {box} has {what}s 1 to {most}, counted from the back"
        )
    return frame
