"""Plays bags: serialised messages onto the graph, at their times and with their QoS."""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rclpy
import yaml
from builtin_interfaces.msg import Time
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
)
from rclpy.signals import SignalHandlerOptions
from rosgraph_msgs.msg import Clock as ClockMessage
from rosidl_runtime_py.utilities import get_message

from bee_robot.clock import wall_s, wall_sleep
from bee_robot.nodes import bag_qos, qos
from bee_robot.nodes.bag_definitions import definition_of
from bee_robot.nodes.bag_interfaces import is_same_definition, offered_definitions
from bee_robot.nodes.bag_reader import Bag, BagChannel, BagMessage
from bee_robot.nodes.bag_writer import BagError

READ_AHEAD = 1000
READ_AHEAD_BYTES = 256 * 2**20
AT_ONCE = 20  # messages, before somebody may look at keys and signals
CLOCK = "/clock"
LISTED_S = 2.0  # within which a publisher of one's own is in the graph
OF_EVERY_NODE = frozenset({"/rosout", "/parameter_events"})
"""Whoever hears these knows that many speak there."""


@dataclass(frozen=True)
class Playing:
    """How to play. `rate`: bag seconds per second; `clock_hz`: of /clock, 0 for none; `topics`: by their names in the bag,
    none for all; `exclude`: expressions; `remap`: name in the bag -> name on the graph; `qos`: overrides by topic."""

    rate: float = 1.0
    is_looped: bool = False
    topics: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    remap: dict[str, str] = field(default_factory=dict)
    clock_hz: float = 0.0
    start_offset_s: float = 0.0
    read_ahead: int = READ_AHEAD
    qos: dict[str, dict[str, Any]] = field(default_factory=dict)


def chosen_channels(bag: Bag, playing: Playing) -> list[BagChannel]:
    """What is to be played; BagError for a topic that the bag does not have."""
    names = {each.topic for each in bag.counts}
    for wanted in (*playing.topics, *playing.remap, *playing.qos):
        if wanted not in names:
            raise BagError(f"the bag has no topic {wanted}; it has {', '.join(sorted(names)) or 'none'}")
    for expression in playing.exclude:
        try:
            re.compile(expression)
        except re.error as error:
            raise BagError(f"{expression!r} is no regular expression: {error}; correct it") from None
    return [
        each
        for each in bag.counts
        if (not playing.topics or each.topic in playing.topics)
        and not any(re.search(expression, each.topic) for expression in playing.exclude)
        and not (playing.clock_hz and each.topic == CLOCK)
    ]


class Timeline:
    """Relates bag time (ns) to wall time (s); stands while paused."""

    def __init__(self, start_ns: int, rate: float, now_s: Callable[[], float] = wall_s) -> None:
        self.rate = rate
        self._now_s = now_s
        self._bag_ns, self._wall_s = float(start_ns), now_s()
        self.is_paused = False

    def now_ns(self) -> int:
        if self.is_paused:
            return int(self._bag_ns)
        return int(self._bag_ns + (self._now_s() - self._wall_s) * 1e9 * self.rate)

    def wait_s(self, bag_ns: int) -> float:
        """Wall seconds until then; negative where that is over, infinite while paused."""
        if self.is_paused:
            return float("inf")
        return (bag_ns - self.now_ns()) / 1e9 / self.rate

    def set_to(self, bag_ns: int) -> None:
        self._bag_ns, self._wall_s = float(bag_ns), self._now_s()

    def toggle(self) -> None:
        self.set_to(self.now_ns())
        self.is_paused = not self.is_paused


