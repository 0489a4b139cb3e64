"""A visit as a user sees it: one command, real processes, real bytes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from robot_field import Field

SPEED = "6"
AXES = {"lift_left", "lift_right", "scan_left", "scan_right", "shuttle_left", "shuttle_right"}


def small_photograph(path: Path, seed: int) -> None:
    """Something like a comb: amber, with dark spots."""
    random = np.random.default_rng(seed)
    picture = np.full((240, 180, 3), (60, 140, 190), np.uint8)
    for x, y in random.integers(10, 170, (40, 2)):
        cv2.circle(picture, (int(x), int(y)), 5, (20, 30, 40), -1)
    assert cv2.imwrite(str(path), picture)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demo_visits_ten_frames_and_closes_the_hive(field_of_one: Field) -> None:
    bee = field_of_one.bee(
        "inspect", "--sim", "--box", "1", "--speed", SPEED, "--json", "out.json", "--trace", "trace.jsonl"
    )
    assert bee.end(timeout_s=280) == 0, bee.output
    end = field_of_one.json("out.json")
    assert (end["end_state"], end["frames_inspected"], end["faces"]) == ("closed", 10, 20)
    assert end["rule_violations"] == 0 and end["violations"] == []
    assert end["faces_analysed"] == 20
    assert 0 < end["open_time_s"] <= 600 < 900
    assert end["open_time_s"] < end["visit_time_s"]
    report = Path(end["report"])
    assert report.is_file() and "hive_1" in report.read_text(encoding="utf-8")
    assert str(report) in bee.output and "Closed and safe." in bee.output
    check_trace(field_of_one.folder / "trace.jsonl", end["visit_time_s"])
    field_of_one.wait_until_no_node_runs()


def check_trace(path: Path, visit_time_s: float) -> None:
    """One JSON object a line, every 10 ms at least, with everything that a referee needs."""
    samples = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    times_s = [sample["t_s"] for sample in samples]
    assert all(later - earlier <= 0.0101 for earlier, later in pairwise(times_s))
    assert all(later >= earlier for earlier, later in pairwise(times_s))
    assert times_s[-1] - times_s[0] >= visit_time_s
    for sample in samples[:: len(samples) // 50]:
        assert set(sample["axes"]) == AXES
        assert set(sample["servos_deg"]) == {"fork_left", "fork_right", "hook_left", "hook_right"}
        assert {"door_closed", "estop_ok", "pin_left", "pin_right"} <= set(sample["inputs"])
        assert set(sample["loads_kg"]) == {"left", "right"}
    highest_mm = max(sample["axes"]["lift_left"]["position_mm"] for sample in samples)
    assert highest_mm - samples[-1]["axes"]["lift_left"]["position_mm"] > 300, "the stack was never raised"


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_photographs_of_a_folder_go_through_the_whole_chain(field_of_one: Field) -> None:
    photos = field_of_one.folder / "photos"
    photos.mkdir()
    for number in range(3):
        small_photograph(photos / f"{number}.jpg", number)
    robot = field_of_one.robot_file(frames=3)
    bee = field_of_one.bee(
        *("inspect", "--sim", "--box", "2", "--speed", SPEED, "--robot", str(robot)),
        *("--photos", "photos", "--json", "out.json", "--report", "here.html"),
    )
    assert bee.end(timeout_s=180) == 0, bee.output
    end = field_of_one.json("out.json")
    assert (end["end_state"], end["frames_inspected"], end["faces"], end["faces_analysed"]) == (
        "closed",
        3,
        6,
        6,
    )
    assert end["report"] == str(field_of_one.folder / "here.html")
    stored = {path.read_bytes() for path in Path(end["store"]).rglob("*") if path.is_file()}
    for path in photos.iterdir():
        assert path.read_bytes() in stored, f"{path.name} is not in the store as it was"
