"""Any photograph by a person in; what it shows, its bees, what its comb holds, and what it cannot tell, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import cv2
import numpy as np

from bee_robot.hive.comb import CELL_AREA_MM2
from bee_robot.hive.face import Estimate, FaceAnalysis
from bee_robot.vision.bee_detector import LEAST_PROBABILITY, BeeBox, detect_bees, detector_model
from bee_robot.vision.face_analyzer import analyze_photographs
from bee_robot.vision.photo_annotation import annotate
from bee_robot.vision.photo_limits import Limit, limits_of
from bee_robot.vision.photograph import Photograph, Picture, decode
from bee_robot.vision.rectified_face import CELL_PX, RectifiedFace, rectify

FORMAT, FORMAT_VERSION = "bee_robot photo analysis", 1
DETECTOR_SIDE_PX = 2048
FRAME_BARS = 3  # sides of a comb that end at wood, for a picture that shows a whole frame
FRAME_WIDTH_CELLS = (36.0, 95.0)  # 190 to 500 mm between the bars
#: On comb fewer things pass for bees: the number of boxes is right for a lower probability, judged by eye on whole frames.
COMB_PROBABILITY = 0.37
#: 90 % error of a count of boxes: relative, and as so many deviations of chance. Holds for 91 % of the held-out photographs.
COUNT_ERROR, COUNT_DEVIATIONS, CHANCE_SHARE = 0.30, 1.645, 0.6
BARS_CELLS = 4.0  # bars are 10 to 20 mm wide
TOO_SMALL_PX = 14.0  # side of a square as large as a bee, in the file; cells pass for smaller ones
BEE_CELLS = 1.8  # the same in widths of a cell: a worker is 13.5 mm long and 5 to 6 mm wide
MM2_PER_DM2 = 1e4


class Shows(Enum):
    """What a photograph shows."""

    FRAME = "frame"
    COMB = "comb"
    NO_COMB = "no_comb"


class Certainty(Enum):
    SURE = "sure"
    PROBABLE = "probable"


@dataclass(frozen=True)
class PhotoAnalysis:
    """One photograph, analysed.

    bees: how many are seen. boxes: those found one by one, in pixels of the file turned upright. face: what the comb holds,
    None where no comb was recognised. cell_px: width of a cell in pixels of the file, None where there is no scale.
    limits: what cannot be known from this photograph. models: (name, version, provider) of what was asked.
    """

    name: str
    sha256: str
    width_px: int
    height_px: int
    shows: Shows
    certainty: Certainty
    bees: Estimate
    boxes: tuple[BeeBox, ...]
    face: FaceAnalysis | None
    cell_px: float | None
    limits: tuple[Limit, ...]
    models: tuple[tuple[str, str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON of docs/analyze.md."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "photo": {
                "name": self.name,
                "sha256": self.sha256,
                "width_px": self.width_px,
                "height_px": self.height_px,
            },
            "shows": self.shows.value,
            "certainty": self.certainty.value,
            "bees": self.bees.to_dict(),
            "bee_boxes": [_box_dict(box) for box in self.boxes],
            "cell_width_px": round(self.cell_px, 2) if self.cell_px is not None else None,
            "cells": cells_by_class(self.face) if self.face is not None else {},
            "face": self.face.to_dict() if self.face is not None else None,
            "cannot_be_known": [{"what": limit.what, "why": limit.why} for limit in self.limits],
            "models": [
                {"name": name, "version": version, "provider": provider}
                for name, version, provider in self.models
            ],
        }


@dataclass(frozen=True)
class AnalyzedPhoto:
    analysis: PhotoAnalysis
    annotated_jpeg: bytes


def analyze_photo(photograph: Photograph) -> AnalyzedPhoto:
    """Analyse one photograph of a whole frame, a piece of comb, an entrance or anything else.

    Raises PhotographError for a file that cannot be used, ModelError where a network cannot be had.
    """
    picture = decode(photograph, DETECTOR_SIDE_PX)
    boxes = _in_file(detect_bees(picture.bgr, least_probability=COMB_PROBABILITY), picture)
    working = decode(photograph)
    straight = rectify(photograph, working) if working.has_colour else None
    result = analyze_photographs([photograph]) if straight is not None else None
    face = result.analysis if result is not None and result.analysis.comb_found else None
    if face is None or straight is None:
        face = straight = None
        boxes = tuple(box for box in boxes if box.probability >= LEAST_PROBABILITY)
    else:
        boxes = _on_comb(boxes, straight, working.reduction)
    shows, certainty = _what_it_shows(straight)
    detector = detector_model()
    models = [(detector.name, detector.version, detector.provider)]
    if face is not None:
        models.append((face.model, face.model_version, face.runtime_provider))
    cell_px = straight.pitch_px * working.reduction if straight is not None else None
    analysis = PhotoAnalysis(
        name=photograph.name,
        sha256=photograph.sha256,
        width_px=picture.file_width_px,
        height_px=picture.file_height_px,
        shows=shows,
        certainty=certainty,
        bees=bees_of(boxes, face, cell_px),
        boxes=boxes,
        face=face,
        cell_px=cell_px,
        limits=limits_of(working, shows is Shows.FRAME, boxes, face, cell_px),
        models=tuple(models),
    )
    drawing = result.annotated_jpeg if result is not None and face is not None else None
    return AnalyzedPhoto(analysis, annotate(picture, boxes, analysis.bees, drawing))


def bees_of(boxes: tuple[BeeBox, ...], face: FaceAnalysis | None, cell_px: float | None) -> Estimate:
    """Bees in the picture: counted one by one where they are large enough for that, else as read from the straightened comb.

    Where both are there, the interval reaches from one to the other: neither is sure where they disagree.
    """
    one_by_one = counted(len(boxes), "found one by one")
    if face is None or face.bees is None:
        return one_by_one
    found_px = float(np.median([box.size_px for box in boxes])) if boxes else float("inf")
    expected_px = BEE_CELLS * cell_px if cell_px is not None else float("inf")
    if min(found_px, expected_px) < TOO_SMALL_PX:
        return face.bees
    other = face.bees.value
    return Estimate(
        one_by_one.value,
        min(one_by_one.low, other),
        max(one_by_one.high, other),
        one_by_one.unit,
        f"found one by one; read from the straightened comb: {other:.0f}",
    )


def counted(boxes: int, method: str) -> Estimate:
    """A count with its 90 % interval: bees are missed, and other things taken for bees, each by chance and in common."""
    spread = COUNT_ERROR * boxes + COUNT_DEVIATIONS * (CHANCE_SHARE * (boxes + 1)) ** 0.5
    return Estimate(float(boxes), max(0.0, boxes - spread), boxes + spread, "bees", method)


def cells_by_class(face: FaceAnalysis) -> dict[str, dict[str, float]]:
    """Cells of every class, from its area, as whole numbers."""
    per_dm2 = MM2_PER_DM2 / CELL_AREA_MM2
    return {
        cell_class.value: {
            "value": round(area.value * per_dm2),
            "low": round(area.low * per_dm2),
            "high": round(area.high * per_dm2),
        }
        for cell_class, area in face.areas.items()
    }


def _box_dict(box: BeeBox) -> Mapping[str, float | str]:
    return {
        "left_px": round(box.left_px, 1),
        "top_px": round(box.top_px, 1),
        "width_px": round(box.width_px, 1),
        "height_px": round(box.height_px, 1),
        "probability": round(box.probability, 3),
        "kind": box.kind.value,
    }


def _in_file(boxes: tuple[BeeBox, ...], picture: Picture) -> tuple[BeeBox, ...]:
    """From pixels of the working copy to pixels of the file."""
    factor = picture.reduction
    return tuple(
        BeeBox(
            box.left_px * factor,
            box.top_px * factor,
            box.width_px * factor,
            box.height_px * factor,
            box.probability,
            box.kind,
        )
        for box in boxes
    )


def _on_comb(boxes: tuple[BeeBox, ...], straight: RectifiedFace, reduction: float) -> tuple[BeeBox, ...]:
    """Those on the comb and its bars; what is behind the frame is no part of it."""
    corners = np.asarray(straight.region.corners_px * reduction, np.float32)
    margin_px = BARS_CELLS * straight.pitch_px * reduction
    return tuple(
        box
        for box in boxes
        if cv2.pointPolygonTest(
            corners, (box.left_px + box.width_px / 2, box.top_px + box.height_px / 2), True
        )
        >= -margin_px
    )


def _what_it_shows(straight: RectifiedFace | None) -> tuple[Shows, Certainty]:
    if straight is None:
        return Shows.NO_COMB, Certainty.PROBABLE
    cells_across = straight.bgr.shape[1] / CELL_PX
    is_frame = len(straight.region.bounded) >= FRAME_BARS
    is_plausible = FRAME_WIDTH_CELLS[0] <= cells_across <= FRAME_WIDTH_CELLS[1]
    if is_frame and is_plausible:
        is_sure = straight.scale_source != "frame width"
        return Shows.FRAME, Certainty.SURE if is_sure else Certainty.PROBABLE
    return Shows.COMB, Certainty.PROBABLE if is_frame else Certainty.SURE
