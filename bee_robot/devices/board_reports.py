"""From the board's reports to the tower's words: results of motions, stops, reasons, alerts (there: board_units.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.board_units import AXES, OUTPUTS, PINS, SIDES, BoardUnits
from bee_robot.devices.tower import (
    Axis,
    BoardState,
    GuardKind,
    GuardTrip,
    Latched,
    MotionEnd,
    MotionProgramme,
    MotionResult,
    OutputStamp,
    ReferenceFound,
    Side,
    Stamp,
)
from bee_robot.mcu import messages as m
from bee_robot.mcu.client import Refusal, Report, Stop
from bee_robot.mcu.clock_relation import ClockRelation
from bee_robot.mcu.link_report import board_kind_name

TICKS_PER_MS = 2000.0  # of the board's step timer

_GUARD_ALERTS = {
    GuardKind.LOAD_ABOVE: "load_limit",
    GuardKind.LOAD_BELOW: "contact_early",
    GuardKind.LOAD_RATE: "load_rate",
    GuardKind.PIN_EDGE: "pin_unexpected",
    GuardKind.END_STOP: "end_stop_reached",
}
_STATES = {
    m.State.UNCONFIGURED: BoardState.UNCONFIGURED,
    m.State.DISARMED: BoardState.DISARMED,
    m.State.ARMED: BoardState.ARMED,
    m.State.MOVING: BoardState.MOVING,
    m.State.STOPPED: BoardState.STOPPED,
    m.State.ESTOP: BoardState.ESTOP,
    m.State.HOLDING: BoardState.HOLDING,
}
_ALERTS = {
    m.Cause.ESTOP_PRESSED: "estop",
    m.Cause.DOOR_OPEN: "door_open",
    m.Cause.MOTOR_ALARM: "motor_alarm",
    m.Cause.HEARTBEAT_LOST: "heartbeat_lost",
    m.Cause.NO_HEARTBEAT: "heartbeat_lost",
    m.Cause.HOST_CHANGED: "link_lost",
    m.Cause.LOAD_LIMIT: "load_limit",
    m.Cause.LEASE_LOST: "lease_lost",
    m.Cause.END_STOP_EARLY: "steps_lost",
    m.Cause.END_STOP_LATE: "end_stop_late",
    m.Cause.END_STOP_MISSING: "end_stop_missing",
    m.Cause.END_STOP_STUCK: "end_stop_missing",
    m.Cause.LOAD_SILENT: "load_silent",
    m.Cause.PLANNER_LATE: "planner_late",
    m.Cause.EVENT_OVERFLOW: "board_overrun",
    m.Cause.NOT_CONFIGURED: "board_configuration",
    m.Cause.WRONG_CHECKSUM: "board_configuration",
    m.Cause.WRONG_BOARD: "board_configuration",
    m.Cause.WRONG_VALUE: "board_configuration",
    m.Cause.NOT_ARMED: "not_armed",
    m.Cause.NOT_REFERENCED: "not_referenced",
    m.Cause.HOMING_ORDER: "not_referenced",
    m.Cause.FORK_LOADED: "fork_loaded",
    m.Cause.NOTHING_TO_HOLD: "",
    m.Cause.NONE: "",
    m.Cause.STOP_ASKED: "",
    m.Cause.DISARM_ASKED: "",
}

_ENDS = {
    m.End.DONE: MotionEnd.DONE,
    m.End.GUARD: MotionEnd.GUARD,
    m.End.STOPPED: MotionEnd.STOPPED,
    m.End.REFUSED: MotionEnd.REFUSED,
}


@dataclass(frozen=True)
class StopReport:
    """A stop as the board saw it begin."""

    category: int
    reason: str
    alert: str
    segment_index: int
    stamp: Stamp
    positions_mm: Mapping[Axis, float]
    loads_kg: Mapping[Side, float]


def stamp(clocks: ClockRelation, time_us: int) -> Stamp:
    """What the board stamped, in robot time."""
    return Stamp(*clocks.board_time_to_host_s(time_us))


class BoardReports:
    """The reports of a board of one robot. `clocks`: of the session in which the report came."""

    def __init__(self, robot: RobotConfiguration, units: BoardUnits) -> None:
        self._units = units
        self._tolerances_mm = {axis: robot.axes[axis.value].homing_tolerance_mm for axis in AXES}

    def result(self, programme: MotionProgramme, report: Report, clocks: ClockRelation) -> MotionResult:
        trips = self._trips(programme, report)
        references = self._references(report)
        alert, reason = self.alert(report.why.cause), ""
        if report.end is m.End.DONE:
            alert, reason = self._steps_lost(references)
        else:
            reason = self._where(programme, report) + self._why(report, trips)
        if report.end is m.End.GUARD and trips:
            alert = _GUARD_ALERTS[trips[-1].guard.kind]
        return MotionResult(
            _ENDS[report.end],
            report.segments_done,
            self._units.positions_mm(report.positions),
            self._latched(report, clocks),
            trips,
            reason,
            alert,
            self._outputs(report, clocks),
            references,
        )

    def _trips(self, programme: MotionProgramme, report: Report) -> tuple[GuardTrip, ...]:
        return tuple(
            GuardTrip(
                trip.segment,
                programme.segments[trip.segment].guards[trip.guard],
                self._units.positions_mm(trip.positions),
                trip.load_g / 1000,
            )
            for trip in report.trips
        )

    def _latched(self, report: Report, clocks: ClockRelation) -> tuple[Latched, ...]:
        return tuple(
            Latched(
                PINS[latch.side],
                bool(latch.is_rising),
                self._units.positions_mm(latch.positions),
                stamp(clocks, latch.time_us),
            )
            for latch in report.latches
        )

    def _outputs(self, report: Report, clocks: ClockRelation) -> tuple[OutputStamp, ...]:
        return tuple(
            OutputStamp(
                seen.segment,
                OUTPUTS[seen.output],
                self._units.positions_mm(seen.positions),
                stamp(clocks, seen.time_us),
            )
            for seen in report.outputs
        )

    def _references(self, report: Report) -> tuple[ReferenceFound, ...]:
        found = []
        for reference in report.references:
            axis = AXES[reference.axis]
            expected_mm = self._units.mm(axis, reference.expected) if reference.was_referenced else None
            found.append(ReferenceFound(axis, self._units.mm(axis, reference.found), expected_mm))
        return tuple(found)

    def _steps_lost(self, references: tuple[ReferenceFound, ...]) -> tuple[str, str]:
        """Alert and reason of a homing that found end stops elsewhere than expected; both empty where all is well."""
        lost = [one for one in references if abs(one.lost_mm) > self._tolerances_mm[one.axis]]
        if not lost:
            return "", ""
        each = ", ".join(
            f"{one.axis.value} {one.lost_mm:+.2f} mm (tolerance {self._tolerances_mm[one.axis]:g} mm)"
            for one in lost
        )
        return "steps_lost", f"end stops were not where they were expected: {each}"

    @staticmethod
    def _where(programme: MotionProgramme, report: Report) -> str:
        index = report.why.segment if report.end is m.End.REFUSED else report.segments_done
        return (
            f"segment {index} '{programme.segments[index].name}': " if index < len(programme.segments) else ""
        )

    def _why(self, report: Report, trips: tuple[GuardTrip, ...]) -> str:
        if report.why.cause is not m.Cause.GUARD_TRIPPED or not trips:
            return self.reason(report.why)
        guard, text = trips[-1].guard, m.CAUSE_TEXT[m.Cause.GUARD_TRIPPED]
        if guard.kind is GuardKind.END_STOP and guard.end_stop is not None:
            return f"{text}: the end stop of {guard.end_stop.value} closed"
        if guard.kind is GuardKind.PIN_EDGE and guard.side is not None:
            return f"{text}: the pin sensor on the {guard.side.value} changed"
        if guard.kind is GuardKind.LOAD_RATE and guard.side is not None:
            return f"{text}: the {guard.side.value} load rose faster than {guard.rate_kg_s:g} kg/s"
        return self.reason(report.why)

    def stop(self, stop: Stop, reason: str, clocks: ClockRelation) -> StopReport:
        message = stop.message
        return StopReport(
            message.category,
            reason,
            self.alert(m.Cause(message.cause)),
            message.segment,
            stamp(clocks, message.time_us),
            self._units.positions_mm(stop.positions),
            {side: grams / 1000 for side, grams in zip(SIDES, message.loads_g)},
        )

    @staticmethod
    def alert(cause: m.Cause) -> str:
        """Key of alerts.py; empty where somebody asked for it."""
        return _ALERTS.get(cause, "limit_refused")

    @staticmethod
    def board_state(state: int) -> BoardState:
        return _STATES[m.State(state)]

    def reason(self, why: Refusal) -> str:
        """What the board says, with the machine's names and units."""
        text = m.CAUSE_TEXT[why.cause].split(" (")[0]
        if why.cause is m.Cause.GUARD_TRIPPED:
            return f"{text} (load {why.value / 1000:.2f} kg, threshold {why.limit / 1000:.2f} kg)"
        if why.cause in (m.Cause.LOAD_LIMIT, m.Cause.FORK_LOADED) and why.axis < len(SIDES):
            side = SIDES[why.axis].value
            return f"{text}: {side} {why.value / 1000:.1f} kg, limit {why.limit / 1000:.1f} kg"
        if why.cause is m.Cause.LOAD_SILENT and why.axis < len(SIDES):
            return f"{text}: {SIDES[why.axis].value}, for {why.value} ms, limit {why.limit} ms"
        if why.cause is m.Cause.PLANNER_LATE:
            return f"{text}: {why.value / TICKS_PER_MS:.2f} ms late, limit {why.limit / TICKS_PER_MS:.2f} ms"
        if why.cause in (m.Cause.NOT_ARMED, m.Cause.BUSY, m.Cause.NOTHING_TO_HOLD):
            return f"{text} (the board is {_STATES[m.State(why.value)].value})"
        if why.cause in (m.Cause.HEARTBEAT_LOST, m.Cause.NO_HEARTBEAT):
            return f"{text} ({why.value} ms, deadline {why.limit} ms)"
        if why.cause is m.Cause.WRONG_CHECKSUM:
            return f"{text}: board {why.value & 0xFFFFFFFF:08x}, host {why.limit & 0xFFFFFFFF:08x}"
        if why.cause is m.Cause.WRONG_BOARD:
            return f"{text}: the board is a {board_kind_name(why.value)}, the configuration is for a {board_kind_name(why.limit)}"
        if why.cause is m.Cause.WRONG_VALUE and why.value:
            names: Mapping[int, str] = {number: kind.__name__ for kind, number in m.NUMBERS.items()}
            axis_name = f", {AXES[why.axis].value}" if why.axis < len(AXES) else ""
            return f"{text} in {names.get(why.value, why.value)}{axis_name}"
        if why.axis >= len(AXES):
            return text
        return self._axis_reason(text, AXES[why.axis], why)

    def _axis_reason(self, text: str, axis: Axis, why: Refusal) -> str:
        if why.cause is m.Cause.SPEED_LIMIT or why.cause is m.Cause.ACCELERATION_LIMIT:
            unit = "mm/s" if why.cause is m.Cause.SPEED_LIMIT else "mm/s²"
            value, limit = self._units.mm(axis, why.value / 256), self._units.mm(axis, why.limit / 256)
            return f"{axis.value}: {text}: {value:.6g} {unit}, limit {limit:.6g} {unit}"
        if why.cause in (m.Cause.NOT_REFERENCED, m.Cause.HOMING_ORDER, m.Cause.END_STOP_STUCK):
            return f"{axis.value}: {text}"
        value, limit = self._units.mm(axis, why.value), self._units.mm(axis, why.limit)
        return f"{axis.value}: {text}: {value:.2f} mm, limit {limit:.2f} mm"
