"""Which recordings may be removed for newer ones: those that a console's recorder made, and that nobody writes any more.

Such a recording has a file `.bee_recording` in its folder; whoever writes the recording holds a lock (flock) on that file.
The lock is let go by the system when the process ends, however it ends. A bag without that file is somebody's own.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

MARK = ".bee_recording"


class Mark:
    """Marks the folder of a recording that is being written. OSError where the file system has no locks or no space."""

    def __init__(self, folder: Path) -> None:
        new = folder / f"{MARK}.new"
        self._descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            new.rename(folder / MARK)  # locked before anybody sees it
        except OSError:
            self.close()
            new.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        """From now on the recording may be removed."""
        os.close(self._descriptor)


@dataclass(frozen=True)
class Kept:
    """A recording with the mark, and what it has on the disk."""

    folder: Path
    size_bytes: int
    changed_s: float


def recordings_in(folder: Path, besides: Path) -> list[Kept]:
    """Marked folders with MCAP files and nothing that is not of a bag, oldest first; also those that are being written."""
    found = []
    for path in folder.iterdir():
        if path == besides or path.is_symlink():
            continue
        try:
            sizes = {each.name: each.stat().st_size for each in path.iterdir()}
            if MARK in sizes and all(_is_of_bag(name) for name in sizes):
                found.append(Kept(path, sum(sizes.values()), path.stat().st_mtime))
        except OSError:  # no folder, not ours to read, or removed meanwhile by another recorder
            continue
    return sorted(found, key=lambda each: each.changed_s)


def _is_of_bag(name: str) -> bool:
    return name.endswith(".mcap") or name.startswith("metadata.yaml") or name == MARK


def remove(folder: Path) -> bool:
    """Remove a marked recording; False, and nothing is done, where somebody is writing or removing it."""
    try:
        descriptor = os.open(folder / MARK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
