"""Bees are found at every scale, one box for each, in pixels of the picture that was given."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bee_robot.hive.comb import Caste
from bee_robot.vision import bee_detector
from bee_robot.vision.bee_detector import BeeBox, detect_bees
from bench.scoring.entrance import Scored, average_precision, hits, overlap

pytest.importorskip("onnxruntime", reason="ONNX Runtime is an extra: pip install 'bee_robot[onnxruntime]'")

PHOTOS = Path(__file__).parents[2] / "data" / "photos"
#: Corners of the "bees" that the stand-in for the network sees: bright rectangles.
BRIGHT = 200.0


class BrightThings:
    """Stands in for the network: every bright rectangle is a bee, the surer the larger it is in its input."""

    def run(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        assert picture.shape[2] % 32 == 0 and picture.shape[3] % 32 == 0
        height, width = picture.shape[2] // 4, picture.shape[3] // 4
        heat = np.zeros((1, 1, height, width), np.float32)
        sides, kinds = np.ones((1, 4, height, width), np.float32), np.zeros((1, 3, height, width), np.float32)
        bright = (picture[0, 1] > BRIGHT).astype(np.uint8)
        _, _, stats, middles = cv2.connectedComponentsWithStats(bright)
        for (left, top, wide, high, _), (x, y) in zip(stats[1:], middles[1:]):
            row, column = int(y / 4), int(x / 4)
            heat[0, 0, row, column] = min(0.99, 0.5 + 0.001 * (wide * high) ** 0.5)
            middle_x, middle_y = (column + 0.5) * 4, (row + 0.5) * 4
            sides[0, :, row, column] = (
                middle_x - left,
                middle_y - top,
                left + wide - middle_x,
                top + high - middle_y,
            )
            kinds[0, 2 if wide > 2 * high else 0, row, column] = 5.0
        return {"heat": heat, "sides": sides, "kinds": kinds}


@pytest.fixture
def _bright_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bee_detector, "load_model", lambda name, threads: BrightThings())


def scene(width: int, height: int, *boxes: tuple[int, int, int, int]) -> np.ndarray:
    picture = np.full((height, width, 3), 40, np.uint8)
    for left, top, wide, high in boxes:
        picture[top : top + high, left : left + wide] = 255
    return picture


def close(box: BeeBox, wanted: tuple[int, int, int, int], within_px: float) -> bool:
    got = (box.left_px, box.top_px, box.width_px, box.height_px)
    return all(abs(a - b) <= within_px for a, b in zip(got, wanted))


@pytest.mark.usefixtures("_bright_things")
@pytest.mark.parametrize(
    ("width", "height", "side"), [(1601, 903, 12), (1601, 903, 40), (1203, 811, 90), (1203, 811, 400)]
)
def test_a_bee_of_any_size_gives_one_box_where_she_is(width: int, height: int, side: int) -> None:
    wanted = (303, 201, side, side)
    found = detect_bees(scene(width, height, wanted))
    assert len(found) == 1
    assert close(found[0], wanted, max(2.0, 0.06 * side))


@pytest.mark.usefixtures("_bright_things")
def test_small_pictures_are_enlarged_and_huge_ones_reduced() -> None:
    small = detect_bees(scene(300, 200, (100, 50, 14, 10)))
    assert len(small) == 1 and close(small[0], (100, 50, 14, 10), 1.0)
    huge = detect_bees(scene(4200, 2100, (3000, 1500, 120, 90)))
    assert len(huge) == 1 and close(huge[0], (3000, 1500, 120, 90), 6.0)


@pytest.mark.usefixtures("_bright_things")
def test_neighbours_stay_apart_and_kinds_and_edges_are_kept() -> None:
    found = detect_bees(scene(1200, 800, (100, 100, 40, 40), (144, 100, 40, 40), (1150, 300, 50, 20)))
    assert len(found) == 3
    assert sum(box.kind is Caste.QUEEN for box in found) == 1
    assert all(box.left_px + box.width_px <= 1200 for box in found)
    assert [box.probability for box in found] == sorted((box.probability for box in found), reverse=True)


@pytest.mark.usefixtures("_bright_things")
def test_what_is_much_smaller_than_the_bees_of_a_photograph_is_doubted() -> None:
    bees = [(100 + 150 * k, 100, 80, 80) for k in range(5)]
    found = detect_bees(scene(1200, 700, *bees, (300, 500, 20, 20)), least_probability=0.05)
    assert sorted(round(box.size_px / 20) for box in found) == [1, 4, 4, 4, 4, 4]
    assert found[-1].size_px < 30 and found[-1].probability < 0.5 * found[0].probability


@pytest.mark.usefixtures("_bright_things")
def test_an_empty_picture_has_no_bees() -> None:
    assert detect_bees(scene(640, 480)) == ()


def test_the_network_finds_bees_on_photographs_and_none_on_a_wall() -> None:
    bees = detect_bees(np.asarray(cv2.imread(str(PHOTOS / "open_brood_with_bees.jpg")), np.uint8))
    assert len(bees) >= 10
    wall = np.full((480, 640, 3), 180, np.uint8) + np.random.default_rng(1).integers(
        0, 9, (480, 640, 3), np.uint8
    )
    assert len(detect_bees(np.asarray(wall, np.uint8))) == 0


def test_average_precision_by_hand() -> None:
    """Three bees; found: a hit, a miss, a hit. Precision 1 up to recall 1/3, 2/3 up to 2/3, then nothing."""
    picture = Scored("a", np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 3)
    assert average_precision([picture]) == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)
    assert average_precision([Scored("a", np.zeros(0), np.zeros(0, bool), 3)]) == 0.0
    perfect = Scored("a", np.array([0.9]), np.array([True]), 1)
    assert average_precision([perfect]) == pytest.approx(1.0)


def test_a_bee_is_hit_once() -> None:
    bee = np.array([[0.0, 0.0, 10.0, 10.0]])
    found = np.array([[0.0, 0.0, 10.0, 9.0], [0.0, 0.0, 10.0, 10.0], [4.0, 4.0, 14.0, 14.0]])
    assert overlap(found, bee)[:, 0] == pytest.approx([0.9, 1.0, 36 / 164])
    assert hits(found, bee).tolist() == [True, False, False]
    assert hits(found, np.zeros((0, 4))).tolist() == [False, False, False]
