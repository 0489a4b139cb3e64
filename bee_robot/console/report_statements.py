"""What a report says in words: statements about the colony and what to do next, with the faces that each rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from bee_robot.console.report_measures import Sums
from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import FaceAnalysis

SURE = 0.5  # probability from which a queen, a queen cell or a mite counts as seen


class Tone(str, Enum):
    GOOD = "good"
    PLAIN = "plain"
    WATCH = "watch"
    ACT = "act"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class FaceRef:
    """face: rear, front, or "" for the frame as a whole."""

    frame: int
    face: str = ""


@dataclass(frozen=True)
class Sentence:
    text: str
    faces: tuple[FaceRef, ...] = ()


@dataclass(frozen=True)
class Statement:
    topic: str
    tone: Tone
    headline: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Advice:
    """What to do next, and why."""

    what: str
    because: str
    faces: tuple[FaceRef, ...] = ()
    tone: Tone = Tone.WATCH


@dataclass(frozen=True)
class Colony:
    statements: tuple[Statement, ...]
    advice: tuple[Advice, ...]


@dataclass
class Said:
    """What has been said so far."""

    statements: list[Statement] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)

    def say(self, topic: str, tone: Tone, headline: str, *sentences: Sentence) -> None:
        self.statements.append(Statement(topic, tone, headline, sentences))

    def advise(self, what: str, because: str, faces: Iterable[FaceRef] = (), tone: Tone = Tone.WATCH) -> None:
        self.advice.append(Advice(what, because, tuple(faces), tone))


@dataclass(frozen=True)
class Seen:
    """The analysed faces of a box, and their sums."""

    faces: tuple[tuple[FaceRef, FaceAnalysis], ...]
    sums: Sums
    boxes: int
    frames: int

    @property
    def has_maps(self) -> bool:
        return any(analysis.map is not None for _, analysis in self.faces)

    @property
    def is_complete(self) -> bool:
        return self.sums.faces_analysed >= self.sums.faces_expected

    def with_area(self, *classes: CellClass, certainly: bool = False) -> tuple[FaceRef, ...]:
        """Faces that show one of these classes, most of it first."""
        found = []
        for ref, analysis in self.faces:
            areas = [analysis.areas[c] for c in classes if c in analysis.areas]
            amount = sum(area.low if certainly else area.value for area in areas)
            if amount > 0.02:  # about eight cells
                found.append((amount, ref))
        return tuple(ref for _, ref in sorted(found, key=lambda pair: -pair[0]))

    def other_boxes(self) -> str:
        if self.boxes <= 1:
            return ""
        rest = self.boxes - 1
        return f"The other {'box was' if rest == 1 else f'{rest} boxes were'} not looked into on this visit."


def merged(refs: Iterable[FaceRef]) -> tuple[FaceRef, ...]:
    """Both faces of a frame become the frame; in the order of the frames."""
    faces: dict[int, set[str]] = {}
    for ref in refs:
        faces.setdefault(ref.frame, set()).add(ref.face)
    return tuple(
        FaceRef(frame, "" if len(sides) > 1 else next(iter(sides))) for frame, sides in sorted(faces.items())
    )
