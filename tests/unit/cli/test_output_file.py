"""What processes print reaches screen and log whole, whatever it is, and neither grows without end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bee_robot.cli.launching import output_file
from bee_robot.cli.launching.output_file import LINE_BYTES, OutputFile


def test_a_log_is_rotated_and_no_line_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_file, "LOG_BYTES", 100)
    output = OutputFile(tmp_path / "x.log")
    lines: list[str] = []
    with output.open_for_child() as child:
        for number in range(40):
            child.write(f"line {number}\n".encode())
            child.flush()
            lines += output.new_lines()
    output.close()
    assert lines == [f"line {number}" for number in range(40)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.log", "x.log.1", "x.log.2", "x.log.3"]
    assert (tmp_path / "x.log").stat().st_size <= 110


@pytest.mark.parametrize("can_punch", [True, False])
def test_a_process_that_writes_while_the_spool_is_freed_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_punch: bool
) -> None:
    """The second case stands for file systems without holes: only a cut in the very moment of a line could lose it."""
    monkeypatch.setattr(output_file, "GIVE_BACK_BYTES", 10_000)
    monkeypatch.setattr(output_file, "READ_BYTES", 5_000)
    monkeypatch.setattr(output_file, "LOG_BYTES", 50_000)
    if not can_punch:
        monkeypatch.setattr(output_file, "_punch", lambda file, until: False)
    output = OutputFile(tmp_path / "x.log")
    program = "for n in range(20000): print('line', n)" if can_punch else "print('line 0')\nprint('line 1')"
    with (
        output.open_for_child() as file,
        subprocess.Popen([sys.executable, "-c", program], stdout=file) as child,
    ):
        lines: list[str] = []
        while child.poll() is None:
            lines += output.new_lines()
    lines += output.rest()
    assert lines == [f"line {number}" for number in range(20000 if can_punch else 2)]
    blocks = (tmp_path / "x.spool").stat().st_blocks * 512
    assert blocks < 40_000, "what has been read still takes room"
    output.close()
    assert not (tmp_path / "x.spool").exists()


def test_a_spool_that_cannot_be_freed_block_by_block_is_cut_once_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_file, "GIVE_BACK_BYTES", 100)
    monkeypatch.setattr(output_file, "_punch", lambda file, until: False)
    output = OutputFile(tmp_path / "x.log")
    with output.open_for_child() as child:
        for number in range(50):
            child.write(f"line {number} {'.' * 20}\n".encode())
            child.flush()
            assert [line.split()[1] for line in output.new_lines()] == [str(number)]
    assert (tmp_path / "x.spool").stat().st_size < 200
    output.close()


def test_a_line_without_an_end_is_cut_in_pieces(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "x.log")
    with output.open_for_child() as child:
        child.write(b"x" * (3 * LINE_BYTES + 5))
    pieces = output.new_lines()
    assert [len(piece) for piece in pieces] == [LINE_BYTES] * 3
    assert output.rest() == ["x" * 5], "the last line has no end, and counts all the same"
    output.close()


def test_bytes_that_are_no_text_are_kept_in_the_log_and_readable_on_the_screen(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "x.log")
    with output.open_for_child() as child:
        child.write(b"\xff\x00\xfe good\r\n" + "Gr\u00fc\u00dfe\n".encode())
    assert output.new_lines() == ["\ufffd\x00\ufffd good", "Gr\u00fc\u00dfe"]
    assert (tmp_path / "x.log").read_bytes() == b"\xff\x00\xfe good\r\n" + "Gr\u00fc\u00dfe\n".encode()
    output.close()


def test_what_was_there_before_is_not_told_again(tmp_path: Path) -> None:
    first = OutputFile(tmp_path / "x.log")
    with first.open_for_child() as child:
        child.write(b"old\n")
    first.rest()
    again = OutputFile(tmp_path / "x.log")
    with again.open_for_child() as child:
        child.write(b"new\n")
    assert again.rest() == ["new"]
    again.close()
    assert (tmp_path / "x.log").read_text() == "old\nnew\n"


def test_a_full_disk_is_said_once_and_the_lines_still_come(tmp_path: Path) -> None:
    class FullDisk:
        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

    output = OutputFile(tmp_path / "x.log")
    assert output._log is not None
    output._log.close()
    output._log = FullDisk()  # type: ignore[assignment]
    with output.open_for_child() as child:
        child.write(b"one\ntwo\n")
    assert output.new_lines() == ["one", "two"]
    assert "No space left on device" in output.trouble
    output.close()
