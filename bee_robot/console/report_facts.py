"""What a report says, as plain data: the record of a visit and what follows from it. HTML and JSON show the same.

Nothing here invents: a number is absent where no analysis gave it, and sums say how many faces they cover.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from bee_robot.cloud.records import FaceRecord, FaceStatus, InspectionRecord, InspectionState
from bee_robot.console.report_timeline import Timeline, timeline
from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate

BROOD = (CellClass.CAPPED_BROOD, CellClass.LARVAE, CellClass.EGGS, CellClass.DRONE_BROOD)
STORES = (CellClass.HONEY, CellClass.NECTAR, CellClass.POLLEN)
REST = (CellClass.OPEN, CellClass.EMPTY)
SUM_METHOD = "sum over faces; the ends of the intervals are added too, as if every face erred the same way"


class Ending(str, Enum):
    """How the visit stands, as the report's badge says it. REFUSED: it ended closed because nothing was opened."""

    CLOSED = "closed"
    REFUSED = "refused"
    HELD = "held"
    INTERRUPTED = "interrupted"
    RUNNING = "running"


@dataclass(frozen=True)
class Total:
    """A sum over faces, and over how many."""

    estimate: Estimate
    faces: int


@dataclass(frozen=True)
class BoxSummary:
    """Sums over the analysed faces of the box; one is None where no face has that number.

    covered: comb sides hidden by bees, added up to full sides. comb, areas, brood, stores: dm2. unseen: cell classes
    that no face could tell.
    """

    faces_expected: int
    faces_photographed: int
    faces_analysed: int
    bees: Total | None
    covered: Total | None
    comb: Total | None
    areas: Mapping[CellClass, Total]
    brood: Total | None
    stores: Total | None
    unseen: tuple[CellClass, ...]

    def share(self, total: Total | None) -> float | None:
        """Share of the comb in view, 0 to 1, where comb was measured on the same faces."""
        if (
            total is None
            or self.comb is None
            or self.comb.estimate.value <= 0
            or self.comb.faces != total.faces
        ):
            return None
        return total.estimate.value / self.comb.estimate.value


@dataclass(frozen=True)
class FrameFacts:
    """One comb frame. A face that nothing is known of is None."""

    number: int
    rear: FaceRecord | None
    front: FaceRecord | None

    @property
    def faces(self) -> tuple[tuple[str, FaceRecord | None], ...]:
        return (("rear", self.rear), ("front", self.front))

    @property
    def tag(self) -> str:
        return next((face.frame_tag for _, face in self.faces if face is not None and face.frame_tag), "")


@dataclass(frozen=True)
class HowObtained:
    """How one kind of number was made, as the analyses themselves say it."""

    quantity: str
    method: str


@dataclass(frozen=True)
class ReportFacts:
    """open_time_s is None where the box was not opened or nothing says for how long; not final: it may be open still.

    shared_warnings: what every analysed face warns of, so that it need not be said on each.
    """

    record: InspectionRecord
    ending: Ending
    open_time_s: float | None
    is_open_time_final: bool
    summary: BoxSummary
    frames: tuple[FrameFacts, ...]
    timeline: Timeline
    methods: tuple[HowObtained, ...]
    models: tuple[str, ...]
    shared_warnings: tuple[str, ...]


def gather(record: InspectionRecord) -> ReportFacts:
    """All that the report of a visit says."""
    course = timeline(record)
    open_time_s, is_final = _open_time(record, course)
    return ReportFacts(
        record=record,
        ending=_ending(record),
        open_time_s=open_time_s,
        is_open_time_final=is_final,
        summary=summarise(record.faces, record.start.frames_total),
        frames=_frames(record),
        timeline=course,
        methods=_methods(record.faces),
        models=_models(record.faces),
        shared_warnings=_shared_warnings(record.faces),
    )


