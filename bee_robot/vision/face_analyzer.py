"""Photographs of one side of a comb frame in; bees, coverage, areas and an annotated picture out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bee_robot.hive.comb import CELL_PITCH_MM, CellClass
from bee_robot.hive.face import FaceAnalysis, PictureSource
from bee_robot.vision.annotation import compose, draw_face
from bee_robot.vision.measures import (
    FacePart,
    area_estimates,
    bees_estimate,
    comb_area_estimate,
    coverage_estimate,
    measure,
)
from bee_robot.vision.photograph import VIEWS, Photograph, PhotographError, Picture, decode
from bee_robot.vision.rectified_face import CELL_PX, RectifiedFace, rectify
from bee_robot.vision.segmentation import FaceSegmentation, FaceSegmenter
from bee_robot.vision.texture_segmenter import TextureSegmenter

__all__ = ["Photograph", "PhotographError", "analyze_photographs"]

OPEN_CELLS_WARNING = (
    "eggs, larvae, nectar and empty cells are not told apart: they are counted together as open cells"
)
HALF_WARNING = "only one half of the face was photographed: the numbers are for that half"


@dataclass(frozen=True)
class _Look:
    """One photograph with what was found in it; face and segmentation are None where no comb was found."""

    photograph: Photograph
    picture: Picture
    face: RectifiedFace | None
    segmentation: FaceSegmentation | None


def analyze_photographs(
    photographs: Sequence[Photograph],
    *,
    half_overlap_mm: float = 0.0,
    segmenter: FaceSegmenter | None = None,
) -> tuple[FaceAnalysis, bytes]:
    """Analyse one side of a frame from one "whole" photograph, or from its "left_half" and "right_half".

    half_overlap_mm: width of comb that both halves show; each half counts its own part up to the middle of
    it. segmenter: the model that reads the comb, by default `TextureSegmenter`.

    Returns the analysis and an annotated JPEG (halves side by side). Where a photograph shows no comb that
    can be recognised, the analysis says so: its estimates are None, never a made-up number.

    Raises PhotographError for a file that is no picture, cut off, too large, too small, black or blank, and
    ValueError for a set of views that is neither one whole nor one or two different halves.
    """
    _require_views(photographs)
    model = segmenter or TextureSegmenter()
    looks = [_look(photograph, model) for photograph in photographs]
    looks.sort(key=lambda look: VIEWS.index(look.photograph.view))
    parts, warnings = _measure_all(looks, half_overlap_mm)
    is_complete = len(parts) == len(looks)
    areas = area_estimates(parts) if is_complete else {}
    if CellClass.OPEN in areas:
        warnings.append(OPEN_CELLS_WARNING)
    if len(looks) == 1 and looks[0].photograph.view != "whole":
        warnings.append(HALF_WARNING)
    analysis = FaceAnalysis(
        bees=bees_estimate(parts) if is_complete else None,
        bee_coverage=coverage_estimate(parts) if is_complete else None,
        comb_area=comb_area_estimate(parts) if is_complete else None,
        areas=areas,
        warnings=tuple(dict.fromkeys(warnings)),
        pictures=tuple(_source(look) for look in looks),
        model=model.name,
        model_version=model.version,
        runtime_provider=model.provider,
        comb_found=is_complete,
    )
    drawings = [draw_face(look.picture, look.face, look.segmentation) for look in looks]
    return analysis, compose(drawings, list(areas), _caption(analysis))


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


def _look(photograph: Photograph, segmenter: FaceSegmenter) -> _Look:
    picture = decode(photograph)
    face = rectify(photograph, picture) if segmenter.works_without_colour or picture.has_colour else None
    return _Look(photograph, picture, face, segmenter.segment(face) if face is not None else None)


def _measure_all(looks: Sequence[_Look], half_overlap_mm: float) -> tuple[list[FacePart], list[str]]:
    """Parts that were measured, and warnings; a look without comb gives a warning and no part."""
    parts: list[FacePart] = []
    warnings: list[str] = []
    for look in looks:
        if look.face is None or look.segmentation is None:
            why = "no comb was recognised in it" if look.picture.has_colour else "it has no colours"
            warnings.append(f"{look.photograph.name}: {why}; nothing is estimated")
            continue
        warnings += look.face.warnings
        columns = _own_columns(look, half_overlap_mm if len(looks) == 2 else 0.0)
        parts.append(measure(look.face, look.segmentation, columns))
    return parts, warnings


def _own_columns(look: _Look, overlap_mm: float) -> slice:
    """Columns of the rectified face that this half counts: up to the middle of the overlap."""
    assert look.face is not None
    width = look.face.bgr.shape[1]
    shared_px = min(round(overlap_mm / 2 / CELL_PITCH_MM * CELL_PX), width - 1)
    if look.photograph.view == "left_half":
        return slice(0, width - shared_px)
    if look.photograph.view == "right_half":
        return slice(shared_px, width)
    return slice(0, width)


def _source(look: _Look) -> PictureSource:
    picture = look.picture
    return PictureSource(
        look.photograph.sha256, picture.file_width_px, picture.file_height_px, look.photograph.view
    )


def _caption(analysis: FaceAnalysis) -> str:
    if analysis.bees is None or analysis.bee_coverage is None or analysis.comb_area is None:
        return "no comb recognised: no numbers"
    bees, coverage = analysis.bees, analysis.bee_coverage
    return (
        f"{bees.value:.0f} bees ({bees.low:.0f} to {bees.high:.0f}), "
        f"{100 * coverage.value:.0f} % covered, {analysis.comb_area.value:.1f} dm2 comb"
    )
