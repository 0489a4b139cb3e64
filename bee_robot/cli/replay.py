"""`bee replay`: plays a bag onto the graph, with its times and its QoS."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bee_robot.nodes.replayer import Replayer

NAME = "replay"
HELP = "play a bag of ros2 bag or bee record onto the graph"
EXIT_FAILED, EXIT_BAD_INPUT = 1, 2
CLOCK_HZ = 40.0
SETTLE_S = 0.5
IDLE_S = 0.05
"""How long keys and signals may wait."""


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("has to be greater than 0")
    return value


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("has to be 0 or more")
    return value


def _remap(text: str) -> tuple[str, str]:
    old, separator, new = text.partition(":=")
    if not (old and separator and new):
        raise argparse.ArgumentTypeError(f"'{text}' is no remapping; write /old:=/new")
    return old, new


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bag", type=Path, help="folder of a bag, or a .mcap or .db3 file")
    parser.add_argument(
        "-r", "--rate", metavar="X", type=_positive, default=1.0, help="times as fast (default 1)"
    )
    parser.add_argument("-l", "--loop", action="store_true", help="begin again at the end")
    parser.add_argument("--topics", nargs="+", metavar="TOPIC", default=[], help="only these")
    parser.add_argument(
        "-x", "--exclude", metavar="REGEX", action="append", default=[], help="leave these out"
    )
    parser.add_argument(
        "-m",
        "--remap",
        nargs="+",
        metavar="OLD:=NEW",
        type=_remap,
        default=[],
        help="publish under other names",
    )
    parser.add_argument(
        "--clock", metavar="HZ", nargs="?", type=_positive, const=CLOCK_HZ, default=0.0,
        help=f"publish /clock so often (default {CLOCK_HZ:g}), for nodes with use_sim_time",
    )  # fmt: skip
    parser.add_argument(
        "--start-offset", metavar="S", type=_not_negative, default=0.0, help="begin so far into the bag"
    )
    parser.add_argument("-d", "--delay", metavar="S", type=_not_negative, default=SETTLE_S,
                        help=f"wait so long for subscribers first (default {SETTLE_S:g})")  # fmt: skip
    parser.add_argument(
        "--read-ahead", metavar="N", type=int, default=1000, help="messages kept ready (default 1000)"
    )
    parser.add_argument("-p", "--start-paused", action="store_true", help="wait for the space bar")
    parser.add_argument(
        "--onto-live",
        action="store_true",
        help="play also what others publish on this graph, under the same names",
    )
    parser.add_argument(
        "--qos-profile-overrides-path", metavar="FILE", type=Path, help="YAML: policies by topic"
    )


class _Keys:
    """Single keys of a terminal, without waiting; nothing where there is none."""

    def __init__(self) -> None:
        self.is_terminal = sys.stdin.isatty()

    @contextmanager
    def listening(self) -> Iterator[None]:
        if not self.is_terminal:
            yield
            return
        import termios
        import tty

        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor)
            yield
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    def pressed(self) -> str:
        import select

        if not self.is_terminal or not select.select([sys.stdin], [], [], 0)[0]:
            return ""
        return os.read(sys.stdin.fileno(), 8).decode(errors="replace")


def _obey(replayer: Replayer, keys: str) -> None:
    if " " in keys:
        replayer.timeline.toggle()
        sys.stderr.write(
            "paused; space goes on, right arrow plays one message\n"
            if replayer.timeline.is_paused
            else "on\n"
        )
    elif "\x1b[C" in keys and replayer.timeline.is_paused:
        replayer.step_one()


def _play(replayer: Replayer, executor: Any, arguments: argparse.Namespace, stops: Any) -> None:
    from bee_robot.clock import wall_s

    until_s = wall_s() + (arguments.delay if arguments.onto_live else max(arguments.delay, SETTLE_S))
    while wall_s() < until_s and not stops.count:
        executor.spin_once(timeout_sec=min(IDLE_S, max(0.0, until_s - wall_s())))
    if not arguments.onto_live:
        replayer.refuse_live()
    keys = _Keys()
    with keys.listening():
        replayer.begin()
        if arguments.start_paused:
            _obey(replayer, " ")
        while not replayer.is_over and not stops.count:
            _obey(replayer, keys.pressed())
            executor.spin_once(timeout_sec=min(IDLE_S, replayer.step()))
    until_s = wall_s() + 0.2  # the transport may still be sending
    while wall_s() < until_s:
        executor.spin_once(timeout_sec=0.05)


def run(arguments: argparse.Namespace) -> int:
    from bee_robot.nodes.bag_reader import open_bag
    from bee_robot.nodes.bag_writer import BagError

    try:
        bag = open_bag(arguments.bag)
    except BagError as error:
        sys.stderr.write(f"bee replay: {error}\n")
        return EXIT_BAD_INPUT
    if bag.cut:
        sys.stderr.write(f"bee replay: {bag.cut}\n")
    try:
        return _run(bag, arguments)
    finally:
        bag.close()


def _run(bag: Any, arguments: argparse.Namespace) -> int:
    from bee_robot.cli.interrupts import Interrupts
    from bee_robot.nodes.bag_writer import BagError
    from bee_robot.nodes.replayer import Playing, on_graph, read_qos_overrides

    replayer = None
    try:
        overrides = arguments.qos_profile_overrides_path
        playing = Playing(
            rate=arguments.rate,
            is_looped=arguments.loop,
            topics=tuple(arguments.topics),
            exclude=tuple(arguments.exclude),
            remap=dict(arguments.remap),
            clock_hz=arguments.clock,
            start_offset_s=arguments.start_offset,
            read_ahead=max(1, arguments.read_ahead),
            qos=read_qos_overrides(overrides) if overrides else {},
        )
        with (
            Interrupts() as stops,
            on_graph(bag, playing, f"bee_replay_{os.getpid()}") as (replayer, executor),
        ):
            topics = len(replayer.topics)
            sys.stderr.write(
                f"{sum(bag.counts.values())} messages of {topics} topics, {(bag.end_ns - bag.start_ns) / 1e9:.1f} s; "
                f"{'space pauses, ' if sys.stdin.isatty() else ''}Ctrl-C ends\n"
            )
            _play(replayer, executor, arguments, stops)
            sys.stderr.write(f"{replayer.published} messages published\n")
        return 0
    except BagError as error:
        sys.stderr.write(f"bee replay: {error}\n")
        return EXIT_FAILED if replayer is not None and replayer.published else EXIT_BAD_INPUT
