"""`bee up`: start a robot's processes and keep them up until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import zlib
from pathlib import Path

from bee_robot.cli import inputs, locations, simulation
from bee_robot.cli.inputs import InputError
from bee_robot.cli.interrupts import Interrupts
from bee_robot.cli.launching.launch_file import LaunchDescription
from bee_robot.cli.launching.supervisor import Supervisor
from bee_robot.cli.robot_processes import (
    StartError,
    describe,
    known_robots,
    private_folder,
    require_free_names,
    started,
    wait_until_ready,
)
from bee_robot.clock import RealClock, wall_sleep
from bee_robot.nodes.graph_client import GraphClient, GraphError

NAME = "up"
HELP = "Start a robot's processes and keep them up"

EXIT_BAD_INPUT, EXIT_FAILED = 2, 3
LOOK_S = 0.1
COLOURS = ("36", "33", "32", "35", "34", "31")
LOGS_KEPT = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", metavar="ROBOT", help=f"which launch file: {', '.join(known_robots())}")
    parser.add_argument(
        "--sim", action="store_true", help="simulate the machine; the board's firmware runs here"
    )
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file (default: the reference tower)"
    )
    parser.add_argument(
        "--namespace", metavar="NAME", help="namespace of its nodes (default: the robot's name)"
    )
    parser.add_argument("--store", type=Path, metavar="DIR", help="folder of the local store")
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="photographs that the frame cameras deliver"
    )
    parser.add_argument(
        "--speed", type=inputs.speed, metavar="X", help="with --sim: robot seconds per second, at most"
    )
    parser.add_argument("--seed", type=inputs.seed, metavar="N", help="with --sim: which colony, which noise")
    simulation.add_arguments(parser, "with --sim: ")
    parser.add_argument(
        "--trace", type=Path, metavar="FILE", help="with --sim: motion trace, one JSON object a line"
    )
    parser.add_argument("more", nargs="*", metavar="NAME:=VALUE", help="more arguments of the launch file")


def run(arguments: argparse.Namespace) -> int:
    """0 after a good end, 2 for bad input, 3 where the robot did not come up or a process died, 130 stopped at once."""
    try:
        with private_folder() as run_dir:
            given = _launch_arguments(arguments, run_dir)
            description = describe(arguments.kind, given)
            return _keep_up(description, new_log_folder())
    except InputError as error:
        sys.stderr.write(f"bee up: {error}\n")
        return EXIT_BAD_INPUT
    except (StartError, GraphError) as error:
        sys.stderr.write(f"bee up: {error}\n")
        return EXIT_FAILED


def _launch_arguments(arguments: argparse.Namespace, run_dir: Path) -> dict[str, str]:
    path, robot = inputs.robot_file(arguments.robot)
    if not arguments.sim:
        for option in ("speed", "seed", "scenario", "day", "trace"):
            if getattr(arguments, option) is not None:
                raise InputError(f"--{option} belongs to a simulation; add --sim or leave it out")
        inputs.serial_port(robot, path)
    photos, trace = inputs.photo_folder(arguments.photos), inputs.output_file(arguments.trace, "--trace")
    store = inputs.output_folder(arguments.store, "--store") if arguments.store else None
    given = {
        "sim": str(arguments.sim).lower(),
        "robot": str(path),
        "namespace": arguments.namespace if arguments.namespace is not None else robot.robot,
        "run_dir": str(run_dir),
    }
    wanted = {
        "store": store,
        "photos": photos,
        "trace": trace,
        "speed": arguments.speed,
        "seed": arguments.seed,
    }
    given.update({name: str(value) for name, value in wanted.items() if value is not None})
    if arguments.sim:
        given |= simulation.chosen(arguments, robot, store).launch_arguments()
    for text in arguments.more:
        name, separator, value = text.partition(":=")
        if not separator:
            raise InputError(f"'{text}' is no launch argument; write name:=value")
        given[name] = value
    return given


def new_log_folder() -> Path:
    """A folder for the logs of this run; those of older runs are kept up to LOGS_KEPT."""
    logs = locations.state_folder() / "log"
    folder = logs / f"{RealClock().utc():%Y%m%d-%H%M%S}-{os.getpid()}"
    older = sorted(path for path in logs.iterdir() if path.is_dir()) if logs.is_dir() else []
    for path in older[: max(0, len(older) + 1 - LOGS_KEPT)]:
        for file in path.glob("*.log*"):
            file.unlink()
        with contextlib.suppress(OSError):  # somebody keeps a file of their own there
            path.rmdir()
    return folder


def _keep_up(description: LaunchDescription, log_folder: Path) -> int:
    interrupts = Interrupts()
    namespace = description.values.get("namespace", "")
    with interrupts, started(description, log_folder, print_line) as supervisor:
        with GraphClient(namespace) as client:
            require_free_names(client, description)
            try:
                wait_until_ready(
                    client, supervisor, lambda: _leave_if(interrupts), lambda text: print_line("bee", text)
                )
            except KeyboardInterrupt:
                return _end(supervisor, interrupts)
        print_line(
            "bee", f"{namespace} is ready. A visit: bee inspect --box 1. End: Ctrl-C. Logs: {log_folder}"
        )
        while interrupts.count == 0:
            for ended in supervisor.unexpected_exits():
                print_line(
                    "bee",
                    f"{ended}; its last lines are above, its log is {log_folder / (ended.name + '.log')}",
                )
                if ended.ends_robot:
                    print_line("bee", "a robot is not whole without it; ending the others in order")
                    _end(supervisor, interrupts)
                    return EXIT_FAILED
            wall_sleep(LOOK_S)
        return _end(supervisor, interrupts)


def _leave_if(interrupts: Interrupts) -> None:
    if interrupts.count:
        raise KeyboardInterrupt


def _end(supervisor: Supervisor, interrupts: Interrupts) -> int:
    print_line("bee", "ending well: a running visit is closed first. Ctrl-C again stops at once")
    interrupts.when_second(supervisor.hurry)
    supervisor.end()
    return 130 if interrupts.count > 1 else 0


def print_line(name: str, line: str) -> None:
    """One line of a process, its name before it, in a colour of its own on a terminal."""
    prefix = f"[{name}]"
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        prefix = f"\033[{COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]}m{prefix}\033[0m"
    print(f"{prefix} {line}", flush=True)
