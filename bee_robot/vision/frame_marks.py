"""What is known of every frame's wood, and where a photograph shows it: inner edges of the bars and the two tags.

A camera's mount gives by parts of a millimetre; the wood shows by how much. Places as the frames of this robot are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import REFERENCE_COMB, CombSize
from bee_robot.hive.frame_view import FrameView, Half
from bee_robot.vision.straight_face import PX_PER_MM, Grid

TAG_MM = 8.0
TAG_Z_MM = 6.0  # its middle; on the end bars, which stand out
TAG_SURE_MM = 0.12  # a corner's standard deviation
TAG_SEARCH_MM = 9.0
STRIP_MM = 5.0  # along a bar; an edge is sought in every strip
LEAST_STRIPS = 14  # that agree; noise has up to ten in a line
SEARCH_MM = 4.0  # to both sides of where the edge should be
SMOOTH_WOOD_MM = 2.5  # of wood beyond the search, which tells how rough this wood is
EDGE_STRENGTH = 5.0  # steps of grey between neighbouring pixels of a strip's mean that an edge has at least

Axis = Literal["x", "y"]


@dataclass(frozen=True)
class Bar:
    """Its inner front edge: where `axis` has this value. inside: the direction of the comb from there, +1 or -1.

    sure_mm: standard deviation of the whole edge as it is found; comb hides part of the bottom bar's.
    """

    axis: Axis
    value_mm: float
    z_mm: float
    inside: int
    sure_mm: float = 0.06


def bars_of(half: Half, comb: CombSize) -> tuple[Bar, Bar, Bar]:
    """Top bar, bottom bar and the end bar that a half shows, around comb of this size."""
    side = -1 if half == "left" else 1
    return (
        Bar("y", comb.height_mm / 2, 0.5, -1),
        Bar("y", -comb.height_mm / 2, -1.5, 1, sure_mm=0.4),
        Bar("x", side * comb.width_mm / 2, 6.0, -side),
    )


@dataclass(frozen=True)
class Marks:
    """N places in a photograph where something known lies. NaN: that coordinate is not known.

    uv_px: (N, 2). xyz_mm: (N, 3), z above the comb. sure_mm: (N,), standard deviation.
    """

    uv_px: NDArray[np.float64]
    xyz_mm: NDArray[np.float64]
    sure_mm: NDArray[np.float64]

    @classmethod
    def none(cls) -> Marks:
        return cls(np.empty((0, 2)), np.empty((0, 3)), np.empty(0))

    def __add__(self, other: Marks) -> Marks:
        return Marks(
            np.concatenate([self.uv_px, other.uv_px]),
            np.concatenate([self.xyz_mm, other.xyz_mm]),
            np.concatenate([self.sure_mm, other.sure_mm]),
        )


def find_marks(
    bgr: NDArray[np.uint8],
    view: FrameView,
    half: Half,
    straight: NDArray[np.uint8],
    grid: Grid,
    comb: CombSize = REFERENCE_COMB,
) -> Marks:
    """Edges of the three bars of a half and its tag. straight: the same half straightened by `view`, on `grid`."""
    grey = cv2.cvtColor(straight, cv2.COLOR_BGR2GRAY).astype(np.float32)
    marks = _tag(bgr, view, half, comb)
    for bar in bars_of(half, comb):
        marks = marks + _edge(np.asarray(grey, np.float32), grid, view, bar)
    return marks


def _tag(bgr: NDArray[np.uint8], view: FrameView, half: Half, comb: CombSize) -> Marks:
    side = -1 if half == "left" else 1
    middle = view.to_pixels(side * comb.tag_x_mm, comb.tag_y_mm, TAG_Z_MM)[0]
    reach = TAG_SEARCH_MM / view.mm_per_pixel
    u0, v0 = (max(0, int(middle[k] - reach)) for k in range(2))
    patch = bgr[v0 : int(middle[1] + reach), u0 : max(0, int(middle[0] + reach))]
    if min(patch.shape[:2]) < reach:
        return Marks.none()
    enlarge = max(1.0, 80 * view.mm_per_pixel / TAG_MM)  # a tag of 80 pixels
    large = cv2.resize(patch, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_CUBIC)
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_1000), settings)
    found, _, _ = detector.detectMarkers(cv2.cvtColor(large, cv2.COLOR_BGR2GRAY))
    if len(found) != 1:
        return Marks.none()
    corners = (found[0].reshape(4, 2).astype(np.float64) + 0.5) / enlarge - 0.5 + (u0, v0)
    away = TAG_MM / 2 * np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]])
    xyz = np.column_stack(
        [side * comb.tag_x_mm + away[:, 0], comb.tag_y_mm + away[:, 1], np.full(4, TAG_Z_MM)]
    )
    return Marks(corners, xyz, np.full(4, TAG_SURE_MM))


def _edge(grey: NDArray[np.float32], grid: Grid, view: FrameView, bar: Bar) -> Marks:
    """Where wood ends, strip by strip, coming from the wood; strips that disagree with the others are left out."""
    along_mm, across_mm = (grid.x_mm, grid.y_mm) if bar.axis == "y" else (grid.y_mm, grid.x_mm)
    picture = grey if bar.axis == "y" else grey.T
    # From the wood inwards: rows of `band`.
    order = np.argsort(across_mm * bar.inside)
    depth = (across_mm[order] - _on_comb(bar, view)) * bar.inside
    rows = order[(depth > -SEARCH_MM - SMOOTH_WOOD_MM) & (depth < SEARCH_MM)]
    if rows.size < (2 * SEARCH_MM + SMOOTH_WOOD_MM - 0.5) * PX_PER_MM:
        return Marks.none()
    band = picture[rows]
    width = round(STRIP_MM * PX_PER_MM)
    count = band.shape[1] // width
    strips = band[:, : count * width].reshape(len(rows), count, width)
    is_dark = (strips == 0).mean(axis=(0, 2)) > 0.02  # not in the photograph
    profile = np.median(strips, axis=2)
    step = np.abs(profile[2:] - profile[:-2])
    wood = step[: round(SMOOTH_WOOD_MM * PX_PER_MM)].max(axis=0)
    is_edge = step > np.maximum(EDGE_STRENGTH, 1.6 * wood)
    has_edge = is_edge.any(axis=0) & ~is_dark
    first = is_edge.argmax(axis=0)
    places = np.full(count, np.nan)
    for k in np.flatnonzero(has_edge):
        top = first[k] + int(step[first[k] : first[k] + 4, k].argmax())
        places[k] = _between(across_mm[rows], top + 1 + _top(step[:, k], top))
    along = along_mm[: count * width].reshape(count, width).mean(axis=1)
    kept = _straight(along, places)
    if kept.sum() < LEAST_STRIPS:
        return Marks.none()
    known = np.full(int(kept.sum()), bar.value_mm)
    x, y = (along[kept], places[kept]) if bar.axis == "y" else (places[kept], along[kept])
    unknown = np.full_like(known, np.nan)
    xyz = np.column_stack(
        [*((unknown, known) if bar.axis == "y" else (known, unknown)), np.full_like(known, bar.z_mm)]
    )
    return Marks(view.to_pixels(x, y), xyz, np.full(len(known), bar.sure_mm * np.sqrt(len(known))))


def _on_comb(bar: Bar, view: FrameView) -> float:
    """Where the edge appears on the plane of the comb, seen from this camera."""
    camera = view.x_mm if bar.axis == "x" else view.y_mm
    return camera + (bar.value_mm - camera) * view.distance_mm / (view.distance_mm - bar.z_mm)


def _top(values: NDArray[np.float32], k: int) -> float:
    if not 0 < k < len(values) - 1:
        return 0.0
    before, top, after = (float(v) for v in values[k - 1 : k + 2])
    bend = before - 2 * top + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def _between(values: NDArray[np.float64], place: float) -> float:
    return float(np.interp(place, np.arange(len(values)), values))


def _straight(along: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Strips whose edges lie on the line that most of them share."""
    found = np.flatnonzero(np.isfinite(places))
    best = np.zeros(len(places), np.bool_)
    for i in found[::2]:
        for j in found[1::2]:
            if abs(along[j] - along[i]) < 60:
                continue
            slope = (places[j] - places[i]) / (along[j] - along[i])
            if abs(slope) > 0.02:
                continue
            near = np.abs(places - places[i] - slope * (along - along[i])) < 0.35
            if near.sum() > best.sum():
                best = near
    return best
