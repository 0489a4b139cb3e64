"""recorder: writes what is said on the graph into bags (MCAP), for `ros2 bag`, Foxglove and `bee replay`."""

from __future__ import annotations

import math
import os
import platform
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from rclpy.subscription import Subscription
from rosidl_runtime_py.utilities import get_message

from bee_robot import ros_runtime
from bee_robot._ros_runtime import INTERFACE_PATH
from bee_robot.clock import RealClock, wall_s
from bee_robot.nodes import bag_qos, parameters
from bee_robot.nodes.bag_definitions import definition_of
from bee_robot.nodes.bag_recording import GIB, MIB, Limits, Recording
from bee_robot.nodes.bag_writer import BagError, BagTopic
from bee_robot.nodes.diagnostics import Diagnostics
from bee_robot.nodes.recorder_health import RecorderHealth
from bee_robot.nodes.taken_name import DISCOVERY_S, EXIT_NAME_TAKEN, NameTakenError, refuse_taken_name

LOOK_S, FIRST_LOOKS_S, FIRST_LOOKS = 0.5, 0.1, 30
TIME_WALL_S = 3.0  # so long simulated time may take to begin before it is told
EXIT_FAILED, EXIT_BAD_INPUT = 1, 2


@dataclass(frozen=True)
class Selection:
    """Which topics to record. With neither `topics` nor `regex`: all.

    `topics`: names, relative ones in the node's namespace; recorded also where hidden. `regex`: found anywhere in the
    name. `exclude`: expressions, any of which leaves a topic out. `namespace`: only topics below it.
    """

    topics: tuple[str, ...] = ()
    regex: str = ""
    exclude: tuple[str, ...] = ()
    namespace: str = ""
    include_hidden: bool = False

    def __post_init__(self) -> None:
        for expression in (self.regex, *self.exclude):
            try:
                re.compile(expression)
            except re.error as error:
                raise BagError(f"{expression!r} is no regular expression: {error}; correct it") from None

    def wants(self, name: str, topics: frozenset[str]) -> bool:
        """`topics`: those of the selection by their full names."""
        if any(re.search(each, name) for each in self.exclude):
            return False
        if name in topics:
            return True
        if (self.topics and not self.regex) or not re.search(self.regex, name):
            return False
        inside = not self.namespace or name.startswith(f"/{self.namespace.strip('/')}/")
        is_hidden = any(part.startswith("_") for part in name.split("/"))
        return inside and (self.include_hidden or not is_hidden)


@dataclass
class _Subscribed:
    subscription: Any
    qos: QoSProfile
    publishers: int
    last_number: int = -1


