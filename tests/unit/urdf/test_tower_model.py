"""The tower's model says what the robot file says, and what the board is told."""

from __future__ import annotations

import importlib.util
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from bee_robot.cli import robot_model
from bee_robot.cli.main import main
from bee_robot.configuration import AXIS_NAMES, RobotConfiguration, load
from bee_robot.devices.board_units import AXES, SERVO_RANGE_DEG, SERVOS, BoardUnits
from bee_robot.devices.tower import Axis, AxisState, BoardState, Servo, TowerState
from bee_robot.embedded_ros.robot_model.description import RobotDescription, parse
from bee_robot.mcu import messages as m
from bee_robot.nodes import conversions

ROOT = Path(__file__).resolve().parents[3]
TOWER = ROOT / "config" / "robots" / "tower.yaml"
URDF = ROOT / "urdf"


def tower_state(servos_deg: dict[Servo, float]) -> TowerState:
    axes = {axis: AxisState(600.0, 0.0, True, False) for axis in Axis}
    return TowerState(1.0, BoardState.ARMED, axes, servos_deg, {}, {}, {}, "", "", 0, 0.0)


def other_robot(tmp_path: Path, **changes: Any) -> Path:
    """The reference file with options changed; `section__option=value`, None leaves the option or section out."""
    data = yaml.safe_load(TOWER.read_text())
    for name, value in changes.items():
        section, _, option = name.partition("__")
        place, key = (data[section], option) if option else (data, section)
        if value is None:
            del place[key]
        else:
            place[key] = value
    path = tmp_path / "robot.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def accepted_deg() -> tuple[float, float]:
    """The angles that the firmware accepts from a programme, read from its source."""
    source = (ROOT / "firmware" / "core" / "segment.c").read_text(encoding="utf-8")
    return tuple(
        int(re.search(rf"^#define ANGLE_{end} \(?(-?\d+)\)?$", source, re.MULTILINE)[1]) / 100  # type: ignore[index]
        for end in ("MIN", "MAX")
    )  # type: ignore[return-value]


class TestJoints:
    def test_moving_joints_are_those_of_joint_states(self, description: RobotDescription) -> None:
        moving = {joint.name for joint in description.joints.values() if joint.type != "fixed"}
        known = conversions.joint_state(tower_state(dict.fromkeys(Servo, 0.0)))
        assert moving == set(known.name)

    def test_a_servo_of_unknown_angle_is_not_in_joint_states(self) -> None:
        state = tower_state({servo: math.nan if servo is Servo.HOOK_LEFT else 90.0 for servo in Servo})
        said = conversions.joint_state(state)
        assert "hook_left" not in said.name and "hook_right" in said.name
        assert len(said.name) == len(said.position) == len(said.velocity) == 9

    def test_limits_are_what_the_board_gets(
        self, description: RobotDescription, robot: RobotConfiguration
    ) -> None:
        told = BoardUnits(robot).configuration(board_kind=0)
        axes = {AXES[each.axis].value: each for each in told if isinstance(each, m.ConfigureAxis)}
        assert set(axes) == set(AXIS_NAMES)
        for name, board in axes.items():
            limit = description.joints[name].limit
            assert limit is not None
            step_m = 1 / board.steps_per_m
            assert limit.lower == pytest.approx(board.minimum * step_m, abs=step_m / 2)
            assert limit.upper == pytest.approx(board.maximum * step_m, abs=step_m / 2)
            assert limit.velocity == pytest.approx(board.speed / 256 * step_m, abs=step_m / 256)
        servos = {SERVOS[each.servo].value: each for each in told if isinstance(each, m.ConfigureServo)}
        for name, servo in servos.items():
            limit = description.joints[name].limit
            assert limit is not None
            assert (limit.lower, limit.upper) == pytest.approx(tuple(map(math.radians, accepted_deg())))
            assert limit.velocity == pytest.approx(math.radians(servo.speed / 100))
        (begin,) = (each for each in told if isinstance(each, m.ConfigureBegin))
        for side in ("left", "right"):
            lift = description.joints[f"lift_{side}"].limit
            assert lift is not None and lift.effort == pytest.approx(begin.load_limit_g / 1000 * 9.80665)

    def test_the_host_asks_for_no_servo_angle_that_the_firmware_refuses(self) -> None:
        assert accepted_deg() == SERVO_RANGE_DEG

    def test_a_model_with_other_servo_limits_is_found_out(self, robot: RobotConfiguration, urdf: str) -> None:
        narrow = parse(
            re.sub(
                r'(<joint name="hook_left".*?<limit [^>]*lower=")[^"]*', r"\g<1>0.0", urdf, flags=re.DOTALL
            )
        )
        assert robot_model.problems(narrow, robot) == [
            "joint 'hook_left': lower is 0 in the model, -1.5708 for the board"
        ]

    def test_another_robot_file_gives_other_limits(self, tmp_path: Path) -> None:
        data = yaml.safe_load(TOWER.read_text())
        axes = {
            **data["axes"],
            "scan_left": {**data["axes"]["scan_left"], "maximum_mm": 1509.5, "max_speed_mm_s": 33.3},
        }
        path = other_robot(tmp_path, axes=axes, limits__peel_load_kg=50)
        other = parse(robot_model.expand("tower", path))
        limit = other.joints["scan_left"].limit
        assert limit is not None and (limit.upper, limit.velocity) == (
            pytest.approx(1.5095),
            pytest.approx(0.0333),
        )
        assert robot_model.problems(other, load(path)) == []
        told_otherwise = robot_model.problems(other, load(TOWER))
        assert [
            each
            for each in told_otherwise
            if "scan_left': upper is 1.5095 in the model, 1.58 for the board" in each
        ]
        assert len(told_otherwise) == 4  # upper and velocity of the axis, effort of both lifts


