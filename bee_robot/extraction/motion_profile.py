"""How a programme will run in time: trapezoids of every axis, swings of every servo. Pure arithmetic.

Speeds follow the contract of `devices.tower.Segment`: axes of a segment start together, the segment ends when all have
arrived, joints without guard, servo, output, dwell or latch change are passed at the lower of the two speeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bee_robot.devices.tower import Axis, AxisMove, MotionProgramme, Segment, Servo, Side
from bee_robot.rulebook import AxisSample, Motions
from bee_robot.rulebook.block import Floats, joined

LEAST_MM = 1e-6  # shorter ways are none
PIECES = 24  # instants of a segment to look at, beside the corners of its ramps
STEP_MM = 2.0  # and no axis moves further than this between two of them
_AXES, _SERVOS = list(Axis), list(Servo)


@dataclass(frozen=True)
class AxisPath:
    """One axis over one segment: from `start_mm` at `entry_mm_s` to `end_mm` at `exit_mm_s` (magnitudes)."""

    start_mm: float
    end_mm: float
    speed_mm_s: float
    acceleration_mm_s2: float
    entry_mm_s: float = 0.0
    exit_mm_s: float = 0.0

    @property
    def way_mm(self) -> float:
        return abs(self.end_mm - self.start_mm)

    @cached_property
    def peak_mm_s(self) -> float:
        """v² = (2 a s + v_in² + v_out²) / 2 where the ramps meet, but never above the segment's speed."""
        met = (2 * self.acceleration_mm_s2 * self.way_mm + self.entry_mm_s**2 + self.exit_mm_s**2) / 2
        return min(self.speed_mm_s, math.sqrt(met))

    @cached_property
    def ramps_s(self) -> tuple[float, float, float]:
        """Durations of speeding up, cruising and slowing down."""
        if self.way_mm < LEAST_MM:
            return 0.0, 0.0, 0.0
        peak, rate = self.peak_mm_s, self.acceleration_mm_s2
        up_s = max(0.0, (peak - self.entry_mm_s) / rate)
        down_s = max(0.0, (peak - self.exit_mm_s) / rate)
        ramps_mm = up_s * (peak + self.entry_mm_s) / 2 + down_s * (peak + self.exit_mm_s) / 2
        return up_s, max(0.0, self.way_mm - ramps_mm) / peak, down_s

    @property
    def duration_s(self) -> float:
        return sum(self.ramps_s)

    def states(self, t_s: Floats) -> tuple[Floats, Floats, Floats]:
        """Position, speed and acceleration (signed), so long after the segment began; standing once the way is over."""
        up_s, cruise_s, down_s = self.ramps_s
        sign = 1.0 if self.end_mm >= self.start_mm else -1.0
        peak, rate = self.peak_mm_s, self.acceleration_mm_s2
        rises = np.minimum(t_s, up_s)
        cruises = np.clip(t_s - up_s, 0.0, cruise_s)
        falls = np.clip(t_s - up_s - cruise_s, 0.0, down_s)
        is_up, is_over = t_s < up_s, t_s >= up_s + cruise_s + down_s
        is_down = ~is_up & (t_s >= up_s + cruise_s)
        way = self.entry_mm_s * rises + rate * (rises**2 - falls**2) / 2 + peak * (cruises + falls)
        speed = np.where(is_up, self.entry_mm_s + rate * rises, peak - rate * falls)
        acceleration = rate * (is_up * 1.0 - is_down)
        return (
            np.where(is_over, self.end_mm, self.start_mm + sign * way),
            np.where(is_over, 0.0, sign * speed),
            np.where(is_over, 0.0, sign * acceleration),
        )

    def at(self, t_s: float) -> AxisSample:
        """The same at one instant."""
        return AxisSample(*(float(values[0]) for values in self.states(np.array([t_s]))))