class Recorder(Node):
    """Subscribes to what there is and to what comes later, with QoS that hears every publisher.

    Without `selection` and `limits` both come from its parameters (table `recorder`). BagError, ParameterError.
    """

    def __init__(
        self,
        selection: Selection | None = None,
        limits: Limits | None = None,
        name: str = "recorder",
        **options: Any,
    ) -> None:
        is_of_a_console = limits is None
        super().__init__(name, automatically_declare_parameters_from_overrides=is_of_a_console, **options)
        if limits is None:
            selection, limits = self._from_parameters()
        parameters.guard_changes(self, parameters.table_of("recorder"))
        self._selection = selection or Selection()
        self._wanted = frozenset(self.resolve_topic_name(each) for each in self._selection.topics)
        self._subscribed: dict[str, _Subscribed] = {}
        self._refused: dict[str, tuple[str, ...]] = {}
        self.lost: Counter[str] = Counter()
        self.untimed: Counter[str] = Counter()
        """Messages that came before simulated time began, by topic: they are not recorded."""
        logger = self.get_logger()
        distro = os.environ.get("ROS_DISTRO", "")
        self.recording = Recording(limits, distro, on_note=lambda text: logger.info(text))
        # Iron and later tell when a message was sent; so does the embedded runtime.
        self._has_info = ros_runtime().kind == "embedded" or hasattr(Subscription, "CallbackType")
        # The steady clock: with simulated time, topics are looked for before it runs.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._looks = 0
        self._begun_wall_s = wall_s()
        self.waits_for_time = False
        self.diagnostics = self._diagnostics(limits) if is_of_a_console else None
        self._timer = self.create_timer(FIRST_LOOKS_S, self._look, clock=self._steady)
        self._look()

    def _from_parameters(self) -> tuple[Selection, Limits]:
        parameters.declare(self, parameters.table_of("recorder"))
        given = {row.name: self.get_parameter(row.name).value for row in parameters.table_of("recorder")}
        selection = Selection(
            topics=tuple(filter(None, given["topics"])),
            exclude=tuple(filter(None, given["exclude"])),
            include_hidden=given["include_hidden"],
        )
        limits = Limits(
            # Consoles of several robots share a default: each robot's recordings have a place and a limit of their own.
            folder=_free(
                Path(given["folder"]).expanduser() / self.get_namespace().strip("/") / folder_name()
            ),
            compression=given["compression"],
            max_file_bytes=given["max_file_mib"] * MIB,
            is_removable=True,
            keep_bytes=int(given["max_folder_gib"] * GIB),
            min_free_bytes=int(given["min_free_gib"] * GIB),
        )
        return selection, limits

    def _diagnostics(self, limits: Limits) -> Diagnostics:
        """Of the node; `bee record` says on its terminal how it goes and puts nothing on the graph."""
        made = Diagnostics(self, platform.node())
        health = RecorderHealth(self, limits.min_free_bytes)
        made.add("recording", health.look_at_recording)
        made.add("disk", health.look_at_disk)
        return made

    @property
    def topic_count(self) -> int:
        return len(self._subscribed)

    @property
    def refused(self) -> list[str]:
        """Topics that cannot be recorded as they are."""
        return sorted(self._refused)

    # -- which topics

    def _look(self) -> None:
        """Subscribe to what is new."""
        self._looks += 1
        if self._looks == FIRST_LOOKS:
            self.destroy_timer(self._timer)
            self._timer = self.create_timer(LOOK_S, self._look, clock=self._steady)
        self._look_at_time()
        for name, types in self.get_topic_names_and_types():
            known = self._subscribed.get(name)
            if known is not None:
                if self.count_publishers(name) != known.publishers:
                    self._adapt(name, known)
            elif self._refused.get(name) != tuple(types) and self._selection.wants(name, self._wanted):
                self._refused.pop(name, None)
                if len(types) > 1:
                    self._refuse(
                        name, types, f"it has several types: {', '.join(types)}; stop one of its nodes"
                    )
                elif self.count_publishers(name):
                    self._begin(name, types[0])

    def _look_at_time(self) -> None:
        waited = self.waits_for_time
        is_late = wall_s() - self._begun_wall_s > TIME_WALL_S
        self.waits_for_time = is_late and not self.get_clock().now().nanoseconds
        if self.waits_for_time and not waited:
            self.get_logger().warning(
                "nothing is recorded: simulated time has not begun; start what publishes /clock, or record without "
                "use_sim_time"
            )
        elif waited and not self.waits_for_time:
            self.get_logger().info(
                f"simulated time has begun; {self.untimed.total()} messages came before and are not recorded"
            )

    def _refuse(self, name: str, types: Sequence[str], why: str) -> None:
        """Until it has other types."""
        self._refused[name] = tuple(types)
        self.get_logger().error(f"{name} is not recorded: {why}")

    def _begin(self, name: str, type_name: str) -> None:
        try:
            message_type = get_message(type_name)
        except (AttributeError, ModuleNotFoundError, ValueError):
            where = (
                f"name its folder in {INTERFACE_PATH}"
                if ros_runtime().kind == "embedded"
                else "source its workspace"
            )
            self._refuse(name, (type_name,), f"no definition of {type_name} is here; {where}")
            return
        offers = self.get_publishers_info_by_topic(name)
        hashes = {str(getattr(each, "topic_type_hash", "")) for each in offers} - {"", "INVALID"}
        written = bag_qos.as_yaml(each.qos_profile for each in offers)
        self.recording.add_topic(
            BagTopic(
                name,
                type_name,
                definition_of(message_type),
                written,
                hashes.pop() if len(hashes) == 1 else "",
            )
        )
        qos = bag_qos.to_hear_all([each.qos_profile for each in offers])
        self._subscribed[name] = _Subscribed(None, qos, len(offers))
        self._subscribe(name, message_type)
        self.get_logger().info(f"recording {name} [{type_name}]")

    def _subscribe(self, name: str, message_type: Any) -> None:
        known = self._subscribed[name]
        if self._has_info:
            take: Callable[..., None] = partial(self._take, name)
        else:
            take = lambda data: self._take(name, data, {})  # noqa: E731
        known.subscription = self.create_subscription(message_type, name, take, known.qos, raw=True)

    def _adapt(self, name: str, known: _Subscribed) -> None:
        """Publishers have come or gone: one that asks for less would not be heard."""
        offers = [each.qos_profile for each in self.get_publishers_info_by_topic(name)]
        known.publishers, known.last_number = len(offers), -1
        qos = bag_qos.to_hear_all(offers)
        if offers and bag_qos.is_weaker(qos, known.qos):
            self.get_logger().warning(
                f"{name}: a publisher offers less; subscribing with {qos.reliability.name}, {qos.durability.name}"
            )
            message_type = known.subscription.msg_type
            self.destroy_subscription(known.subscription)
            known.qos = qos
            self._subscribe(name, message_type)

    # -- messages

    def _take(self, name: str, data: bytes, info: dict[str, Any]) -> None:
        now_ns = self.get_clock().now().nanoseconds
        if not now_ns:  # simulated time has not begun
            self.untimed[name] += 1
            return
        received_ns = (
            now_ns if self.get_clock().ros_time_is_active else info.get("received_timestamp") or now_ns
        )
        number = info.get("publication_sequence_number") or 0
        known = self._subscribed[name]
        if known.publishers == 1 and 0 <= known.last_number < number - 1:
            self.lost[name] += number - known.last_number - 1
        known.last_number = number if number else -1
        sent_ns = info.get("source_timestamp") or received_ns
        self.recording.add_message(name, data, received_ns, sent_ns, number & 0xFFFFFFFF)

    # -- the end

    def finish(self) -> str:
        """End the recording; what became of it, for people."""
        for known in self._subscribed.values():
            self.destroy_subscription(known.subscription)
        self.recording.close()
        if self.diagnostics is not None and self.recording.problem:
            self.diagnostics.publish()
        return self.summary()

    def summary(self) -> str:
        recording, counts = self.recording, self.recording.counts
        lines = [
            f"{counts.total()} messages of {len(self._subscribed)} topics, {recording.size_bytes / 1e6:.1f} MB in "
            f"{recording.file_count} file{'s' if recording.file_count != 1 else ''}: {recording.folder}"
        ]
        for word, missing in (
            ("lost on the way", self.lost),
            ("dropped, the disk was too slow", recording.dropped),
            ("not recorded, simulated time had not begun", self.untimed),
        ):
            if missing:
                lines.append(
                    f"{word}: " + ", ".join(f"{name} {count}" for name, count in missing.most_common())
                )
        absent = sorted(self._wanted - set(self._subscribed))
        if absent:
            lines.append(f"nobody published: {', '.join(absent)}")
        if recording.problem:
            lines.append(recording.problem)
        return "\n".join(lines)