class ReadAhead:
    """Messages of an iterator, read by a thread a bit before they are wanted."""

    def __init__(self, messages: Iterator[BagMessage], most: int, most_bytes: int = READ_AHEAD_BYTES) -> None:
        self._messages, self._most, self._most_bytes = messages, most, most_bytes
        self._ready: deque[BagMessage] = deque()
        self._bytes = 0
        self._is_over = self._is_closed = False
        self._error: BagError | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="read ahead", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for message in self._messages:
                with self._changed:
                    self._changed.wait_for(self._has_room)
                    if self._is_closed:
                        return
                    self._ready.append(message)
                    self._bytes += len(message[2])
                    self._changed.notify_all()
        except BagError as error:
            self._error = error
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def _has_room(self) -> bool:
        fits = len(self._ready) < self._most and self._bytes < self._most_bytes
        return self._is_closed or fits or not self._ready

    def next(self) -> BagMessage | None:
        """The next message, without taking it; None at the end. BagError where the bag is damaged."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._is_over)
            if self._ready:
                return self._ready[0]
            if self._error is not None:
                raise self._error
            return None

    def take(self) -> None:
        with self._changed:
            self._bytes -= len(self._ready.popleft()[2])
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()


class Replayer(Node):
    """Publishes a bag. Call `step` again and again: it does what is due and says how long there is nothing to do."""

    def __init__(self, bag: Bag, playing: Playing, name: str = "replayer", **options: Any) -> None:
        """Makes the publishers; BagError where a topic cannot be published as it was."""
        self._channels = chosen_channels(bag, playing)  # before there is a node: it may fail
        self.bag, self._playing = bag, playing
        self._from_ns = bag.start_ns + int(playing.start_offset_s * 1e9)
        if playing.start_offset_s and self._from_ns > bag.end_ns:
            raise BagError(
                f"the bag spans {(bag.end_ns - bag.start_ns) / 1e9:.1f} s; start before that (--start-offset)"
            )
        with ExitStack() as ends:
            ends.enter_context(offered_definitions(self._channels))
            super().__init__(name, enable_rosout=False, **options)
            ends.callback(self.destroy_node)
            self._publishers_of = {each: self._publisher(each) for each in self._channels}
            self._clock_publisher = (
                self.create_publisher(ClockMessage, CLOCK, qos.of(CLOCK)) if playing.clock_hz else None
            )
            self._compare_definitions()
            self._ends = ends.pop_all()
        self.timeline = Timeline(self._from_ns, playing.rate)
        self.published = self.rounds = 0
        self.is_over = False
        self._next_clock_s = 0.0
        self._ahead: ReadAhead | None = None

    def _publisher(self, channel: BagChannel) -> Any:
        message_type = get_message(channel.type)
        topic = self._playing.remap.get(channel.topic, channel.topic)
        overrides = self._playing.qos.get(channel.topic, {})
        profile = _overridden(bag_qos.to_replay(channel.offers), overrides, channel.topic)
        return self.create_publisher(message_type, topic, profile)

    # -- what is here already

    def _compare_definitions(self) -> None:
        """Refuse what would be misread here. Humble tells no type hashes: then the texts are compared, which only warns."""
        until_s = wall_s() + LISTED_S
        for channel, publisher in self._publishers_of.items():
            now = (
                self._own_hash(publisher.topic_name, until_s) if channel.type_hash.startswith("RIHS") else ""
            )
            if now and now != channel.type_hash:
                raise BagError(
                    f"{channel.topic} was recorded with another definition of {channel.type} than the one here: its bytes "
                    f"would be misread; leave it out (-x '^{channel.topic}$'), or use the version that recorded it"
                )
            if now:
                continue
            here = definition_of(get_message(channel.type))
            if channel.encoding != "ros2msg":
                self._warn(channel, "the bag does not tell with which definition")
            elif not is_same_definition(channel.type, channel.definition, here):
                self._warn(channel, "its definition in the bag is written otherwise than the one here")

    def _warn(self, channel: BagChannel, why: str) -> None:
        self.get_logger().warning(
            f"{channel.topic} [{channel.type}]: {why}; if what listens misreads it, leave it out (-x)"
        )

    def _own_hash(self, topic: str, until_s: float) -> str:
        """The hash of the type as this node publishes it; empty where the graph does not tell."""
        mine = (self.get_name(), self.get_namespace())
        while True:
            for info in self.get_publishers_info_by_topic(topic):
                if (info.node_name, info.node_namespace) == mine:
                    told = str(getattr(info, "topic_type_hash", ""))
                    return told if told.startswith("RIHS") else ""
            if wall_s() >= until_s:
                return ""
            wall_sleep(0.02)

    def refuse_live(self) -> None:
        """BagError if somebody else publishes what would be played, under a name that was not chosen for it. Ask when the
        graph has become known."""
        own = Counter(each.topic_name for each in self._publishers_of.values())
        chosen = {
            publisher.topic_name
            for channel, publisher in self._publishers_of.items()
            if channel.topic in self._playing.remap
        }
        if self._clock_publisher is not None:
            own[self._clock_publisher.topic_name] += 1
        live = [
            name
            for name in sorted(set(own) - chosen - OF_EVERY_NODE)
            if self.count_publishers(name) > own[name]
        ]
        if live:
            mine = (self.get_name(), self.get_namespace())
            infos = [info for name in live for info in self.get_publishers_info_by_topic(name)]
            nodes = {
                f"{info.node_namespace.rstrip('/')}/{info.node_name}"
                for info in infos
                if (info.node_name, info.node_namespace) != mine
            }
            raise BagError(
                f"published by others on this graph: {_some(live)} (by {_some(sorted(nodes))}); play where no robot runs "
                "(another ROS_DOMAIN_ID), rename (-m), leave out (-x), or give --onto-live if both are to be heard"
            )

    @property
    def topics(self) -> list[str]:
        """What is played, by the names in the bag."""
        return sorted(each.topic for each in self._channels)

    def begin(self) -> None:
        """From the start. Bag time runs from now on."""
        self.timeline.set_to(self._from_ns)
        self._ahead = ReadAhead(self.bag.messages(self._channels, self._from_ns), self._playing.read_ahead)

    def step(self) -> float:
        """Publish what is due; seconds until there is more to do. `is_over` when there is nothing more."""
        clock_s = self._tell_time()
        for _ in range(AT_ONCE):
            if self._ahead is None:
                return clock_s
            message = self._ahead.next()
            if message is None:
                self._end_round()
                return 0.0
            wait_s = self.timeline.wait_s(message[1])
            if wait_s > 0:
                return min(wait_s, clock_s)
            self._publish(message)
        return 0.0

    def step_one(self) -> None:
        """The next message, at once; time is set to it. For stepping while paused."""
        message = self._ahead.next() if self._ahead is not None else None
        if message is not None:
            self.timeline.set_to(message[1])
            self._publish(message)

    def _publish(self, message: BagMessage) -> None:
        channel, _, data = message
        self._publishers_of[channel].publish(data)
        self.published += 1
        if self._ahead is not None:
            self._ahead.take()

    def _end_round(self) -> None:
        self.rounds += 1
        if self._ahead is not None:
            self._ahead.close()
        if self._playing.is_looped and self.published:
            self.begin()
        else:
            self.is_over, self._ahead = True, None

    def _tell_time(self) -> float:
        """Publish /clock when it is due; seconds until it is again."""
        if self._clock_publisher is None:
            return float("inf")
        rest_s = self._next_clock_s - wall_s()
        if rest_s <= 0:
            s, ns = divmod(min(self.timeline.now_ns(), self.bag.end_ns), 10**9)
            self._clock_publisher.publish(ClockMessage(clock=Time(sec=s, nanosec=ns)))
            period_s = 1.0 / self._playing.clock_hz
            self._next_clock_s = wall_s() + max(0.0, period_s + max(rest_s, -period_s))
            rest_s = self._next_clock_s - wall_s()
        return max(0.0, rest_s)

    def close(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
        self._ends.close()


def _some(names: list[str], most: int = 4) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


_POLICIES: dict[str, Any] = {
    "history": HistoryPolicy,
    "reliability": ReliabilityPolicy,
    "durability": DurabilityPolicy,
    "liveliness": LivelinessPolicy,
}


def _overridden(profile: QoSProfile, overrides: dict[str, Any], topic: str) -> QoSProfile:
    for name, value in overrides.items():
        if name == "depth" and isinstance(value, int) and value >= 0:
            profile.depth = value
        elif name in _POLICIES and str(value).upper() in _POLICIES[name].__members__:
            setattr(profile, name, _POLICIES[name][str(value).upper()])
        else:
            raise BagError(
                f"QoS override of {topic}: {name}: {value} is no policy; for example reliability: best_effort"
            )
    return profile


def read_qos_overrides(path: Path) -> dict[str, dict[str, Any]]:
    """A file as `ros2 bag play --qos-profile-overrides-path` takes it: policies by topic. BagError."""
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise BagError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(tree, dict) or not all(isinstance(each, dict) for each in tree.values()):
        raise BagError(
            f"{path}: expected topics with policies, for example '/x: {{reliability: best_effort}}'"
        )
    return tree


@contextmanager
def on_graph(bag: Bag, playing: Playing, name: str) -> Iterator[tuple[Replayer, SingleThreadedExecutor]]:
    """A replayer on the graph and the executor that runs it; signals are left to the caller. BagError."""
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    executor = SingleThreadedExecutor()
    try:
        replayer = Replayer(bag, playing, name)
        executor.add_node(replayer)
        try:
            yield replayer, executor
        finally:
            executor.remove_node(replayer)
            replayer.close()
    finally:
        executor.shutdown()
        rclpy.try_shutdown()
