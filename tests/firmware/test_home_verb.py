"""`bee home` against a board behind a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench_board import AXES, robot_file
from serial_board import SerialBoard

from bee_robot.cli.main import main
from bee_robot.devices.tower import Axis

SHUTTLE = AXES.index(Axis.SHUTTLE_LEFT)


@pytest.fixture
def serial(host_library: Path, tmp_path: Path) -> Iterator[SerialBoard]:
    with SerialBoard(host_library, tmp_path / "board") as made:
        with made.lock:
            made.board.place_mm(robot_file(), Axis.SHUTTLE_LEFT, -230)
        yield made


def home(serial: SerialBoard, *words: str) -> int:
    return main(["home", *words, "--port", str(serial.path)])


def test_an_axis_is_referenced_and_the_motors_are_left_without_power(
    serial: SerialBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home(serial, "shuttle_left", "--machine-is-clear") == 0
    assert "shuttle_left  home at -235.00 mm, did not know its place" in capsys.readouterr().out
    with serial.lock:
        assert serial.board.true_steps(Axis.SHUTTLE_LEFT) == 0
        assert not serial.board.c.bench_rail()
        assert [number for number in range(6) if serial.board.c.bench_pulses(number)] == [SHUTTLE]
    assert home(serial, "shuttle_left", "--machine-is-clear") == 0
    assert "shuttle_left  home at -235.00 mm, was off by" in capsys.readouterr().out


def test_a_slipped_belt_is_told(serial: SerialBoard, capsys: pytest.CaptureFixture[str]) -> None:
    assert home(serial, "shuttle_left", "--machine-is-clear") == 0
    with serial.lock:
        serial.board.place_mm(robot_file(), Axis.SHUTTLE_LEFT, -233)
    assert home(serial, "shuttle_left", "--machine-is-clear") == 1
    said = capsys.readouterr()
    assert "shuttle_left  home at -235.00 mm, was off by " in said.out
    assert "end stops were not where they were expected: shuttle_left" in said.err and "blocks it" in said.err


def test_an_end_stop_that_never_closes_is_said(
    serial: SerialBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    with serial.lock:
        serial.board.c.bench_break_end_stop(SHUTTLE, 1)
    assert home(serial, "shuttle_left", "--machine-is-clear") == 1
    assert "shuttle_left: the end stop stays pressed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["shuttle_left"], "look, then give --machine-is-clear"),
        (
            ["lift_left", "--machine-is-clear"],
            "lift_left: a lift beam homes only with the scan beam below it",
        ),
    ],
)
def test_nothing_moves_where_it_must_not(
    serial: SerialBoard, words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home(serial, *words) in (1, 2)
    assert complaint in capsys.readouterr().err
    with serial.lock:
        assert all(serial.board.c.bench_pulses(number) == 0 for number in range(6))


def test_a_loaded_fork_keeps_everything_where_it_is(
    serial: SerialBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    with serial.lock:
        serial.board.set_load_kg(0, 12.0)
    assert home(serial, "shuttle_left", "--machine-is-clear") == 1
    assert "the left fork carries 12.0 kg" in capsys.readouterr().err
    with serial.lock:
        assert serial.board.c.bench_pulses(SHUTTLE) == 0


def test_a_port_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["home", "shuttle_left", "--machine-is-clear", "--port", "/dev/no_such_port"]) == 1
    assert "/dev/no_such_port is missing; plug the board in" in capsys.readouterr().err
