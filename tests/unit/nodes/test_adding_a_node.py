"""docs/ros.md: the example of a node works as it is printed, and the drawn graph is that of the tables."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from node_stage import ROOT, TOWER, Stage, until

from bee_robot.cli.launching.launch_file import load
from bee_robot.nodes import qos, services
from bee_robot_interfaces.msg import Loads

PAGE = (ROOT / "docs" / "ros.md").read_text(encoding="utf-8")
PIECE = re.compile(r"^```\w+ title=(?P<file>\S+)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
TABLE_BEGINS = {
    "bee_robot/nodes/qos.py": "TOPICS: tuple[Topic, ...] = (\n",
    "bee_robot/nodes/parameters.py": "TABLES: dict[str, tuple[Parameter, ...]] = {\n",
}
ARROW = re.compile(
    r'^ +(?P<left>\w+) (?P<arrow>-->|-\.->)\|"(?P<name>[^"]+)"\| (?P<right>\w+)$', re.MULTILINE
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The package with the pieces of the page where they belong; what they do not touch is linked."""
    nodes = tmp_path / "bee_robot" / "nodes"
    nodes.mkdir(parents=True)
    for path in (ROOT / "bee_robot").iterdir():
        if path.name != "nodes":
            (nodes.parent / path.name).symlink_to(path)
    for path in (ROOT / "bee_robot" / "nodes").glob("*.py"):
        shutil.copy(path, nodes)
    for folder in ("bee_robot_interfaces", "config"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    shutil.copytree(ROOT / "launch", tmp_path / "launch")
    for file, text in pieces().items():
        put(tmp_path / file, file, text)
    return tmp_path


def pieces() -> dict[str, str]:
    return {found["file"]: found["text"] for found in PIECE.finditer(PAGE)}


def put(path: Path, file: str, text: str) -> None:
    if file in TABLE_BEGINS:
        old = path.read_text(encoding="utf-8")
        assert TABLE_BEGINS[file] in old
        text = old.replace(TABLE_BEGINS[file], TABLE_BEGINS[file] + text)
    elif path.exists():
        text = path.read_text(encoding="utf-8") + text
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def start(tree: Path, stage: Stage) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts load_peaks of that tree in the stage's graph."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*parameters: str) -> subprocess.Popen[str]:
        given = [f"robot_file:={TOWER}", *parameters]
        words = [word for each in given for word in ("-p", each)]
        command = [sys.executable, "-m", "bee_robot.nodes.load_peaks", "--ros-args", *words]
        environment = {**os.environ, "BEE_ROS": "embedded", "PYTHONPATH": str(tree)}
        begun.append(
            subprocess.Popen(
                command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


class TestTheExample:
    def test_every_piece_is_there(self) -> None:
        assert set(pieces()) == {*TABLE_BEGINS, "bee_robot/nodes/load_peaks.py", "launch/tower.launch.yaml"}

    def test_it_tells_the_highest_loads(
        self, stage: Stage, start: Callable[..., subprocess.Popen[str]]
    ) -> None:
        process = start("least:=1.0")
        person, heard = stage.observer(), []
        loads = person.create_publisher(Loads, "loads", qos.of("loads"))
        person.create_subscription(
            Loads, "load_peaks", lambda peaks: heard.append((peaks.left, peaks.right)), qos.LATEST
        )
        until(lambda: loads.get_subscription_count() == 1, "load_peaks listens", 60.0)
        loads.publish(Loads(left=5.0, right=2.0))
        until(lambda: heard == [(5.0, 2.0)], "a peak is told")
        loads.publish(Loads(left=5.5, right=2.5))  # less than `least` above it
        loads.publish(Loads(left=1.0, right=4.0))
        until(lambda: heard == [(5.0, 2.0), (5.0, 4.0)], "the next one is told")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0 and "Traceback" not in said, said

    def test_its_parameter_has_limits(self, start: Callable[..., subprocess.Popen[str]]) -> None:
        process = start("least:=20.0")
        _, said = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "least = 20 is not within 0.01 to 10 (kg)" in said

    def test_the_launch_file_has_it(self, tree: Path) -> None:
        found = load(tree / "launch" / "tower.launch.yaml", {"sim": "true"})
        assert "load_peaks" in {node.name for node in found.nodes}


class TestTheGraph:
    def arrows(self) -> list[tuple[str, str, str, str]]:
        drawing = PAGE.split("```mermaid\n")[1].split("```")[0]
        return [
            (each["left"], each["arrow"], each["name"], each["right"]) for each in ARROW.finditer(drawing)
        ]

    def test_topics_come_from_who_publishes_them(self) -> None:
        drawn = {(left, name) for left, arrow, name, _ in self.arrows() if arrow == "-->"}
        assert drawn and drawn <= {(row.by, row.name) for row in qos.TOPICS}

    def test_services_and_actions_lead_to_who_serves_them(self) -> None:
        drawn = {(right, name) for _, arrow, name, right in self.arrows() if arrow == "-.->"}
        assert drawn and drawn <= {(row.by, row.name) for row in (*services.SERVICES, *services.ACTIONS)}
