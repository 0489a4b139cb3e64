"""The supervisor starts processes, passes on what they say, and ends them in order; tried on small toy processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from bee_robot.cli.launching.launched_node import LaunchedNode, Respawn
from bee_robot.cli.launching.supervisor import Supervisor
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


def toy(name: str, order: Path, ending_s: float = 0.0, **options: float) -> ToyNode:
    program = (TOY, name, str(ending_s), str(order))
    return ToyNode(where="test", package="toys", executable=name, name=name, program=program, **options)  # type: ignore[arg-type]


def one_liner(text: str, **options: object) -> ToyNode:
    return ToyNode(where="test", package="toys", executable="brief", name="brief", program=(text,), **options)  # type: ignore[arg-type]


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


def test_processes_end_well_and_the_last_started_goes_first(tmp_path: Path) -> None:
    heard, order = Heard(), tmp_path / "order"
    nodes = [toy("world", order), toy("driver", order), toy("procedure", order, ending_s=0.5)]
    with Supervisor(nodes, tmp_path / "log", heard):
        heard.wait_for("world is ready", "driver is ready", "procedure is ready")
    assert order.read_text().splitlines() == ["procedure well", "driver well", "world well"]
    assert ("driver", "driver is ready") in heard.lines
    assert "driver is ready" in (tmp_path / "log" / "driver.log").read_text()


def test_hurry_stops_everything_at_once(tmp_path: Path) -> None:
    heard, order = Heard(), tmp_path / "order"
    nodes = [toy("driver", order, ending_s=60), toy("procedure", order, ending_s=60)]
    with Supervisor(nodes, tmp_path / "log", heard) as supervisor:
        heard.wait_for("driver is ready", "procedure is ready")
        threading.Timer(0.3, supervisor.hurry).start()
        began_s = wall_s()
        supervisor.end()
        assert wall_s() - began_s < 10
    assert sorted(order.read_text().splitlines()) == ["driver at once", "procedure at once"]


def test_who_does_not_end_in_time_is_told_and_then_killed(tmp_path: Path) -> None:
    stubborn = one_liner(
        "import signal,time\nfor s in (2, 15): signal.signal(s, lambda *_: None)\nprint('deaf', flush=True)\ntime.sleep(60)",
        sigterm_timeout_s=0.2,
        sigkill_timeout_s=0.2,
    )
    heard = Heard()
    with Supervisor([stubborn], tmp_path / "log", heard) as supervisor:
        heard.wait_for("deaf")
        pid = supervisor.pid("brief")
    assert not is_running(pid)
    said = [line for name, line in heard.lines if name == "supervisor"]
    assert said == [
        "brief did not end within 0.2 s; sending SIGTERM",
        "brief did not end within 0.2 s; sending SIGKILL",
    ]


def test_a_process_that_dies_is_named_with_exit_status_and_last_lines(tmp_path: Path) -> None:
    with Supervisor(
        [one_liner("print('no board on /dev/x'); raise SystemExit(2)")], tmp_path / "log"
    ) as supervisor:
        exits = []
        until_s = wall_s() + 20
        while not exits and wall_s() < until_s:
            exits = supervisor.unexpected_exits()
            wall_sleep(0.02)
        assert [str(each) for each in exits] == ["brief ended (exit status 2)"]
        assert exits[0].last_lines == ("no board on /dev/x",)
        assert supervisor.unexpected_exits() == []


def test_a_killed_process_is_said_to_be_killed(tmp_path: Path) -> None:
    heard = Heard()
    with Supervisor([toy("driver", tmp_path / "order")], tmp_path / "log", heard) as supervisor:
        heard.wait_for("driver is ready")
        os.kill(supervisor.pid("driver"), signal.SIGKILL)
        exits = []
        while not exits:
            exits = supervisor.unexpected_exits()
            wall_sleep(0.02)
    assert str(exits[0]) == "driver ended (killed by SIGKILL)"


def test_a_process_to_be_respawned_comes_back(tmp_path: Path) -> None:
    heard = Heard()
    program = f"p = {str(tmp_path / 'runs')!r}; open(p, 'a').write('x'); print('run', len(open(p).read()), flush=True)"
    with Supervisor([one_liner(program, respawn=Respawn(0.05))], tmp_path / "log", heard) as supervisor:
        until_s = wall_s() + 20
        while not any("run 3" in line for _, line in heard.lines) and wall_s() < until_s:
            supervisor.unexpected_exits()
            wall_sleep(0.02)
    assert any("run 3" in line for _, line in heard.lines)


def test_nodes_are_ended_in_order_even_if_the_supervisor_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "supervise.py"
    order = tmp_path / "order"
    script.write_text(
        "import sys, threading\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\n"
        "from test_supervisor import Supervisor, toy\n"
        f"order = Path({str(order)!r})\n"
        "nodes = [toy('driver', order), toy('procedure', order, ending_s=0.3)]\n"
        f"with Supervisor(nodes, Path({str(tmp_path / 'log')!r}), lambda name, line: print(line, flush=True)) as s:\n"
        "    print(*(s.pid(name) for name in s.names), flush=True)\n"
        "    threading.Event().wait(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment
    ) as supervisor:
        assert supervisor.stdout is not None
        pids: list[int] = []
        ready = 0
        while not pids or ready < 2:
            line = supervisor.stdout.readline()
            assert line, "the supervisor ended early"
            ready += "is ready" in line
            pids = pids or [int(word) for word in line.split() if word.isdigit()]
        supervisor.kill()
    wait_gone(pids)
    assert order.read_text().splitlines() == ["procedure well", "driver well"]
