"""Bags as files: what is written is read by the format's own reader and by rosbags; what is broken is named."""

from __future__ import annotations

import errno
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcap.reader import make_reader
from mcap.writer import Writer
from mcap_ros2.decoder import DecoderFactory
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader, StoragePlugin
from rosbags.rosbag2 import Writer as RosbagsWriter
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from bee_robot.nodes import bag_keeping, bag_qos, bag_recording, bag_writer
from bee_robot.nodes.bag_definitions import definition_of
from bee_robot.nodes.bag_keeping import Mark, recordings_in
from bee_robot.nodes.bag_reader import Bag, open_bag
from bee_robot.nodes.bag_recording import Limits, Recording
from bee_robot.nodes.bag_writer import BagError, BagTopic, BagWriter
from bee_robot_interfaces.msg import TowerState

T0 = 1_760_000_000_000_000_000
OFFERS = bag_qos.as_yaml([QoSProfile(depth=3, durability=DurabilityPolicy.TRANSIENT_LOCAL)])
WORDS = BagTopic("/words", "std_msgs/msg/String", definition_of(String), OFFERS, "RIHS01_" + "ab" * 32)
JOINTS = BagTopic("/joint_states", "sensor_msgs/msg/JointState", definition_of(JointState), "[]")


def word(text: str) -> bytes:
    return serialize_message(String(data=text))


def write_words(folder: Path, count: int, **options: Any) -> BagWriter:
    writer = BagWriter(folder, **options)
    writer.add_topic(WORDS)
    for number in range(count):
        writer.write("/words", word(f"word {number}"), T0 + number * 10**7, T0 + number * 10**7 - 500, number)
    return writer


def all_of(bag: Bag) -> list[tuple[str, int, bytes]]:
    return [(channel.topic, time_ns, data) for channel, time_ns, data in bag.messages(list(bag.counts))]


@pytest.fixture
def closing() -> Iterator[Any]:
    """Opens bags that are closed after the test."""
    opened: list[Bag] = []

    def open_one(path: Path) -> Bag:
        opened.append(open_bag(path))
        return opened[-1]

    yield open_one
    for bag in opened:
        bag.close()


