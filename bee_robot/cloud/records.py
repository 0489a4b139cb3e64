"""What the local store gives back: frozen records of visits, faces and pictures. Times are aware UTC datetimes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from bee_robot.hive.face import FaceAnalysis
from bee_robot.hive.inspection import VisitEvent, VisitOutcome
from bee_robot.rulebook import Violation

VIEWS = ("whole", "left_half", "right_half")
FACES = ("rear", "front")


class InspectionState(str, Enum):
    """How an inspection stands. INTERRUPTED: nobody is writing it any more and it never said how it ended."""

    RUNNING = "running"
    CLOSED = "closed"
    HELD = "held"
    INTERRUPTED = "interrupted"


class FaceStatus(str, Enum):
    PHOTOGRAPHED = "photographed"
    ANALYSED = "analysed"
    FAILED = "failed"  # the analysis failed
    MISSING = "missing"  # no photograph


@dataclass(frozen=True)
class InspectionStart:
    """What is known when a visit begins.

    started_s: robot time of the start, to which events and loads refer. conditions: readings and verdict of the gate
    before the visit, JSON-able. utc_offset_hours: local time of the hive, for showing. open_planned_max_s, open_close_at_s: the limits of the open time that apply (R15).
    """

    robot: str
    hive: str
    box: int
    frames_total: int
    started_utc: datetime
    started_s: float = 0.0
    hive_standard: str = ""
    hive_boxes: int = 0
    open_planned_max_s: float = 600.0
    open_close_at_s: float = 900.0
    software_version: str = ""
    firmware_version: str = ""
    configuration_checksum: int = 0
    is_simulated: bool = False
    utc_offset_hours: float = 0.0
    conditions: Mapping[str, Any] = field(default_factory=dict)
    override_by: str = ""
    override_reason: str = ""


@dataclass(frozen=True)
class StoredPicture:
    """One photograph (or drawing over one) with its origin. source: where the bytes came from, such as a file's name."""

    id: int
    sha256: str
    size_bytes: int
    media_type: str
    width_px: int
    height_px: int
    inspection: str
    box: int
    frame: int
    face: str
    camera: str
    view: str
    calibration: str
    taken_utc: datetime
    is_straightened: bool
    source: str


@dataclass(frozen=True)
class StoredAnalysis:
    """The latest attempt to analyse a face: either `analysis` or `error`. `straight`: the face straightened, without drawings."""

    id: int
    recorded_utc: datetime
    model: str
    model_version: str
    provider: str
    analysis: FaceAnalysis | None
    error: str
    straight: tuple[StoredPicture, ...]


@dataclass(frozen=True)
class FaceRecord:
    """One face of one comb frame in one visit, as photographed last. missing_because: why it has no photograph."""

    id: int
    inspection: str
    box: int
    frame: int
    frame_tag: str
    face: str
    take: int
    taken_utc: datetime
    missing_because: str
    pictures: tuple[StoredPicture, ...]
    latest: StoredAnalysis | None

    @property
    def status(self) -> FaceStatus:
        if self.latest is not None:
            return FaceStatus.ANALYSED if self.latest.analysis is not None else FaceStatus.FAILED
        return FaceStatus.MISSING if self.missing_because else FaceStatus.PHOTOGRAPHED

    @property
    def analysis(self) -> FaceAnalysis | None:
        return self.latest.analysis if self.latest is not None else None


@dataclass(frozen=True)
class StoredEvent:
    id: int
    recorded_utc: datetime
    event: VisitEvent


@dataclass(frozen=True)
class LoadSample:
    """Loads on the fork bearings at one instant of robot time."""

    t_s: float
    left_kg: float
    right_kg: float


@dataclass(frozen=True)
class InspectionSummary:
    """One line in a list of inspections."""

    id: str
    start: InspectionStart
    state: InspectionState
    ended_utc: datetime | None
    outcome: VisitOutcome | None


@dataclass(frozen=True)
class InspectionRecord:
    """Everything that is known of one visit. loose_pictures: photographs stored before a crash kept their face from it."""

    id: str
    start: InspectionStart
    state: InspectionState
    ended_utc: datetime | None
    outcome: VisitOutcome | None
    events: tuple[StoredEvent, ...]
    loads: tuple[LoadSample, ...]
    violations: tuple[Violation, ...]
    faces: tuple[FaceRecord, ...]
    loose_pictures: tuple[StoredPicture, ...]


class ProblemKind(str, Enum):
    DATABASE = "database"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class StoreProblem:
    kind: ProblemKind
    what: str
    remedy: str


@dataclass(frozen=True)
class IntegrityReport:
    """unreferenced: complete pictures that no fact names (a writer was killed in between). leftovers: unfinished files.
    Both cost space only."""

    pictures_checked: int
    problems: tuple[StoreProblem, ...]
    unreferenced: int
    leftovers: int

    @property
    def is_sound(self) -> bool:
        return not self.problems
