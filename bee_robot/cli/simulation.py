"""Which colony is simulated, and on which day: arguments that `bee inspect` and `bee up` share."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bee_robot.cli.inputs import InputError
from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LocalStore
from bee_robot.configuration import RobotConfiguration
from bee_robot.sim import scenarios
from bee_robot.sim.scenarios import UnknownScenarioError
from bee_robot.sim.weather import simulated_noon

LIST = "list"
DAYS_BETWEEN_VISITS = 8  # a day more than the robot asks for
LAST_DAY = scenarios.LAST_DAY


@dataclass(frozen=True)
class Simulation:
    """A scenario by its exact name, and days after its start."""

    scenario: str
    day: int

    def launch_arguments(self) -> dict[str, str]:
        return {"scenario": self.scenario, "day": str(self.day)}


class _Scenario(argparse.Action):
    """Keeps the exact name; `list` prints all and ends."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        text = str(values)
        if text == LIST:
            width = max(len(name) for name in scenarios.SCENARIOS)
            for scenario in scenarios.SCENARIOS.values():
                print(f"{scenario.name:<{width}}  {scenario.what}")
            parser.exit()
        try:
            setattr(namespace, self.dest, scenarios.scenario_named(text).name)
        except UnknownScenarioError as error:
            raise argparse.ArgumentError(self, str(error)) from None


def day(text: str) -> int:
    """argparse type of --day."""
    if not text.isdecimal() or int(text) > LAST_DAY:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 to {LAST_DAY}")
    return int(text)


def add_arguments(group: argparse._ArgumentGroup | argparse.ArgumentParser, prefix: str = "") -> None:
    group.add_argument(
        "--scenario",
        action=_Scenario,
        metavar="NAME",
        help=f"{prefix}which kind of colony (default: {scenarios.DEFAULT}); 'list' shows all",
    )
    group.add_argument(
        "--day",
        type=day,
        metavar="N",
        help=f"{prefix}days after the start of the scenario (default: 0; with a --store that knows visits of "
        f"this hive, {DAYS_BETWEEN_VISITS} days after the latest)",
    )


def chosen(given: argparse.Namespace, robot: RobotConfiguration, store: Path | None) -> Simulation:
    """The simulation that was asked for. store: one that was given, None where a fresh one is used. Raises InputError."""
    scenario = given.scenario or scenarios.DEFAULT
    if given.day is not None:
        return Simulation(scenario, given.day)
    return Simulation(scenario, next_visit_day(robot, store) if store is not None else 0)


def next_visit_day(robot: RobotConfiguration, store: Path) -> int:
    """The first day on which this hive may be visited again, as far as a store knows; 0 where it knows no visit."""
    if not (store / "store.sqlite").is_file():
        return 0
    try:
        with LocalStore.open(store, create=False) as opened:
            visits = opened.inspections(hive=robot.hive.name)
    except StoreError as error:
        raise InputError(str(error)) from None
    if not visits:
        return 0
    latest = max(visit.start.started_utc for visit in visits).astimezone(robot.zone())
    first = simulated_noon(robot).astimezone(robot.zone())
    rest = max(DAYS_BETWEEN_VISITS, math.ceil(robot.conditions.days_between_visits) + 1)
    found = max(0, (latest.date() - first.date()).days + rest)
    if found > LAST_DAY:
        raise InputError(
            f"store {store}: the latest visit of hive {robot.hive.name} is of {latest:%Y-%m-%d}, too long after the "
            f"simulated summer of {first:%Y}; give --day N or another --store"
        )
    return found
