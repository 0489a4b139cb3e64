"""Starts the processes of a launch file, passes on what they print, starts them again, and ends them in order.

Every process has a session of its own, so that Ctrl-C reaches the supervisor only, which then decides who ends when.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bee_robot.cli.launching.ending import end_in_order, stop_at_once
from bee_robot.cli.launching.guardian import DONE, ForeignProcess, start_ticks
from bee_robot.cli.launching.launched_node import LaunchedNode
from bee_robot.cli.launching.lined_yaml import LaunchError
from bee_robot.cli.launching.node_process import NodeProcess
from bee_robot.clock import wall_s

FOLLOW_S = 0.05
ONE_LINERS = (2, 3)
"""Exit statuses of nodes that have said in one line what is wrong: bad input, name taken (nodes/process.py). Started
again they would say it again."""

LineSink = Callable[[str, str], None]
"""Called with (name of the process, one line of its output), from the thread that follows the outputs."""


@dataclass(frozen=True)
class Exit:
    """A process that ended without having been asked to, or that could not be started again.

    `code` None: it could not be started, and `trouble` says why. `restart_in_s`: it is started again after so long; None:
    it is not. `ends_robot`: the others cannot go on without it.
    """

    name: str
    code: int | None
    last_lines: tuple[str, ...]
    restart_in_s: float | None = None
    restarts: int = 0
    ends_robot: bool = True
    has_respawn: bool = False
    trouble: str = ""

    def __str__(self) -> str:
        if self.code is None:
            return f"{self.name} could not be started again ({self.trouble})"
        return f"{self.name} ended ({exit_text(self.code)})"

    @property
    def consequence(self) -> str:
        """What follows, for people."""
        if self.restart_in_s is not None:
            return f"it is started again in {self.restart_in_s:g} s"
        end = "the others are ended" if self.has_respawn else "motion stops"
        return self._given_up() + (end if self.ends_robot else "the others go on without it")

    def _given_up(self) -> str:
        if not self.is_given_up:
            return ""
        if self.code in ONE_LINERS:
            return "it would end so again, and is given up; "
        return f"it is given up after {self.restarts} restarts; "

    @property
    def is_given_up(self) -> bool:
        """Whether it was to be started again whenever it ends, and now is no more."""
        return self.restart_in_s is None and self.has_respawn


@dataclass(frozen=True)
class Ending:
    """How a process ended in the end. `took_s`: from being asked until it was gone; None: it had ended before that."""

    name: str
    code: int | None
    took_s: float | None
    restarts: int

    @property
    def is_well(self) -> bool:
        return self.code == 0 or self.code is None

    def __str__(self) -> str:
        if self.code is None:
            return f"{self.name} was not started"
        how = "well" if self.code == 0 and self.took_s is not None else exit_text(self.code)
        when = "before" if self.took_s is None else f"{self.took_s:.1f} s"
        again = f", after {self.restarts} restarts" if self.restarts else ""
        return f"{self.name} {how} ({when}{again})"


def exit_text(code: int) -> str:
    """An exit code as subprocess gives it, in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def labels(nodes: Sequence[LaunchedNode]) -> list[str]:
    """What each process is called, in the order given; two of one name are told apart by namespace, then by number."""
    plain = [node.label for node in nodes]
    is_taken = Counter(plain)
    full = [
        f"{node.namespace.strip('/').replace('/', '_')}_{name}".strip("_") if is_taken[name] > 1 else name
        for node, name in zip(nodes, plain)
    ]
    seen: Counter[str] = Counter()
    numbered = []
    for name in full:
        seen[name] += 1
        numbered.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return numbered