def summarise(faces: Sequence[FaceRecord], frames_total: int) -> BoxSummary:
    analyses = [face.analysis for face in faces if face.analysis is not None]
    areas = {
        cell_class: add(a.areas[cell_class] for a in analyses if cell_class in a.areas)
        for cell_class in CellClass
    }
    known = {cell_class: total for cell_class, total in areas.items() if total is not None}
    return BoxSummary(
        faces_expected=max(2 * frames_total, len(faces)),
        faces_photographed=sum(1 for face in faces if face.pictures),
        faces_analysed=len(analyses),
        bees=add(a.bees for a in analyses),
        covered=add((a.bee_coverage for a in analyses), unit="sides"),
        comb=add(a.comb_area for a in analyses),
        areas=known,
        brood=_together(known, BROOD),
        stores=_together(known, STORES),
        unseen=tuple(c for c in (*BROOD, *STORES) if analyses and c not in known),
    )


def add(estimates: Iterable[Estimate | None], unit: str = "") -> Total | None:
    """Sum of what is known; None if nothing is.

    Errors of one method are alike on all faces, so intervals add up linearly: wider than for independent errors.
    """
    known = [estimate for estimate in estimates if estimate is not None]
    if not known:
        return None
    value, low, high = (math.fsum(getattr(e, name) for e in known) for name in ("value", "low", "high"))
    # Rounding must not put the value outside of its own interval.
    return Total(
        Estimate(value, min(low, value), max(high, value), unit or known[0].unit, SUM_METHOD), len(known)
    )


def _together(areas: Mapping[CellClass, Total], classes: Sequence[CellClass]) -> Total | None:
    parts = [areas[cell_class] for cell_class in classes if cell_class in areas]
    total = add(part.estimate for part in parts)
    return Total(total.estimate, max(part.faces for part in parts)) if total is not None else None


def _ending(record: InspectionRecord) -> Ending:
    if (
        record.state is InspectionState.CLOSED
        and record.outcome is not None
        and not record.outcome.was_opened
    ):
        return Ending.REFUSED
    return Ending(record.state.value)


def _open_time(record: InspectionRecord, course: Timeline) -> tuple[float | None, bool]:
    if record.outcome is not None and record.outcome.was_opened:
        return record.outcome.open_time_s, record.state is InspectionState.CLOSED
    if course.opened is None:
        return None, True
    return course.opened.duration_s, course.is_closed


def _frames(record: InspectionRecord) -> tuple[FrameFacts, ...]:
    """Every frame of the box that something is known of, and those that the box should have."""
    found = {(face.frame, face.face): face for face in record.faces if face.box == record.start.box}
    numbers = {number for number, _ in found}
    if found:
        numbers |= set(range(1, record.start.frames_total + 1))
    return tuple(FrameFacts(n, found.get((n, "rear")), found.get((n, "front"))) for n in sorted(numbers))


def _methods(faces: Sequence[FaceRecord]) -> tuple[HowObtained, ...]:
    found: dict[HowObtained, None] = {}
    for face in faces:
        if face.analysis is None:
            continue
        named = [("bees", face.analysis.bees), ("covered by bees", face.analysis.bee_coverage)]
        named.append(("comb in view", face.analysis.comb_area))
        named += [(cell_class.value, area) for cell_class, area in face.analysis.areas.items()]
        for quantity, estimate in named:
            if estimate is not None:
                found.setdefault(HowObtained(quantity, estimate.method))
    return tuple(found)


def _models(faces: Sequence[FaceRecord]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for face in faces:
        if face.latest is not None and face.status is FaceStatus.ANALYSED:
            latest = face.latest
            found.setdefault(
                f"{latest.model} {latest.model_version}, run by {latest.provider or 'an unnamed provider'}"
            )
    return tuple(found)


def _shared_warnings(faces: Sequence[FaceRecord]) -> tuple[str, ...]:
    said = [face.analysis.warnings for face in faces if face.analysis is not None]
    if len(said) < 2:
        return ()
    return tuple(warning for warning in said[0] if all(warning in others for others in said))
