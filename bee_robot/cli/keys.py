"""Single keys of a terminal while something runs. Ctrl-C stays what it is: a signal."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Any, TextIO

ESCAPE_S = 0.05  # how long the rest of an escape sequence may be on its way
NAMES = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[C": "right",
    b"\x1b[D": "left",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1bOC": "right",
    b"\x1bOD": "left",
    b"\x1b": "escape",
    b"\r": "enter",
    b"\n": "enter",
}


class Keys:
    """Keys that were pressed, while it is entered. Nothing comes where there is no terminal, or it is in the background."""

    def __init__(self, stream: TextIO = sys.stdin) -> None:
        self._stream = stream
        self._file = -1
        self._before: list[Any] | None = None

    @property
    def is_there(self) -> bool:
        """Whether a person can press keys."""
        return self._before is not None

    def __enter__(self) -> Keys:
        try:
            self._file = self._stream.fileno()
            if os.isatty(self._file) and os.tcgetpgrp(self._file) == os.getpgrp():
                self._before = termios.tcgetattr(self._file)
                tty.setcbreak(self._file, termios.TCSADRAIN)
        except (OSError, ValueError, termios.error):
            self._before = None  # no terminal, or one that has gone
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            with contextlib.suppress(termios.error):  # the terminal has gone: there is nothing to put back
                termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)
            self._before = None

    def pressed(self, within_s: float = 0.0) -> list[str]:
        """The keys that were pressed since the last call, by name (`up`, `escape`, `enter`) or as they are written. Waits for
        the first for so long at most (wall time)."""
        if self._before is None or not self._is_waiting(within_s):
            return []
        try:
            data = os.read(self._file, 1024)
        except OSError:
            data = b""
        if not data:  # the terminal has gone
            self._before = None
            return []
        if data.endswith(b"\x1b") and self._is_waiting(ESCAPE_S):
            data += os.read(self._file, 1024)
        return _named(data)

    def _is_waiting(self, within_s: float) -> bool:
        return bool(select.select([self._file], [], [], within_s)[0])


def _named(data: bytes) -> list[str]:
    found = []
    while data:
        for known in sorted(NAMES, key=len, reverse=True):
            if data.startswith(known):
                found.append(NAMES[known])
                data = data[len(known) :]
                break
        else:
            key = data.decode("utf-8", errors="ignore")[:1]
            data = data[max(1, len(key.encode())) :]
            found += [key] if key else []
    return found
