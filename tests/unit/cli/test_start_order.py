"""Nodes start one after the other, each when those above it are ready; who is not is named. Tried on stand-in nodes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from stand_ins import Heard, one_liner, toy

from bee_robot.cli.launching.launched_node import LaunchedNode, Respawn
from bee_robot.cli.launching.start_order import StartError, prepare_first, start_in_order
from bee_robot.cli.launching.supervisor import Supervisor
from bee_robot.clock import wall_s, wall_sleep


@dataclass
class State:
    is_ready: bool
    says: str


@dataclass(frozen=True)
class ModuleNode(LaunchedNode):
    """A node that is a Python module, so that it can be prepared."""

    def module(self) -> str:
        return "stand_in_node"


NODE = """
import sys, signal
print("imported", sys.argv[0] == "-m", flush=True)
def main():
    stop = []
    for number in (2, 15):
        signal.signal(number, lambda *_: stop.append(1))
    print("begun", *sys.argv[1:3], flush=True)
    while not stop:
        signal.pause()
    print("ended well", flush=True)
"""


def module_node(folder: Path, name: str = "driver", text: str = NODE) -> ModuleNode:
    (folder / "stand_in_node.py").write_text(text)
    paths = os.pathsep.join([str(folder), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    return ModuleNode(
        "test", "toys", "driver", name, arguments=("one", "two"), environment={"PYTHONPATH": paths}
    )


def no_wait() -> None:
    pass


@contextmanager
def supervised(nodes: list[LaunchedNode], folder: Path, heard: Heard) -> Iterator[Supervisor]:
    with Supervisor(nodes, folder / "log", heard, waits=True) as supervisor:
        yield supervisor


def test_each_waits_for_those_above_it(tmp_path: Path) -> None:
    heard, order = Heard(), tmp_path / "order"
    looks: list[tuple[str, list[str]]] = []
    with supervised([toy("world", order), toy("driver", order)], tmp_path, heard) as supervisor:

        def look(name: str) -> State:
            looks.append((name, supervisor.running()))
            is_ready = any(name == f"/{who}" and "is ready" in line for who, line in heard.lines)
            return State(is_ready, "not on the graph")

        said: list[str] = []
        start_in_order(supervisor, look, no_wait, said.append)
        assert supervisor.running() == ["world", "driver"]
    assert all(running == ["world"] for name, running in looks if name == "/world")
    assert [line.split(" is up after")[0] for line in said] == ["world", "driver"]
    assert said[0].endswith("(1 of 2)")


def test_who_is_not_ready_in_time_is_named_with_state_and_log(tmp_path: Path) -> None:
    slow = toy("driver", tmp_path / "order", ready_timeout_s=0.3)
    with (
        supervised([slow], tmp_path, Heard()) as supervisor,
        pytest.raises(StartError) as caught,
    ):
        start_in_order(supervisor, lambda name: State(False, "on the graph, inactive"), no_wait, print)
    assert str(caught.value) == (
        f"driver is not ready after 0.3 s: /driver is on the graph, inactive; see {tmp_path}/log/driver.log"
    )


@pytest.mark.parametrize(
    ("status", "text", "says"),
    [
        (2, "print('serial port x is not there; plug it in')", "serial port x is not there; plug it in"),
        (
            1,
            "print('Traceback'); print('ValueError: 5')",
            "driver ended (exit status 1): ValueError: 5; see ",
        ),
        (0, "pass", "driver ended (exit status 0); see "),
    ],
)
def test_who_ends_at_the_start_says_why(tmp_path: Path, status: int, text: str, says: str) -> None:
    node = one_liner(f"{text}; raise SystemExit({status})", name="driver")
    with supervised([node], tmp_path, Heard()) as supervisor, pytest.raises(StartError) as caught:
        start_in_order(supervisor, lambda name: State(False, "not on the graph"), no_wait, print)
    assert str(caught.value).startswith(says)


def test_a_process_without_a_node_counts_once_it_runs(tmp_path: Path) -> None:
    program = LaunchedNode("test", "", "sleep", "", arguments=("60",))
    with supervised([program], tmp_path, Heard()) as supervisor:
        start_in_order(supervisor, lambda name: pytest.fail("there is no node to look for"), no_wait, print)
        assert supervisor.running() == ["sleep"]


def test_the_wait_can_be_left(tmp_path: Path) -> None:
    def leave() -> None:
        raise KeyboardInterrupt

    heard, order = Heard(), tmp_path / "order"
    with supervised([toy("driver", order), toy("late", order)], tmp_path, heard) as supervisor:
        with pytest.raises(KeyboardInterrupt):
            start_in_order(supervisor, lambda name: State(False, "absent"), leave, print)
        heard.wait_for("driver is ready")
    assert order.read_text() == "driver well\n"


class TestPrepared:
    def test_it_imports_before_its_turn_and_begins_at_it(self, tmp_path: Path) -> None:
        heard = Heard()
        with supervised([module_node(tmp_path)], tmp_path, heard) as supervisor:
            prepare_first(supervisor)
            heard.wait_for("imported")
            wall_sleep(0.2)
            assert not any("begun" in line for _, line in heard.lines)
            assert supervisor.running() == [] and supervisor.pid("driver")
            supervisor.start("driver")
            heard.wait_for("begun one two")
        assert heard.lines[-1] == ("driver", "ended well")
        assert [(each.name, each.code) for each in supervisor.endings()] == [("driver", 0)]

    def test_one_that_never_had_its_turn_ends_at_once_and_quietly(self, tmp_path: Path) -> None:
        heard = Heard()
        with supervised([module_node(tmp_path)], tmp_path, heard) as supervisor:
            supervisor.prepare("driver")
            heard.wait_for("imported")
            began_s = wall_s()
        assert wall_s() - began_s < 5
        assert [line for _, line in heard.lines if not line.startswith("imported")] == []

    def test_a_module_that_cannot_be_imported_is_an_early_end(self, tmp_path: Path) -> None:
        node = module_node(tmp_path, text="import no_such_module_anywhere")
        with supervised([node], tmp_path, Heard()) as supervisor, pytest.raises(StartError) as caught:
            prepare_first(supervisor)
            start_in_order(supervisor, lambda name: State(False, "absent"), no_wait, print)
        assert "No module named 'no_such_module_anywhere'" in str(caught.value)

    def test_one_that_comes_back_is_started_whole(self, tmp_path: Path) -> None:
        text = f"{NODE}\nif __name__ == '__main__':\n    print('again')\n"
        node = replace(module_node(tmp_path, text=text), respawn=Respawn(0.01))
        heard = Heard()
        with supervised([node], tmp_path, heard) as supervisor:
            supervisor.prepare("driver")
            supervisor.start("driver")
            heard.wait_for("begun one two")
            os.kill(supervisor.pid("driver"), signal.SIGKILL)
            until_s = wall_s() + 20
            while not any(line == "again" for _, line in heard.lines):
                supervisor.unexpected_exits()
                assert wall_s() < until_s
                wall_sleep(0.02)
