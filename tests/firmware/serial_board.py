"""A board with the bench plant behind a pseudo-terminal, in wall time, whose cable can be pulled."""

from __future__ import annotations

import contextlib
import os
import threading
import tty
from pathlib import Path
from types import TracebackType

from bench_board import BenchBoard

from bee_robot.clock import wall_s, wall_sleep

STEP_WALL_S = 0.002
LONGEST_STEP_S = 0.02  # on a busy machine the board's time falls behind, so that its host is not late


class SerialBoard:
    """`path` is what a host opens, like a link under /dev/serial/by-id. Runs on a thread of its own while it is entered.

    Whoever looks at `board` meanwhile holds `lock`.
    """

    def __init__(self, library: Path, path: Path) -> None:
        self.board = BenchBoard(library)
        self.path = path
        self.lock = threading.RLock()
        self._ends: tuple[int, ...] = ()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def plug(self) -> None:
        with self.lock:
            near, far = os.openpty()
            tty.setraw(far)
            os.set_blocking(near, False)
            self._ends = (
                near,
                far,
            )  # our own handle on the far end: a host may close the port and open it again
            self.path.symlink_to(os.ttyname(far))

    def unplug(self) -> None:
        """The board lives on, powered by its own supply."""
        with self.lock:
            self.path.unlink()
            for end in self._ends:
                os.close(end)
            self._ends = ()

    def _run(self) -> None:
        looked_s = wall_s()
        while not self._is_over:
            before_s, looked_s = looked_s, wall_s()
            with self.lock:
                self._carry(round(self.board.now_s + min(looked_s - before_s, LONGEST_STEP_S), 6))
            wall_sleep(STEP_WALL_S)

    def _carry(self, goal_s: float) -> None:
        """Bytes both ways and the board on to `goal_s`, whole microseconds: it can get there exactly."""
        with contextlib.suppress(BlockingIOError):
            self.board.write(os.read(self._ends[0], 4096) if self._ends else b"")
        while self.board.now_s < goal_s:
            self.board.advance_to(goal_s)
            data = self.board.read()
            if data and self._ends:
                with contextlib.suppress(BlockingIOError):  # a host that does not read loses them
                    os.write(self._ends[0], data)

    def __enter__(self) -> SerialBoard:
        self.plug()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._thread.join()
        if self._ends:
            self.unplug()
