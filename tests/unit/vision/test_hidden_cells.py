"""Cells under bees: where they must be and what they probably hold."""

from __future__ import annotations

import numpy as np
import pytest

from bee_robot.hive.comb import CELL_CLASSES, CellClass
from bee_robot.vision.face_net import FaceReading, SeenCells
from bee_robot.vision.hidden_cells import cell_pitch_mm, with_hidden_cells
from bee_robot.vision.measures import count_comb
from bee_robot.vision.straight_face import Grid

PITCH_MM = 5.3
GRID = Grid.of_area(-60, 60, -60, 60)
HONEY, EMPTY = CELL_CLASSES.index(CellClass.HONEY), CELL_CLASSES.index(CellClass.EMPTY)


def _lattice(turn_rad: float = 0.0) -> np.ndarray:
    row, column = np.mgrid[-12:13, -12:13]
    x, y = (column + 0.5 * (row % 2)) * PITCH_MM, row * PITCH_MM * 3**0.5 / 2
    places = np.column_stack([x.ravel(), y.ravel()])
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    return (places @ np.array([[c, s], [-s, c]]))[np.abs(places).max(axis=1) < 45]


def _reading(places: np.ndarray, bees: list[tuple[float, float, float]]) -> FaceReading:
    """Honey on the left and empty cells on the right; bees: x, y, radius of what hides the comb."""
    rows, columns = np.mgrid[:120, :120]
    x_mm, y_mm = columns + 0.5 - 60, 60 - rows - 0.5
    visible = np.ones((120, 120), np.float32)
    seen = np.ones(len(places), bool)
    for x, y, radius in bees:
        visible[np.hypot(x_mm - x, y_mm - y) < radius] = 0
        seen &= np.hypot(places[:, 0] - x, places[:, 1] - y) > radius
    kept = places[seen]
    shares = np.zeros((len(kept), len(CELL_CLASSES)), np.float32)
    shares[np.arange(len(kept)), np.where(kept[:, 0] < 0, HONEY, EMPTY)] = 1
    ones = np.ones(len(kept), np.float32)
    return FaceReading((), SeenCells(kept, shares, ones, ones), (), visible)


@pytest.mark.parametrize("turn_rad", [0.0, 0.3])
def test_the_lattice_says_where_cells_under_bees_are(turn_rad: float) -> None:
    places = _lattice(turn_rad)
    reading = _reading(places, [(-20, 3, 9), (21, -15, 7)])
    cells = with_hidden_cells(reading, GRID)
    assert len(cells.place_mm) == pytest.approx(len(places), abs=3)
    assert cells.is_hidden.sum() > 10
    for place in cells.place_mm[cells.is_hidden]:
        assert np.hypot(*(places - place).T).min() < 1.5


def test_hidden_cells_hold_what_the_cells_beside_them_hold() -> None:
    cells = with_hidden_cells(_reading(_lattice(), [(-20, 3, 9), (21, -15, 7)]), GRID)
    hidden = cells.is_hidden
    likeliest = cells.class_probability.argmax(axis=1)
    assert (likeliest[hidden] == np.where(cells.place_mm[hidden, 0] < 0, HONEY, EMPTY)).all()
    count = count_comb(cells, sees_eggs=True)
    assert count.shares.sum() == pytest.approx(len(cells.place_mm), rel=1e-4)


def test_one_cell_found_twice_counts_once() -> None:
    places = _lattice()
    doubled = np.concatenate([places, places[::7] + 1.2])
    cells = with_hidden_cells(_reading(doubled, []), GRID)
    assert len(cells.place_mm) == len(places)


def test_the_edge_of_the_comb_is_no_hidden_comb() -> None:
    places = _lattice()
    assert len(with_hidden_cells(_reading(places, []), GRID).place_mm) == len(places)


def test_a_handful_of_cells_is_left_as_it_is() -> None:
    few = _lattice()[:5]
    assert len(with_hidden_cells(_reading(few, []), GRID).place_mm) == 5
    assert cell_pitch_mm(few) == PITCH_MM


def test_without_eggs_in_sight_open_cells_are_counted_together() -> None:
    cells = with_hidden_cells(_reading(_lattice(), []), GRID)
    count = count_comb(cells, sees_eggs=False)
    assert CellClass.OPEN in count.classes and CellClass.EGGS not in count.classes
    assert count.shares[:, count.classes.index(CellClass.OPEN)].sum() == (cells.place_mm[:, 0] >= 0).sum()
