"""`bee inspect`: one visit to one box, watched until the hive is closed and the report is written."""

from __future__ import annotations

import argparse
import sys
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
from bee_robot.cli.locations import remember_store
from bee_robot.cli.robot_processes import (
    describe,
    private_folder,
    require_free_names,
    started,
    wait_until_ready,
)
from bee_robot.cli.simulation import Simulation
from bee_robot.cli.summary import VisitEnd, as_json, print_summary
from bee_robot.cli.watching import watch_visit
from bee_robot.clock import RealClock, wall_s
from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LATEST, LocalStore
from bee_robot.configuration import RobotConfiguration
from bee_robot.console.report import write_report
from bee_robot.nodes.graph_client import GraphClient, GraphError

NAME = "inspect"
HELP = "Visit a box: lift and photograph every frame, close the hive, report"

EXIT_BAD_INPUT, EXIT_FAILED = 2, 3
SPEED = 6.0
SEED = 1
RUNNING_ROBOT_S = 2.0
EXIT_STATUS = """\
exit status: 0 closed and safe; 1 held, a person is needed; 2 bad input, nothing moved; 3 the robot did not come up;
4 closed, but a rule of the rulebook was broken; 5 conditions did not allow it, nothing was opened; 130 interrupted
(the hive was closed first, unless a second Ctrl-C stopped everything at once).
"""


