"""This visit beside the last one of the same box: what has changed, as far as the intervals allow to say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bee_robot.cloud.records import FaceRecord, InspectionRecord
from bee_robot.console.report_measures import Sums, Total, summarise
from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate

DIFFERENCE_METHOD = "difference of two sums; their errors count as independent of each other"


class Change(str, Enum):
    """OTHER_METHOD: the two visits were read by different methods; a difference may be theirs."""

    MORE = "more"
    LESS = "less"
    UNCLEAR = "unclear"
    OTHER_METHOD = "other_method"


@dataclass(frozen=True)
class Compared:
    """quantity: bees, brood, food, or the value of a cell class."""

    quantity: str
    before: Estimate
    now: Estimate
    difference: Estimate
    change: Change


@dataclass(frozen=True)
class Comparison:
    """Sums over the faces that were analysed in both visits (`faces` of them)."""

    inspection: str
    started_utc: datetime
    days: float
    faces: int
    is_same_method: bool
    rows: tuple[Compared, ...]

    def row(self, quantity: str) -> Compared | None:
        return next((row for row in self.rows if row.quantity == quantity), None)


def compare(before: InspectionRecord, now: InspectionRecord) -> Comparison | None:
    """None where the visits have no analysed face in common."""
    old, new = _analysed(before), _analysed(now)
    common = sorted(old.keys() & new.keys())
    if not common:
        return None
    old_faces, new_faces = [old[key] for key in common], [new[key] for key in common]
    is_same = _methods(old_faces) == _methods(new_faces)
    return Comparison(
        inspection=before.id,
        started_utc=before.start.started_utc,
        days=(now.start.started_utc - before.start.started_utc).total_seconds() / 86400.0,
        faces=len(common),
        is_same_method=is_same,
        rows=_rows(summarise(old_faces, 0), summarise(new_faces, 0), is_same),
    )


def _analysed(record: InspectionRecord) -> dict[tuple[int, str], FaceRecord]:
    return {
        (face.frame, face.face): face
        for face in record.faces
        if face.analysis is not None and face.box == record.start.box
    }


def _methods(faces: list[FaceRecord]) -> set[tuple[str, str]]:
    return {(f.latest.model, f.latest.model_version) for f in faces if f.latest is not None}


def _rows(old: Sums, new: Sums, is_same_method: bool) -> tuple[Compared, ...]:
    pairs: list[tuple[str, Total | None, Total | None]] = [("bees", old.bees, new.bees)]
    if not (old.is_capped_brood_only or new.is_capped_brood_only):
        pairs.append(("brood", old.brood, new.brood))
    brood = (CellClass.EGGS, CellClass.LARVAE, CellClass.CAPPED_BROOD, CellClass.DRONE_BROOD)
    pairs += [(c.value, old.areas.get(c), new.areas.get(c)) for c in brood]
    pairs.append(("food", old.food_kg, new.food_kg))
    pollen = CellClass.POLLEN
    pairs.append((pollen.value, old.stores_kg.get(pollen), new.stores_kg.get(pollen)))
    return tuple(
        _compared(name, before.estimate, now.estimate, is_same_method)
        for name, before, now in pairs
        if before is not None and now is not None and before.faces == now.faces
    )


def _compared(quantity: str, before: Estimate, now: Estimate, is_same_method: bool) -> Compared:
    value = now.value - before.value
    low = value - math.hypot(now.value - now.low, before.high - before.value)
    high = value + math.hypot(now.high - now.value, before.value - before.low)
    change = Change.MORE if low > 0 else Change.LESS if high < 0 else Change.UNCLEAR
    return Compared(
        quantity,
        before,
        now,
        Estimate(value, low, high, now.unit, DIFFERENCE_METHOD),
        change if is_same_method else Change.OTHER_METHOD,
    )