class TestWritten:
    @pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
    def test_the_formats_own_reader_gives_the_same_messages_and_times(
        self, tmp_path: Path, compression: str
    ) -> None:
        writer = write_words(tmp_path / "bag", 20, compression=compression)
        writer.add_topic(JOINTS)
        state = JointState(name=["lift"], position=[0.25])
        writer.write("/joint_states", serialize_message(state), T0 + 5, T0 + 4)
        writer.close()
        with (tmp_path / "bag" / "bag_0.mcap").open("rb") as stream:
            reader = make_reader(stream, validate_crcs=True)
            assert reader.get_header().profile == "ros2"
            found = [
                (c.topic, m.log_time, m.publish_time, m.sequence, m.data)
                for _, c, m in reader.iter_messages()
            ]
            stream.seek(0)
            decoding = make_reader(stream, decoder_factories=[DecoderFactory()])
            decoded = {channel.topic: message for _, channel, _, message in decoding.iter_decoded_messages()}
        expected = [("/words", T0 + n * 10**7, T0 + n * 10**7 - 500, n, word(f"word {n}")) for n in range(20)]
        assert [each for each in found if each[0] == "/words"] == expected
        assert decoded["/words"].data == "word 19"
        assert (decoded["/joint_states"].name, decoded["/joint_states"].position) == (["lift"], [0.25])

    def test_rosbags_reads_the_folder_with_hash_qos_and_definition(self, tmp_path: Path) -> None:
        write_words(tmp_path / "bag", 3).close()
        with Reader(tmp_path / "bag") as reader:
            (connection,) = reader.connections
            assert (reader.message_count, reader.duration) == (3, 2 * 10**7 + 1)
            assert connection.digest == WORDS.type_hash and connection.msgdef.data == WORDS.definition
            offer = connection.ext.offered_qos_profiles[0]  # type: ignore[union-attr]
            assert (offer.depth, offer.durability.name, offer.reliability.name) == (
                3,
                "TRANSIENT_LOCAL",
                "RELIABLE",
            )
            assert [bytes(data) for _, _, data in reader.messages()] == [word(f"word {n}") for n in range(3)]

    def test_metadata_is_what_humble_and_later_releases_read(self, tmp_path: Path) -> None:
        """Version 8: QoS is text with numbers inside, which Humble needs; later releases read it, too."""
        write_words(tmp_path / "bag", 2).close()
        tree = yaml.safe_load((tmp_path / "bag" / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
        assert (tree["version"], tree["storage_identifier"], tree["message_count"]) == (8, "mcap", 2)
        topic = tree["topics_with_message_count"][0]
        assert topic["message_count"] == 2
        qos = topic["topic_metadata"]["offered_qos_profiles"]
        assert isinstance(qos, str) and yaml.safe_load(qos)[0]["durability"] == 1
        assert yaml.safe_load(qos)[0]["deadline"] == {"sec": 9223372036, "nsec": 854775807}
        assert tree["relative_file_paths"] == ["bag_0.mcap"] and tree["files"][0]["path"] == "bag_0.mcap"
        with (tmp_path / "bag" / "bag_0.mcap").open("rb") as stream:
            (record,) = [each for each in make_reader(stream).iter_metadata() if each.name == "rosbag2"]
        assert yaml.safe_load(record.metadata["serialized_metadata"])["version"] == 8

    def test_definitions_are_whole_with_constants_and_comments_of_files(self) -> None:
        text = definition_of(TowerState)
        assert text.startswith((Path("bee_robot_interfaces/msg/TowerState.msg")).read_text()[:40])
        assert "MSG: std_msgs/Header" in text and "MSG: builtin_interfaces/Time" in text
        assert text.count("=" * 80) == text.count("MSG: ")
        from rcl_interfaces.msg import Log

        assert re.search("^(uint8|byte) WARN=30$", definition_of(Log), re.MULTILINE)

    def test_files_are_split_by_size_and_by_time(self, tmp_path: Path, closing: Any) -> None:
        writer = BagWriter(tmp_path / "large", compression="none", max_file_bytes=3 * 2**20)
        writer.add_topic(WORDS)
        for number in range(10):
            writer.write("/words", word("x" * 2**20), T0 + number, T0)
        writer.close()
        assert 3 <= len(writer.files) <= 4
        assert [each[1] for each in all_of(closing(tmp_path / "large"))] == [
            T0 + number for number in range(10)
        ]
        with Reader(tmp_path / "large") as reader:
            assert sum(1 for _ in reader.messages()) == 10
        assert len(write_words(tmp_path / "long", 100, max_file_s=0.25).files) == 4

    def test_nothing_is_overwritten(self, tmp_path: Path) -> None:
        write_words(tmp_path / "bag", 1).close()
        with pytest.raises(BagError, match="is there already"):
            BagWriter(tmp_path / "bag")


class TestTrouble:
    def test_a_full_disk_still_leaves_a_whole_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closing: Any
    ) -> None:
        """The disk takes 1 MB more and, when the reserve is given up, what that held."""
        room = {"bytes": 1_000_000}

        def put(self: bag_writer.ReservedFile, data: memoryview) -> int:
            if len(data) > room["bytes"] and self._reserve is not None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            room["bytes"] -= len(data)
            return os.write(self._descriptor, data)

        monkeypatch.setattr(bag_writer.ReservedFile, "_put", put)
        recording = Recording(Limits(tmp_path / "bag", compression="none", min_free_bytes=0))
        recording.add_topic(WORDS)
        for number in range(400):
            recording.add_message("/words", word("x" * 10_000), T0 + number, T0, number)
        until_s = time.monotonic() + 20
        while not recording.problem:
            assert time.monotonic() < until_s, "nobody noticed that the disk is full"
            time.sleep(0.01)
        recording.add_message("/words", word("too late"), T0 + 999, T0, 999)
        recording.close()
        assert "is full; the recording ends here" in recording.problem
        assert recording.dropped["/words"] >= 1
        bag = closing(tmp_path / "bag")
        assert not bag.cut and 80 < sum(bag.counts.values()) == recording.counts["/words"] < 400

    def test_a_disk_with_little_space_is_refused_or_ends_the_recording(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closing: Any
    ) -> None:
        with pytest.raises(BagError, match="MiB free"):
            Recording(Limits(tmp_path / "never", min_free_bytes=2**62))
        monkeypatch.setattr(bag_recording, "FLUSH_S", 0.05)
        recording = Recording(Limits(tmp_path / "bag", min_free_bytes=1))
        recording.add_topic(WORDS)
        recording.add_message("/words", word("one"), T0, T0, 1)
        usage = bag_recording.shutil.disk_usage(tmp_path)
        monkeypatch.setattr(bag_recording.shutil, "disk_usage", lambda _: usage._replace(free=0))
        until_s = time.monotonic() + 20
        while not recording.problem:
            assert time.monotonic() < until_s, "nobody looked at the disk"
            time.sleep(0.01)
        recording.close()
        assert "has 0 MiB free" in recording.problem
        assert sum(closing(tmp_path / "bag").counts.values()) == 1

    def test_a_slow_disk_costs_messages_that_are_counted_not_memory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bag_recording, "QUEUE_BYTES", 1000)
        recording = Recording(Limits(tmp_path / "bag", min_free_bytes=0))
        recording.add_topic(WORDS)
        recording.add_message("/words", b"\0" * 1001, T0, T0, 1)
        recording.close()
        assert recording.dropped["/words"] == 1 and recording.problem == ""

    @pytest.mark.parametrize("error", [struct.error("required argument is not an integer"), KeyError("/nix")])
    def test_any_failure_of_the_writer_ends_the_recording_and_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closing: Any, error: Exception
    ) -> None:
        whole = bag_writer.BagWriter.write

        def write(self: BagWriter, topic: str, data: bytes, log_ns: int, *more: int) -> bool:
            if log_ns == T0 + 1:
                raise error
            return whole(self, topic, data, log_ns, *more)

        monkeypatch.setattr(bag_writer.BagWriter, "write", write)
        recording = Recording(Limits(tmp_path / "bag", min_free_bytes=0))
        recording.add_topic(WORDS)
        for number in range(5):
            recording.add_message("/words", word("x"), T0 + number, T0, number)
        recording.close()
        assert f"bag cannot be written: {type(error).__name__}" in recording.problem
        assert "report this line" in recording.problem and "\n" not in recording.problem
        assert recording.counts["/words"] == 1 and recording.dropped["/words"] == 4
        bag = closing(tmp_path / "bag")
        assert not bag.cut and sum(bag.counts.values()) == 1  # finished all the same

    def test_an_end_that_fails_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        recording = Recording(Limits(tmp_path / "bag", is_removable=True, min_free_bytes=0))

        def close(self: BagWriter) -> None:
            raise RuntimeError("compressor")

        monkeypatch.setattr(bag_writer.BagWriter, "close", close)
        recording.close()
        assert "bag could not be finished: RuntimeError: compressor" in recording.problem
        assert bag_keeping.remove(tmp_path / "bag")  # the lock is free

    def test_a_killed_recording_is_read_up_to_its_last_chunk(self, tmp_path: Path, closing: Any) -> None:
        program = (
            "import bee_robot, sys, time; sys.path.insert(0, 'tests/unit/nodes')\n"
            "from test_bags import *\n"
            f"writer = write_words(Path({str(tmp_path / 'bag')!r}), 50)\n"
            "writer.flush()\n"
            "writer.write('/words', word('not yet on the disk'), T0 + 10**12, T0)\n"
            "print('written', flush=True); time.sleep(60)"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, env={**os.environ, "BEE_ROS": "embedded"}
        )
        assert process.stdout is not None and process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert [each.name for each in (tmp_path / "bag").iterdir()] == [
            "bag_0.mcap"
        ]  # the reserve has gone, too
        bag = closing(tmp_path / "bag")
        assert "ends too early" in bag.cut and "50 messages before that are whole" in bag.cut
        assert [data for _, _, data in all_of(bag)] == [word(f"word {n}") for n in range(50)]
        assert (bag.start_ns, bag.end_ns) == (T0, T0 + 49 * 10**7)

    def test_a_truncated_file_says_where_it_ends(self, tmp_path: Path, closing: Any) -> None:
        writer = BagWriter(tmp_path / "bag", compression="none")
        writer.add_topic(WORDS)
        for number in range(4):
            writer.write("/words", word("y" * 700_000), T0 + number, T0)
        writer.close()
        path = tmp_path / "bag" / "bag_0.mcap"
        path.write_bytes(path.read_bytes()[:2_000_000])
        bag = closing(path)
        assert f"{path} ends too early" in bag.cut and "of 2000000" in bag.cut
        assert [each[1] for each in all_of(bag)] == [T0, T0 + 1]

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("a.mcap", b"this is no bag at all", "is no MCAP file"),
            ("a.mcap", b"", "ends too early"),
            ("a.db3", b"SQLite format 3\0" + b"\xff" * 200, "cannot be read as a bag"),
            ("a.bag", b"#ROSBAG V2.0\n", "rosbags-convert"),
            ("a.txt", b"hello", "is no bag of ROS 2"),
        ],
    )
    def test_foreign_files_are_named(self, tmp_path: Path, name: str, content: bytes, says: str) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BagError) as caught:
            open_bag(tmp_path / name)
        assert says in str(caught.value) and name in str(caught.value) and "\n" not in str(caught.value)

    def test_folders_without_a_bag_or_with_half_of_one_are_named(self, tmp_path: Path) -> None:
        with pytest.raises(BagError, match="is not there"):
            open_bag(tmp_path / "nix")
        with pytest.raises(BagError, match="holds no bag"):
            open_bag(tmp_path)
        (tmp_path / "metadata.yaml").write_text(
            "rosbag2_bagfile_information: {relative_file_paths: [x_0.mcap]}"
        )
        with pytest.raises(BagError, match="lacks x_0.mcap"):
            open_bag(tmp_path)
        (tmp_path / "metadata.yaml").write_text("- 1")
        with pytest.raises(BagError, match="is no metadata of a bag"):
            open_bag(tmp_path)

    def test_an_mcap_of_something_else_is_named(self, tmp_path: Path) -> None:
        with (tmp_path / "a.mcap").open("wb") as stream:
            writer = Writer(stream)
            writer.start()
            channel = writer.register_channel("/x", "json", writer.register_schema("x", "jsonschema", b"{}"))
            writer.add_message(channel, 1, b"{}", 1)
            writer.finish()
        with pytest.raises(BagError, match="encoded as 'json'"):
            open_bag(tmp_path / "a.mcap")

    def test_a_damaged_chunk_is_found_by_its_checksum(self, tmp_path: Path, closing: Any) -> None:
        write_words(tmp_path / "bag", 30, compression="none").close()
        path = tmp_path / "bag" / "bag_0.mcap"
        data = bytearray(path.read_bytes())
        data[data.index(b"word 17")] ^= 1
        path.write_bytes(data)
        with pytest.raises(BagError, match="is damaged: .*crc"):
            all_of(closing(path))


