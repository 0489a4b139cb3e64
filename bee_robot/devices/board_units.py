"""Between the tower's millimetres and the board's steps: configuration, programmes, reports, reasons.

Numbers of axes, servos, outputs and sides on the board are their places in the enumerations of tower.py. Rounding is
always towards the slower: a speed or acceleration is never above the one asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import (
    Axis,
    BoardState,
    Guard,
    GuardKind,
    GuardTrip,
    Input,
    Latched,
    MotionEnd,
    MotionProgramme,
    MotionResult,
    Output,
    Segment,
    Servo,
    Side,
)
from bee_robot.mcu import messages as m
from bee_robot.mcu.client import Refusal, Report, SegmentPlan, Stop

AXES = tuple(Axis)
SERVOS = tuple(Servo)
OUTPUTS = tuple(Output)
SIDES = tuple(Side)
PINS = (Input.PIN_LEFT, Input.PIN_RIGHT)

FORK_MOVES_BELOW_KG = 1.0  # a fork that carries more does not swing (R12); an empty bearing reads a few 10 g
HOMING_BACKOFF_MM = 2.0
SLICE_MS = 2  # of the board's motion; ramps are rounded over a power of two of them
HOMING_SLOWER = 5.0  # the second approach is slower by this factor

_GUARDS = {
    GuardKind.LOAD_ABOVE: m.Guard.LOAD_ABOVE,
    GuardKind.LOAD_BELOW: m.Guard.LOAD_BELOW,
    GuardKind.PIN_EDGE: m.Guard.PIN_EDGE,
}
_GUARD_ALERTS = {
    GuardKind.LOAD_ABOVE: "load_limit",
    GuardKind.LOAD_BELOW: "contact_early",
    GuardKind.PIN_EDGE: "pin_unexpected",
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
    m.Cause.HEARTBEAT_LOST: "heartbeat_lost",
    m.Cause.NO_HEARTBEAT: "heartbeat_lost",
    m.Cause.HOST_CHANGED: "link_lost",
    m.Cause.LOAD_LIMIT: "load_limit",
    m.Cause.LEASE_LOST: "lease_lost",
    m.Cause.END_STOP_EARLY: "steps_lost",
    m.Cause.END_STOP_MISSING: "end_stop_missing",
    m.Cause.END_STOP_STUCK: "end_stop_missing",
    m.Cause.EVENT_OVERFLOW: "board_overrun",
    m.Cause.NOT_CONFIGURED: "board_configuration",
    m.Cause.WRONG_CHECKSUM: "board_configuration",
    m.Cause.WRONG_BOARD: "board_configuration",
    m.Cause.WRONG_VALUE: "board_configuration",
    m.Cause.NOT_ARMED: "not_armed",
    m.Cause.NOT_REFERENCED: "not_referenced",
    m.Cause.HOMING_ORDER: "not_referenced",
    m.Cause.FORK_LOADED: "fork_loaded",
    m.Cause.NONE: "",
    m.Cause.STOP_ASKED: "",
    m.Cause.DISARM_ASKED: "",
}


class Unsuitable(Exception):
    """A programme that no board could execute; the message says which segment and why."""


@dataclass(frozen=True)
class StopReport:
    """A stop as the board saw it begin. `time_s`: of the board's own clock, seconds since its power-on."""

    category: int
    reason: str
    alert: str
    segment_index: int
    time_s: float
    positions_mm: Mapping[Axis, float]
    loads_kg: Mapping[Side, float]


