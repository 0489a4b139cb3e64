"""How bytes get to a board: a serial port (or pseudo-terminal), or a pipe in memory for a board in this process."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import termios
from collections.abc import Callable
from typing import Protocol

import serial


class TransportError(Exception):
    """The port cannot be used. One line: which port, what is wrong, what to do."""


class Transport(Protocol):
    """Bytes both ways. `on_bytes` is called on the event loop with what arrived; `on_lost` once, with the reason."""

    on_bytes: Callable[[bytes], None] | None
    on_lost: Callable[[str], None] | None
    wants_telemetry: bool
    """Set by whoever listens: whether somebody waits for the next telemetry. Where the board is in this process, what is
    told a hundred times a second may otherwise be handed over with the next thing that matters."""

    @property
    def is_open(self) -> bool:
        """False once closed or lost; then another transport has to be opened."""
        ...

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class PipeTransport:
    """A board in this process: `sink` takes bytes for it, `deliver` hands over bytes from it."""

    def __init__(self, sink: Callable[[bytes], object]) -> None:
        self.on_bytes: Callable[[bytes], None] | None = None
        self.on_lost: Callable[[str], None] | None = None
        self.wants_telemetry = True
        self._sink = sink

    @property
    def is_open(self) -> bool:
        return True

    def write(self, data: bytes) -> None:
        self._sink(data)

    def deliver(self, data: bytes) -> None:
        if self.on_bytes is not None:
            self.on_bytes(data)

    def close(self) -> None:
        self.on_bytes = self.on_lost = None


class SerialTransport:
    """A serial port, opened for this process alone. Must be made and used on a running asyncio loop.

    Raises TransportError when the port is missing, taken or not allowed. Never falls back to anything else.
    """

    def __init__(self, port: str, baud: int) -> None:
        self.on_bytes: Callable[[bytes], None] | None = None
        self.on_lost: Callable[[str], None] | None = None
        self.wants_telemetry = True
        self.port = port
        self._serial = _open(port, baud)
        self._fd = self._serial.fileno()
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray()
        os.set_blocking(self._fd, False)
        _read_nothing_as_not_yet(self._fd)
        self._loop.add_reader(self._fd, self._readable)

    @property
    def is_open(self) -> bool:
        return self._fd >= 0

    def write(self, data: bytes) -> None:
        if self._fd < 0:
            return
        if not self._unsent:
            self._loop.add_writer(self._fd, self._writable)
        self._unsent += data
        self._writable()

    def _writable(self) -> None:
        try:
            del self._unsent[: os.write(self._fd, self._unsent)]
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        if not self._unsent:
            self._loop.remove_writer(self._fd)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, 4096)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        if not data:
            self._lost(OSError(errno.EIO, "no more bytes; unplugged?"))
        elif self.on_bytes is not None:
            self.on_bytes(data)

    def _lost(self, error: OSError) -> None:
        on_lost = self.on_lost
        self.close()
        if on_lost is not None:
            on_lost(f"serial port {self.port}: {error.strerror or error}")

    def close(self) -> None:
        if self._fd < 0:
            return
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._fd = -1
        self._unsent.clear()
        self.on_bytes = self.on_lost = None
        with contextlib.suppress(OSError):
            self._serial.close()


def _read_nothing_as_not_yet(descriptor: int) -> None:
    """pyserial sets VMIN to 0, so that reading nothing looks like a port that is gone; 1 makes the two differ."""
    attributes = termios.tcgetattr(descriptor)
    attributes[6][termios.VMIN] = 1
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)


def _open(port: str, baud: int) -> serial.Serial:
    try:
        return serial.Serial(port, baud, timeout=0, write_timeout=0, exclusive=True)
    except (serial.SerialException, ValueError, OSError) as error:
        number = getattr(error, "errno", None)
        text = str(error)
    if number == errno.ENOENT:
        raise TransportError(
            f"serial port {port} is missing; plug the board in, or name another in 'serial.port' of the robot file"
        )
    if number == errno.EACCES:
        raise TransportError(
            f"serial port {port}: permission denied; add your user to the group 'dialout' and log in again"
        )
    if number in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EBUSY) or "exclusively lock" in text:
        raise TransportError(
            f"serial port {port} is taken by another program; stop that program (bee doctor names it)"
        )
    raise TransportError(f"serial port {port}: {text}; check 'serial.port' in the robot file")
