"""`bee record`: what is said on the graph, into a bag that `ros2 bag`, Foxglove and `bee replay` read."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

NAME = "record"
HELP = "record topics into a bag (MCAP)"
EXIT_BAD_INPUT = 2
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def size_bytes(text: str) -> int:
    """`500000000`, `500MB`, `1.5GiB` -> bytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]i?)?b?", text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no size; write for example 500MB or 2GiB")
    return int(float(found[1]) * _UNITS[found[2] or ""])


def _positive_s(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("has to be more than 0 s")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help="topics to record")
    parser.add_argument("-a", "--all", action="store_true", help="all topics, but hidden ones")
    parser.add_argument("-e", "--regex", default="", help="topics in whose name this is found")
    parser.add_argument(
        "-x",
        "--exclude",
        metavar="REGEX",
        action="append",
        default=[],
        help="leave these out (again for more)",
    )
    parser.add_argument(
        "--namespace", metavar="NS", default="", help="only topics below it, for example tower_1"
    )
    parser.add_argument(
        "--include-hidden-topics", action="store_true", help="hidden topics, too: those of actions"
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="folder of the bag; default: rosbag2_<time>"
    )
    parser.add_argument(
        "-b",
        "--max-bag-size",
        metavar="SIZE",
        type=size_bytes,
        default=0,
        help="begin a new file at this size: 500MB",
    )
    parser.add_argument(
        "-d", "--max-bag-duration", "--max-duration", metavar="S", type=_positive_s, default=0.0,
        help="begin a new file after so many seconds",
    )  # fmt: skip
    parser.add_argument("--compression", choices=("none", "lz4", "zstd"), default="zstd", help="default zstd")
    parser.add_argument(
        "--min-free", metavar="SIZE", type=size_bytes, default=256 * 2**20,
        help="end well when the disk has no more than this (default 256MiB)",
    )  # fmt: skip
    parser.add_argument("--use-sim-time", action="store_true", help="times from /clock")
    parser.add_argument("--node-name", metavar="NAME", help="name of the recording node")


def run(arguments: argparse.Namespace) -> int:
    if not (arguments.topics or arguments.all or arguments.regex or arguments.namespace):
        sys.stderr.write("bee record: nothing to record; name topics, or give -a, -e or --namespace\n")
        return EXIT_BAD_INPUT
    if arguments.all and arguments.topics:
        sys.stderr.write("bee record: either -a or names of topics; -x leaves topics out\n")
        return EXIT_BAD_INPUT
    from bee_robot.nodes.bag_recording import Limits
    from bee_robot.nodes.bag_writer import BagError
    from bee_robot.nodes.recorder import Recorder, Selection, folder_name
    from bee_robot.nodes.recorder import run as run_recorder

    try:
        selection = Selection(
            topics=tuple(arguments.topics),
            regex=arguments.regex,
            exclude=tuple(arguments.exclude),
            namespace=arguments.namespace,
            include_hidden=arguments.include_hidden_topics,
        )
    except BagError as error:
        sys.stderr.write(f"bee record: {error}\n")
        return EXIT_BAD_INPUT
    limits = Limits(
        folder=arguments.output or Path(folder_name()),
        compression=arguments.compression,
        max_file_bytes=arguments.max_bag_size,
        max_file_s=arguments.max_bag_duration,
        min_free_bytes=arguments.min_free,
    )
    name = arguments.node_name or f"bee_record_{os.getpid()}"
    words = ["--ros-args", "-p", "use_sim_time:=true"] if arguments.use_sim_time else []
    return run_recorder(lambda: Recorder(selection, limits, name), words, "bee record")
