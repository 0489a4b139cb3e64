"""The robot's two pictures of a face put straight and together: calibration first, then what is seen corrects it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import REFERENCE_COMB, CombSize
from bee_robot.hive.frame_view import FrameView, Half
from bee_robot.vision.frame_marks import Marks, find_marks
from bee_robot.vision.straight_face import PX_PER_MM, Grid, StraightFace, straighten_view

BESIDE_COMB_MM, OVER_COMB_MM = 13.0, 12.5  # of all bars, the inner part is kept
HALF_REACH_MM = 128.0  # of a half's grid, from its camera
BESIDE_BARS_MM, OVER_BARS_MM = (
    8.0,
    10.5,
)  # and so far beyond the bars' inner edges, which are looked for in it
#: How much a mount gives, standard deviations: x, y, distance (mm), roll, pitch, yaw (rad).
MOUNT_ERRORS: NDArray[np.float64] = np.array([0.35, 0.35, 0.7, 0.0035, 0.0035, 0.0035])
STEPS = np.array([0.05, 0.05, 0.05, 2e-4, 2e-4, 2e-4])
PATCH_MM = 32.0  # pieces of the overlap that are compared
HALVES: tuple[Half, Half] = ("left", "right")
LEAST_RESPONSE = 0.12  # of the phase correlation
SAME_PLACE_MM = 1.2  # standard deviation of a piece's shift: bees on it stand above the comb
MAX_SHIFT_MM = 2.6  # half a cell: beyond, the lattice fits as well one cell further
ROUNDS = 6
BLEND_MM = 1.0  # half width of the soft seam
LEAST_MARKS = 20  # known coordinates; fewer could be chance
UNREFINED_MM = 1.5  # said to be the residual where nothing known is seen


@dataclass(frozen=True)
class _Pairs:
    """Places that show the same point of the comb: px in the left and the right photograph, each (N, 2)."""

    left_px: NDArray[np.float64]
    right_px: NDArray[np.float64]


def whole_grid(comb: CombSize = REFERENCE_COMB) -> Grid:
    """Of comb and the inner part of all bars."""
    x_mm, y_mm = comb.width_mm / 2 + BESIDE_COMB_MM, comb.height_mm / 2 + OVER_COMB_MM
    return Grid.of_area(-x_mm, x_mm, -y_mm, y_mm)


def straighten_halves(
    pictures: Mapping[Half, NDArray[np.uint8]],
    views: Mapping[Half, FrameView],
    comb: CombSize = REFERENCE_COMB,
) -> StraightFace:
    """One straight picture from the left, the right or both halves; `views` as calibrated, for pictures of this size."""
    halves = [half for half in HALVES if half in pictures]
    refined, residual_mm, marks = refine_views(pictures, views, comb)
    grid = whole_grid(comb)
    unmarked = tuple(half for half in halves if marks[half] < LEAST_MARKS)
    parts = {half: straighten_view(pictures[half], refined[half], grid) for half in halves}
    if len(halves) == 2:
        bgr, is_seen = _stitched(parts["left"], parts["right"], grid)
    else:
        bgr, is_seen = parts[halves[0]]
    warnings: tuple[str, ...] = ()
    if unmarked:
        warnings = (
            f"neither bars nor tag of the frame were seen clearly in the {' and the '.join(unmarked)} half: places may be "
            f"{UNREFINED_MM:.1f} mm off, as far as the cameras' mounts give",
        )
    return StraightFace(
        bgr=bgr,
        grid=grid,
        is_seen=is_seen,
        source_px_per_mm=min(1 / views[half].mm_per_pixel for half in halves),
        scale_error=0.01,
        residual_mm=residual_mm,
        is_own_camera=True,
        warnings=warnings,
        unmarked_halves=unmarked,
        comb=comb,
    )


def refine_views(
    pictures: Mapping[Half, NDArray[np.uint8]],
    views: Mapping[Half, FrameView],
    comb: CombSize = REFERENCE_COMB,
) -> tuple[dict[Half, FrameView], float | None, dict[Half, int]]:
    """The views corrected by what is known of the frame's wood and by what both halves show.

    Least squares (Gauss-Newton, Cauchy weights) with the give of the mounts as prior. Returns views, what remains at the
    marks in millimetres (robust standard deviation, None without marks), and the number of known coordinates in each half.
    """
    halves = list(pictures)
    straight, grids, marks = {}, {}, {}
    for half in halves:
        middle = views[half].x_mm
        reach_x = max(HALF_REACH_MM, comb.width_mm / 2 + BESIDE_BARS_MM - abs(middle))
        reach_y = comb.height_mm / 2 + OVER_BARS_MM
        grids[half] = Grid.of_area(middle - reach_x, middle + reach_x, -reach_y, reach_y)
        straight[half] = straighten_view(pictures[half], views[half], grids[half])[0]
        marks[half] = find_marks(pictures[half], views[half], half, straight[half], grids[half], comb)
    pairs = _pairs(straight, grids, views) if len(halves) == 2 else None
    changes: NDArray[np.float64] = np.zeros((len(halves), 6))
    for _ in range(ROUNDS):
        changes = _improved(changes, halves, views, marks, pairs)
    refined = {half: _moved(views[half], changes[k]) for k, half in enumerate(halves)}
    rest = {half: _mark_errors(refined[half], marks[half])[0] for half in halves}
    every = np.concatenate(list(rest.values()))
    residual = float(1.4826 * np.median(np.abs(every))) if every.size else None
    return refined, residual, {half: int(errors.size) for half, errors in rest.items()}


def _moved(view: FrameView, change: NDArray[np.float64]) -> FrameView:
    x, y, distance, roll, pitch, yaw = (float(value) for value in change)
    return replace(
        view,
        x_mm=view.x_mm + x,
        y_mm=view.y_mm + y,
        distance_mm=view.distance_mm + distance,
        roll_rad=view.roll_rad + roll,
        pitch_rad=view.pitch_rad + pitch,
        yaw_rad=view.yaw_rad + yaw,
    )


def _mark_errors(view: FrameView, marks: Marks) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Millimetres by which known coordinates are missed, and their standard deviations."""
    errors, sure = [np.empty(0)], [np.empty(0)]
    for z in np.unique(marks.xyz_mm[:, 2]):
        own = marks.xyz_mm[:, 2] == z
        at = view.to_face(marks.uv_px[own, 0], marks.uv_px[own, 1], float(z))
        difference = at - marks.xyz_mm[own, :2]
        for axis in range(2):
            known = np.isfinite(difference[:, axis])
            errors.append(difference[known, axis])
            sure.append(marks.sure_mm[own][known])
    return np.concatenate(errors), np.concatenate(sure)


