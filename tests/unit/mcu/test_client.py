"""The client against a board played by the test, in virtual time: holding, resuming, what a motion reports."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bee_robot.clock import SteppedClock
from bee_robot.mcu import messages as m
from bee_robot.mcu import packets
from bee_robot.mcu.client import BoardRefused, Client, SegmentPlan
from bee_robot.mcu.link import LinkError
from bee_robot.mcu.transport import PipeTransport
from bee_robot.sim.virtual_time import run_virtual

MOVE = SegmentPlan(0, 0, (m.SegmentAxis(0, 100, 256, 256),))
POSITIONS = (1, 2, 3, 4, 5, 6)


class PlayedBoard:
    """Accepts every command; the test says what happens then."""

    def __init__(self) -> None:
        self.pipe = PipeTransport(self._take)
        self.taken: list[m.HostMessage] = []
        self.refusals: dict[type, m.Cause] = {}
        self._reader = packets.PacketReader()
        self._expected = self._sent = 0

    def _take(self, data: bytes) -> None:
        for sequence, content in self._reader.feed(data):
            while content:
                size, read = m.HOST_READERS[content[0]]
                self._do(read(content, 0))
                content = content[size:]
            if sequence & packets.RELIABLE:
                self._expected = (self._expected + 1) & 0x7F
                self._express(m.BoardAck(self._expected))

    def _do(self, message: m.HostMessage) -> None:
        if isinstance(message, m.HostAck):
            return
        self.taken.append(message)
        if isinstance(message, m.Hello):
            self._expected = self._sent = 0
            self._express(m.Welcome(message.nonce, m.PROTOCOL_VERSION, m.PROTOCOL_SCHEMA, 1, 1, 7, 8, 2, 3))
        elif isinstance(message, m.Stop):
            self._express(m.StopHeard(message.token))
        elif isinstance(message, (m.Hold, m.Resume, m.ProgrammeStart, m.Home)):
            cause = self.refusals.get(type(message), m.Cause.NONE)
            self.event(m.Result(m.NUMBERS[type(message)], cause, m.NO_AXIS, 0, m.State.ARMED, 0))

    def event(self, message: m.BoardMessage) -> None:
        self._later(packets.encode(packets.RELIABLE | self._sent, message.pack()))
        self._sent = (self._sent + 1) & 0x7F

    def telemetry(self, message: m.BoardMessage) -> None:
        self._express(message)

    def _express(self, message: m.BoardMessage) -> None:
        self._later(packets.encode(0, message.pack()))

    def _later(self, data: bytes) -> None:
        asyncio.get_running_loop().call_soon(self.pipe.deliver, data)

    def end(self, programme: int, end: m.End = m.End.DONE, cause: m.Cause = m.Cause.NONE) -> None:
        self.event(m.Positions(POSITIONS))
        self.event(m.ProgrammeEnd(programme, end, 1, cause, m.NO_AXIS, 0, 0))


class Stage:
    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.board = PlayedBoard()
        self.lost: list[str] = []
        self.client = Client(self.board.pipe, self.clock, on_lost=self.lost.append)


def play(story: Callable[[Stage], Awaitable[None]]) -> None:
    async def told(stage: Stage) -> None:
        await stage.client.connect()
        await story(stage)

    stage = Stage()
    run_virtual(told(stage), stage.clock, limit_s=100)


async def moving(stage: Stage) -> asyncio.Task[object]:
    running: asyncio.Task[object] = asyncio.ensure_future(stage.client.run([MOVE]))
    await stage.clock.sleep(0.1)
    assert not running.done()
    return running


def test_a_hold_returns_when_the_machine_rests_and_the_motion_goes_on_after_resume() -> None:
    async def story(stage: Stage) -> None:
        running = await moving(stage)
        holding = asyncio.ensure_future(stage.client.hold())
        await stage.clock.sleep(0.1)
        assert not holding.done(), "asked for is not at rest"
        stage.board.event(m.Positions(POSITIONS))
        stage.board.event(m.Held(0, 1234))
        held = await holding
        assert (held.segment, held.time_us, held.positions) == (0, 1234, POSITIONS)
        await stage.client.resume()
        assert [type(message) for message in stage.board.taken[-2:]] == [m.Hold, m.Resume]
        assert not running.done()
        stage.board.end(1)
        report = await running
        assert report.end is m.End.DONE and report.positions == POSITIONS  # type: ignore[attr-defined]

    play(story)


@pytest.mark.parametrize("command", ["hold", "resume"])
def test_what_cannot_be_held_or_resumed_is_refused(command: str) -> None:
    async def story(stage: Stage) -> None:
        stage.board.refusals = dict.fromkeys((m.Hold, m.Resume), m.Cause.NOTHING_TO_HOLD)
        with pytest.raises(BoardRefused, match=f"'{command}': no programme to hold or resume") as refused:
            await getattr(stage.client, command)()
        assert refused.value.refusal.cause is m.Cause.NOTHING_TO_HOLD
        assert refused.value.refusal.value == m.State.ARMED

    play(story)


@pytest.mark.parametrize("cause", [m.Cause.NONE, m.Cause.LEASE_LOST])
def test_a_motion_that_ends_before_it_rests_ends_the_hold(cause: m.Cause) -> None:
    async def story(stage: Stage) -> None:
        running = await moving(stage)
        holding = asyncio.ensure_future(stage.client.hold())
        await stage.clock.sleep(0.1)
        stage.board.end(1, m.End.STOPPED if cause else m.End.DONE, cause)
        with pytest.raises(BoardRefused, match="no programme to hold"):
            await holding
        await running
        await stage.client.resume()  # the next call is not in the way of the one before

    play(story)


def test_a_lost_link_ends_hold_and_motion() -> None:
    async def story(stage: Stage) -> None:
        running = await moving(stage)
        holding = asyncio.ensure_future(stage.client.hold())
        await stage.clock.sleep(0.6)
        stage.client.heartbeat()  # which notices the silence
        for waiting in (holding, running):
            with pytest.raises(LinkError, match="silent"):
                await waiting
        assert len(stage.lost) == 1
        with pytest.raises(LinkError, match="not connected"):
            await stage.client.hold()

    play(story)


def test_telemetry_is_whole_when_positions_and_status_came_since() -> None:
    async def story(stage: Stage) -> None:
        await stage.client.connect()
        status = m.Status(2, 0, 3, 0, 0, 1, (0,) * 4, (0,) * 4, (0,) * 2, 0)
        waiting = asyncio.ensure_future(stage.client.next_telemetry())
        await stage.clock.sleep(0.01)
        stage.board.telemetry(status)
        await stage.clock.sleep(0.01)
        assert not waiting.done(), "positions are still those of before"
        stage.board.telemetry(m.Axes(5, POSITIONS))
        await stage.clock.sleep(0.01)
        assert not waiting.done(), "the status is older than the positions"
        stage.board.telemetry(status)
        await stage.clock.sleep(0.01)
        assert waiting.done() and stage.client.axes.positions == POSITIONS

    play(story)


def test_one_hold_at_a_time() -> None:
    async def story(stage: Stage) -> None:
        await moving(stage)
        first = asyncio.ensure_future(stage.client.hold())
        await stage.clock.sleep(0.01)
        with pytest.raises(LinkError, match="under way"):
            await stage.client.hold()
        stage.board.event(m.Held(0, 5))
        assert (await first).time_us == 5

    play(story)


def test_outputs_set_and_references_are_part_of_the_report() -> None:
    async def story(stage: Stage) -> None:
        running = await moving(stage)
        seen = m.OutputSet(0, 0, 99, POSITIONS)
        found = m.Reference(4, 1, 108, 100)
        stage.board.event(seen)
        stage.board.event(found)
        stage.board.end(1)
        report = await running
        assert report.outputs == [seen] and report.references == [found]  # type: ignore[attr-defined]
        second = await moving(stage)
        stage.board.end(2)
        assert (await second).outputs == []  # type: ignore[attr-defined]

    play(story)
