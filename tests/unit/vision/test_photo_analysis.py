"""A photograph by a person: what it shows, its bees, its comb, and what it cannot tell."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from bee_robot.hive.comb import CELL_AREA_MM2, Caste, CellClass
from bee_robot.hive.face import Estimate, FaceAnalysis
from bee_robot.vision.bee_detector import BeeBox
from bee_robot.vision.photo_analysis import (
    AnalyzedPhoto,
    Certainty,
    Shows,
    analyze_photo,
    bees_of,
    cells_by_class,
    counted,
)
from bee_robot.vision.photo_annotation import KIND_COLOURS, annotate
from bee_robot.vision.photo_limits import BLURRED, limits_of, sharpness
from bee_robot.vision.photograph import Photograph, PhotographError, Picture, decode

pytest.importorskip("onnxruntime", reason="ONNX Runtime is an extra: pip install 'bee_robot[onnxruntime]'")

PHOTOS = Path(__file__).parents[2] / "data" / "photos"


@cache
def analysed(name: str) -> AnalyzedPhoto:
    return analyze_photo(Photograph((PHOTOS / f"{name}.jpg").read_bytes(), name=f"{name}.jpg"))


def bee(left: float, top: float, size: float, kind: Caste = Caste.WORKER, probability: float = 0.8) -> BeeBox:
    return BeeBox(left, top, size, size, probability, kind)


def a_face(bees: float, coverage: float = 0.4) -> FaceAnalysis:
    return FaceAnalysis(
        bees=Estimate(bees, 0.5 * bees, 1.5 * bees, "bees", "individuals"),
        bee_coverage=Estimate(coverage, coverage, coverage, "share", ""),
        comb_area=Estimate(9.0, 8.0, 10.0, "dm2", ""),
        areas={CellClass.HONEY: Estimate(2.0, 1.0, 3.0, "dm2", "")},
        warnings=("only a test",),
        pictures=(),
        model="none",
        model_version="0",
        runtime_provider="CPU",
    )


def a_picture(bgr: np.ndarray) -> Picture:
    return Picture(np.asarray(bgr, np.uint8), bgr.shape[1], bgr.shape[0], 1.0)


def test_a_whole_frame_is_one_with_comb_scale_and_contents() -> None:
    analysis = analysed("honey_frame").analysis
    assert (analysis.shows, analysis.certainty) == (Shows.FRAME, Certainty.SURE)
    assert analysis.face is not None and CellClass.HONEY in analysis.face.areas
    assert analysis.cell_px is not None and 6 < analysis.cell_px < 16
    whats = [limit.what for limit in analysis.limits]
    assert "eggs" in whats and "the other side of the frame" in whats and "the rest of the frame" not in whats
    assert [name for name, _, _ in analysis.models][0] == "bee_detector"


def test_a_part_of_a_comb_says_that_the_rest_is_missing() -> None:
    analysis = analysed("open_brood_with_bees").analysis
    assert analysis.shows is Shows.COMB
    assert "the rest of the frame" in [limit.what for limit in analysis.limits]
    assert analysis.bees.low <= 21 <= analysis.bees.high  # labelled in the data set


def test_bees_without_comb_are_counted_and_nothing_else_is_claimed() -> None:
    analysis = analysed("bees_on_poppy").analysis
    assert analysis.shows is Shows.NO_COMB and analysis.face is None and analysis.cell_px is None
    assert "brood, stores and sizes" in [limit.what for limit in analysis.limits]


@pytest.mark.parametrize("name", ["honey_frame", "bees_on_poppy"])
def test_the_result_is_json_and_its_picture_a_jpeg(name: str) -> None:
    result = analysed(name)
    content = json.loads(json.dumps(result.analysis.to_dict(), allow_nan=False))
    assert content["bees"]["low"] <= content["bees"]["value"] <= content["bees"]["high"]
    assert len(content["bee_boxes"]) == len(result.analysis.boxes)
    assert cv2.imdecode(np.frombuffer(result.annotated_jpeg, np.uint8), cv2.IMREAD_COLOR) is not None


def test_boxes_are_pixels_of_the_file_however_large_it_is() -> None:
    small = cv2.imread(str(PHOTOS / "bees_around_queen.jpg"))
    large = cv2.resize(small, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    data = cv2.imencode(".jpg", large)[1].tobytes()
    analysis = analyze_photo(Photograph(data)).analysis
    assert analysis.width_px == large.shape[1]
    assert max(box.left_px + box.width_px for box in analysis.boxes) > 0.8 * large.shape[1]
    assert all(box.left_px + box.width_px <= large.shape[1] + 1 for box in analysis.boxes)


def test_a_bad_file_is_refused_before_any_network() -> None:
    with pytest.raises(PhotographError, match="not a JPEG or PNG"):
        analyze_photo(Photograph(b"Dear beekeeper, " * 50))


def test_both_counts_are_in_the_interval_where_there_are_two() -> None:
    boxes = tuple(bee(20.0 * k, 0.0, 30.0) for k in range(100))
    alone = bees_of(boxes, None, None)
    assert alone.value == 100 and 50 < alone.low < 85 and 115 < alone.high < 150
    both = bees_of(boxes, a_face(300), 12.0)
    assert both.value == 100 and both.high >= 300 and both.low == alone.low
    tiny = bees_of(boxes, a_face(300), 4.0)
    assert tiny.value == 300 and tiny.method == "individuals"
    assert counted(0, "").low == 0 and 0 < counted(0, "").high < 3  # one may have been missed


def test_cells_follow_from_areas() -> None:
    honey = cells_by_class(a_face(10))["honey"]
    assert honey["value"] == round(2e4 / CELL_AREA_MM2) and honey["low"] < honey["value"] < honey["high"]


def test_a_blurred_picture_is_called_blurred() -> None:
    sharp = decode(Photograph((PHOTOS / "brood_frame.jpg").read_bytes()))
    blurred = a_picture(cv2.GaussianBlur(sharp.bgr, (0, 0), 3))
    assert sharpness(blurred) < BLURRED < sharpness(sharp)
    assert any("blurred" in limit.why for limit in limits_of(blurred, False, (), None, None))
    assert not any("blurred" in limit.why for limit in limits_of(sharp, False, (), None, None))


def test_light_and_colour_are_judged() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 400, 3))
    burnt, dark = noise.copy(), noise // 6
    burnt[:, :100] = 255
    said = {limit.why.split(":")[0] for limit in limits_of(a_picture(burnt), False, (), None, None)}
    assert any("burnt out" in words for words in said)
    assert any("dark" in limit.why for limit in limits_of(a_picture(dark), False, (), None, None))
    grey = np.repeat(noise[..., :1], 3, axis=2)
    assert any("no colours" in limit.why for limit in limits_of(a_picture(grey), False, (), None, None))


def test_the_queen_and_what_is_hidden_are_never_claimed() -> None:
    picture = a_picture(np.random.default_rng(1).integers(0, 255, (300, 400, 3)))
    unseen = limits_of(picture, True, (bee(0, 0, 20),), a_face(10), 12.0)
    words = {limit.what: limit.why for limit in unseen}
    assert "does not mean that there is none" in words["whether there is a queen"]
    assert "12 px" in words["eggs"] and "40 %" in words["what is under the bees"]
    assert words["some of the numbers"] == "only a test" and "20 px" in words["mites"]
    seen = limits_of(picture, True, (bee(0, 0, 20, Caste.QUEEN, 0.9),), a_face(10), 40.0)
    words = {limit.what: limit.why for limit in seen}
    assert "1 bee looks like a queen" in words["whether the queen is there"] and "eggs" not in words


def test_every_bee_is_drawn_where_she_is() -> None:
    picture = Picture(np.full((400, 800, 3), 128, np.uint8), 1600, 800, 2.0)
    boxes = (bee(200, 100, 100), bee(1000, 400, 200, Caste.QUEEN))
    data = annotate(picture, boxes, counted(2, "drawn"), None)
    drawn = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).astype(int)
    assert drawn.shape[1] == 800 and drawn.shape[0] > 400
    for box in boxes:
        edge = drawn[round(box.top_px / 2 + 20), round(box.left_px / 2)]
        assert np.abs(edge - KIND_COLOURS[box.kind]).max() < 70
    assert np.abs(drawn[300, 100] - 128).max() < 10
