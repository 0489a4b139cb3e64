"""`bee plan`: every move, the open time against its bound, the margin to each rule; nothing moves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from bee_robot.cli.main import main
from bee_robot.rulebook import RULES

ROBOT_FILE = Path(__file__).resolve().parents[3] / "config" / "robots" / "tower.yaml"


def test_every_move_the_open_time_and_every_rule_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--box", "1"]) == 0
    printed = capsys.readouterr().out
    for move in (
        "peel the left edge",
        "raise the stack",
        "sweep",
        "set down",
        "right edge lands",
        "forks out",
    ):
        assert move in printed
    assert all(f"\n{rule} " in printed for rule in RULES)
    assert "Box 1 of hive_1 is open for 4" in printed and "the least that the rules allow" in printed


def test_as_data_the_moves_add_up_and_keep_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--box", "2", "--gap", "front", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    total_s = sum(move["duration_s"] for move in plan["moves"])
    assert total_s == pytest.approx(plan["visit_time_s"], abs=0.01 * len(plan["moves"]))
    assert plan["open_time_bound_s"] < plan["open_time_s"] < plan["visit_time_s"]
    first = next(move["frame"] for move in plan["moves"] if move["frame"])
    assert first == 10  # next to the gap
    assert plan["rules"]["R6"]["value"] <= plan["rules"]["R6"]["limit"]
    assert plan["rules"]["R15"]["limit"] == 600 and plan["refusals"] == []


def test_a_plan_that_is_refused_says_why_and_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = yaml.safe_load(ROBOT_FILE.read_text())
    settings["visit"]["open_planned_max_s"] = 300
    hasty = tmp_path / "hasty.yaml"
    hasty.write_text(yaml.safe_dump(settings))
    assert main(["plan", "--box", "1", "--summary", "--robot", str(hasty)]) == 1
    assert "Refused: R15: box 1 would be open for" in capsys.readouterr().out


def test_a_box_that_is_not_there_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--box", "7"]) == 2
    assert "box 7 is unknown" in capsys.readouterr().err
