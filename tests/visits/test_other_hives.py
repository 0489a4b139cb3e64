"""Hives of other standards, on a tower fitted to each: every frame seen, nobody hurt, everything back and closed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bee_robot.configuration import load, parse
from bee_robot.extraction.frame_jobs import MoveFrame, move_frame
from bee_robot.extraction.workbench import Workbench
from bee_robot.hive.fitting import fitted
from bee_robot.hive.inspection import EndState

ROBOT_FILE = Path(__file__).resolve().parents[2] / "config" / "robots" / "tower.yaml"
MIXED = ROBOT_FILE.with_name("tower_dadant_mixed.yaml")


def assert_well(bench: Workbench, box: int, frames: int) -> None:
    outcome = bench.inspect(box)
    assert outcome.end_state is EndState.CLOSED, outcome.instruction
    assert outcome.explanation == ""
    assert sorted(frame.number for frame in outcome.frames) == list(range(1, frames + 1))
    assert bench.referee.summary() == "nothing to object"
    geometry = bench.robot.geometry
    for frame in outcome.frames:
        expected_mm = geometry.frame_y_mm(box, frame.number, gap_at_back=False)
        assert frame.left_y_mm == pytest.approx(expected_mm, abs=0.6)


def test_a_dadant_brood_box_under_two_supers(tmp_path: Path) -> None:
    bench = Workbench(load(MIXED), tmp_path)
    try:
        assert_well(bench, 1, 9)
    finally:
        bench.close()


def test_a_brood_frame_does_not_go_into_a_super(tmp_path: Path) -> None:
    bench = Workbench(load(MIXED), tmp_path)
    try:
        outcome = bench.run(lambda context: move_frame(context, MoveFrame(1, 4, 2, to_box=2)))
        assert outcome.refusals == ("box 2: its frames are 160 mm high, those of box 1 300; choose another",)
        assert not outcome.was_opened
    finally:
        bench.close()


def test_a_zander_hive_whose_frames_stand_35_mm_apart(tmp_path: Path) -> None:
    data: dict[str, Any] = yaml.safe_load(ROBOT_FILE.read_text(encoding="utf-8"))
    robot = parse(
        fitted(data, {"name": "zander", "standard": "zander", "boxes": 2}), tmp_path / "zander.yaml"
    )
    bench = Workbench(robot, tmp_path)
    try:
        assert_well(bench, 1, 10)
    finally:
        bench.close()
