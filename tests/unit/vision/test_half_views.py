"""Two pictures of a face are put straight and together, whatever the cameras' mounts give."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from bee_robot.hive.comb import REFERENCE_COMB
from bee_robot.hive.frame_view import FrameView, Half
from bee_robot.sim import comb_scene
from bee_robot.sim.comb_renderer import ViewTruth, render_view
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.vision import frame_marks
from bee_robot.vision.half_views import refine_views, straighten_halves, whole_grid
from bee_robot.vision.straight_face import Grid, straighten_view

GRID = whole_grid()

WIDTH, HEIGHT = 900, 1200
HALVES: tuple[Half, Half] = ("left", "right")


@cache
def _look(half: Half) -> tuple[np.ndarray, ViewTruth]:
    """A camera whose mount gives more than most."""
    face = HiveWorld(5).face(1, 4, "rear")
    sign = 1 if half == "left" else -1
    view = replace(
        FrameView.of_half(half, WIDTH, HEIGHT),
        roll_rad=0.005 * sign,
        pitch_rad=-0.006,
        yaw_rad=0.005,
        distance_mm=240.8,
    )
    view = replace(view, x_mm=view.x_mm - 0.6, y_mm=view.y_mm + 0.5 * sign)
    return render_view(face, width_px=WIDTH, height_px=HEIGHT, half=half, seed=8, view=view)


def _calibrated() -> dict[Half, FrameView]:
    return {half: FrameView.of_half(half, WIDTH, HEIGHT) for half in HALVES}


def _error_mm(view: FrameView, half: Half) -> float:
    """Mean distance between where a point is said to be and where it is, over this half of the comb."""
    sign = -1 if half == "left" else 1
    x, y = (
        values.ravel() for values in np.meshgrid(np.linspace(0, 200, 9) * sign, np.linspace(-135, 135, 9))
    )
    pixels = _look(half)[1].view.to_pixels(x, y)
    said = view.to_face(pixels[:, 0], pixels[:, 1])
    return float(np.hypot(said[:, 0] - x, said[:, 1] - y).mean())


def test_bars_and_tags_correct_what_the_mounts_give() -> None:
    refined, residual_mm, marks = refine_views({half: _look(half)[0] for half in HALVES}, _calibrated())
    for half in HALVES:
        assert _error_mm(_calibrated()[half], half) > 1.0
        assert _error_mm(refined[half], half) < 0.5
    assert min(marks.values()) > 50 and residual_mm is not None and residual_mm < 0.3


def test_without_anything_known_in_view_the_calibration_stands_and_the_warning_says_so() -> None:
    dark = {"left": np.zeros((HEIGHT, WIDTH, 3), np.uint8)}
    refined, residual_mm, marks = refine_views(dark, _calibrated())
    assert refined["left"] == _calibrated()["left"]
    assert residual_mm is None and marks == {"left": 0}
    face = straighten_halves(dark, _calibrated())
    assert any("neither bars nor tag" in warning for warning in face.warnings)


def test_the_stitched_face_shows_every_cell_at_its_place() -> None:
    """Cells of the rendered face, found again as the picture of the exact views shows them."""
    face = straighten_halves({half: _look(half)[0] for half in HALVES}, _calibrated())
    assert face.bgr.shape == (GRID.height_px, GRID.width_px, 3)
    for half in HALVES:
        exact, is_seen = straighten_view(_look(half)[0], _look(half)[1].view, GRID)
        inner = np.abs(GRID.x_mm) > 10
        inner &= (GRID.x_mm < 0) == (half == "left")
        rows = np.abs(GRID.y_mm) < 130
        window = np.ix_(rows, inner)
        shift, _ = cv2.phaseCorrelate(
            exact[..., 1][window].astype(np.float32), face.bgr[..., 1][window].astype(np.float32)
        )
        assert np.hypot(*shift) / 4 < 0.5
        assert is_seen[window].all()


def _step_at_the_seam(gain: float) -> float:
    """Brightness just right of the seam relative to just left of it, with the right picture darkened."""
    left, right = _look("left")[0], (_look("right")[0] * gain).astype(np.uint8)
    face = straighten_halves({"left": left, "right": right}, _calibrated())
    x, rows = GRID.x_mm, np.abs(GRID.y_mm) < 130
    sides = [face.bgr[np.ix_(rows, (x > low) & (x < high))].mean() for low, high in ((-12, -2), (2, 12))]
    return float(sides[1] / sides[0])


def test_both_halves_are_equally_bright_at_the_seam() -> None:
    assert _step_at_the_seam(0.75) == pytest.approx(_step_at_the_seam(1.0), rel=0.03)


def test_a_view_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="900 x 1200"):
        straighten_view(np.zeros((100, 100, 3), np.uint8), _calibrated()["left"], GRID)


def test_pixels_of_the_straight_picture_have_places_and_back() -> None:
    grid = Grid.of_area(-20, 20, -10, 10)
    assert (grid.width_px, grid.height_px) == (160, 80)
    places = grid.to_mm(np.array([80.0, 0.0]), np.array([40.0, 0.0]))
    assert places.tolist() == [[0.0, 0.0], [-20.0, 10.0]]
    assert grid.to_px(*places.T).tolist() == [[80.0, 40.0], [0.0, 0.0]]
    assert grid.x_mm[80] == pytest.approx(0.125)


def test_the_marks_are_where_the_twin_puts_them() -> None:
    assert frame_marks.TAG_MM == comb_scene.TAG_MM
    assert (REFERENCE_COMB.tag_x_mm, REFERENCE_COMB.tag_y_mm) == (205 + comb_scene.SIDE_BAR_MM / 2, 60)
