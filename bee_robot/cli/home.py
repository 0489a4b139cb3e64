"""`bee home`: reference axes on their end stops by hand, one machine, one person, nothing else running.

For commissioning and after repairs: it takes the port itself. A visit homes what it needs on its own.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from bee_robot.alerts import ALERTS
from bee_robot.cli import inputs
from bee_robot.cli.inputs import InputError
from bee_robot.clock import RealClock
from bee_robot.configuration import AXIS_NAMES, RobotConfiguration
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Axis, MotionEnd, MotionResult, TowerError

NAME = "home"
HELP = "Reference axes on their end stops by hand, with nothing else running"

EXIT_NOT_HOMED, EXIT_BAD_INPUT = 1, 2
FREE_LOAD_KG = 1.0
LOADS_SETTLE_S = 0.5  # a board that was just configured has not weighed anything yet
HOLDER = "bee home"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "axes", nargs="+", choices=AXIS_NAMES, metavar="AXIS", help=f"of {', '.join(AXIS_NAMES)}"
    )
    parser.add_argument(
        "--machine-is-clear",
        action="store_true",
        help="say that nothing hangs on forks and hooks, and that nobody reaches into the machine",
    )
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file (default: the reference tower)"
    )
    parser.add_argument("--port", metavar="DEVICE", help="port of the board (default: the robot file's)")


def run(arguments: argparse.Namespace) -> int:
    """0 when all axes found their end stops where they should be, 1 otherwise, 2 for bad input, 130 stopped by Ctrl-C."""
    try:
        path, robot = inputs.robot_file(arguments.robot)
        if not arguments.machine_is_clear:
            raise InputError(
                "axes move until their end stops close, whatever is in the way; look, then give --machine-is-clear"
            )
        port = arguments.port or inputs.serial_port(robot, path)
        result = asyncio.run(_home(robot, port, tuple(Axis(name) for name in dict.fromkeys(arguments.axes))))
    except InputError as error:
        sys.stderr.write(f"bee home: {error}\n")
        return EXIT_BAD_INPUT
    except TowerError as error:
        remedy = f" {ALERTS[error.alert].remedy}." if error.alert and "; " not in str(error) else ""
        sys.stderr.write(f"bee home: {error}.{remedy}\n")
        return EXIT_NOT_HOMED
    return _tell(result)


async def _home(robot: RobotConfiguration, port: str, axes: tuple[Axis, ...]) -> MotionResult:
    clock = RealClock()
    tower = await SerialTower.open(robot, port, clock, renews_itself=True)
    try:
        await clock.sleep(LOADS_SETTLE_S)
        for side, load_kg in tower.state.loads_kg.items():
            if not load_kg <= FREE_LOAD_KG:  # not a number is no either
                raise TowerError(
                    f"the {side.value} fork carries {load_kg:.1f} kg; take it off first", "fork_loaded"
                )
        await tower.acquire_lease(HOLDER)
        await tower.arm()
        return await tower.home(axes)
    finally:
        await tower.close("bee home ends")


def _tell(result: MotionResult) -> int:
    for found in result.references:
        knew = (
            "did not know its place" if found.expected_mm is None else f"was off by {found.lost_mm:+.3f} mm"
        )
        print(f"{found.axis.value:<13} home at {result.positions_mm[found.axis]:.2f} mm, {knew}")
    is_good = result.end is MotionEnd.DONE and not result.alert
    if not is_good:
        remedy = f" {ALERTS[result.alert].remedy}." if result.alert else ""
        sys.stderr.write(f"bee home: {result.reason}.{remedy}\n")
    return 0 if is_good else EXIT_NOT_HOMED
