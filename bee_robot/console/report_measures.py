"""Sums over faces: bees, areas, kilograms, with intervals. A sum is absent where no face has its number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bee_robot.cloud.records import FaceRecord
from bee_robot.hive.comb import CELL_AREA_MM2, CELL_CONTENT_KG, CellClass
from bee_robot.hive.face import Estimate

BROOD = (CellClass.CAPPED_BROOD, CellClass.LARVAE, CellClass.EGGS, CellClass.DRONE_BROOD)
STORES = (CellClass.HONEY, CellClass.NECTAR, CellClass.POLLEN)
REST = (CellClass.OPEN, CellClass.EMPTY)
SUM_METHOD = "sum over faces; the ends of the intervals are added too, as if every face erred the same way"
MASS_METHOD = "area, cells on it, and what a cell of its class holds on average"

#: 90 % error of what a cell of a class holds, relative. Capped honey is filled to the rim, depth of comb varies; cells
#: with nectar or bee bread hold anything from a film to nearly all. Judgements, for want of a measurement.
CONTENT_ERROR = {CellClass.HONEY: 0.15, CellClass.NECTAR: 0.50, CellClass.POLLEN: 0.40}


@dataclass(frozen=True)
class Total:
    """A sum over faces, and over how many."""

    estimate: Estimate
    faces: int


@dataclass(frozen=True)
class Sums:
    """Sums over the analysed faces of a frame or a box.

    covered: comb sides hidden by bees, added up to full sides. comb, areas, brood, stores: dm2. brood is known where
    larvae or eggs are told as well as cappings; else areas has what is known of it. stores_kg: by class; food_kg: honey
    and nectar. unseen: classes that no face could tell.
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
    stores_kg: Mapping[CellClass, Total]
    food_kg: Total | None
    unseen: tuple[CellClass, ...]

    @property
    def is_capped_brood_only(self) -> bool:
        """Open brood was not told, so that the sum of brood is that of the cappings."""
        return not {CellClass.LARVAE, CellClass.EGGS} & set(self.areas)

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


def summarise(faces: Sequence[FaceRecord], frames_total: int) -> Sums:
    analyses = [face.analysis for face in faces if face.analysis is not None]
    areas = _known((c, (a.areas.get(c) for a in analyses)) for c in CellClass)
    masses = _known((c, (_mass(a.areas.get(c), c) for a in analyses)) for c in STORES)
    return Sums(
        faces_expected=max(2 * frames_total, len(faces)),
        faces_photographed=sum(1 for face in faces if face.pictures),
        faces_analysed=len(analyses),
        bees=add(a.bees for a in analyses),
        covered=add((a.bee_coverage for a in analyses), unit="sides"),
        comb=add(a.comb_area for a in analyses),
        areas=areas,
        brood=together(areas, BROOD),
        stores=together(areas, STORES),
        stores_kg=masses,
        food_kg=together(masses, (CellClass.HONEY, CellClass.NECTAR)),
        unseen=tuple(c for c in (*BROOD, *STORES) if analyses and c not in areas),
    )


def _known(
    found: Iterable[tuple[CellClass, Iterable[Estimate | None]]],
) -> dict[CellClass, Total]:
    totals = {cell_class: add(estimates) for cell_class, estimates in found}
    return {cell_class: total for cell_class, total in totals.items() if total is not None}


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


def together(parts: Mapping[CellClass, Total], classes: Sequence[CellClass]) -> Total | None:
    known = [parts[cell_class] for cell_class in classes if cell_class in parts]
    total = add(part.estimate for part in known)
    return Total(total.estimate, max(part.faces for part in known)) if total is not None else None


def cells_on(area: Estimate) -> Estimate:
    """Cells of one side on an area in dm2."""
    scale = 1e4 / CELL_AREA_MM2
    return Estimate(area.value * scale, area.low * scale, area.high * scale, "cells", area.method)


def kilograms(area: Estimate, cell_class: CellClass) -> Estimate:
    """What lies in the cells of an area in dm2. Raises KeyError for a class that is no store.

    Errors of area and of content are independent of each other.
    """
    scale = CELL_CONTENT_KG[cell_class] * 1e4 / CELL_AREA_MM2
    value = area.value * scale
    content = CONTENT_ERROR[cell_class] * value
    low = value - math.hypot(value - area.low * scale, content)
    high = value + math.hypot(area.high * scale - value, content)
    return Estimate(value, min(max(0.0, low), value), high, "kg", MASS_METHOD)


def _mass(area: Estimate | None, cell_class: CellClass) -> Estimate | None:
    return kilograms(area, cell_class) if area is not None else None
