"""The robot's model (URDF) and the twin's plant agree on where hooks, pins, forks and the frame in hand are."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bee_robot.cli import robot_model
from bee_robot.configuration import AXIS_NAMES, SERVO_NAMES, RobotConfiguration
from bee_robot.embedded_ros.robot_model.description import RobotDescription, parse
from bee_robot.embedded_ros.robot_model.surfaces import link_transforms
from bee_robot.sim.plant_mirror import SIDES

from .conftest import ROOT, Hands

TOWER = Path(ROOT) / "config" / "robots" / "tower.yaml"
SETTLED_MM = (
    0.05  # the plant works out consequences every 20 to 25 micrometres of way, and hooks give a little
)


@pytest.fixture(scope="module")
def model() -> RobotDescription:
    """With the first frame of the open first box on the hooks, pushed to the back."""
    return parse(robot_model.expand("tower", TOWER, open_box=1, frame_in_hand=1, push=-1))


def places_mm(model: RobotDescription, hands: Hands) -> dict[str, tuple[float, float, float]]:
    """Links in the machine's axes (X right, Y front, Z up), the joints where the plant has its axes and servos."""
    truth = hands.plant.truth
    joints = dict(zip(AXIS_NAMES, (mm / 1000 for mm in truth.position_mm)))
    joints |= dict(zip(SERVO_NAMES, (math.radians(deg) for deg in truth.servo_deg)))
    found = link_transforms(model, joints)
    return {
        name: (-1000 * place.translation[1], 1000 * place.translation[0], 1000 * place.translation[2])
        for name, place in found.items()
    }


def test_hooks_hold_the_pins_and_the_frame_hangs_between_them(
    hands: Hands, model: RobotDescription, robot: RobotConfiguration
) -> None:
    hands.open_box(1)
    hands.take_hold(1, 1, push=-1)
    engaged_mm = hands.geometry.engaged_mm(1)
    frame = hands.plant.truth.frames[0][0]
    for scan_mm, shuttle_mm in ((engaged_mm, None), (engaged_mm + 300, None), (engaged_mm + 300, 8.0)):
        hands.move(scan_left=scan_mm, scan_right=scan_mm)
        if shuttle_mm is not None:
            hands.move(shuttle_left=shuttle_mm, shuttle_right=shuttle_mm)
        found = places_mm(model, hands)
        for index, side in enumerate(SIDES):
            x_mm, y_mm, z_mm = found[f"hook_{side}_plate"]
            pin = (math.copysign(200.0, x_mm), frame.y_mm[index], engaged_mm + frame.lift_mm[index])
            assert (x_mm, y_mm - robot.mechanism.hook_seated_mm, z_mm) == pytest.approx(pin, abs=SETTLED_MM)
        middle = (0.0, frame.y_mm[0], hands.geometry.frame_top_mm(1) + frame.lift_mm[0] - 279 / 2)
        assert found["frame_in_hand"] == pytest.approx(middle, abs=SETTLED_MM)
    assert found["photo_spot"] == pytest.approx(found["frame_in_hand"], abs=2 * SETTLED_MM)
    assert hands.harm() == []


def test_forks_carry_the_stack_by_its_cleats(hands: Hands, model: RobotDescription) -> None:
    hands.open_box(1)
    hands.pause(0.1)
    bottom_mm = hands.geometry.rim_mm(1) + hands.plant.truth.edge_mm[0]
    found = places_mm(model, hands)
    assert found["hive_box_2"][2] == pytest.approx(bottom_mm, abs=0.5)  # forks give under the load
    assert found["hive_box_1"][2] == pytest.approx(hands.geometry.bottom_mm(1))
    for side in SIDES:
        assert found[f"fork_{side}_tip"][2] == pytest.approx(bottom_mm + 25, abs=0.5)


def test_the_pin_sensor_is_over_the_pin_that_it_feels(hands: Hands, model: RobotDescription) -> None:
    hands.open_box(2)
    hands.swing(hook_left=90)
    travel_mm = hands.geometry.engaged_mm(2) + 8
    pin_mm = hands.geometry.frame_y_mm(1, 5)
    hands.move(scan_left=travel_mm, shuttle_left=pin_mm + 22 - 10)
    assert not hands.library.plant_pin(0)
    felt = []
    for tenth in range(-100, 101):
        hands.move(shuttle_left=pin_mm + 22 + tenth / 10)
        if hands.library.plant_pin(0):
            felt.append(places_mm(model, hands)["pin_sensor_left"])
    assert felt
    middle = tuple(sum(each) / len(felt) for each in zip(*felt))
    assert middle == pytest.approx((-200.0, pin_mm, travel_mm), abs=0.1)
