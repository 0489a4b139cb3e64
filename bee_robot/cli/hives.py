"""`bee hives`: the hive standards that a robot file may name, their numbers and sources, and the robot file for a hive."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from bee_robot.cli.inputs import InputError, output_file, robot_file
from bee_robot.configuration import ConfigurationError, parse
from bee_robot.hive.fitting import fitted
from bee_robot.hive.stack import MOST_BOXES, MOST_FRAMES, HiveConfiguration
from bee_robot.hive.standards import StandardError, Standards, standards

NAME = "hives"
HELP = "list the hive standards, show the numbers of one, write the robot file for a hive"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("standard", nargs="?", metavar="STANDARD", help="show every number with its source")
    wanted = parser.add_argument_group("robot file for a hive")
    wanted.add_argument(
        "--tower",
        metavar="STANDARD[,STANDARD...]",
        help="the boxes bottom up; one name with --boxes: all alike",
    )
    wanted.add_argument("--boxes", type=int, metavar="N", help=f"1 to {MOST_BOXES}")
    wanted.add_argument("--frames", type=int, metavar="N", help=f"in each box, 1 to {MOST_FRAMES}")
    wanted.add_argument("--name", default="hive_1", metavar="NAME", help="of the hive; default: hive_1")
    wanted.add_argument("--robot", type=Path, metavar="FILE", help="robot file to start from")
    wanted.add_argument("--out", type=Path, metavar="FILE", help="write it there and not to the terminal")


def run(arguments: argparse.Namespace) -> int:
    """0, or 2 for input that cannot be used."""
    try:
        known = standards()
        if arguments.tower is not None:
            _write_tower(arguments, known)
        elif arguments.standard is not None:
            _print_one(known, arguments.standard)
        else:
            _print_all(known)
    except (InputError, ConfigurationError, StandardError) as error:
        sys.stderr.write(f"bee hives: {error}\n")
        return 2
    return 0


def _print_all(known: Standards) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in (
        "standard",
        "",
        "frame",
        "top bar",
        "pitch",
        "frames",
        "box height",
        "outside",
        "stands on",
    ):
        table.add_column(heading)
    for name, box in known.boxes.items():
        place = known.footprints[box.footprint]
        hive = HiveConfiguration.model_validate({"name": "any", "standard": name, "boxes": 1})
        table.add_row(
            name,
            box.title,
            f"{box.frame_width_mm:g} x {box.frame_height_mm:g}",
            f"{box.top_bar_mm:g}",
            f"{place.frame_pitch_mm:g}",
            f"{hive.box(1).frames_per_box} of {box.frames}",
            f"{box.box_height_mm:g}",
            f"{place.box_outer_width_mm:g} x {place.box_outer_depth_mm:g}",
            box.footprint,
        )
    console = Console()
    console.print(table)
    console.print(
        "mm. Frames: as many as leave the robot its free gap, of those the box is sold for. Sources: bee hives STANDARD",
        style="dim",
        highlight=False,
    )


def _print_one(known: Standards, name: str) -> None:
    box = known.box(name)
    table = Table(box=None, pad_edge=False, title=box.title, title_justify="left")
    for heading in ("number", "value", "source"):
        table.add_column(heading)
    for number, value in (box.numbers() | known.footprint_of(name).numbers()).items():
        table.add_row(number, f"{value:g}", known.source_of(name, number))
    Console().print(table)


def _write_tower(arguments: argparse.Namespace, known: Standards) -> None:
    path, _ = robot_file(arguments.robot)
    start: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    hive = _hive(arguments, known)
    try:
        data = fitted(start, hive)
    except ValueError:  # what is impossible about the hive itself is said by parse, in one line
        data = start | {"hive": hive}
    robot = parse(data, Path(f"a tower for {arguments.tower}"))
    out = output_file(arguments.out, "--out")
    text = (
        f"# A tower for {robot.hive.says()}, bottom up: {', '.join(box.standard for box in robot.hive.stack)}.\n"
        f"# Made from {path.name}, which changed where the hive does not fit it. X right, Y front, Z up; millimetres.\n"
        + yaml.safe_dump(data, sort_keys=False, default_flow_style=None)
    )
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


def _hive(arguments: argparse.Namespace, known: Standards) -> dict[str, Any]:
    names = [name.strip() for name in arguments.tower.split(",")]
    for name in names:
        known.box(name)
    if len(names) > 1 and arguments.boxes not in (None, len(names)):
        raise InputError(f"--boxes {arguments.boxes}: {len(names)} boxes are listed; leave it out")
    hive: dict[str, Any] = {"name": arguments.name, "standard": names[0]}
    hive["boxes"] = (arguments.boxes or 1) if len(names) == 1 else list(names)
    if arguments.frames is not None:
        if len(names) == 1:
            hive["frames_per_box"] = arguments.frames
        else:
            hive["boxes"] = [{"standard": name, "frames": arguments.frames} for name in names]
    return hive
