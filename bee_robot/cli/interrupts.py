"""Ctrl-C as the command line means it: once, end well; twice, stop at once. SIGTERM and a closed terminal count the same."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Counts SIGINT, SIGTERM and SIGHUP while it is entered. A SIGHUP that is ignored (nohup) stays so."""

    def __init__(self) -> None:
        self.count = 0
        self._on_second: Callable[[], None] = lambda: None
        self._before: dict[signal.Signals, object] = {}
        self._terminals: list[int] = []

    def __enter__(self) -> Interrupts:
        self._terminals = [file for file in (1, 2) if os.isatty(file)]
        for number in SIGNALS:
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
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
        if number == signal.SIGHUP:
            self._leave_terminal()
        if self.count == 2:
            self._on_second()

    def _leave_terminal(self) -> None:
        """The terminal is gone: what is written to it now would fail, and the end must not."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for file in self._terminals:
            os.dup2(nowhere, file)
        os.close(nowhere)
