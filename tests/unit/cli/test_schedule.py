"""`bee schedule` on a store, and `bee conditions` of a simulated robot."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bee_robot.apiary.schedule_store import ScheduleStore
from bee_robot.cli.main import main


def bee(store: Path, *words: str) -> int:
    return main(["schedule", *words, "--store", str(store)])


def test_rules_come_and_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bee(tmp_path, "list") == 0
    assert "Nothing is scheduled" in capsys.readouterr().out
    assert bee(tmp_path, "add", "--box", "3", "--box", "1", "--every", "2w", "--at", "11:00") == 0
    assert "Rule 1: box 1, 3 every 14 days at 11:00, first on" in capsys.readouterr().out
    assert bee(tmp_path, "add", "--all", "--on", "2099-05-01", "--at", "12:30") == 0
    assert "first on Fri 2099-05-01 12:30" in capsys.readouterr().out
    assert bee(tmp_path, "next") == 0
    out = capsys.readouterr().out.splitlines()
    assert re.match(r"\w{3} \d{4}-\d\d-\d\d 11:00: box 1, 3 every 14 days at 11:00 \(rule 1\)$", out[0]), out
    assert out[1] == "Fri 2099-05-01 12:30: all boxes on 2099-05-01 at 12:30 (rule 2)"
    assert bee(tmp_path, "remove", "1") == 0
    assert [rule.id for rule in ScheduleStore(tmp_path).rules()] == [2]
    assert bee(tmp_path, "list") == 0
    assert "all boxes on 2099-05-01" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("add --box 1 --at 11:00", "--every 9d or --on DATE"),
        ("add --every 9d --at 11:00", "--box N (repeatable) or --all"),
        ("add --box 1 --all --every 9d --at 11:00", "--box N (repeatable) or --all"),
        ("add --box 1 --every 9d", "give --at HH:MM"),
        ("add 1 --every 9d --at 11:00", "--box 1"),
        ("add --box 1 --on 2099-05-01 --from 2099-05-01 --at 11:00", "--from belongs to --every"),
        ("add --box 1 --on 2020-05-01 --at 11:00", "that day is over"),
        ("add --box 4 --every 9d --at 11:00", "boxes 1 to 3"),
        ("add --box 1 --every 3d --at 11:00", "bees rest for 7 days"),
        ("add --box 1 --every 9d --at 17:00", "from 10 to 16 o'clock"),
        ("remove", "give the ID"),
        ("remove 9", "there is no rule 9"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, says: str
) -> None:
    assert bee(tmp_path, *words.split()) == 2
    assert says in capsys.readouterr().err
    assert ScheduleStore(tmp_path).rules() == []


@pytest.mark.parametrize("words", ["--every 9h", "--every 0d", "--on 1.5.2026", "--at 25:00", "--at 11"])
def test_words_that_are_no_days_or_times_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        bee(tmp_path, "add", "--box", "1", *words.split())
    assert ended.value.code == 2 and words.split()[1] in capsys.readouterr().err


def test_conditions_of_a_simulated_robot(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conditions", "--sim"]) == 0
    out = capsys.readouterr().out
    assert "The hive may be opened." in out
    for reading in ("outside_c", "rain_mm_h", "rain_ahead_pct", "days_since_visit", "clock"):
        assert reading in out


def test_conditions_as_json_say_what_is_against(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tower = (Path(__file__).resolve().parents[3] / "config" / "robots" / "tower.yaml").read_text()
    file = tmp_path / "robot.yaml"
    file.write_text(tower.replace("to_hour: 16", "to_hour: 11"))
    assert main(["conditions", "--sim", "--json", "--robot", str(file)]) == 5
    told = json.loads(capsys.readouterr().out)
    assert not told["may_open"]
    (against,) = [row["against"] for row in told["findings"] if row["against"]]
    assert against == "it is 12:00 local time, hives are opened from 10 to 11 o'clock"
