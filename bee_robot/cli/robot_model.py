"""The model of a robot (URDF) from its robot file: expanded by xacro, checked against the board's numbers, posed."""

from __future__ import annotations

import math
from pathlib import Path

import xacro

from bee_robot.cli import locations
from bee_robot.configuration import AXIS_NAMES, SERVO_NAMES, RobotConfiguration
from bee_robot.devices.board_units import AXES, SERVO_RANGE_DEG, SERVOS, BoardUnits
from bee_robot.embedded_ros.robot_model.description import RobotDescription
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.mcu import messages as m

STANDARD_GRAVITY = 9.80665
SPEED_UNIT = 256  # of the board: 1/256 step
SWUNG_IN_DEG = 90.0
"""Where procedures send a fork or hook that shall engage; 0 is stowed. It may go further: SERVO_RANGE_DEG."""


class ModelError(Exception):
    """The model cannot be made or drawn: why."""


def model_file(kind: str) -> Path:
    """The xacro of a kind of robot. Raises ModelError where the package is incomplete."""
    share = locations.share_folder()
    path = share / "urdf" / f"{kind}.urdf.xacro" if share else None
    if path is None or not path.is_file():
        raise ModelError(f"urdf/{kind}.urdf.xacro is missing; install the package again")
    return path


def mesh_file(address: str) -> Path:
    """package://bee_robot/urdf/... -> the file. Raises ModelError."""
    package, _, path = address.removeprefix("package://").partition("/")
    share = locations.share_folder(package)
    if not address.startswith("package://") or share is None:
        raise ModelError(f"mesh {address}: no such package on this machine")
    return share / path


def expand(kind: str, robot_path: Path, *, open_box: int = 0, frame_in_hand: int = 0, push: int = -1) -> str:
    """The URDF, as `xacro` writes it. `open_box` 0: the hive is closed; `frame_in_hand` 0: none. Raises ModelError."""
    given = {
        "robot_file": str(robot_path.absolute()),
        "open_box": str(open_box),
        "frame_in_hand": str(frame_in_hand),
        "push": str(push),
    }
    path = model_file(kind)
    try:
        return str(xacro.process_file(str(path), mappings=given).toprettyxml(indent="  "))
    except (xacro.XacroException, OSError) as error:
        raise ModelError(f"{path} with {robot_path}: {error}") from None


def problems(description: RobotDescription, robot: RobotConfiguration) -> list[str]:
    """What the model says otherwise than the board is told: names of moving joints, their limits, meshes. [] if nothing."""
    moving = {joint.name for joint in description.joints.values() if joint.type != "fixed"}
    named = {*AXIS_NAMES, *SERVO_NAMES}
    found = [
        f"joint '{name}' is in the model alone or in joint_states alone" for name in sorted(moving ^ named)
    ]
    for message in BoardUnits(robot).configuration(board_kind=0):
        if isinstance(message, m.ConfigureAxis) and AXES[message.axis].value in moving:
            found += _axis_problems(description, message)
        elif isinstance(message, m.ConfigureServo) and SERVOS[message.servo].value in moving:
            found += _servo_problems(description, message)
        elif isinstance(message, m.ConfigureBegin):
            newtons = message.load_limit_g / 1000 * STANDARD_GRAVITY
            for side in ("left", "right"):
                found += _compared(description, f"lift_{side}", "effort", newtons, 1e-2)
    for link in description.links.values():
        for visual in link.visuals:
            if visual.geometry.kind == "mesh" and not mesh_file(visual.geometry.file).is_file():
                found.append(f"link '{link.name}': mesh {visual.geometry.file} is missing")
    return found


def _axis_problems(description: RobotDescription, told: m.ConfigureAxis) -> list[str]:
    name, step_m = AXES[told.axis].value, 1 / told.steps_per_m
    return [
        *_compared(description, name, "lower", told.minimum * step_m, step_m / 2),
        *_compared(description, name, "upper", told.maximum * step_m, step_m / 2),
        *_compared(description, name, "velocity", told.speed * step_m / SPEED_UNIT, step_m / SPEED_UNIT),
    ]


def _servo_problems(description: RobotDescription, told: m.ConfigureServo) -> list[str]:
    name, hundredth = SERVOS[told.servo].value, math.radians(0.01)
    lower, upper = map(math.radians, SERVO_RANGE_DEG)
    return [
        *_compared(description, name, "lower", lower, 1e-9),
        *_compared(description, name, "upper", upper, 1e-9),
        *_compared(description, name, "velocity", told.speed * hundredth, hundredth / 2),
    ]


def _compared(
    description: RobotDescription, joint: str, what: str, told: float, tolerance: float
) -> list[str]:
    limit = description.joints[joint].limit if joint in description.joints else None
    has = getattr(limit, what) if limit else math.nan
    if abs(has - told) <= tolerance + 1e-12:
        return []
    return [f"joint '{joint}': {what} is {has:g} in the model, {told:g} for the board"]


def pose(robot: RobotConfiguration, open_box: int, frame_in_hand: int, push: int) -> dict[str, float]:
    """Where the axes (mm) and servos (degrees) stand: parked; or as in a visit, a frame at the photo spot."""
    at = {name: axis.park_mm for name, axis in robot.axes.items()} | dict.fromkeys(SERVO_NAMES, 0.0)
    if open_box:
        geometry = HiveGeometry(robot.hive, robot.mechanism)
        engaged_mm = geometry.engaged_mm(open_box)
        scan_mm = engaged_mm + (
            robot.frame_lift_mm(open_box) if frame_in_hand else robot.mechanism.hook_swing_mm
        )
        for side in ("left", "right"):
            at[f"lift_{side}"] = geometry.cleat_mm(open_box + 1) + robot.raise_mm(open_box)
            at[f"scan_{side}"] = scan_mm
            at[f"shuttle_{side}"] = -push * robot.mechanism.hook_seated_mm
            at[f"fork_{side}"] = SWUNG_IN_DEG
            at[f"hook_{side}"] = SWUNG_IN_DEG if frame_in_hand else 0.0
    return at


def joint_positions(at: dict[str, float]) -> dict[str, float]:
    """Millimetres and degrees as people say them -> metres and radians as the model wants them."""
    return {
        name: math.radians(value) if name in SERVO_NAMES else value / 1000.0 for name, value in at.items()
    }
