"""What a look at one side of a frame found, kept and read back."""

from __future__ import annotations

import json

import pytest

from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate, FaceAnalysis, PictureSource


def _analysis() -> FaceAnalysis:
    return FaceAnalysis(
        bees=Estimate(420, 260, 640, "bees", "covered comb / 85 mm2 a bee"),
        bee_coverage=Estimate(0.31, 0.2, 0.44, "share", "pixels that look like bee"),
        comb_area=Estimate(11.4, 10.9, 11.9, "dm2", "comb between the bars"),
        areas={CellClass.HONEY: Estimate(3.1, 2.0, 4.2, "dm2", "colour and depth of cells")},
        warnings=("no bar of the frame found at the left",),
        pictures=(PictureSource("ab" * 32, 3000, 4000, "left_half"),),
        model="texture",
        model_version="1",
        runtime_provider="OpenCV (CPU)",
    )


def test_an_analysis_survives_the_store_unchanged() -> None:
    stored = json.dumps(_analysis().to_dict())
    assert FaceAnalysis.from_dict(json.loads(stored)) == _analysis()


def test_what_could_not_be_known_stays_unknown_in_the_store() -> None:
    unknown = FaceAnalysis(
        None, None, None, {}, ("no comb",), (), "texture", "1", "OpenCV (CPU)", comb_found=False
    )
    read_back = FaceAnalysis.from_dict(json.loads(json.dumps(unknown.to_dict())))
    assert read_back.bees is None and read_back.bee_coverage is None and not read_back.comb_found


@pytest.mark.parametrize(
    ("value", "low", "high"), [(5, 6, 7), (5, 4, 4.5), (float("nan"), 0, 1), (1, 0, float("inf"))]
)
def test_an_estimate_outside_its_own_interval_is_refused(value: float, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="bees"):
        Estimate(value, low, high, "bees", "")


def test_a_stored_class_that_nobody_knows_is_an_error_not_a_guess() -> None:
    data = _analysis().to_dict()
    data["areas"]["marmalade"] = data["areas"].pop("honey")
    with pytest.raises(ValueError, match="marmalade"):
        FaceAnalysis.from_dict(data)
