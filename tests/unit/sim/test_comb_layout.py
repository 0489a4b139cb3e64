"""Comb is built as bees build it."""

from __future__ import annotations

import numpy as np
import pytest

from bee_robot.hive.comb import CELL_PITCH_MM, COMB_HEIGHT_MM, COMB_WIDTH_MM
from bee_robot.sim.comb_layout import DRONE_PITCH_MM, FrameComb, build_comb, burr_comb, cells_of_side

WHOLE = FrameComb(0.5, 0.3, (0.0, 0.0), 0.0, (), 1)
PATCH = (140.0, -105.0, 50.0, 35.0)


def nearest_mm(x: np.ndarray, y: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    distance = np.hypot(x[:, None] - x, y[:, None] - y)
    np.fill_diagonal(distance, np.inf)
    return np.asarray(distance.min(axis=1))


def test_a_whole_side_has_411_cells_on_a_square_decimetre() -> None:
    cells = cells_of_side(WHOLE, "rear", np.random.default_rng(1))
    area_dm2 = COMB_WIDTH_MM * COMB_HEIGHT_MM / 1e4
    assert cells.x_mm.size / area_dm2 == pytest.approx(411, rel=0.04)  # less its edges
    assert np.median(nearest_mm(cells.x_mm, cells.y_mm)) == pytest.approx(CELL_PITCH_MM, rel=0.06)
    assert nearest_mm(cells.x_mm, cells.y_mm).min() > 0.8 * CELL_PITCH_MM


def test_drone_comb_is_a_patch_of_larger_cells_without_worker_cells_in_it() -> None:
    cells = cells_of_side(FrameComb(0.5, 0.3, (0.0, 0.0), 0.0, (PATCH,), 1), "rear", np.random.default_rng(1))
    x, y = cells.x_mm[cells.is_drone], cells.y_mm[cells.is_drone]
    assert 60 < x.size < 200 and (cells.size_mm[cells.is_drone] == np.float32(DRONE_PITCH_MM)).all()
    assert np.median(nearest_mm(x, y)) == pytest.approx(DRONE_PITCH_MM, rel=0.06)
    across = np.hypot(cells.x_mm[~cells.is_drone, None] - x, cells.y_mm[~cells.is_drone, None] - y)
    assert across.min() > 0.8 * CELL_PITCH_MM


def test_both_sides_of_a_frame_are_one_comb() -> None:
    comb = FrameComb(0.5, 0.3, (90.0, 0.0), 0.0, (PATCH,), 1)
    rear, front = (cells_of_side(comb, side, np.random.default_rng(1)) for side in ("rear", "front"))
    assert rear.x_mm[rear.is_drone].mean() == pytest.approx(-front.x_mm[front.is_drone].mean(), abs=3)
    bottom = -COMB_HEIGHT_MM / 2 + 20
    assert rear.x_mm[rear.y_mm < bottom].min() > -190 and front.x_mm[front.y_mm < bottom].max() < 190


def test_a_corner_that_is_not_built_has_a_smooth_outline() -> None:
    comb = FrameComb(0.5, 0.3, (100.0, 0.0), 6.0, (), 3)
    cells = cells_of_side(comb, "rear", np.random.default_rng(2))
    missing = 4600 - cells.x_mm.size
    assert 60 < missing < 500
    lowest = [cells.y_mm[np.abs(cells.x_mm - x) < 4].min() for x in np.arange(-200, -100, 8)]
    assert lowest[0] > lowest[-1] + 25
    assert np.abs(np.diff(lowest)).max() < 40


def test_brood_combs_are_darker_than_supers() -> None:
    brood, super_ = (
        [build_comb(np.random.default_rng(k), is_brood_comb=is_brood, nearness=n).wax_age for k in range(60)]
        for is_brood, n in ((True, 0.8), (False, 0.0))
    )
    assert np.mean(brood) > np.mean(super_) + 0.3
    assert min(super_) >= 0 and max(brood) <= 1


def test_burr_comb_is_rare_and_of_the_size_of_a_finger() -> None:
    ridges = [ridge for k in range(100) for ridge in burr_comb(np.random.default_rng(k))]
    assert 20 < len(ridges) < 100
    assert all(10 <= ridge.length_mm <= 70 and 3 <= ridge.width_mm <= 8 for ridge in ridges)
