"""Small processes that stand in for nodes: plain Python, and rclpy nodes on the embedded graph."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bee_robot.cli.launching.launched_node import LaunchedNode
from bee_robot.clock import wall_s, wall_sleep

TOY = """
import signal, sys, time
name, ending_s, order = sys.argv[1], float(sys.argv[2]), sys.argv[3]
count = 0
def note(number, _):
    global count
    count += 1
signal.signal(signal.SIGINT, note)
signal.signal(signal.SIGTERM, note)
print(name, "is ready", flush=True)
while count == 0:
    time.sleep(0.01)
until = time.monotonic() + ending_s
while time.monotonic() < until and count < 2:
    time.sleep(0.01)
with open(order, "a") as file:
    file.write(f"{name} {'at once' if count > 1 else 'well'}\\n")
"""


@dataclass(frozen=True)
class ToyNode(LaunchedNode):
    """A node whose program is a piece of Python."""

    program: tuple[str, ...] = field(default=())

    def command(self, folder: Path | None = None) -> list[str]:
        return [sys.executable, "-c", *self.program]


def toy(name: str, order: Path, ending_s: float = 0.0, **options: object) -> ToyNode:
    """Says that it is ready, waits for a signal, takes its time to end, and writes down how it ended."""
    program = (TOY, name, str(ending_s), str(order))
    return ToyNode(where="test", package="toys", executable=name, name=name, program=program, **options)  # type: ignore[arg-type]


def one_liner(text: str, name: str = "brief", **options: object) -> ToyNode:
    return ToyNode(where="test", package="toys", executable=name, name=name, program=(text,), **options)  # type: ignore[arg-type]


class Heard:
    """Collects lines; lets a test wait for one."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    def wait_for(self, *texts: str) -> None:
        until_s = wall_s() + 20
        while not all(any(text in line for _, line in self.lines) for text in texts):
            assert wall_s() < until_s, f"{texts} did not all come: {self.lines}"
            wall_sleep(0.02)


def wait_gone(pids: list[int]) -> None:
    until_s = wall_s() + 20
    while any(is_running(pid) for pid in pids):
        assert wall_s() < until_s, "processes outlived their supervisor"
        wall_sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def open_files(pid: int) -> set[str]:
    return {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}
