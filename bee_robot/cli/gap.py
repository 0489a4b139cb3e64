"""`bee gap close`: all frames of a box to one wall, so that the free gap is at the other."""

from __future__ import annotations

import argparse
from pathlib import Path

from bee_robot.cli import inputs, one_job
from bee_robot.cli.one_job import JobOrder
from bee_robot.configuration import RobotConfiguration

NAME = "gap"
HELP = "Close the gap between frames: push all frames of a box to one wall"

WALLS = ("back", "front")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    one_job.add_arguments(parser)
    parser.add_argument("action", choices=("close",), metavar="close", help="the only action")
    parser.add_argument(
        "--box", type=inputs.counting_number, required=True, metavar="N", help="box, from 1 at the bottom"
    )
    parser.add_argument(
        "--to",
        choices=WALLS,
        required=True,
        help="wall that the frames go to; front is where the entrance is",
    )


def run(arguments: argparse.Namespace) -> int:
    """See one_job.EXIT_STATUS."""
    return one_job.run("bee gap close", arguments, _order)


def _order(given: argparse.Namespace, robot: RobotConfiguration, path: Path) -> JobOrder:
    inputs.box_of(robot, given.box, path)
    says = f"pushes the frames of box {given.box} to the {given.to}"
    return JobOrder("close_gap", {"box": given.box, "wall": given.to}, says, "gap")
