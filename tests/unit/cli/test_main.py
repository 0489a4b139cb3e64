"""`bee` lists its verbs, says what is wrong in one line, and its doctor runs where nothing is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bee_robot.cli import checkup, locations
from bee_robot.cli.checkup import State
from bee_robot.cli.main import main, verbs


def bare_python(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a module with a Python that has no packages at all."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(locations.SOURCE_TREE)}
    command = [sys.executable, "-S", "-m", "bee_robot.cli.main", *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment, cwd=folder, check=False
    )


def test_the_overview_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert {"doctor", "inspect", "up"} <= {verb.name for verb in verbs()}
    for verb in verbs():
        assert f"  {verb.name} " in said and verb.help in said


def test_every_verb_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in verbs():
        try:
            code: object = main([verb.name, "--help"])
        except SystemExit as left:
            code = left.code
        assert code == 0
        assert f"usage: bee {verb.name}" in capsys.readouterr().out


def test_an_unknown_verb_is_named_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspct"]) == 2
    error = capsys.readouterr().err
    assert "unknown verb 'inspct'" in error and "inspect" in error and error.count("\n") == 1


def test_version_says_which_ros(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert "bee_robot 0.1.0 (ROS: " in capsys.readouterr().out


class TestDoctor:
    def test_it_runs_with_nothing_installed_and_says_what_to_do(self, tmp_path: Path) -> None:
        done = bare_python("doctor", folder=tmp_path)
        assert done.returncode == 1, done.stderr
        assert "eclipse-zenoh" in done.stdout and "make setup" in done.stdout
        assert "A simulated visit cannot run yet" in done.stdout
        assert done.stderr == ""

    def test_the_overview_runs_with_nothing_installed(self, tmp_path: Path) -> None:
        done = bare_python("--help", folder=tmp_path)
        assert done.returncode == 0 and "inspect" in done.stdout

    def test_a_verb_that_needs_more_says_so_in_one_line(self, tmp_path: Path) -> None:
        done = bare_python("inspect", "--sim", "--box", "1", folder=tmp_path)
        assert done.returncode == 3
        assert "is not installed" in done.stderr and "make setup" in done.stderr
        assert done.stderr.count("\n") == 1

    def test_here_a_simulated_visit_can_run(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["doctor", "--json"]) == 0
        findings = json.loads(capsys.readouterr().out)
        assert findings["can_simulate"] is True
        states = {each["name"]: each["state"] for each in findings["findings"]}
        assert states["python"] == states["C compiler"] == states["numpy"] == states["robot file"] == "ok"

    def test_a_broken_robot_file_blocks(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "robot.yaml").write_text("robot: 5")
        assert main(["doctor", "--robot", str(tmp_path / "robot.yaml")]) == 1
        assert str(tmp_path / "robot.yaml") in capsys.readouterr().out

    def test_requirements_are_those_of_the_package(self) -> None:
        from_setup_file = checkup._requirements_in_setup_file(locations.SOURCE_TREE / "setup.py")
        assert {"numpy", "eclipse-zenoh", "pydantic"} <= set(from_setup_file)
        assert {name.lower() for name in checkup.requirements()} == {name.lower() for name in from_setup_file}

    def test_a_version_that_was_not_tested_is_a_warning(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(checkup, "pinned_versions", lambda: {"numpy": {"0.0.1"}})
        numpy = next(each for each in checkup.examine() if each.name == "numpy")
        assert numpy.state is State.WARNING and "0.0.1" in numpy.detail
