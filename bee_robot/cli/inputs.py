"""What a person gives on the command line, checked before anything starts. Every complaint is one line with a remedy."""

from __future__ import annotations

import argparse
import getpass
import os
from pathlib import Path

from bee_robot import configuration
from bee_robot.cli import locations
from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.camera import CameraError, PhotoFolder

SLOWEST, FASTEST = 0.1, 1000.0


class InputError(Exception):
    """Bad input: what, where, what to do, in one line. Nothing has moved."""


def speed(text: str) -> float:
    """argparse type of --speed."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not SLOWEST <= value <= FASTEST:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from {SLOWEST:g} to {FASTEST:g}")
    return value


def counting_number(text: str) -> int:
    """argparse type of things counted from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1")
    return int(text)


def seed(text: str) -> int:
    """argparse type of --seed: what fits a 32-bit seed."""
    if not text.isdecimal() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 to {2**31 - 1}")
    return int(text)


def robot_file(given: Path | None) -> tuple[Path, RobotConfiguration]:
    """The robot file and what is in it; the reference tower where none is given. Raises InputError."""
    try:
        path = (given or locations.default_robot_file()).absolute()
        return path, configuration.load(path)
    except (configuration.ConfigurationError, FileNotFoundError) as error:
        raise InputError(str(error)) from None


def box_of(robot: RobotConfiguration, box: int, path: Path) -> int:
    if not 1 <= box <= robot.hive.boxes:
        raise InputError(
            f"box {box} is unknown: hive {robot.hive.name} has boxes 1 to {robot.hive.boxes}, counted from the bottom "
            f"({path}); give one of them with --box"
        )
    return box


def user_name() -> str:
    """Who sits here, as far as the machine knows; "" where it does not."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def photo_folder(given: Path | None) -> Path | None:
    """A folder with at least one picture, absolute; None where none is given."""
    if given is None:
        return None
    if not given.exists():
        raise InputError(
            f"photographs: folder {given} does not exist; give a folder with JPEG or PNG files (--photos DIR)"
        )
    try:
        PhotoFolder(given)
    except CameraError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(
            f"photographs: {given} cannot be read ({error.strerror}); check its permissions"
        ) from None
    return given.absolute()


def output_file(given: Path | None, option: str) -> Path | None:
    """A file that can be written, absolute. It is not touched yet."""
    if given is None:
        return None
    if given.is_dir():
        raise InputError(f"{option} {given}: this is a folder; give the name of a file")
    if not given.parent.is_dir():
        raise InputError(
            f"{option} {given}: folder {given.parent} does not exist; make it first or give another file"
        )
    if not os.access(given if given.exists() else given.parent, os.W_OK):
        raise InputError(f"{option} {given}: may not be written; check permissions or give another file")
    return given.absolute()


def output_folder(given: Path, option: str) -> Path:
    """A folder that exists and can be written, or can be made; absolute. It is not made yet."""
    existing = given.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        raise InputError(f"{option} {given}: {existing} is a file; give a folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(
            f"{option} {given}: {existing} may not be written; check permissions or give another folder"
        )
    return given.absolute()


def serial_port(robot: RobotConfiguration, path: Path) -> str:
    """The board's port, which is there. Never a simulated one instead."""
    port = Path(robot.serial.port)
    if not port.exists():
        raise InputError(
            f"serial port {port} is not there ({path}, serial.port); plug the board in, correct the robot file, "
            "or simulate with --sim"
        )
    if not os.access(port, os.R_OK | os.W_OK):
        raise InputError(
            f"serial port {port} may not be opened; add yourself to its group (usermod -aG dialout $USER)"
        )
    return str(port)