class TestRobotFiles:
    def test_what_a_robot_file_may_leave_out_is_as_in_the_configuration(
        self, tmp_path: Path, urdf: str
    ) -> None:
        path = other_robot(tmp_path, mechanism=None, skeleton=None, limits=None)
        assert parse(robot_model.expand("tower", path)) == parse(urdf)
        defaults = yaml.safe_load((URDF / "parts.yaml").read_text())["defaults"]
        without = load(path).model_dump()
        for section, options in defaults.items():
            assert {option: without[section][option] for option in options} == options

    @pytest.mark.parametrize("boxes", [1, 5])
    def test_hives_of_other_heights(self, tmp_path: Path, boxes: int) -> None:
        made = parse(robot_model.expand("tower", other_robot(tmp_path, hive__boxes=boxes)))
        assert [name for name in made.links if name.startswith("hive_box")] == [
            f"hive_box_{n}" for n in range(1, boxes + 1)
        ]
        assert made.joints["hive_to_hive_lid"].origin.xyz[2] == pytest.approx(0.35 + boxes * 0.285)

    @pytest.mark.parametrize("name", ["tower", "tower_langstroth", "tower_dadant_mixed", "tower_national"])
    def test_boxes_of_any_standard_stand_where_the_geometry_says(self, name: str) -> None:
        """Hives of named standards, mixed ones too: xacro reads standards and robot file as the program does."""
        path = TOWER.with_name(f"{name}.yaml")
        robot, made = load(path), parse(robot_model.expand("tower", path, open_box=1, frame_in_hand=2))
        geometry = robot.geometry
        at = {joint.child: (joint.parent, joint.origin.xyz) for joint in made.joints.values()}
        assert at["hive_box_1"][1][2] * 1000 == pytest.approx(geometry.bottom_mm(1))
        for box in range(2, robot.hive.boxes + 2):
            parent, (_, _, z) = at[f"hive_box_{box}" if box <= robot.hive.boxes else "hive_lid"]
            hangs_mm = geometry.bottom_mm(box) - geometry.bottom_mm(2) - robot.hive.cleat_above_bottom_mm
            assert (parent, z * 1000) == ("lift_left_link", pytest.approx(hangs_mm))
        wide_m = (robot.hive.box(1).comb_width_mm - 2) / 1000
        seen = [visual.geometry for visual in made.links["hive_box_1"].visuals]
        combs = [each for each in seen if each.kind == "box" and each.size[1] == pytest.approx(wide_m)]
        assert len(combs) == geometry.frames_in(1) - 1
        hangs_mm = -robot.mechanism.pin_neck_above_frame_top_mm - geometry.frame_height_mm(1) / 2
        assert at["frame_in_hand"][1][2] * 1000 == pytest.approx(hangs_mm)
        assert robot_model.problems(made, robot) == []

    def test_an_open_box_and_a_frame_in_hand(self) -> None:
        made = parse(robot_model.expand("tower", TOWER, open_box=1, frame_in_hand=5))
        assert made.joints["hive_to_hive_box_1"].parent == "hive"
        assert [
            made.joints[f"lift_left_link_to_{name}"].origin.xyz[2] for name in ("hive_box_2", "hive_lid")
        ] == [
            pytest.approx(-0.025),
            pytest.approx(-0.025 + 2 * 0.285),
        ]
        assert made.joints["shuttle_left_link_to_frame_in_hand"].origin.xyz[0] == pytest.approx(-0.008)


class TestXacro:
    def test_xacro_itself_says_the_same(self, urdf: str, tmp_path: Path) -> None:
        """As the launch file calls it, and with a path that counts from where it is called."""
        xacro = Path(sys.executable).with_name("xacro")
        for words, folder in (([], tmp_path), (["robot_file:=config/robots/tower.yaml"], ROOT)):
            done = subprocess.run(
                [str(xacro), str(URDF / "tower.urdf.xacro"), *words], cwd=folder, capture_output=True, text=True, timeout=60, check=True
            )  # fmt: skip
            assert done.stdout == urdf and done.stderr == ""

    def test_meshes_are_what_their_generator_writes(self, tmp_path: Path) -> None:
        subprocess.run(
            [sys.executable, str(URDF / "make_meshes.py"), str(tmp_path)],
            check=True,
            capture_output=True,
            timeout=60,
        )
        made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        kept = {path.name: path.read_bytes() for path in (URDF / "meshes").iterdir()}
        assert made == kept
        assert sum(map(len, kept.values())) < 100_000

    def test_inertias_are_possible(self, urdf: str) -> None:
        """Positive, and no moment larger than the other two together."""
        from xml.etree import ElementTree

        found = list(ElementTree.fromstring(urdf).iter("inertial"))
        assert len(found) > 15
        for inertial in found:
            moments = inertial.find("inertia").attrib  # type: ignore[union-attr]
            x, y, z = sorted(float(moments[name]) for name in ("ixx", "iyy", "izz"))
            assert x > 0 and z <= x + y
            assert float(inertial.find("mass").get("value")) > 0  # type: ignore[union-attr, arg-type]