def _errors(
    changes: NDArray[np.float64],
    halves: list[Half],
    views: Mapping[Half, FrameView],
    marks: Mapping[Half, Marks],
    pairs: _Pairs | None,
) -> NDArray[np.float64]:
    """Everything that should be zero, in standard deviations."""
    moved = {half: _moved(views[half], changes[k]) for k, half in enumerate(halves)}
    parts = []
    for half in halves:
        errors, sure = _mark_errors(moved[half], marks[half])
        parts.append(errors / sure)
    if pairs is not None and len(pairs.left_px):
        left = moved["left"].to_face(pairs.left_px[:, 0], pairs.left_px[:, 1])
        right = moved["right"].to_face(pairs.right_px[:, 0], pairs.right_px[:, 1])
        parts.append(((left - right) / SAME_PLACE_MM).ravel())
    return np.concatenate(parts)


def _improved(
    changes: NDArray[np.float64],
    halves: list[Half],
    views: Mapping[Half, FrameView],
    marks: Mapping[Half, Marks],
    pairs: _Pairs | None,
) -> NDArray[np.float64]:
    """One step of least squares."""
    errors = _errors(changes, halves, views, marks, pairs)
    slopes = np.empty((errors.size, changes.size))
    for k in range(changes.size):
        tried = changes.copy().ravel()
        tried[k] += STEPS[k % 6]
        slopes[:, k] = (_errors(tried.reshape(changes.shape), halves, views, marks, pairs) - errors) / STEPS[
            k % 6
        ]
    weights = 1 / (1 + (errors / 3) ** 2)
    prior = np.tile(1 / MOUNT_ERRORS**2, len(halves))
    matrix = (slopes * weights[:, None]).T @ slopes + np.diag(prior)
    vector = (slopes * weights[:, None]).T @ errors + prior * changes.ravel()
    return changes - np.linalg.solve(matrix, vector).reshape(changes.shape)


