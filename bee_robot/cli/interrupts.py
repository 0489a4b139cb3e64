"""Ctrl-C as the command line means it: once, end well; twice, stop at once. SIGTERM counts the same."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType


class Interrupts:
    """Counts SIGINT and SIGTERM while it is entered."""

    def __init__(self) -> None:
        self.count = 0
        self._on_second: Callable[[], None] = lambda: None
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Interrupts:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]

    def when_second(self, do: Callable[[], None]) -> None:
        """Runs in the signal handler at the second signal; at once where that has come already."""
        self._on_second = do
        if self.count >= 2:
            do()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 2:
            self._on_second()
