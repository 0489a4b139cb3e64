"""`bee frame`: move a comb frame to another place, take it out at the service door, or insert one."""

from __future__ import annotations

import argparse
from pathlib import Path

from bee_robot.cli import inputs, one_job
from bee_robot.cli.inputs import InputError
from bee_robot.cli.one_job import JobOrder, frame_of
from bee_robot.configuration import RobotConfiguration

NAME = "frame"
HELP = "Move a frame, take one out at the service door, insert one"

ACTIONS = {
    "move --box N --frame N --to-place N [--to-box N]": "to another place of its box, or of another box",
    "take --box N --frame N": "lift it, bring it to the service door, wait until a person has taken it",
    "insert --box N --place N [--frame N]": "wait until a person has hung one on the hooks, set it into the gap",
}
NEEDED = {
    "move": ("frame", "to_place"),
    "take": ("frame",),
    "insert": ("place",),
}
"""Options of each action beside --box; no others belong to it but those of ALLOWED."""
ALLOWED = {"move": ("to_box",), "take": (), "insert": ("frame",)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    width = max(map(len, ACTIONS))
    lines = [f"  {usage:<{width}}  {what}" for usage, what in ACTIONS.items()]
    one_job.add_arguments(parser, "\n".join(["actions:", *lines]))
    parser.add_argument("action", choices=tuple(NEEDED), metavar="ACTION", help="move, take or insert")
    number = inputs.counting_number
    parser.add_argument("--box", type=number, required=True, metavar="N", help="box, from 1 at the bottom")
    parser.add_argument("--frame", type=number, metavar="N", help="frame, from 1 at the back")
    parser.add_argument("--place", type=number, metavar="N", help="insert: place it gets, from 1 at the back")
    parser.add_argument(
        "--to-place", type=number, metavar="N", help="move: place it gets, from 1 at the back"
    )
    parser.add_argument("--to-box", type=number, metavar="N", help="move: box it goes to (default: its own)")


def run(arguments: argparse.Namespace) -> int:
    """See one_job.EXIT_STATUS."""
    return one_job.run(f"bee frame {arguments.action}", arguments, _order)


def _order(given: argparse.Namespace, robot: RobotConfiguration, path: Path) -> JobOrder:
    inputs.box_of(robot, given.box, path)
    needed, allowed = NEEDED[given.action], ALLOWED[given.action]
    for option in ("frame", "place", "to_place", "to_box"):
        name, value = f"--{option.replace('_', '-')}", getattr(given, option)
        if option in needed and value is None:
            raise InputError(f"required: {name} N; see bee frame --help")
        if option not in (*needed, *allowed) and value is not None:
            raise InputError(f"{name} does not belong to '{given.action}'; see bee frame --help")
    return {"move": _move, "take": _take, "insert": _insert}[given.action](given, robot, path)


def _move(given: argparse.Namespace, robot: RobotConfiguration, path: Path) -> JobOrder:
    to_box = given.box if given.to_box is None else inputs.box_of(robot, given.to_box, path)
    frame_of(robot, given.box, given.frame)
    frame_of(robot, to_box, given.to_place, "place")
    where = f"place {given.to_place}" + (f" of box {to_box}" if to_box != given.box else "")
    goal = {
        "box": given.box,
        "frame": given.frame,
        "to_place": given.to_place,
        "to_box": 0 if to_box == given.box else to_box,
    }
    return JobOrder("move_frame", goal, f"moves frame {given.frame} of box {given.box} to {where}", "move")


def _take(given: argparse.Namespace, robot: RobotConfiguration, path: Path) -> JobOrder:
    frame_of(robot, given.box, given.frame)
    says = f"takes frame {given.frame} out of box {given.box}"
    return JobOrder("take_out_frame", {"box": given.box, "frame": given.frame}, says, "take")


def _insert(given: argparse.Namespace, robot: RobotConfiguration, path: Path) -> JobOrder:
    frame_of(robot, given.box, given.place, "place")
    goal = {"box": given.box, "place": given.place, "frame": given.frame or 0}
    return JobOrder(
        "insert_frame", goal, f"inserts a frame at place {given.place} of box {given.box}", "insert"
    )