@dataclass(frozen=True)
class ServoSwing:
    start_deg: float
    end_deg: float
    speed_deg_s: float

    @property
    def duration_s(self) -> float:
        return abs(self.end_deg - self.start_deg) / self.speed_deg_s

    def angles_deg(self, t_s: Floats) -> Floats:
        way = np.minimum(abs(self.end_deg - self.start_deg), self.speed_deg_s * t_s)
        return np.asarray(self.start_deg + np.copysign(way, self.end_deg - self.start_deg))


@dataclass(frozen=True)
class Instant:
    """The machine at one instant of a programme that has not run yet."""

    t_s: float
    axes: Mapping[Axis, AxisSample]
    servos_deg: Mapping[Servo, float]
    swinging: tuple[Servo, ...]


def standing(t_s: float, positions_mm: Mapping[Axis, float], servos_deg: Mapping[Servo, float]) -> Motions:
    """A machine at rest, as a motion of one sample."""
    count = 1
    return Motions(
        t_s=np.array([t_s]),
        position_mm=np.array([[positions_mm[axis] for axis in Axis]]),
        speed_mm_s=np.zeros((count, len(Axis))),
        acceleration_mm_s2=np.zeros((count, len(Axis))),
        servos_deg=np.array([[servos_deg[servo] for servo in Servo]]),
        is_swinging=np.zeros((count, len(Servo)), dtype=bool),
        loads_kg=np.zeros((count, len(Side))),
    )


@dataclass(frozen=True)
class TimedSegment:
    segment: Segment
    begin_s: float
    duration_s: float
    paths: Mapping[Axis, AxisPath]
    swings: Mapping[Servo, ServoSwing]
    resting_mm: Mapping[Axis, float]
    still_deg: Mapping[Servo, float]

    def at(self, t_s: float) -> Instant:
        """The machine so long after the segment began."""
        motions = self.motions(np.array([t_s]))
        sample = motions.sample(0)
        axes = {axis: sample.axes[axis.value] for axis in Axis}
        servos = {servo: sample.servos_deg[servo.value] for servo in Servo}
        swinging = tuple(servo for servo, swings in zip(Servo, motions.is_swinging[0]) if swings)
        return Instant(sample.t_s, axes, servos, swinging)

    def times_s(self) -> Floats:
        """Instants to look at, from the segment's beginning: evenly spread, no axis further than STEP_MM between two, and the
        corners of every ramp."""
        longest_mm = max((path.way_mm for path in self.paths.values()), default=0.0)
        pieces = max(PIECES, math.ceil(longest_mm / STEP_MM))
        times = [np.linspace(0.0, self.duration_s, pieces + 1)]
        for path in self.paths.values():
            up_s, cruise_s, _ = path.ramps_s
            times.append(np.minimum([up_s, up_s + cruise_s], self.duration_s))
        instants: Floats = np.unique(np.concatenate(times))
        return instants

    def motions(self, t_s: Floats) -> Motions:
        """The machine at these instants (from the segment's beginning); loads are not known to a profile."""
        count = len(t_s)
        position = np.tile([self.resting_mm[axis] for axis in Axis], (count, 1))
        speed, acceleration = np.zeros((count, len(Axis))), np.zeros((count, len(Axis)))
        servos = np.tile([self.still_deg[servo] for servo in Servo], (count, 1))
        is_swinging = np.zeros((count, len(Servo)), dtype=bool)
        for axis, path in self.paths.items():
            column = _AXES.index(axis)
            position[:, column], speed[:, column], acceleration[:, column] = path.states(t_s)
        for servo, swing in self.swings.items():
            column = _SERVOS.index(servo)
            servos[:, column], is_swinging[:, column] = swing.angles_deg(t_s), t_s < swing.duration_s
        loads = np.zeros((count, len(Side)))
        return Motions(self.begin_s + t_s, position, speed, acceleration, servos, is_swinging, loads)


