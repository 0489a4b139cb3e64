"""Cells that bees hide: where they must be, by the lattice of those in view, and what they probably hold."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CELL_CLASSES, CELL_PITCH_MM
from bee_robot.vision.face_net import FaceReading, SeenCells
from bee_robot.vision.straight_face import PX_PER_MM, Grid

MAP_PX_PER_MM = 1.0
NEIGHBOUR_MM = (3.8, 8.6)  # centres of neighbours, from small worker cells to drone cells
TAKEN_SHARE = 0.62  # of the pitch: nothing else is so near to a cell
CLOSING_MM = 14.0  # comb goes on under a gap of bees as wide as twice this
ROUNDS = 12
LEAST_CELLS = 12  # fewer show no lattice
NEARBY_MM = 7.0  # what a hidden cell holds is what cells about this far away hold

Places = NDArray[np.float64]


def with_hidden_cells(reading: FaceReading, grid: Grid) -> SeenCells:
    """All cells: those found, and those that the lattice says are under bees, with the classes of what is near them.

    The class probabilities of every hidden cell are the shares among its visible neighbours, weighted by their distance.
    """
    if len(reading.cells.place_mm) < LEAST_CELLS:
        return reading.cells
    cells = _once_each(reading.cells)
    added = _grown(cells.place_mm, reading.visible, grid)
    places = np.concatenate([cells.place_mm, added])
    count = len(added)
    visible = np.concatenate([cells.visible, np.zeros(count, np.float32)])
    probability = np.concatenate([cells.probability, np.full(count, 0.5, np.float32)])
    own = np.concatenate([cells.class_probability, np.zeros((count, len(CELL_CLASSES)), np.float32)])
    whole = SeenCells(places, own, visible, probability)
    if whole.is_hidden.any() and not whole.is_hidden.all():
        own[whole.is_hidden] = _from_neighbours(whole, grid)
    return SeenCells(places, own, visible, probability)


def cell_pitch_mm(places: Places) -> float:
    """Centre to centre: the median over neighbours. CELL_PITCH_MM where there are too few cells to tell."""
    if len(places) < LEAST_CELLS:
        return CELL_PITCH_MM
    distance, _ = _neighbours(places)
    is_near = (distance > NEIGHBOUR_MM[0]) & (distance < NEIGHBOUR_MM[1])
    return float(np.median(distance[is_near])) if is_near.any() else CELL_PITCH_MM


def _once_each(cells: SeenCells) -> SeenCells:
    """Of two places too near to each other to be two cells, the surer one."""
    distance, index = _neighbours(cells.place_mm)
    is_same = distance < TAKEN_SHARE * cell_pitch_mm(cells.place_mm)
    sure = cells.probability.astype(np.float64) + cells.visible
    sure -= 1e-6 * np.arange(len(sure))  # of two alike, the first
    is_worse = (is_same & (sure[index] > sure[:, None])).any(axis=1)
    kept = ~is_worse
    return SeenCells(
        cells.place_mm[kept], cells.class_probability[kept], cells.visible[kept], cells.probability[kept]
    )


def _neighbours(places: Places) -> tuple[Places, NDArray[np.int32]]:
    """Distances and indices (N, 6) of the nearest others."""
    data = np.ascontiguousarray(places, np.float32)
    tree = cv2.flann.Index(data, {"algorithm": 4, "leaf_max_size": 12})  # an exact k-d tree
    index, square = tree.knnSearch(data, min(7, len(data)), params={})
    distance = np.sqrt(np.maximum(square[:, 1:], 0)).astype(np.float64)
    return distance, np.asarray(index[:, 1:], np.int32)


def _grown(places: Places, visible: NDArray[np.float32], grid: Grid) -> Places:
    """New cells beside known ones, ring by ring, wherever the picture shows no cell but a bee."""
    shape = visible.shape
    pitch = cell_pitch_mm(places)
    taken = np.zeros(shape, np.uint8)
    _mark(taken, places, grid, TAKEN_SHARE * pitch)
    comb = np.zeros(shape, np.uint8)
    _mark(comb, places, grid, 0.6 * pitch)
    reach = int(CLOSING_MM * MAP_PX_PER_MM)
    padded = cv2.copyMakeBorder(comb, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=(0,))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc)[reach:-reach, reach:-reach]
    is_free = (closed > 0) & (visible < 0.5)
    steps = _steps(places)
    edge, added = places, []
    for _ in range(ROUNDS):
        wanted = (edge[:, None, :] + steps[None]).reshape(-1, 2)
        new = []
        for k in _inside(wanted, is_free & (taken == 0), grid):
            row, column = _pixel(wanted[k : k + 1], grid)
            if not taken[row[0], column[0]]:
                new.append(wanted[k])
                _mark(taken, wanted[k : k + 1], grid, TAKEN_SHARE * pitch)
        if not new:
            break
        edge = np.array(new)
        added.append(edge)
    return np.concatenate(added) if added else np.empty((0, 2))


def _steps(places: Places) -> Places:
    """(6, 2): from a cell to its neighbours, as most cells on this face have them."""
    distance, index = _neighbours(places)
    offset = places[index] - places[:, None, :]
    is_near = (distance > NEIGHBOUR_MM[0]) & (distance < NEIGHBOUR_MM[1])
    offset = offset[is_near]
    angle = np.arctan2(offset[:, 1], offset[:, 0])
    first = float(np.angle(np.exp(6j * angle).mean()) / 6)
    pitch = float(np.median(distance[is_near]))
    turns = first + np.arange(6) * math.pi / 3
    return pitch * np.column_stack([np.cos(turns), np.sin(turns)])


def _pixel(places: Places, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    px = grid.to_px(places[:, 0], places[:, 1]) * (MAP_PX_PER_MM / PX_PER_MM)
    return np.floor(px[:, 1]).astype(np.int64), np.floor(px[:, 0]).astype(np.int64)


def _inside(places: Places, mask: NDArray[np.bool_], grid: Grid) -> NDArray[np.int64]:
    row, column = _pixel(places, grid)
    is_in = (row >= 0) & (column >= 0) & (row < mask.shape[0]) & (column < mask.shape[1])
    chosen = np.flatnonzero(is_in)
    return chosen[mask[row[chosen], column[chosen]]]


def _mark(mask: NDArray[np.uint8], places: Places, grid: Grid, radius_mm: float) -> None:
    scale = MAP_PX_PER_MM / PX_PER_MM
    px = grid.to_px(places[:, 0], places[:, 1]) * scale
    shift = 4
    for x, y in np.round((px - 0.5) * 2**shift).astype(int):
        radius = round(radius_mm * MAP_PX_PER_MM * 2**shift)
        cv2.circle(mask, (int(x), int(y)), radius, (1,), -1, shift=shift)


def _from_neighbours(cells: SeenCells, grid: Grid) -> NDArray[np.float32]:
    """(hidden, 8): shares of the classes of visible cells around each hidden one, fading with the distance."""
    height, width = round(grid.height_px / PX_PER_MM) + 1, round(grid.width_px / PX_PER_MM) + 1
    sums = np.zeros((height, width, len(CELL_CLASSES) + 1), np.float32)
    row, column = _pixel(cells.place_mm, grid)
    row, column = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
    seen = ~cells.is_hidden
    # Likeliest classes, not probabilities: a small doubt about every cell would add up to an area.
    likeliest = np.eye(len(CELL_CLASSES), dtype=np.float32)[cells.class_probability[seen].argmax(axis=1)]
    values = np.column_stack([likeliest, np.ones(len(likeliest), np.float32)])
    np.add.at(sums, (row[seen], column[seen]), values)
    near = np.dstack([cv2.GaussianBlur(plane, (0, 0), NEARBY_MM) for plane in cv2.split(sums)])
    wide = np.dstack([cv2.GaussianBlur(plane, (0, 0), 4 * NEARBY_MM) for plane in cv2.split(sums)])
    picked = (near + 1e-3 * wide)[row[~seen], column[~seen]] + 1e-9
    return np.asarray(picked[:, :-1] / picked[:, :-1].sum(axis=1, keepdims=True), np.float32)
