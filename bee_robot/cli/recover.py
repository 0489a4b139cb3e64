"""`bee recover`: close what a former visit left open, or say what a person has to do."""

from __future__ import annotations

import argparse
import queue
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bee_robot.cli import inputs
from bee_robot.cli.chosen_robot import is_up
from bee_robot.cli.inputs import InputError
from bee_robot.cli.interrupts import Interrupts
from bee_robot.cli.launching.log_folder import new_log_folder
from bee_robot.cli.launching.start_order import StartError
from bee_robot.cli.robot_processes import (
    describe,
    private_folder,
    started,
    wait_until_ready,
)
from bee_robot.clock import wall_sleep
from bee_robot.nodes.graph_client import GraphClient, GraphError, JobHandle
from bee_robot.nodes.job_reports import JobResult

NAME = "recover"
HELP = "Close what a former visit left open, or say what a person has to do"

EXIT_HELD, EXIT_BAD_INPUT, EXIT_FAILED, EXIT_STOPPED = 1, 2, 3, 130
LOOK_S = 0.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "Works on a robot that is up (bee up), also a simulated one; starts the processes of a real one itself.\n"
        "exit status: 0 closed and safe; 1 held; 2 bad input; 3 the robot did not come up; 130 stopped at once."
    )
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file (default: the reference tower)"
    )
    parser.add_argument(
        "--namespace", metavar="NAME", help="namespace of its nodes (default: the robot's name)"
    )
    hands = parser.add_argument_group("what somebody has done at the hive since the machine held")
    hands.add_argument("--by", default="", metavar="NAME", help="who")
    hands.add_argument(
        "--frame-is-off", action="store_true", help="the frame that hung on the hooks is back in its place"
    )
    hands.add_argument(
        "--hive-is-clear",
        action="store_true",
        help="the hive is closed, forks and hooks are stowed, nothing reaches into it",
    )


def run(arguments: argparse.Namespace) -> int:
    try:
        if (arguments.frame_is_off or arguments.hive_is_clear) and not arguments.by:
            raise InputError("--frame-is-off and --hive-is-clear need --by NAME: who saw to it")
        with Interrupts() as interrupts, _robot(arguments, interrupts) as client:
            handle = client.start(
                "recover",
                by=arguments.by,
                frame_is_off=arguments.frame_is_off,
                hive_is_clear=arguments.hive_is_clear,
            )
            return _tell(_watch(client, handle, interrupts))
    except InputError as error:
        sys.stderr.write(f"bee recover: {error}\n")
        return EXIT_BAD_INPUT
    except (StartError, GraphError) as error:
        sys.stderr.write(f"bee recover: {error}\n")
        return EXIT_FAILED


@contextmanager
def _robot(arguments: argparse.Namespace, interrupts: Interrupts) -> Iterator[GraphClient]:
    """A client of the robot that is up; otherwise the robot at the serial port is started."""
    path, robot = inputs.robot_file(arguments.robot)
    namespace = arguments.namespace if arguments.namespace is not None else robot.robot
    with GraphClient(namespace) as client:
        if is_up(client):
            yield client
            return
        inputs.serial_port(robot, path)
        with private_folder() as run_dir:
            given = {
                "sim": "false",
                "robot": str(path),
                "namespace": namespace,
                "run_dir": str(run_dir),
                "schedule": "false",
            }
            with started(
                describe(robot.kind, given), new_log_folder(namespace), lambda name, line: None
            ) as supervisor:
                interrupts.when_second(supervisor.hurry)
                wait_until_ready(client, supervisor)
                yield client


def _watch(client: GraphClient, handle: JobHandle, interrupts: Interrupts) -> JobResult | None:
    """Say what happens until it is over. Recovery is the way to a closed hive already: the first Ctrl-C says so, the second
    stops all motion; None then."""
    is_warned = False
    while not handle.done():
        _say_events(client)
        if interrupts.count and not is_warned:
            is_warned = True
            print("Ctrl-C: closing goes on, it is the safest way out; again stops at once", flush=True)
        if interrupts.count > 1:
            client.stop_motion("a person pressed Ctrl-C twice during recovery")
            return None
        wall_sleep(LOOK_S)
    _say_events(client)
    return handle.result()


def _say_events(client: GraphClient) -> None:
    while True:
        try:
            event = client.events.get_nowait()
        except queue.Empty:
            return
        print(f"{event.t_s:7.1f} s  {event.text}", flush=True)


def _tell(result: JobResult | None) -> int:
    if result is None:
        print("Stopped at once: what was open is still open. Look at the hive, then run 'bee recover' again.")
        return EXIT_STOPPED
    if result.error_code == 0 and result.end_state == "closed":
        print("Closed and safe.")
        return 0
    print(f"HELD: {result.error}")
    if result.instruction:
        print(f"To do: {result.instruction}")
    return EXIT_HELD
