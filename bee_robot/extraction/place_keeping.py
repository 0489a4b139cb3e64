"""Keeps where the machine is while it moves, so that a restarted board can be told where its screws stand.

Twice between two looks a power failure, a dying host or a restarted board may end a programme: what is kept is where each
axis is and how far it can have come before it stands still, whatever of these happens.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bee_robot.devices.tower import Axis, MotionEnd, MotionResult, Servo, TowerError
from bee_robot.extraction.journal import JournalError
from bee_robot.extraction.motion_profile import AxisPath, TimedSegment, Timeline
from bee_robot.extraction.whereabouts import KeptPlaces, Span

if TYPE_CHECKING:
    from bee_robot.extraction.box_visit import BoxVisit

LOOK_PERIODS_S = ((2.0, 0.1), (10.0, 0.25))  # where nothing is faster (mm/s), a place is worth more looks
LOOK_PERIOD_S = 0.5
TO_DISK_S = 0.05
RESTARTED_WITHIN_S = 0.025  # telemetry comes every 10 ms; one packet may be lost
SAME_MM = 0.1
STOWED_DEG = 1.0
AXES = tuple(Axis)


@dataclass
class _Reach:
    """Where each axis may come to. `here_mm` at the beginning of the segment that is looked at."""

    here_mm: dict[Axis, float]
    low_mm: dict[Axis, float]
    high_mm: dict[Axis, float]

    def go(self, axis: Axis, to_mm: float, at_most_mm: float) -> None:
        here = self.here_mm[axis]
        way = max(-at_most_mm, min(at_most_mm, to_mm - here))
        self.low_mm[axis] = min(self.low_mm[axis], here + way)
        self.high_mm[axis] = max(self.high_mm[axis], here + way)


class PlanTrack:
    """How far along a plan the machine is, by where its axes stand; and how far it may come.

    Times are not compared: board and plan pass joints in ways of their own.
    """

    def __init__(self, plan: Timeline, heartbeat_deadline_s: float) -> None:
        self.plan = plan
        self._deadline_s = heartbeat_deadline_s
        self._at = 0  # index of the segment under way

    @property
    def period_s(self) -> float:
        """How soon to look again."""
        moves = self.plan.segments[self._at].segment.axes.values()
        fastest_mm_s = max((move.speed_mm_s for move in moves), default=0.0)
        return next((period for speed, period in LOOK_PERIODS_S if fastest_mm_s <= speed), LOOK_PERIOD_S)

    @property
    def stops_within_s(self) -> float:
        """Until the machine stands, whatever dies now: the next look and its way to the disk, then the board misses the
        heartbeat and brakes, which takes it as far as half the time at full speed would."""
        coming = self.plan.segments[self._at : self._at + 3]
        moves = [move for timed in coming for move in timed.segment.axes.values()]
        ramps_s = [move.speed_mm_s / move.acceleration_mm_s2 for move in moves]
        return self.period_s + TO_DISK_S + self._deadline_s + max(ramps_s, default=0.0) / 2

    def look(self, positions_mm: Mapping[Axis, float]) -> bool:
        """Find the segment under way; False where the machine is in none that is still to come."""
        for index in range(self._at, len(self.plan.segments)):
            if _is_in(self.plan.segments[index], positions_mm):
                self._at = index
                return True
        return False

    def kept(self, positions_mm: Mapping[Axis, float], within_s: float) -> KeptPlaces:
        """What may have become of the machine within so much time: never more than at full speed from here on."""
        reach = _Reach(dict(positions_mm), dict(positions_mm), dict(positions_mm))
        left_s, names, is_first = within_s, [], True
        for timed in self.plan.segments[self._at :]:
            names.append(timed.segment.name)
            for axis, path in timed.paths.items():
                reach.go(axis, path.end_mm, _furthest_mm(path, left_s, is_first))
            left_s -= _least_s(timed, reach.here_mm, is_first)
            if left_s <= 0.0:
                break
            reach.here_mm.update({axis: path.end_mm for axis, path in timed.paths.items()})
            is_first = False
        spans = {axis: Span(reach.low_mm[axis], reach.high_mm[axis]) for axis in AXES}
        out = self.out_until(self._at + len(names))
        return KeptPlaces(self.plan.programme.name, spans, tuple(names), out)

    def out_until(self, end: int | None = None) -> frozenset[Servo]:
        """Servos that may not be stowed from now until the segment with this index; None: to the end of the plan."""
        coming = self.plan.segments[self._at : end]
        angles = [coming[0].still_deg, *(timed.segment.servos_deg for timed in coming)]
        return frozenset(servo for one in angles for servo, angle in one.items() if angle > STOWED_DEG)


def _is_in(timed: TimedSegment, positions_mm: Mapping[Axis, float]) -> bool:
    """Whether every axis stands on its way through a segment, and the others where they wait."""
    for axis, here in positions_mm.items():
        path = timed.paths.get(axis)
        start, end = (path.start_mm, path.end_mm) if path else (timed.resting_mm[axis],) * 2
        if not min(start, end) - SAME_MM <= here <= max(start, end) + SAME_MM:
            return False
    return True


def _furthest_mm(path: AxisPath, time_s: float, is_under_way: bool) -> float:
    """At most v t, and from the speed at which the segment is entered no more than v0 t + a t²/2."""
    cruising_mm = path.speed_mm_s * time_s
    if is_under_way:
        return cruising_mm
    return min(cruising_mm, path.entry_mm_s * time_s + path.acceleration_mm_s2 * time_s**2 / 2)


def _least_s(timed: TimedSegment, here_mm: Mapping[Axis, float], is_under_way: bool) -> float:
    """How long what is left of a segment takes at least. Of one that is under way, dwell and swings may be over."""
    ways_s = [abs(path.end_mm - here_mm[axis]) / path.speed_mm_s for axis, path in timed.paths.items()]
    waits_s = (
        [] if is_under_way else [timed.segment.dwell_s, *(one.duration_s for one in timed.swings.values())]
    )
    return max([0.0, *ways_s, *waits_s])


def _positions(visit: BoxVisit) -> dict[Axis, float] | None:
    """None where the board does not know its screws, or nobody has heard of it for too long."""
    try:
        axes = visit.context.tower.state.axes
    except TowerError:
        return None
    if not all(state.is_referenced for axis, state in axes.items() if not axis.value.startswith("shuttle")):
        return None
    return {axis: state.position_mm for axis, state in axes.items()}


async def _keep(visit: BoxVisit, kept: KeptPlaces) -> None:
    """A disk that is full costs what a restarted board would be told, and nothing else."""
    with contextlib.suppress(JournalError):
        await asyncio.to_thread(visit.context.journal.keep_places, kept.to_dict())


async def keep_rest(visit: BoxVisit, result: MotionResult) -> None:
    """The machine stands where a motion has left it. A refusal tells nothing: perhaps nobody reached the board."""
    if result.end is not MotionEnd.REFUSED:
        spans = {axis: Span(mm, mm) for axis, mm in result.positions_mm.items()}
        await _keep(visit, KeptPlaces("", spans, out=frozenset(visit.reaches(Servo))))


async def keep_stowed(visit: BoxVisit, servos: Iterable[Servo]) -> None:
    """A person says that these are stowed now; where the axes are is as it was."""
    kept = visit.kept_places()
    if kept is not None:
        await _keep(visit, replace(kept, out=kept.out - frozenset(servos)))


async def forget_places(visit: BoxVisit) -> None:
    """The machine moves otherwise than by a programme: what was kept is worth nothing."""
    await _keep(visit, KeptPlaces("", {}, out=frozenset(visit.reaches(Servo))))


async def _watch(visit: BoxVisit, track: PlanTrack) -> None:
    while True:
        await visit.context.clock.sleep(track.period_s)
        positions_mm = _positions(visit)
        if positions_mm is None:
            continue
        if not track.look(positions_mm):
            await _keep(visit, KeptPlaces(track.plan.programme.name, {}, out=track.out_until()))
            return
        await _keep(visit, track.kept(positions_mm, track.stops_within_s))


@contextlib.asynccontextmanager
async def keeping_places(visit: BoxVisit, plan: Timeline) -> AsyncIterator[None]:
    """While a programme runs. What is kept is on disk before it begins."""
    if not plan.segments:
        yield
        return
    track = PlanTrack(plan, visit.context.robot.board.heartbeat_deadline_ms / 1000)
    await _keep(visit, track.kept(plan.segments[0].resting_mm, track.stops_within_s))
    watcher = asyncio.ensure_future(_watch(visit, track))
    try:
        yield
    except TowerError as error:
        if error.alert == "board_restarted":
            watcher.cancel()
            await _keep_last(visit, track)
        raise
    finally:
        watcher.cancel()


async def _keep_last(visit: BoxVisit, track: PlanTrack) -> None:
    """The board was there until it restarted: its last telemetry says where everything stopped, but for the time to the
    next that did not come."""
    positions_mm = _positions(visit)
    if positions_mm is not None and track.look(positions_mm):
        await _keep(visit, track.kept(positions_mm, RESTARTED_WITHIN_S))