class TestVerb:
    def run(self, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
        status = main(["urdf", *words])
        return status, *capsys.readouterr()

    def test_prints_the_model_or_writes_it(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, urdf: str
    ) -> None:
        assert self.run(capsys, "--robot", str(TOWER)) == (0, urdf, "")
        assert self.run(capsys, "--out", str(tmp_path / "t.urdf")) == (0, "", "")
        assert (tmp_path / "t.urdf").read_text() == urdf

    def test_checks_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, said, _ = self.run(capsys, "--check")
        assert status == 0 and said.endswith("10 moving joints with the limits that the board gets\n")

    @pytest.mark.parametrize(
        ("words", "complaint"),
        [
            (["--robot", "none.yaml"], "cannot read the robot file"),
            (["--open-box", "4"], "box 4 is unknown: hive hive_1 has boxes 1 to 3"),
            (["--frame", "2"], "--frame needs an open box; give --open-box N too"),
            (["--open-box", "1", "--frame", "11"], "frame 11 is unknown: a box has frames 1 to 10"),
            (["--at", "scan=4"], "--at scan=4: give NAME=VALUE with one of lift_left"),
            (["--at", "scan_left=high"], "--at scan_left=high: give NAME=VALUE"),
            (["--picture", "p.png", "--look-at", "moon"], "--look-at moon: no such link"),
            (["--picture", "p.png", "--size", "9x9"], "--size 9x9: give width and height in pixels"),
            (["--picture", "none/p.png"], "folder none does not exist"),
        ],
    )
    def test_bad_input_is_one_line(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], complaint: str
    ) -> None:  # fmt: skip
        monkeypatch.chdir(tmp_path)
        status, said, error = self.run(capsys, *words)
        assert (status, said, error.count("\n")) == (2, "", 1)
        assert error.startswith("bee urdf: ") and complaint in error
        assert not os.listdir(tmp_path)


def drawn(folder: Path, *words: str, size: str = "360x600") -> np.ndarray:
    """The picture of an open box with a frame on the hooks, (height, width, 3), blue, green, red."""
    path = folder / "p.png"
    assert (
        main(["urdf", "--picture", str(path), "--size", size, "--open-box", "1", "--frame", "5", *words]) == 0
    )
    return np.asarray(cv2.imread(str(path)), np.float64)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return drawn(tmp_path_factory.mktemp("picture"))


def red_share(picture: np.ndarray) -> float:
    blue, green, red = np.moveaxis(picture, -1, 0)
    return float(((red > 2.5 * blue) & (red > 2.5 * green)).mean())


class TestPicture:
    def test_the_picture_in_the_documentation_shows_this_model(
        self, picture: np.ndarray, tmp_path: Path
    ) -> None:
        """Outlines are finer there; a beam 34 mm lower shows."""
        kept = cv2.resize(
            cv2.imread(str(ROOT / "docs" / "images" / "tower_model.png")),
            (360, 600),
            interpolation=cv2.INTER_AREA,
        )
        lower = drawn(tmp_path, "--at", "scan_left=900", "--at", "scan_right=900")
        assert np.abs(picture - kept).mean() < 3 < 4 < np.abs(lower - kept).mean()

    def test_beams_and_comb_have_their_colours_and_the_paper_is_white(self, picture: np.ndarray) -> None:
        blue, green, red = np.moveaxis(picture, -1, 0)
        assert ((blue > 1.8 * red) & (blue > 100)).sum() > 500  # lift beams
        assert ((red > 1.5 * green) & (green > 1.3 * blue) & (red > 100)).sum() > 500  # scan beams
        assert ((red > 2.5 * blue) & (green > 1.8 * blue)).sum() > 3000  # comb
        assert picture[0].min() == 255

    def test_a_close_up_shows_the_red_hook_larger(self, picture: np.ndarray, tmp_path: Path) -> None:
        near = drawn(tmp_path, "--look-at", "hook_left_plate", "--across", "200", size="120x160")
        assert red_share(near) > 5 * red_share(picture) > 0


def test_the_generator_is_a_program_that_can_be_imported() -> None:
    spec = importlib.util.spec_from_file_location("make_meshes", URDF / "make_meshes.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for shape in module.SHAPES.values():
        triangles = np.array(shape(yaml.safe_load((URDF / "parts.yaml").read_text())))
        volume = np.einsum("ni,ni->n", triangles[:, 0], np.cross(triangles[:, 1], triangles[:, 2])).sum() / 6
        assert volume > 0, "outsides out"
