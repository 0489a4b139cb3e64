"""Starting a robot's processes from its launch file, and waiting until they answer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bee_robot.cli import locations
from bee_robot.cli.inputs import InputError
from bee_robot.cli.launching.launch_file import LaunchDescription, load
from bee_robot.cli.launching.lined_yaml import LaunchError
from bee_robot.cli.launching.supervisor import Exit, LineSink, Supervisor
from bee_robot.clock import wall_sleep
from bee_robot.nodes.graph_client import GraphClient

READY_S = 60.0
DISCOVERY_S = 0.5
"""Until the nodes of a robot that runs already have been seen."""
ONE_LINERS = (2, 3)
"""Exit statuses of nodes that have said in one line what is wrong: bad input, name taken (nodes/process.py)."""


class StartError(Exception):
    """The robot did not come up. One line: what, where, what to do."""


def describe(robot_kind: str, arguments: Mapping[str, str]) -> LaunchDescription:
    """The launch file of a kind of robot, evaluated. Raises InputError."""
    path = locations.launch_file(robot_kind)
    if path is None:
        raise InputError(
            f"no launch file {robot_kind}.launch.yaml; known robots: {', '.join(known_robots()) or 'none'}"
        )
    try:
        return load(path, arguments)
    except LaunchError as error:
        raise InputError(str(error)) from None


def known_robots() -> list[str]:
    share = locations.share_folder()
    return (
        sorted(path.name.split(".")[0] for path in (share / "launch").glob("*.launch.yaml")) if share else []
    )


@contextmanager
def started(description: LaunchDescription, log_folder: Path, sink: LineSink) -> Iterator[Supervisor]:
    """The robot's processes, running; ended in order at the end. Raises InputError where one cannot be started."""
    try:
        supervisor = Supervisor(description.nodes, log_folder, sink)
    except LaunchError as error:
        raise InputError(str(error)) from None
    with supervisor:
        yield supervisor


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for the sockets and ports of one run that nobody else may enter."""
    with tempfile.TemporaryDirectory(prefix="bee-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def require_free_names(client: GraphClient, description: LaunchDescription) -> None:
    """Two robots of one name on one graph would obey each other's people. Raises StartError."""
    wall_sleep(DISCOVERY_S)
    present = client.nodes()
    for node in description.nodes:
        name = f"/{node.namespace.strip('/')}/{node.name}".replace("//", "/")
        if name in present:
            raise StartError(
                f"node name {name} is taken on this graph; stop the other robot, or give this one a namespace "
                "(--namespace) or another ROS_DOMAIN_ID"
            )


def wait_until_ready(
    client: GraphClient, supervisor: Supervisor, while_waiting: Callable[[], None] = lambda: None
) -> None:
    """Until driver and extractor answer. Raises StartError with the words of the process that did not start."""

    def look() -> None:
        for ended in supervisor.unexpected_exits():
            raise StartError(start_failure(ended, supervisor.log_folder))
        while_waiting()

    client.wait_ready(READY_S, look)


def start_failure(ended: Exit, log_folder: Path) -> str:
    """Why a process ended at the start: its own line where it has one to say."""
    words = [line.strip() for line in ended.last_lines if line.strip()]
    if ended.code in ONE_LINERS and words:
        return words[-1]
    said = f": {words[-1]}" if words else ""
    return f"{ended}{said}; see {log_folder / (ended.name + '.log')}"
