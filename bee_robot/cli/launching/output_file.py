"""The output of a process: a log file that it writes itself, and that its supervisor follows.

A file, not a pipe: a process that ends well after its supervisor was killed must not die of a broken pipe.
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from pathlib import Path
from typing import BinaryIO

LOG_BYTES, LOG_FILES = 4_000_000, 3
LAST_LINES = 12


class OutputFile:
    """Lines of one process. Past LOG_BYTES the content moves to `<name>.log.1`, `.2`, ... and the file starts anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = path.stat().st_size if path.exists() else 0
        self._unfinished = b""
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)

    def open_for_child(self) -> BinaryIO:
        """Append mode: writing goes on at the end also after the file was cut."""
        return self._path.open("ab")

    def new_lines(self) -> list[str]:
        """Whole lines that have come since the last call."""
        with self._path.open("rb") as file:
            file.seek(self._read_to)
            data = file.read()
            self._read_to = file.tell()
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        if self._read_to > LOG_BYTES:
            self._rotate()
        texts = [line.decode("utf-8", "replace").rstrip("\r") for line in lines]
        self.last_lines.extend(texts)
        return texts

    def _rotate(self) -> None:
        for number in range(LOG_FILES - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        shutil.copyfile(self._path, self._path.with_name(f"{self._path.name}.1"))
        os.truncate(self._path, 0)
        self._read_to = 0
