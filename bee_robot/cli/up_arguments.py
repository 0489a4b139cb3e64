"""The options of `bee up`: those arguments of a launch file that have an option of their own, and all others by name."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bee_robot.cli import inputs, simulation
from bee_robot.cli.inputs import InputError
from bee_robot.cli.launching.launch_file import LaunchArgument
from bee_robot.configuration import RobotConfiguration
from bee_robot.sim.scenarios import UnknownScenarioError, scenario_named

ASSIGNMENT = "NAME:=VALUE"
IN_SIMULATION = ("speed", "seed", "scenario", "day", "trace")


def _scenario(text: str) -> str:
    try:
        return scenario_named(text).name
    except UnknownScenarioError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@dataclass(frozen=True)
class Option:
    """How an argument of a launch file is given as `--name`. `metavar` "": a switch, whose presence is "true"."""

    metavar: str
    kind: Callable[[str], Any] = str


OPTIONS: dict[str, Option] = {
    "sim": Option(""),
    "robot": Option("FILE", Path),
    "namespace": Option("NAME"),
    "store": Option("DIR", Path),
    "folder": Option("DIR", Path),
    "photos": Option("DIR", Path),
    "speed": Option("X", inputs.speed),
    "seed": Option("N", inputs.seed),
    "scenario": Option("NAME", _scenario),
    "day": Option("N", simulation.day),
    "trace": Option("FILE", Path),
}


def add_options(parser: argparse.ArgumentParser, declared: Sequence[LaunchArgument]) -> None:
    """An option for each declared argument that has one."""
    names = {argument.name for argument in declared}
    if {"scenario", "day"} <= names:
        simulation.add_arguments(parser, "simulation only: ")
    for argument in declared:
        option = OPTIONS.get(argument.name)
        if option is None or argument.name in ("scenario", "day"):
            continue
        if not option.metavar:
            parser.add_argument(
                f"--{argument.name}", action="store_true", help=_escaped(argument.description)
            )
        else:
            parser.add_argument(
                f"--{argument.name}",
                type=option.kind,
                metavar=option.metavar,
                help=_escaped(_described(argument)),
            )
    parser.add_argument("more", nargs="*", metavar=ASSIGNMENT, help="any argument of the launch file")


def epilog(table: str, declared: Sequence[LaunchArgument]) -> str:
    """The arguments that have no option, for the help."""
    rest = [argument for argument in declared if argument.name not in OPTIONS]
    if not rest:
        return f"All are arguments of {table}, and may be given as {ASSIGNMENT} too."
    lines = [f"more arguments of {table}, given as {ASSIGNMENT}:"]
    for argument in rest:
        lines.append(f"  {argument.name}")
        lines += textwrap.wrap(
            _described(argument),
            110,
            initial_indent=" " * 8,
            subsequent_indent=" " * 8,
            break_long_words=False,
        )
    return "\n".join(lines)


def listing(declared: Sequence[LaunchArgument]) -> str:
    """What `ros2 launch --show-args` shows."""
    lines = ["Arguments (pass arguments as '<name>:=<value>'):"]
    for argument in declared:
        choices = f". Valid choices are: {list(argument.choices)}" if argument.choices else ""
        lines += ["", f"    '{argument.name}':", f"        {argument.description}{choices}"]
        if not argument.is_required:
            default = "depends on other arguments" if argument.default is None else f"'{argument.default}'"
            lines.append(f"        (default: {default})")
    return "\n".join(lines if declared else [*lines, "", "  No arguments."])


def launch_arguments(
    given: argparse.Namespace, declared: Sequence[LaunchArgument], run_dir: Path
) -> dict[str, str]:
    """The values for the launch file, checked as far as they can be before anything starts. Raises InputError."""
    names = {argument.name for argument in declared}
    options, more = _with_assignments(given, names)
    values: dict[str, str] = {"run_dir": str(run_dir)} if "run_dir" in names else {}
    if "robot" in names:
        path, robot = inputs.robot_file(options["robot"])
        values |= {"robot": str(path), "namespace": robot.robot}
        if "sim" in names:
            values |= _simulation(options, path, robot)
    elif options.get("sim"):
        values["sim"] = "true"
    values |= _checked_paths(options)
    for name in ("namespace", "speed", "seed"):
        if options.get(name) is not None:
            values[name] = str(options[name])
    return values | more


def _with_assignments(given: argparse.Namespace, names: set[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Options by name, and what else is assigned. NAME:=VALUE counts as the option of that name, and is checked like it."""
    options = {name: getattr(given, name, None) for name in OPTIONS if name in names}
    more: dict[str, str] = {}
    for text in given.more:
        name, separator, value = text.partition(":=")
        if not separator or not name:
            raise InputError(f"'{text}' is no launch argument; write name:=value")
        if name not in options:
            more[name] = value
        elif options[name]:
            raise InputError(f"{name} is given twice: as --{name} and as {text}; leave one out")
        else:
            options[name] = _from_text(name, value)
    return options, more


def _from_text(name: str, value: str) -> Any:
    option = OPTIONS[name]
    if not option.metavar:
        if value.lower() not in ("true", "false"):
            raise InputError(f"{name}:={value}: it is true or false")
        return value.lower() == "true"
    try:
        return option.kind(value)
    except argparse.ArgumentTypeError as error:
        raise InputError(f"{name}:={value}: {error}") from None


def _simulation(options: Mapping[str, Any], path: Path, robot: RobotConfiguration) -> dict[str, str]:
    """Whether the robot is simulated, and which colony then; where it is not, its board has to be there."""
    if not options["sim"]:
        for name in IN_SIMULATION:
            if options.get(name) is not None:
                raise InputError(f"--{name} belongs to a simulation; add --sim or leave it out")
        inputs.serial_port(robot, path)
        return {"sim": "false"}
    store = inputs.output_folder(options["store"], "--store") if options.get("store") else None
    chosen = simulation.chosen(argparse.Namespace(**options), robot, store)
    return {"sim": "true", **chosen.launch_arguments()}


def _checked_paths(options: Mapping[str, Any]) -> dict[str, str]:
    values = {
        "photos": inputs.photo_folder(options.get("photos")),
        "trace": inputs.output_file(options.get("trace"), "--trace"),
        **{
            name: inputs.output_folder(options[name], f"--{name}")
            for name in ("store", "folder")
            if options.get(name)
        },
    }
    return {name: str(value) for name, value in values.items() if value is not None}


def _described(argument: LaunchArgument) -> str:
    more = [f"one of {', '.join(argument.choices)}"] if argument.choices else []
    if argument.is_required:
        more.append("must be given")
    elif argument.default:
        more.append(f"default: {argument.default}")
    return f"{argument.description} ({'; '.join(more)})" if more else argument.description


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
