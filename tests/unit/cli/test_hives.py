"""`bee hives`: standards as a table, one with its sources, and robot files that load."""

from __future__ import annotations

from pathlib import Path

import pytest

from bee_robot.cli.main import main
from bee_robot.configuration import load
from bee_robot.hive.standards import standards


def test_every_standard_is_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["hives"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in standards().boxes)
    assert "447 x 231" in listed


def test_one_standard_is_shown_with_its_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hives", "national"]) == 0
    shown = capsys.readouterr().out
    assert "225.4" in shown and "beekeepingforum" in shown


def test_a_robot_file_for_a_mixed_hive_loads(tmp_path: Path) -> None:
    out = tmp_path / "mixed.yaml"
    assert main(["hives", "--tower", "dadant_blatt,dadant_super", "--frames", "9", "--out", str(out)]) == 0
    robot = load(out)
    assert [box.standard for box in robot.hive.stack] == ["dadant_blatt", "dadant_super"]
    assert robot.hive.says() == "2 boxes of 9 frames"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["zender"], "hive standard 'zender' is unknown; known: estonian"),
        (["--tower", "zender"], "hive standard 'zender' is unknown"),
        (["--tower", "zander", "--frames", "12"], "12 frames of 35 mm leave a gap of -45 mm"),
        (["--tower", "zander,national"], "a national box does not go on a zander box"),
        (["--tower", "zander,zander", "--boxes", "3"], "--boxes 3: 2 boxes are listed"),
        (["--tower", "zander", "--boxes", "9"], "'boxes' is 9; a hive has 1 to 5 boxes"),
        (["--tower", "zander", "--out", "/nowhere/at/all.yaml"], "/nowhere/at/all.yaml"),
    ],
)
def test_bad_input_is_said_in_one_line(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hives", *words]) == 2
    error = capsys.readouterr().err
    assert says in error and error.startswith("bee hives: ") and error.count("\n") == 1
