"""One process of a launch file: prepared, started, ended, started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from bee_robot.cli.launching.launched_node import LaunchedNode, Respawn
from bee_robot.cli.launching.lined_yaml import LaunchError
from bee_robot.cli.launching.output_file import OutputFile
from bee_robot.cli.launching.prepared import GO
from bee_robot.clock import wall_s

LONGEST_DELAY_S = 60.0


class Restarts:
    """When a process that has ended by itself comes back. Times in seconds of wall time."""

    def __init__(self, respawn: Respawn | None) -> None:
        self._respawn = respawn
        self._ended_s: deque[float] = deque()
        self.count = 0

    def delay_s(self, now_s: float) -> float | None:
        """It has ended: how long until it comes back; None where it does not, or is given up."""
        if self._respawn is None:
            return None
        while self._ended_s and now_s - self._ended_s[0] > self._respawn.window_s:
            self._ended_s.popleft()
        if len(self._ended_s) >= self._respawn.limit:
            return None
        delay_s = min(self._respawn.delay_s * 2.0 ** len(self._ended_s), LONGEST_DELAY_S)
        self._ended_s.append(now_s)
        self.count += 1
        return delay_s


class NodeProcess:
    """In a session of its own, its output in a file of its own. Raises LaunchError where it cannot be started."""

    def __init__(
        self, node: LaunchedNode, label: str, log_folder: Path, environment: Mapping[str, str]
    ) -> None:
        self.node, self.name = node, label
        self.sigterm_timeout_s, self.sigkill_timeout_s = node.sigterm_timeout_s, node.sigkill_timeout_s
        self.output = OutputFile(log_folder / f"{label}.log")
        self.restarts = Restarts(node.respawn)
        self.is_started = False
        self.asked_s: float | None = None
        self.ended_s: float | None = None
        self._log_folder, self._outer = log_folder, environment
        self._process: subprocess.Popen[bytes] | None = None
        self._go: int | None = None

    def prepare(self) -> None:
        """Import the node's module without starting the node; does nothing for programs that are no Python module."""
        module = self.node.module()
        if module is None or self._process is not None:
            return
        waits, self._go = os.pipe()
        try:
            program = [sys.executable, "-m", "bee_robot.cli.launching.prepared", str(waits), module]
            self._run([*self.node.prefix, *program, *self.node.words(self._log_folder)], (waits,))
        finally:
            os.close(waits)

    def start(self) -> None:
        """Start it, or let it go on where it has been prepared."""
        self.is_started = True
        if self._go is None:
            self._run(self.node.command(self._log_folder), ())
            return
        try:
            os.write(self._go, GO)
        except BrokenPipeError:
            pass  # it has ended already, which its exit status tells
        finally:
            os.close(self._go)
            self._go = None

    def _run(self, command: list[str], pass_fds: tuple[int, ...]) -> None:
        both = {**self._outer, **self.node.environment}
        self.ended_s = None
        try:
            with self.output.open_for_child() as file:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    cwd=self.node.folder,
                    pass_fds=pass_fds,
                    env={name: value for name, value in both.items() if value is not None},
                )
        except OSError as error:
            what = f"{error.filename or command[0]}: {error.strerror}"
            raise LaunchError(f"{self.node.where}: {self.name} cannot be started ({what})") from None

    @property
    def pid(self) -> int | None:
        """None while nothing of it runs yet."""
        return self._process.pid if self._process else None

    def is_alive(self) -> bool:
        return self._process is not None and self.exit_code() is None

    def exit_code(self) -> int | None:
        """As subprocess gives it; None while it runs, or has not been started."""
        code = self._process.poll() if self._process else None
        if code is not None and self.ended_s is None:
            self.ended_s = wall_s()
        return code

    def send(self, number: signal.Signals) -> None:
        if self.is_alive() and self._process is not None:
            self.asked_s = wall_s() if self.asked_s is None else self.asked_s
            self._process.send_signal(number)

    def close(self) -> None:
        """Call when it has ended."""
        if self._go is not None:
            os.close(self._go)
            self._go = None
        self.output.close()
