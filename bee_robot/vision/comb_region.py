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
MAX_ROUGHNESS = (
    0.08  # deviation of lightness along a bar, relative to its lightness; cells and bees have more
)
INLIER_CELLS = 0.9
MIN_INLIER_SHARE = 0.33
WARPS = (-0.12, 0.0, 0.12)  # a bar is even along itself only: the picture is sheared to these tilts,
TILTS = (
    -0.05,
    -0.025,
    0.0,
    0.025,
    0.05,
)  # and lines are sought at these around each; in all about 10 degrees
FIRST_REACH_CELLS = 12.0
MIN_WIDTH_CELLS = 38.0  # 200 mm; no frame in use has a narrower comb
MIN_HEIGHT_CELLS = 17.0  # a shallow frame's comb is about 100 mm high
MIN_LIGHTNESS = 40.0  # of 255; the gap between comb and bar may be darker
MAX_COHERENCE = 0.25  # even-looking cappings still show the lattice
CANDIDATES = 8
NEARLY = 0.7
NEARLY_PARALLEL = 0.08
NEARER_CELLS = 5.0  # a top bar is about 20 mm high

Side = Literal["top", "right", "bottom", "left"]
SIDES: tuple[Side, ...] = ("top", "right", "bottom", "left")


@dataclass(frozen=True)
class _Edge:
    """across = slope * along + offset; not found: the edge of the picture. support: share of strips that agree."""

    slope: float
    offset: float
    found: bool
    support: float = 0.0


@dataclass(frozen=True)
class _Line:
    """across = slope * along + offset, along from the pivot; strips: how many support it."""

    slope: float
    offset: float
    strips: int


@dataclass(frozen=True)
class CombRegion:
    """corners_px: float32 (4, 2), top left, top right, bottom right, bottom left. bounded: sides that end at a bar.

    support: share of the strips of the picture that agree on the worst of the bounded sides, 0 to 1.
    """

    corners_px: NDArray[np.float32]
    bounded: frozenset[Side]
    support: float = 0.0

    @property
    def width_px(self) -> float:
        """Mean of upper and lower edge."""
        corners = self.corners_px
        return float((np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3])) / 2)

    @property
    def height_px(self) -> float:
        """Mean of the left and right edge."""
        corners = self.corners_px
        return float((np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1])) / 2)

    def scaled(self, factor: float) -> CombRegion:
        """The same region in pixels of a picture that is `factor` times as large."""
        return CombRegion((self.corners_px * factor).astype(np.float32), self.bounded, self.support)


def find_comb(
    lightness: NDArray[np.float32],
    coherence: NDArray[np.float32],
    foreign: NDArray[np.float32],
    cell_px: float,
    centre_px: tuple[float, float],
) -> CombRegion:
    """The comb around `centre_px` (x, y), a point surely on it.

    lightness (0 to 255), coherence (see lattice) and foreign (1 where the colour is none of a hive, else 0):
    float32 (H, W), best at about SEARCH_PITCH_PX a cell, which is where the search was tuned.
    """
    planes = np.dstack([lightness, coherence, foreign])
    turned = np.ascontiguousarray(planes.transpose(1, 0, 2))
    height, width = lightness.shape
    x, y = min(max(centre_px[0], 1.0), width - 2.0), min(max(centre_px[1], 1.0), height - 2.0)
    reach = FIRST_REACH_CELLS * cell_px
    span_x = (x - reach, x + reach)
    for _ in range(2):
        top, bottom = _pair_of_edges(turned, cell_px, (x, y), span_x, MIN_HEIGHT_CELLS)
        span_y = (_at(top, x) if top.found else y - reach, _at(bottom, x) if bottom.found else y + reach)
        left, right = _pair_of_edges(planes, cell_px, (y, x), span_y, MIN_WIDTH_CELLS)
        span_x = (_at(left, y) if left.found else x - reach, _at(right, y) if right.found else x + reach)
    corners = [_crossing(top, left), _crossing(top, right), _crossing(bottom, right), _crossing(bottom, left)]
    found = {side: edge for side, edge in zip(SIDES, (top, right, bottom, left), strict=True) if edge.found}
    support = min((edge.support for edge in found.values()), default=0.0)
    return CombRegion(np.array(corners, np.float32), frozenset(found), support)


