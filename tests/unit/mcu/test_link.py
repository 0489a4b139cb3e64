"""The link against a board played by the test, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bee_robot.clock import SteppedClock
from bee_robot.mcu import messages as m
from bee_robot.mcu import packets
from bee_robot.mcu.link import Link, LinkError, ProtocolError, pack
from bee_robot.mcu.transport import PipeTransport
from bee_robot.sim.virtual_time import run_virtual


class PlayedBoard:
    """Takes packets in order and acknowledges them; `deaf` swallows everything."""

    def __init__(self) -> None:
        self.pipe = PipeTransport(self._take)
        self.executed: list[m.HostMessage] = []
        self.arrivals: list[str] = []
        self.deaf = 0  # packets still to swallow
        self.protocol = m.PROTOCOL_VERSION
        self.answer_after_s = 0.0
        self._reader = packets.PacketReader()
        self._expected = 0
        self._sent = 0

    def _take(self, data: bytes) -> None:
        for sequence, content in self._reader.feed(data):
            size, read = m.HOST_READERS[content[0]]
            message = read(content, 0)
            self.arrivals.append(type(message).__name__)
            if self.deaf:
                self.deaf -= 1
            elif not sequence & packets.RELIABLE:
                self._express(message)
            else:
                self._reliable(sequence & 0x7F, content)

    def _reliable(self, sequence: int, content: bytes) -> None:
        if sequence == self._expected:
            self._expected = (self._expected + 1) & 0x7F
            while content:
                size, read = m.HOST_READERS[content[0]]
                self.executed.append(read(content, 0))
                content = content[size:]
        self.answer(m.BoardAck(self._expected))

    def _express(self, message: m.HostMessage) -> None:
        if isinstance(message, m.Hello):
            self._expected = 0
            self.answer(m.Welcome(message.nonce, self.protocol, m.PROTOCOL_SCHEMA, 1, 1, 0, 8, 0, 0))
        elif isinstance(message, m.Heartbeat):
            self.answer(m.HeartbeatEcho(message.counter, 0))
        elif isinstance(message, m.Stop):
            self.executed.append(message)
            self.answer(m.StopHeard(message.token))

    def answer(self, message: m.BoardMessage) -> None:
        self._later(packets.encode(0, message.pack()))

    def event(self, sequence: int, message: m.BoardMessage) -> None:
        self._later(packets.encode(packets.RELIABLE | sequence, message.pack()))

    def _later(self, data: bytes) -> None:
        """Nothing answers within the call that writes."""
        loop = asyncio.get_running_loop()
        if self.answer_after_s:
            loop.call_later(self.answer_after_s, self.pipe.deliver, data)
        else:
            loop.call_soon(self.pipe.deliver, data)


class Pair:
    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.board = PlayedBoard()
        self.heard: list[m.BoardMessage] = []
        self.lost: list[str] = []
        self.link = Link(
            self.board.pipe, self.clock, self.heard.append, lambda number, data: None, self.lost.append
        )


def play(story: Callable[[Pair], Awaitable[None]]) -> None:
    async def told(pair: Pair) -> None:
        await story(pair)

    pair = Pair()
    run_virtual(told(pair), pair.clock, limit_s=100)


def outputs(count: int) -> list[m.HostMessage]:
    return [m.SetOutput(0, value) for value in range(count)]


def test_messages_are_packed_whole_and_in_order() -> None:
    contents = pack(outputs(40))
    assert all(len(content) <= packets.CONTENT_MAX for content in contents)
    assert b"".join(contents) == b"".join(message.pack() for message in outputs(40))
    assert len(contents) == 3


def test_lost_packets_are_sent_again_and_executed_once() -> None:
    async def story(pair: Pair) -> None:
        await pair.link.open(1.0)
        pair.board.deaf = 3
        for message in outputs(20):
            pair.link.send([message])
        await pair.clock.sleep(2.0)
        assert pair.board.executed == outputs(20)
        assert pair.link.statistics.resent >= 3
        assert pair.lost == []

    play(story)


def test_retries_are_bounded_and_then_the_link_is_lost() -> None:
    async def story(pair: Pair) -> None:
        await pair.link.open(1.0)
        pair.board.deaf = 10**6
        pair.link.send(outputs(1))
        await pair.clock.sleep(30.0)
        assert pair.lost == ["the board did not acknowledge a packet sent 26 times"]
        assert pair.board.arrivals.count("SetOutput") == 26
        with pytest.raises(LinkError):
            pair.link.send(outputs(1))

    play(story)


def test_a_stop_overtakes_what_waits_and_is_repeated_until_heard() -> None:
    async def story(pair: Pair) -> None:
        await pair.link.open(1.0)
        pair.board.deaf = 9  # a window of packets and the first stop
        for message in outputs(50):
            pair.link.send([message])
        await pair.link.stop(m.Cause.STOP_ASKED)
        assert pair.board.executed[0] == m.Stop(1, m.Cause.STOP_ASKED)
        assert pair.board.arrivals.count("Stop") > 1

    play(story)


def test_a_stop_nobody_hears_is_an_error() -> None:
    async def story(pair: Pair) -> None:
        await pair.link.open(1.0)
        pair.board.deaf = 10**6
        with pytest.raises(LinkError, match="did not confirm the stop"):
            await pair.link.stop(m.Cause.STOP_ASKED)

    play(story)


def test_events_are_taken_once_and_in_order_and_acknowledged() -> None:
    async def story(pair: Pair) -> None:
        await pair.link.open(1.0)
        events = [m.SegmentDone(number, 0) for number in range(3)]
        pair.board.event(0, events[0])
        pair.board.event(0, events[0])
        pair.board.event(2, events[2])
        pair.board.event(1, events[1])
        pair.board.event(2, events[2])
        await pair.clock.sleep(0.001)
        assert pair.heard == events
        assert pair.board.arrivals.count("HostAck") == 5

    play(story)


def test_a_silent_board_is_noticed_within_half_a_second() -> None:
    async def story(pair: Pair) -> None:
        await pair.link.open(1.0)
        pair.board.deaf = 10**6
        began_s = pair.clock.now_s()
        while not pair.lost:
            await pair.clock.sleep(0.05)
            pair.link.heartbeat()
        assert pair.clock.now_s() - began_s < 0.6
        assert "silent" in pair.lost[0]

    play(story)


def test_the_round_trip_is_measured() -> None:
    async def story(pair: Pair) -> None:
        await pair.link.open(1.0)
        pair.board.answer_after_s = 0.004
        pair.link.heartbeat()
        await pair.clock.sleep(0.1)
        assert pair.link.statistics.round_trip_s == pytest.approx(0.004)

    play(story)


def test_another_protocol_is_refused_with_both_versions() -> None:
    async def story(pair: Pair) -> None:
        pair.board.protocol = 9
        with pytest.raises(ProtocolError, match=r"protocol 9 .* speaks 2 .*flash"):
            await pair.link.open(1.0)
        assert not pair.link.is_open

    play(story)


def test_a_board_of_an_older_protocol_is_named_although_its_welcome_is_shorter() -> None:
    async def story(pair: Pair) -> None:
        def old_welcome(message: m.HostMessage) -> None:
            if isinstance(message, m.Hello):
                content = m.Welcome(message.nonce, 1, 0x1234, 2, 1, 0, 8, 0, 0).pack()[:-1]
                pair.board._later(packets.encode(0, content))

        pair.board._express = old_welcome  # type: ignore[method-assign]
        with pytest.raises(
            ProtocolError, match=r"protocol 1 \(schema 00001234\), this software speaks 2 .*bee flash"
        ):
            await pair.link.open(1.0)
        assert not pair.link.is_open

    play(story)


def test_a_new_session_counts_on_and_relates_the_clocks_anew() -> None:
    async def story(pair: Pair) -> None:
        await pair.link.open(1.0)
        pair.link.heartbeat()
        pair.board.answer(m.Health(*range(9)))
        await pair.clock.sleep(0.1)
        assert pair.link.clocks.is_known and pair.link.health == m.Health(*range(9))
        pair.board.deaf = 10**6
        pair.link.heartbeat()  # its echo never comes
        await pair.clock.sleep(0.6)
        pair.link.heartbeat()
        assert len(pair.lost) == 1
        pair.board.deaf = 0
        await pair.link.open(1.0)
        assert not pair.link.clocks.is_known and pair.link.health is None
        statistics = pair.link.statistics
        assert statistics.sessions == 2 and len(statistics.round_trips_s) == 1
        assert statistics.bytes_sent == 2 * 18 + 2 * 10 and statistics.bytes_received == 2 * 28 + 14 + 26

    play(story)


def test_what_the_board_has_taken_is_counted() -> None:
    async def story(pair: Pair) -> None:
        await pair.link.open(1.0)
        pair.link.send(outputs(40))
        await pair.clock.sleep(0.5)
        assert pair.link.statistics.acknowledged == 3
        assert pair.link.statistics.acknowledged_bytes == 40 * 4

    play(story)


def test_a_board_that_restarted_ends_the_session() -> None:
    async def story(pair: Pair) -> None:
        await pair.link.open(1.0)
        pair.board.answer(m.NoSession())
        await pair.clock.sleep(0.001)
        assert "restarted" in pair.lost[0]

    play(story)