def _pairs(
    straight: Mapping[Half, NDArray[np.uint8]], grids: Mapping[Half, Grid], views: Mapping[Half, FrameView]
) -> _Pairs:
    """Shifts between pieces of the overlap. Bees shift more than the comb they stand on; the lattice outweighs them."""
    size = round(PATCH_MM * PX_PER_MM)
    window = cv2.createHanningWindow((size, size), cv2.CV_32F)
    detail = {half: _detail(straight[half]) for half in straight}
    left_mm = max(grids["right"].x_mm[0], grids["left"].x_mm[0]) + PATCH_MM / 2 + 3
    right_mm = min(grids["right"].x_mm[-1], grids["left"].x_mm[-1]) - PATCH_MM / 2 - 3
    places, shifted = [], []
    for x in np.arange(left_mm, right_mm + 1, PATCH_MM / 2):
        for y in np.arange(-125, 126, PATCH_MM / 2):
            cut = [_cut(detail[half], grids[half], float(x), float(y), size) for half in HALVES]
            if cut[0] is None or cut[1] is None:
                continue
            (u, v), response = cv2.phaseCorrelate(cut[0], cut[1], window)
            shift = np.array([u, -v]) / PX_PER_MM
            if response > LEAST_RESPONSE and np.hypot(*shift) < MAX_SHIFT_MM:
                places.append((x, y))
                shifted.append((x + shift[0], y + shift[1]))
    if len(places) < 4:
        return _Pairs(np.empty((0, 2)), np.empty((0, 2)))
    here, there = np.array(places), np.array(shifted)
    return _Pairs(views["left"].to_pixels(*here.T), views["right"].to_pixels(*there.T))


def _detail(bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.5) - cv2.GaussianBlur(grey, (0, 0), 12), np.float32)


def _cut(
    detail: NDArray[np.float32], grid: Grid, x_mm: float, y_mm: float, size: int
) -> NDArray[np.float32] | None:
    column = round(grid.origin_x_px + x_mm * PX_PER_MM) - size // 2
    row = round(grid.origin_y_px - y_mm * PX_PER_MM) - size // 2
    piece = detail[max(row, 0) : row + size, max(column, 0) : column + size]
    return np.ascontiguousarray(piece) if piece.shape == (size, size) else None


_Part = tuple[NDArray[np.uint8], NDArray[np.bool_]]


def _stitched(left: _Part, right: _Part, grid: Grid) -> _Part:
    """Both parts on one grid, the seam at the middle of the face, the right part as bright as the left where both see."""
    both = left[1] & right[1]
    gains = np.ones(3, np.float32)
    if both[::4, ::4].sum() > 500:
        middles = [
            part[0][::4, ::4][both[::4, ::4]].astype(np.float32).mean(axis=0) for part in (left, right)
        ]
        gains = np.clip((middles[0] + 3) / (middles[1] + 3), 0.6, 1.6)
    x = grid.x_mm
    share = np.clip(0.5 + x / (2 * BLEND_MM), 0, 1).astype(np.float32)[None, :]  # of the right part
    weight = np.where(both, share, right[1] & ~left[1]).astype(np.float32)[..., None]
    # Half of the difference to each side, so that neither end of the face is brightened alone.
    scaled = [left[0] / np.sqrt(gains), right[0] * np.sqrt(gains)]
    bgr = scaled[0] * (1 - weight) + scaled[1] * weight
    return np.clip(bgr + 0.5, 0, 255).astype(np.uint8), np.asarray(left[1] | right[1], np.bool_)
