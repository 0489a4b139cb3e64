"""Photographs of one side of a comb frame in; bees, cells, areas and a straight picture of the face out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bee_robot.hive.comb import CELL_CLASSES, CELL_PITCH_MM, REFERENCE_COMB, CellClass, CombSize
from bee_robot.hive.face import FaceAnalysis, PictureSource, SeenCell
from bee_robot.hive.frame_view import REFERENCE_CAMERAS, VIEW_WIDTH_MM, CameraPlace, FrameView, Half
from bee_robot.vision.annotation import draw_map, sheet
from bee_robot.vision.capped_cells import tell_cappings
from bee_robot.vision.face_net import FaceNet, FaceReading, SeenCells, load_face_net
from bee_robot.vision.half_views import straighten_halves
from bee_robot.vision.hidden_cells import with_hidden_cells
from bee_robot.vision.measures import (
    COARSE,
    area_estimates,
    bees_estimate,
    comb_area_estimate,
    count_comb,
    coverage_estimate,
    sees_eggs,
)
from bee_robot.vision.photograph import VIEWS, Photograph, PhotographError, Picture, decode
from bee_robot.vision.rectified_face import rectify
from bee_robot.vision.straight_face import Grid, StraightFace

__all__ = ["AnalysedFace", "Photograph", "PhotographError", "analyze_photographs"]

HALF_SIDE_PX = 1800  # working copy of a half: more would be finer than the straight picture
WHOLE_SIDE_PX = 2400
LEAST_CELLS = 40  # of which something is seen; fewer are no comb
LEAST_CELLS_OF_HALF = 150  # where no wood of the frame is seen either
HALVES: dict[str, Half] = {"left_half": "left", "right_half": "right"}
HALF_WARNING = "only one half of the face was photographed: the numbers are for what it shows"
ELSEWHERE_WARNING = (
    "the network learned from rendered pictures of this robot's cameras: on photographs of other cameras its numbers are "
    "less sure, as their intervals say"
)
COARSE_WARNING = "a cell is too small in this photograph to see eggs and larvae: they are counted as open cells, together with empty ones"


@dataclass(frozen=True)
class AnalysedFace:
    """straight_jpeg: the straight picture that `analysis.map` speaks of, None where no comb was recognised.
    annotated_jpeg: with what was found drawn in, or the photographs as they are."""

    analysis: FaceAnalysis
    straight_jpeg: bytes | None
    annotated_jpeg: bytes


def analyze_photographs(
    photographs: Sequence[Photograph],
    *,
    camera: CameraPlace = REFERENCE_CAMERAS,
    comb: CombSize = REFERENCE_COMB,
    net: FaceNet | None = None,
) -> AnalysedFace:
    """Analyse one side of a frame from one "whole" photograph, or from its "left_half" and "right_half".

    Halves are pictures that the robot's own cameras, at `camera`, took of frames with comb of this size; the width that
    they show follows from `mm_per_pixel` where it is given. Whole ones may come from anybody. net: by default the network
    that ships with the program.

    Where a photograph shows no comb that can be recognised, the analysis says so: its estimates are None, never a
    made-up number. Raises PhotographError for a file that is no picture, cut off, too large, too small, black or blank,
    ValueError for a set of views that is neither one whole nor one or two different halves, and ModelError where the
    network cannot be had.
    """
    _require_views(photographs)
    ordered = sorted(photographs, key=lambda photograph: VIEWS.index(photograph.view))
    is_whole = ordered[0].view == "whole"
    pictures = [decode(photograph, WHOLE_SIDE_PX if is_whole else HALF_SIDE_PX) for photograph in ordered]
    net = net or load_face_net()
    warnings = _without_colour(ordered, pictures)
    face = None
    if not warnings:
        face = _whole(ordered[0], pictures[0]) if is_whole else _from_halves(ordered, pictures, camera, comb)
    reading = net.read(face) if face is not None else None
    if not warnings:
        warnings = [
            f"{photograph.name}: no comb was recognised in it; nothing is estimated"
            for photograph in ordered
            if face is None or reading is None or _shows_no_comb(photograph, face, reading)
        ]
    sources = tuple(_source(photograph, picture) for photograph, picture in zip(ordered, pictures))
    if warnings or face is None or reading is None:
        return _nothing(pictures, sources, tuple(warnings), net)
    if len(ordered) == 1 and not is_whole:
        warnings.append(HALF_WARNING)
    return _analysed(face, reading, sources, warnings, net)


def _require_views(photographs: Sequence[Photograph]) -> None:
    views = sorted(photograph.view for photograph in photographs)
    if views not in (["whole"], ["left_half"], ["right_half"], ["left_half", "right_half"]):
        given = ", ".join(views) or "none"
        raise ValueError(
            f"photographs of one face: give one 'whole', or 'left_half' and 'right_half' once each; got {given}"
        )
    for photograph in photographs:
        if photograph.mm_per_pixel is not None and not 0.005 <= photograph.mm_per_pixel <= 5:
            raise ValueError(
                f"{photograph.name}: {photograph.mm_per_pixel} mm per pixel is no scale of a photograph of comb; "
                "give 0.005 to 5, or None when it is unknown"
            )


def _without_colour(photographs: Sequence[Photograph], pictures: Sequence[Picture]) -> list[str]:
    return [
        f"{photograph.name}: it has no colours; nothing is estimated"
        for photograph, picture in zip(photographs, pictures)
        if not picture.has_colour
    ]


def _whole(photograph: Photograph, picture: Picture) -> StraightFace | None:
    """The comb of a photograph by a person; the face's origin is the middle of what is seen of it."""
    found = rectify(photograph, picture)
    if found is None:
        return None
    height, width = found.bgr.shape[:2]
    return StraightFace(
        bgr=found.bgr,
        grid=Grid(width, height, width / 2, height / 2),
        is_seen=found.is_comb,
        source_px_per_mm=found.pitch_px / CELL_PITCH_MM,
        scale_error=found.scale_error,
        residual_mm=None,
        is_own_camera=False,
        warnings=found.warnings,
    )


