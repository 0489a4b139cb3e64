"""Who still writes an inspection: a locked file per running visit. The lock dies with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from bee_robot.cloud.errors import explained


class RunningMarks:
    """The folder of marks, and the marks that this process holds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._held: dict[str, int] = {}

    def create(self) -> None:
        with explained(self.root):
            self.root.mkdir(parents=True, exist_ok=True)

    def hold(self, inspection: str) -> None:
        path = self.root / inspection
        with explained(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._held[inspection] = descriptor

    def release(self, inspection: str) -> None:
        descriptor = self._held.pop(inspection, None)
        if descriptor is not None:
            os.close(descriptor)
        with explained(self.root):
            (self.root / inspection).unlink(missing_ok=True)

    def release_all(self) -> None:
        """Let go without removing the marks: what was not ended counts as interrupted."""
        while self._held:
            os.close(self._held.popitem()[1])

    def is_held(self, inspection: str) -> bool:
        """Whether a living process holds the mark."""
        try:
            descriptor = os.open(self.root / inspection, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)

    def observer(self) -> Callable[[str], bool]:
        """Whether a visit that has not ended is being written; ask for it before reading the visit.

        A visit can end, or begin, between looking at its mark and at its row: it runs if it was held before or is now.
        """
        names = [path.name for path in self.root.iterdir()] if self.root.is_dir() else []
        before = frozenset(name for name in names if self.is_held(name))
        return lambda inspection: inspection in before or self.is_held(inspection)
