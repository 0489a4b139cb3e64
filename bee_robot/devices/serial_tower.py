"""The tower over its serial port: what tower_driver owns, and what in-process visits use over a pipe.

Two chains of life meet here. The board stops without heartbeats; this object feeds it only while whoever holds the
motion lease keeps renewing it (architecture.md, "Chain of life").
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Iterator, Mapping

from bee_robot.alerts import ALERTS
from bee_robot.clock import Clock, wait_for
from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.board_reports import BoardReports, StopReport
from bee_robot.devices.board_units import AXES, OUTPUTS, SERVOS, SIDES, BoardUnits, Unsuitable
from bee_robot.devices.motion_lease import LEASE_FRESH_S, LEASE_LAPSES_S, Lease
from bee_robot.devices.tower import (
    Axis,
    AxisState,
    BoardState,
    Input,
    MotionEnd,
    MotionProgramme,
    MotionResult,
    Output,
    TowerError,
    TowerState,
)
from bee_robot.mcu import messages as m
from bee_robot.mcu.client import BoardRefused, Client, Refusal, Report, Stop
from bee_robot.mcu.link import RESTARTED, LinkError, LinkStatistics, ProtocolError
from bee_robot.mcu.transport import SerialTransport, Transport, TransportError

HEARTBEAT_S = 0.05
CONNECT_S = 3.0
CONFIGURE_S = 3.0
CHECK_LINE = "check cable, power and 'serial.port' in the robot file"
RECONNECT_S = 0.4
POWERED = (m.State.ARMED, m.State.MOVING, m.State.HOLDING)


def _loss_alert(because: str) -> str:
    return "board_restarted" if because == RESTARTED else "link_lost"


class SerialTower:
    """Tower (see tower.py) over a transport. Made by `open`.

    `renews_itself`: acquire_lease also renews; for use inside one process. Otherwise whoever acquired the lease calls
    `renew_lease` at 10 Hz.
    """

    def __init__(
        self,
        robot: RobotConfiguration,
        open_transport: Callable[[], Transport],
        clock: Clock,
        renews_itself: bool = False,
    ) -> None:
        self.units = BoardUnits(robot)
        self.reports = BoardReports(robot, self.units)
        self._clock = clock
        self._open_transport = open_transport
        self.renews_itself = renews_itself
        self._lease = Lease()
        self._is_heating = False
        self._stop_reason = ""
        self._because = ""
        self._held_because = ""
        self._alert = ""
        self.last_stop: StopReport | None = None
        """The newest stop that the board reported, with time, positions and loads of that instant."""
        self._motion = asyncio.Lock()
        self._hold = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None
        self._transport: Transport
        self._client: Client
        self._is_synchronised = False  # configured, and its state was heard since
        self._make_client(None)

    @classmethod
    async def open(
        cls,
        robot: RobotConfiguration,
        port: str | Transport,
        clock: Clock,
        renews_itself: bool = False,
        lost_because: str = "",
    ) -> SerialTower:
        """Connect, hand over the configuration, begin the heartbeat. Nothing moves and the motor relay stays open.

        `port`: a device path, or a transport for a board in this process. `lost_because`: why it was lost before, for whoever
        asks why it stands. Raises TowerError with remedy.
        """

        def transport() -> Transport:
            return SerialTransport(port, robot.serial.baud) if isinstance(port, str) else port

        try:
            tower = cls(robot, transport, clock, renews_itself)
        except TransportError as error:
            raise TowerError(str(error), "board_missing") from None
        tower._stop_reason, tower._alert = lost_because, "link_lost" if lost_because else ""
        try:
            await tower._connect(CONNECT_S)
        except (TowerError, asyncio.CancelledError):
            tower._transport.close()
            raise
        tower._keeper = asyncio.ensure_future(tower._keep())
        return tower

    def _make_client(self, earlier: Client | None) -> None:
        self._transport = self._open_transport()
        self._client = Client(self._transport, self._clock, self._stopped, self._lost, earlier)

    @property
    def _is_reached(self) -> bool:
        """Whether the board is there and what is known of it is from this session."""
        return self._client.is_open and self._is_synchronised

    async def _connect(self, timeout_s: float) -> None:
        self._is_synchronised = False
        try:
            welcome = await self._client.connect(timeout_s)
            await wait_for(self._clock, self._configure(welcome.board_kind), CONFIGURE_S)
        except asyncio.TimeoutError:
            self._client.close()
            raise TowerError(
                f"the board fell silent while it was configured; {CHECK_LINE}", "board_missing"
            ) from None
        except ProtocolError as error:
            raise TowerError(str(error), "board_protocol") from None
        except LinkError as error:
            raise TowerError(str(error), "board_missing") from None
        except BoardRefused as error:
            reason = self.reports.reason(error.refusal)
            raise TowerError(
                f"the board refused the configuration: {reason}; correct the robot file",
                "board_configuration",
            ) from None

    async def _configure(self, board_kind: int) -> None:
        await self._client.configure(self.units.configuration(board_kind))
        self._client.heartbeat()
        await self._client.next_telemetry()
        self._is_synchronised = True

    async def close(self, because: str) -> None:
        """Stop what moves, open the motor relay, let go of the port."""
        with contextlib.suppress(TowerError):
            if self.state.board in (BoardState.MOVING, BoardState.HOLDING):
                await self.stop(because)
            if self.state.board is BoardState.ARMED:
                await self.disarm(because)
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        self._client.close()
        self._transport.close()

    # chain of life

    async def _keep(self) -> None:
        """Feed the board and watch the lease; when the board is lost, look for it again."""
        while True:
            if self._client.is_open:
                await self._feed()
            else:
                await self._reconnect()
            await self._clock.sleep(HEARTBEAT_S)

    async def _feed(self) -> None:
        """One heartbeat, unless the lease's holder has gone quiet."""
        now_s, lease = self._clock.now_s(), self._lease
        if self.renews_itself and not lease.is_lost:
            lease.renew(now_s)
        if not lease.holder or lease.is_lost or lease.age_s(now_s) <= LEASE_FRESH_S:
            self._client.heartbeat()
        elif lease.age_s(now_s) > LEASE_LAPSES_S:
            await self._lease_lapsed(now_s)

    async def _lease_lapsed(self, now_s: float) -> None:
        self._lease.is_lost = True
        self._because = (
            f"'{self._lease.holder}' did not renew its motion lease for {self._lease.age_s(now_s):.2f} s"
        )
        self._alert = "lease_lost"
        with contextlib.suppress(LinkError):  # without a link the board stops by itself
            await self._client.stop(m.Cause.LEASE_LOST)

    async def _reconnect(self) -> None:
        try:
            if not self._transport.is_open:
                self._make_client(self._client)
            await self._connect(RECONNECT_S)
        except (TowerError, TransportError):
            await self._clock.sleep(RECONNECT_S)  # state stays LOST; tried again until closed

    def _lost(self, because: str) -> None:
        self._stop_reason, self._alert = because, _loss_alert(because)
        self._lease.is_lost = bool(self._lease.holder)

    def _stopped(self, stop: Stop) -> None:
        cause = m.Cause(stop.message.cause)
        if cause in (m.Cause.STOP_ASKED, m.Cause.LEASE_LOST, m.Cause.DISARM_ASKED) and self._because:
            self._stop_reason = self._because
        else:
            why = Refusal(
                cause, stop.message.axis, stop.message.segment, stop.message.value, stop.message.limit
            )
            self._stop_reason = self.reports.reason(why)
        self._alert = self.reports.alert(cause)
        self.last_stop = self.reports.stop(stop, self._stop_reason, self._client.clocks)

    # lease

    @property
    def is_lease_lost(self) -> bool:
        """Whether the holder of the lease has stopped renewing it."""
        return self._lease.is_lost

    async def acquire_lease(self, holder: str) -> None:
        """Take the motion lease. TowerError if another holds it and renews it."""
        if not holder:
            raise TowerError("a motion lease needs the name of its holder", "lease_lost")
        lease = self._lease
        if lease.holder and lease.holder != holder and not lease.is_lost:
            raise TowerError(
                f"'{lease.holder}' holds the motion lease; wait until it is released", "lease_lost"
            )
        lease.take(holder, self._clock.now_s())

    async def renew_lease(self, holder: str) -> None:
        """Say that the holder lives. TowerError if it does not hold the lease or has lost it."""
        if self._lease.holder != holder:
            raise TowerError(f"'{holder}' does not hold the motion lease; acquire it first", "lease_lost")
        if self._lease.is_lost:
            raise TowerError(
                f"the motion lease of '{holder}' lapsed; acquire it again and recover", "lease_lost"
            )
        now_s = self._clock.now_s()
        was_quiet = not self._lease.permits(now_s)
        self._lease.renew(now_s)
        if was_quiet and self._client.is_open:
            # At once, not with the next beat: simulated time waits for a heartbeat, so the beat may not wait for it.
            self._client.heartbeat()

    async def release_lease_of(self, holder: str) -> None:
        """Release the lease if `holder` has it; a motion under way is stopped. The heater goes out with whoever watched it."""
        if self._lease.holder != holder:
            return
        if self._motion.locked() and self._client.is_open:
            await self.stop("the motion lease was released during a motion")
        if self._client.is_open and (self._is_heating or self.state.outputs[Output.HEATER] > 0):
            with contextlib.suppress(TowerError):  # out of reach: the board misses the heartbeat
                await self.set_output(Output.HEATER, 0.0)
        self._lease.free()

    async def release_lease(self) -> None:
        await self.release_lease_of(self._lease.holder)

    # state

    @property
    def client(self) -> Client:
        """The board as it is reached now, for whoever tells about the link; another one after a port was gone."""
        return self._client

    @property
    def statistics(self) -> LinkStatistics:
        """Of the link since the tower was opened, over all its sessions."""
        return self._client.statistics

    @property
    def state(self) -> TowerState:
        """The latest snapshot. A servo that was not commanded since the board's power-on has the angle nan."""
        client, units = self._client, self.units
        axes, before, status = client.axes, client.axes_before, client.status
        board = self.reports.board_state(status.state) if self._is_reached else BoardState.LOST
        span_s = max(0.001, ((axes.time_us - before.time_us) & 0xFFFFFFFF) / 1e6)
        return TowerState(
            stamp_s=client.telemetry_s,
            board=board,
            axes={
                axis: AxisState(
                    position_mm=units.mm(axis, axes.positions[number]),
                    speed_mm_s=units.mm(axis, axes.positions[number] - before.positions[number]) / span_s,
                    is_referenced=bool(status.referenced >> number & 1),
                    at_end_stop=bool(status.end_stops >> number & 1),
                )
                for number, axis in enumerate(AXES)
            },
            servos_deg={
                servo: float("nan") if angle == m.SERVO_UNKNOWN else angle / 100
                for servo, angle in zip(SERVOS, status.servos)
            },
            inputs={given: bool(status.inputs >> number & 1) for number, given in enumerate(Input)},
            outputs={output: value / 1000 for output, value in zip(OUTPUTS, status.outputs)},
            loads_kg={side: grams / 1000 for side, grams in zip(SIDES, status.loads_g)},
            stop_reason=self._held_because if board is BoardState.HOLDING else self._stop_reason,
            lease_holder=self._lease.holder,
            link_errors=client.statistics.errors,
            link_round_trip_ms=client.statistics.round_trip_s * 1000,
        )

    @property
    def segment(self) -> int:
        """Index of the segment that runs; 0 while none does."""
        report = self._client.report
        return 0 if report is None else report.segments_done

    @property
    def homed(self) -> tuple[Axis, ...]:
        """Axes that have found their end stops in the homing that runs."""
        report = self._client.report
        return () if report is None else tuple(AXES[found.axis] for found in report.references)

    # commands

    async def arm(self) -> None:
        """Close the motor relay. TowerError names what is in the way."""
        with self._board_errors("arm"):
            await self._client.arm()
        self._stop_reason = self._because = self._alert = ""
        await self._next_state()

    async def disarm(self, because: str) -> None:
        self._because = because
        with self._board_errors("disarm"):
            await self._client.disarm()
            while self._client.status.state in POWERED:
                await self._client.next_telemetry()

    async def set_output(self, output: Output, value: float) -> None:
        if not 0 <= value <= 1:
            raise TowerError(f"{output.value} {value:g} is not between 0 and 1", "limit_refused")
        if output is Output.HEATER:
            self._is_heating = value > 0
        with self._board_errors(f"set {output.value}"):
            await self._client.set_output(OUTPUTS.index(output), round(value * 1000))

    async def stop(self, because: str) -> None:
        """Category 1 stop of everything, past every queue; returns when the machine is at rest."""
        self._because = because
        with self._board_errors("stop"):
            await self._client.stop()
            while self._client.status.state in POWERED:
                await self._client.next_telemetry()

    async def hold(self, because: str) -> None:
        """Bring the motion to rest where it is, to go on later; returns at rest. Anybody may hold."""
        async with self._hold:
            if self.state.board is BoardState.HOLDING:
                return
            self._held_because = because
            with self._board_errors("hold"):
                await self._client.hold()
                for _ in range(2):  # so that `state` shows no speed any more: that is the difference of two
                    await self._client.next_telemetry()

    async def resume(self) -> None:
        """Go on with what is held; for the holder of the motion lease. TowerError where nothing is held or no one may."""
        async with self._hold:
            if not self._lease.permits(self._clock.now_s()):
                raise TowerError(f"resume: {self._why_no_lease()}", "lease_lost")
            with self._board_errors("resume"):
                await self._client.resume()
            await self._next_state()

    async def _next_state(self) -> None:
        with contextlib.suppress(LinkError):  # the state then says LOST
            await self._client.next_telemetry()

    @contextlib.contextmanager
    def _board_errors(self, command: str) -> Iterator[None]:
        try:
            yield
        except BoardRefused as error:
            alert = self.reports.alert(error.refusal.cause)
            remedy = f" {ALERTS[alert].remedy}." if alert else ""
            raise TowerError(f"{command}: {self.reports.reason(error.refusal)}.{remedy}", alert) from None
        except LinkError as error:
            raise TowerError(f"{command}: {error}", _loss_alert(str(error))) from None

    # motion

    async def home(self, axes: tuple[Axis, ...]) -> MotionResult:
        mask = sum(1 << AXES.index(axis) for axis in set(axes))
        programme = MotionProgramme("home", ())
        return await self._move(programme, lambda: self._client.home(mask))

    async def tell_places(self, places_mm: Mapping[Axis, float]) -> None:
        if not self._lease.permits(self._clock.now_s()):
            raise TowerError(f"tell places: {self._why_no_lease()}", "lease_lost")
        for axis in sorted(places_mm, key=AXES.index):
            with self._board_errors(f"tell the place of {axis.value}"):
                await self._client.tell_place(AXES.index(axis), self.units.steps(axis, places_mm[axis]))
        await self._next_state()

    async def move(self, programme: MotionProgramme) -> MotionResult:
        try:
            segments = self.units.segments(programme)
        except Unsuitable as error:
            return self._refused(str(error), "limit_refused")
        return await self._move(programme, lambda: self._client.run(segments))

    async def _move(self, programme: MotionProgramme, run: Callable[[], Awaitable[Report]]) -> MotionResult:
        async with self._motion:
            if not self._is_reached:
                raise TowerError(f"motion '{programme.name}': the board is not connected", "link_lost")
            if not self._lease.permits(self._clock.now_s()):
                return self._refused(self._why_no_lease(), "lease_lost")
            try:
                with self._board_errors(f"motion '{programme.name}'"):
                    report = await run()
            except asyncio.CancelledError:
                with contextlib.suppress(TowerError):  # a lost link has stopped the machine already
                    await self.stop(f"motion '{programme.name}' was called off")
                raise
            await self._next_state()  # so that `state` is not older than the result
            return self._result(programme, report)

    def _result(self, programme: MotionProgramme, report: Report) -> MotionResult:
        result = self.reports.result(programme, report, self._client.clocks)
        asked = report.why.cause in (m.Cause.STOP_ASKED, m.Cause.LEASE_LOST, m.Cause.DISARM_ASKED)
        if asked and self._because and result.end is MotionEnd.STOPPED:
            return dataclasses.replace(result, reason=self._because)
        return result

    def _why_no_lease(self) -> str:
        if not self._lease.holder:
            return "nobody holds the motion lease; acquire it first"
        return f"the motion lease of '{self._lease.holder}' lapsed; acquire it again and recover"

    def _refused(self, reason: str, alert: str) -> MotionResult:
        positions_mm = self.units.positions_mm(self._client.axes.positions)
        return MotionResult(MotionEnd.REFUSED, 0, positions_mm, reason=reason, alert=alert)