@dataclass(frozen=True)
class Timeline:
    """A whole programme in time, from where the machine stands."""

    programme: MotionProgramme
    segments: tuple[TimedSegment, ...]

    @property
    def duration_s(self) -> float:
        return self.segments[-1].begin_s + self.segments[-1].duration_s if self.segments else 0.0

    @cached_property
    def motions(self) -> Motions:
        """Every instant that has to be looked at (TimedSegment.times_s), in order."""
        return joined([timed.motions(timed.times_s()) for timed in self.segments])


def _breaks_flow(segment: Segment, following: Segment) -> bool:
    """Whether the board stops at the joint whatever the axes do."""
    either = (segment, following)
    return any(one.guards or one.servos_deg or one.outputs or one.dwell_s for one in either) or (
        segment.latches != following.latches
    )


def _direction(start_mm: float, end_mm: float) -> int:
    way = end_mm - start_mm
    return 0 if abs(way) < LEAST_MM else (1 if way > 0 else -1)


def _joint_speeds(programme: MotionProgramme, axis: Axis, start_mm: float) -> list[float]:
    """Speed at which an axis enters each segment; the last entry is the end of the programme (0)."""
    speeds = [0.0] * (len(programme.segments) + 1)
    position_mm = start_mm
    moves: list[tuple[float, AxisMove | None]] = []
    for segment in programme.segments:
        move = segment.axes.get(axis)
        moves.append((position_mm, move))
        position_mm = move.position_mm if move else position_mm
    for index in range(1, len(moves)):
        (before_mm, before), (here_mm, here) = moves[index - 1], moves[index]
        if (
            before is None
            or here is None
            or _breaks_flow(programme.segments[index - 1], programme.segments[index])
        ):
            continue
        heading = _direction(before_mm, before.position_mm)
        if heading and heading == _direction(here_mm, here.position_mm):
            speeds[index] = min(before.speed_mm_s, here.speed_mm_s)
    for index in range(len(moves) - 1, 0, -1):  # what can still be braked away
        here_mm, move = moves[index]
        if move is not None:
            reach = math.sqrt(
                speeds[index + 1] ** 2 + 2 * move.acceleration_mm_s2 * abs(move.position_mm - here_mm)
            )
            speeds[index] = min(speeds[index], reach)
    for index in range(len(moves) - 1):  # what can be reached at all
        here_mm, move = moves[index]
        if move is not None:
            reach = math.sqrt(
                speeds[index] ** 2 + 2 * move.acceleration_mm_s2 * abs(move.position_mm - here_mm)
            )
            speeds[index + 1] = min(speeds[index + 1], reach)
    return speeds


def timeline(
    programme: MotionProgramme,
    positions_mm: Mapping[Axis, float],
    servos_deg: Mapping[Servo, float],
    servo_speeds_deg_s: Mapping[Servo, float],
) -> Timeline:
    """Lay a programme out in time, from where axes (mm) and servos (degrees) stand."""
    here_mm, here_deg, begin_s = dict(positions_mm), dict(servos_deg), 0.0
    joints = {axis: _joint_speeds(programme, axis, start) for axis, start in here_mm.items()}
    timed = []
    for index, segment in enumerate(programme.segments):
        paths = {
            axis: AxisPath(
                here_mm[axis],
                move.position_mm,
                move.speed_mm_s,
                move.acceleration_mm_s2,
                joints[axis][index],
                joints[axis][index + 1],
            )
            for axis, move in segment.axes.items()
        }
        swings = {
            servo: ServoSwing(here_deg[servo], angle, servo_speeds_deg_s[servo])
            for servo, angle in segment.servos_deg.items()
        }
        moving_s = max(
            [path.duration_s for path in paths.values()]
            + [swing.duration_s for swing in swings.values()]
            + [0.0]
        )
        duration_s = moving_s + segment.dwell_s
        timed.append(TimedSegment(segment, begin_s, duration_s, paths, swings, dict(here_mm), dict(here_deg)))
        here_mm.update({axis: path.end_mm for axis, path in paths.items()})
        here_deg.update({servo: swing.end_deg for servo, swing in swings.items()})
        begin_s += duration_s
    return Timeline(programme, tuple(timed))
