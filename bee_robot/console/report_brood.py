"""How closed the capped brood is: the share of empty cells within it, from the map of a face."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CELL_PITCH_MM, CellClass
from bee_robot.hive.face import Estimate, FaceMap

REACH_MM = 2.3 * CELL_PITCH_MM  # two rings of cells around the one that is judged: 18 neighbours
LEAST_KNOWN = 6  # neighbours whose content is seen; with fewer there is nothing to say
INSIDE_SHARE = 0.5  # of them capped: the cell lies within the capped area
PATTERN_METHOD = (
    "cells with at least half capped brood among the two rings of cells around them count as within the capped area; "
    "the interval is that of counting alone (Wilson)"
)
Z_90 = 1.645


@dataclass(frozen=True)
class BroodPattern:
    """Cells with seen content within the capped area, and how many of them are empty."""

    inside: int
    empty: int

    @property
    def share(self) -> Estimate | None:
        """Share of empty cells, 0 to 1; None without a capped area."""
        return wilson(self.empty, self.inside, "share", PATTERN_METHOD) if self.inside else None


def brood_pattern(face_map: FaceMap) -> BroodPattern:
    """Of one face. Cells under bees count neither as neighbours nor as empty."""
    known = [cell for cell in face_map.cells if cell.cell_class is not None]
    if not known:
        return BroodPattern(0, 0)
    place_mm = np.array([(cell.x_mm, cell.y_mm) for cell in known])
    is_capped = np.array([cell.cell_class is CellClass.CAPPED_BROOD for cell in known])
    is_empty = np.array([cell.cell_class is CellClass.EMPTY for cell in known])
    neighbours = _around(place_mm, np.ones(len(known), np.bool_))
    capped = _around(place_mm, is_capped)
    inside = (neighbours >= LEAST_KNOWN) & (capped >= INSIDE_SHARE * neighbours)
    return BroodPattern(int(inside.sum()), int((inside & is_empty).sum()))


def add_patterns(patterns: Iterable[BroodPattern]) -> BroodPattern:
    found = list(patterns)
    return BroodPattern(sum(p.inside for p in found), sum(p.empty for p in found))


def _around(place_mm: NDArray[np.float64], counts: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each cell: how many others that count are within reach.

    On a raster of 1 mm: two rings end at 10.6 mm, the third begins at 14, so that rounding moves no cell across the reach.
    """
    edge = math.ceil(REACH_MM) + 1
    at = np.rint(place_mm - place_mm.min(axis=0)).astype(int) + edge
    raster = np.zeros(at.max(axis=0) + 1 + edge, np.float32)
    np.add.at(raster, (at[:, 0], at[:, 1]), counts.astype(np.float32))
    step = np.arange(-edge, edge + 1)
    disc = (step[:, None] ** 2 + step[None, :] ** 2 <= REACH_MM**2).astype(np.float32)
    near = cv2.filter2D(raster, -1, disc, borderType=cv2.BORDER_CONSTANT)[at[:, 0], at[:, 1]]
    others: NDArray[np.int64] = np.rint(near).astype(np.int64) - counts
    return others


def wilson(hits: int, trials: int, unit: str, method: str, scale: float = 1.0) -> Estimate:
    """A share with its 90 % interval (Wilson 1927), times `scale`. Raises ValueError without trials."""
    if trials < 1 or not 0 <= hits <= trials:
        raise ValueError(f"{hits} of {trials} is no share")
    share, z2 = hits / trials, Z_90 * Z_90
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = Z_90 * (share * (1 - share) / trials + z2 / (4 * trials * trials)) ** 0.5 / (1 + z2 / trials)
    low, high = max(0.0, middle - spread), min(1.0, middle + spread)
    return Estimate(share * scale, min(low, share) * scale, max(high, share) * scale, unit, method)
