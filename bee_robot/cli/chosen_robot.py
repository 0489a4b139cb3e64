"""The robot that a job is for: options that all jobs share, checked, and the robot itself, up already or started for it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bee_robot.cli import inputs, simulation
from bee_robot.cli.inputs import InputError
from bee_robot.cli.interrupts import Interrupts
from bee_robot.cli.launching.launch_file import LaunchDescription
from bee_robot.cli.launching.start_order import StartError
from bee_robot.cli.launching.supervisor import Supervisor
from bee_robot.cli.robot_processes import (
    describe,
    private_folder,
    require_free_names,
    started,
    wait_until_ready,
)
from bee_robot.cli.simulation import Simulation
from bee_robot.clock import RealClock
from bee_robot.configuration import RobotConfiguration
from bee_robot.nodes.graph_client import GraphClient, GraphError

SPEED = 6.0
SEED = 1
RUNNING_ROBOT_S = 2.0
SLOW_ROBOT_S = 20.0


@dataclass(frozen=True)
class ChosenRobot:
    """Which robot, checked. `folder`: where results and logs of this run go unless they are told elsewhere."""

    robot_file: Path
    robot: RobotConfiguration
    namespace: str
    is_sim: bool
    speed: float
    seed: int
    simulation: Simulation
    folder: Path
    store: Path | None
    photos: Path | None
    trace: Path | None

    @property
    def how(self) -> str:
        return f"simulated, up to {self.speed:g} times as fast" if self.is_sim else "real"

    def launch_arguments(self, run_dir: Path) -> dict[str, str]:
        given = {
            "sim": str(self.is_sim).lower(),
            "robot": str(self.robot_file),
            "namespace": self.namespace,
            "run_dir": str(run_dir),
            "schedule": "false",  # a robot that is started for one job does nothing else
        }
        if self.is_sim:
            given |= {
                "speed": str(self.speed),
                "seed": str(self.seed),
                "trace": str(self.trace or ""),
                **self.simulation.launch_arguments(),
            }
        if self.photos:
            given["photos"] = str(self.photos)
        if self.store:
            given["store"] = str(self.store)
        return given


@dataclass(frozen=True)
class RobotAtHand:
    """A robot that answers. `supervisor`: of its processes, where they were started here."""

    client: GraphClient
    supervisor: Supervisor | None
    store: Path
    is_sim: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sim", action="store_true", help="simulate the machine; the board's firmware runs here"
    )
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file (default: the reference tower)"
    )
    parser.add_argument(
        "--namespace", metavar="NAME", help="namespace of its nodes (default: the robot's name)"
    )
    parser.add_argument(
        "--store", type=Path, metavar="DIR", help="local store (with --sim default: a fresh one)"
    )
    simulated = parser.add_argument_group("with --sim")
    simulated.add_argument(
        "--speed",
        type=inputs.speed,
        metavar="X",
        help=f"robot seconds per second, at most (default: {SPEED:g})",
    )
    simulated.add_argument(
        "--seed", type=inputs.seed, metavar="N", help=f"which colony, which noise (default: {SEED})"
    )
    simulation.add_arguments(simulated)
    simulated.add_argument("--trace", type=Path, metavar="FILE", help="motion trace, one JSON object a line")


def add_override(parser: argparse.ArgumentParser) -> None:
    override = parser.add_argument_group("when conditions (weather, hour, last visit) speak against it")
    override.add_argument(
        "--override-by", default="", metavar="NAME", help="who decides to open nevertheless"
    )
    override.add_argument("--because", default="", metavar="TEXT", help="why; both are kept in the report")


def checked(given: argparse.Namespace, what: str) -> ChosenRobot:
    """Everything that can be known before anything starts. `what`: the job, for the name of the folder. Raises InputError."""
    path, robot = inputs.robot_file(given.robot)
    if not given.sim:
        for option in ("speed", "seed", "scenario", "day", "trace"):
            if getattr(given, option) is not None:
                raise InputError(f"--{option} belongs to a simulation; add --sim or leave it out")
    folder = inputs.output_folder(Path("reports"), "folder").joinpath(
        f"{RealClock().utc():%Y%m%d-%H%M%S}-{robot.hive.name}-{what}"
    )
    store = given.store or (folder / "store" if given.sim else None)
    return ChosenRobot(
        robot_file=path,
        robot=robot,
        namespace=given.namespace if given.namespace is not None else robot.robot,
        is_sim=given.sim,
        speed=given.speed or SPEED,
        seed=SEED if given.seed is None else given.seed,
        simulation=simulation.chosen(given, robot, given.store),
        folder=folder,
        store=inputs.output_folder(store, "--store") if store else None,
        photos=inputs.photo_folder(getattr(given, "photos", None)),
        trace=inputs.output_file(given.trace, "--trace"),
    )


def override(given: argparse.Namespace) -> dict[str, str]:
    """The fields of a goal that say who overrides the conditions. Raises InputError."""
    if bool(given.override_by) != bool(given.because):
        raise InputError("--override-by NAME and --because TEXT go together: who decides, and why")
    return {"override_by": given.override_by, "override_reason": given.because}


@contextmanager
def at_hand(chosen: ChosenRobot, interrupts: Interrupts, console: Console) -> Iterator[RobotAtHand]:
    """The robot, for as long as the block runs; ended afterwards where it was started here. Raises InputError, StartError,
    GraphError."""
    with private_folder() as run_dir:
        description = describe(chosen.robot.kind, chosen.launch_arguments(run_dir))
        store = Path(description.values["store"])
        with _robot(chosen, description, interrupts, console) as (client, supervisor):
            yield RobotAtHand(client, supervisor, store, chosen.is_sim)
            if supervisor is not None:
                console.print("Ending the robot's processes.", style="dim")


@contextmanager
def _robot(
    chosen: ChosenRobot, description: LaunchDescription, interrupts: Interrupts, console: Console
) -> Iterator[tuple[GraphClient, Supervisor | None]]:
    """A client of the robot, and the processes where they were started here."""
    with GraphClient(chosen.namespace) as client:
        if not chosen.is_sim:
            if is_up(client):
                if chosen.photos:
                    raise InputError(
                        "--photos: the robot is up already; give it to 'bee up' when you start it"
                    )
                yield client, None
                return
            inputs.serial_port(chosen.robot, chosen.robot_file)
        require_free_names(client, description)
        with started(description, chosen.folder / "log", lambda name, line: None) as supervisor:
            interrupts.when_second(supervisor.hurry)
            with console.status(f"starting {', '.join(supervisor.names)}") as status:
                wait_until_ready(client, supervisor, lambda: _leave_if(interrupts), status.update)
            console.print(
                f"{chosen.robot.robot} is up: {len(supervisor.names)} processes, logs in {supervisor.log_folder}",
                highlight=False,
                soft_wrap=True,
            )
            yield client, supervisor


def is_up(client: GraphClient) -> bool:
    """Whether the robot is up. One of which only a part answers is waited for: raises GraphError, naming what is missing."""
    try:
        client.wait_ready(RUNNING_ROBOT_S)
    except GraphError:
        if not client.sees("tower_driver", "frame_extractor"):
            return False
        client.wait_ready(SLOW_ROBOT_S)
    return True


def _leave_if(interrupts: Interrupts) -> None:
    if interrupts.count:
        raise StartError("interrupted before the visit began; nothing was opened")
