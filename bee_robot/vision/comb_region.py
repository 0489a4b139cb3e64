"""Where in a picture the comb is: inside the bounded bars, as four straight edges.

From the lattice's centre outwards, each side is searched for a straight run of smooth wood. A side
without wood (a close-up, a half face) ends at the picture's edge and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

SEARCH_PITCH_PX = 5.5  # the search runs on a copy where a cell is this wide
STRIP_CELLS = 2.5
RUN_CELLS = 0.8  # an end bar seen edge-on is 8 to 10 mm wide
RUN_SHARE = 0.7
MAX_ROUGHNESS = 0.08  # deviation of lightness along a bar, relative to its lightness; cells and bees have more
INLIER_CELLS = 0.9
MIN_INLIER_SHARE = 0.33
SHEARS = (-0.16, -0.12, -0.08, -0.04, 0.0, 0.04, 0.08, 0.12, 0.16)  # tilt of a bar up to about 10 degrees
FIRST_REACH_CELLS = 12.0
MIN_WIDTH_CELLS = 30.0  # no frame in use has a narrower comb
MIN_HEIGHT_CELLS = 17.0  # a shallow frame's comb is about 100 mm high
MIN_LIGHTNESS = 40.0  # of 255; the gap between comb and bar may be darker
MAX_COHERENCE = 0.25  # even-looking cappings still show the lattice
CANDIDATES = 4

Side = Literal["top", "right", "bottom", "left"]
SIDES: tuple[Side, ...] = ("top", "right", "bottom", "left")


@dataclass(frozen=True)
class _Edge:
    """across = slope * along + offset; not found: the edge of the picture."""

    slope: float
    offset: float
    found: bool


@dataclass(frozen=True)
class CombRegion:
    """corners_px: float32 (4, 2), top left, top right, bottom right, bottom left. bounded: sides that end at a bar."""

    corners_px: NDArray[np.float32]
    bounded: frozenset[Side]

    @property
    def width_px(self) -> float:
        """Mean of upper and lower edge."""
        corners = self.corners_px
        return float(
            (np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3])) / 2
        )

    @property
    def height_px(self) -> float:
        """Mean of the left and right edge."""
        corners = self.corners_px
        return float(
            (np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1])) / 2
        )

    def scaled(self, factor: float) -> CombRegion:
        """The same region in pixels of a picture that is `factor` times as large."""
        return CombRegion((self.corners_px * factor).astype(np.float32), self.bounded)


def find_comb(
    lightness: NDArray[np.float32],
    coherence: NDArray[np.float32],
    cell_px: float,
    centre_px: tuple[float, float],
) -> CombRegion:
    """The comb around `centre_px` (x, y), a point surely on it.

    lightness (0 to 255) and coherence (see lattice): float32 (H, W), best at about SEARCH_PITCH_PX a cell,
    which is where the search was tuned.
    """
    planes = np.dstack([lightness, coherence])
    upright = planes.transpose(1, 0, 2)
    height, width = lightness.shape
    x, y = min(max(centre_px[0], 1.0), width - 2.0), min(max(centre_px[1], 1.0), height - 2.0)
    reach = FIRST_REACH_CELLS * cell_px
    span_x = (x - reach, x + reach)
    shears = sides_shears = SHEARS
    for _ in range(2):
        top, bottom = _pair_of_edges(upright, cell_px, (x, y), span_x, MIN_HEIGHT_CELLS, shears)
        span_y = (_at(top, x) if top.found else y - reach, _at(bottom, x) if bottom.found else y + reach)
        left, right = _pair_of_edges(planes, cell_px, (y, x), span_y, MIN_WIDTH_CELLS, sides_shears)
        span_x = (_at(left, y) if left.found else x - reach, _at(right, y) if right.found else x + reach)
        shears, sides_shears = _shears_near(top, bottom), _shears_near(left, right)
    corners = [_crossing(top, left), _crossing(top, right), _crossing(bottom, right), _crossing(bottom, left)]
    found = zip(SIDES, (top, right, bottom, left), strict=True)
    return CombRegion(np.array(corners, np.float32), frozenset(side for side, edge in found if edge.found))


def _pair_of_edges(
    planes: NDArray[np.float32],
    cell_px: float,
    start: tuple[float, float],
    span: tuple[float, float],
    min_cells: float,
    shears: tuple[float, ...],
) -> tuple[_Edge, _Edge]:
    """The inner edges of the two bars before and after `start` (along, across).

    planes: rows along the bars, columns across, (lightness, coherence). Every tilt of `shears` is tried,
    because a tilted bar is even only along itself. Two bars closer than any comb are no bars.
    """
    low, high = max(0, int(span[0])), min(planes.shape[0], int(span[1]) + 1)
    half = max(2, round(STRIP_CELLS * cell_px / 2))
    run = max(2, round(RUN_CELLS * cell_px))
    last = planes.shape[1] - 1.0
    edges = [_Edge(0.0, 0.0, False), _Edge(0.0, last, False)]
    scores = [0.0, 0.0]
    if high - low < 4 * half:
        return edges[0], edges[1]
    for shear in shears:
        profiles = _even_profiles(_sheared(planes, shear, start[0]), low, high, half)
        along = low + half * (1.0 + np.arange(len(profiles))) - start[0]
        for k, direction in enumerate((-1, +1)):
            points = _run_points(profiles, along, int(start[1]), direction, run)
            line = _straight_line(points, INLIER_CELLS * cell_px, MIN_INLIER_SHARE * len(along))
            if line is not None and line[2] > scores[k]:
                slope = line[0] + shear
                edges[k] = _Edge(slope, line[1] - slope * start[0], True)
                scores[k] = line[2]
    before, after = edges
    if before.found and after.found and _at(after, start[0]) - _at(before, start[0]) < min_cells * cell_px:
        return _Edge(0.0, 0.0, False), _Edge(0.0, last, False)
    return before, after


def _shears_near(before: _Edge, after: _Edge) -> tuple[float, ...]:
    """For the second, finer pass: only tilts beside those that the first one found."""
    if not (before.found and after.found):
        return SHEARS
    return tuple(s for s in SHEARS if min(abs(s - before.slope), abs(s - after.slope)) < 0.03)


def _sheared(across: NDArray[np.float32], shear: float, pivot: float) -> NDArray[np.float32]:
    """Move every row so that a line of slope `shear` through the pivot row becomes straight down."""
    matrix = np.array([[1.0, -shear, shear * pivot], [0.0, 1.0, 0.0]], np.float32)
    size = (across.shape[1], across.shape[0])
    moved = cv2.warpAffine(
        np.ascontiguousarray(across), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.float32)


def _even_profiles(planes: NDArray[np.float32], low: int, high: int, half: int) -> NDArray[np.bool_]:
    """(strips, across): where the surface is even along the bar, not black, and shows no lattice.

    Strips are two halves long and overlap by one half.
    """
    part = planes[low:high]
    lightness = part[..., 0]
    sums = np.dstack([part, lightness * lightness])
    halves = np.add.reduceat(sums, np.arange(0, len(part) - half + 1, half), axis=0)[: len(part) // half]
    mean, coherence, mean_square = np.moveaxis((halves[:-1] + halves[1:]) / (2 * half), 2, 0)
    roughness = np.sqrt(np.maximum(mean_square - mean * mean, 0)) / (mean + 20.0)
    is_even = (roughness < MAX_ROUGHNESS) & (mean > MIN_LIGHTNESS) & (coherence < MAX_COHERENCE)
    return np.asarray(is_even, np.bool_)


def _run_points(
    profiles: NDArray[np.bool_], along: NDArray[np.float64], start: int, direction: int, run: int
) -> NDArray[np.float64]:
    """Rows (along, across) where runs of even surface begin, going from `start` in `direction`."""
    lines = profiles[:, start:] if direction > 0 else profiles[:, start::-1]
    if lines.shape[1] <= run:
        return np.empty((0, 2))
    total = np.cumsum(np.pad(lines, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    is_even = total[:, run:] - total[:, :-run] >= RUN_SHARE * run
    begins = is_even.copy()
    begins[:, 1:] &= ~is_even[:, :-1]
    begins &= np.cumsum(begins, axis=1) <= CANDIDATES
    strips, places = np.nonzero(begins)
    return np.column_stack([along[strips], start + direction * places.astype(np.float64)])


def _straight_line(
    points: NDArray[np.float64], tolerance: float, needed: float
) -> tuple[float, float, float] | None:
    """(slope, offset, strips that agree) of the best line that is nearly straight down, or None."""
    if len(points) < max(3.0, needed):
        return None
    near = np.abs(points[:, 1][:, None] - points[:, 1][None, :]) < tolerance
    strips = np.array([np.unique(points[row, 0]).size for row in near])
    inliers = points[near[int(strips.argmax())]]
    slope, offset = 0.0, float(np.median(inliers[:, 1]))
    for _ in range(2):
        if np.ptp(inliers[:, 0]) > 4 * tolerance:
            slope, offset = (float(value) for value in np.polyfit(inliers[:, 0], inliers[:, 1], 1))
        residual = np.abs(points[:, 1] - slope * points[:, 0] - offset)
        inliers = points[residual < tolerance]
        if len(inliers) < 3:
            return None
    agree = float(np.unique(inliers[:, 0]).size)
    return (slope, offset, agree) if agree >= max(3.0, needed) else None


def _at(edge: _Edge, position: float) -> float:
    return edge.slope * position + edge.offset


def _crossing(horizontal: _Edge, vertical: _Edge) -> tuple[float, float]:
    """Where y = a x + b and x = c y + d meet."""
    y = (horizontal.slope * vertical.offset + horizontal.offset) / (1 - horizontal.slope * vertical.slope)
    return _at(vertical, y), y
