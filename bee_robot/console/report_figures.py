"""Geometry of the report's charts: positions in percent of the drawing's width, heights of it where they matter."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bee_robot.console.report_facts import ReportFacts
from bee_robot.console.report_measures import BROOD, REST, STORES
from bee_robot.console.report_timeline import LoadPoint, Span, Timeline
from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import FaceAnalysis

STACK_ORDER = (*BROOD, *STORES, *REST)
CHART_HEIGHT = 100.0


@dataclass(frozen=True)
class Piece:
    """A stretch of a bar: kind names its colour."""

    kind: str
    from_pct: float
    width_pct: float
    value: float


@dataclass(frozen=True)
class Bar:
    """One face. The whisker spans the 90 % interval."""

    face: str
    pieces: tuple[Piece, ...]
    whisker: tuple[float, float] | None
    total: float | None


@dataclass(frozen=True)
class ChartRow:
    frame: int
    bars: tuple[Bar, ...]

    @property
    def total(self) -> float | None:
        known = [bar.total for bar in self.bars if bar.total is not None]
        return math.fsum(known) if known else None


@dataclass(frozen=True)
class Tick:
    at_pct: float
    label: str


def _analyses(facts: ReportFacts) -> list[tuple[int, list[tuple[str, FaceAnalysis | None]]]]:
    return [
        (frame.number, [(name, face.analysis if face is not None else None) for name, face in frame.faces])
        for frame in facts.frames
    ]


def bee_rows(facts: ReportFacts) -> tuple[ChartRow, ...]:
    """Bees of each face with their interval, on one scale. Empty if no face has a number."""
    rows = _analyses(facts)
    most = max(
        (a.bees.high for _, faces in rows for _, a in faces if a is not None and a.bees is not None),
        default=0.0,
    )
    if most <= 0.0:
        return ()
    return tuple(
        ChartRow(frame, tuple(_bee_bar(name, analysis, 100.0 / most) for name, analysis in faces))
        for frame, faces in rows
    )


def _bee_bar(name: str, analysis: FaceAnalysis | None, scale: float) -> Bar:
    bees = analysis.bees if analysis is not None else None
    if bees is None:
        return Bar(name, (), None, None)
    piece = Piece("bees", 0.0, bees.value * scale, bees.value)
    return Bar(name, (piece,), (bees.low * scale, bees.high * scale), bees.value)


def comb_rows(facts: ReportFacts) -> tuple[ChartRow, ...]:
    """Areas of each face, dm2, stacked by class, on one scale. Empty if no face has areas."""
    rows = _analyses(facts)
    most = max((_extent_dm2(a) for _, faces in rows for _, a in faces if a is not None), default=0.0)
    if most <= 0.0:
        return ()
    return tuple(
        ChartRow(frame, tuple(comb_bar(name, analysis, most) for name, analysis in faces))
        for frame, faces in rows
    )


def comb_bar(name: str, analysis: FaceAnalysis | None, full_dm2: float = 0.0) -> Bar:
    """One face's areas, stacked; `full_dm2` is the length of the drawing, by default the comb itself."""
    if analysis is None or not analysis.areas:
        return Bar(name, (), None, None)
    scale = 100.0 / (full_dm2 or _extent_dm2(analysis) or 1.0)
    pieces, at_dm2 = [], 0.0
    for cell_class in STACK_ORDER:
        if cell_class in analysis.areas:
            area_dm2 = analysis.areas[cell_class].value
            pieces.append(Piece(cell_class.value, at_dm2 * scale, area_dm2 * scale, area_dm2))
            at_dm2 += area_dm2
    return Bar(name, tuple(pieces), None, at_dm2)


def _extent_dm2(analysis: FaceAnalysis) -> float:
    comb_dm2 = analysis.comb_area.value if analysis.comb_area is not None else 0.0
    return max(comb_dm2, math.fsum(area.value for area in analysis.areas.values()))


def classes_seen(facts: ReportFacts) -> tuple[CellClass, ...]:
    return tuple(c for c in STACK_ORDER if c in facts.summary.areas)


@dataclass(frozen=True)
class Course:
    """The timeline as drawn: everything in percent of its width; load lines in percent of the chart's height."""

    phases: tuple[Piece, ...]
    frames: tuple[Piece, ...]
    opened: Piece | None
    moments: tuple[Tick, ...]
    violations: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    left_line: str
    right_line: str
    load_max_kg: float


def course(facts: ReportFacts) -> Course | None:
    """None where nothing is known of the visit's course."""
    line = facts.timeline
    if line.duration_s <= 0.0 or not line.phases:
        return None
    scale = 100.0 / line.duration_s
    load_max_kg = _round_up(max((max(p.left_kg, p.right_kg) for p in line.loads), default=0.0))
    zero_s = facts.record.events[0].event.t_s if facts.record.events else 0.0
    return Course(
        phases=tuple(_piece(span, scale) for span in line.phases),
        frames=tuple(_piece(span, scale) for span in line.frames),
        opened=_piece(line.opened, scale) if line.opened is not None else None,
        moments=tuple(Tick(moment.t_s * scale, moment.text or moment.kind) for moment in line.moments),
        violations=tuple(
            Tick(min(100.0, max(0.0, (violation.t_s - zero_s) * scale)), str(violation))
            for violation in facts.record.violations
        ),
        ticks=_ticks(line),
        left_line=_line(line.loads, scale, load_max_kg, "left_kg"),
        right_line=_line(line.loads, scale, load_max_kg, "right_kg"),
        load_max_kg=load_max_kg,
    )


def _piece(span: Span, scale: float) -> Piece:
    return Piece(span.name, span.from_s * scale, span.duration_s * scale, span.duration_s)


def _ticks(line: Timeline) -> tuple[Tick, ...]:
    """At most eight whole minutes."""
    step_min = max(1, math.ceil(line.duration_s / 60.0 / 8.0))
    minutes = range(0, int(line.duration_s // 60) + 1, step_min)
    return tuple(Tick(6000.0 * minute / line.duration_s, str(minute)) for minute in minutes)


def _round_up(load_kg: float) -> float:
    return max(10.0, math.ceil(load_kg / 10.0) * 10.0)


def _line(loads: tuple[LoadPoint, ...], scale: float, max_kg: float, side: str) -> str:
    """Points of an SVG polyline; y grows downwards."""
    points = []
    for point in loads:
        load_kg = min(max_kg, max(0.0, getattr(point, side)))
        points.append(f"{point.t_s * scale:.2f},{CHART_HEIGHT * (1.0 - load_kg / max_kg):.2f}")
    return " ".join(points)
