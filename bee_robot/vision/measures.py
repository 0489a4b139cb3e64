"""From maps to numbers: bees, coverage and areas, each with a 90 % interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate
from bee_robot.vision.rectified_face import MM_PER_PX, RectifiedFace
from bee_robot.vision.segmentation import MAP_CLASSES, OUTSIDE, FaceSegmentation

#: Comb that one bee takes in the bee mask, mm2. Median over labelled close-ups 85 (tools/train/fit_bee_pixels.py);
#: fully covered comb has about one bee on 80 (Zander) to 91 mm2 (Langstroth, Burgett & Burikam 1985).
BEE_AREA_MM2 = 85.0
BEE_AREA_ERROR = 0.30  # relative, 90 %: quartiles of the close-ups 71 to 110, of which half is small samples
UNSURE_SCORE = 1.0  # log odds; pixels nearer to zero than this may be either
COVERAGE_ERROR = 0.10  # relative, on top of the unsure pixels
#: 90 % error of the area seen of each class: relative downwards and upwards, and both ways as a share of the comb,
#: because what looks like one class may be another: larvae, nectar and bee bread in shallow cells look like cappings
#: of brood. From renderings with known cells, and judged on photographs of whole frames.
CLASS_ERRORS = {
    CellClass.CAPPED_BROOD: (0.90, 0.30, 0.04),
    CellClass.HONEY: (0.35, 0.30, 0.04),
    CellClass.POLLEN: (0.80, 0.60, 0.10),
    CellClass.OPEN: (0.35, 0.50, 0.10),
}
OTHER_CLASS_ERRORS = (0.35, 0.35, 0.05)
HIDDEN_ERROR = 0.60  # relative error of what is filled in under bees


@dataclass(frozen=True)
class FacePart:
    """Numbers of one photograph. Areas in dm2: (value, seen without bees) by class."""

    comb_dm2: float
    coverage: tuple[float, float, float]
    areas_dm2: dict[CellClass, tuple[float, float]]
    counted_bees: tuple[float, float] | None
    scale_error: float


def measure(face: RectifiedFace, segmentation: FaceSegmentation, counted_columns: slice) -> FacePart:
    """Read the maps of one photograph; `counted_columns` leaves out what the other photograph counts."""
    classes = segmentation.class_map[:, counted_columns]
    score = segmentation.bee_score[:, counted_columns]
    is_comb = classes != OUTSIDE
    comb_px = max(int(is_comb.sum()), 1)
    px_to_dm2 = (MM_PER_PX / 100) ** 2
    low, middle, high = (
        float((is_comb & (score > threshold)).sum()) / comb_px
        for threshold in (UNSURE_SCORE, 0.0, -UNSURE_SCORE)
    )
    coverage = (
        max(0.0, low * (1 - COVERAGE_ERROR)),
        middle,
        min(1.0, high * (1 + COVERAGE_ERROR)),
    )
    areas = {}
    for index, cell_class in enumerate(MAP_CLASSES):
        is_class = classes == index
        if is_class.any():
            seen = float((is_class & (score <= 0)).sum())
            areas[cell_class] = (float(is_class.sum()) * px_to_dm2, seen * px_to_dm2)
    return FacePart(
        comb_px * px_to_dm2, coverage, areas, _counted(segmentation, score.shape[1]), face.scale_error
    )


def _counted(segmentation: FaceSegmentation, columns: int) -> tuple[float, float] | None:
    if segmentation.bee_count is None:
        return None
    bees, error = segmentation.bee_count
    return bees * columns / segmentation.bee_score.shape[1], error


def bees_estimate(parts: list[FacePart]) -> Estimate:
    """Bees on all parts together. Errors of scale, coverage and bee size are independent of each other."""
    if all(part.counted_bees is not None for part in parts):
        counted = [part.counted_bees for part in parts if part.counted_bees is not None]
        bees = sum(count for count, _ in counted)
        spread = sum(count * error for count, error in counted)
        return Estimate(bees, max(0.0, bees - spread), bees + spread, "bees", "individuals counted")
    per_dm2 = 1e4 / BEE_AREA_MM2
    bees = sum(part.comb_dm2 * part.coverage[1] for part in parts) * per_dm2
    low = sum(part.comb_dm2 * part.coverage[0] for part in parts) * per_dm2
    high = sum(part.comb_dm2 * part.coverage[2] for part in parts) * per_dm2
    other = math.hypot(BEE_AREA_ERROR, 2 * max(part.scale_error for part in parts)) * bees
    return Estimate(
        bees,
        max(0.0, bees - math.hypot(bees - low, other)),
        bees + math.hypot(high - bees, other) + 1.0,
        "bees",
        f"comb covered by bees / {BEE_AREA_MM2:.0f} mm2 a bee",
    )


def coverage_estimate(parts: list[FacePart]) -> Estimate:
    comb = sum(part.comb_dm2 for part in parts)
    low, value, high = (sum(part.comb_dm2 * part.coverage[k] for part in parts) / comb for k in range(3))
    return Estimate(value, min(low, value), max(high, value), "share", "pixels that look like bee")


def comb_area_estimate(parts: list[FacePart]) -> Estimate:
    value = sum(part.comb_dm2 for part in parts)
    error = 2 * max(part.scale_error for part in parts) + 0.02
    return Estimate(value, value * max(0.0, 1 - error), value * (1 + error), "dm2", "comb between the bars")


def area_estimates(parts: list[FacePart]) -> dict[CellClass, Estimate]:
    """Area of every class in dm2, with what bees hide filled in from beside them."""
    total: dict[CellClass, list[float]] = {}
    for part in parts:
        for cell_class, (area, seen) in part.areas_dm2.items():
            sums = total.setdefault(cell_class, [0.0, 0.0])
            sums[0] += area
            sums[1] += seen
    comb = sum(part.comb_dm2 for part in parts)
    scale = 2 * max(part.scale_error for part in parts)
    result = {}
    for cell_class, (area, seen) in total.items():
        down, up, share = CLASS_ERRORS.get(cell_class, OTHER_CLASS_ERRORS)
        other = math.hypot(HIDDEN_ERROR * (area - seen), scale * area)
        result[cell_class] = Estimate(
            area,
            max(0.0, area - math.hypot(down * seen, other) - share * comb),
            area + math.hypot(up * seen, other) + share * comb,
            "dm2",
            f"colour and depth of cells; {area - seen:.2f} dm2 of it under bees, filled in from beside them",
        )
    return result