def _pair_of_edges(
    planes: NDArray[np.float32],
    cell_px: float,
    start: tuple[float, float],
    span: tuple[float, float],
    min_cells: float,
) -> tuple[_Edge, _Edge]:
    """The inner edges of the two bars before and after `start` (along, across).

    planes: rows along the bars, columns across. Two bars closer than any comb is are no bars.
    """
    low, high = max(0, int(span[0])), min(planes.shape[0], int(span[1]) + 1)
    half = max(2, round(STRIP_CELLS * cell_px / 2))
    run = max(2, round(RUN_CELLS * cell_px))
    last = planes.shape[1] - 1.0
    edges = [_Edge(0.0, 0.0, False), _Edge(0.0, last, False)]
    if high - low < 4 * half:
        return edges[0], edges[1]
    lines: tuple[list[_Line], list[_Line]] = ([], [])
    for warp in WARPS:
        profiles = _even_profiles(_sheared(planes[low:high], warp, start[0] - low), half)
        along = low + half * (1.0 + np.arange(len(profiles))) - start[0]
        for k, direction in enumerate((-1, +1)):
            points = _run_points(profiles, int(start[1]), direction, run)
            lines[k].extend(_straight_lines(points, along, INLIER_CELLS * cell_px, warp))
    for k in range(2):
        line = _nearest_good(lines[k], start[1], NEARER_CELLS * cell_px)
        if line is not None:
            offset = line.offset - line.slope * start[0]
            edges[k] = _Edge(line.slope, offset, True, line.strips / max(1, (high - low) // half - 1))
    before, after = edges
    if before.found and after.found and _at(after, start[0]) - _at(before, start[0]) < min_cells * cell_px:
        return _Edge(0.0, 0.0, False), _Edge(0.0, last, False)
    return before, after


def _nearest_good(lines: list[_Line], start: float, reach: float) -> _Line | None:
    """The line with most strips, or a nearer one beside it with nearly as many: a bar's inner, not its outer edge."""
    if not lines:
        return None
    best = max(lines, key=lambda line: line.strips)
    inner = [
        line
        for line in lines
        if line.strips >= NEARLY * best.strips
        and abs(line.offset - start) < abs(best.offset - start)
        and abs(line.offset - best.offset) < reach
        and abs(line.slope - best.slope) < NEARLY_PARALLEL
    ]
    return min(inner, key=lambda line: abs(line.offset - start), default=best)


def _sheared(planes: NDArray[np.float32], shear: float, pivot: float) -> NDArray[np.float32]:
    """Move every row so that a line of slope `shear` through the pivot row becomes straight down."""
    if shear == 0:
        return planes
    matrix = np.array([[1.0, -shear, shear * pivot], [0.0, 1.0, 0.0]], np.float32)
    size = (planes.shape[1], planes.shape[0])
    moved = cv2.warpAffine(planes, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _even_profiles(planes: NDArray[np.float32], half: int) -> NDArray[np.bool_]:
    """(strips, across): where a strip is no comb: even along the bar, not black and without lattice, or foreign.

    Strips are two halves long and overlap by one half.
    """
    count = len(planes) // half
    parts = planes[: count * half].reshape(count, half, planes.shape[1], 3)
    mean, coherence, foreign = np.moveaxis(parts.mean(axis=1), 2, 0)
    mean_square = np.square(parts[..., 0]).mean(axis=1)
    mean, coherence, foreign, mean_square = (
        (plane[:-1] + plane[1:]) / 2 for plane in (mean, coherence, foreign, mean_square)
    )
    roughness = np.sqrt(np.maximum(mean_square - mean * mean, 0)) / (mean + 20.0)
    is_even = (roughness < MAX_ROUGHNESS) & (mean > MIN_LIGHTNESS) & (coherence < MAX_COHERENCE)
    return np.asarray(is_even | (foreign > 0.5), np.bool_)


def _run_points(profiles: NDArray[np.bool_], start: int, direction: int, run: int) -> NDArray[np.int64]:
    """Rows (strip, across) where runs of even surface begin, going from `start` in `direction`."""
    lines = profiles[:, start:] if direction > 0 else profiles[:, start::-1]
    if lines.shape[1] <= run:
        return np.empty((0, 2), np.int64)
    total = np.cumsum(np.pad(lines, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    is_even = total[:, run:] - total[:, :-run] >= RUN_SHARE * run
    begins = is_even.copy()
    begins[:, 1:] &= ~is_even[:, :-1]
    begins &= np.cumsum(begins, axis=1) <= CANDIDATES
    strips, places = np.nonzero(begins)
    return np.column_stack([strips, start + direction * places])


def _straight_lines(
    points: NDArray[np.int64], along: NDArray[np.float64], tolerance: float, warp: float
) -> list[_Line]:
    """The best line for each of TILTS and every other one with nearly as many strips; see _Line.

    points: rows (strip, across) in the sheared picture; along: place of each strip, from the pivot.
    """
    needed = max(3.0, MIN_INLIER_SHARE * len(along))
    lines: list[_Line] = []
    if len(points) < needed:
        return lines
    strips, places, across = points[:, 0], along[points[:, 0]], points[:, 1].astype(np.float64)
    for tilt in TILTS:
        upright = across - tilt * places
        bins = ((upright - upright.min()) / (tolerance / 2)).astype(np.int64)
        is_hit = np.zeros((len(along), int(bins.max()) + 4), np.bool_)
        is_hit[strips, bins] = True
        agree = (is_hit[:, :-3] | is_hit[:, 1:-2] | is_hit[:, 2:-1] | is_hit[:, 3:]).sum(axis=0)
        least = max(needed, NEARLY * int(agree.max()))
        for window in np.flatnonzero(agree >= least):
            is_near = (bins >= window) & (bins <= window + 3)
            slope, offset = _least_squares(places[is_near], across[is_near], tilt, 4 * tolerance)
            lines.append(_Line(slope + warp, offset, int(agree[window])))
    return lines


def _least_squares(
    places: NDArray[np.float64], across: NDArray[np.float64], tilt: float, least_spread: float
) -> tuple[float, float]:
    """Slope and offset of a line; points too close together keep the given tilt."""
    middle, level = places.mean(), across.mean()
    distance = places - middle
    slope = tilt
    if places.max() - places.min() > least_spread:
        slope = float(distance @ (across - level) / (distance @ distance))
    return slope, float(level - slope * middle)


def _at(edge: _Edge, position: float) -> float:
    return edge.slope * position + edge.offset


def _crossing(horizontal: _Edge, vertical: _Edge) -> tuple[float, float]:
    """Where y = a x + b and x = c y + d meet."""
    y = (horizontal.slope * vertical.offset + horizontal.offset) / (1 - horizontal.slope * vertical.slope)
    return _at(vertical, y), y
