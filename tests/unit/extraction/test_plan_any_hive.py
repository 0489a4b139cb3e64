"""Every hive that a tower can be built for is visited within the rules; every other one is refused with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bee_robot.configuration import ConfigurationError, RobotConfiguration, parse
from bee_robot.extraction.plan import plan_box
from bee_robot.hive.fitting import fitted
from bee_robot.hive.standards import standards

ROBOT_FILE = Path(__file__).parents[3] / "config" / "robots" / "tower.yaml"


def tower_for(**hive: Any) -> RobotConfiguration:
    data = yaml.safe_load(ROBOT_FILE.read_text(encoding="utf-8"))
    return parse(fitted(data, {"name": "h", **hive}), Path("fitted.yaml"))


@pytest.mark.parametrize(
    ("hive", "box", "push"),
    [
        ({"standard": "langstroth_deep", "boxes": 3}, 1, -1),
        ({"standard": "langstroth_8_medium", "boxes": 5}, 5, 1),
        ({"standard": "dadant_blatt", "boxes": 1, "frame_pitch_mm": 36}, 1, 1),
        ({"boxes": ["buckfast_dadant", "buckfast_super"]}, 1, -1),
        ({"standard": "buckfast_dadant", "boxes": 1, "frame_pitch_mm": 37, "frames_per_box": 12}, 1, -1),
        ({"boxes": ["national_14x12", "national", "national_super"]}, 3, 1),
        ({"standard": "zander", "boxes": 2, "frames_per_box": 8}, 1, -1),
        ({"standard": "deutsch_normal", "boxes": 2}, 2, -1),
    ],
    ids=str,
)
def test_a_hive_of_another_standard_is_planned_within_the_rules(
    hive: dict[str, Any], box: int, push: int
) -> None:
    robot = tower_for(**hive)
    plan = plan_box(robot, box, push)
    assert plan.refusals() == []
    frames = robot.geometry.frames_in(box)
    assert {step.frame for step in plan.steps} == set(range(frames + 1))
    assert 25 * frames < plan.open_time_s < 52 * frames + 60


def test_every_number_of_frames_fits_or_is_refused_with_the_gap() -> None:
    """Planning takes a second a hive; whether frames fit is known before."""
    refused = 0
    for name, box in standards().boxes.items():
        place = standards().footprint_of(name)
        for frames in range(8, 13):
            gap_mm = place.box_inner_depth_mm - frames * place.frame_pitch_mm
            if gap_mm >= 15:
                assert tower_for(standard=name, boxes=2, frames_per_box=frames).geometry.gap_mm(1) == gap_mm
                continue
            with pytest.raises(ValueError, match=f"{frames} frames of .* leave a gap of {gap_mm:g} mm"):
                tower_for(standard=name, boxes=2, frames_per_box=frames)
            refused += 1
        assert tower_for(standard=name, boxes=1).geometry.frames_in(1) <= box.frames
    assert refused > len(standards().boxes)


def test_hooks_land_nearer_where_frames_stand_nearer(robot: RobotConfiguration) -> None:
    """26 mm beside a pin would be 9 mm from the next one at a pitch of 35 mm: on its head, with a plate of 19 mm."""
    near = tower_for(standard="zander", boxes=1)
    assert near.geometry.hook_beside_pin_mm(1) == 23.5
    far = near.model_copy(update={"hive": near.hive.model_copy(update={"stack": robot.hive.stack[:1]})})
    assert far.geometry.hook_beside_pin_mm(1) == 26


def test_a_stack_that_may_be_too_heavy_is_warned_of_and_weighed(robot: RobotConfiguration) -> None:
    plan = plan_box(robot, 1)
    (warning,) = plan.warnings()
    assert "would weigh 102 kg, the forks lift 90 kg" in warning
    assert plan.refusals() == []


def test_a_stack_that_is_too_heavy_even_empty_is_refused() -> None:
    robot = tower_for(standard="langstroth_deep", boxes=5, box_mass_kg=20)
    refusals = plan_box(robot, 1).refusals()
    assert any("R4: what stands on box 1 weighs 103 kg or more" in refusal for refusal in refusals)


def test_a_top_box_needs_no_warning(robot: RobotConfiguration) -> None:
    assert plan_box(robot, 3).warnings() == []


def test_an_impossible_hive_has_no_tower() -> None:
    with pytest.raises((ConfigurationError, ValueError), match="hang 13 mm below the rim"):
        tower_for(standard="zander", boxes=1, frame_top_below_rim_mm=13, frame_height_mm=210)
