"""How processes are ended: one after the other, the last started first, each given its time to end well."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from typing import Protocol

from bee_robot.clock import wall_s, wall_sleep

LOOK_S = 0.05
AT_ONCE_S = 3.0


class Endable(Protocol):
    """A process that can be asked to end."""

    @property
    def name(self) -> str: ...

    @property
    def sigterm_timeout_s(self) -> float: ...

    @property
    def sigkill_timeout_s(self) -> float: ...

    def is_alive(self) -> bool: ...

    def send(self, number: signal.Signals) -> None:
        """Deliver a signal; a process that is gone already is no error."""
        ...


def end_in_order(
    processes: Sequence[Endable],
    is_hurried: Callable[[], bool],
    say: Callable[[str], None],
) -> None:
    """SIGINT to the last, wait until it has ended well, then to the one before it; SIGTERM and SIGKILL when time is up.

    As soon as `is_hurried()`, everything that still runs is stopped at once. Blocks in wall time; `say` gets what a
    person should know.
    """
    for process in reversed(processes):
        if is_hurried():
            break
        if process.is_alive():
            process.send(signal.SIGINT)
            _wait_for_one(process, is_hurried, say)
    stop_at_once([process for process in processes if process.is_alive()])


def stop_at_once(processes: Sequence[Endable]) -> None:
    """Two different signals, since two equal ones may arrive as one: nodes take the second as "at once"."""
    for process in reversed(processes):
        process.send(signal.SIGINT)
        process.send(signal.SIGTERM)
    until_s = wall_s() + AT_ONCE_S
    while any(process.is_alive() for process in processes) and wall_s() < until_s:
        wall_sleep(LOOK_S)
    for process in processes:
        if process.is_alive():
            process.send(signal.SIGKILL)


def _wait_for_one(process: Endable, is_hurried: Callable[[], bool], say: Callable[[str], None]) -> None:
    for number, patience_s in (
        (signal.SIGTERM, process.sigterm_timeout_s),
        (signal.SIGKILL, process.sigkill_timeout_s),
    ):
        until_s = wall_s() + patience_s
        while process.is_alive() and wall_s() < until_s:
            if is_hurried():
                return
            wall_sleep(LOOK_S)
        if not process.is_alive():
            return
        say(f"{process.name} did not end within {patience_s:g} s; sending {number.name}")
        process.send(number)
    until_s = wall_s() + AT_ONCE_S
    while process.is_alive() and wall_s() < until_s:
        wall_sleep(LOOK_S)
