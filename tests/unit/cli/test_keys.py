"""Keys of a terminal: by name, one at a time, and the terminal is afterwards as it was."""

from __future__ import annotations

import os
import pty
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from bee_robot.cli.keys import Keys


class Terminal:
    """A terminal that a test types on."""

    def __init__(self) -> None:
        self.near, self.far = pty.openpty()
        self.stream = os.fdopen(self.far, closefd=False)

    def type(self, text: bytes) -> None:
        os.write(self.near, text)

    def is_echoing(self) -> bool:
        return bool(termios.tcgetattr(self.far)[3] & termios.ECHO)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    made = Terminal()
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())  # as if it were the one of this process
    yield made
    os.close(made.far)
    os.close(made.near)


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        (b"p", ["p"]),
        (b"psq", ["p", "s", "q"]),
        (b"\x1b[A\x1b[B\x1b[C\x1b[D", ["up", "down", "right", "left"]),
        (b"\x1bOAl", ["up", "l"]),
        (b"\x1b", ["escape"]),
        (b"\r\n", ["enter", "enter"]),
        ("ä+".encode(), ["ä", "+"]),
        (b"", []),
    ],
)
def test_keys_come_by_name(terminal: Terminal, typed: bytes, keys: list[str]) -> None:
    with Keys(terminal.stream) as pressed:
        assert pressed.is_there and not terminal.is_echoing()
        terminal.type(typed)
        found = pressed.pressed(1.0 if typed else 0.0)
    assert found == keys
    assert terminal.is_echoing() and not pressed.is_there


def test_without_a_terminal_nothing_comes(tmp_path: Path) -> None:
    file = tmp_path / "in.txt"
    file.write_text("ppp")
    with file.open() as stream, Keys(stream) as keys:
        assert not keys.is_there and keys.pressed(0.01) == []


def test_in_the_background_the_terminal_belongs_to_another(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    with Keys(terminal.stream) as keys:
        assert not keys.is_there and terminal.is_echoing()
