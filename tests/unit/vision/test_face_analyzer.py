"""From photographs of a frame to what a beekeeper wants to know."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bee_robot.hive.comb import CELL_CLASSES, COMB_HEIGHT_MM, COMB_WIDTH_MM, Caste, CellClass, CombFace
from bee_robot.hive.face import FaceAnalysis, FindingKind
from bee_robot.hive.frame_view import VIEW_WIDTH_MM
from bee_robot.sim.comb_renderer import render_view
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.vision.face_analyzer import AnalysedFace, analyze_photographs
from bee_robot.vision.photograph import Photograph, PhotographError

PHOTOS = Path(__file__).parents[2] / "data" / "photos"
COMB_DM2 = COMB_WIDTH_MM * COMB_HEIGHT_MM / 1e4
Place = tuple[int, str, int, int, str]  # seed, scenario, box, frame, side; training never saw these seeds
BROOD: Place = (3, "weak", 1, 5, "rear")
HONEY: Place = (4, "honey_super", 3, 5, "front")
CROWDED: Place = (3, "strong", 1, 4, "front")  # with the queen


def _photograph(name: str, **more: Any) -> Photograph:
    return Photograph((PHOTOS / name).read_bytes(), name=name, **more)


@cache
def _analyzed(name: str) -> AnalysedFace:
    return analyze_photographs([_photograph(name)])


@cache
def _face(which: Place) -> CombFace:
    seed, scenario, box, frame, side = which
    return HiveWorld(seed, scenario=scenario).face(box, frame, side)


@cache
def _halves(which: Place, width_px: int = 900) -> tuple[Photograph, Photograph]:
    """What the two cameras of the robot deliver."""
    photographs = []
    for half in ("left", "right"):
        picture, _ = render_view(
            _face(which), width_px=width_px, height_px=width_px * 4 // 3, half=half, seed=which[0]
        )
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
        photographs.append(Photograph(data, f"{half}_half", VIEW_WIDTH_MM / width_px, f"camera {half}"))
    return photographs[0], photographs[1]


@cache
def _seen(which: Place) -> AnalysedFace:
    return analyze_photographs(_halves(which))


def _picture(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


class TestPhotographsByTheRobot:
    @pytest.mark.parametrize("which", [BROOD, HONEY, CROWDED])
    def test_bees_on_a_face_it_never_saw_are_counted_one_by_one(self, which: Place) -> None:
        analysis, true = _seen(which).analysis, len(_face(which).bees)
        assert analysis.bees.value == pytest.approx(true, rel=0.08)
        assert analysis.bees.low <= true <= analysis.bees.high
        assert analysis.map is not None and len(analysis.map.bees) == analysis.bees.value

    def test_bees_are_where_they_stand_and_look_where_they_look(self) -> None:
        seen = _seen(BROOD).analysis.map.bees
        places = np.array([(bee.x_mm, bee.y_mm) for bee in seen])
        near, turned = 0, []
        for bee in _face(BROOD).bees:
            distance = np.hypot(*(places - (bee.x_mm, bee.y_mm)).T)
            k = int(distance.argmin())
            if distance[k] < 4.0:
                near += 1
                if seen[k].heading_rad is not None:
                    turned.append(np.cos(seen[k].heading_rad - bee.heading_rad))
        assert near > 0.85 * len(_face(BROOD).bees)
        assert np.mean(np.array(turned) > 0.8) > 0.8

    def test_the_queen_is_found_among_many_and_no_mites_are_made_up(self) -> None:
        found, face = _seen(CROWDED).analysis.map, _face(CROWDED)
        queen = next(bee for bee in face.bees if bee.caste is Caste.QUEEN)
        seen = [bee for bee in found.bees if bee.caste is Caste.QUEEN]
        assert len(seen) == 1
        assert np.hypot(seen[0].x_mm - queen.x_mm, seen[0].y_mm - queen.y_mm) < 9
        mites = sum(finding.kind is FindingKind.VARROA for finding in found.findings)
        assert mites <= 3 + sum(bee.has_mite for bee in face.bees)

    def test_the_comb_is_measured_in_cells_and_every_class_has_its_area(self) -> None:
        analysis, face = _seen(BROOD).analysis, _face(BROOD)
        assert analysis.comb_area.value == pytest.approx(COMB_DM2, rel=0.06)
        assert sum(area.value for area in analysis.areas.values()) == pytest.approx(
            analysis.comb_area.value, rel=0.01
        )
        for cell_class in (CellClass.CAPPED_BROOD, CellClass.POLLEN, CellClass.EMPTY):
            assert analysis.areas[cell_class].value == pytest.approx(
                face.area_dm2(cell_class), rel=0.3, abs=0.2
            )
        assert CellClass.OPEN not in analysis.areas

    def test_a_honey_super_and_a_brood_comb_are_told_apart(self) -> None:
        def area(which: Any, cell_class: CellClass) -> float:
            found = _seen(which).analysis.areas.get(cell_class)
            return found.value if found else 0.0

        assert area(HONEY, CellClass.HONEY) > 3 * area(BROOD, CellClass.HONEY)
        assert area(BROOD, CellClass.CAPPED_BROOD) > 10 * area(HONEY, CellClass.CAPPED_BROOD)

    def test_most_cells_in_view_get_their_class_and_hidden_ones_none(self) -> None:
        face, cells = _face(BROOD), _seen(BROOD).analysis.map.cells
        assert sum(cell.cell_class is None for cell in cells) > 100
        assert len(cells) == pytest.approx(len(face.cell_x_mm), rel=0.05)
        right = asked = 0
        for cell in cells:
            if cell.cell_class is not None:
                distance = np.hypot(face.cell_x_mm - cell.x_mm, face.cell_y_mm - cell.y_mm)
                k = int(distance.argmin())
                asked += 1
                right += distance[k] < 2.5 and CELL_CLASSES[face.cell_class[k]] is cell.cell_class
        assert right > 0.85 * asked

    def test_the_straight_picture_is_the_one_that_the_map_speaks_of(self) -> None:
        seen = _seen(BROOD)
        found = seen.analysis.map
        picture = _picture(seen.straight_jpeg)
        assert picture.shape[:2] == (found.height_px, found.width_px)
        assert found.picture_sha256 == hashlib.sha256(seen.straight_jpeg).hexdigest()
        assert found.mm_per_pixel == 0.25
        drawn = _picture(seen.annotated_jpeg)
        assert drawn.shape[1] == found.width_px and drawn.shape[0] > found.height_px
        assert (np.abs(drawn[: found.height_px].astype(int) - picture).max(axis=2) > 60).mean() > 0.01

    def test_one_half_alone_is_analysed_and_says_so(self) -> None:
        analysis = analyze_photographs(_halves(BROOD)[:1]).analysis
        assert 0.45 * COMB_DM2 < analysis.comb_area.value < 0.68 * COMB_DM2
        assert any("one half" in warning for warning in analysis.warnings)
        assert max(cell.x_mm for cell in analysis.map.cells) < 60

    def test_a_half_that_shows_no_comb_leaves_the_face_without_numbers(self) -> None:
        meadow = np.full((1200, 900, 3), (60, 160, 90), np.uint8)
        meadow = np.clip(meadow + np.random.default_rng(1).normal(0, 12, meadow.shape), 0, 255).astype(
            np.uint8
        )
        data = cv2.imencode(".jpg", meadow)[1].tobytes()
        nothing = Photograph(data, "right_half", VIEW_WIDTH_MM / 900, "camera right")
        analysed = analyze_photographs([_halves(BROOD)[0], nothing])
        assert analysed.analysis.bees is None and not analysed.analysis.areas
        assert analysed.straight_jpeg is None
        assert analysed.analysis.warnings == (
            "camera right: no comb was recognised in it; nothing is estimated",
        )


class TestPhotographsByPeople:
    def test_a_frame_of_capped_honey_may_be_full_of_honey_and_without_bees(self) -> None:
        analysis = _analyzed("honey_frame.jpg").analysis
        assert analysis.areas[CellClass.HONEY].high > 0.7 * analysis.comb_area.value
        assert analysis.bees.low <= 5

    def test_the_cells_are_the_ruler_of_a_photograph_without_any(self) -> None:
        """About 85 cells of 5.3 mm stand side by side between the bars of the shallow frame."""
        analysis = _analyzed("honey_frame.jpg").analysis
        assert analysis.comb_area.low <= 4.3 * 1.2 and analysis.comb_area.high >= 4.3 * 0.8

    def test_numbers_from_an_unknown_camera_say_that_they_are_less_sure(self) -> None:
        own, other = _seen(HONEY).analysis, _analyzed("brood_frame.jpg").analysis
        assert any("other cameras" in warning for warning in other.warnings)
        assert (other.bees.high - other.bees.low) / max(other.bees.value, 5) > (
            own.bees.high - own.bees.low
        ) / own.bees.value

    def test_eggs_are_not_claimed_where_a_cell_is_too_small_to_see_them(self) -> None:
        analysis = _analyzed("honey_frame.jpg").analysis
        assert CellClass.EGGS not in analysis.areas
        assert all(cell.cell_class is not CellClass.EGGS for cell in analysis.map.cells)
        assert any("too small" in warning and "eggs" in warning for warning in analysis.warnings)

    @pytest.mark.parametrize("name", ["bees_on_poppy.jpg", "bees_around_queen.jpg"])
    def test_without_comb_or_scale_there_are_no_numbers(self, name: str) -> None:
        analysed = _analyzed(name)
        analysis = analysed.analysis
        assert not analysis.comb_found
        assert analysis.bees is None and analysis.bee_coverage is None and analysis.comb_area is None
        assert not analysis.areas and analysis.map is None and analysed.straight_jpeg is None
        assert any(name in warning and "no comb" in warning for warning in analysis.warnings)
        assert _picture(analysed.annotated_jpeg) is not None

    def test_a_grey_photograph_gets_no_numbers_because_contents_are_told_by_colour(self) -> None:
        grey = cv2.imdecode(
            np.frombuffer((PHOTOS / "honey_frame.jpg").read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE
        )
        analysis = analyze_photographs(
            [Photograph(cv2.imencode(".jpg", grey)[1].tobytes(), name="grey.jpg")]
        ).analysis
        assert analysis.bees is None
        assert "grey.jpg: it has no colours; nothing is estimated" in analysis.warnings

    @pytest.mark.parametrize("mm_per_pixel", [0.01, 4.9])
    def test_a_scale_far_from_the_truth_gives_no_numbers(self, mm_per_pixel: float) -> None:
        analysis = analyze_photographs([_photograph("honey_frame.jpg", mm_per_pixel=mm_per_pixel)]).analysis
        assert analysis.bees is None

    def test_noise_is_no_comb(self) -> None:
        noise = np.random.default_rng(2).integers(0, 255, (700, 900, 3), dtype=np.uint8)
        data = cv2.imencode(".jpg", cv2.GaussianBlur(noise, (0, 0), 2) * 3)[1].tobytes()
        assert analyze_photographs([Photograph(data)]).analysis.bees is None


class TestTheResult:
    def test_it_says_where_it_came_from_and_survives_storage(self) -> None:
        photograph = _photograph("honey_frame.jpg")
        analysis = _analyzed("honey_frame.jpg").analysis
        assert analysis.pictures[0].sha256 == photograph.sha256
        assert (analysis.pictures[0].width_px, analysis.pictures[0].height_px) == (900, 492)
        assert analysis.model == "face_net" and analysis.runtime_provider
        data = json.loads(json.dumps(analysis.to_dict()))
        assert FaceAnalysis.from_dict(data).to_dict() == data

    def test_every_area_has_an_interval(self) -> None:
        areas = _seen(BROOD).analysis.areas.values()
        assert all(area.low < area.value < area.high for area in areas if area.value > 0.1)


class TestBadInput:
    def test_one_bad_file_of_two_is_named(self) -> None:
        left, right = _halves(BROOD)
        with pytest.raises(PhotographError, match="camera right: the file is cut off"):
            analyze_photographs([left, replace(right, data=right.data[:5000])])

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


def test_two_halves_take_at_most_four_seconds_of_one_core() -> None:
    halves = _halves(BROOD)
    analyze_photographs(halves)
    started = time.process_time()
    analyze_photographs(halves)
    assert time.process_time() - started <= 4.0
