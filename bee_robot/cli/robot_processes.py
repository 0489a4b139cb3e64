"""Starting a robot's processes from its launch file, and waiting until they answer."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from bee_robot.cli import locations
from bee_robot.cli.inputs import InputError
from bee_robot.cli.launching.launch_file import LaunchArgument, LaunchDescription, declared_arguments, load
from bee_robot.cli.launching.lined_yaml import LaunchError
from bee_robot.cli.launching.start_order import StartError, prepare_first, refuse_ended, start_in_order
from bee_robot.cli.launching.supervisor import LineSink, Supervisor
from bee_robot.clock import wall_sleep
from bee_robot.nodes.graph_client import GraphClient
from bee_robot.nodes.taken_name import DISCOVERY_S, NameTakenError

ANSWER_S = 30.0
"""From all nodes being ready until the tower's state has come and its actions are served."""
EXTRACTOR = "frame_extractor"
LOCK = "robot.lock"


def describe(kind: str, arguments: Mapping[str, str]) -> LaunchDescription:
    """The launch file of a kind of robot, or of a console, evaluated. Raises InputError."""
    try:
        return load(table(kind), arguments)
    except LaunchError as error:
        raise InputError(str(error)) from None


def table(kind: str) -> Path:
    """The launch file of this kind, or of this path. Raises InputError."""
    if kind.endswith((".yaml", ".yml")):
        if not Path(kind).is_file():
            raise InputError(f"launch file {kind} does not exist")
        return Path(kind).absolute()
    path = locations.launch_file(kind)
    if path is None:
        raise InputError(f"no launch file {kind}.launch.yaml; known: {', '.join(known_robots()) or 'none'}")
    return path


def arguments_of(kind: str) -> list[LaunchArgument]:
    """What may be given to the launch file of this kind. Raises InputError."""
    try:
        return declared_arguments(table(kind))
    except LaunchError as error:
        raise InputError(str(error)) from None


def known_robots() -> list[str]:
    share = locations.share_folder()
    return (
        sorted(path.name.split(".")[0] for path in (share / "launch").glob("*.launch.yaml")) if share else []
    )


@contextmanager
def started(description: LaunchDescription, log_folder: Path, sink: LineSink) -> Iterator[Supervisor]:
    """The robot's processes, which `wait_until_ready` starts; ended in order at the end.

    Raises InputError where one cannot be started, StartError where another robot uses the same store.
    """
    store = description.values.get("store")
    robot = description.values.get("namespace") or description.path.name.split(".")[0]
    try:
        with reserved(Path(store), robot) if store else nullcontext() as lock:
            supervisor = Supervisor(
                description.nodes, log_folder, sink, waits=True, keep_open=() if lock is None else (lock,)
            )
            with supervisor:
                prepare_first(supervisor)
                yield supervisor
    except LaunchError as error:
        raise InputError(str(error)) from None


@contextmanager
def reserved(store: Path, robot: str) -> Iterator[int]:
    """Keep a store for one robot: its journal says how *this* robot's last visit ended. Yields the file that is locked.

    The lock is held as long as any process has that file open. Raises StartError where another robot has the store.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
        file = os.open(store / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StartError(
            f"store {store} cannot be used ({error.strerror}); give another one (--store DIR)"
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(file, 0)
        os.pwrite(file, f"{robot} (process {os.getpid()})\n".encode(), 0)
        yield file
    except BlockingIOError:
        owner = os.pread(file, 200, 0).decode(errors="replace").strip() or "another robot"
        raise StartError(_store_is_taken(store, robot, owner)) from None
    finally:
        os.close(file)


def _store_is_taken(store: Path, robot: str, owner: str) -> str:
    if owner.partition(" ")[0] == robot:
        return (
            f"{owner} is up already: its name is taken, and its store {store}; stop that one, or give this robot a "
            "namespace and a store of its own (--namespace NAME --store DIR)"
        )
    return f"store {store} is in use by {owner}; stop that one, or give this robot a store of its own (--store DIR)"


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
        if node.full_name in present:
            raise StartError(str(NameTakenError(node.full_name)))


def wait_until_ready(
    client: GraphClient,
    supervisor: Supervisor,
    while_waiting: Callable[[], None] = lambda: None,
    say: Callable[[str], None] = lambda text: None,
) -> None:
    """Start the processes in their order, and wait until all are ready, and a tower answers where the table has one.

    Raises StartError with the words of the process that did not start, or the state of the one that is not ready.
    """
    start_in_order(supervisor, client.readiness, while_waiting, say)
    if any(supervisor.node(name).executable == EXTRACTOR for name in supervisor.names):

        def look() -> None:
            refuse_ended(supervisor)
            while_waiting()

        client.wait_ready(ANSWER_S, look)
