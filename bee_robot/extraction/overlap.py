"""The stack goes up or down while the hooks are at work: no rule asks them to wait for each other.

Hooks may swing and work over an open box as soon as the lift beams are far enough above the scan beams (R13), long before
the stack is as high as a lifted frame needs it (R8). So the last 280 mm of the way up are gone while the pins are looked for
and the first frame is loosened, and the way down begins while the last frame is let down. On the reference hive that takes
half a minute off the open time, and off its bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bee_robot.devices.tower import Axis, AxisMove, Guard, MotionProgramme, Segment, Servo
from bee_robot.extraction.belief import LIFT, SCAN
from bee_robot.extraction.motion_profile import AxisPath, TimedSegment, timeline

LIFTS = tuple(LIFT.values())
SCANS = tuple(SCAN.values())
AHEAD_STEP_MM = 5.0
LOOKS = 20  # at a segment, whether the beams keep apart
REACTION_S = (
    0.05  # of each segment is left out: ramps are rounded, and the stack must not make a segment longer
)
LEAST_WAY_MM = 2.0  # less is not worth a start and a stop


@dataclass(frozen=True)
class StackMotion:
    """Where the forks are to go when there is time, watched by `guards` while they move; lift and scan beam of a side stay
    `apart_mm` apart. `stops_at_joints`: as a board does that watches guards; an ideal machine goes through. mm, mm/s, mm/s²."""

    to_mm: float
    speed_mm_s: float
    acceleration_mm_s2: float
    apart_mm: float
    guards: tuple[Guard, ...]
    stops_at_joints: bool = True

    def way_in_mm(self, duration_s: float) -> float:
        """From rest to rest: v (t - v/a) where there is time to cruise, a t²/4 otherwise."""
        if not self.stops_at_joints:
            return self.speed_mm_s * duration_s
        time_s = max(0.0, duration_s - REACTION_S)
        speed, rate = self.speed_mm_s, self.acceleration_mm_s2
        return speed * (time_s - speed / rate) if time_s >= 2 * speed / rate else rate * time_s**2 / 4


def alongside(
    programme: MotionProgramme,
    stack: StackMotion,
    positions_mm: Mapping[Axis, float],
    servos_deg: Mapping[Servo, float],
    servo_speeds_deg_s: Mapping[Servo, float],
) -> MotionProgramme:
    """The programme with the stack moving in every segment that has time and room for it, as far as it gets.

    Both forks must stand level, and the programme must not move them itself (ValueError). Guards make the board stop at the
    joints of those segments; nothing else becomes slower.
    """
    if any(axis in LIFTS for segment in programme.segments for axis in segment.axes):
        raise ValueError(f"'{programme.name}' moves the stack itself")
    watched = replace(programme, segments=tuple(_watched(segment, stack) for segment in programme.segments))
    timed = timeline(watched, positions_mm, servos_deg, servo_speeds_deg_s)
    lifts_mm, segments = positions_mm[LIFTS[0]], []
    for original, one in zip(programme.segments, timed.segments):
        if _may_carry(original):
            first_mm = _first_mm(one, stack, lifts_mm)
            if first_mm:
                lifts_mm += first_mm
                segments.append(Segment("stack first", _lifted(stack, lifts_mm), guards=stack.guards))
            way_mm = _way_mm(one, stack, lifts_mm)
        else:
            way_mm = 0.0
        if not way_mm:
            segments.append(original)
            continue
        lifts_mm += way_mm
        segments.append(replace(one.segment, axes={**original.axes, **_lifted(stack, lifts_mm)}))
    return replace(programme, segments=tuple(segments))


def _lifted(stack: StackMotion, to_mm: float) -> dict[Axis, AxisMove]:
    return dict.fromkeys(LIFTS, AxisMove(to_mm, stack.speed_mm_s, stack.acceleration_mm_s2))


def _first_mm(one: TimedSegment, stack: StackMotion, from_mm: float) -> float:
    """How far the stack has to be ahead before a segment that would follow it up too fast."""
    rest_mm = stack.to_mm - from_mm
    first_mm = 0.0
    while 0.0 <= first_mm < rest_mm:
        way_mm = min(stack.way_in_mm(one.duration_s), rest_mm - first_mm)
        if _keeps_apart(one, stack, from_mm + first_mm, way_mm):
            return first_mm
        first_mm += AHEAD_STEP_MM
    return max(0.0, rest_mm)


def _way_mm(one: TimedSegment, stack: StackMotion, from_mm: float) -> float:
    """How far the stack may go during a segment; 0 where it is not worth it."""
    most_mm = stack.way_in_mm(one.duration_s)
    way_mm = max(-most_mm, min(most_mm, stack.to_mm - from_mm))
    while abs(way_mm) >= LEAST_WAY_MM:
        if _keeps_apart(one, stack, from_mm, way_mm):
            return way_mm
        way_mm /= 2
    return 0.0


def _keeps_apart(one: TimedSegment, stack: StackMotion, from_mm: float, way_mm: float) -> bool:
    """Also where both brake at any instant: the board looks ahead so far, and stops beams that would then come too close."""
    path = AxisPath(from_mm, from_mm + way_mm, stack.speed_mm_s, stack.acceleration_mm_s2)
    times_s = np.linspace(0.0, one.duration_s, LOOKS + 1).astype(np.float64)
    lifts_mm, lifts_mm_s = path.states(times_s)[:2]
    motions = one.motions(times_s)
    scans_mm, scans_mm_s = motions.position_mm[:, 2:4], motions.speed_mm_s[:, 2:4]
    rates = [
        one.segment.axes[axis].acceleration_mm_s2 if axis in one.segment.axes else np.inf for axis in SCANS
    ]
    lifts_rest_mm = lifts_mm + lifts_mm_s * np.abs(lifts_mm_s) / (2 * stack.acceleration_mm_s2)
    scans_rest_mm = scans_mm + scans_mm_s * np.abs(scans_mm_s) / (2 * np.array(rates))
    apart_mm = np.minimum(lifts_mm[:, None] - scans_mm, lifts_rest_mm[:, None] - scans_rest_mm)
    return bool((apart_mm >= stack.apart_mm).all())


def _may_carry(segment: Segment) -> bool:
    """Nothing swings while the stack moves: a swing is short, and what swings is watched alone."""
    return bool(segment.axes) and not segment.servos_deg and not segment.guards


def _watched(segment: Segment, stack: StackMotion) -> Segment:
    return replace(segment, guards=stack.guards) if _may_carry(segment) else segment
