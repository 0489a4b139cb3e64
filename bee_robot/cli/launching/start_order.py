"""Starting processes in the order of their table, each when those above it are ready."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bee_robot.cli.launching.supervisor import ONE_LINERS, Exit, Supervisor
from bee_robot.clock import wall_s, wall_sleep

LOOK_S = 0.03
PATIENCE_S = 3.0
"""A node that takes longer is named, and again whenever its state is another."""
PREPARED_AHEAD = max(2, os.cpu_count() or 1)
"""How many nodes import what they need before their turn: as many as there are cores, so that they do not slow the first."""


class StartError(Exception):
    """The robot did not come up. One line: what, where, what to do."""


class NodeState(Protocol):
    """Where a node is on its way to being ready."""

    @property
    def is_ready(self) -> bool: ...

    @property
    def says(self) -> str: ...


Look = Callable[[str], NodeState]
"""Called with the full name of a node, again and again until it is ready."""


@dataclass
class _Turn:
    """One process whose turn it is."""

    name: str
    full_name: str | None
    limit_s: float
    begun_s: float
    said: str = ""


def prepare_first(supervisor: Supervisor) -> None:
    """Let the first processes import what they need: for what is to be done before the first may start."""
    for name in supervisor.names[:PREPARED_AHEAD]:
        supervisor.prepare(name)


def start_in_order(
    supervisor: Supervisor, look: Look, while_waiting: Callable[[], None], say: Callable[[str], None]
) -> None:
    """Start all processes of a supervisor that waits for it. Blocks until the last is ready.

    `while_waiting` is called all the time and may raise; `say` gets lines for people. A process whose table names no node
    counts as ready when it runs. Raises StartError where one ends, or is not ready within its limit.
    """
    names = supervisor.names
    for number, name in enumerate(names):
        supervisor.start(name)
        for following in names[number + 1 : number + 1 + PREPARED_AHEAD]:
            supervisor.prepare(following)
        node = supervisor.node(name)
        turn = _Turn(name, node.full_name, node.ready_timeout_s, wall_s())
        while not _is_ready(turn, supervisor, look, say):
            while_waiting()
            wall_sleep(LOOK_S)
        say(f"{name} is up after {wall_s() - turn.begun_s:.1f} s ({number + 1} of {len(names)})")
    refuse_ended(supervisor)


def refuse_ended(supervisor: Supervisor) -> None:
    """Raises StartError where a process has ended that should be starting, whether it would be started again or not."""
    for ended in supervisor.unexpected_exits():
        raise StartError(start_failure(ended, supervisor))


def start_failure(ended: Exit, supervisor: Supervisor) -> str:
    """Why a process ended at the start: its own line where it has one to say."""
    words = [line.strip() for line in ended.last_lines if line.strip()]
    if ended.code in ONE_LINERS and words:
        return words[-1]
    said = f": {words[-1]}" if words else ""
    return f"{ended}{said}; see {supervisor.log_file(ended.name)}"


def _is_ready(turn: _Turn, supervisor: Supervisor, look: Look, say: Callable[[str], None]) -> bool:
    refuse_ended(supervisor)
    if turn.full_name is None:
        return turn.name in supervisor.running()
    state = look(turn.full_name)
    if state.is_ready:
        return True
    waited_s = wall_s() - turn.begun_s
    if waited_s > turn.limit_s:
        raise StartError(
            f"{turn.name} is not ready after {turn.limit_s:g} s: {turn.full_name} is {state.says}; "
            f"see {supervisor.log_file(turn.name)}"
        )
    if waited_s > PATIENCE_S and state.says != turn.said:
        turn.said = state.says
        say(f"waiting for {turn.name}: {state.says}")
    return False
