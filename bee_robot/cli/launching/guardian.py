"""A small process that outlives its supervisor: if that one is killed, the nodes are still ended in order.

Reads lines "pid start_ticks sigterm_timeout_s sigkill_timeout_s name" from standard input. The line "done" means that all
has ended; end of input without it means that the supervisor is gone. Standard library only.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from bee_robot.cli.launching.ending import end_in_order

DONE = "done"


@dataclass(frozen=True)
class ForeignProcess:
    """A process that is not our child. Its start time tells it from a later one of the same number."""

    pid: int
    start_ticks: int
    sigterm_timeout_s: float
    sigkill_timeout_s: float
    name: str

    def is_alive(self) -> bool:
        return start_ticks(self.pid) == self.start_ticks

    def send(self, number: signal.Signals) -> None:
        if self.is_alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def as_line(self) -> str:
        times = f"{self.sigterm_timeout_s} {self.sigkill_timeout_s}"
        return f"{self.pid} {self.start_ticks} {times} {self.name}\n"


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot (proc_pid_stat(5), field 22); None once it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def parse_line(line: str) -> ForeignProcess:
    pid, ticks, term_s, kill_s, name = line.split(maxsplit=4)
    return ForeignProcess(int(pid), int(ticks), float(term_s), float(kill_s), name.strip())


def main() -> int:
    known: list[ForeignProcess] = []
    for line in sys.stdin:
        if line.strip() == DONE:
            return 0
        known.append(parse_line(line))
    end_in_order(known, is_hurried=lambda: False, say=lambda _: None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
