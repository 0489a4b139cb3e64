"""`bee urdf`: the model of a robot from its robot file, as text, checked, or as a picture."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bee_robot.cli import robot_model
from bee_robot.cli.inputs import InputError, box_of, output_file, robot_file
from bee_robot.cli.robot_model import ModelError
from bee_robot.configuration import AXIS_NAMES, SERVO_NAMES, RobotConfiguration
from bee_robot.embedded_ros.robot_model.description import DescriptionError, RobotDescription, parse

NAME = "urdf"
HELP = "print the model (URDF) of a robot, check it against the numbers of the board, or draw it"
KIND = "tower"
CHECK_FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--robot", type=Path, metavar="FILE", help="robot file; default: the reference tower")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write the URDF here and not to the terminal"
    )
    parser.add_argument(
        "--check", action="store_true", help="compare joints and limits with what the board gets"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the robot as PNG or JPEG")
    parser.add_argument("--open-box", type=int, metavar="N", help="this box stands open, as in a visit")
    parser.add_argument("--frame", type=int, metavar="N", help="this frame of the open box is on the hooks")
    parser.add_argument(
        "--at",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="position of an axis in mm or of a servo in degrees, such as scan_left=934; may be repeated",
    )
    view = parser.add_argument_group("view of the picture")
    view.add_argument("--azimuth", type=float, default=14.0, help="degrees from the front to the left")
    view.add_argument("--elevation", type=float, default=15.0, help="degrees above the ground")
    view.add_argument("--look-at", metavar="LINK", help="this link in the middle, close up")
    view.add_argument("--across", type=float, default=500.0, metavar="MM", help="how much is seen close up")
    view.add_argument("--size", default="900x1200", metavar="WxH", help="pixels; default: 900x1200")


def run(arguments: argparse.Namespace) -> int:
    try:
        path, robot = robot_file(arguments.robot)
        open_box, frame = _opened(arguments, robot, path)
        at = robot_model.pose(robot, open_box, frame, -1) | _given_positions(arguments.at)
        out, picture = output_file(arguments.out, "--out"), output_file(arguments.picture, "--picture")
        urdf = robot_model.expand(KIND, path, open_box=open_box, frame_in_hand=frame)
        description = parse(urdf)
        if picture is not None:
            _draw(arguments, description, at, picture)
        if out is not None:
            out.write_text(urdf, encoding="utf-8")
        elif picture is None and not arguments.check:
            print(urdf, end="")
        return _check(description, robot) if arguments.check else 0
    except (InputError, ModelError, DescriptionError) as error:
        sys.stderr.write(f"bee urdf: {error}\n")
        return 2


def _opened(arguments: argparse.Namespace, robot: RobotConfiguration, path: Path) -> tuple[int, int]:
    """Open box and frame on the hooks, 0 for none."""
    if arguments.open_box is None:
        if arguments.frame is not None:
            raise InputError("--frame needs an open box; give --open-box N too")
        return 0, 0
    box = box_of(robot, arguments.open_box, path)
    frame = 0 if arguments.frame is None else arguments.frame
    if arguments.frame is not None and not 1 <= frame <= robot.hive.box(box).frames_per_box:
        raise InputError(
            f"frame {frame} is unknown: a box has frames 1 to {robot.hive.box(box).frames_per_box}, counted from the back ({path})"
        )
    return box, frame


def _given_positions(words: list[str]) -> dict[str, float]:
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            equals = ""
        if not equals or name not in (*AXIS_NAMES, *SERVO_NAMES):
            raise InputError(
                f"--at {word}: give NAME=VALUE with one of {', '.join((*AXIS_NAMES, *SERVO_NAMES))}"
            )
    return found


def _check(description: RobotDescription, robot: RobotConfiguration) -> int:
    problems = robot_model.problems(description, robot)
    for problem in problems:
        print(problem)
    if not problems:
        moving = sum(joint.type != "fixed" for joint in description.joints.values())
        print(
            f"{robot.robot}: {len(description.links)} links, {moving} moving joints with the limits that the board gets"
        )
    return CHECK_FAILED if problems else 0


def _draw(
    arguments: argparse.Namespace, description: RobotDescription, at: dict[str, float], path: Path
) -> None:
    import cv2  # slow to import, and only a picture needs it

    from bee_robot.embedded_ros.robot_model.picture import View, draw
    from bee_robot.embedded_ros.robot_model.surfaces import link_transforms, surfaces

    width, height = _size(arguments.size)
    positions = robot_model.joint_positions(at)
    look_at = None
    if arguments.look_at is not None:
        if arguments.look_at not in description.links:
            raise InputError(f"--look-at {arguments.look_at}: no such link; see the links of 'bee urdf'")
        look_at = link_transforms(description, positions)[arguments.look_at].translation
    if not 1 <= arguments.across <= 10000:
        raise InputError(f"--across {arguments.across:g}: give 1 to 10000 mm")
    view = View(arguments.azimuth, arguments.elevation, width, height, look_at, arguments.across / 1000)
    image = draw(surfaces(description, positions, robot_model.mesh_file), view)
    try:
        is_written = cv2.imwrite(str(path), image)
    except cv2.error:
        is_written = False
    if not is_written:
        raise InputError(f"--picture {path}: cannot be written; give the name of a .png or .jpg file")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (
        width.isdecimal() and height.isdecimal() and 16 <= int(width) <= 4000 and 16 <= int(height) <= 4000
    ):
        raise InputError(f"--size {text}: give width and height in pixels, 16 to 4000, such as 900x1200")
    return int(width), int(height)
