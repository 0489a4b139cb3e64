"""What a board does, as coroutines: handshake, configuration, commands, motion programmes with their reports.

Speaks steps, 1/256 steps/s, 0.01 degrees and grams; devices/serial_tower.py turns millimetres into these.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bee_robot.clock import Clock
from bee_robot.mcu import messages as m
from bee_robot.mcu.clock_relation import ClockRelation
from bee_robot.mcu.link import Link, LinkError, LinkStatistics
from bee_robot.mcu.transport import Transport

_AXES = m.NUMBERS[m.Axes]


@dataclass(frozen=True)
class SegmentPlan:
    """One segment: dwell, mask of latched sides, and its axis, servo, output and guard messages."""

    dwell_ms: int
    latches: int
    parts: tuple[m.HostMessage, ...]


@dataclass(frozen=True)
class Refusal:
    """Why a board refused or stopped; numbers as PROTOCOL.md says for the cause."""

    cause: m.Cause
    axis: int = m.NO_AXIS
    segment: int = 0
    value: int = 0
    limit: int = 0


class BoardRefused(Exception):
    """The board refused a command; nothing changed."""

    def __init__(self, command: str, refusal: Refusal) -> None:
        super().__init__(f"the board refused '{command}': {m.CAUSE_TEXT[refusal.cause]}")
        self.refusal = refusal


@dataclass
class Report:
    """How a programme or homing went. `positions`: steps of axes 0..5 at its end."""

    end: m.End
    segments_done: int
    why: Refusal
    positions: tuple[int, ...]
    latches: list[m.Latch] = field(default_factory=list)
    trips: list[m.Trip] = field(default_factory=list)
    outputs: list[m.OutputSet] = field(default_factory=list)
    references: list[m.Reference] = field(default_factory=list)


@dataclass(frozen=True)
class Stop:
    """A stop as the board reports it when it begins, with the positions (steps) at that instant."""

    message: m.Stopped
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Hold:
    """A programme was brought to rest in this segment, at these positions (steps), at this time of the board."""

    segment: int
    time_us: int
    positions: tuple[int, ...]


class Client:
    """One board. `on_stop` is called for every stop of the board, `on_lost` when it no longer answers.

    `earlier`: a client whose port is gone. Its counts are carried on, and what it heard last holds until the board speaks.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        on_stop: Callable[[Stop], None] | None = None,
        on_lost: Callable[[str], None] | None = None,
        earlier: Client | None = None,
    ) -> None:
        self.welcome: m.Welcome | None = None
        self.telemetry_s = float("-inf")
        """When telemetry last came, in the clock's time."""
        self._clock = clock
        self._on_stop = on_stop
        self._on_lost = on_lost
        self._axes = m.Axes(0, (0,) * m.TELEMETRY_AXES).pack()
        self._axes_before = self._axes
        self._status = m.Status(
            0, 0, 0, 0, 0, 0, (m.SERVO_UNKNOWN,) * m.SERVOS, (0,) * m.OUTPUTS, (0,) * m.SIDES, 0
        ).pack()
        self._telemetry_event = asyncio.Event()
        self._axes_came = False
        self._transport = transport
        self._telemetry_waiters = 0
        self._wait_for_telemetry(0)
        self._results: defaultdict[int, deque[asyncio.Future[m.Result]]] = defaultdict(deque)
        self._programme = 0
        self._running: asyncio.Future[Report] | None = None
        self._report = Report(m.End.DONE, 0, Refusal(m.Cause.NONE), ())
        self._segment_done = asyncio.Event()
        self._positions: tuple[int, ...] = ()
        self._holding: asyncio.Future[Hold] | None = None
        statistics = None
        if earlier is not None:
            statistics, self.telemetry_s = earlier.statistics, earlier.telemetry_s
            self._axes, self._axes_before = earlier._axes, earlier._axes_before
            self._status = earlier._status
        self._link = Link(transport, clock, self._take, self._take_telemetry, self._lost, statistics)

    # state

    @property
    def is_open(self) -> bool:
        return self._link.is_open

    @property
    def statistics(self) -> LinkStatistics:
        return self._link.statistics

    @property
    def clocks(self) -> ClockRelation:
        """Relates stamps of the board in this session to the host's clock."""
        return self._link.clocks

    @property
    def health(self) -> m.Health | None:
        """What the board last said of itself in this session; it does once a second."""
        return self._link.health

    @property
    def axes(self) -> m.Axes:
        """Latest positions."""
        message = m.BOARD_READERS[m.NUMBERS[m.Axes]][1](self._axes, 0)
        assert isinstance(message, m.Axes)
        return message

    @property
    def axes_before(self) -> m.Axes:
        """The positions one telemetry period earlier, for speeds."""
        message = m.BOARD_READERS[m.NUMBERS[m.Axes]][1](self._axes_before, 0)
        assert isinstance(message, m.Axes)
        return message

    @property
    def status(self) -> m.Status:
        """Latest state, inputs, servos, outputs, loads."""
        message = m.BOARD_READERS[m.NUMBERS[m.Status]][1](self._status, 0)
        assert isinstance(message, m.Status)
        return message

    @property
    def report(self) -> Report | None:
        """What the board has reported so far of the programme or homing that runs; None while none does."""
        return self._report if self._running is not None else None

    async def next_telemetry(self) -> None:
        """Wait for positions and status that both come after this call. LinkError when the link is lost meanwhile."""
        self._telemetry_event.clear()
        self._axes_came = False
        self._wait_for_telemetry(+1)
        try:
            await self._telemetry_event.wait()
        finally:
            self._wait_for_telemetry(-1)
        self._check_open()

    def _wait_for_telemetry(self, change: int) -> None:
        self._telemetry_waiters += change
        self._transport.wants_telemetry = self._telemetry_waiters > 0

    def _check_open(self) -> None:
        if not self._link.is_open:
            raise LinkError("the board is not connected")

    # session

    async def connect(self, timeout_s: float = 3.0) -> m.Welcome:
        """Open a session; whatever moved is stopped by the board. Raises LinkError or ProtocolError."""
        self._fail("a new session begins")
        self.welcome = await self._link.open(timeout_s)
        return self.welcome

    async def configure(self, messages: Sequence[m.HostMessage]) -> bool:
        """Give the board its configuration unless it has accepted the same before. Returns whether it was sent.

        `messages`: ConfigureBegin and those that follow; the checksum is added here. Raises BoardRefused.
        """
        checksum = zlib.crc32(b"".join(message.pack() for message in messages))
        if self.welcome is not None and self.welcome.configuration == checksum:
            return False
        await self._command("configure", m.NUMBERS[m.ConfigureDone], [*messages, m.ConfigureDone(checksum)])
        return True

    def heartbeat(self) -> None:
        """Send one heartbeat; whoever owns the client calls this well within the deadline."""
        self._link.heartbeat()

    def close(self) -> None:
        self._link.close("closed")
        self._fail("closed")

    # commands

    async def arm(self) -> None:
        await self._command("arm", m.NUMBERS[m.Arm], [m.Arm(self._link.stop_token)])

    async def disarm(self) -> None:
        await self._command("disarm", m.NUMBERS[m.Disarm], [m.Disarm()])

    async def set_output(self, output: int, permille: int) -> None:
        await self._command("output", m.NUMBERS[m.SetOutput], [m.SetOutput(output, permille)])

    async def stop(self, cause: m.Cause = m.Cause.STOP_ASKED) -> None:
        """Category 1 stop, past every queue; returns when the board has heard it."""
        await self._link.stop(cause)

    async def hold(self) -> Hold:
        """Bring the running programme to rest where it is. Raises BoardRefused where there is none, or it ends before.

        One call at a time.
        """
        self._check_open()
        if self._holding is not None:
            raise LinkError("a hold is under way already")
        holding: asyncio.Future[Hold] = asyncio.get_running_loop().create_future()
        self._holding = holding
        try:
            await self._command("hold", m.NUMBERS[m.Hold], [m.Hold()])
            return await holding
        finally:
            self._holding = None
            if holding.done() and not holding.cancelled():
                holding.exception()  # told by whatever else failed

    async def resume(self) -> None:
        """Go on with the held programme. Raises BoardRefused where none is held: never after a stop."""
        await self._command("resume", m.NUMBERS[m.Resume], [m.Resume()])

    async def home(self, axes: int) -> Report:
        """Reference the axes of a mask. A refusal is a report with end REFUSED."""
        return await self._motion("home", m.NUMBERS[m.Home], lambda programme: [m.Home(programme, axes)], ())

    async def tell_place(self, axis: int, steps: int) -> None:
        """Where an unreferenced axis stands. Raises BoardRefused."""
        await self._command("tell place", m.NUMBERS[m.TellPlace], [m.TellPlace(axis, steps)])

    async def run(self, segments: Sequence[SegmentPlan]) -> Report:
        """Execute segments; those that the board's buffer cannot hold follow as places become free.

        A programme longer than the buffer is sent twice: once to be checked as a whole, then to be executed. So either
        nothing moves (end REFUSED) or no segment is refused for its limits on the way.
        """
        capacity = self.welcome.segment_capacity if self.welcome else 0
        if len(segments) > capacity:
            refusal = await self.check(segments)
            if refusal is not None:
                return Report(m.End.REFUSED, 0, refusal, self.axes.positions)
        head = [part for index, plan in enumerate(segments[:capacity]) for part in _segment(index, plan)]

        def messages(programme: int) -> list[m.HostMessage]:
            return [m.ProgrammeBegin(programme, len(segments), 0), *head, m.ProgrammeStart(programme)]

        return await self._motion(
            "programme", m.NUMBERS[m.ProgrammeStart], messages, segments[capacity:], capacity
        )

    async def check(self, segments: Sequence[SegmentPlan]) -> Refusal | None:
        """Have a programme of any length validated; nothing is kept and nothing moves. None: it is within limits."""
        programme = self._next_programme()
        parts = [part for index, plan in enumerate(segments) for part in _segment(index, plan)]
        sent = [m.ProgrammeBegin(programme, len(segments), 1), *parts, m.ProgrammeStart(programme)]
        try:
            await self._command("programme", m.NUMBERS[m.ProgrammeStart], sent)
        except BoardRefused as error:
            return error.refusal
        return None

    def _next_programme(self) -> int:
        self._programme = (self._programme + 1) & 0xFFFF
        return self._programme

    async def _motion(
        self,
        name: str,
        number: int,
        messages: Callable[[int], list[m.HostMessage]],
        later: Sequence[SegmentPlan],
        first_later: int = 0,
    ) -> Report:
        self._check_open()
        if self._running is not None:
            raise LinkError("a motion is running already")
        running = self._running = asyncio.get_running_loop().create_future()
        self._report = Report(m.End.DONE, 0, Refusal(m.Cause.NONE), self.axes.positions)
        feeder: asyncio.Task[None] | None = None
        try:
            await self._command(name, number, messages(self._next_programme()))
            feeder = asyncio.ensure_future(self._feed(later, first_later))
            return await asyncio.shield(running)
        except BoardRefused as error:
            return Report(m.End.REFUSED, 0, error.refusal, self.axes.positions)
        finally:
            if feeder is not None:
                feeder.cancel()
            if running.done() and not running.cancelled():
                running.exception()  # a lost link is told once, by whoever waits
            self._running = None

    async def _feed(self, later: Sequence[SegmentPlan], first: int) -> None:
        for index, plan in enumerate(later, start=first):
            while index - self._report.segments_done >= first:
                self._segment_done.clear()
                await self._segment_done.wait()
            self._link.send(_segment(index, plan))

    async def _command(self, name: str, number: int, messages: Sequence[m.HostMessage]) -> None:
        self._check_open()
        future: asyncio.Future[m.Result] = asyncio.get_running_loop().create_future()
        self._results[number].append(future)
        self._link.send(messages)
        result = await future
        if result.cause != m.Cause.NONE:
            raise BoardRefused(
                name, Refusal(m.Cause(result.cause), result.axis, result.segment, result.value, result.limit)
            )

    # receiving

    def _take_telemetry(self, number: int, content: bytes) -> None:
        if number == _AXES:
            self._axes_before, self._axes = self._axes, content
            self._axes_came = True
            return
        self._status = content
        self.telemetry_s = self._clock.now_s()
        if self._axes_came:
            self._telemetry_event.set()

    def _take(self, message: m.BoardMessage) -> None:
        if isinstance(message, m.Positions):
            self._positions = message.positions
        elif isinstance(message, m.Result):
            self._take_result(message)
        elif isinstance(message, m.Latch):
            self._report.latches.append(message)
        elif isinstance(message, m.Trip):
            self._report.trips.append(message)
        elif isinstance(message, m.OutputSet):
            self._report.outputs.append(message)
        elif isinstance(message, m.Reference):
            self._report.references.append(message)
        elif isinstance(message, m.Held):
            self._take_held(message)
        elif isinstance(message, m.SegmentDone):
            self._report.segments_done = message.segment + 1
            self._segment_done.set()
        elif isinstance(message, m.Stopped):
            if self._on_stop is not None:
                self._on_stop(Stop(message, self._positions))
        elif isinstance(message, m.ProgrammeEnd):
            self._take_end(message)

    def _take_result(self, message: m.Result) -> None:
        number = message.message
        if number == m.NUMBERS[m.ConfigureBegin]:
            number = m.NUMBERS[m.ConfigureDone]  # a configuration refused at its beginning
            if message.cause != m.Cause.NONE and self._results[number]:
                self._results[number].append(
                    asyncio.get_running_loop().create_future()
                )  # for the one at its end
        waiting = self._results[number]
        if waiting:
            future = waiting.popleft()
            if not future.done():
                future.set_result(message)

    def _take_held(self, message: m.Held) -> None:
        if self._holding is not None and not self._holding.done():
            self._holding.set_result(Hold(message.segment, message.time_us, self._positions))

    def _take_end(self, message: m.ProgrammeEnd) -> None:
        if self._holding is not None and not self._holding.done():
            why = Refusal(m.Cause.NOTHING_TO_HOLD, value=m.State.STOPPED if message.cause else m.State.ARMED)
            self._holding.set_exception(BoardRefused("hold", why))
        if message.programme != self._programme or self._running is None or self._running.done():
            return
        self._report.end = m.End(message.end)
        self._report.segments_done = message.segments_done
        self._report.why = Refusal(
            m.Cause(message.cause), message.axis, message.segments_done, message.value, message.limit
        )
        self._report.positions = self._positions
        self._running.set_result(self._report)

    def _lost(self, because: str) -> None:
        self._fail(because)
        if self._on_lost is not None:
            self._on_lost(because)

    def _fail(self, because: str) -> None:
        error = LinkError(because)
        waiting: list[asyncio.Future[Any]] = [future for queue in self._results.values() for future in queue]
        waiting += [future for future in (self._running, self._holding) if future is not None]
        self._results.clear()
        for future in waiting:
            if not future.done():
                future.set_exception(error)
                future.exception()  # read, so that nobody waiting is no complaint
        self._telemetry_event.set()
        self._segment_done.set()


def _segment(index: int, plan: SegmentPlan) -> list[m.HostMessage]:
    return [m.SegmentBegin(index, plan.dwell_ms, plan.latches), *plan.parts, m.SegmentEnd(index)]
