"""Ctrl-C, killed processes, names that are taken: nothing is left moving, nobody is left in the dark."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from robot_field import Bee, Field

SPEED = "5"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def visit(place: Field, *more: str) -> Bee:
    robot = place.robot_file(frames=4)
    return place.bee(
        "inspect", "--sim", "--box", "1", "--speed", SPEED, "--robot", str(robot), "--json", "out.json", *more
    )


def test_ctrl_c_sets_the_frame_down_closes_the_hive_and_says_so(field_of_one: Field) -> None:
    bee = visit(field_of_one)
    bee.wait_for("frame 2 is taken", timeout_s=150)
    bee.interrupt()
    assert bee.end(timeout_s=150) == 130
    assert "the frame is set down and the hive closed first" in bee.output
    assert "Interrupted; the hive is closed and safe." in bee.output
    end = field_of_one.json("out.json")
    assert end["end_state"] == "closed" and end["interrupted"] is True and end["rule_violations"] == 0
    assert 1 <= end["frames_inspected"] < 4
    field_of_one.wait_until_no_node_runs()


def test_a_second_ctrl_c_stops_at_once_and_says_what_is_open(field_of_one: Field) -> None:
    bee = visit(field_of_one)
    bee.wait_for("box 1 is open", timeout_s=120)
    bee.interrupt()
    bee.wait_for("again stops at once")
    bee.interrupt()
    assert bee.end(timeout_s=40) == 130
    assert "Stopped at once." in bee.output and "box 1 is open" in bee.output.lower().rpartition("to do:")[2]
    assert field_of_one.json("out.json")["end_state"] == "held"
    field_of_one.wait_until_no_node_runs()


@pytest.mark.parametrize("victim", ["tower_driver", "frame_extractor"])
def test_kill_of_a_process_stops_motion_and_ends_held(field_of_one: Field, victim: str) -> None:
    bee = visit(field_of_one, "--trace", "trace.jsonl")
    bee.wait_for("box 1 is open", timeout_s=120)
    os.kill(field_of_one.nodes()[victim], signal.SIGKILL)
    assert bee.end(timeout_s=90) == 1, bee.output
    assert f"{victim} ended (killed by SIGKILL)" in bee.output
    assert "HELD" in bee.output and "To do:" in bee.output
    assert field_of_one.json("out.json")["end_state"] == "held"
    assert_machine_stands_at_the_end(field_of_one.folder / "trace.jsonl")
    field_of_one.wait_until_no_node_runs()


def assert_machine_stands_at_the_end(trace: Path) -> None:
    lines = trace.read_text(encoding="utf-8").splitlines()
    last = [json.loads(line) for line in lines[-11:-1]]
    assert all(axis["speed_mm_s"] == 0 for sample in last for axis in sample["axes"].values())


def test_killing_the_command_itself_leaves_no_process_behind(field_of_one: Field) -> None:
    bee = visit(field_of_one)
    bee.wait_for("axes look for their end stops")
    bee.process.kill()
    field_of_one.wait_until_no_node_runs(timeout_s=60)


def test_a_robot_that_stays_up_is_visited_and_its_name_is_taken(field_of_one: Field) -> None:
    robot = str(field_of_one.robot_file(frames=2))
    up = field_of_one.bee("up", "tower", "--sim", "--speed", SPEED, "--robot", robot)
    up.wait_for("is ready")
    running = field_of_one.nodes()

    second = field_of_one.bee("up", "tower", "--sim", "--robot", robot)
    assert second.end(timeout_s=60) == 3
    complaint = [line for line in second.output.splitlines() if line.startswith("bee up:")]
    assert len(complaint) == 1 and "is taken" in complaint[0] and "--namespace" in complaint[0]

    visitor = field_of_one.bee("inspect", "--box", "1", "--robot", robot, "--json", "out.json")
    assert visitor.end(timeout_s=150) == 0, visitor.output
    assert field_of_one.json("out.json")["frames_inspected"] == 2
    assert len(running) >= 6 and field_of_one.nodes() == running, "the robot stays up after the visit"

    up.interrupt()
    assert up.end(timeout_s=60) == 0
    field_of_one.wait_until_no_node_runs()
