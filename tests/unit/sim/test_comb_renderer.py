"""Pictures of the twin's cameras and the truth beside them."""

from __future__ import annotations

import time

import numpy as np
import pytest

from bee_robot.sim.comb_renderer import HALF_OVERLAP_MM, mm_per_pixel, render_view
from bee_robot.sim.hive_world import HiveWorld

FACE = HiveWorld(11).face(1, 5, "rear")


def test_the_same_face_and_seed_give_the_same_picture() -> None:
    first, _ = render_view(FACE, width_px=300, height_px=400, half="left", seed=3)
    again, _ = render_view(FACE, width_px=300, height_px=400, half="left", seed=3)
    other, _ = render_view(FACE, width_px=300, height_px=400, half="left", seed=4)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_both_halves_together_show_every_bee_once() -> None:
    halves = [
        render_view(FACE, width_px=300, height_px=400, half=half, seed=1)[1] for half in ("left", "right")
    ]
    assert sum(truth["bees_of_half"] for truth in halves) == len(FACE.bees)
    assert sum(truth["bees"] for truth in halves) > len(FACE.bees)  # the overlap is in both


def test_truth_of_cells_adds_up_to_the_comb_in_view() -> None:
    _, truth = render_view(FACE, width_px=450, height_px=600, half="right", seed=1)
    assert sum(truth["areas_dm2"].values()) == pytest.approx(truth["comb_dm2"], rel=0.03)
    assert 0.1 < truth["bee_coverage"] < 0.7
    assert truth["mm_per_pixel"] == pytest.approx(mm_per_pixel(450))
    assert 0 < HALF_OVERLAP_MM < 100


def test_bees_are_darker_than_the_cappings_they_stand_on() -> None:
    """A picture without its bees is lighter where they stood, and the same elsewhere but for light and noise."""
    bare = HiveWorld(11).face(1, 5, "rear")
    bare = type(bare)(bare.frame_id, bare.side, bare.cell_x_mm, bare.cell_y_mm, bare.cell_class, ())
    with_bees, truth = render_view(FACE, width_px=450, height_px=600, half="left", seed=1)
    without, _ = render_view(bare, width_px=450, height_px=600, half="left", seed=1)
    changed = np.abs(with_bees.astype(int) - without).max(axis=2) > 40
    assert changed.mean() == pytest.approx(truth["bee_coverage"], abs=0.15)
    assert with_bees[changed].mean() < without[changed].mean()


def test_a_picture_takes_a_quarter_of_a_second_at_most() -> None:
    render_view(FACE, width_px=900, height_px=1200, half="left", seed=1)  # sprites are made once for a scale
    started = time.process_time()
    picture, _ = render_view(FACE, width_px=900, height_px=1200, half="left", seed=2)
    assert picture.shape == (1200, 900, 3) and picture.dtype == np.uint8
    assert time.process_time() - started <= 0.25


@pytest.mark.parametrize("wrong", [{"half": "top"}, {"width_px": 20}, {"height_px": 100_000}])
def test_a_view_that_no_camera_has_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="half|width"):
        render_view(FACE, **{"width_px": 300, "height_px": 400, "half": "left", "seed": 1} | wrong)  # type: ignore[arg-type]
