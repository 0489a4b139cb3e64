"""Heights by hand, what follows from them, and hives that a machine cannot serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bee_robot.configuration import ConfigurationError, RobotConfiguration, parse
from bee_robot.hive import fit

PARTS = yaml.safe_load(
    (Path(__file__).resolve().parents[3] / "urdf" / "parts.yaml").read_text(encoding="utf-8")
)


def test_heights_of_two_langstroth_deeps_by_hand(tower_for) -> None:
    geometry = tower_for(standard="langstroth_deep", boxes=2).geometry
    assert geometry.bottom_mm(2) == 350 + 244.5
    assert geometry.bottom_mm(geometry.lid_level) == 350 + 489
    assert geometry.rim_mm(1) == 594.5
    assert geometry.cleat_mm(2) == 619.5
    assert geometry.frame_top_mm(1) == 587.5
    assert geometry.frame_bottom_mm(1) == 356.5
    assert geometry.engaged_mm(1) == 588.5
    assert geometry.gap_mm(1) == 25
    assert geometry.frame_y_mm(1, 1) == -187.5 + 25 + 17.5
    assert geometry.frame_y_mm(1, 10, gap_at_back=False) == 162.5 - 17.5
    assert geometry.frame_lift_mm(1) == 252
    # forks at 619.5 + raise, hooks at 588.5 + 252 = 840.5; 119 apart and 7 of air
    assert geometry.raise_mm(1) == pytest.approx(840.5 + 119 + 7 - 619.5)
    assert geometry.hook_beside_pin_mm(1) == 23.5


def test_heights_of_a_dadant_with_supers_by_hand(tower_for) -> None:
    robot = tower_for(boxes=["dadant_blatt", "dadant_super", "dadant_super"])
    geometry = robot.geometry
    assert [geometry.bottom_mm(level) for level in (1, 2, 3, 4)] == [350, 660, 828, 996]
    assert [geometry.cleat_mm(level) for level in (2, 3, 4)] == [685, 853, 1021]
    assert [geometry.engaged_mm(box) for box in (1, 2, 3)] == [654, 822, 990]
    assert [robot.frame_lift_mm(box) for box in (1, 2)] == [321, 181]
    assert [robot.raise_mm(box) for box in (1, 2)] == [416, 276]
    # lid 4; a super: box, 9 frames with comb of 416 x 131 mm
    super_kg = robot.hive.box(2).box_mass_kg + 9 * (geometry.empty_frame_kg(2) + 0.33 * 4.16 * 1.31)
    assert geometry.full_load_kg(1) == pytest.approx(4 + 2 * super_kg)
    assert geometry.full_load_kg(3) == geometry.empty_load_kg(3) == 4


def test_heights_of_a_national_by_hand(tower_for) -> None:
    """Bee space below the frames: they are flush with the rim."""
    geometry = tower_for(boxes=["national_14x12", "national", "national_super"]).geometry
    assert geometry.rim_mm(3) == pytest.approx(350 + 317.5 + 225.4 + 149.2)
    assert geometry.frame_top_mm(1) == geometry.rim_mm(1) == 667.5
    assert geometry.engaged_mm(1) == 668.5
    assert geometry.frame_bottom_mm(2) == pytest.approx(667.5 + 225.4 - 216)
    assert [geometry.frames_in(box) for box in (1, 2, 3)] == [11, 11, 10]
    assert geometry.gap_mm(1) == 37 and geometry.gap_mm(3) == 72


def test_the_machine_grows_only_where_a_hive_needs_it(reference: dict[str, Any], tower_for) -> None:
    same = tower_for(standard="estonian", boxes=3)
    before = parse(reference, Path("tower.yaml"))
    assert (same.axes, same.mechanism, same.skeleton, same.hive.stack) == (
        before.axes,
        before.mechanism,
        before.skeleton,
        before.hive.stack,
    )
    higher = tower_for(standard="estonian", boxes=5)
    # lid cleats at 350 + 5 x 285 + 25, raised 400, and 20 for backing off (R5); the next 5 mm beyond 10 more
    assert higher.axes["lift_left"].maximum_mm == 1800 + 400 + 20 + 10
    assert higher.axes["scan_left"].maximum_mm == 1775 - 2 + 1 + 300 + 10 + 1
    german = tower_for(standard="deutsch_normal", boxes=2)
    assert german.mechanism.pin_x_mm == 190  # 394 / 2, less pin and wood beside it, in steps of 5
    assert german.mechanism.camera_y_mm == 270  # 250 + 20
    assert german.view_width_mm("rear_left") == pytest.approx(264 * 245 / 240)
    wide = tower_for(standard="buckfast_dadant", boxes=1)
    assert wide.axes["shuttle_left"].maximum_mm == -wide.axes["shuttle_left"].park_mm == 245
    low = tower_for(standard="langstroth_shallow", boxes=5)
    assert (
        low.hive.base_mm == 380
    )  # forks at 380 + 144.5 + 17: 120 above the parked scan beams, in steps of 5


@pytest.mark.parametrize(
    ("hive", "machine", "says"),
    [
        ({"standard": "zander", "box_outer_width_mm": 560}, {}, "boxes are 560 mm wide, between the forks is room for 522"),
        ({"standard": "buckfast_dadant"}, {}, "boxes are 505 mm deep, between the frame cameras is room for 490"),
        ({"standard": "zander"}, {"mechanism": {"camera_y_mm": 320}}, "cameras at 320 mm are beyond the beams"),
        ({"standard": "zander", "frame_top_below_rim_mm": 13, "frame_height_mm": 210}, {}, "hang 13 mm below the rim"),
        ({"standard": "zander", "frame_pitch_mm": 27}, {}, "box 1: frames 27 mm apart leave no place for the hook"),
        ({"standard": "deutsch_normal", "box_outer_depth_mm": 480}, {}, "box 1: pins at 200 mm are not on top bars of 394"),
        ({"standard": "langstroth_deep"}, {}, "box 1: camera rear_left does not see the tags 223.5 mm from"),
        ({"standard": "zander"}, {"mechanism": {"camera_x_mm": 125}}, "does not see the middle of the comb"),
        ({"standard": "zander"}, {"mechanism": {"camera_y_mm": 330}, "skeleton": {"post_y_mm": 360}}, "comb from 305 mm"),
        ({"standard": "estonian"}, {"mechanism": {"camera_below_hook_mm": 90}}, "does not see the lower end of frames of 279"),
        ({"standard": "zander", "box_outer_depth_mm": 480, "box_inner_depth_mm": 460}, {}, "need shuttle_left to go from"),
        ({"standard": "zander_flat"}, {}, "scan_left parked at 420 is too close .*put the hive 6 mm higher"),
        ({"standard": "zander", "base_mm": 250}, {}, "lift_left has to go down to 495 mm"),
        ({"standard": "estonian", "boxes": 5}, {}, "box 4: lift_left has to go up to 1935 mm, its maximum is 1700"),
        ({"standard": "zander"}, {"visit": {"frame_lift_mm": 225}}, "have to be lifted 230 mm or more"),
        ({"standard": "zander"}, {"visit": {"raise_mm": 300}}, "visit.raise_mm is 300; raise it or leave it out"),
        ({"standard": "zander"}, {"skeleton": {"crown_above_rim_mm": 480}}, "meets the crown: it needs 50[0-9]"),
    ],
)  # fmt: skip
def test_a_hive_that_a_machine_cannot_serve_is_refused_with_the_reason(
    reference: dict[str, Any], hive: dict[str, Any], machine: dict[str, dict[str, Any]], says: str
) -> None:
    data = reference | {"hive": {"name": "h", "boxes": 2, **hive}}
    for part, options in machine.items():
        data[part] = data[part] | options
    with pytest.raises(ConfigurationError, match=says) as refused:
        parse(data, Path("r.yaml"))
    assert "\n" not in str(refused.value)


def test_places_of_parts_are_those_of_the_model() -> None:
    fork, hook = PARTS["fork"], PARTS["hook"]
    post_x_mm = PARTS["defaults"]["skeleton"]["post_x_mm"]
    assert post_x_mm - fork["pivot_x_mm"] + fork["reach_mm"] == fit.POST_TO_FORK_TIP_MM
    assert PARTS["camera"]["body_mm"] / 2 == fit.CAMERA_HALF_MM
    assert PARTS["skeleton"]["post_mm"] / 2 == fit.POST_HALF_MM
    assert hook["arm_above_plate_mm"] == fit.HOOK_ARM_ABOVE_PLATE_MM
    assert PARTS["comb"]["pin_head_mm"] / 2 == fit.PIN_HEAD_HALF_MM
    assert PARTS["comb"]["tag_beyond_comb_mm"] + PARTS["comb"]["tag_mm"] / 2 == fit.TAG_BEYOND_COMB_MM
    assert RobotConfiguration.model_fields["mechanism"].default.camera_y_mm == 265