class Supervisor:
    """The processes of one launch file. Use as a context manager: leaving it ends what still runs, in order.

    `waits`: nothing is started by entering; `start` starts one after the other. Otherwise all are started at once.
    `keep_open`: files that stay open until the last process has ended, also if this one is killed before.
    """

    def __init__(
        self,
        nodes: Sequence[LaunchedNode],
        log_folder: Path,
        sink: LineSink = lambda name, line: None,
        waits: bool = False,
        environment: Mapping[str, str] | None = None,
        keep_open: Sequence[int] = (),
    ) -> None:
        for node in nodes:
            node.command()  # raises before anything has started
        self._nodes, self._waits, self._keep_open = nodes, waits, keep_open
        self._log_folder, self._sink = log_folder, sink
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
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
        for node, label in zip(self._nodes, labels(self._nodes)):
            self._processes.append(NodeProcess(node, label, self._log_folder, self._environment))
        self._guardian = subprocess.Popen(
            [sys.executable, "-m", "bee_robot.cli.launching.guardian"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
            pass_fds=tuple(self._keep_open),
        )
        self._follower.start()
        if not self._waits:
            try:
                for process in self._processes:
                    self.start(process.name)
            except BaseException:
                self.end()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def log_folder(self) -> Path:
        return self._log_folder

    def log_file(self, name: str) -> Path:
        """Where what a process prints is kept."""
        return self._log_folder / f"{name}.log"

    @property
    def names(self) -> list[str]:
        """All processes in the order of the table, whether they run or not."""
        return [process.name for process in self._processes]

    def node(self, name: str) -> LaunchedNode:
        """What the table says about a process. KeyError where there is none of that name."""
        return self._process(name).node

    def pid(self, name: str) -> int:
        """Process number. KeyError where there is none of that name, or it has not been started."""
        pid = self._process(name).pid
        if pid is None:
            raise KeyError(name)
        return pid

    def prepare(self, name: str) -> None:
        """Let a node import what it needs, so that `start` is quick. Raises LaunchError."""
        process = self._process(name)
        if process.pid is None:
            process.prepare()
            self._guard(process)

    def start(self, name: str) -> None:
        """Start a process that has not been started. Raises LaunchError."""
        process = self._process(name)
        if not process.is_started:
            process.start()
            self._guard(process)

    def unexpected_exits(self) -> list[Exit]:
        """Who has ended by itself since the last call. Those to be respawned are started again when their delay is over."""
        exits = []
        for process in self._processes:
            code, pid = process.exit_code(), process.pid
            if code is None or pid is None:
                continue
            if pid not in self._reported:
                self._reported.add(pid)
                exits.append(self._noted_exit(process, code))
            if self._restart_at_s.get(process.name, float("inf")) <= wall_s():
                del self._restart_at_s[process.name]
                exits += self._restarted(process)
        return exits

    def _restarted(self, process: NodeProcess) -> list[Exit]:
        """Start it again; what keeps it from starting (a full disk, too many processes) may pass, as what ended it may."""
        try:
            process.start()
        except (LaunchError, OSError) as error:
            return [self._exit(process, None, trouble=str(error))]
        self._guard(process)
        return []

    def _noted_exit(self, process: NodeProcess, code: int) -> Exit:
        with self._reading:
            self._pass_on(process.name, process.output.rest())
        return self._exit(process, code)

    def _exit(self, process: NodeProcess, code: int | None, trouble: str = "") -> Exit:
        """What follows from an end, and when the process comes back."""
        before, respawn = process.restarts.count, process.node.respawn
        delay_s = None if code in ONE_LINERS else process.restarts.delay_s(wall_s())
        if delay_s is not None:
            self._restart_at_s[process.name] = wall_s() + delay_s
        return Exit(
            process.name,
            code,
            tuple(process.output.last_lines),
            delay_s,
            before,
            ends_robot=delay_s is None and (respawn is None or respawn.ends_robot),
            has_respawn=respawn is not None,
            trouble=trouble,
        )

    def running(self) -> list[str]:
        return [process.name for process in self._processes if process.is_started and process.is_alive()]

    def hurry(self) -> None:
        """Stop at once instead of waiting for good ends. May be called from a signal handler."""
        self._is_hurried.set()

    def end(self) -> None:
        """End all, the last started first. Blocks until nothing runs any more; `hurry()` cuts it short."""
        if self._is_over.is_set():
            return
        self._restart_at_s.clear()
        end_in_order(self._processes, self._is_hurried.is_set, lambda text: self._sink("supervisor", text))
        stop_at_once([process for process in self._processes if process.is_alive()])
        self._is_over.set()
        self._follower.join(timeout=2.0)
        with self._reading:
            for process in self._processes:
                self._pass_on(process.name, process.output.rest())
                process.close()
        self._dismiss_guardian()

    def endings(self) -> list[Ending]:
        """How all have ended, in the order in which they were asked to. Call after `end`."""
        endings = []
        for process in reversed(self._processes):
            code = process.exit_code() if process.is_started else None
            took_s = None
            if process.asked_s is not None and process.ended_s is not None:
                took_s = process.ended_s - process.asked_s
            endings.append(Ending(process.name, code, took_s, process.restarts.count))
        return endings

    def _process(self, name: str) -> NodeProcess:
        return {process.name: process for process in self._processes}[name]

    def _follow(self) -> None:
        while not self._is_over.wait(FOLLOW_S):
            with self._reading:
                for process in self._processes:
                    self._pass_on(process.name, process.output.new_lines())

    def _pass_on(self, name: str, lines: list[str]) -> None:
        process = self._process(name)
        if process.node.is_on_screen:
            for line in lines:
                self._sink(name, line)
        if process.output.trouble:
            self._sink("supervisor", process.output.trouble)
            process.output.trouble = ""

    def _guard(self, process: NodeProcess) -> None:
        if process.pid is None:
            return  # nothing of it runs yet
        ticks = start_ticks(process.pid)
        if ticks is None:
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
