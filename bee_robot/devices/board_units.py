"""From the tower's millimetres to the board's steps: configuration and programmes (back: board_reports.py).

Numbers of axes, servos, outputs and sides on the board are their places in the enumerations of tower.py. Rounding is
always towards the slower: a speed or acceleration is never above the one asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import (
    Axis,
    Guard,
    GuardKind,
    Input,
    MotionProgramme,
    Output,
    OutputEvent,
    Segment,
    Servo,
    Side,
)
from bee_robot.mcu import messages as m
from bee_robot.mcu.client import SegmentPlan

AXES = tuple(Axis)
SERVOS = tuple(Servo)
OUTPUTS = tuple(Output)
SIDES = tuple(Side)
PINS = (Input.PIN_LEFT, Input.PIN_RIGHT)

FORK_MOVES_BELOW_KG = 1.0  # a fork that carries more does not swing (R12); an empty bearing reads a few 10 g
HOMING_BACKOFF_MM = 2.0
SERVO_RANGE_DEG = (-90.0, 180.0)  # what the firmware accepts: ANGLE_MIN, ANGLE_MAX of its segment.c
SLICE_MS = 2  # of the board's motion; ramps are rounded over a power of two of them
HOMING_SLOWER = 5.0  # the second approach is slower by this factor

_GUARDS = {
    GuardKind.LOAD_ABOVE: m.Guard.LOAD_ABOVE,
    GuardKind.LOAD_BELOW: m.Guard.LOAD_BELOW,
    GuardKind.LOAD_RATE: m.Guard.LOAD_RATE,
    GuardKind.PIN_EDGE: m.Guard.PIN_EDGE,
    GuardKind.END_STOP: m.Guard.END_STOP,
}
_GRAMS = 1 << 31


class Unsuitable(Exception):
    """A programme that no board could execute; the message says which segment and why."""


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
            lowest_deg, highest_deg = SERVO_RANGE_DEG
            if not lowest_deg <= angle_deg <= highest_deg:
                raise Unsuitable(
                    f"{name}: {servo.value} cannot go to {angle_deg:g}°; {lowest_deg:g} to {highest_deg:g} are possible"
                )
            parts.append(m.SegmentServo(SERVOS.index(servo), round(angle_deg * 100)))
        parts += self._outputs(name, segment)
        parts += [self._guard(name, guard) for guard in segment.guards]
        latches = sum(1 << PINS.index(latch) for latch in set(segment.latches))
        return SegmentPlan(round(segment.dwell_s * 1000), latches, tuple(parts))

    def _outputs(self, name: str, segment: Segment) -> list[m.HostMessage]:
        placed = [event for event in segment.outputs if event.axis is not None or event.at_mm is not None]
        if len(placed) > 1:
            raise Unsuitable(
                f"{name} sets {len(placed)} outputs at positions; the board holds one of a segment"
            )
        return [self._output(name, segment, event) for event in segment.outputs]

    def _output(self, name: str, segment: Segment, event: OutputEvent) -> m.SegmentOutput:
        what = f"{name}: {event.output.value}"
        if not 0 <= event.value <= 1:
            raise Unsuitable(f"{what} {event.value:g} is not between 0 and 1")
        axis, at = m.NO_AXIS, 0
        if event.axis is not None or event.at_mm is not None:
            if event.axis is None or event.at_mm is None or not math.isfinite(event.at_mm):
                raise Unsuitable(f"{what} at a position needs both the axis and where it is then")
            if event.axis not in segment.axes:
                raise Unsuitable(f"{what} waits for {event.axis.value}, which does not move in this segment")
            axis, at = AXES.index(event.axis), self.steps(event.axis, max(-1e5, min(1e5, event.at_mm)))
        return m.SegmentOutput(OUTPUTS.index(event.output), round(event.value * 1000), axis, at)

    def _guard(self, name: str, guard: Guard) -> m.SegmentGuard:
        number, threshold_kg = self._guarded(name, guard)
        if not abs(threshold_kg * 1000) < _GRAMS:
            raise Unsuitable(f"{name}: guard {guard.kind.value} with a threshold of {threshold_kg:g} kg")
        axis, above = m.NO_AXIS, 0
        if guard.axis is not None and guard.above_mm is not None:
            axis, above = AXES.index(guard.axis), self.steps(guard.axis, guard.above_mm)
        return m.SegmentGuard(
            int(_GUARDS[guard.kind]),
            number,
            int(guard.is_fault),
            round(threshold_kg * 1000),
            axis,
            above,
        )

    @staticmethod
    def _guarded(name: str, guard: Guard) -> tuple[int, float]:
        """Number of the side or end stop that a guard watches, and its threshold in kg (or kg/s)."""
        what = f"{name}: guard {guard.kind.value}"
        if guard.kind is GuardKind.END_STOP:
            if guard.end_stop is None:
                raise Unsuitable(f"{what} needs the axis whose end stop it watches")
            return AXES.index(guard.end_stop), 0.0
        if guard.side is None:
            raise Unsuitable(f"{what} needs a side")
        if guard.kind is not GuardKind.LOAD_RATE:
            return SIDES.index(guard.side), guard.threshold_kg
        if not guard.rate_kg_s > 0:
            raise Unsuitable(f"{what} needs a rate above zero, not {guard.rate_kg_s:g} kg/s")
        return SIDES.index(guard.side), guard.rate_kg_s
