"""Where the parts of the tower are: transforms as published, against the geometry of the machine.

The geometry is written down here a second time, from the robot file and machine.md in the machine's own axes (X right,
Y front, Z up, millimetres), and composed by transforms3d.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from geometry_msgs.msg import TransformStamped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transforms3d import affines, axangles, euler, quaternions

from bee_robot.configuration import AXIS_NAMES, SERVO_NAMES, RobotConfiguration, load
from bee_robot.hive.comb import REFERENCE_COMB
from bee_robot.hive.frame_view import FrameView
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.vision import frame_marks

ROOT = Path(__file__).resolve().parents[3]
ROBOT = load(ROOT / "config" / "robots" / "tower.yaml")
PARTS = yaml.safe_load((ROOT / "urdf" / "parts.yaml").read_text())
Matrix = np.ndarray


def in_base(x_mm: float, y_mm: float, z_mm: float) -> list[float]:
    """The machine's millimetres as metres in base_link: x front, y left, z up."""
    return [y_mm / 1000, -x_mm / 1000, z_mm / 1000]


def placed(x_mm: float, y_mm: float, z_mm: float, turn: Matrix | None = None) -> Matrix:
    return affines.compose(in_base(x_mm, y_mm, z_mm), np.eye(3) if turn is None else turn, np.ones(3))


def expected(robot: RobotConfiguration, at: dict[str, float]) -> dict[str, Matrix]:
    """(4, 4) of each part in base_link. `at`: axes in mm, servos in degrees."""
    mechanism, fork, hook = robot.mechanism, PARTS["fork"], PARTS["hook"]
    found = {"yoke": np.eye(4), "hive": np.eye(4)}
    for side, outwards in (("left", -1.0), ("right", 1.0)):
        lift, scan, y = (at[f"{axis}_{side}"] for axis in ("lift", "scan", "shuttle"))
        beam_x = outwards * robot.skeleton.post_x_mm
        found[f"lift_{side}_link"] = placed(beam_x, 0, lift)
        found[f"scan_{side}_link"] = placed(beam_x, 0, scan)
        found[f"shuttle_{side}_link"] = placed(outwards * hook["pivot_x_mm"], y, scan)
        for name, pivot_x, pivot_y, z, reach in (
            ("fork", fork["pivot_x_mm"], 0.0, lift, fork["reach_mm"]),
            ("hook", hook["pivot_x_mm"], y, scan, hook["pivot_x_mm"] - mechanism.pin_x_mm),
        ):
            angle = math.radians(at[f"{name}_{side}"])
            # from pointing to the front inwards: to the right on the left side, seen from above clockwise
            turn = axangles.axangle2mat([0, 0, 1], outwards * angle)
            tip_x = outwards * (pivot_x - reach * math.sin(angle))
            tip_y = pivot_y + reach * math.cos(angle)
            engaged = axangles.axangle2mat([0, 0, 1], outwards * (angle - math.pi / 2))
            found[f"{name}_{side}_link"] = placed(outwards * pivot_x, pivot_y, z, turn)
            found[f"{name}_{side}_{'tip' if name == 'fork' else 'plate'}"] = placed(tip_x, tip_y, z, engaged)
            if name == "hook":
                behind = engaged @ [-mechanism.pin_sensor_behind_hook_mm / 1000, 0, 0]
                sensor = placed(tip_x, tip_y, z, engaged)
                sensor[:3, 3] += behind
                found[f"pin_sensor_{side}"] = sensor
        found |= cameras(robot, side, outwards, scan)
    middle_z = at["scan_left"] - mechanism.pin_neck_above_frame_top_mm - robot.hive.box(1).frame_height_mm / 2
    found["photo_spot"] = placed(0, 0, middle_z)
    found |= tags(robot, middle_z)
    for level in range(1, robot.hive.boxes + 2):
        name = f"hive_box_{level}" if level <= robot.hive.boxes else "hive_lid"
        found[name] = placed(0, 0, HiveGeometry(robot.hive, robot.mechanism).bottom_mm(level))
    return found


