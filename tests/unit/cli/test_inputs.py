"""Bad input is named in one line, with where and what to do, before anything starts."""

from __future__ import annotations

import os
import pty
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bee_robot.cli import inputs, locations
from bee_robot.cli.inputs import InputError
from bee_robot.cli.main import main
from bee_robot.configuration import RobotConfiguration

TOWER = locations.default_robot_file()
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 32


def changed_robot(folder: Path, old: str, new: str) -> Path:
    text = TOWER.read_text(encoding="utf-8")
    assert old in text
    path = folder / "robot.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.fixture
def robot() -> RobotConfiguration:
    return inputs.robot_file(None)[1]


def complaint(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_an_unknown_box_is_named_with_the_known_ones(robot: RobotConfiguration) -> None:
    said = complaint(lambda: inputs.box_of(robot, 4, TOWER))
    assert "box 4 is unknown" in said and "boxes 1 to 3" in said and "--box" in said


def test_robot_files_are_checked(tmp_path: Path) -> None:
    unknown = changed_robot(tmp_path, "baud: 250000", "baud: 250000\n  bauds: 1")
    assert "unknown option 'serial.bauds'" in complaint(lambda: inputs.robot_file(unknown))
    out_of_range = changed_robot(tmp_path, "heartbeat_deadline_ms: 300", "heartbeat_deadline_ms: 30")
    said = complaint(lambda: inputs.robot_file(out_of_range))
    assert "board.heartbeat_deadline_ms" in said and "30" in said and "100" in said
    assert "cannot read" in complaint(lambda: inputs.robot_file(tmp_path / "none.yaml"))


def test_photo_folders_are_checked(tmp_path: Path) -> None:
    assert "does not exist" in complaint(lambda: inputs.photo_folder(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    assert "no readable picture" in complaint(lambda: inputs.photo_folder(tmp_path / "empty"))
    (tmp_path / "empty" / "notes.txt").write_text("x")
    (tmp_path / "empty" / "fake.jpg").write_text("not a picture")
    assert "fake.jpg" in complaint(lambda: inputs.photo_folder(tmp_path / "empty"))
    assert "is not a folder" in complaint(lambda: inputs.photo_folder(tmp_path / "empty" / "notes.txt"))
    (tmp_path / "empty" / "one.JPG").write_bytes(JPEG)
    assert inputs.photo_folder(tmp_path / "empty") == tmp_path / "empty"


def test_output_files_are_checked_and_not_touched(tmp_path: Path) -> None:
    assert "is a folder" in complaint(lambda: inputs.output_file(tmp_path, "--json"))
    assert "does not exist" in complaint(lambda: inputs.output_file(tmp_path / "no" / "x.json", "--json"))
    good = tmp_path / "x.json"
    assert inputs.output_file(good, "--json") == good
    assert not good.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_files_that_may_not_be_written_are_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "may not be written" in complaint(lambda: inputs.output_file(tmp_path / "x.json", "--json"))
    assert "may not be written" in complaint(lambda: inputs.output_folder(tmp_path / "store", "--store"))


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "is a file" in complaint(lambda: inputs.output_folder(tmp_path / "file" / "store", "--store"))
    assert inputs.output_folder(tmp_path / "a" / "b", "--store") == tmp_path / "a" / "b"


def test_a_missing_serial_port_is_an_error_and_never_a_simulation(tmp_path: Path) -> None:
    path = changed_robot(tmp_path, "port: /dev/ttyACM0", f"port: {tmp_path}/board")
    robot = inputs.robot_file(path)[1]
    said = complaint(lambda: inputs.serial_port(robot, path))
    assert f"{tmp_path}/board is not there" in said and str(path) in said and "--sim" in said


def test_a_serial_port_that_is_there_is_taken(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    try:
        path = changed_robot(tmp_path, "port: /dev/ttyACM0", f"port: {os.ttyname(follower)}")
        assert inputs.serial_port(inputs.robot_file(path)[1], path) == os.ttyname(follower)
    finally:
        os.close(leader)
        os.close(follower)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--box", "4", "--sim"], "box 4 is unknown"),
        (["--box", "0", "--sim"], "'0' is not a whole number from 1"),
        (["--box", "one", "--sim"], "'one' is not a whole number from 1"),
        (["--sim"], "required: --box"),
        (["--box", "1", "--sim", "--speed", "0"], "'0' is not a number from 0.1 to 1000"),
        (["--box", "1", "--sim", "--speed", "nan"], "'nan' is not a number"),
        (["--box", "1", "--sim", "--seed", "-1"], "--seed"),
        (["--box", "1", "--speed", "5"], "--speed belongs to a simulation"),
        (["--box", "1", "--trace", "x"], "--trace belongs to a simulation"),
        (["--box", "1", "--sim", "--robot", "none.yaml"], "cannot read the robot file"),
        (["--box", "1", "--sim", "--photos", "none"], "folder none does not exist"),
        (["--box", "1", "--sim", "--json", "."], "this is a folder"),
        (["--box", "1", "--sim", "--trace", "no/such/file"], "folder no/such does not exist"),
        (["--box", "1", "--sim", "--store", "a_file/store"], "is a file"),
        (["--box", "1", "--sim", "--override-by", "Ann"], "go together"),
        (["--box", "1", "--sim", "--json", "r.json", "--report", "r.html"], "give --json another name"),
        (["--box", "1", "--sim", "--boxes"], "unrecognized arguments: --boxes"),
    ],
)
def test_inspect_refuses_bad_input_in_one_line_and_leaves_nothing_behind(
    words: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a_file").write_text("")
    try:
        status = main(["inspect", *words])
    except SystemExit as left:
        status = int(str(left.code))
    error = capsys.readouterr().err
    assert status == 2
    assert says in error
    assert error.count("\n") == 1 and error.startswith("bee inspect: ")
    assert [path.name for path in tmp_path.iterdir()] == ["a_file"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["mover", "--sim"], "no launch file mover.launch.yaml; known: console, tower"),
        (["tower", "--sim", "nonsense"], "'nonsense' is no launch argument; write name:=value"),
        (["tower", "--sim", "sped:=3"], "unknown launch argument 'sped'"),
        (["tower", "--sim", "speed:=fast"], "'fast' is not a number from 0.1 to 1000"),
        (["tower", "--sim", "patience:=long"], "parameter 'patience' is 'long', which is no float"),
        (["tower", "--sim", "--speed", "2", "speed:=3"], "speed is given twice"),
        (["tower", "sim:=maybe"], "sim:=maybe: it is true or false"),
        (["console", "sim:=maybe"], "sim:=maybe: it is true or false"),
        (["tower", "--seed", "3"], "--seed belongs to a simulation"),
        (["tower", "--robot", "none.yaml"], "cannot read the robot file"),
    ],
)
def test_up_refuses_bad_input_in_one_line(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", *words]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_up_without_a_board_names_the_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = changed_robot(tmp_path, "port: /dev/ttyACM0", f"port: {tmp_path}/board")
    shutil.rmtree(tmp_path / "board", ignore_errors=True)
    assert main(["up", "tower", "--robot", str(path)]) == 2
    assert f"serial port {tmp_path}/board is not there" in capsys.readouterr().err