def _from_halves(
    photographs: Sequence[Photograph], pictures: Sequence[Picture], camera: CameraPlace, comb: CombSize
) -> StraightFace:
    views, bgr = {}, {}
    for photograph, picture in zip(photographs, pictures):
        half = HALVES[photograph.view]
        width_mm = VIEW_WIDTH_MM
        if photograph.mm_per_pixel is not None:
            width_mm = photograph.mm_per_pixel * picture.file_width_px
        height, width = picture.bgr.shape[:2]
        views[half] = FrameView.of_half(half, width, height, view_width_mm=width_mm, camera=camera)
        bgr[half] = picture.bgr
    return straighten_halves(bgr, views, comb)


def _shows_no_comb(photograph: Photograph, face: StraightFace, reading: FaceReading) -> bool:
    """A half with bars or a tag is one of a frame, even where the bees have built nothing."""
    half = HALVES.get(photograph.view)
    if half is not None and half not in face.unmarked_halves:
        return False
    sign = {"left": -1, "right": 1}.get(half or "", 0)
    cells = int((~reading.cells.is_hidden & (sign * reading.cells.place_mm[:, 0] >= 0)).sum())
    least = LEAST_CELLS if half is None else LEAST_CELLS_OF_HALF
    return cells < least and not any(sign * bee.x_mm >= 0 for bee in reading.bees)


def _analysed(
    face: StraightFace,
    reading: FaceReading,
    sources: tuple[PictureSource, ...],
    warnings: list[str],
    net: FaceNet,
) -> AnalysedFace:
    if not face.is_own_camera:
        reading = replace(reading, cells=tell_cappings(face, reading.cells))
    cells = with_hidden_cells(reading, face.grid)
    is_fine = sees_eggs(face, cells)
    count = count_comb(cells, is_fine)
    areas = area_estimates(count, face)
    warnings += face.warnings
    if not is_fine:
        warnings.append(COARSE_WARNING)
    if not face.is_own_camera:
        warnings.append(ELSEWHERE_WARNING)
    straight = face.to_jpeg()
    found = replace(
        face.empty_map(),
        bees=reading.bees,
        cells=_seen_cells(cells, is_fine),
        findings=reading.findings,
        picture_sha256=hashlib.sha256(straight).hexdigest(),
    )
    analysis = FaceAnalysis(
        bees=bees_estimate(reading, face),
        bee_coverage=coverage_estimate(cells, face),
        comb_area=comb_area_estimate(count, face),
        areas=areas,
        warnings=tuple(dict.fromkeys(warnings)),
        pictures=sources,
        model=net.name,
        model_version=net.version,
        runtime_provider=net.provider,
        map=found,
    )
    return AnalysedFace(analysis, straight, sheet(draw_map(face.bgr, found), found, _caption(analysis)))


def _seen_cells(cells: SeenCells, is_fine: bool) -> tuple[SeenCell, ...]:
    best = cells.class_probability.argmax(axis=1)
    seen = []
    for k, (x, y) in enumerate(cells.place_mm):
        if cells.is_hidden[k]:
            seen.append(SeenCell(float(x), float(y), None, float(cells.probability[k])))
            continue
        cell_class: CellClass = CELL_CLASSES[int(best[k])]
        if not is_fine:
            cell_class = COARSE.get(cell_class, cell_class)
        seen.append(SeenCell(float(x), float(y), cell_class, float(cells.class_probability[k, best[k]])))
    return tuple(seen)


def _nothing(
    pictures: Sequence[Picture], sources: tuple[PictureSource, ...], warnings: tuple[str, ...], net: FaceNet
) -> AnalysedFace:
    analysis = FaceAnalysis(
        bees=None,
        bee_coverage=None,
        comb_area=None,
        areas={},
        warnings=warnings,
        pictures=sources,
        model=net.name,
        model_version=net.version,
        runtime_provider=net.provider,
        comb_found=False,
    )
    height = min(picture.bgr.shape[0] for picture in pictures)
    shown = np.hstack([picture.bgr[:height] for picture in pictures])
    return AnalysedFace(
        analysis, None, sheet(np.asarray(shown, np.uint8), None, "no comb recognised: no numbers")
    )


def _source(photograph: Photograph, picture: Picture) -> PictureSource:
    return PictureSource(photograph.sha256, picture.file_width_px, picture.file_height_px, photograph.view)


def _caption(analysis: FaceAnalysis) -> str:
    if analysis.bees is None or analysis.bee_coverage is None or analysis.comb_area is None:
        return "no comb recognised: no numbers"
    bees, coverage = analysis.bees, analysis.bee_coverage
    return (
        f"{bees.value:.0f} bees ({bees.low:.0f} to {bees.high:.0f}), "
        f"{100 * coverage.value:.0f} % covered, {analysis.comb_area.value:.1f} dm2 comb"
    )
