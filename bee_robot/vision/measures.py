"""From what was found to numbers: bees, coverage and areas, each with a 90 % interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CELL_CLASSES, CellClass
from bee_robot.hive.face import Estimate
from bee_robot.vision.face_net import FaceReading, SeenCells
from bee_robot.vision.hidden_cells import cell_pitch_mm
from bee_robot.vision.straight_face import StraightFace

#: What is not known of a number, relative, 90 %: on rendered faces that training never saw (bench/scoring/faces.py), and
#: on photographs of cameras and hives for which nobody has counted.
BEES_ERROR, BEES_ERROR_ELSEWHERE = 0.04, 0.45
LEAST_BEES_ERROR, LEAST_BEES_ERROR_ELSEWHERE = 2.0, 20.0
COVERAGE_ERROR, COVERAGE_ERROR_ELSEWHERE = 0.03, 0.15  # absolute
#: 90 % error of the area of a class: a share of what is seen of it, and a share of all comb (cells of other classes that
#: look like it).
CLASS_ERRORS: dict[CellClass, tuple[float, float]] = {
    CellClass.CAPPED_BROOD: (0.03, 0.003),
    CellClass.EGGS: (0.85, 0.03),
    CellClass.LARVAE: (0.85, 0.01),
    CellClass.POLLEN: (0.35, 0.006),
    CellClass.NECTAR: (0.25, 0.01),
    CellClass.HONEY: (0.03, 0.004),
    CellClass.EMPTY: (0.13, 0.02),
    CellClass.DRONE_BROOD: (0.50, 0.003),
    CellClass.OPEN: (0.15, 0.03),
}
#: The same on photographs of other cameras: contents are often taken for others there, as photographs of frames show.
CLASS_ERRORS_ELSEWHERE = (0.5, 0.45)
#: Of all cappings, on photographs of other cameras: what may be brood instead of honey or the other way round. On
#: tests/data/photos one in five is taken for the other.
CAPPINGS_MIXED = 0.25
CAPPINGS = (CellClass.CAPPED_BROOD, CellClass.HONEY)
HIDDEN_ERROR = 0.40  # of what is filled in under bees, relative
#: Pixels of the photograph across a cell below which an egg is not seen: by the robot's own cameras, and by others whose focus
#: and light are not known (an egg, 0.35 mm thick, is then 1.7 px wide).
CELL_PX_FOR_EGGS, CELL_PX_FOR_EGGS_ELSEWHERE = 14.0, 25.0
#: They lie at the bottom of the cell, which a camera sees only within about 60 mm of its axis (11 mm deep, 5 mm wide).
AT_THE_BOTTOM = (CellClass.EGGS, CellClass.LARVAE)
COARSE = {
    CellClass.EGGS: CellClass.OPEN,
    CellClass.LARVAE: CellClass.OPEN,
    CellClass.EMPTY: CellClass.OPEN,
}


@dataclass(frozen=True)
class CombCount:
    """The comb in view, by cells. shares: float64 (N, len(classes)), how much of every cell counts for every class.

    cell_mm2: area of one cell. is_hidden: bool (N,).
    """

    classes: tuple[CellClass, ...]
    shares: NDArray[np.float64]
    cell_mm2: float
    is_hidden: NDArray[np.bool_]

    @property
    def comb_dm2(self) -> float:
        return len(self.shares) * self.cell_mm2 / 1e4


def count_comb(cells: SeenCells, sees_eggs: bool) -> CombCount:
    """Visible cells count for their likeliest class, hidden ones for every class by its probability."""
    shares = np.asarray(cells.class_probability, np.float64).copy()
    seen = ~cells.is_hidden
    shares[seen] = np.eye(len(CELL_CLASSES))[shares[seen].argmax(axis=1)]
    classes: tuple[CellClass, ...] = CELL_CLASSES
    if not sees_eggs:
        classes = tuple(dict.fromkeys(COARSE.get(c, c) for c in CELL_CLASSES))
        merged = np.zeros((len(shares), len(classes)))
        for k, c in enumerate(CELL_CLASSES):
            merged[:, classes.index(COARSE.get(c, c))] += shares[:, k]
        shares = merged
    cell_mm2 = cell_pitch_mm(cells.place_mm) ** 2 * math.sqrt(3) / 2
    return CombCount(classes, shares, cell_mm2, cells.is_hidden)


def sees_eggs(face: StraightFace, cells: SeenCells) -> bool:
    """Whether the photograph is fine enough to tell a cell with an egg from an empty one."""
    least = CELL_PX_FOR_EGGS if face.is_own_camera else CELL_PX_FOR_EGGS_ELSEWHERE
    return cell_pitch_mm(cells.place_mm) * face.source_px_per_mm >= least


def bees_estimate(reading: FaceReading, face: StraightFace) -> Estimate:
    bees = float(len(reading.bees))
    error = max(LEAST_BEES_ERROR, bees * BEES_ERROR)
    if not face.is_own_camera:
        error = max(LEAST_BEES_ERROR_ELSEWHERE, bees * BEES_ERROR_ELSEWHERE)
    method = "individuals counted by the network; those quite hidden by others are allowed for on average"
    return Estimate(bees, max(0.0, bees - error), bees + error, "bees", method)


def coverage_estimate(cells: SeenCells, face: StraightFace) -> Estimate:
    value = float(np.clip(1 - cells.visible.mean(), 0, 1)) if len(cells.visible) else 0.0
    error = COVERAGE_ERROR if face.is_own_camera else COVERAGE_ERROR_ELSEWHERE
    return Estimate(
        value, max(0.0, value - error), min(1.0, value + error), "share", "share of cells that bees hide"
    )


def comb_area_estimate(count: CombCount, face: StraightFace) -> Estimate:
    value = count.comb_dm2
    error = 2 * face.scale_error + (0.02 if face.is_own_camera else 0.08)
    return Estimate(
        value, value * max(0.0, 1 - error), value * (1 + error), "dm2", "cells in view, hidden ones filled in"
    )


def area_estimates(count: CombCount, face: StraightFace) -> dict[CellClass, Estimate]:
    """Area of every class in dm2, with what bees hide filled in from beside them; also where there is none of it."""
    by_class = (count.shares * (count.cell_mm2 / 1e4)).T
    capped_dm2 = sum(float(by_class[count.classes.index(c)].sum()) for c in CAPPINGS)
    mixed_dm2 = 0.0 if face.is_own_camera else CAPPINGS_MIXED * capped_dm2
    result = {}
    for cell_class, areas in zip(count.classes, by_class):
        area, hidden = float(areas.sum()), float(areas[count.is_hidden].sum())
        of_class, of_comb = CLASS_ERRORS[cell_class] if face.is_own_camera else CLASS_ERRORS_ELSEWHERE
        error = math.hypot(of_class * (area - hidden), HIDDEN_ERROR * hidden, 2 * face.scale_error * area)
        error = math.hypot(error, of_comb * count.comb_dm2, mixed_dm2 if cell_class in CAPPINGS else 0.0)
        result[cell_class] = Estimate(
            area,
            max(0.0, area - error),
            min(area + error, max(area, count.comb_dm2)),
            "dm2",
            _area_method(cell_class, hidden),
        )
    return result


def _area_method(cell_class: CellClass, hidden_dm2: float) -> str:
    method = (
        f"cells told apart by the network; {hidden_dm2:.2f} dm2 of it under bees, filled in from beside them"
    )
    if cell_class in AT_THE_BOTTOM:
        return f"{method}; where the camera looks in at a slant, judged by the cells around"
    return method
