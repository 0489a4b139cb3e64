"""From photographs of a frame to what a beekeeper wants to know."""

from __future__ import annotations

import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bee_robot.hive.comb import COMB_HEIGHT_MM, COMB_WIDTH_MM, CellClass, CombFace
from bee_robot.hive.face import FaceAnalysis
from bee_robot.sim.comb_renderer import HALF_OVERLAP_MM, render_view
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.vision.face_analyzer import analyze_photographs
from bee_robot.vision.photograph import Photograph, PhotographError
from bee_robot.vision.rectified_face import RectifiedFace
from bee_robot.vision.segmentation import MAP_CLASSES, FaceSegmentation

PHOTOS = Path(__file__).parents[2] / "data" / "photos"
COMB_DM2 = COMB_WIDTH_MM * COMB_HEIGHT_MM / 1e4


def _photograph(name: str, **more: Any) -> Photograph:
    return Photograph((PHOTOS / name).read_bytes(), name=name, **more)


@cache
def _analyzed(name: str) -> tuple[FaceAnalysis, bytes]:
    return analyze_photographs([_photograph(name)])


def _halves(face: CombFace, seed: int = 1, width_px: int = 900) -> list[Photograph]:
    """What the two cameras of the robot deliver."""
    photographs = []
    for half in ("left", "right"):
        picture, truth = render_view(
            face, width_px=width_px, height_px=width_px * 4 // 3, half=half, seed=seed
        )
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
        view = "left_half" if half == "left" else "right_half"
        photographs.append(Photograph(data, view, truth["mm_per_pixel"], f"camera {half}"))
    return photographs