def looking(yaw: float) -> Matrix:
    """Optical axes in base_link of a camera that looks along x turned by `yaw`: z there, x to its right, y down."""
    along = np.array([math.cos(yaw), math.sin(yaw), 0])
    right = np.array([math.sin(yaw), -math.cos(yaw), 0])
    return np.column_stack([right, [0, 0, -1], along])


def cameras(robot: RobotConfiguration, side: str, outwards: float, scan_mm: float) -> dict[str, Matrix]:
    mechanism, ahead = robot.mechanism, PARTS["camera"]["pupil_ahead_mm"]
    x, z = outwards * mechanism.camera_x_mm, scan_mm - mechanism.camera_below_hook_mm
    found = {}
    for end, front, yaw in (("rear", -1, 0.0), ("front", 1, math.pi)):
        y = front * mechanism.camera_y_mm
        found[f"{end}_{side}_camera"] = placed(x, y, z, euler.euler2mat(0, 0, yaw))
        found[f"{end}_{side}_optical"] = placed(x, y - front * ahead, z, looking(yaw))
    return found


def tags(robot: RobotConfiguration, middle_mm: float) -> dict[str, Matrix]:
    comb = PARTS["comb"]
    found = {}
    for end, front, yaw in (("rear", -1, 0.0), ("front", 1, math.pi)):
        for side, outwards in (("left", -1), ("right", 1)):
            x = outwards * (robot.hive.box(1).comb_width_mm / 2 + comb["tag_beyond_comb_mm"])
            y, z = front * comb["end_bar_width_mm"] / 2, middle_mm + comb["tag_above_middle_mm"]
            # x right and y up as its camera sees it, z towards the camera
            seen = looking(yaw) @ np.diag([1, -1, -1])
            found[f"tag_{end}_{side}"] = placed(x, y, z, seen)
    return found


def matrix(stamped: TransformStamped) -> Matrix:
    place, turn = stamped.transform.translation, stamped.transform.rotation
    rotation = quaternions.quat2mat([turn.w, turn.x, turn.y, turn.z])
    return affines.compose([place.x, place.y, place.z], rotation, np.ones(3))


def chained(transforms: list[TransformStamped]) -> dict[str, Matrix]:
    """(4, 4) of each TF frame in base_link."""
    above = {each.child_frame_id: each for each in transforms}
    assert len(above) == len(transforms), "a frame has one parent"

    def in_root(frame: str) -> Matrix:
        if frame not in above:
            assert frame == "base_link"
            return np.eye(4)
        return in_root(above[frame].header.frame_id) @ matrix(above[frame])

    return {frame: in_root(frame) for frame in above}


def positions() -> st.SearchStrategy[dict[str, float]]:
    axes = {name: st.floats(ROBOT.axes[name].minimum_mm, ROBOT.axes[name].maximum_mm) for name in AXIS_NAMES}
    return st.fixed_dictionaries(axes | {name: st.floats(0, 90) for name in SERVO_NAMES})


def joint_positions(at: dict[str, float]) -> dict[str, float]:
    return {name: math.radians(value) if name in SERVO_NAMES else value / 1000 for name, value in at.items()}


@pytest.fixture
def tower(graph: Any, urdf: str) -> Any:
    """The graph with the tower's publisher, and what it has said of fixed joints."""
    graph.publisher(urdf, ignore_timestamp=True)
    graph.join_late()
    graph.until(lambda: graph.fixed, "/tf_static")
    return graph


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=positions())
def test_published_transforms_are_the_geometry_of_the_machine(tower: Any, at: dict[str, float]) -> None:
    moving = tower.hear(10.0, **joint_positions(at)).transforms
    found = chained([*moving, *tower.fixed[-1].transforms])
    geometry = expected(ROBOT, at)
    assert found.keys() == geometry.keys()
    for frame, place in geometry.items():
        assert np.abs(found[frame] - place).max() <= 1e-9, frame


def found_at(tower: Any, at: dict[str, float]) -> dict[str, Matrix]:
    moving = tower.hear(10.0, **joint_positions(at)).transforms
    return chained([*moving, *tower.fixed[-1].transforms])


PARKED = {name: axis.park_mm for name, axis in ROBOT.axes.items()} | dict.fromkeys(SERVO_NAMES, 0.0)


