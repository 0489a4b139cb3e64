"""How a programme will run in time: trapezoids of every axis, swings of every servo. Pure arithmetic.

Speeds follow the contract of `devices.tower.Segment`: axes of a segment start together, the segment ends when all have
arrived, joints without guard, servo, output, dwell or latch change are passed at the lower of the two speeds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bee_robot.devices.tower import Axis, AxisMove, MotionProgramme, Segment, Servo
from bee_robot.rulebook import AxisSample

LEAST_MM = 1e-6  # shorter ways are none


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

    @property
    def peak_mm_s(self) -> float:
        """v² = (2 a s + v_in² + v_out²) / 2 where the ramps meet, but never above the segment's speed."""
        met = (2 * self.acceleration_mm_s2 * self.way_mm + self.entry_mm_s**2 + self.exit_mm_s**2) / 2
        return min(self.speed_mm_s, math.sqrt(met))

    @property
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

    def at(self, t_s: float) -> AxisSample:
        """Position, speed and acceleration (signed) `t_s` after the segment began."""
        up_s, cruise_s, down_s = self.ramps_s
        sign = 1.0 if self.end_mm >= self.start_mm else -1.0
        peak, rate = self.peak_mm_s, self.acceleration_mm_s2
        if t_s >= up_s + cruise_s + down_s:
            return AxisSample(self.end_mm)
        if t_s < up_s:
            speed = self.entry_mm_s + rate * t_s
            way = (self.entry_mm_s + speed) / 2 * t_s
            return AxisSample(self.start_mm + sign * way, sign * speed, sign * rate)
        way = up_s * (self.entry_mm_s + peak) / 2
        if t_s < up_s + cruise_s:
            return AxisSample(self.start_mm + sign * (way + peak * (t_s - up_s)), sign * peak)
        since_s = t_s - up_s - cruise_s
        speed = peak - rate * since_s
        way += peak * cruise_s + (peak + speed) / 2 * since_s
        return AxisSample(self.start_mm + sign * way, sign * speed, -sign * rate)


@dataclass(frozen=True)
class ServoSwing:
    start_deg: float
    end_deg: float
    speed_deg_s: float

    @property
    def duration_s(self) -> float:
        return abs(self.end_deg - self.start_deg) / self.speed_deg_s

    def at(self, t_s: float) -> float:
        way = min(abs(self.end_deg - self.start_deg), self.speed_deg_s * t_s)
        return self.start_deg + math.copysign(way, self.end_deg - self.start_deg)


@dataclass(frozen=True)
class Instant:
    """The machine at one instant of a programme that has not run yet."""

    t_s: float
    axes: Mapping[Axis, AxisSample]
    servos_deg: Mapping[Servo, float]
    swinging: tuple[Servo, ...]


@dataclass(frozen=True)
class TimedSegment:
    segment: Segment
    begin_s: float
    duration_s: float
    paths: Mapping[Axis, AxisPath]
    swings: Mapping[Servo, ServoSwing]
    resting: Mapping[Axis, AxisSample]
    still_deg: Mapping[Servo, float]

    def at(self, t_s: float) -> Instant:
        axes = {**self.resting, **{axis: path.at(t_s) for axis, path in self.paths.items()}}
        servos = {**self.still_deg, **{servo: swing.at(t_s) for servo, swing in self.swings.items()}}
        swinging = tuple(servo for servo, swing in self.swings.items() if t_s < swing.duration_s)
        return Instant(self.begin_s + t_s, axes, servos, swinging)

    def instants(self, pieces: int) -> Iterator[Instant]:
        """Evenly spread instants and the corners of every ramp."""
        times = {self.duration_s * piece / pieces for piece in range(pieces + 1)}
        for path in self.paths.values():
            up_s, cruise_s, _ = path.ramps_s
            times |= {up_s, up_s + cruise_s}
        for t_s in sorted(times):
            yield self.at(min(t_s, self.duration_s))


@dataclass(frozen=True)
class Timeline:
    """A whole programme in time, from where the machine stands."""

    programme: MotionProgramme
    segments: tuple[TimedSegment, ...]

    @property
    def duration_s(self) -> float:
        return self.segments[-1].begin_s + self.segments[-1].duration_s if self.segments else 0.0


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
        resting = {axis: AxisSample(position) for axis, position in here_mm.items()}
        duration_s = moving_s + segment.dwell_s
        timed.append(TimedSegment(segment, begin_s, duration_s, paths, swings, resting, dict(here_deg)))
        here_mm.update({axis: path.end_mm for axis, path in paths.items()})
        here_deg.update({servo: swing.end_deg for servo, swing in swings.items()})
        begin_s += duration_s
    return Timeline(programme, tuple(timed))
