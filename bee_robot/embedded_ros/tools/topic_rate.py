"""`topic hz`, `topic bw` and `topic delay`: how often, how much, how late."""

from __future__ import annotations

import argparse
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from bee_robot.embedded_ros.tools import names
from bee_robot.embedded_ros.tools.session import Session, add_session_arguments, session
from bee_robot.embedded_ros.tools.topic_echo import compiled_filter, topic_type
from bee_robot.embedded_ros.tools.verb import ToolError, Verb, positive_int, say

HZ_WINDOW, BW_WINDOW = 10000, 100
_PERIOD_S = 1.0


class Intervals:
    """Times between messages, the last `window` of them. Times are ns of any one clock."""

    def __init__(self, window: int) -> None:
        self._between: deque[int] = deque(maxlen=window)
        self._last_ns = -1
        self.has_news = False

    def note(self, now_ns: int) -> None:
        if 0 <= self._last_ns <= now_ns:
            self._between.append(now_ns - self._last_ns)
            self.has_news = True
        else:  # the first, or the clock began anew
            self._between.clear()
        self._last_ns = now_ns

    def figures(self) -> tuple[float, float, float, float, int] | None:
        """Rate (Hz), shortest, longest, standard deviation (s), how many; None if nothing came since the last call."""
        if not self.has_news:
            return None
        self.has_news = False
        values = [each * 1e-9 for each in self._between]
        mean = math.fsum(values) / len(values)
        deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in values) / len(values))
        return (1.0 / mean if mean > 0 else 0.0), min(values), max(values), deviation, len(values)


def _window_argument(parser: argparse.ArgumentParser, default: int) -> None:
    parser.add_argument(
        "-w", "--window", metavar="N", type=positive_int, default=default,
        help=f"how many messages count (default {default})",
    )  # fmt: skip


def _subscribe(graph: Session, name: str, take: Callable[[Any], None], raw: bool = True) -> str:
    from rclpy.qos import qos_profile_sensor_data

    topic = names.full_name(graph.node, name)
    kind = topic_type(graph, topic, waits=True)
    graph.node.create_subscription(kind, topic, take, qos_profile_sensor_data, raw=raw)
    return topic


def _hz_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("topic_name", nargs="+", help="names of topics, for example /chatter")
    _window_argument(parser, HZ_WINDOW)
    parser.add_argument(
        "--filter", metavar="EXPR", dest="filter_expr", help="count only where this holds for m"
    )
    parser.add_argument("--wall-time", action="store_true", help="by the wall clock, also in simulation")


def _hz(args: argparse.Namespace) -> None:
    from rclpy.clock import Clock, ClockType

    holds = compiled_filter(args.filter_expr)
    found: dict[str, Intervals] = {}
    with session(args, settles=False) as graph:
        clock = Clock(clock_type=ClockType.SYSTEM_TIME) if args.wall_time else graph.node.get_clock()

        def taker(intervals: Intervals) -> Callable[[Any], None]:
            def take(message: Any) -> None:
                now_ns = clock.now().nanoseconds
                if now_ns and (holds is None or holds(message)):
                    intervals.note(now_ns)

            return take

        for name in args.topic_name:
            intervals = Intervals(args.window)
            topic = _subscribe(graph, name, taker(intervals), raw=holds is None)
            found[topic] = intervals
        while True:
            graph.spin_for(_PERIOD_S)
            _say_rates({topic: each.figures() for topic, each in found.items()})


def _say_rates(rates: dict[str, tuple[float, float, float, float, int] | None]) -> None:
    rows = {topic: figures for topic, figures in rates.items() if figures is not None}
    if len(rates) == 1:
        for rate, low, high, deviation, count in rows.values():
            say(
                f"average rate: {rate:.3f}\n\tmin: {low:.3f}s max: {high:.3f}s std dev: {deviation:.5f}s window: {count}"
            )
        return
    width = max(map(len, rates))
    header = (
        f"{'topic':>{width}} {'rate':>10} {'min_delta':>11} {'max_delta':>11} {'std_dev':>11} {'window':>8}"
    )
    say(f"{header}\n{'=' * len(header)}")
    for topic, (rate, low, high, deviation, count) in rows.items():
        say(f"{topic:>{width}} {rate:>10.3f} {low:>11.4f} {high:>11.4f} {deviation:>11.5f} {count:>8}")
    say()


def _bw_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("topic", help="name of the topic, for example /chatter")
    _window_argument(parser, BW_WINDOW)


def _amount(count: float, scale_by: float) -> str:
    if scale_by < 1000:
        return f"{count:.0f} B"
    if scale_by < 1_000_000:
        return f"{count / 1e3:.2f} KB"
    return f"{count / 1e6:.2f} MB"


def bandwidth(samples: list[tuple[int, int]], now_ns: int) -> str:
    """What to say of (time in ns, bytes) pairs: bytes per second since the first, and sizes."""
    sizes = [size for _, size in samples]
    per_s = sum(sizes) / ((now_ns - samples[0][0]) * 1e-9)
    rate, mean, low, high = (
        _amount(each, per_s) for each in (per_s, sum(sizes) / len(sizes), min(sizes), max(sizes))
    )
    return f"{rate}/s from {len(sizes)} messages\n\tMessage size mean: {mean} min: {low} max: {high}"


def _bw(args: argparse.Namespace) -> None:
    samples: deque[tuple[int, int]] = deque(maxlen=args.window)
    with session(args, settles=False) as graph:
        clock = graph.node.get_clock()
        topic = _subscribe(
            graph, args.topic, lambda data: samples.append((clock.now().nanoseconds, len(data)))
        )
        say(f"Subscribed to [{topic}]")
        while True:
            graph.spin_for(_PERIOD_S)
            now_ns = clock.now().nanoseconds
            if len(samples) > 1 and samples[0][0] < now_ns:
                say(bandwidth(list(samples), now_ns))


def _delay_arguments(parser: argparse.ArgumentParser) -> None:
    add_session_arguments(parser)
    parser.add_argument("topic_name", help="name of a topic whose messages have a header")
    _window_argument(parser, HZ_WINDOW)


def _delay(args: argparse.Namespace) -> None:
    delays: deque[float] = deque(maxlen=args.window)
    with session(args, settles=False) as graph:
        clock = graph.node.get_clock()

        def take(message: Any) -> None:
            if not hasattr(message, "header"):
                raise ToolError(f"{type(message).__name__} has no header, so no delay can be told")
            stamp = message.header.stamp
            delays.append(clock.now().nanoseconds * 1e-9 - stamp.sec - stamp.nanosec * 1e-9)

        _subscribe(graph, args.topic_name, take, raw=False)
        told = 0
        while True:
            graph.spin_for(_PERIOD_S)
            if len(delays) and len(delays) != told:
                mean = math.fsum(delays) / len(delays)
                deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in delays) / len(delays))
                say(
                    f"average delay: {mean:.3f}\n\tmin: {min(delays):.3f}s max: {max(delays):.3f}s "
                    f"std dev: {deviation:.5f}s window: {len(delays)}"
                )


HZ = Verb("hz", "Print the average publishing rate to screen", _hz_arguments, _hz)
BW = Verb("bw", "Display bandwidth used by topic", _bw_arguments, _bw)
DELAY = Verb("delay", "Display delay of topic from timestamp in header", _delay_arguments, _delay)
