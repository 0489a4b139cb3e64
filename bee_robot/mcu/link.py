"""The reliable link: sessions, sequence numbers, acknowledgements, bounded and counted retries of bytes.

A reliable message is executed exactly once or its sender is told that the link is lost. Express messages (heartbeat,
stop) overtake every queue here and on the board. All times are those of the injected clock.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from bee_robot.clock import Clock
from bee_robot.mcu import messages as m
from bee_robot.mcu import packets
from bee_robot.mcu.clock_relation import ClockRelation
from bee_robot.mcu.transport import Transport

RESEND_FIRST_S = 0.06  # a full window of packets takes 20 ms at 250 kBaud
RESEND_MAX_S = 0.4
RESEND_TRIES = 25
HELLO_EVERY_S = 0.1
STOP_EVERY_S = 0.02
STOP_TRIES = 50
SILENCE_MAX_S = 0.5
ROUND_TRIPS_KEPT = 2000
RESTARTED = "the board restarted and has forgotten positions and configuration"
"""Why a link was lost whose board answered without pause, and suddenly knew no session."""

_TELEMETRY = {
    m.NUMBERS[m.Axes]: m.BOARD_READERS[m.NUMBERS[m.Axes]][0],
    m.NUMBERS[m.Status]: m.BOARD_READERS[m.NUMBERS[m.Status]][0],
}

_WELCOME = m.NUMBERS[m.Welcome]


class LinkError(Exception):
    """No board answers, or it stopped answering. Commands under way may or may not have been executed."""


class ProtocolError(LinkError):
    """A board answers that speaks another protocol. The message names both versions."""


@dataclass
class LinkStatistics:
    """Counts since the link was first made, over all its sessions. `round_trips_s`: of the latest heartbeats."""

    sent: int = 0
    resent: int = 0
    received: int = 0
    bad: int = 0
    repeated: int = 0
    unknown: int = 0
    sessions: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    acknowledged: int = 0
    """Reliable packets that the board has taken, and how many bytes of messages were in them."""
    acknowledged_bytes: int = 0
    round_trips_s: deque[float] = field(default_factory=lambda: deque(maxlen=ROUND_TRIPS_KEPT))

    @property
    def errors(self) -> int:
        return self.resent + self.bad + self.unknown

    @property
    def round_trip_s(self) -> float:
        """Of the latest heartbeat; 0 before the first."""
        return self.round_trips_s[-1] if self.round_trips_s else 0.0


def pack(messages: Iterable[m.HostMessage]) -> list[bytes]:
    """Contents of as few packets as hold the messages in their order."""
    contents: list[bytes] = []
    for message in messages:
        data = message.pack()
        if contents and len(contents[-1]) + len(data) <= packets.CONTENT_MAX:
            contents[-1] += data
        else:
            contents.append(data)
    return contents


class Link:
    """One session at a time with one board.

    `on_message` gets every message but telemetry, in order; `on_telemetry` gets number and bytes of telemetry, unread
    (a hundred a second, most of which nobody looks at); `on_lost` is called once when an open session ends by itself.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        on_message: Callable[[m.BoardMessage], None],
        on_telemetry: Callable[[int, bytes], None],
        on_lost: Callable[[str], None],
        statistics: LinkStatistics | None = None,
    ) -> None:
        self.statistics = statistics or LinkStatistics()
        """Those of an earlier link to the same board may be carried on."""
        self.clocks = ClockRelation()
        self.health: m.Health | None = None
        """What the board says of itself once a second; its latest in this session."""
        self.is_open = False
        self.heard_s = clock.now_s()
        self.stop_token = 0
        """Number of stops asked for in this session; arm() carries it."""
        self._transport = transport
        self._clock = clock
        self._on_message = on_message
        self._on_telemetry = on_telemetry
        self._on_lost = on_lost
        self._reader = packets.PacketReader()
        self._bad_before = self.statistics.bad
        self._welcome: asyncio.Future[m.Welcome] | None = None
        self._nonce = 0
        self._resender: asyncio.Task[None] | None = None
        self._heartbeats: dict[int, float] = {}
        self._counter = 0
        self._stops: dict[int, asyncio.Event] = {}
        self._reset()
        transport.on_bytes = self._take
        transport.on_lost = self._lose

    def _reset(self) -> None:
        self._next = 0  # sequence number of the next new packet
        self._unacknowledged: deque[bytes] = deque()  # contents, oldest first
        self._in_flight = 0  # how many of them were sent
        self._expected = 0  # sequence number of the next packet from the board
        self._acknowledgement_due = False
        self._has_hurried = False

    # session

    async def open(self, timeout_s: float) -> m.Welcome:
        """Say hello until the board answers. Raises LinkError after `timeout_s`, ProtocolError at once."""
        self.close("a new session begins")
        self._reset()
        self.stop_token = 0
        self.clocks = ClockRelation()
        self.health = None
        self._heartbeats.clear()
        self._nonce = secrets.randbits(32)
        self._welcome = asyncio.get_running_loop().create_future()
        end_s = self._clock.now_s() + timeout_s
        hello = m.Hello(self._nonce, m.PROTOCOL_VERSION, m.PROTOCOL_SCHEMA)
        while not self._welcome.done():
            if self._clock.now_s() >= end_s:
                raise LinkError(
                    f"no board answered within {timeout_s:g} s; check cable, power and 'serial.port' in the robot file"
                )
            self._write(packets.encode(self._count(), hello.pack()))
            nap = asyncio.ensure_future(self._clock.sleep(HELLO_EVERY_S))
            either: set[asyncio.Future[Any]] = {nap, self._welcome}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            nap.cancel()
        welcome = self._welcome.result()
        self.statistics.sessions += 1
        return welcome

    def close(self, because: str) -> None:
        """End the session on this side; `on_lost` is not called."""
        self.is_open = False
        if self._resender is not None:
            self._resender.cancel()
            self._resender = None
        for event in self._stops.values():
            event.set()

    def _lose(self, because: str) -> None:
        if not self.is_open:
            return
        self.close(because)
        self._on_lost(because)

    def _count(self) -> int:
        self._counter = (self._counter + 1) & 0xFFFF
        return self._counter & 0x7F

    # sending

    def send(self, messages: Iterable[m.HostMessage]) -> None:
        """Queue messages on the reliable stream. LinkError if no session is open."""
        if not self.is_open:
            raise LinkError("the board is not connected")
        self._unacknowledged.extend(pack(messages))
        self._fill_window()

    def express(self, message: m.HostMessage) -> None:
        """Send a message at once, past every queue; it may be lost."""
        self.statistics.sent += 1
        self._write(packets.encode(self._count(), message.pack()))

    def _write(self, data: bytes) -> None:
        self.statistics.bytes_sent += len(data)
        self._transport.write(data)

    def heartbeat(self) -> None:
        """Tell the board that its host lives; also where a silent board is noticed."""
        now_s = self._clock.now_s()
        if self.is_open and now_s - self.heard_s > SILENCE_MAX_S:
            self._lose(f"the board was silent for {now_s - self.heard_s:.1f} s")
        if not self.is_open:
            return
        counter = self._counter
        self._heartbeats[counter] = now_s
        if len(self._heartbeats) > 32:
            self._heartbeats.pop(next(iter(self._heartbeats)))
        self.express(m.Heartbeat(counter))

    async def stop(self, cause: m.Cause) -> None:
        """Category 1 stop; returns when the board has heard it. LinkError if it did not."""
        if not self.is_open:
            raise LinkError("the board is not connected; it stops by itself without heartbeats")
        self.stop_token = (self.stop_token + 1) & 0xFFFF
        token, heard = self.stop_token, asyncio.Event()
        self._stops[token] = heard
        try:
            for _ in range(STOP_TRIES):
                if not self.is_open:
                    break
                if token == self.stop_token:  # a newer stop says the same
                    self.express(m.Stop(token, cause))
                await self._wait(heard, STOP_EVERY_S)
                if heard.is_set() and self.is_open:
                    return
        finally:
            del self._stops[token]
        raise LinkError("the board did not confirm the stop; it stops by itself without heartbeats")

    async def _wait(self, event: asyncio.Event, timeout_s: float) -> None:
        nap = asyncio.ensure_future(self._clock.sleep(timeout_s))
        wait = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({nap, wait}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            wait.cancel()

    def _fill_window(self) -> None:
        while self._in_flight < min(len(self._unacknowledged), m.WINDOW):
            self._send_one(self._in_flight)
            self._in_flight += 1
        if self._unacknowledged and self._resender is None:
            self._resender = asyncio.ensure_future(self._resend())

    def _send_one(self, index: int) -> None:
        self.statistics.sent += 1
        sequence = (self._next + index) & 0x7F
        self._write(packets.encode(packets.RELIABLE | sequence, self._unacknowledged[index]))

    def _send_again(self) -> None:
        for index in range(self._in_flight):
            self.statistics.resent += 1
            self._send_one(index)

    async def _resend(self) -> None:
        """Runs while packets are unacknowledged."""
        tries, wait_s, oldest = 0, RESEND_FIRST_S, self._next
        while self._unacknowledged:
            await self._clock.sleep(wait_s)
            if self._next != oldest:
                tries, wait_s, oldest = 0, RESEND_FIRST_S, self._next
                continue
            if not self._unacknowledged:
                break
            tries += 1
            if tries > RESEND_TRIES:
                self._resender = None
                self._lose(f"the board did not acknowledge a packet sent {tries} times")
                return
            wait_s = min(wait_s * 1.5, RESEND_MAX_S)
            self._send_again()
        self._resender = None

    def _acknowledged(self, following: int) -> None:
        count = (following - self._next) & 0x7F
        if count == 0 and self._in_flight and not self._has_hurried:
            self._has_hurried = True  # the board got a packet, but not the one it waits for
            self._send_again()
            return
        if not 0 < count <= self._in_flight:
            return
        self._has_hurried = False
        for _ in range(count):
            self.statistics.acknowledged_bytes += len(self._unacknowledged.popleft())
        self.statistics.acknowledged += count
        self._in_flight -= count
        self._next = following
        self._fill_window()

    # receiving

    def _take(self, data: bytes) -> None:
        received = self._reader.feed(data)
        self.statistics.bytes_received += len(data)
        self.statistics.bad = self._bad_before + self._reader.bad
        if received:
            self.statistics.received += len(received)
            self.heard_s = self._clock.now_s()
        for sequence, content in received:
            size = _TELEMETRY.get(content[0])
            if sequence & packets.RELIABLE:
                self._take_reliable(sequence & 0x7F, content)
            elif size is not None:
                if self.is_open and len(content) == size:
                    self._on_telemetry(content[0], content)
            elif content[0] == _WELCOME:
                self._take_welcome(content)
            else:
                for message in self._read(content):
                    self._take_express(message)
        if self._acknowledgement_due and self.is_open:
            self._acknowledgement_due = False
            self.express(m.HostAck(self._expected))

    def _take_reliable(self, sequence: int, content: bytes) -> None:
        if not self.is_open:
            return
        self._acknowledgement_due = True
        if sequence != self._expected:
            self.statistics.repeated += 1
            return
        self._expected = (self._expected + 1) & 0x7F
        for message in self._read(content):
            self._on_message(message)

    def _read(self, content: bytes) -> list[m.BoardMessage]:
        messages: list[m.BoardMessage] = []
        at = 0
        while at < len(content):
            size, read = m.BOARD_READERS.get(content[at], (0, None))
            if read is None or at + size > len(content):
                self.statistics.unknown += 1
                break
            messages.append(read(content, at))
            at += size
        return messages

    def _take_welcome(self, content: bytes) -> None:
        """A welcome begins as a hello does in every version of the protocol; only that of our own is read further."""
        size, read = m.HOST_READERS[m.NUMBERS[m.Hello]]
        greeting = read(content, 0) if len(content) >= size else None
        if self._welcome is None or self._welcome.done() or not isinstance(greeting, m.Hello):
            return
        if greeting.nonce != self._nonce:
            return
        if (greeting.protocol, greeting.schema) != (m.PROTOCOL_VERSION, m.PROTOCOL_SCHEMA):
            self._welcome.set_exception(
                ProtocolError(
                    f"the board speaks protocol {greeting.protocol} (schema {greeting.schema:08x}), this software "
                    f"speaks {m.PROTOCOL_VERSION} (schema {m.PROTOCOL_SCHEMA:08x}); flash the firmware that belongs to "
                    "this software (bee flash)"
                )
            )
            return
        for message in self._read(content):
            if isinstance(message, m.Welcome):
                self.is_open = True
                self._welcome.set_result(message)

    def _take_express(self, message: m.BoardMessage) -> None:
        if isinstance(message, m.BoardAck):
            self._acknowledged(message.next)
        elif isinstance(message, m.HeartbeatEcho):
            sent_s = self._heartbeats.pop(message.counter, None)
            if sent_s is not None:
                now_s = self._clock.now_s()
                self.statistics.round_trips_s.append(now_s - sent_s)
                self.clocks.add(sent_s, now_s, message.time_us)
        elif isinstance(message, m.Health):
            self.health = message
        elif isinstance(message, m.StopHeard):
            if message.token in self._stops:
                self._stops[message.token].set()
        elif isinstance(message, m.NoSession):
            self._lose(RESTARTED)
