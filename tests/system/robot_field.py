"""A place for whole robots in processes of their own: a folder, a graph and a store that no other test has."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bee_robot.clock import wall_s, wall_sleep

ROOT = Path(__file__).resolve().parents[2]
TOWER = ROOT / "config" / "robots" / "tower.yaml"


def hang_up_ends() -> None:
    """In a child: SIGHUP means what it means in a terminal, also where the tests run under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@dataclass
class Bee:
    """A running `bee` command; its output is read from a file, so that nothing blocks."""

    process: subprocess.Popen[bytes]
    output_file: Path
    seen: int = field(default=0)

    @property
    def output(self) -> str:
        return self.output_file.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, text: str, timeout_s: float = 60) -> None:
        until_s = wall_s() + timeout_s
        while text not in self.output:
            assert self.process.poll() is None, f"ended before '{text}' came:\n{self.output}"
            assert wall_s() < until_s, f"'{text}' did not come within {timeout_s:g} s:\n{self.output}"
            wall_sleep(0.05)

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self, timeout_s: float = 100) -> int:
        """Its exit status."""
        try:
            return self.process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {timeout_s:g} s:\n{self.output}") from None


@dataclass
class Field:
    """A place of its own for one test: folder, graph, store."""

    folder: Path
    environment: dict[str, str]
    running: list[Bee] = field(default_factory=list)

    def bee(self, *words: str) -> Bee:
        number = len(self.running)
        output_file = self.folder / f"bee{number}.txt"
        with output_file.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "bee_robot.cli.main", *words],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=hang_up_ends,
            )
        self.running.append(Bee(process, output_file))
        return self.running[-1]

    def robot_file(self, frames: int) -> Path:
        """The reference tower with fewer frames in its boxes: a short visit."""
        path = self.folder / "robot.yaml"
        text = TOWER.read_text(encoding="utf-8")
        assert "frames_per_box: 10" in text
        path.write_text(text.replace("frames_per_box: 10", f"frames_per_box: {frames}"), encoding="utf-8")
        return path

    def json(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return found

    def nodes(self) -> dict[str, int]:
        """Process numbers of the nodes of this field's robots, by their names."""
        return {name: number for number, name in self._processes()}

    def all_nodes(self, name: str) -> list[int]:
        """Process numbers of all nodes of this name."""
        return [number for number, its in self._processes() if its == name]

    def _processes(self) -> Iterator[tuple[int, str]]:
        mine = f"BEE_TEST_FIELD={self.environment['BEE_TEST_FIELD']}".encode()
        for path in Path("/proc").glob("[0-9]*"):
            try:
                environment = (path / "environ").read_bytes()
                words = (path / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended, or is somebody else's
            names = [word.partition(b":=")[2].decode() for word in words if word.startswith(b"__node:=")]
            if names and mine in environment.split(b"\0"):
                yield int(path.name), names[0]

    def wait_until_no_node_runs(self, timeout_s: float = 30) -> None:
        until_s = wall_s() + timeout_s
        while self.nodes():
            assert wall_s() < until_s, f"still running: {self.nodes()}"
            wall_sleep(0.1)
