"""Recorder and replayer on a graph: what was said is in the bag, and comes out of it again."""

from __future__ import annotations

import array
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from mcap.reader import make_reader
from node_stage import Stage, until
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.highlevel import AnyReader
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Int64, String

import bee_robot
from bee_robot.cli.main import main
from bee_robot.nodes import bag_qos, parameters, recorder
from bee_robot.nodes.bag_definitions import definition_of
from bee_robot.nodes.bag_reader import open_bag
from bee_robot.nodes.bag_recording import Limits
from bee_robot.nodes.bag_writer import BagError, BagTopic, BagWriter
from bee_robot.nodes.diagnostics import Status
from bee_robot.nodes.recorder import Recorder, Selection
from bee_robot.nodes.recorder_health import RecorderHealth
from bee_robot.nodes.replayer import Playing, ReadAhead, Replayer, Timeline
from bee_robot_interfaces.msg import TowerState

T0 = 1_760_000_000_000_000_000
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
LOSSY = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
embedded_only = pytest.mark.skipif(
    bee_robot.ros_runtime().kind != "embedded", reason="types that are not built: embedded runtime only"
)


def unpadded(data: bytes, sent: bytes) -> bytes:
    """DDS may fill a message up to a multiple of four bytes; nothing else may be done to it."""
    return data[: len(sent)] if len(data) == -(-len(sent) // 4) * 4 and not any(data[len(sent) :]) else data


def begin(stage: Stage, folder: Path, selection: Selection | None = None, **limits: Any) -> Recorder:
    made = Recorder(
        selection, Limits(folder, min_free_bytes=0, **limits), "recorder", context=stage.context()
    )
    stage.spin(made)
    return made


def recorded(folder: Path) -> list[tuple[str, int, int, int, bytes]]:
    """Topic, log time, publish time, number and bytes, by the format's own reader."""
    found = []
    for path in sorted(folder.glob("*.mcap")):
        with path.open("rb") as stream:
            for _, channel, message in make_reader(stream).iter_messages():
                times = (message.log_time, message.publish_time, message.sequence)
                found.append((channel.topic, *times, message.data))
    return found


def hears(recording: Recorder, publisher: Any) -> None:
    until(lambda: publisher.get_subscription_count() == 1, f"{publisher.topic_name} is recorded")


class TestRecorder:
    def test_bytes_times_and_numbers_are_those_of_the_messages(self, stage: Stage, tmp_path: Path) -> None:
        speaker = stage.observer("speaker")
        words = speaker.create_publisher(String, "/words", 10)
        pictures = speaker.create_publisher(CompressedImage, "/picture", LOSSY)
        made = begin(stage, tmp_path / "bag")
        hears(made, words)
        hears(made, pictures)
        picture = CompressedImage(format="jpeg", data=array.array("B", bytes(range(256)) * 20_000))
        sent = [String(data=f"word {number}") for number in range(20)]
        before_ns = speaker.get_clock().now().nanoseconds
        for each in sent:
            words.publish(each)
        pictures.publish(picture)
        until(lambda: len(recorded_by(made)) == 2 and recorded_by(made)["/words"] == 20, "all is recorded")
        after_ns = speaker.get_clock().now().nanoseconds
        said = made.finish()
        found = recorded(tmp_path / "bag")
        for name, messages in (("/words", sent), ("/picture", [picture])):
            expected = [serialize_message(each) for each in messages]
            got = [each[4] for each in found if each[0] == name]
            assert list(map(unpadded, got, expected)) == expected
        for topic, log_ns, publish_ns, _, _ in found:
            assert topic == "/rosout" or before_ns <= publish_ns <= log_ns <= after_ns
        numbers = [each[3] for each in found if each[0] == "/words"]
        assert numbers == list(range(numbers[0], numbers[0] + 20)) or set(numbers) == {0}  # Humble tells none
        assert f"messages of {len(made._subscribed)} topics" in said and str(tmp_path / "bag") in said
        assert made.recording.problem == "" and not made.lost and not made.recording.dropped

    def test_what_was_latched_before_and_what_comes_later_are_both_there(
        self, stage: Stage, tmp_path: Path
    ) -> None:
        speaker = stage.observer("speaker")
        latched = speaker.create_publisher(String, "/latched", LATCHED)
        for number in range(3):
            latched.publish(String(data=f"kept {number}"))
        made = begin(stage, tmp_path / "bag")
        late = speaker.create_publisher(Int64, "/late", 10)
        hears(made, late)
        late.publish(Int64(data=7))
        until(lambda: recorded_by(made) == {"/latched": 3, "/late": 1}, "both are recorded")
        made.finish()
        with AnyReader(
            [tmp_path / "bag"]
        ) as reader:  # compares the definitions with the type hashes of the graph
            offers = {each.topic: each.ext.offered_qos_profiles for each in reader.connections}  # type: ignore[union-attr]
            found: dict[str, list[object]] = {"/latched": [], "/late": []}
            for connection, _, data in reader.messages():
                if connection.topic in found:
                    found[connection.topic].append(reader.deserialize(data, connection.msgtype).data)
        assert offers["/latched"][0].durability.name == "TRANSIENT_LOCAL"
        assert found == {"/latched": ["kept 0", "kept 1", "kept 2"], "/late": [7]}

    def test_only_what_was_asked_for(self, stage: Stage, tmp_path: Path) -> None:
        speaker = stage.observer("speaker")
        names = ("/tower_1/state", "/tower_1/camera/image", "/tower_2/state", "/tower_1/_hidden")
        publishers = [speaker.create_publisher(String, name, LATCHED) for name in names]
        for each in publishers:
            each.publish(String(data=each.topic_name))
        made = begin(stage, tmp_path / "a", Selection(namespace="tower_1", exclude=("camera",)))
        until(lambda: recorded_by(made) == {"/tower_1/state": 1}, "one topic is recorded")
        made.finish()
        other = begin(
            stage, tmp_path / "b", Selection(topics=("tower_1/_hidden", "/nix"), regex="^/tower_2/")
        )
        until(lambda: set(recorded_by(other)) == {"/tower_1/_hidden", "/tower_2/state"}, "two are recorded")
        assert "nobody published: /nix" in other.finish()

    def test_a_publisher_that_promises_less_is_heard_too(self, stage: Stage, tmp_path: Path) -> None:
        speaker = stage.observer("speaker")
        good = speaker.create_publisher(String, "/words", 10)
        made = begin(stage, tmp_path / "bag", Selection(topics=("/words",)))
        hears(made, good)
        poor = speaker.create_publisher(String, "/words", LOSSY)

        def asks_for_less() -> bool:
            infos = speaker.get_subscriptions_info_by_topic("/words")
            return [each.qos_profile.reliability for each in infos] == [ReliabilityPolicy.BEST_EFFORT]

        until(asks_for_less, "the recorder asks for less")
        hears(made, poor)
        good.publish(String(data="good"))
        poor.publish(String(data="poor"))
        until(lambda: recorded_by(made) == {"/words": 2}, "both are recorded")
        made.finish()

    def test_messages_lost_on_the_way_are_told(self, stage: Stage, tmp_path: Path) -> None:
        made = begin(stage, tmp_path / "bag", Selection(topics=("/x",)))
        made._subscribed["/x"] = recorder._Subscribed(None, LOSSY, 1)
        made.recording.add_topic(BagTopic("/x", "std_msgs/msg/Int64", definition_of(Int64), "[]"))
        for number in (4, 5, 9, 10):
            made._take("/x", b"\0\1\0\0", {"publication_sequence_number": number})
        made._subscribed.clear()
        assert "lost on the way: /x 3" in made.finish()

    def test_time_that_does_not_come_is_told_and_its_messages_are_counted(
        self, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recorder, "TIME_WALL_S", 0.3)
        speaker = stage.observer("speaker")
        words = speaker.create_publisher(String, "/words", 10)
        heard: list[DiagnosticStatus] = []
        speaker.create_subscription(
            DiagnosticArray, "/tower_1/diagnostics", lambda array: heard.extend(array.status), 10
        )
        options = ["-p", f"folder:={tmp_path}", "-p", "topics:=[/words]", "-p", "use_sim_time:=true"]
        made = Recorder(context=stage.context("--ros-args", *options, "-r", "__ns:=/tower_1"))
        stage.spin(made)
        hears(made, words)
        words.publish(String(data="early"))
        until(lambda: made.untimed["/words"] == 1, "the early message is counted")

        def warned() -> bool:
            now = [each for each in heard if each.name == "recorder: recording"]
            return bool(now) and now[-1].level == DiagnosticStatus.WARN and "time has not" in now[-1].message

        until(warned, "the diagnostics say so")
        assert any(
            value.key == "remedy" and "/clock" in value.value for each in heard for value in each.values
        )
        assert any(each.name == "recorder: disk" for each in heard)
        clock = speaker.create_publisher(Clock, "/clock", 10)
        until(lambda: clock.get_subscription_count() >= 1, "time is followed")
        clock.publish(Clock(clock=Time(sec=5)))
        until(lambda: not made.waits_for_time, "time has begun")
        words.publish(String(data="in time"))
        until(lambda: recorded_by(made) == {"/words": 1}, "the second one is recorded")
        assert "simulated time had not begun: /words 1" in made.finish()

    def test_a_refused_topic_is_recorded_when_its_types_are_clear(self, stage: Stage, tmp_path: Path) -> None:
        first = stage.observer("first")
        words = first.create_publisher(String, "/x", LATCHED)
        words.publish(String(data="kept"))
        other = first.create_publisher(Int64, "/x", 10)
        until(lambda: len(dict(first.get_topic_names_and_types())["/x"]) == 2, "there are two types")
        made = begin(stage, tmp_path / "bag", Selection(topics=("/x",)))
        until(lambda: made.refused == ["/x"], "it is refused")
        first.destroy_publisher(other)
        until(lambda: recorded_by(made) == {"/x": 1}, "it is recorded")
        assert made.refused == []
        made.finish()

    def test_health_names_what_is_wrong(self, stage: Stage, tmp_path: Path) -> None:
        made = begin(stage, tmp_path / "bag", Selection(topics=("/x",)))

        def looked(look: Callable[[Status], None]) -> tuple[bytes, str]:
            status = Status()
            look(status)
            assert (status.level == DiagnosticStatus.OK) == ("remedy" not in status.values)
            return status.level, status.message

        health = RecorderHealth(made, 0)
        assert looked(health.look_at_recording) == (DiagnosticStatus.OK, "0 topics")
        made.lost["/x"] += 3
        assert looked(health.look_at_recording) == (
            DiagnosticStatus.WARN,
            "messages are missing: 3 lost on the way, 0 dropped",
        )
        made.recording.problem = "the disk is gone"
        assert looked(health.look_at_recording) == (DiagnosticStatus.ERROR, "the disk is gone")
        free = shutil.disk_usage(tmp_path).free
        for min_free, level in ((0, b"\0"), (free * 3 // 4, b"\1"), (free * 2, b"\2")):
            assert looked(RecorderHealth(made, min_free).look_at_disk)[0] == level
        made.finish()

    def test_parameters_are_those_of_its_table(self, stage: Stage, tmp_path: Path) -> None:
        words = ["--ros-args", "-p", f"folder:={tmp_path}", "-p", "topics:=[a, /b]", "-p", "max_file_mib:=5"]
        made = Recorder(context=stage.context(*words, "-r", "__ns:=/tower_1"))
        stage.spin(made)
        assert made._wanted == {"/tower_1/a", "/b"}
        assert made.recording.folder.parent == tmp_path / "tower_1" and made.recording.folder.name.startswith(
            "rosbag2_2"
        )
        described = made.describe_parameter("max_file_mib")
        assert described.integer_range[0].to_value == 1_000_000 and "MiB" in described.description
        made.finish()

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (
                ["-p", "folder:=/tmp/x", "-p", "max_file_mib:=-1"],
                "max_file_mib = -1 is not within 0 to 1000000",
            ),
            (
                ["-p", "folder:=/tmp/x", "-p", "compression:=zip"],
                "compression = 'zip' is none of none, lz4, zstd",
            ),
            (["-p", "folder:=/tmp/x", "-p", "exclude:=['[']"], "'[' is no regular expression"),
            ([], "parameter folder is not set"),
            (["-p", "folder:=/dev/null/x", "-p", "min_free_gib:=0.0"], "cannot be made"),
        ],
    )
    def test_bad_input_is_one_line(self, stage: Stage, words: list[str], says: str) -> None:
        with pytest.raises((parameters.ParameterError, BagError)) as caught:
            Recorder(context=stage.context("--ros-args", *words))
        assert says in str(caught.value) and "\n" not in str(caught.value)


def recorded_by(made: Recorder) -> dict[str, int]:
    """Messages by topic, without what ROS itself says."""
    return {n: c for n, c in made.recording.counts.items() if n not in ("/rosout", "/parameter_events")}


# -- replay


def a_bag(folder: Path, *topics: BagTopic, messages: list[tuple[str, int, bytes]]) -> Path:
    writer = BagWriter(folder)
    for topic in topics:
        writer.add_topic(topic)
    for name, after_ms, data in messages:
        writer.write(name, data, T0 + after_ms * 10**6, T0)
    writer.close()
    return folder


def topic_of(
    name: str, message_type: Any, type_name: str, qos: QoSProfile | None = None, hash_: str = ""
) -> BagTopic:
    offers = bag_qos.as_yaml([qos or QoSProfile(depth=10)])
    return BagTopic(name, type_name, definition_of(message_type), offers, hash_)


WORDS = topic_of("/words", String, "std_msgs/msg/String")


def words_bag(folder: Path, count: int, apart_ms: int = 20) -> Path:
    said = [("/words", n * apart_ms, serialize_message(String(data=f"word {n}"))) for n in range(count)]
    return a_bag(folder, WORDS, messages=said)


def play(
    stage: Stage, folder: Path, playing: Playing, ready: Callable[[Replayer], None] = lambda _: None
) -> Replayer:
    """Play a bag to its end in this thread."""
    bag = open_bag(folder)
    made = Replayer(bag, playing, context=stage.context())
    try:
        ready(made)
        made.begin()
        until(lambda: made.step() >= 0 and made.is_over, "the bag is over")
    finally:
        made.close()
        bag.close()
    return made


class TestReplayer:
    def test_a_subscriber_gets_the_same_bytes_in_time(self, stage: Stage, tmp_path: Path) -> None:
        listener = stage.observer("listener")
        heard: list[tuple[int, bytes]] = []
        now = listener.get_clock().now
        listener.create_subscription(
            String, "/words", lambda data: heard.append((now().nanoseconds, data)), 10, raw=True
        )

        def ready(replayer: Replayer) -> None:
            publisher = next(iter(replayer._publishers_of.values()))
            until(lambda: publisher.get_subscription_count() == 1, "the listener is there")

        begun_ns = now().nanoseconds
        made = play(stage, words_bag(tmp_path / "bag", 11), Playing(), ready)
        until(lambda: len(heard) == 11, "all was heard")
        expected = [serialize_message(String(data=f"word {n}")) for n in range(11)]
        assert [unpadded(data, sent) for (_, data), sent in zip(heard, expected)] == expected
        assert made.published == 11
        assert heard[-1][0] - begun_ns >= 200 * 10**6  # never early: 10 times 20 ms

    def test_latched_topics_reach_those_who_come_later(self, stage: Stage, tmp_path: Path) -> None:
        topic = topic_of("/latched", String, "std_msgs/msg/String", LATCHED)
        data = serialize_message(String(data="kept"))
        bag = open_bag(a_bag(tmp_path / "bag", topic, messages=[("/latched", 0, data)]))
        made = Replayer(bag, Playing(remap={"/latched": "/other/name"}), context=stage.context())
        made.begin()
        until(lambda: made.step() >= 0 and made.is_over, "the bag is over")
        listener = stage.observer("listener")
        heard: list[String] = []
        listener.create_subscription(String, "/other/name", heard.append, LATCHED)
        until(lambda: [each.data for each in heard] == ["kept"], "the late listener hears it")
        made.close()
        bag.close()

    def test_clock_runs_with_the_bag(self, stage: Stage, tmp_path: Path) -> None:
        listener = stage.observer("listener")
        told: list[int] = []
        listener.create_subscription(
            Clock, "/clock", lambda m: told.append(m.clock.sec * 10**9 + m.clock.nanosec), LOSSY
        )
        clock = topic_of("/clock", Clock, "rosgraph_msgs/msg/Clock")
        words = [("/words", ms, serialize_message(String(data="x"))) for ms in range(0, 600, 100)]
        old = [("/clock", 50, serialize_message(Clock()))]
        folder = a_bag(tmp_path / "bag", WORDS, clock, messages=words + old)

        def ready(replayer: Replayer) -> None:
            assert replayer.topics == ["/words"]  # the recorded clock gives way
            until(lambda: replayer._clock_publisher.get_subscription_count() == 1, "the listener is there")

        play(stage, folder, Playing(clock_hz=50.0, rate=2.0), ready)
        until(lambda: len(told) > 3, "the clock is heard")
        assert told == sorted(told) and told[0] >= T0 and told[-1] <= T0 + 500 * 10**6

    def test_loop_offset_and_choice(self, stage: Stage, tmp_path: Path) -> None:
        folder = words_bag(tmp_path / "bag", 10, apart_ms=1)
        bag = open_bag(folder)
        made = Replayer(bag, Playing(is_looped=True, start_offset_s=0.008), context=stage.context())
        made.begin()
        until(lambda: made.step() >= 0 and made.rounds == 3, "three rounds")
        assert made.published == 3 * 2  # words 8 and 9
        made.close()
        assert play(stage, folder, Playing(exclude=("words",))).published == 0
        with pytest.raises(BagError, match="the bag has no topic /nix; it has /words"):
            Replayer(bag, Playing(topics=("/nix",)))
        with pytest.raises(BagError, match="start before that"):
            Replayer(bag, Playing(start_offset_s=5.0), context=stage.context())
        bag.close()

    def test_qos_can_be_overridden(self, stage: Stage, tmp_path: Path) -> None:
        bag = open_bag(words_bag(tmp_path / "bag", 1))
        playing = Playing(qos={"/words": {"reliability": "best_effort", "depth": 3}})
        made = Replayer(bag, playing, context=stage.context())
        (publisher,) = made._publishers_of.values()
        assert (publisher.qos_profile.reliability, publisher.qos_profile.depth) == (
            ReliabilityPolicy.BEST_EFFORT,
            3,
        )
        made.close()
        with pytest.raises(BagError, match="reliability: perfect is no policy"):
            Replayer(bag, Playing(qos={"/words": {"reliability": "perfect"}}), context=stage.context())
        bag.close()

    @embedded_only
    def test_types_that_are_not_here_come_from_the_bag(self, stage: Stage, tmp_path: Path) -> None:
        text = f"Part[] parts\nfloat64 sum\n{'=' * 80}\nMSG: strange_msgs/Part\nuint8 SOFT=1\nstring name\nuint8 kind\n"
        topic = BagTopic("/strange", "strange_msgs/msg/Whole", text, "[]")
        from rosbags.typesys import Stores, get_types_from_msg, get_typestore

        store = get_typestore(Stores.EMPTY)
        store.register(get_types_from_msg(text, "strange_msgs/msg/Whole"))
        part = store.types["strange_msgs/msg/Part"](name="knob", kind=1)
        data = bytes(
            store.serialize_cdr(
                store.types["strange_msgs/msg/Whole"](parts=[part], sum=2.5), "strange_msgs/msg/Whole"
            )
        )
        folder = a_bag(tmp_path / "bag", topic, messages=[("/strange", 0, data)])
        assert "strange_msgs" not in sys.modules
        assert play(stage, folder, Playing()).published == 1
        from strange_msgs.msg import Whole  # type: ignore[import-not-found]  # made by the replayer

        whole = deserialize_message(data, Whole)
        assert (whole.parts[0].name, whole.sum) == ("knob", 2.5)

    @embedded_only
    def test_a_bag_of_another_definition_is_refused(self, stage: Stage, tmp_path: Path) -> None:
        topic = topic_of("/s", TowerState, "bee_robot_interfaces/msg/TowerState", hash_="RIHS01_" + "00" * 32)
        bag = open_bag(a_bag(tmp_path / "bag", topic, messages=[("/s", 0, serialize_message(TowerState()))]))
        with pytest.raises(
            BagError, match="/s was recorded with another definition of bee_robot_interfaces/msg/TowerState"
        ):
            Replayer(bag, Playing(), context=stage.context())
        bag.close()

    def test_the_guard_waits_for_its_own_publisher(
        self, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A middleware may list it a moment after it was made."""
        listed, asked = Replayer.get_publishers_info_by_topic, []

        def late(self: Replayer, topic: str) -> list[Any]:
            asked.append(topic)
            infos = listed(self, topic) if len(asked) > 3 else []
            for each in infos:
                monkeypatch.setattr(type(each), "topic_type_hash", "RIHS01_" + "11" * 32, raising=False)
            return infos

        monkeypatch.setattr(Replayer, "get_publishers_info_by_topic", late)
        topic = topic_of("/words", String, "std_msgs/msg/String", hash_="RIHS01_" + "00" * 32)
        bag = open_bag(a_bag(tmp_path / "bag", topic, messages=[("/words", 0, b"")]))
        with pytest.raises(BagError, match="another definition"):
            Replayer(bag, Playing(), context=stage.context())
        assert len(asked) == 4
        bag.close()

    def test_without_hashes_the_definitions_are_compared(
        self, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[str] = []
        monkeypatch.setattr(
            Replayer, "_warn", lambda self, channel, why: told.append(f"{channel.topic}: {why}")
        )
        same = BagTopic("/same", "std_msgs/msg/String", "# of another time\nstring   data\n", "[]")
        other = BagTopic("/other", "std_msgs/msg/Int64", "int32 data\n", "[]")
        bag = open_bag(a_bag(tmp_path / "bag", same, other, messages=[("/same", 0, b""), ("/other", 1, b"")]))
        Replayer(bag, Playing(), context=stage.context()).close()
        assert told == ["/other: its definition in the bag is written otherwise than the one here"]
        bag.close()

    def test_nothing_is_left_behind(
        self, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        before = dict(os.environ)
        if bee_robot.ros_runtime().kind == "embedded":
            topic = BagTopic("/odd", "odd_msgs/msg/One", "uint8 x\n", "[]")
        else:
            topic = topic_of("/odd", String, "std_msgs/msg/String")
        bag = open_bag(a_bag(tmp_path / "bag", topic, messages=[("/odd", 0, b"\0\1\0\0\7")]))
        observer = stage.observer("observer")
        made = Replayer(bag, Playing(), "kept", context=stage.context())
        until(lambda: "kept" in observer.get_node_names(), "the replayer is seen")
        made.close()
        with pytest.raises(BagError, match="is no policy"):
            Replayer(bag, Playing(qos={"/odd": {"depth": "deep"}}), "refused", context=stage.context())
        until(lambda: not {"kept", "refused"} & set(observer.get_node_names()), "both are gone")
        assert dict(os.environ) == before and not list(tmp_path.glob("bee_replay_*"))
        bag.close()

    def test_what_was_recorded_is_replayed_and_recorded_again_the_same(
        self, stage: Stage, tmp_path: Path
    ) -> None:
        made = begin(stage, tmp_path / "again", Selection(topics=("/words",)))
        folder = words_bag(tmp_path / "first", 8, apart_ms=5)

        def ready(replayer: Replayer) -> None:
            hears(made, next(iter(replayer._publishers_of.values())))

        play(stage, folder, Playing(), ready)
        until(lambda: recorded_by(made) == {"/words": 8}, "all is recorded again")
        made.finish()
        first, again = ([each[4] for each in recorded(bag)] for bag in (folder, tmp_path / "again"))
        assert list(map(unpadded, again, first)) == first


class TestLive:
    """What a robot says now and what one said once are not mixed unasked."""

    def refused(self, stage: Stage, folder: Path, playing: Playing, topic: str, publishers: int) -> str:
        """What is said once the replayer knows so many publishers of a topic, its own among them."""
        bag = open_bag(folder)
        made = Replayer(bag, playing, context=stage.context())
        try:
            until(lambda: made.count_publishers(topic) == publishers, f"{publishers} publishers of {topic}")
            made.refuse_live()
        except BagError as error:
            return str(error)
        finally:
            made.close()
            bag.close()
        return ""

    def test_a_topic_of_somebody_else_is_refused_unless_renamed(self, stage: Stage, tmp_path: Path) -> None:
        folder = words_bag(tmp_path / "bag", 1)
        listener = stage.observer("listener")
        listener.create_subscription(String, "/words", lambda _: None, 10)
        assert self.refused(stage, folder, Playing(), "/words", 1) == ""
        robot = stage.observer("robot")
        robot.create_publisher(String, "/words", 10)
        robot.create_publisher(String, "/renamed", 10)
        said = self.refused(stage, folder, Playing(), "/words", 2)
        assert "others on this graph: /words (by /robot)" in said
        assert "--onto-live" in said and "-m" in said and "\n" not in said
        assert self.refused(stage, folder, Playing(remap={"/words": "/renamed"}), "/renamed", 2) == ""
        assert self.refused(stage, folder, Playing(exclude=("words",)), "/words", 1) == ""

    def test_a_clock_of_somebody_else_is_refused_made_or_recorded(self, stage: Stage, tmp_path: Path) -> None:
        stage.observer("world").create_publisher(Clock, "/clock", 10)
        clock = topic_of("/clock", Clock, "rosgraph_msgs/msg/Clock")
        folder = a_bag(tmp_path / "bag", clock, messages=[("/clock", 0, serialize_message(Clock()))])
        for playing in (Playing(), Playing(clock_hz=10.0)):
            assert "/clock (by /world)" in self.refused(stage, folder, playing, "/clock", 2)

    def test_the_verb_refuses_with_one_line_and_plays_where_it_is_told_to(
        self, stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = words_bag(tmp_path / "bag", 2)
        robot = stage.observer("robot")
        robot.create_publisher(String, "/words", 10)
        assert main(["replay", str(folder), "--delay", "2"]) == 2
        said = capsys.readouterr().err
        assert "bee replay: published by others on this graph: /words (by /robot)" in said
        assert "messages published" not in said
        assert main(["replay", str(folder), "--onto-live", "--delay", "0"]) == 0
        assert "2 messages published" in capsys.readouterr().err


class TestTime:
    def test_a_timeline_stands_while_paused(self) -> None:
        now = [10.0]
        line = Timeline(T0, rate=2.0, now_s=lambda: now[0])
        assert line.wait_s(T0 + 10**9) == 0.5
        now[0] += 0.25
        assert line.now_ns() == T0 + 5 * 10**8 and line.wait_s(T0 + 10**9) == 0.25
        line.toggle()
        now[0] += 100
        assert line.now_ns() == T0 + 5 * 10**8 and line.wait_s(T0 + 10**9) == float("inf")
        line.toggle()
        now[0] += 0.25
        assert line.wait_s(T0 + 10**9) == 0.0

    def test_reading_ahead_is_bounded_in_messages_and_bytes(self) -> None:
        taken = []

        def messages() -> Any:
            for number in range(20):
                taken.append(number)
                yield None, number, b"x" * 100

        for limits, most in (({"most": 3}, 4), ({"most": 100, "most_bytes": 450}, 6)):
            taken.clear()
            ahead = ReadAhead(messages(), **limits)
            until(lambda most=most: len(taken) == most, "the reader waits")
            for number in range(20):
                found = ahead.next()
                assert found is not None and found[1] == number
                ahead.take()
            assert ahead.next() is None
            ahead.close()
