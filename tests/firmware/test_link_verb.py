"""`bee link` against a board behind a pseudo-terminal and against the simulated one: figures for people and programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial_board import SerialBoard

from bee_robot.cli.main import main
from bee_robot.mcu import messages as m


@pytest.fixture
def serial(host_library: Path, tmp_path: Path) -> Iterator[SerialBoard]:
    with SerialBoard(host_library, tmp_path / "board") as made:
        yield made


def figures(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main(["link", "--json", *words]) == 0
    said = json.loads(capsys.readouterr().out)
    assert isinstance(said, dict)
    return said


def test_a_board_on_a_port_is_measured_and_nothing_moves(
    serial: SerialBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    said = figures(capsys, "--port", str(serial.path), "--seconds", "1")
    assert (said["port"], said["baud"], said["board"]) == (str(serial.path), 250000, "host")
    assert (said["protocol"], said["schema"]) == (m.PROTOCOL_VERSION, f"{m.PROTOCOL_SCHEMA:08x}")
    assert said["state"] == "unconfigured" and said["configuration"] is None
    assert (said["boots"], said["reset_cause"], said["sessions"]) == (1, "power", 1)
    least, median, most = (said[f"round_trip_ms_{name}"] for name in ("min", "median", "p99"))
    assert 0 < least <= median <= most  # type: ignore[operator]
    assert said["host_bad_packets"] == 0 and said["bytes_per_s_from_board"] > 500  # type: ignore[operator]
    assert said["goodput_bytes_per_packet"] >= 48  # type: ignore[operator]
    assert math.isfinite(said["clock_uncertainty_ms"])  # type: ignore[arg-type]
    with serial.lock:
        assert not serial.board.c.bench_rail()
        assert all(serial.board.c.bench_pulses(axis) == 0 for axis in range(6))


def test_inputs_show_as_they_are_pressed(serial: SerialBoard, capsys: pytest.CaptureFixture[str]) -> None:
    with serial.lock:
        serial.board.c.bench_set_door(0)
        serial.board.c.bench_force_pin(1, 1)
        serial.board.c.bench_break_end_stop(2, 1)
    said = figures(capsys, "--port", str(serial.path), "--seconds", "0.5")
    assert (said["door"], said["estop"]) == ("open", "released")
    assert (said["pins_felt"], said["end_stops_pressed"]) == ("right", "scan_left")


def test_the_page_names_every_subject(serial: SerialBoard, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["link", "--port", str(serial.path), "--seconds", "0.5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    subjects = ["port", "board", "inputs", "configuration", "last reset", "round trip", "bytes", "goodput"]
    subjects += ["errors, host", "errors, board", "board itself", "clocks"]
    assert [line.split("  ")[0] for line in lines] == subjects


def test_the_simulated_board_is_measured_in_simulated_time(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (figures(capsys, "--sim", "--seconds", "3") for _ in range(2))
    assert first | {"boots": 0} == second | {"boots": 0}, "nothing of it is left to chance"
    assert first["port"] == "simulated" and first["round_trips"] == 150
    assert first["round_trip_ms_p99"] < 3  # type: ignore[operator]
    assert 80 <= first["goodput_pct"] <= 100  # type: ignore[operator]
    assert abs(first["clock_offset_s"]) < 0.001  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--port", "/dev/no_such_port"], "/dev/no_such_port is missing; plug the board in"),
        (["--sim", "--port", "/dev/ttyACM0"], "give one of them"),
        (["--robot", "/no/such/file.yaml"], "cannot read the robot file"),
    ],
)
def test_bad_input_is_one_line_with_a_remedy(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["link", *words]) == 2
    error = capsys.readouterr().err
    assert complaint in error and error.count("\n") == 1


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "long", "1e9"])
def test_seconds_have_limits(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["link", "--sim", "--seconds", seconds])
    assert left.value.code == 2 and "is not a number from 0.5 to 3600" in capsys.readouterr().err


def test_a_port_that_another_program_has_is_left_alone(
    serial: SerialBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    import serial as pyserial

    with pyserial.Serial(str(serial.path), 250000, exclusive=True):
        assert main(["link", "--port", str(serial.path)]) == 2
    assert "is taken by another program" in capsys.readouterr().err


def test_a_port_where_nothing_answers_is_no_link(
    serial: SerialBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    with serial.lock:
        serial.board.corrupt_out = lambda data: b""
    assert main(["link", "--port", str(serial.path)]) == 1
    assert "no board answered within 5 s; check cable" in capsys.readouterr().err
