"""Starts the nodes of a launch file, passes on what they print, and ends them in order.

Every node has a session of its own, so that Ctrl-C reaches the supervisor only, which then decides who ends when.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bee_robot.cli.launching.ending import end_in_order, stop_at_once
from bee_robot.cli.launching.guardian import DONE, ForeignProcess, start_ticks
from bee_robot.cli.launching.launched_node import LaunchedNode
from bee_robot.cli.launching.output_file import OutputFile
from bee_robot.clock import wall_s

FOLLOW_S = 0.05

LineSink = Callable[[str, str], None]
"""Called with (name of the process, one line of its output), from the thread that follows the outputs."""


@dataclass(frozen=True)
class Exit:
    """A process that ended without having been asked to."""

    name: str
    code: int
    last_lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} ended ({exit_text(self.code)})"


def exit_text(code: int) -> str:
    """An exit code as subprocess gives it, in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


class NodeProcess:
    """One running node, in a session of its own, its output in a file of its own."""

    def __init__(self, node: LaunchedNode, command: Sequence[str], log_folder: Path) -> None:
        self.node = node
        self.name = node.name or node.executable
        self.sigterm_timeout_s, self.sigkill_timeout_s = node.sigterm_timeout_s, node.sigkill_timeout_s
        self._command = list(command)
        self.output = OutputFile(log_folder / f"{self.name}.log")
        self.start()

    def start(self) -> None:
        with self.output.open_for_child() as file:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.node.environment},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        if self.is_alive():
            self._process.send_signal(number)

    def exit_code(self) -> int | None:
        return self._process.poll()


class Supervisor:
    """The processes of one launch file. Use as a context manager: leaving it ends what still runs, in order."""

    def __init__(
        self, nodes: Sequence[LaunchedNode], log_folder: Path, sink: LineSink = lambda name, line: None
    ) -> None:
        self._commands = [(node, node.command()) for node in nodes]  # raises before anything has started
        self._log_folder, self._sink = log_folder, sink
        self._processes: list[NodeProcess] = []
        self._restart_at_s: dict[str, float] = {}
        self._guardian: subprocess.Popen[str] | None = None
        self._is_hurried = threading.Event()
        self._reported: set[int] = set()
        self._is_over = threading.Event()
        self._follower = threading.Thread(target=self._follow, name="outputs of nodes", daemon=True)
        self._reading = threading.Lock()

    def __enter__(self) -> Supervisor:
        self._log_folder.mkdir(parents=True, exist_ok=True)
        self._guardian = subprocess.Popen(
            [sys.executable, "-m", "bee_robot.cli.launching.guardian"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        self._follower.start()
        try:
            for node, command in self._commands:
                self._processes.append(NodeProcess(node, command, self._log_folder))
                self._guard(self._processes[-1])
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def log_folder(self) -> Path:
        return self._log_folder

    @property
    def names(self) -> list[str]:
        return [process.name for process in self._processes]

    def pid(self, name: str) -> int:
        """Process number of a node, by its name. KeyError where there is none."""
        return {process.name: process.pid for process in self._processes}[name]

    def unexpected_exits(self) -> list[Exit]:
        """Who has ended by itself since the last call. Those to be respawned are started again when their delay is over."""
        exits = []
        for process in self._processes:
            code = process.exit_code()
            if code is None:
                continue
            if process.pid not in self._reported:
                self._reported.add(process.pid)
                self._pass_on()
                exits.append(Exit(process.name, code, tuple(process.output.last_lines)))
                if process.node.respawn:
                    self._restart_at_s[process.name] = wall_s() + process.node.respawn_delay_s
            if self._restart_at_s.get(process.name, float("inf")) <= wall_s():
                del self._restart_at_s[process.name]
                process.start()
                self._guard(process)
        return exits

    def running(self) -> list[str]:
        return [process.name for process in self._processes if process.is_alive()]

    def restarts(self, name: str) -> bool:
        """Whether a process of this name is started again when it ends."""
        return any(process.node.respawn for process in self._processes if process.name == name)

    def hurry(self) -> None:
        """Stop at once instead of waiting for good ends. May be called from a signal handler."""
        self._is_hurried.set()

    def end(self) -> None:
        """End all, the last started first. Blocks until nothing runs any more; `hurry()` cuts it short."""
        end_in_order(self._processes, self._is_hurried.is_set, lambda text: self._sink("supervisor", text))
        stop_at_once([process for process in self._processes if process.is_alive()])
        self._is_over.set()
        self._follower.join(timeout=2.0)
        self._pass_on()
        self._dismiss_guardian()

    def _follow(self) -> None:
        while not self._is_over.wait(FOLLOW_S):
            self._pass_on()

    def _pass_on(self) -> None:
        with self._reading:
            for process in list(self._processes):
                for line in process.output.new_lines():
                    self._sink(process.name, line)

    def _guard(self, process: NodeProcess) -> None:
        ticks = start_ticks(process.pid)
        if ticks is None or self._guardian is None or self._guardian.stdin is None:
            return  # it has ended already
        guarded = ForeignProcess(
            process.pid, ticks, process.sigterm_timeout_s, process.sigkill_timeout_s, process.name
        )
        self._tell_guardian(guarded.as_line())

    def _tell_guardian(self, line: str) -> None:
        if self._guardian is None or self._guardian.stdin is None:
            return
        try:
            self._guardian.stdin.write(line)
            self._guardian.stdin.flush()
        except BrokenPipeError:
            self._sink("supervisor", "the guardian process is gone; nodes would outlive a killed supervisor")

    def _dismiss_guardian(self) -> None:
        if self._guardian is None or self._guardian.stdin is None:
            return
        self._tell_guardian(f"{DONE}\n")
        with contextlib.suppress(BrokenPipeError):
            self._guardian.stdin.close()
        self._guardian.wait(timeout=10.0)
        self._guardian = None