def test_by_hand(tower: Any) -> None:
    """Numbers of machine.md, without a formula: the left side is at +y, the front at +x."""
    at = PARKED | {
        "lift_left": 652,
        "scan_left": 634,
        "scan_right": 634,
        "shuttle_left": 100,
        "hook_left": 90,
    }
    found = {frame: place[:3, 3] for frame, place in found_at(tower, at).items()}
    assert found["lift_left_link"] == pytest.approx([0, 0.372, 0.652])
    assert found["hook_left_plate"] == pytest.approx([0.1, 0.2, 0.634])
    assert found["pin_sensor_left"] == pytest.approx([0.078, 0.2, 0.634])
    assert found["hook_right_plate"] == pytest.approx([-0.235 + 0.09, -0.29, 0.634])  # stowed: to the front
    assert found["rear_left_camera"] == pytest.approx([-0.265, 0.09, 0.484])
    assert found["front_right_camera"] == pytest.approx([0.265, -0.09, 0.484])
    assert found["hive_lid"] == pytest.approx([0, 0, 1.205])


def test_an_engaged_hook_is_at_the_pins_of_the_hive(tower: Any) -> None:
    """Seated on frame 4 of box 2, before a push to the front: the pin is 8 mm before the plate's centre bar."""
    geometry = HiveGeometry(ROBOT.hive, ROBOT.mechanism)
    y_mm, z_mm = geometry.frame_y_mm(2, 4), geometry.engaged_mm(2)
    at = dict(PARKED)
    for side in ("left", "right"):
        at |= {
            f"scan_{side}": z_mm,
            f"shuttle_{side}": y_mm - ROBOT.mechanism.hook_seated_mm,
            f"hook_{side}": 90,
        }
    found = found_at(tower, at)
    for side, x_mm in (("left", -ROBOT.mechanism.pin_x_mm), ("right", ROBOT.mechanism.pin_x_mm)):
        pin = found[f"hook_{side}_plate"] @ [ROBOT.mechanism.hook_seated_mm / 1000, 0, 0, 1]
        assert pin[:3] == pytest.approx(in_base(x_mm, y_mm, z_mm), abs=1e-9)


@pytest.mark.parametrize("end", ["rear", "front"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_cameras_see_the_comb_as_the_vision_expects(tower: Any, end: str, side: str) -> None:
    """Corners of the comb and the tags of a frame at the photo spot, in the camera's own axes, within a millimetre.

    (The design has the cameras 10 mm below the middle of the comb; 150 below the plate is 9.5.)
    """
    found = found_at(tower, PARKED)
    camera = np.linalg.inv(found[f"{end}_{side}_optical"])
    half = "left" if (side == "left") == (end == "rear") else "right"
    view = FrameView.of_half(half, 1080, 1440)  # type: ignore[arg-type]
    face = found["photo_spot"] @ affines.compose(
        [(-1 if end == "rear" else 1) * PARTS["comb"]["thickness_mm"] / 2000, 0, 0],
        looking(0.0 if end == "rear" else math.pi) @ np.diag([1, -1, -1]),
        np.ones(3),
    )
    for x_mm, y_mm in ((-205, -139.5), (205, -139.5), (0, 0), (-205, 139.5), (205, 139.5)):
        seen = camera @ face @ [x_mm / 1000, y_mm / 1000, 0, 1]
        modelled = view.rotation @ [x_mm - view.x_mm, y_mm - view.y_mm, -view.distance_mm]
        assert seen[:3] * 1000 == pytest.approx(modelled, abs=1.0)
    # the tag of this half is where the vision looks for it
    outwards = -1 if half == "left" else 1
    tag_side = "left" if (outwards < 0) == (end == "rear") else "right"
    tag = np.linalg.inv(face) @ found[f"tag_{end}_{tag_side}"]
    wanted = [outwards * REFERENCE_COMB.tag_x_mm, REFERENCE_COMB.tag_y_mm, frame_marks.TAG_Z_MM]
    assert tag[:3, 3] * 1000 == pytest.approx(wanted, abs=1e-9)
    assert tag[:3, :3] == pytest.approx(np.eye(3), abs=1e-9)
