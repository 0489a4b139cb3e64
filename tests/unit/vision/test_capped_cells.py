"""Cappings on photographs of other cameras: brown ones are brood, pale ones honey, whatever the network leans to."""

from __future__ import annotations

import numpy as np
import pytest

from bee_robot.hive.comb import CELL_CLASSES
from bee_robot.vision.capped_cells import BROOD, HONEY, tell_cappings
from bee_robot.vision.face_net import SeenCells
from bee_robot.vision.straight_face import Grid, StraightFace

BROWN, PALE = (62, 92, 138), (175, 203, 222)  # BGR, of cappings in tests/data/photos


def face_and_cells(leaning: float, visible: float = 1.0) -> tuple[StraightFace, SeenCells]:
    """Brown on the left, pale on the right; the network gives `leaning` to honey everywhere."""
    bgr = np.empty((200, 400, 3), np.uint8)
    bgr[:, :200], bgr[:, 200:] = BROWN, PALE
    grid = Grid(400, 200, 200, 100)
    face = StraightFace(
        bgr=bgr,
        grid=grid,
        is_seen=np.full((200, 400), 255, np.uint8),
        source_px_per_mm=1.6,
        scale_error=0.05,
        residual_mm=None,
        is_own_camera=False,
        warnings=(),
    )
    x, y = np.meshgrid(np.arange(-46, 47, 5.3), np.arange(-22, 23, 4.6))
    place = np.stack([x.ravel(), y.ravel()], axis=1)
    probability = np.zeros((len(place), len(CELL_CLASSES)), np.float32)
    probability[:, HONEY], probability[:, BROOD] = leaning, 1 - leaning
    full = np.full(len(place), visible, np.float32)
    return face, SeenCells(place, probability, full, np.ones_like(full))


@pytest.mark.parametrize("leaning", [0.1, 0.5, 0.9])
def test_colour_decides(leaning: float) -> None:
    face, cells = face_and_cells(leaning)
    told = tell_cappings(face, cells)
    is_brood = told.class_probability[:, BROOD] > told.class_probability[:, HONEY]
    is_left = cells.place_mm[:, 0] < -8
    is_right = cells.place_mm[:, 0] > 8
    assert is_brood[is_left].all() and not is_brood[is_right].any()
    np.testing.assert_allclose(told.class_probability.sum(axis=1), 1, atol=1e-5)


def test_hidden_and_open_cells_stay_as_they_are() -> None:
    face, cells = face_and_cells(0.9, visible=0.1)
    assert tell_cappings(face, cells) is cells