def _picture(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


class TestPhotographsByPeople:
    def test_a_frame_of_capped_honey_holds_honey_and_hardly_a_bee(self) -> None:
        analysis, _ = _analyzed("honey_frame.jpg")
        assert analysis.areas[CellClass.HONEY].value > 0.6 * analysis.comb_area.value
        assert analysis.bees.low <= 5
        assert analysis.bee_coverage.value < 0.15

    def test_a_frame_of_capped_brood_is_told_from_honey(self) -> None:
        analysis, _ = _analyzed("brood_frame.jpg")
        areas = analysis.areas
        assert areas[CellClass.CAPPED_BROOD].value > 0.5 * analysis.comb_area.value
        assert CellClass.HONEY not in areas or areas[CellClass.HONEY].value < 0.5

    def test_the_cells_are_the_ruler_of_a_photograph_without_any(self) -> None:
        """About 85 cells of 5.3 mm stand side by side between the bars of the shallow frame."""
        analysis, _ = _analyzed("honey_frame.jpg")
        assert analysis.comb_area.low <= 4.3 * 1.2 <= analysis.comb_area.high * 1.05

    def test_bees_on_a_close_up_are_counted_within_the_interval(self) -> None:
        analysis, _ = _analyzed("open_brood_with_bees.jpg")
        assert analysis.bees.low <= 21 <= analysis.bees.high
        assert analysis.bees.high < 100
        assert any("no bar" in warning for warning in analysis.warnings)

    @pytest.mark.parametrize("name", ["bees_on_poppy.jpg", "bees_around_queen.jpg"])
    def test_without_comb_or_scale_there_are_no_numbers(self, name: str) -> None:
        analysis, annotated = _analyzed(name)
        assert not analysis.comb_found
        assert analysis.bees is None and analysis.bee_coverage is None and analysis.comb_area is None
        assert not analysis.areas
        assert any(name in warning and "no comb" in warning for warning in analysis.warnings)
        assert _picture(annotated) is not None

    def test_a_given_scale_makes_bees_on_hidden_comb_countable(self) -> None:
        """42 bees are labelled; the median worker of 13.5 mm is 138 pixels long here."""
        analysis, _ = analyze_photographs([_photograph("bees_around_queen.jpg", mm_per_pixel=13.5 / 138)])
        assert analysis.bees.low <= 42 <= analysis.bees.high

    def test_a_grey_photograph_gets_no_numbers_because_bees_are_told_by_colour(self) -> None:
        grey = cv2.imdecode(
            np.frombuffer((PHOTOS / "honey_frame.jpg").read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE
        )
        analysis, _ = analyze_photographs(
            [Photograph(cv2.imencode(".jpg", grey)[1].tobytes(), name="grey.jpg")]
        )
        assert analysis.bees is None
        assert "grey.jpg: it has no colours; nothing is estimated" in analysis.warnings

    @pytest.mark.parametrize("mm_per_pixel", [0.01, 4.9])
    def test_a_scale_far_from_the_truth_gives_no_numbers(self, mm_per_pixel: float) -> None:
        analysis, _ = analyze_photographs([_photograph("honey_frame.jpg", mm_per_pixel=mm_per_pixel)])
        assert analysis.bees is None

    def test_noise_is_no_comb(self) -> None:
        noise = np.random.default_rng(2).integers(0, 255, (700, 900, 3), dtype=np.uint8)
        data = cv2.imencode(".jpg", cv2.GaussianBlur(noise, (0, 0), 2) * 3)[1].tobytes()
        analysis, _ = analyze_photographs([Photograph(data)])
        assert analysis.bees is None


class TestPhotographsByTheRobot:
    def test_two_halves_are_one_face_without_counting_the_overlap_twice(self) -> None:
        face = HiveWorld(3).face(1, 5, "rear")
        analysis, _ = analyze_photographs(_halves(face), half_overlap_mm=HALF_OVERLAP_MM)
        assert analysis.comb_area.value == pytest.approx(COMB_DM2, rel=0.08)
        assert analysis.bees.low <= len(face.bees) <= analysis.bees.high
        doubled, _ = analyze_photographs(_halves(face))
        overlap_dm2 = HALF_OVERLAP_MM * COMB_HEIGHT_MM / 1e4
        assert doubled.comb_area.value - analysis.comb_area.value == pytest.approx(overlap_dm2, rel=0.1)

    def test_counts_on_unseen_colonies_stay_within_their_intervals(self) -> None:
        """90 % intervals: of six colonies at most one is outside, and the mean error is that of a rough method."""
        within, errors = 0, []
        for seed in range(100, 106):
            face = HiveWorld(seed).face(1 + seed % 2, 1 + seed % 10, "front")
            analysis, _ = analyze_photographs(_halves(face, seed, 600), half_overlap_mm=HALF_OVERLAP_MM)
            within += analysis.bees.low <= len(face.bees) <= analysis.bees.high
            errors.append(abs(analysis.bees.value - len(face.bees)) / len(face.bees))
        assert within >= 5
        assert np.mean(errors) < 0.45

    def test_a_honey_super_and_a_brood_comb_are_told_apart(self) -> None:
        brood, _ = analyze_photographs(
            _halves(HiveWorld(9).face(1, 5, "rear")), half_overlap_mm=HALF_OVERLAP_MM
        )
        honey, _ = analyze_photographs(
            _halves(HiveWorld(9).face(3, 1, "rear")), half_overlap_mm=HALF_OVERLAP_MM
        )
        assert honey.areas[CellClass.HONEY].value > 3 * brood.areas[CellClass.HONEY].value
        assert brood.areas[CellClass.CAPPED_BROOD].value > 2 * honey.areas[CellClass.CAPPED_BROOD].value

    def test_one_half_alone_is_analysed_and_says_so(self) -> None:
        analysis, _ = analyze_photographs(_halves(HiveWorld(3).face(1, 5, "rear"))[:1])
        assert analysis.comb_area.value < 0.65 * COMB_DM2
        assert any("one half" in warning for warning in analysis.warnings)

    def test_a_half_that_shows_no_comb_leaves_the_face_without_numbers(self) -> None:
        halves = _halves(HiveWorld(3).face(1, 5, "rear"))
        poppy = _photograph("bees_on_poppy.jpg", view="right_half", mm_per_pixel=halves[0].mm_per_pixel)
        analysis, _ = analyze_photographs([halves[0], poppy])
        assert analysis.bees is None and not analysis.areas
        assert any("bees_on_poppy.jpg" in warning for warning in analysis.warnings)


class TestTheResult:
    def test_it_says_where_it_came_from(self) -> None:
        photograph = _photograph("honey_frame.jpg")
        analysis, _ = _analyzed("honey_frame.jpg")
        assert analysis.pictures[0].sha256 == photograph.sha256
        assert (analysis.pictures[0].width_px, analysis.pictures[0].height_px) == (900, 492)
        assert (analysis.model, analysis.model_version) == ("texture", "1")
        assert FaceAnalysis.from_dict(json.loads(json.dumps(analysis.to_dict()))) == analysis

    def test_every_area_has_an_interval_and_together_they_are_the_comb(self) -> None:
        analysis, _ = _analyzed("honey_frame.jpg")
        assert all(area.low < area.value < area.high for area in analysis.areas.values() if area.value > 0.1)
        assert sum(area.value for area in analysis.areas.values()) == pytest.approx(
            analysis.comb_area.value, rel=0.01
        )

    def test_the_annotated_picture_shows_the_photograph_with_outlines_and_legend(self) -> None:
        photograph = _picture((PHOTOS / "honey_frame.jpg").read_bytes())
        annotated = _picture(_analyzed("honey_frame.jpg")[1])
        assert annotated.shape[1] == photograph.shape[1]
        assert annotated.shape[0] > photograph.shape[0]
        drawn = np.abs(annotated[: photograph.shape[0]].astype(int) - photograph).max(axis=2) > 60
        assert 0.003 < drawn.mean() < 0.3

    def test_a_network_can_take_the_place_of_the_first_method(self) -> None:
        class CountsThree:
            name, version, provider, works_without_colour = "counts-three", "7", "nowhere", True

            def segment(self, face: RectifiedFace) -> FaceSegmentation:
                size = face.bgr.shape[:2]
                classes = np.full(size, MAP_CLASSES.index(CellClass.LARVAE), np.uint8)
                return FaceSegmentation(np.full(size, -5, np.float32), classes, bee_count=(3.0, 0.1))

        analysis, _ = analyze_photographs([_photograph("honey_frame.jpg")], segmenter=CountsThree())
        assert analysis.bees.value == 3
        assert set(analysis.areas) == {CellClass.LARVAE}
        assert (analysis.model, analysis.runtime_provider) == ("counts-three", "nowhere")


class TestBadInput:
    def test_one_bad_file_of_two_is_named(self) -> None:
        halves = _halves(HiveWorld(3).face(1, 5, "rear"))
        with pytest.raises(PhotographError, match="camera right: the file is cut off"):
            cut = Photograph(halves[1].data[:5000], "right_half", halves[1].mm_per_pixel, "camera right")
            analyze_photographs([halves[0], cut])

    @pytest.mark.parametrize(
        "views", [[], ["whole", "whole"], ["left_half", "left_half"], ["whole", "left_half"]]
    )
    def test_a_set_of_views_that_is_no_face_is_refused(self, views: list[Any]) -> None:
        with pytest.raises(ValueError, match="one 'whole', or 'left_half' and 'right_half'"):
            analyze_photographs([_photograph("honey_frame.jpg", view=view) for view in views])

    @pytest.mark.parametrize("scale", [0.0, -1.0, 50.0])
    def test_a_scale_that_no_photograph_has_is_refused(self, scale: float) -> None:
        with pytest.raises(ValueError, match="mm per pixel"):
            analyze_photographs([_photograph("honey_frame.jpg", mm_per_pixel=scale)])


def test_twelve_megapixels_take_at_most_a_second_and_a_half_of_one_core() -> None:
    small = _picture((PHOTOS / "brood_frame.jpg").read_bytes())
    large = cv2.resize(small, (4000, 3000), interpolation=cv2.INTER_CUBIC)
    data = cv2.imencode(".jpg", large)[1].tobytes()
    started = time.process_time()
    analysis, _ = analyze_photographs([Photograph(data)])
    assert time.process_time() - started <= 1.5
    assert analysis.comb_found
