"""`bee inspect`: visits to one box, several, or all of a hive, watched until it is closed and the reports are written."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bee_robot.cli import chosen_robot, inputs
from bee_robot.cli.chosen_robot import ChosenRobot
from bee_robot.cli.inputs import InputError
from bee_robot.cli.interrupts import Interrupts
from bee_robot.cli.launching.start_order import StartError
from bee_robot.cli.locations import remember_store
from bee_robot.cli.summary import VisitEnd, as_json, print_summary
from bee_robot.cli.watching import watch_job
from bee_robot.clock import wall_s
from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LATEST, LocalStore
from bee_robot.console.report import write_report
from bee_robot.nodes.graph_client import GraphError, JobHandle

NAME = "inspect"
HELP = "Visit boxes: lift and photograph every frame, close the hive, report"

EXIT_BAD_INPUT, EXIT_FAILED = 2, 3
EXIT_STATUS = """\
exit status: 0 closed and safe; 1 held, a person is needed; 2 bad input, nothing moved; 3 the robot did not come up, or
is busy; 4 closed, but a rule of the rulebook was broken; 5 conditions did not allow it, nothing was opened;
130 interrupted (the hive was closed first, unless a second Ctrl-C stopped everything at once).

while it runs, on a terminal: p pauses and resumes, s skips the frame in hand, q stops after it, Ctrl-C closes the hive
and ends; from elsewhere: bee visit pause|resume|skip|stop|answer.
"""


@dataclass(frozen=True)
class Order:
    """What is to be done, checked. `boxes`: from the top down, as they are visited."""

    chosen: ChosenRobot
    boxes: tuple[int, ...]
    by: str
    override: dict[str, str]
    json: Path | None
    report: Path | None

    @property
    def title(self) -> str:
        robot = self.chosen.robot
        boxes = ", ".join(map(str, self.boxes))
        which = f"box {boxes}" if len(self.boxes) == 1 else f"boxes {boxes}"
        return f"{robot.robot} visits {which} of {robot.hive.name} ({self.chosen.how})"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXIT_STATUS
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--box",
        type=inputs.counting_number,
        action="append",
        metavar="N",
        help="box, from 1 at the bottom; repeatable, they are visited from the top down",
    )
    which.add_argument("--all", action="store_true", help="all boxes of the hive, from the top down")
    parser.add_argument("--by", metavar="NAME", help="who asks, for the record (default: the user's name)")
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="photographs that the frame cameras deliver"
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="where the HTML report goes; of several boxes each gets '-box' and its number",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="how it ended, as JSON")
    chosen_robot.add_arguments(parser)
    chosen_robot.add_override(parser)


def run(arguments: argparse.Namespace) -> int:
    """See EXIT_STATUS."""
    console = Console()
    began_s = wall_s()
    try:
        order = _checked(arguments)
        with Interrupts() as interrupts:
            end, store = _visit(order, interrupts, console)
        end = _with_reports(end, store, order)
    except InputError as error:
        sys.stderr.write(f"bee inspect: {error}\n")
        return EXIT_BAD_INPUT
    except (StartError, GraphError) as error:
        sys.stderr.write(f"bee inspect: {error}\n")
        return EXIT_FAILED
    hive = order.chosen.robot.hive
    print_summary(end, order.boxes[0], lambda box: hive.box(box).frames_per_box, console)
    if order.json is not None:
        robot = order.chosen.robot
        which = {"box": order.boxes[0]} if len(order.boxes) == 1 else {"boxes_asked": list(order.boxes)}
        more = {"robot": robot.robot, "hive": robot.hive.name, **which, "store": str(store)}
        text = as_json(end, {**more, "wall_s": round(wall_s() - began_s, 1)})
        order.json.write_text(f"{text}\n", encoding="utf-8")
    return end.exit_status()


def _checked(given: argparse.Namespace) -> Order:
    """Everything that can be known before anything starts. Raises InputError."""
    path, robot = inputs.robot_file(given.robot)
    if not given.box and not given.all:
        raise InputError("required: --box N, from 1 at the bottom, or --all; see bee inspect --help")
    asked = range(1, robot.hive.boxes + 1) if given.all else given.box
    boxes = tuple(sorted({inputs.box_of(robot, box, path) for box in asked}, reverse=True))
    override = chosen_robot.override(given)
    json_file, report = inputs.output_file(given.json, "--json"), inputs.output_file(given.report, "--report")
    if json_file and report and report.with_suffix(".json") == json_file:
        raise InputError(
            f"--json {given.json}: the report writes its own data there; give --json another name"
        )
    what = f"box{boxes[0]}" if len(boxes) == 1 else "boxes"
    return Order(
        chosen=chosen_robot.checked(given, what),
        boxes=boxes,
        by=given.by or inputs.user_name(),
        override=override,
        json=json_file,
        report=report,
    )


def _visit(order: Order, interrupts: Interrupts, console: Console) -> tuple[VisitEnd, Path]:
    """The visit on a robot that runs already, or on one that is started for it."""
    with chosen_robot.at_hand(order.chosen, interrupts, console) as hand:
        handle = _start(order, hand)
        end = watch_job(hand, handle, interrupts, order.title, order.chosen.robot, console, order.by)
    return end, hand.store


def _start(order: Order, hand: chosen_robot.RobotAtHand) -> JobHandle:
    goal = {"hive": order.chosen.robot.hive.name, "by": order.by, **order.override}
    if len(order.boxes) == 1:
        return hand.client.start("inspect_box", box=order.boxes[0], **goal)
    return hand.client.start("inspect_hive", boxes=list(order.boxes), **goal)


def _with_reports(end: VisitEnd, store: Path, order: Order) -> VisitEnd:
    """The visit with the report of each box, written when everything is in the store."""
    if end.is_refused or not (store / "store.sqlite").is_file():
        return end
    remember_store(store)
    try:
        with LocalStore.open(store, create=False) as opened:
            reports = {}
            for box, inspection in end.inspections(order.boxes[0]).items():
                # where the extractor died, nobody has told the visit's name
                which = inspection or opened.find_inspection(LATEST)
                reports[box] = write_report(opened, which, _report_file(order, box))
            return end.with_reports(reports)
    except StoreError as error:
        sys.stderr.write(f"bee inspect: no report: {error}\n")
        return end


def _report_file(order: Order, box: int) -> Path | None:
    """Where a report goes; None: among the reports of the store."""
    out = order.report or (order.chosen.folder / "report.html" if order.chosen.is_sim else None)
    if out is None or len(order.boxes) == 1:
        return out
    return out.with_name(f"{out.stem}-box{box}{out.suffix}")
