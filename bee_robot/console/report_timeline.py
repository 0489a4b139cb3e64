"""The course of a visit from its events: phases, frames, open time, loads, in seconds since its start."""

from __future__ import annotations

from dataclasses import dataclass

from bee_robot.cloud.records import InspectionRecord
from bee_robot.hive.inspection import EventKind, VisitEvent

MOMENT_KINDS = (EventKind.OPENED, EventKind.CLOSED, EventKind.ALERT, EventKind.STOP_ASKED)
MAX_LOAD_POINTS = 400  # a line on a screen has no more


@dataclass(frozen=True)
class Span:
    """A stretch of the visit."""

    name: str
    from_s: float
    to_s: float

    @property
    def duration_s(self) -> float:
        return self.to_s - self.from_s


@dataclass(frozen=True)
class Moment:
    t_s: float
    kind: str
    text: str


@dataclass(frozen=True)
class LoadPoint:
    """Loads on the fork bearings."""

    t_s: float
    left_kg: float
    right_kg: float


@dataclass(frozen=True)
class Timeline:
    """All times in seconds since the first event. opened: while the box was open; it ends with the last event where
    nothing says that the box was closed (`is_closed` false). frames: named by their numbers."""

    duration_s: float
    phases: tuple[Span, ...]
    frames: tuple[Span, ...]
    opened: Span | None
    is_closed: bool
    moments: tuple[Moment, ...]
    loads: tuple[LoadPoint, ...]


def timeline(record: InspectionRecord) -> Timeline:
    events = [stored.event for stored in record.events]
    zero_s = events[0].t_s if events else record.start.started_s
    last_s = events[-1].t_s - zero_s if events else 0.0
    duration_s = max(last_s, record.outcome.visit_time_s if record.outcome is not None else 0.0)
    opened, is_closed = _opened(events, zero_s, duration_s)
    return Timeline(
        duration_s=duration_s,
        phases=_phases(events, zero_s, duration_s),
        frames=_frames(events, zero_s, last_s),
        opened=opened,
        is_closed=is_closed,
        moments=tuple(
            Moment(event.t_s - zero_s, event.kind.value, event.text)
            for event in events
            if event.kind in MOMENT_KINDS
        ),
        loads=_loads(record, events, zero_s),
    )


def _phases(events: list[VisitEvent], zero_s: float, end_s: float) -> tuple[Span, ...]:
    changes: list[tuple[str, float]] = []
    for event in events:
        if not changes or changes[-1][0] != event.phase.value:
            changes.append((event.phase.value, event.t_s - zero_s))
    ends = [since_s for _, since_s in changes[1:]] + [end_s]
    return tuple(Span(name, since_s, to_s) for (name, since_s), to_s in zip(changes, ends) if to_s > since_s)


def _frames(events: list[VisitEvent], zero_s: float, end_s: float) -> tuple[Span, ...]:
    """From the event that a frame is being taken to the one that it is done, or to whatever came instead."""
    spans: list[Span] = []
    taken: VisitEvent | None = None
    for event in events:
        is_other = event.kind is EventKind.FRAME or (event.frame == 0 and event.kind is EventKind.PHASE)
        if taken is not None and (is_other or event.kind is EventKind.FRAME_DONE):
            spans.append(Span(str(taken.frame), taken.t_s - zero_s, event.t_s - zero_s))
            taken = None
        if event.kind is EventKind.FRAME:
            taken = event
    if taken is not None:
        spans.append(Span(str(taken.frame), taken.t_s - zero_s, end_s))
    return tuple(spans)


def _opened(events: list[VisitEvent], zero_s: float, end_s: float) -> tuple[Span | None, bool]:
    opened = next((event.t_s - zero_s for event in events if event.kind is EventKind.OPENED), None)
    if opened is None:
        return None, True
    closed = next((event.t_s - zero_s for event in reversed(events) if event.kind is EventKind.CLOSED), None)
    return Span("open", opened, end_s if closed is None else closed), closed is not None


def _loads(record: InspectionRecord, events: list[VisitEvent], zero_s: float) -> tuple[LoadPoint, ...]:
    """The recorded series, thinned; without one, the loads that events carry."""
    if record.loads:
        step = max(1, len(record.loads) // MAX_LOAD_POINTS)
        return tuple(LoadPoint(s.t_s - zero_s, s.left_kg, s.right_kg) for s in record.loads[::step])
    return tuple(
        LoadPoint(event.t_s - zero_s, float(event.data["left_kg"]), float(event.data["right_kg"]))
        for event in events
        if event.kind is EventKind.LOADS and "left_kg" in event.data and "right_kg" in event.data
    )
