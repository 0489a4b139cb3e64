"""Standards are data with sources; a robot file may name them, mix them and say otherwise."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from bee_robot.configuration import ConfigurationError, RobotConfiguration, load, parse
from bee_robot.hive import standards as module
from bee_robot.hive.standards import StandardError, checked, standards

ROBOTS = sorted((Path(__file__).resolve().parents[3] / "config" / "robots").glob("*.yaml"))


@pytest.fixture
def content() -> Any:
    return yaml.safe_load(module.file().read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", standards().boxes)
@pytest.mark.parametrize("boxes", [1, 5])
def test_every_standard_has_a_tower_that_fits_it(tower_for, name: str, boxes: int) -> None:
    robot = tower_for(standard=name, boxes=boxes)
    box, place = standards().box(name), standards().footprint_of(name)
    geometry = robot.geometry
    assert robot.hive.boxes == boxes
    assert geometry.box_height_mm(boxes) == box.box_height_mm
    assert geometry.frame_height_mm(1) == box.frame_height_mm
    assert geometry.frame_pitch_mm(1) == place.frame_pitch_mm
    assert 15 <= geometry.gap_mm(1) < 15 + place.frame_pitch_mm or geometry.frames_in(1) == box.frames
    assert robot.raise_mm(1) > robot.frame_lift_mm(1) > box.frame_height_mm


def test_every_number_of_every_row_says_where_it_is_from() -> None:
    known = standards()
    for name, box in known.boxes.items():
        for number in box.numbers() | known.footprint_of(name).numbers():
            assert len(known.source_of(name, number)) > 20


def test_frame_sizes_are_those_of_the_list_of_facts() -> None:
    """facts/bees_and_frames.md: width x height, top bar."""
    sizes = {
        name: (box.frame_width_mm, box.frame_height_mm, box.top_bar_mm)
        for name, box in standards().boxes.items()
    }
    assert sizes["langstroth_deep"] == (447, 231, 483)
    assert sizes["langstroth_medium"][:2] == (447, 159) and sizes["langstroth_shallow"][:2] == (447, 137)
    assert sizes["farrar"][:2] == (448, 159) and sizes["modified_dadant"][:2] == (448, 286)
    assert sizes["buckfast_dadant"][:2] == (450, 285) and sizes["buckfast_super"][1] == 145
    assert sizes["dadant_blatt"][:2] == (435, 300) and sizes["dadant_super"][1] == 160
    assert sizes["national"][:2] == (356, 216) and sizes["national_14x12"][1] == 305
    assert sizes["national_super"][1] == 140
    assert sizes["zander"][:2] == (420, 220) and sizes["deutsch_normal"] == (370, 223, 394)


@pytest.mark.parametrize(
    ("row", "change", "says"),
    [
        (("boxes", "zander"), {"box_height_mm": 3000}, "boxes.zander.box_height_mm"),
        (("boxes", "zander"), {"frame_height_mm": 229}, "frame_height_mm <= box_height_mm"),
        (("boxes", "zander"), {"footprint": "round"}, "there is no footprint round"),
        (("boxes", "zander"), {"colour": 3}, "boxes.zander.colour"),
        (("footprints", "zander"), {"frame_top_below_rim_mm": 9}, "reach below its lower edge"),
        (("footprints", "zander"), {"frame_pitch_mm": "wide"}, "footprints.zander.frame_pitch_mm"),
    ],
)
def test_a_wrong_row_is_named(content: Any, row: tuple[str, str], change: dict[str, Any], says: str) -> None:
    content[row[0]][row[1]].update(change)
    with pytest.raises(StandardError, match=says) as refused:
        checked(content, "hive_standards.yaml")
    assert "\n" not in str(refused.value)


def test_a_number_without_a_source_is_no_number(content: Any) -> None:
    del content["boxes"]["zander"]["sources"]["frame_height_mm"]
    with pytest.raises(StandardError, match="exactly one for every number; look at frame_height_mm"):
        checked(content, "hive_standards.yaml")
    content["boxes"]["zander"]["sources"]["frame_height_mm"] = "hearsay"
    with pytest.raises(StandardError, match="no such reference: hearsay"):
        checked(content, "hive_standards.yaml")


def test_the_reference_hive_is_what_it_was(reference: dict[str, Any]) -> None:
    robot = parse(reference, Path("tower.yaml"))
    derived = copy.deepcopy(reference)
    derived["hive"] = {"name": "hive_1", "standard": "estonian", "boxes": 3}
    other = parse(derived, Path("derived.yaml"))
    assert other.hive == robot.hive
    for box in (1, 2, 3):
        assert (other.raise_mm(box), other.frame_lift_mm(box)) == (400, 300)
        assert (robot.raise_mm(box), robot.frame_lift_mm(box)) == (400, 300)
        assert robot.geometry.hook_beside_pin_mm(box) == 26
    assert (robot.camera_distance_mm, robot.view_width_mm("rear_left")) == (240, 264)


@pytest.mark.parametrize("path", ROBOTS, ids=lambda path: path.stem)
def test_every_robot_file_of_the_project_loads(path: Path) -> None:
    robot = load(path)
    assert RobotConfiguration.model_validate(robot.model_dump()) == robot


class TestBoxesOfARobotFile:
    @pytest.fixture
    def hive(self, reference: dict[str, Any]) -> Any:
        def of(**options: Any) -> RobotConfiguration:
            options.setdefault("base_mm", 380)
            return parse(reference | {"hive": {"name": "h", **options}}, Path("r.yaml"))

        return of

    def test_are_listed_bottom_up_with_their_own_numbers(self, hive: Any) -> None:
        robot = hive(boxes=["dadant_blatt", {"standard": "dadant_super", "frames": 8}, "dadant_super"])
        geometry = robot.geometry
        assert robot.hive.standard == "dadant_blatt"
        assert [geometry.frames_in(box) for box in (1, 2, 3)] == [9, 8, 9]
        assert [geometry.box_height_mm(box) for box in (1, 2, 3)] == [310, 168, 168]
        assert robot.hive.says() == "boxes of 9, 8 and 9 frames"

    def test_numbers_beside_the_standard_are_about_its_boxes(self, hive: Any) -> None:
        robot = hive(
            standard="dadant_blatt",
            box_height_mm=315,
            frame_pitch_mm=36,
            boxes=["dadant_blatt", "dadant_super"],
        )
        assert [box.box_height_mm for box in robot.hive.stack] == [315, 168]
        assert [box.frame_pitch_mm for box in robot.hive.stack] == [36, 37]
        assert robot.hive.stack[0].frames_per_box == 10  # 382 less 360 leaves 22 mm

    def test_a_standard_of_ones_own_gives_every_number(self, hive: Any) -> None:
        own = {
            "frames_per_box": 9,
            "box_height_mm": 240,
            "box_mass_kg": 5,
            "frame_pitch_mm": 37,
            "frame_width_mm": 400,
        }
        own |= {"frame_height_mm": 225, "top_bar_mm": 440, "comb_width_mm": 380, "comb_height_mm": 200}
        place = {
            "box_outer_width_mm": 470,
            "box_outer_depth_mm": 420,
            "box_inner_depth_mm": 370,
            "wall_mm": 25,
        }
        robot = hive(standard="grandfathers", boxes=2, frame_top_below_rim_mm=6, **own, **place)
        assert robot.geometry.gap_mm(2) == 37
        del own["top_bar_mm"]
        with pytest.raises(
            ConfigurationError, match="'grandfathers' is not known here.* has to give top_bar_mm;"
        ):
            hive(standard="grandfathers", boxes=2, frame_top_below_rim_mm=6, **own, **place)

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"standard": "zander", "boxes": 0}, "'boxes' is 0; a hive has 1 to 5 boxes"),
            ({"standard": "zander", "boxes": 6}, "'boxes' is 6; a hive has 1 to 5 boxes"),
            ({"standard": "zander", "boxes": True}, "'boxes' is True; give how many"),
            ({"standard": "zander"}, "'boxes' is None; give how many"),
            ({"boxes": []}, "'boxes' lists 0"),
            ({"boxes": ["zander", 7]}, "box 2 is 7; give the name of a standard"),
            ({"boxes": [{"standard": "zander", "depth_mm": 4}]}, "box 1: unknown option 'depth_mm'"),
            ({"boxes": ["zander", "national"]}, "a national box does not go on a zander box"),
            ({"boxes": ["zander", "zender"]}, "'zender' is not known here"),
            (
                {"standard": "zander", "boxes": 2, "frames_per_box": 11},
                "box 1: 11 frames of 35 mm leave a gap of -10",
            ),
            ({"standard": "zander", "boxes": 2, "frame_pitch_mm": 38, "frames_per_box": 10}, "use 9 frames"),
            (
                {"standard": "zander", "boxes": 1, "frame_height_mm": 240},
                "box 1: frames of 240 mm reach below",
            ),
            (
                {"standard": "zander", "boxes": 1, "frame_height_mm": "high"},
                r"option 'hive.boxes\[1\].frame_height_mm'",
            ),
            (
                {"standard": "zander", "boxes": 1, "comb_width_mm": 430},
                "comb_width_mm 430 <= frame_width_mm 420",
            ),
        ],
    )
    def test_what_cannot_be_is_refused_in_one_line(
        self, hive: Any, options: dict[str, Any], says: str
    ) -> None:
        with pytest.raises(ConfigurationError, match=says) as refused:
            hive(**options)
        assert "\n" not in str(refused.value) and str(refused.value).startswith("r.yaml: ")