class TestOtherBags:
    @pytest.mark.parametrize("version", [8, 9])
    @pytest.mark.parametrize("plugin", [StoragePlugin.SQLITE3, StoragePlugin.MCAP])
    def test_bags_of_other_writers(
        self, tmp_path: Path, closing: Any, plugin: StoragePlugin, version: Any
    ) -> None:
        store = get_typestore(Stores.ROS2_HUMBLE)
        with RosbagsWriter(tmp_path / "bag", version=version, storage_plugin=plugin) as writer:
            connection = writer.add_connection("/words", "std_msgs/msg/String", typestore=store)
            for number in range(5):
                writer.write(connection, T0 + number, word(f"word {number}"))
        bag = closing(tmp_path / "bag")
        (channel,) = bag.counts
        assert (channel.topic, channel.type, channel.encoding) == ("/words", "std_msgs/msg/String", "ros2msg")
        assert (bag.start_ns, bag.end_ns, bag.counts[channel]) == (T0, T0 + 4, 5)
        assert [each[2] for each in bag.messages([channel], T0 + 2)] == [word(f"word {n}") for n in (2, 3, 4)]

    def test_ours_is_read_by_anybody_who_knows_only_the_schema(self, tmp_path: Path) -> None:
        writer = BagWriter(tmp_path / "bag")
        writer.add_topic(
            BagTopic("/s", "bee_robot_interfaces/msg/TowerState", definition_of(TowerState), "[]")
        )
        writer.write("/s", serialize_message(TowerState()), T0, T0)
        writer.close()
        with AnyReader([tmp_path / "bag"]) as reader:
            (found,) = reader.messages()
            message = reader.deserialize(found[2], found[0].msgtype)
        assert set(TowerState.get_fields_and_field_types()) == {
            name for name in vars(message) if not name.startswith("__")
        }


