"""Pictures of the twin's cameras and the truth beside them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from bee_robot.hive.comb import CELL_CLASSES, BeeOnComb, Caste, CellClass, QueenCell, QueenCellKind
from bee_robot.hive.frame_view import FrameView
from bee_robot.sim.comb_renderer import HALF_OVERLAP_MM, mm_per_pixel, mounted_view, render_view
from bee_robot.sim.comb_scene import TAG_DICTIONARY
from bee_robot.sim.hive_world import HiveWorld

FACE = HiveWorld(11).face(1, 5, "rear")
BARE = replace(FACE, bees=())


def bee(x_mm: float, y_mm: float, **more: object) -> BeeOnComb:
    return BeeOnComb(
        **({"x_mm": x_mm, "y_mm": y_mm, "heading_rad": 0.0, "caste": Caste.WORKER, "length_mm": 13.5} | more)
    )  # type: ignore[arg-type]


def test_the_same_face_and_seed_give_the_same_picture() -> None:
    first, _ = render_view(FACE, width_px=300, height_px=400, half="left", seed=3)
    again, _ = render_view(FACE, width_px=300, height_px=400, half="left", seed=3)
    other, _ = render_view(FACE, width_px=300, height_px=400, half="left", seed=4)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_both_halves_together_show_every_bee() -> None:
    halves = [
        render_view(FACE, width_px=300, height_px=400, half=half, seed=1)[1] for half in ("left", "right")
    ]
    seen = [{bee.index for bee in truth.bees} for truth in halves]
    assert seen[0] | seen[1] == set(range(len(FACE.bees)))
    assert seen[0] & seen[1]  # the overlap is in both
    assert 0 < HALF_OVERLAP_MM < 100


def test_truth_of_cells_adds_up_to_the_comb_in_view() -> None:
    _, truth = render_view(FACE, width_px=450, height_px=600, half="right", seed=1)
    assert truth.cell_index.size == pytest.approx(sum(truth.areas_dm2.values()) * 1e4 / 24.33, rel=0.01)
    assert truth.mm_per_pixel == pytest.approx(mm_per_pixel(450), rel=0.02)
    assert truth.bee_coverage == pytest.approx(1 - truth.cell_visible.mean(), abs=0.12)


def test_a_bare_comb_hides_nothing_and_a_crowded_one_much() -> None:
    _, bare = render_view(BARE, width_px=600, height_px=800, half="left", seed=1)
    _, crowded = render_view(FACE, width_px=600, height_px=800, half="left", seed=1)
    assert bare.bee_coverage == 0 and np.quantile(bare.cell_visible, 0.02) == 1
    assert crowded.cell_visible.mean() < 0.9


def test_a_bee_is_where_truth_says_and_hides_who_is_below() -> None:
    below, above = bee(-90.0, -10.0), bee(-90.0, -8.0, heading_rad=1.2)
    alone = replace(FACE, bees=(below,))
    both = replace(FACE, bees=(below, above))
    view = mounted_view("left", 600, 800, 1)
    with_one, one = render_view(alone, width_px=600, height_px=800, half="left", seed=1, view=view)
    _, two = render_view(both, width_px=600, height_px=800, half="left", seed=1, view=view)
    without, _ = render_view(BARE, width_px=600, height_px=800, half="left", seed=1, view=view)
    changed = np.abs(with_one.astype(int) - without).max(axis=2) > 40
    rows, columns = np.nonzero(changed)
    assert one.bees[0].visible == 1.0
    assert (one.bees[0].u_px, one.bees[0].v_px) == pytest.approx((columns.mean(), rows.mean()), abs=4)
    assert two.bees[0].visible < 0.8 and two.bees[1].visible == 1.0


def test_tags_on_the_end_bars_name_the_frame() -> None:
    picture, _ = render_view(replace(BARE, frame_id=37), width_px=1080, height_px=1440, half="left", seed=1)
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(TAG_DICTIONARY))
    _, found, _ = detector.detectMarkers(picture)
    assert found is not None and found.ravel().tolist() == [37]


def test_what_a_cell_holds_changes_how_it_looks() -> None:
    """The classes of a cell differ from each other in colour or in texture by more than two cells of one class do."""
    index = int(np.argmin(np.hypot(FACE.cell_x_mm + 110, FACE.cell_y_mm - 20)))
    looks = []
    for number in range(8):
        classes = FACE.cell_class.copy()
        classes[index] = number
        face = replace(
            BARE,
            cell_class=classes,
            cell_age_d=np.full(classes.size, 8.0, np.float32),
            cell_fill=np.full(classes.size, 0.9, np.float32),
        )
        view = FrameView.of_half("left", 3000, 4000)
        u, v = np.rint(view.to_pixels(face.cell_x_mm[index], face.cell_y_mm[index])[0]).astype(int)
        small = replace(view, width_px=200, height_px=200, x_mm=view.x_mm, y_mm=view.y_mm)
        shifted = replace(
            small,
            x_mm=float(face.cell_x_mm[index]) - 20.0,
            y_mm=float(face.cell_y_mm[index]) + 20.0,
            focal_px=view.focal_px / 4,
        )
        assert 0 < u < 3000 and 0 < v < 4000
        picture, _ = render_view(face, width_px=200, height_px=200, half="left", seed=5, view=shifted)
        a, b = np.rint(shifted.to_pixels(face.cell_x_mm[index], face.cell_y_mm[index])[0]).astype(int)
        looks.append(picture[b - 5 : b + 6, a - 5 : a + 6].astype(float))
    for one in range(8):
        for other in range(one):
            assert np.abs(looks[one] - looks[other]).mean() > 3, (one, other)


def test_queen_cells_hang_where_truth_says() -> None:
    hanging = QueenCell(-60.0, -80.0, QueenCellKind.CAPPED, 24.0)
    _, truth = render_view(
        replace(BARE, queen_cells=(hanging,)), width_px=600, height_px=800, half="left", seed=1
    )
    assert [body.index for body in truth.queen_cells] == [0] and truth.queen_cells[0].visible == 1.0
    expected = truth.view.to_pixels(-60.0, -92.0)[0]
    assert (truth.queen_cells[0].u_px, truth.queen_cells[0].v_px) == pytest.approx(tuple(expected), abs=6)


def test_honey_is_paler_than_brood_and_open_cells_are_dark() -> None:
    light = {}
    for cell_class in (CellClass.CAPPED_BROOD, CellClass.HONEY, CellClass.EMPTY):
        filled = np.full(FACE.cell_class.size, CELL_CLASSES.index(cell_class), np.uint8)
        picture, truth = render_view(
            replace(BARE, cell_class=filled), width_px=450, height_px=600, half="left", seed=1
        )
        u, v = truth.cell_u_px.astype(int), truth.cell_v_px.astype(int)
        light[cell_class] = picture.mean(axis=2)[v, u].mean()
    assert light[CellClass.EMPTY] < 0.8 * light[CellClass.CAPPED_BROOD] < 0.8 * light[CellClass.HONEY]


@pytest.mark.parametrize("wrong", [{"half": "top"}, {"width_px": 20}, {"height_px": 100_000}])
def test_a_view_that_no_camera_has_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="half|width"):
        render_view(FACE, **{"width_px": 300, "height_px": 400, "half": "left", "seed": 1} | wrong)  # type: ignore[arg-type]