@dataclass(frozen=True)
class Order:
    """What is to be done, checked."""

    box: int
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
    json: Path | None
    trace: Path | None
    report: Path | None
    override_by: str
    because: str

    @property
    def title(self) -> str:
        how = f"simulated, up to {self.speed:g} times as fast" if self.is_sim else "real"
        return f"{self.robot.robot} visits box {self.box} of {self.robot.hive.name} ({how})"

    def launch_arguments(self, run_dir: Path) -> dict[str, str]:
        given = {
            "sim": str(self.is_sim).lower(),
            "robot": str(self.robot_file),
            "namespace": self.namespace,
            "run_dir": str(run_dir),
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXIT_STATUS
    parser.add_argument(
        "--box", type=inputs.counting_number, required=True, metavar="N", help="box, from 1 at the bottom"
    )
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
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="photographs that the frame cameras deliver"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="where the HTML report goes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="how it ended, as JSON")
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
    override = parser.add_argument_group("when conditions (weather, hour, last visit) speak against it")
    override.add_argument(
        "--override-by", default="", metavar="NAME", help="who decides to open nevertheless"
    )
    override.add_argument("--because", default="", metavar="TEXT", help="why; both are kept in the report")


def run(arguments: argparse.Namespace) -> int:
    """See EXIT_STATUS."""
    console = Console()
    began_s = wall_s()
    try:
        order = _checked(arguments)
        with Interrupts() as interrupts:
            end, store = _visit(order, interrupts, console)
        end = _with_report(end, store, order)
    except InputError as error:
        sys.stderr.write(f"bee inspect: {error}\n")
        return EXIT_BAD_INPUT
    except (StartError, GraphError) as error:
        sys.stderr.write(f"bee inspect: {error}\n")
        return EXIT_FAILED
    print_summary(end, order.robot.hive.box(order.box).frames_per_box, console)
    if order.json is not None:
        more = {
            "robot": order.robot.robot,
            "hive": order.robot.hive.name,
            "box": order.box,
            "store": str(store),
        }
        order.json.write_text(
            as_json(end, {**more, "wall_s": round(wall_s() - began_s, 1)}) + "\n", encoding="utf-8"
        )
    return end.exit_status()


def _checked(given: argparse.Namespace) -> Order:
    """Everything that can be known before anything starts. Raises InputError."""
    path, robot = inputs.robot_file(given.robot)
    if not given.sim:
        for option in ("speed", "seed", "scenario", "day", "trace"):
            if getattr(given, option) is not None:
                raise InputError(f"--{option} belongs to a simulation; add --sim or leave it out")
    if bool(given.override_by) != bool(given.because):
        raise InputError("--override-by NAME and --because TEXT go together: who decides, and why")
    json_file, report = inputs.output_file(given.json, "--json"), inputs.output_file(given.report, "--report")
    if json_file and report and report.with_suffix(".json") == json_file:
        raise InputError(
            f"--json {given.json}: the report writes its own data there; give --json another name"
        )
    folder = inputs.output_folder(Path("reports"), "folder").joinpath(
        f"{RealClock().utc():%Y%m%d-%H%M%S}-{robot.hive.name}-box{given.box}"
    )
    store = given.store or (folder / "store" if given.sim else None)
    return Order(
        box=inputs.box_of(robot, given.box, path),
        robot_file=path,
        robot=robot,
        namespace=given.namespace if given.namespace is not None else robot.robot,
        is_sim=given.sim,
        speed=given.speed or SPEED,
        seed=SEED if given.seed is None else given.seed,
        simulation=simulation.chosen(given, robot, given.store),
        folder=folder,
        store=inputs.output_folder(store, "--store") if store else None,
        photos=inputs.photo_folder(given.photos),
        json=json_file,
        trace=inputs.output_file(given.trace, "--trace"),
        report=report,
        override_by=given.override_by,
        because=given.because,
    )


def _visit(order: Order, interrupts: Interrupts, console: Console) -> tuple[VisitEnd, Path]:
    """The visit on a robot that runs already, or on one that is started for it."""
    with private_folder() as run_dir:
        description = describe(order.robot.kind, order.launch_arguments(run_dir))
        store = Path(description.values["store"])
        with _robot(order, description, interrupts, console) as (client, supervisor):
            handle = client.start_inspection(
                order.robot.hive.name, order.box, order.override_by, order.because
            )
            end = watch_visit(
                client, handle, supervisor, interrupts, order.title, order.robot, order.box, console
            )
            if supervisor is not None:
                console.print("Ending the robot's processes.", style="dim")
        return end, store


@contextmanager
def _robot(
    order: Order, description: LaunchDescription, interrupts: Interrupts, console: Console
) -> Iterator[tuple[GraphClient, Supervisor | None]]:
    """A client of the robot, and the processes where they were started here."""
    with GraphClient(order.namespace) as client:
        if not order.is_sim:
            if _is_up(client):
                if order.photos:
                    raise InputError(
                        "--photos: the robot is up already; give it to 'bee up' when you start it"
                    )
                yield client, None
                return
            inputs.serial_port(order.robot, order.robot_file)
        require_free_names(client, description)
        with started(description, order.folder / "log", lambda name, line: None) as supervisor:
            interrupts.when_second(supervisor.hurry)
            with console.status(f"starting {', '.join(supervisor.names)}") as status:
                wait_until_ready(client, supervisor, lambda: _leave_if(interrupts), status.update)
            console.print(
                f"{order.robot.robot} is up: {len(supervisor.names)} processes, logs in {supervisor.log_folder}",
                highlight=False,
                soft_wrap=True,
            )
            yield client, supervisor


def _is_up(client: GraphClient) -> bool:
    try:
        client.wait_ready(RUNNING_ROBOT_S)
    except GraphError:
        return False
    return True


def _leave_if(interrupts: Interrupts) -> None:
    if interrupts.count:
        raise StartError("interrupted before the visit began; nothing was opened")


def _with_report(end: VisitEnd, store: Path, order: Order) -> VisitEnd:
    """The visit with its report, written when everything is in the store."""
    if end.is_refused or not (store / "store.sqlite").is_file():
        return end
    remember_store(store)
    out = order.report or (order.folder / "report.html" if order.is_sim else None)
    try:
        with LocalStore.open(store, create=False) as opened:
            # where the extractor died, nobody has told the visit's name
            inspection = end.result.inspection or opened.find_inspection(LATEST)
            return end.with_report(write_report(opened, inspection, out))
    except StoreError as error:
        sys.stderr.write(f"bee inspect: no report: {error}\n")
        return end