class BoardUnits:
    """The numbers of one robot file in the board's units."""

    def __init__(self, robot: RobotConfiguration) -> None:
        self._robot = robot
        self._steps_per_mm = {axis: robot.axes[axis.value].steps_per_mm for axis in AXES}
        self._mm_per_step = tuple(1.0 / self._steps_per_mm[axis] for axis in AXES)

    def steps(self, axis: Axis, mm: float) -> int:
        return round(mm * self._steps_per_mm[axis])

    def rate(self, axis: Axis, mm: float) -> int:
        """mm/s or mm/s² in 1/256 steps."""
        return math.floor(mm * self._steps_per_mm[axis] * 256 + 1e-6)

    def mm(self, axis: Axis, steps: float) -> float:
        return steps / self._steps_per_mm[axis]

    def positions_mm(self, steps: Sequence[int]) -> dict[Axis, float]:
        return {axis: count * scale for axis, count, scale in zip(AXES, steps, self._mm_per_step)}

    # configuration

    def configuration(self, board_kind: int) -> list[m.HostMessage]:
        """The configure messages of this robot."""
        robot = self._robot
        messages: list[m.HostMessage] = [
            m.ConfigureBegin(
                board_kind,
                (1 << len(AXES)) - 1,
                robot.board.heartbeat_deadline_ms,
                max(10, round(1000 / robot.board.telemetry_hz)),
                (robot.board.smoothing_ms // SLICE_MS).bit_length() - 1,
                round(robot.mechanism.beam_separation_mm * 1000),
                round(robot.limits.peel_load_kg * 1000),
                round(FORK_MOVES_BELOW_KG * 1000),
            )
        ]
        messages += [self._axis(number, axis) for number, axis in enumerate(AXES)]
        for number, servo in enumerate(SERVOS):
            messages.append(m.ConfigureServo(number, round(robot.servos[servo.value].speed_deg_s * 100)))
        for number, side in enumerate(SIDES):
            cell = robot.load_cells["left" if side is Side.LEFT else "right"]
            messages.append(m.ConfigureLoad(number, round(cell.counts_per_kg * 1000), cell.offset_counts))
        return messages

    def _axis(self, number: int, axis: Axis) -> m.ConfigureAxis:
        values = self._robot.axes[axis.value]
        return m.ConfigureAxis(
            axis=number,
            keeps_position=0
            if axis in (Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT)
            else 1,  # screws hold, belts do not
            steps_per_m=round(values.steps_per_mm * 1000),
            home=self.steps(axis, values.home_mm),
            minimum=self.steps(axis, values.minimum_mm),
            maximum=self.steps(axis, values.maximum_mm),
            speed=self.rate(axis, values.max_speed_mm_s),
            acceleration=self.rate(axis, values.max_acceleration_mm_s2),
            homing_speed=self.rate(axis, min(values.homing_speed_mm_s, values.max_speed_mm_s)),
            homing_slow_speed=self.rate(
                axis, min(values.homing_speed_mm_s, values.max_speed_mm_s) / HOMING_SLOWER
            ),
            homing_backoff=self.steps(axis, HOMING_BACKOFF_MM),
        )

    # programmes

    def segments(self, programme: MotionProgramme) -> list[SegmentPlan]:
        """A programme for the board. Raises Unsuitable."""
        return [self._segment(index, segment) for index, segment in enumerate(programme.segments)]

    def _segment(self, index: int, segment: Segment) -> SegmentPlan:
        name = f"segment {index} '{segment.name}'"
        if len(segment.guards) > m.SEGMENT_GUARDS:
            raise Unsuitable(f"{name} has {len(segment.guards)} guards; the board holds {m.SEGMENT_GUARDS}")
        if any(latch not in PINS for latch in segment.latches):
            raise Unsuitable(
                f"{name} latches something else than a pin sensor; only pin_left and pin_right can be latched"
            )
        if not 0 <= segment.dwell_s <= 4000:
            raise Unsuitable(f"{name} waits {segment.dwell_s:g} s; 0 to 4000 s are possible")
        parts: list[m.HostMessage] = []
        for axis, move in segment.axes.items():
            speed, acceleration = self.rate(axis, move.speed_mm_s), self.rate(axis, move.acceleration_mm_s2)
            if not (0 < speed < 1 << 31 and 0 < acceleration < 1 << 31):
                raise Unsuitable(f"{name}: {axis.value} needs a speed and an acceleration above zero")
            target = self.steps(axis, max(-1e5, min(1e5, move.position_mm)))
            parts.append(m.SegmentAxis(AXES.index(axis), target, speed, acceleration))
        for servo, angle_deg in segment.servos_deg.items():
            if not -90 <= angle_deg <= 180:
                raise Unsuitable(
                    f"{name}: {servo.value} cannot go to {angle_deg:g}°; -90 to 180 are possible"
                )
            parts.append(m.SegmentServo(SERVOS.index(servo), round(angle_deg * 100)))
        for event in segment.outputs:
            if not 0 <= event.value <= 1:
                raise Unsuitable(f"{name}: {event.output.value} {event.value:g} is not between 0 and 1")
            parts.append(
                m.SegmentOutput(OUTPUTS.index(event.output), round(event.value * 1000), m.NO_AXIS, 0)
            )
        parts += [self._guard(guard) for guard in segment.guards]
        latches = sum(1 << PINS.index(latch) for latch in set(segment.latches))
        return SegmentPlan(round(segment.dwell_s * 1000), latches, tuple(parts))

    def _guard(self, guard: Guard) -> m.SegmentGuard:
        axis, above = m.NO_AXIS, 0
        if guard.axis is not None and guard.above_mm is not None:
            axis, above = AXES.index(guard.axis), self.steps(guard.axis, guard.above_mm)
        return m.SegmentGuard(
            int(_GUARDS[guard.kind]),
            SIDES.index(guard.side),
            int(guard.is_fault),
            round(guard.threshold_kg * 1000),
            axis,
            above,
        )

    # reports

    def result(self, programme: MotionProgramme, report: Report) -> MotionResult:
        ends = {
            m.End.DONE: MotionEnd.DONE,
            m.End.GUARD: MotionEnd.GUARD,
            m.End.STOPPED: MotionEnd.STOPPED,
            m.End.REFUSED: MotionEnd.REFUSED,
        }
        trips = tuple(
            GuardTrip(
                trip.segment,
                programme.segments[trip.segment].guards[trip.guard],
                self.positions_mm(trip.positions),
                trip.load_g / 1000,
            )
            for trip in report.trips
        )
        alert = self.alert(report.why.cause)
        if report.end is m.End.GUARD and trips:
            alert = _GUARD_ALERTS[trips[-1].guard.kind]
        where = ""
        if report.end is not m.End.DONE and programme.segments:
            index = report.why.segment if report.end is m.End.REFUSED else report.segments_done
            if index < len(programme.segments):
                where = f"segment {index} '{programme.segments[index].name}': "
        return MotionResult(
            ends[report.end],
            report.segments_done,
            self.positions_mm(report.positions),
            tuple(
                Latched(PINS[latch.side], bool(latch.is_rising), self.positions_mm(latch.positions))
                for latch in report.latches
            ),
            trips,
            "" if report.end is m.End.DONE else where + self.reason(report.why),
            alert,
        )

    def stop_report(self, stop: Stop, reason: str) -> StopReport:
        message = stop.message
        return StopReport(
            message.category,
            reason,
            self.alert(m.Cause(message.cause)),
            message.segment,
            message.time_us / 1e6,
            self.positions_mm(stop.positions),
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
        if why.cause in (m.Cause.NOT_ARMED, m.Cause.BUSY):
            return f"{text} (the board is {_STATES[m.State(why.value)].value})"
        if why.cause in (m.Cause.HEARTBEAT_LOST, m.Cause.NO_HEARTBEAT):
            return f"{text} ({why.value} ms, deadline {why.limit} ms)"
        if why.cause in (m.Cause.WRONG_CHECKSUM, m.Cause.WRONG_BOARD):
            return f"{text}: board {why.value & 0xFFFFFFFF:#x}, host {why.limit & 0xFFFFFFFF:#x}"
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
            value, limit = self.mm(axis, why.value / 256), self.mm(axis, why.limit / 256)
            return f"{axis.value}: {text}: {value:.6g} {unit}, limit {limit:.6g} {unit}"
        if why.cause in (m.Cause.NOT_REFERENCED, m.Cause.HOMING_ORDER, m.Cause.END_STOP_STUCK):
            return f"{axis.value}: {text}"
        value, limit = self.mm(axis, why.value), self.mm(axis, why.limit)
        return f"{axis.value}: {text}: {value:.2f} mm, limit {limit:.2f} mm"