def marked(folder: Path, age_s: int = 0) -> Path:
    """A recording of a console that is over."""
    write_words(folder, 5).close()
    Mark(folder).close()
    os.utime(folder, (1_000_000 - age_s, 1_000_000 - age_s))
    return folder


def record_much(limits: Limits, said: list[str]) -> None:
    recording = Recording(limits, on_note=said.append)
    recording.add_topic(WORDS)
    for number in range(10):
        recording.add_message("/words", word("z" * 2**20), T0 + number, T0, number)
    recording.close()
    assert recording.problem == ""


class TestKeeping:
    def test_the_oldest_recordings_go_first_then_the_oldest_files(self, tmp_path: Path) -> None:
        for age_s, name in enumerate(("newer", "older")):
            marked(tmp_path / name, age_s)
        marked(tmp_path / "notes", 7)
        (tmp_path / "notes" / "diary.txt").write_text("not a recording")
        found = recordings_in(tmp_path, tmp_path)
        assert [each.folder.name for each in found] == ["older", "newer"]
        said: list[str] = []
        limits = Limits(
            tmp_path / "now", "none", max_file_bytes=2**20, keep_bytes=4 * 2**20, min_free_bytes=0
        )
        record_much(limits, said)
        assert not (tmp_path / "older").exists() and not (tmp_path / "newer").exists()
        assert (tmp_path / "notes" / "diary.txt").exists()
        kept = sorted(each.name for each in (tmp_path / "now").glob("*.mcap"))
        assert (
            "now_0.mcap" not in kept
            and sum(each.stat().st_size for each in (tmp_path / "now").iterdir()) < 6 * 2**20
        )
        assert any("removed the oldest file" in each for each in said)
        with Reader(tmp_path / "now") as reader:  # metadata.yaml knows what is left
            assert reader.message_count == sum(1 for _ in reader.messages()) == len(kept)

    def test_what_another_process_is_recording_and_a_persons_own_bags_stay(self, tmp_path: Path) -> None:
        own = tmp_path / "own"
        write_words(own, 5).close()
        program = (
            "import sys; from pathlib import Path; from bee_robot.nodes.bag_recording import Limits, Recording\n"
            "made = Recording(Limits(Path(sys.argv[1]), is_removable=True, min_free_bytes=0))\n"
            "print('records', flush=True); sys.stdin.read()"
        )
        live = tmp_path / "live"
        with subprocess.Popen(
            [sys.executable, "-c", program, str(live)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        ) as other:
            assert other.stdout is not None and other.stdout.readline() == b"records\n"
            try:
                limits = Limits(
                    tmp_path / "now", "none", 2**20, is_removable=True, keep_bytes=2**20, min_free_bytes=0
                )
                said: list[str] = []
                record_much(limits, said)
                assert live.is_dir() and own.is_dir() and not any("live" in each for each in said)
            finally:
                other.kill()
        # A process that was killed holds nothing any more.
        record_much(replace(limits, folder=tmp_path / "later"), said)
        assert not live.exists() and not (tmp_path / "now").exists() and own.is_dir()

    def test_two_recordings_of_one_process_leave_each_other_alone(self, tmp_path: Path) -> None:
        limits = Limits(tmp_path / "a", is_removable=True, keep_bytes=1, min_free_bytes=0)
        first = Recording(limits)
        second = Recording(replace(limits, folder=tmp_path / "b"))
        assert (tmp_path / "a").is_dir()
        first.close()
        third = Recording(replace(limits, folder=tmp_path / "c"))
        assert not (tmp_path / "a").exists() and (tmp_path / "b").is_dir()
        second.close()
        third.close()


class TestQos:
    def test_the_strongest_that_every_publisher_can_serve(self) -> None:
        reliable, latched = (
            QoSProfile(depth=5),
            QoSProfile(depth=200, durability=DurabilityPolicy.TRANSIENT_LOCAL),
        )
        lossy = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)

        def asked(*offers: QoSProfile) -> tuple[str, str, int]:
            made = bag_qos.to_hear_all(offers)
            return made.reliability.name, made.durability.name, made.depth

        assert asked(reliable) == ("RELIABLE", "VOLATILE", 100)
        assert asked(latched, latched) == ("RELIABLE", "TRANSIENT_LOCAL", 200)
        assert asked(latched, reliable) == ("RELIABLE", "VOLATILE", 200)
        assert asked(reliable, lossy) == ("BEST_EFFORT", "VOLATILE", 100)
        assert bag_qos.is_weaker(bag_qos.to_hear_all([reliable, lossy]), bag_qos.to_hear_all([reliable]))
        assert not bag_qos.is_weaker(bag_qos.to_hear_all([reliable]), bag_qos.to_hear_all([reliable, lossy]))
