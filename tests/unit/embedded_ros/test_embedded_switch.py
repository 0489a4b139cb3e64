"""The switch between an installed ROS 2 and the embedded runtime, and what imports find."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def run(program: str, path: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter, from the repository root."""
    search = os.pathsep.join(str(p) for p in (path, ROOT) if p is not None)
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": search, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def system_ros(tmp_path: Path) -> Path:
    """A folder that looks like a sourced ROS 2 without our interface package."""
    package = tmp_path / "rclpy"
    package.mkdir()
    (package / "__init__.py").write_text("origin = 'the installed one'\n")
    return tmp_path


def test_without_ros_the_embedded_runtime_is_used() -> None:
    result = run(
        "import bee_robot, rclpy; print(bee_robot.ros_runtime().kind, rclpy.__file__)", BEE_ROS="auto"
    )
    assert result.stdout.startswith("embedded") and "embedded_ros/rclpy/__init__.py" in result.stdout


def test_an_installed_rclpy_is_left_alone(system_ros: Path) -> None:
    result = run(
        "import bee_robot, rclpy; print(bee_robot.ros_runtime().kind, rclpy.origin)",
        system_ros,
        BEE_ROS="auto",
    )
    assert result.stdout == "system the installed one\n"


def test_embedded_can_be_forced(system_ros: Path) -> None:
    result = run("import bee_robot, rclpy; print(hasattr(rclpy, 'origin'))", system_ros, BEE_ROS="embedded")
    assert result.stdout == "False\n"


def test_with_ros_a_missing_interface_package_names_the_remedy(system_ros: Path) -> None:
    result = run("import bee_robot\nimport bee_robot_interfaces.msg", system_ros, BEE_ROS="auto")
    assert result.returncode != 0
    assert "ModuleNotFoundError" in result.stderr and "colcon build" in result.stderr


def test_system_without_ros_names_the_remedy() -> None:
    result = run("import bee_robot\nimport rclpy", BEE_ROS="system")
    assert result.returncode != 0
    assert "source /opt/ros/" in result.stderr and "BEE_ROS" in result.stderr


def test_a_wrong_choice_is_an_error() -> None:
    result = run("import bee_robot", BEE_ROS="both")
    assert result.returncode != 0 and "auto, system, embedded" in result.stderr


def test_importing_the_package_is_light() -> None:
    heavy = "[m for m in ('zenoh', 'numpy', 'rosbags', 'yaml') if m in sys.modules]"
    result = run(f"import sys, bee_robot; print({heavy})")
    assert result.stdout == "[]\n"


def test_our_interfaces_win_over_the_folder_of_that_name() -> None:
    result = run("import bee_robot\nfrom bee_robot_interfaces.msg import Segment\nprint(Segment())")
    assert result.stdout.startswith("bee_robot_interfaces.msg.Segment("), result.stderr


def test_names_that_are_not_served_are_not_found() -> None:
    program = (
        "import bee_robot, importlib.util as u; print(u.find_spec('std_msgs.srv'), u.find_spec('nav2_msgs'))"
    )
    assert run(program).stdout == "None None\n"


def test_an_unknown_type_is_an_import_error() -> None:
    result = run("import bee_robot\nfrom std_msgs.msg import Sting")
    assert result.returncode != 0 and "ImportError" in result.stderr and "Sting" in result.stderr


def test_interface_packages_can_be_added(tmp_path: Path) -> None:
    folder = tmp_path / "apiary_interfaces" / "msg"
    folder.mkdir(parents=True)
    (folder / "Queen.msg").write_text(
        "string<=5 colour blue  # of the year\nuint8[<=2] legs [1, 2]\nfloat64[2] at\nint8 YEAR=3\nwstring note\n"
    )
    program = (
        "import bee_robot\nfrom apiary_interfaces.msg import Queen\n"
        "from rclpy.serialization import deserialize_message, serialize_message\n"
        "q = Queen(note='K\\u00f6nigin')\nassert deserialize_message(serialize_message(q), Queen) == q\n"
        "print(q.colour, list(q.legs), Queen.YEAR, q.note)\n"
        "for field, wrong in (('colour', 'yellow'), ('legs', [1, 2, 3]), ('at', [1.0])):\n"
        "    try:\n        setattr(q, field, wrong)\n    except AssertionError:\n        print('refused', field)\n"
    )
    result = run(program, BEE_ROS_INTERFACE_PATH=str(tmp_path))
    expected = "blue [1, 2] 3 Königin\nrefused colour\nrefused legs\nrefused at\n"
    assert result.stdout == expected, result.stderr


def test_a_definition_that_cannot_be_read_says_where(tmp_path: Path) -> None:
    folder = tmp_path / "broken_interfaces" / "srv"
    folder.mkdir(parents=True)
    (folder / "Half.srv").write_text("string a\n")
    program = "import bee_robot\nfrom broken_interfaces.srv import Half"
    result = run(program, BEE_ROS_INTERFACE_PATH=str(tmp_path))
    assert (
        result.returncode != 0 and "broken_interfaces/srv/Half" in result.stderr and "'---'" in result.stderr
    )
