"""What a visit does and how it ended: events while it runs, one outcome at its end. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class EndState(str, Enum):
    """The two ends of every procedure."""

    CLOSED = "closed"  # the hive is as the bees left it, the machine is empty
    HELD = "held"  # the machine stands; a person has to do what `instruction` says


class Phase(str, Enum):
    """Where a visit is, in the beekeeper's words."""

    CHECK = "check"
    PREPARE = "prepare"
    PEEL = "peel"
    RAISE = "raise"
    LOCATE = "locate"
    FRAMES = "frames"
    LOWER = "lower"
    LOOK = "look"
    CLOSE = "close"
    LEAVE = "leave"
    RECOVER = "recover"
    END = "end"


class EventKind(str, Enum):
    PHASE = "phase"
    FRAME = "frame"  # a frame is being taken; data y_mm
    FACE = "face"  # a face was photographed; data face, pictures
    FRAME_DONE = "frame_done"
    LOADS = "loads"  # data break_away_left_kg, break_away_right_kg, left_kg, right_kg
    OPENED = "opened"  # the first edge leaves the rim; open time begins
    CLOSED = "closed"  # data open_time_s
    PLAN = "plan"  # data open_time_s, visit_time_s
    ALERT = "alert"  # data alert (key of alerts.py), number
    STOP_ASKED = "stop_asked"
    PAUSED = "paused"  # a person paused; nothing goes on before `resumed`
    RESUMED = "resumed"
    SKIPPED = "skipped"  # a frame is set back, or passed over, without photographs
    ASKED = "asked"  # a person has to do what the text says; data step
    ANSWERED = "answered"
    END = "end"  # data end_state, open_time_s


@dataclass(frozen=True)
class VisitEvent:
    """Something that happened, at robot time `t_s`. `frame` 0: no frame. `data`: numbers and strings."""

    t_s: float
    kind: EventKind
    phase: Phase
    frame: int
    frames_total: int
    text: str
    data: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class FrameVisit:
    """One frame of a visit: where it was found and left (y, mm), and the pictures (sha256) of each face."""

    number: int
    found_y_mm: float
    left_y_mm: float
    faces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    taken_s: float = 0.0
    done_s: float = 0.0


@dataclass(frozen=True)
class VisitOutcome:
    """How a procedure ended.

    `instruction`: what a person has to do; empty when nothing is. `alert`: key of alerts.py, or empty. `refusals`: why
    nothing was opened (end state closed). `undone`: what a job was asked for and did not do, and why, although the hive was
    opened and is closed again. `phases_s`: time spent in each phase.
    """

    end_state: EndState
    inspection: str
    hive: str
    box: int
    instruction: str = ""
    alert: str = ""
    explanation: str = ""
    refusals: tuple[str, ...] = ()
    undone: str = ""
    frames: tuple[FrameVisit, ...] = ()
    was_opened: bool = False
    open_time_s: float = 0.0
    visit_time_s: float = 0.0
    phases_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def frames_inspected(self) -> int:
        return len(self.frames)

    @property
    def faces(self) -> int:
        """Faces that were photographed."""
        return sum(1 for frame in self.frames for pictures in frame.faces.values() if pictures)


@dataclass(frozen=True)
class HiveOutcome:
    """How a visit to several boxes of a hive ended; `boxes` in the order of the visits, those not begun left out.

    `end_state` closed: nothing is open, whether or not every box was visited. `refusals`: why nothing was opened at all.
    """

    end_state: EndState
    hive: str
    boxes: tuple[VisitOutcome, ...] = ()
    instruction: str = ""
    alert: str = ""
    explanation: str = ""
    refusals: tuple[str, ...] = ()
    visit_time_s: float = 0.0
