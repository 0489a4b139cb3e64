"""`bee conditions`: may the hive be opened now, and what speaks against it."""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bee_robot.cli import inputs
from bee_robot.cli.inputs import InputError
from bee_robot.configuration import RobotConfiguration
from bee_robot.extraction.context import VisitContext
from bee_robot.extraction.workbench import Workbench
from bee_robot.nodes.conditions_reader import read_conditions
from bee_robot.nodes.graph_client import GraphClient, GraphError
from bee_robot.safety.conditions import Finding, Verdict
from bee_robot.safety.gate import as_rows
from bee_robot.safety.simulated_station import SimulatedStation
from bee_robot.sim.twin import TwinError
from bee_robot.sim.weather import Weather

NAME = "conditions"
HELP = "Show what decides whether the hive may be opened: readings, sources, ages, limits"

EXIT_BAD_INPUT, EXIT_FAILED, EXIT_NOT_NOW = 2, 3, 5
ANSWER_S = 5.0
SETTLE_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "exit status: 0 the hive may be opened; 5 something speaks against it; 2 bad input; 3 no robot answers."
    parser.add_argument("--sim", action="store_true", help="of a simulated robot; nothing has to run for it")
    parser.add_argument(
        "--seed", type=inputs.seed, metavar="N", help="with --sim: which weather (default: 1)"
    )
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file (default: the reference tower)"
    )
    parser.add_argument(
        "--namespace", metavar="NAME", help="namespace of its nodes (default: the robot's name)"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: argparse.Namespace) -> int:
    try:
        if arguments.seed is not None and not arguments.sim:
            raise InputError("--seed belongs to a simulation; add --sim or leave it out")
        _, robot = inputs.robot_file(arguments.robot)
        if arguments.sim:
            findings = _simulated(robot, 1 if arguments.seed is None else arguments.seed)
        else:
            with GraphClient(
                arguments.namespace if arguments.namespace is not None else robot.robot
            ) as client:
                findings = read_conditions(client, ANSWER_S)
    except InputError as error:
        sys.stderr.write(f"bee conditions: {error}\n")
        return EXIT_BAD_INPUT
    except (GraphError, TwinError) as error:
        sys.stderr.write(f"bee conditions: {error}\n")
        return EXIT_FAILED
    verdict = Verdict(findings)
    if arguments.json:
        print(json.dumps({"may_open": verdict.may_open, "findings": as_rows(verdict)}, indent=2))
    else:
        _print(verdict)
    return 0 if verdict.may_open else EXIT_NOT_NOW


def _simulated(robot: RobotConfiguration, seed: int) -> tuple[Finding, ...]:
    """A hive that was never visited, at the simulation's summer noon."""

    async def look(context: VisitContext) -> tuple[Finding, ...]:
        station = SimulatedStation(robot, context.clock, context.tower, Weather(seed))
        async with station.at_work():
            await context.clock.sleep(SETTLE_S)
            return station.look().findings

    with tempfile.TemporaryDirectory(prefix="bee-") as folder:
        bench = Workbench(robot, Path(folder), seed=seed)
        try:
            return bench.run(look)
        finally:
            bench.close()


def _print(verdict: Verdict) -> None:
    table = Table("reading", "value", "source", "age", "limit", "verdict", box=None, pad_edge=False)
    for each in verdict.findings:
        age = "" if each.age_s is None else f"{max(0.0, each.age_s):.0f} s"
        rule = " (a rule, not to be overridden)" if each.is_rule and each.against else ""
        text = f"no: {each.against}{rule}" if each.against else "yes"
        table.add_row(
            each.name, _shown(each), each.source, age, each.limit, text, style="red" if each.against else ""
        )
    console = Console()
    console.print(table)
    number = len(verdict.against)
    print("The hive may be opened." if verdict.may_open else f"The hive stays closed: {number} against it.")


def _shown(finding: Finding) -> str:
    value = finding.value
    if value is None and finding.name == "days_since_visit" and finding.is_known:
        return "never"
    if isinstance(value, str) or value is None:
        return value or "unknown"
    if finding.limit == "1":
        return "yes" if value else "no"
    if finding.name == "local_hour":
        return f"{int(value):02d}:{int(value % 1 * 60):02d}"
    return "never" if math.isinf(value) else f"{value:.1f}".removesuffix(".0")
