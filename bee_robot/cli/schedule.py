"""`bee schedule`: when which boxes are visited. Works on the robot's store, whether the robot runs or not."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bee_robot.apiary.schedule_store import ScheduleStore, ScheduleStoreError
from bee_robot.apiary.visit_schedule import Attempt, Day, Rule, ScheduleError, check, next_due
from bee_robot.cli import inputs
from bee_robot.cli.inputs import InputError
from bee_robot.clock import RealClock
from bee_robot.cloud.local_store import default_root
from bee_robot.configuration import RobotConfiguration

NAME = "schedule"
HELP = "Say when boxes are visited: add, list, remove, next"

EXIT_BAD_INPUT = 2
ACTIONS = {
    "add --box 1 --every 9d --at 11:00": "a rhythm; it counts from the last visit",
    "add --all --on 2026-05-01 --at 12:00": "once",
    "list": "all rules, with what came of them",
    "next": "when what is visited next",
    "remove ID": "forget a rule",
}
SHOWN = "%a %Y-%m-%d %H:%M"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    width = max(map(len, ACTIONS))
    lines = [f"  {usage:<{width}}  {what}" for usage, what in ACTIONS.items()]
    parser.epilog = "\n".join(
        [
            "actions:",
            *lines,
            "",
            "Days and times are those of the hive. A robot that is up (bee up tower) follows its schedule by itself; it",
            "asks its conditions before every visit and overrides none. Boxes that are due together are one visit.",
        ]
    )
    parser.add_argument("action", choices=("add", "list", "next", "remove"), metavar="ACTION")
    parser.add_argument(
        "number", nargs="?", type=inputs.counting_number, metavar="ID", help="remove: which rule"
    )
    rule = parser.add_argument_group("add")
    rule.add_argument(
        "--box",
        type=inputs.counting_number,
        action="append",
        metavar="N",
        help="box, from 1 at the bottom; repeatable",
    )
    rule.add_argument("--all", action="store_true", help="all boxes of the hive, from the top down")
    rule.add_argument("--every", type=_days, metavar="9d", help="days between visits; weeks as 2w")
    rule.add_argument(
        "--from", dest="first", type=_day, metavar="DATE", help="first day (default: the next one)"
    )
    rule.add_argument("--on", type=_day, metavar="DATE", help="on one day, such as 2026-05-01")
    rule.add_argument("--at", type=_time, metavar="HH:MM", help="local time of day")
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file (default: the reference tower)"
    )
    parser.add_argument(
        "--store", type=Path, metavar="DIR", help=f"local store (default: $BEE_STORE, else {default_root()})"
    )


def run(arguments: argparse.Namespace) -> int:
    try:
        path, robot = inputs.robot_file(arguments.robot)
        store = ScheduleStore(arguments.store or default_root())
        {"add": _add, "list": _list, "next": _next, "remove": _remove}[arguments.action](
            arguments, robot, store
        )
    except (InputError, ScheduleError, ScheduleStoreError) as error:
        sys.stderr.write(f"bee schedule {arguments.action}: {error}\n")
        return EXIT_BAD_INPUT
    return 0


def _add(given: argparse.Namespace, robot: RobotConfiguration, store: ScheduleStore) -> None:
    if given.number is not None:
        raise InputError(f"'{given.number}' means nothing here; give boxes as --box {given.number}")
    if bool(given.box) == given.all:
        raise InputError("give --box N (repeatable) or --all")
    if (given.every is None) == (given.on is None):
        raise InputError("give --every 9d or --on DATE")
    if given.at is None:
        raise InputError("give --at HH:MM, the local time of day")
    if given.on is not None and given.first is not None:
        raise InputError("--from belongs to --every; leave one out")
    day, now = _day_of(robot), _now()
    rule = Rule(
        id=0,
        boxes=tuple(sorted(set(given.box or ()))),
        at=given.at,
        every_days=given.every or 0,
        first_day=None if given.on is not None else given.first or day.local_day(now),
        on=given.on,
    )
    if rule.first_day is not None and given.first is None and now > day.start_of(rule, rule.first_day):
        rule = replace(rule, first_day=rule.first_day + timedelta(days=1))
    check(rule, day, robot.hive.boxes, robot.conditions.days_between_visits)
    if next_due(rule, [], now, day) is None:
        raise InputError(f"--on {given.on}: that day is over; give one to come")
    rule = store.add(rule)
    _say_rule(rule, [], robot)


def _list(_: argparse.Namespace, robot: RobotConfiguration, store: ScheduleStore) -> None:
    rules, attempts = store.rules(), store.attempts()
    if not rules:
        print("Nothing is scheduled. For example: bee schedule add --all --every 9d --at 11:00")
        return
    table = Table("id", "what", "next", "last attempt", box=None, pad_edge=False)
    for rule in rules:
        due = next_due(rule, attempts, _now(), _day_of(robot))
        last = next((each for each in reversed(attempts) if each.rule == rule.id), None)
        table.add_row(
            str(rule.id),
            rule.what,
            "never again" if due is None else _local(due.at, robot),
            "" if last is None else _told(last, robot),
        )
    Console().print(table)


def _next(_: argparse.Namespace, robot: RobotConfiguration, store: ScheduleStore) -> None:
    attempts, now = store.attempts(), _now()
    dues = [due for rule in store.rules() if (due := next_due(rule, attempts, now, _day_of(robot)))]
    if not dues:
        print("Nothing is scheduled any more.")
    for due in sorted(dues, key=lambda each: each.at):
        when = "now" if due.at <= now else _local(due.at, robot)
        why = f" ({due.why})" if due.why else ""
        print(f"{when}: {due.rule.what} (rule {due.rule.id}){why}")


def _remove(given: argparse.Namespace, _: RobotConfiguration, store: ScheduleStore) -> None:
    if given.number is None:
        raise InputError("give the ID of a rule; 'bee schedule list' shows them")
    if not store.remove(given.number):
        raise InputError(f"there is no rule {given.number}; 'bee schedule list' shows all")
    print(f"Rule {given.number} is removed.")


def _say_rule(rule: Rule, attempts: list[Attempt], robot: RobotConfiguration) -> None:
    due = next_due(rule, attempts, _now(), _day_of(robot))
    first = "" if due is None else f", first on {_local(due.at, robot)}"
    print(f"Rule {rule.id}: {rule.what}{first}.")


def _told(attempt: Attempt, robot: RobotConfiguration) -> str:
    text = f": {attempt.text}" if attempt.text else ""
    return f"{_local(attempt.at_utc, robot)} {attempt.end.value}{text}"


def _day_of(robot: RobotConfiguration) -> Day:
    return Day(robot.zone(), robot.conditions.from_hour, robot.conditions.to_hour)


def _now() -> datetime:
    return RealClock().utc()


def _local(at: datetime, robot: RobotConfiguration) -> str:
    return f"{at.astimezone(robot.zone()):{SHOWN}}"


def _days(text: str) -> int:
    """argparse type of --every."""
    found = re.fullmatch(r"(\d{1,3})([dw]?)", text)
    days = int(found[1]) * (7 if found[2] == "w" else 1) if found else 0
    if not 1 <= days <= 366:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of days like 9d, or weeks like 2w")
    return days


def _day(text: str) -> date:
    """argparse type of days."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a day like 2026-05-01") from None


def _time(text: str) -> time:
    """argparse type of --at."""
    try:
        if not re.fullmatch(r"\d{1,2}:\d{2}", text):
            raise ValueError(text)
        hour, minute = map(int, text.split(":"))
        return time(hour, minute)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a time like 11:00") from None