def folder_name() -> str:
    """As rosbag2 calls them, by local time."""
    return RealClock().utc().astimezone().strftime("rosbag2_%Y_%m_%d-%H_%M_%S")


def _free(folder: Path) -> Path:
    """The folder, or one beside it: a recorder that is started again at once does not stumble over the one before."""
    numbered = (folder.with_name(f"{folder.name}_{number}") for number in count(2))
    return next(each for each in chain((folder,), numbered) if not each.exists())


def run(make: Callable[[], Recorder], arguments: list[str] | None = None, program: str = "recorder") -> int:
    """Record until SIGINT or SIGTERM, or until it cannot go on. Exit status: 0, 1 if it had to end, 2 for bad input,
    3 where its name is taken on the graph.

    `program`: what errors begin with."""
    asked: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda number, frame: asked.append(number))
    try:
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
        recorder = make()
        said = _record(recorder, lambda: not asked and not recorder.recording.problem and rclpy.ok())
    except (BagError, parameters.ParameterError) as error:
        sys.stderr.write(f"{program}: {error}\n")
        return EXIT_BAD_INPUT
    except NameTakenError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_NAME_TAKEN
    except ParameterException as error:
        sys.stderr.write(f"{program}: {str(error).splitlines()[0]}; correct the parameter\n")
        return EXIT_BAD_INPUT
    finally:
        rclpy.try_shutdown()
        for number, handler in before.items():
            signal.signal(number, handler)
    sys.stderr.write(f"{said}\n")
    return EXIT_FAILED if recorder.recording.problem else 0


def _record(recorder: Recorder, goes_on: Callable[[], bool]) -> str:
    """What became of it. NameTakenError once the graph is known; what was recorded until then stays."""
    check_at_s = wall_s() + DISCOVERY_S
    executor = SingleThreadedExecutor()
    executor.add_node(recorder)
    try:
        while goes_on():
            executor.spin_once(timeout_sec=0.1)
            if wall_s() >= check_at_s:
                refuse_taken_name(recorder)
                check_at_s = math.inf
    finally:
        said = recorder.finish()
        executor.remove_node(recorder)
        executor.shutdown()
        recorder.destroy_node()
    return said


def main(args: list[str] | None = None) -> int:
    return run(Recorder, args)


if __name__ == "__main__":
    sys.exit(main())
