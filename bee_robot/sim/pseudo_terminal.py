"""A pseudo-terminal that looks like the serial port of a board, and the twin behind it in paced time."""

from __future__ import annotations

import contextlib
import os
import tty
from collections.abc import Callable
from types import TracebackType

from bee_robot.clock import pause_wall, wall_s
from bee_robot.sim.pace import DEAD_AFTER_WALL_S, Pace
from bee_robot.sim.twin import Twin

POLL_WALL_S = 0.002
READ_BYTES = 4096
BITS_PER_BYTE = 10  # start and stop bit
WIRE_SHARE = 0.8  # of the deadline: how far bytes on the wire may carry time beyond the last heartbeat
RECEIVED_WITHIN_S = 0.002  # robot time that the board needs to take bytes from its serial port


class PseudoTerminal:
    """One end for us, the other for pyserial under `path`. Raw bytes, no echo; never blocks.

    Our own handle on the far end stays open, so that a host may close the port and open it again.
    """

    def __init__(self) -> None:
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self.path = os.ttyname(self._far)
        """What a host opens instead of /dev/ttyACM0."""

    def read(self) -> bytes:
        """Bytes that the host has written; empty when there are none."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._near, READ_BYTES)
        return b""

    def write(self, data: bytes) -> int:
        """Bytes for the host. What does not fit is lost, as on a port without flow control; returns how many went."""
        with contextlib.suppress(BlockingIOError):
            return os.write(self._near, data)
        return 0

    def close(self) -> None:
        for handle in (self._near, self._far):
            if handle >= 0:
                os.close(handle)
        self._near = self._far = -1

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class PacedTwin:
    """A twin behind a pseudo-terminal, moved on as wall time, speed factor and the host's heartbeats allow."""

    def __init__(
        self,
        twin: Twin,
        terminal: PseudoTerminal,
        speed: float = 1.0,
        dead_after_wall_s: float = DEAD_AFTER_WALL_S,
    ) -> None:
        self._deadline_s = deadline_s = twin.robot.board.heartbeat_deadline_ms / 1000
        self._twin = twin
        self._terminal = terminal
        self.pace = Pace(speed, deadline_s, twin.now_s, wall_s(), dead_after_wall_s)
        self._byte_s = BITS_PER_BYTE / twin.robot.serial.baud
        self.bytes_lost = 0
        """Bytes of the board that the host did not fetch in time."""

    def step(self) -> float:
        """Carry bytes both ways and run the twin as far as it may now. Returns robot time; never blocks for long."""
        twin = self._twin
        goal_s = self.pace.may_reach_s(wall_s(), twin.last_heartbeat_s)
        while True:
            data = self._terminal.read()
            if data:
                twin.write(data)
                goal_s = max(goal_s, self._arrival_s(len(data)))
            twin.advance_to(goal_s)
            answer = twin.read()
            self.bytes_lost += len(answer) - self._terminal.write(answer) if answer else 0
            if twin.now_s >= goal_s - 1e-9:
                return twin.now_s

    def _arrival_s(self, count: int) -> float:
        """What is on the wire arrives: a heartbeat must not wait for the time that waits for it. Other bytes must not
        carry time up to the deadline, though."""
        arrived_s = self._twin.now_s + count * self._byte_s + RECEIVED_WITHIN_S
        return min(arrived_s, self._twin.last_heartbeat_s + WIRE_SHARE * self._deadline_s)

    async def run(self, on_step: Callable[[float], None] | None = None) -> None:
        """Step for ever, until cancelled; `on_step` is told the robot time after each step."""
        while True:
            now_s = self.step()
            if on_step:
                on_step(now_s)
            await pause_wall(POLL_WALL_S)
