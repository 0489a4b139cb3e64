"""What a process prints: into a spool that it writes itself, from there into a log file of bounded size.

A spool, not a pipe: a process whose supervisor is killed or stands still must neither die of a broken pipe nor wait for a
reader. Both files are written at their ends only: the spool by the process, the log by the supervisor, which gives back
the blocks of the spool that it has read. So nothing is lost when the log is rotated. What the supervisor has not read
when it is killed stays in the spool.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections import deque
from pathlib import Path
from typing import BinaryIO

LOG_BYTES, LOG_FILES = 4_000_000, 3
LAST_LINES = 12
LINE_BYTES = 16_384
"""A line that is longer goes on in the next one: what prints no line ends must not fill the memory."""
READ_BYTES = 262_144
GIVE_BACK_BYTES = 1_048_576

# fallocate(2)
_PUNCH_HOLE, _KEEP_SIZE = 2, 1


class OutputFile:
    """Lines of one process. Past LOG_BYTES `<name>.log` becomes `<name>.log.1`, and so on; a new file begins."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spool_path = path.with_suffix(".spool")
        self._spool = os.open(self._spool_path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._read_to = self._given_back_to = os.fstat(self._spool).st_size
        self._log: BinaryIO | None = path.open("ab")
        self._unfinished = b""
        self.trouble = ""
        """Why the log is no longer written, for people; "" while it is."""
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)

    def open_for_child(self) -> BinaryIO:
        """Append mode: writing goes on at the end also where the file was cut."""
        return self._spool_path.open("ab")

    def new_lines(self) -> list[str]:
        """Whole lines that have come since the last call; those of READ_BYTES at most."""
        data = os.pread(self._spool, READ_BYTES, self._read_to)
        if not data:
            return []
        self._read_to += len(data)
        if self._read_to - self._given_back_to >= GIVE_BACK_BYTES:
            self._give_back()
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        while len(self._unfinished) > LINE_BYTES:
            lines.append(self._unfinished[:LINE_BYTES])
            self._unfinished = self._unfinished[LINE_BYTES:]
        return self._taken(lines)

    def rest(self) -> list[str]:
        """Everything that has not been read yet, and a last line without an end: for when the process has ended."""
        lines: list[str] = []
        while new := self.new_lines():
            lines += new
        if self._unfinished:
            last, self._unfinished = self._unfinished, b""
            lines += self._taken([last])
        return lines

    def close(self) -> None:
        """Call when the process has ended and `rest` has been taken."""
        os.close(self._spool)
        self._spool_path.unlink(missing_ok=True)
        if self._log is not None:
            with contextlib.suppress(OSError):
                self._log.close()
            self._log = None

    def _taken(self, lines: list[bytes]) -> list[str]:
        self._write(lines)
        texts = [line.decode("utf-8", "replace").rstrip("\r") for line in lines]
        self.last_lines.extend(texts)
        return texts

    def _write(self, lines: list[bytes]) -> None:
        if self._log is None:
            return
        try:
            for line in lines:
                self._log.write(line + b"\n")
                if self._log.tell() > LOG_BYTES:
                    self._rotate()
            self._log.flush()
        except OSError as error:
            self.trouble = f"{self._path} cannot be written any more ({error.strerror}); make room"
            self._log = None

    def _rotate(self) -> None:
        assert self._log is not None
        self._log.close()
        for number in range(LOG_FILES - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        self._log = self._path.open("ab")

    def _give_back(self) -> None:
        """Free the blocks that have been read. Where the file system cannot, cut the file once it has been read whole.

        Only that cut could lose a line: one that is written between the look at the size and the cut.
        """
        if _punch(self._spool, self._read_to):
            self._given_back_to = self._read_to
        elif os.fstat(self._spool).st_size == self._read_to:
            os.ftruncate(self._spool, 0)
            self._read_to = self._given_back_to = 0


def _punch(file: int, until: int) -> bool:
    """Give the first bytes of a file back to the file system; its size stays. False where that is not possible."""
    fallocate = getattr(ctypes.CDLL(None, use_errno=True), "fallocate64", None)
    if fallocate is None:
        return False
    fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return bool(fallocate(file, _PUNCH_HOLE | _KEEP_SIZE, 0, until) == 0)
