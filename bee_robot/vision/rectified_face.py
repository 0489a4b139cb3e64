"""From a photograph by a person to a straight picture of its comb, and how well its scale is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CELL_PITCH_MM, COMB_WIDTH_MM
from bee_robot.vision.background import background_mask, foreign_colour
from bee_robot.vision.comb_region import SEARCH_PITCH_PX, CombRegion, find_comb
from bee_robot.vision.lattice import Lattice, find_lattice, lattice_coherence
from bee_robot.vision.photograph import WORKING_SIDE_PX, Photograph, Picture
from bee_robot.vision.straight_face import PX_PER_MM

CELL_PX = CELL_PITCH_MM * PX_PER_MM  # width of a cell in a rectified face, as the network wants it
COHERENT = 0.3
MIN_COHERENT_SHARE = 0.025  # of the picture; wood grain, grass and compression stay below 0.012
MIN_COHERENT_SHARE_KNOWN_SCALE = 0.012
ASSUMED_CELLS_ACROSS = 100.0  # width of a picture that shows a whole frame, bars and some background
MIN_FRAME_SHARE = 0.55  # of the picture's width, for a frame found by its bars alone
MIN_FRAME_SUPPORT = 0.42  # of each bar
MIN_CELLS = 6.0  # across; fewer are no comb to speak of
MAX_PIXELS = 4_500_000  # of a rectified face; MAX_CELLS would need 3.3 million
MAX_CELLS = (100.0, 70.0)  # 530 x 370 mm, larger than the comb of any frame in use
FRAME_ASPECTS = (1.25, 4.0)  # width to height of combs about COMB_WIDTH_MM wide; narrow high frames are not

ScaleSource = Literal["cell lattice", "given scale", "frame width"]


@dataclass(frozen=True)
class RectifiedFace:
    """The comb of one photograph, straightened.

    bgr: uint8 (H, W, 3), CELL_PX pixels a cell. to_picture: homography (3, 3) from its pixels to those of
    the picture it was made from, in which a cell is pitch_px wide. region: in that picture. scale_error: relative half width
    of the 90 % interval of a length. is_comb: bool (H, W), where the picture has pixels and they are not of a foreign colour
    (leaves, sky). warnings: for the beekeeper.
    """

    bgr: NDArray[np.uint8]
    to_picture: NDArray[np.float64]
    is_comb: NDArray[np.bool_]
    region: CombRegion
    pitch_px: float
    scale_source: ScaleSource
    scale_error: float
    warnings: tuple[str, ...]


def rectify(photograph: Photograph, picture: Picture) -> RectifiedFace | None:
    """Find scale and comb and straighten it; None where the photograph shows no comb that can be recognised.

    Comb is sought on a copy of at most WORKING_SIDE_PX, for which the search was tuned; the straight picture is made from
    `picture`.
    """
    factor = WORKING_SIDE_PX / max(picture.bgr.shape[:2])
    if factor >= 1:
        found = _find(photograph, picture)
        return _straighten(picture, found) if found is not None else None
    small = cv2.resize(picture.bgr, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    coarse = replace(picture, bgr=np.asarray(small, np.uint8), reduction=picture.reduction / factor)
    found = _find(photograph, coarse)
    if found is None:
        return None
    enlarged = replace(found, region=found.region.scaled(1 / factor), pitch_px=found.pitch_px / factor)
    return _straighten(picture, enlarged)


@dataclass(frozen=True)
class _Found:
    """Where the comb of a picture is, and its scale."""

    region: CombRegion
    pitch_px: float
    scale_source: ScaleSource
    scale_error: float
    warnings: tuple[str, ...]


def _find(photograph: Photograph, picture: Picture) -> _Found | None:
    grey = cv2.cvtColor(picture.bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    lattice = _fundamental(picture, find_lattice(np.asarray(grey, np.float32)))
    if photograph.mm_per_pixel is not None:
        return _with_known_scale(photograph, picture, lattice)
    if lattice is not None:
        region, coherent_share = _search(picture, lattice.pitch_px, lattice.angle_rad, lattice.centre_px)
        if coherent_share >= MIN_COHERENT_SHARE and _is_of_one_frame(region, lattice.pitch_px):
            error = 0.03 + 1.645 * lattice.pitch_deviation / math.sqrt(lattice.votes)
            warnings = _frame_width_warnings(photograph, region, lattice.pitch_px)
            return _Found(region, lattice.pitch_px, "cell lattice", error, warnings)
    return _by_frame_width(picture) if photograph.view == "whole" else None


def _with_known_scale(photograph: Photograph, picture: Picture, lattice: Lattice | None) -> _Found | None:
    """Trust the given scale, check it with the lattice."""
    assert photograph.mm_per_pixel is not None
    pitch_px = CELL_PITCH_MM / (photograph.mm_per_pixel * picture.reduction)
    agrees = lattice is not None and abs(math.log(lattice.pitch_px / pitch_px)) < 0.15
    height, width = picture.bgr.shape[:2]
    centre = lattice.centre_px if lattice is not None and agrees else (width / 2, height / 2)
    angle = lattice.angle_rad if lattice is not None and agrees else math.pi / 6
    region, coherent_share = _search(picture, pitch_px, angle, centre)
    is_between_bars = len(region.bounded) >= 2 and region.support >= MIN_FRAME_SUPPORT
    if coherent_share < MIN_COHERENT_SHARE_KNOWN_SCALE and not is_between_bars:
        return None
    if not _is_of_one_frame(region, pitch_px):
        return None
    warnings: tuple[str, ...] = ()
    if lattice is not None and not agrees and lattice.votes >= 8:
        warnings = (
            f"the cells look {lattice.pitch_px / pitch_px:.2f} times as wide as the given scale says: check it",
        )
    error = 0.03 if agrees else 0.05
    return _Found(region, pitch_px, "given scale", error, warnings)


def _by_frame_width(picture: Picture) -> _Found | None:
    """A frame whose cells cannot be resolved or are covered by bees, found by its four bars."""
    height, width = picture.bgr.shape[:2]
    guess_px = width / ASSUMED_CELLS_ACROSS
    region, _ = _search(picture, guess_px, math.pi / 6, (width / 2, height / 2))
    aspect = region.width_px / max(region.height_px, 1.0)
    if len(region.bounded) < 4 or not FRAME_ASPECTS[0] < aspect < FRAME_ASPECTS[1]:
        return None
    if region.width_px < MIN_FRAME_SHARE * width or region.support < MIN_FRAME_SUPPORT:
        return None
    pitch_px = region.width_px / COMB_WIDTH_MM * CELL_PITCH_MM
    warning = (
        f"no cells could be resolved: the scale assumes a comb {COMB_WIDTH_MM:.0f} mm wide between the bars"
    )
    return _Found(region, pitch_px, "frame width", 0.10, (warning,))


def _is_of_one_frame(region: CombRegion, pitch_px: float) -> bool:
    """Comb larger than any frame is no comb: something else with a regular pattern fills the picture."""
    return region.width_px / pitch_px <= MAX_CELLS[0] and region.height_px / pitch_px <= MAX_CELLS[1]


def _fundamental(picture: Picture, lattice: Lattice | None) -> Lattice | None:
    """Large cells with thin walls show their second ring of peaks most; turned by 30 degrees it gives itself away."""
    if lattice is None or abs(lattice.tilt_rad) < math.radians(15):
        return lattice
    factor = min(1.0, SEARCH_PITCH_PX / lattice.pitch_px)
    small = cv2.resize(picture.bgr, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    lightness = cv2.cvtColor(small, cv2.COLOR_BGR2LAB)[..., 0].astype(np.float32)
    longer_px, turned = lattice.pitch_px * math.sqrt(3), (lattice.angle_rad + math.pi / 6) % (math.pi / 3)
    shares = [
        float((lattice_coherence(lightness, pitch * factor, angle, 1.1 * pitch * factor) > COHERENT).mean())
        for pitch, angle in ((lattice.pitch_px, lattice.angle_rad), (longer_px, turned))
    ]
    return replace(lattice, pitch_px=longer_px, angle_rad=turned) if shares[1] > 0.6 * shares[0] else lattice


def _search(
    picture: Picture, pitch_px: float, angle_rad: float, centre_px: tuple[float, float]
) -> tuple[CombRegion, float]:
    """The comb in pixels of the picture, and the share of the picture where its lattice is clear."""
    factor = min(1.0, SEARCH_PITCH_PX / pitch_px)
    small = picture.bgr
    if factor < 1:
        resized = cv2.resize(picture.bgr, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        small = np.asarray(resized, np.uint8)
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB)
    lightness = lab[..., 0].astype(np.float32)
    cell_px = pitch_px * factor
    coherence = lattice_coherence(lightness, cell_px, angle_rad, 1.1 * cell_px)
    centre = (centre_px[0] * factor, centre_px[1] * factor)
    region = find_comb(
        lightness, coherence, foreign_colour(np.asarray(lab, np.uint8), cell_px), cell_px, centre
    )
    return region.scaled(1 / factor), float((coherence > COHERENT).mean())


def _frame_width_warnings(photograph: Photograph, region: CombRegion, pitch_px: float) -> tuple[str, ...]:
    """What a photograph by a person leaves unsure about how much of the frame it shows."""
    if photograph.view != "whole":
        return ()
    missing = [side for side in ("top", "right", "bottom", "left") if side not in region.bounded]
    if missing:
        return (
            f"no bar of the frame found at the {', '.join(missing)}: only the comb in the picture is counted",
        )
    width_mm = region.width_px / pitch_px * CELL_PITCH_MM
    if not 250 < width_mm < 500:
        return (
            f"the comb would be {width_mm:.0f} mm wide, which no frame in use is: the scale may be wrong",
        )
    return ()


def _straighten(picture: Picture, found: _Found) -> RectifiedFace | None:
    region, pitch_px = found.region, found.pitch_px
    width = round(region.width_px / pitch_px * CELL_PX)
    height = round(region.height_px / pitch_px * CELL_PX)
    if min(width, height) < MIN_CELLS * CELL_PX or width * height > MAX_PIXELS:
        return None
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(region.corners_px, target)
    source_bgr = picture.bgr
    if pitch_px > 1.3 * CELL_PX:  # warpPerspective does not average
        source_bgr = np.asarray(cv2.GaussianBlur(source_bgr, (0, 0), 0.4 * pitch_px / CELL_PX), np.uint8)
    interpolation = cv2.INTER_LINEAR if pitch_px > CELL_PX else cv2.INTER_CUBIC
    bgr = cv2.warpPerspective(
        source_bgr, matrix, (width, height), flags=interpolation, borderMode=cv2.BORDER_CONSTANT
    )
    everything = np.full(picture.bgr.shape[:2], 1, np.uint8)
    is_comb = cv2.warpPerspective(everything, matrix, (width, height), flags=cv2.INTER_NEAREST) > 0
    return RectifiedFace(
        bgr=np.asarray(bgr, np.uint8),
        to_picture=np.asarray(np.linalg.inv(np.asarray(matrix, np.float64)), np.float64),
        is_comb=np.asarray(is_comb & ~_background(np.asarray(bgr, np.uint8)), np.bool_),
        region=region,
        pitch_px=pitch_px,
        scale_source=found.scale_source,
        scale_error=found.scale_error,
        warnings=found.warnings,
    )


def _background(bgr: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Patches of foreign colour, sought on a small copy: they are wider than a cell."""
    small = cv2.resize(bgr, None, fx=1 / 3, fy=1 / 3, interpolation=cv2.INTER_AREA)
    mask = background_mask(np.asarray(small, np.uint8), CELL_PX / 3).astype(np.uint8)
    full = cv2.resize(mask, (bgr.shape[1], bgr.shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(full > 0, np.bool_)
