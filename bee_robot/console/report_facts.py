"""What a report says, as plain data: the record of a visit and what follows from it. HTML and JSON show the same.

Nothing here invents: a number is absent where no analysis gave it, and sums say how many faces they cover.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from bee_robot.cloud.records import FaceRecord, FaceStatus, InspectionRecord, InspectionState
from bee_robot.console.report_colony import describe_colony
from bee_robot.console.report_comparison import Comparison, compare
from bee_robot.console.report_measures import MASS_METHOD, STORES, Sums, summarise
from bee_robot.console.report_statements import Colony
from bee_robot.console.report_timeline import Timeline, timeline

NUMBER = re.compile(r"\b\d+(?:\.\d+)?\b")  # not the 2 of dm2


class Ending(str, Enum):
    """How the visit stands, as the report's badge says it. REFUSED: it ended closed because nothing was opened."""

    CLOSED = "closed"
    REFUSED = "refused"
    HELD = "held"
    INTERRUPTED = "interrupted"
    RUNNING = "running"


@dataclass(frozen=True)
class FrameFacts:
    """One comb frame. A face that nothing is known of is None. sums: over its analysed faces."""

    number: int
    rear: FaceRecord | None
    front: FaceRecord | None
    sums: Sums

    @property
    def faces(self) -> tuple[tuple[str, FaceRecord | None], ...]:
        return (("rear", self.rear), ("front", self.front))

    @property
    def tag(self) -> str:
        return next((face.frame_tag for _, face in self.faces if face is not None and face.frame_tag), "")


@dataclass(frozen=True)
class HowObtained:
    """How some kinds of numbers were made, as the analyses themselves say it.

    quantities: bees, covered by bees, comb in view, or values of cell classes.
    """

    quantities: tuple[str, ...]
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
    summary: Sums
    colony: Colony
    comparison: Comparison | None
    frames: tuple[FrameFacts, ...]
    timeline: Timeline
    methods: tuple[HowObtained, ...]
    models: tuple[str, ...]
    shared_warnings: tuple[str, ...]


def gather(record: InspectionRecord, before: InspectionRecord | None = None) -> ReportFacts:
    """All that the report of a visit says. before: the last visit of the same box, where there was one."""
    of_box = [face for face in record.faces if face.box == record.start.box]
    summary = summarise(of_box, record.start.frames_total)
    comparison = compare(before, record) if before is not None else None
    course = timeline(record)
    open_time_s, is_final = _open_time(record, course)
    return ReportFacts(
        record=record,
        ending=_ending(record),
        open_time_s=open_time_s,
        is_open_time_final=is_final,
        summary=summary,
        colony=describe_colony(of_box, summary, record.start.hive_boxes, comparison),
        comparison=comparison,
        frames=_frames(record),
        timeline=course,
        methods=_methods(record.faces),
        models=_models(record.faces),
        shared_warnings=_shared_warnings(record.faces),
    )


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
    return tuple(_frame(n, found.get((n, "rear")), found.get((n, "front"))) for n in sorted(numbers))


def _frame(number: int, rear: FaceRecord | None, front: FaceRecord | None) -> FrameFacts:
    return FrameFacts(number, rear, front, summarise([face for face in (rear, front) if face is not None], 1))


def _methods(faces: Sequence[FaceRecord]) -> tuple[HowObtained, ...]:
    """Each method once, with all that was obtained by it; a number that differs from face to face becomes its range."""
    texts: dict[str, dict[str, None]] = {}
    quantities: dict[str, dict[str, None]] = {}
    for face in faces:
        if face.analysis is None:
            continue
        named = [("bees", face.analysis.bees), ("covered by bees", face.analysis.bee_coverage)]
        named.append(("comb in view", face.analysis.comb_area))
        named += [(cell_class.value, area) for cell_class, area in face.analysis.areas.items()]
        for quantity, estimate in named:
            if estimate is not None:
                same = NUMBER.sub("…", estimate.method)
                texts.setdefault(same, {})[estimate.method] = None
                quantities.setdefault(same, {})[quantity] = None
    found = [HowObtained(tuple(quantities[same]), _with_ranges(tuple(said))) for same, said in texts.items()]
    if any(c in face.analysis.areas for face in faces if face.analysis is not None for c in STORES):
        found.append(HowObtained(("kilograms",), MASS_METHOD))
    return tuple(found)


def _with_ranges(texts: Sequence[str]) -> str:
    """One text for several that differ in their numbers only: "0.3 dm2 …" and "2 dm2 …" become "0.3 to 2 dm2 …"."""
    by_place = iter(list(zip(*(NUMBER.findall(text) for text in texts))))

    def spread(_: re.Match[str]) -> str:
        numbers = sorted(next(by_place), key=float)
        return numbers[0] if numbers[0] == numbers[-1] else f"{numbers[0]} to {numbers[-1]}"

    return NUMBER.sub(spread, texts[0])


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
