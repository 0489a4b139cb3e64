"""`bee plan`: a visit thought through: every move, how long a box stays open, how far each rule is. Nothing moves."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bee_robot.cli.inputs import InputError, box_of, counting_number, robot_file

NAME = "plan"
HELP = "print the moves of a visit, the open time and the margin to each rule, before anything moves"
REFUSED = 1
WALLS = {"back": -1, "front": 1}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--box", type=counting_number, required=True, metavar="N", help="box, counted from the bottom"
    )
    parser.add_argument("--robot", type=Path, metavar="FILE", help="robot file; default: the reference tower")
    parser.add_argument(
        "--gap", choices=tuple(WALLS), default="back", help="at which wall the free gap is now; default: back"
    )
    parser.add_argument("--summary", action="store_true", help="phases and rules only, not every move")
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def run(arguments: argparse.Namespace) -> int:
    from bee_robot.cli import plan_table  # numpy and rich take their time; bad input is said at once
    from bee_robot.extraction.bound import bound_of_box
    from bee_robot.extraction.plan import plan_box

    try:
        path, robot = robot_file(arguments.robot)
        box = box_of(robot, arguments.box, path)
    except InputError as error:
        sys.stderr.write(f"bee plan: {error}\n")
        return 2
    push = WALLS[arguments.gap]
    plan, bound = plan_box(robot, box, push), bound_of_box(robot, box, push)
    if arguments.json:
        print(json.dumps(_as_data(plan_table.lines_of(plan), plan, bound), indent=2))
    else:
        plan_table.show(plan, bound, with_moves=not arguments.summary)
    return REFUSED if plan.refusals() else 0


def _as_data(moves: Any, plan: Any, bound: Any) -> dict[str, Any]:
    return {
        "robot": plan.robot.robot,
        "hive": plan.robot.hive.name,
        "box": plan.box,
        "moves": [move.as_data() for move in moves],
        "open_time_s": round(plan.open_time_s, 2),
        "open_time_bound_s": round(bound.open_time_s, 2),
        "visit_time_s": round(plan.visit_time_s, 2),
        "rules": {
            rule: None
            if margin is None
            else {"value": margin.value, "limit": margin.limit, "where": margin.where, "at_s": margin.t_s}
            for rule, margin in plan.margins().items()
        },
        "warnings": plan.warnings(),
        "refusals": plan.refusals(),
    }
