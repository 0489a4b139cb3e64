"""Writes bags: MCAP files with the ros2 profile and a metadata.yaml, as `ros2 bag` and Foxglove read them.

What is in a file follows the MCAP specification (mcap.dev/spec) and rosbag2's MCAP storage: schemas `ros2msg`, channel
metadata `offered_qos_profiles` and `topic_type_hash`, a metadata record `rosbag2`. metadata.yaml has version 8: the last
one that Humble reads and that later releases read, too (9 writes QoS in another way). Nothing here knows ROS.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import yaml
from mcap.writer import CompressionType, Writer

METADATA_VERSION = 8
RESERVE_BYTES = 16 * 2**20
"""Held back on the disk for the end of a file: the last chunk with the largest picture, index and metadata."""
COMPRESSIONS = {"none": CompressionType.NONE, "lz4": CompressionType.LZ4, "zstd": CompressionType.ZSTD}
_FULL = (errno.ENOSPC, errno.EDQUOT)


class BagError(Exception):
    """A bag cannot be written or read: one line with what, where, and what to do."""


@dataclass(frozen=True)
class BagTopic:
    """`qos`: offers as YAML (bag_qos.as_yaml); `type_hash`: RIHS01_..., or empty where nobody tells it."""

    name: str
    type: str
    definition: str
    qos: str
    type_hash: str = ""


@dataclass
class BagFile:
    """What metadata.yaml says of one file. Times in ns since 1970."""

    path: str
    first_ns: int = 0
    last_ns: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        return self.counts.total()

    def note(self, topic: str, time_ns: int) -> None:
        self.first_ns = min(self.first_ns, time_ns) if self.counts else time_ns
        self.last_ns = max(self.last_ns, time_ns)
        self.counts[topic] += 1


class ReservedFile:
    """A file with space held back: when the disk is full, that is given free and the end of the file still fits."""

    def __init__(self, path: Path, reserve_bytes: int = RESERVE_BYTES) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._position = 0
        self.is_full = False
        # Without a name: if this process is killed, the space is free again.
        self._reserve: IO[bytes] | None = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - lives as long as the file
        try:
            os.posix_fallocate(self._reserve.fileno(), 0, reserve_bytes)
        except OSError:
            self.close()
            path.unlink()
            raise

    def write(self, data: Any) -> int:
        rest = memoryview(data)
        while rest:
            try:
                done = self._put(rest)
            except OSError as error:
                if error.errno not in _FULL or self._reserve is None:
                    raise
                self._reserve.close()
                self._reserve, self.is_full = None, True
                continue
            self._position += done
            rest = rest[done:]
        return len(data)

    def _put(self, data: memoryview) -> int:
        return os.write(self._descriptor, data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        os.fsync(self._descriptor)

    def close(self) -> None:
        if self._reserve is not None:
            self._reserve.close()
            self._reserve = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@dataclass
class _Open:
    """The file that is being written."""

    facts: BagFile
    stream: ReservedFile
    writer: Writer
    schemas: dict[str, int] = field(default_factory=dict)
    channels: dict[str, int] = field(default_factory=dict)


class BagWriter:
    """One bag: a folder with files `<folder>_0.mcap`, `<folder>_1.mcap`, ... and metadata.yaml.

    `max_file_bytes`, `max_file_s`: a new file is begun when one has become so large or spans so much time; 0 for no limit.
    Raises BagError where the folder is there already or cannot be made, OSError where the disk fails.
    """

    def __init__(
        self,
        folder: Path,
        compression: str = "zstd",
        max_file_bytes: int = 0,
        max_file_s: float = 0.0,
        distro: str = "",
    ) -> None:
        self.folder = folder
        self.topics: dict[str, BagTopic] = {}
        self.counts: Counter[str] = Counter()
        self.files: list[BagFile] = []
        self._compression, self._distro = compression, distro
        self._max_file_bytes, self._max_file_ns = max_file_bytes, int(max_file_s * 1e9)
        self._numbered = 0
        self._closed_bytes = 0
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            raise BagError(
                f"{folder} is there already; give another folder, nothing is overwritten"
            ) from None
        except OSError as error:
            raise BagError(f"{folder} cannot be made: {error.strerror}; give another folder (-o)") from None
        try:
            self._open = self._next_file()
        except OSError as error:
            folder.rmdir()
            raise BagError(
                f"{folder} cannot be written: {error.strerror}; free space, or give another folder"
            ) from None

    @property
    def is_full(self) -> bool:
        """The disk is full: what has come so far fits, nothing more; close the bag."""
        return self._open.stream.is_full

    @property
    def size_bytes(self) -> int:
        """What is on the disk, without the chunk in hand."""
        return self._closed_bytes + self._open.stream.tell()

    def add_topic(self, topic: BagTopic) -> None:
        """Before its first message."""
        self.topics[topic.name] = topic
        self._register(self._open, topic)

    def write(self, topic: str, data: bytes, log_ns: int, publish_ns: int, sequence: int = 0) -> bool:
        """Add a message. True if this began a new file."""
        begins = self._is_over(log_ns)
        if begins:
            self._split()
        current = self._open
        current.writer.add_message(
            current.channels[topic], log_time=log_ns, data=data, publish_time=publish_ns, sequence=sequence
        )
        current.facts.note(topic, log_ns)
        self.counts[topic] += 1
        return begins

    def flush(self) -> None:
        """Everything that has come is on the disk: a process that is killed loses nothing of it."""
        self._open.writer.flush()  # type: ignore[no-untyped-call]

    def drop_oldest_file(self) -> int:
        """Remove the oldest finished file of this bag; gives its size in bytes, 0 if there is none."""
        if len(self.files) < 2:
            return 0
        path = self.folder / self.files.pop(0).path
        size = path.stat().st_size if path.exists() else 0
        path.unlink(missing_ok=True)
        self._closed_bytes -= size
        return size

    def close(self) -> None:
        """Finish file and bag."""
        try:
            self._finish_file()
        finally:
            self._write_metadata()

    def _is_over(self, log_ns: int) -> bool:
        facts = self._open.facts
        if not facts.counts:
            return False
        too_large = 0 < self._max_file_bytes <= self._open.stream.tell()
        return too_large or 0 < self._max_file_ns <= log_ns - facts.first_ns

    def _split(self) -> None:
        self._finish_file()
        self._closed_bytes += self._open.stream.tell()
        self._open = self._next_file()

    def _next_file(self) -> _Open:
        facts = BagFile(f"{self.folder.name}_{self._numbered}.mcap")
        stream = ReservedFile(self.folder / facts.path)
        self._numbered += 1
        writer = Writer(stream, compression=COMPRESSIONS[self._compression])  # type: ignore[arg-type]  # write, tell, flush
        writer.start(profile="ros2", library="bee_robot")
        self.files.append(facts)
        made = _Open(facts, stream, writer)
        for topic in self.topics.values():
            self._register(made, topic)
        return made

    def _register(self, into: _Open, topic: BagTopic) -> None:
        schema = into.schemas.get(topic.type)
        if schema is None:
            schema = into.writer.register_schema(topic.type, "ros2msg", topic.definition.encode())
            into.schemas[topic.type] = schema
        metadata = {"offered_qos_profiles": topic.qos, "topic_type_hash": topic.type_hash}
        into.channels[topic.name] = into.writer.register_channel(topic.name, "cdr", schema, metadata)

    def _finish_file(self) -> None:
        current = self._open
        try:
            text = yaml.safe_dump(self._metadata(), sort_keys=False).strip()
            current.writer.add_metadata("rosbag2", {"serialized_metadata": text})
            current.writer.finish()  # type: ignore[no-untyped-call]
            current.stream.flush()
        finally:
            current.stream.close()

    def _metadata(self) -> dict[str, Any]:
        written = [each for each in self.files if each.count]
        first_ns = min((each.first_ns for each in written), default=0)
        last_ns = max((each.last_ns for each in written), default=0)
        topics = [
            {
                "topic_metadata": {
                    "name": topic.name,
                    "type": topic.type,
                    "serialization_format": "cdr",
                    "offered_qos_profiles": topic.qos,
                    "type_description_hash": topic.type_hash,
                },
                "message_count": sum(each.counts[topic.name] for each in self.files),
            }
            for topic in self.topics.values()
        ]
        return {
            "version": METADATA_VERSION,
            "storage_identifier": "mcap",
            "duration": {"nanoseconds": last_ns - first_ns},
            "starting_time": {"nanoseconds_since_epoch": first_ns},
            "message_count": sum(each.count for each in self.files),
            "topics_with_message_count": topics,
            "compression_format": "",  # of whole files or messages; chunks of MCAP say it themselves
            "compression_mode": "",
            "relative_file_paths": [each.path for each in self.files],
            "files": [
                {
                    "path": each.path,
                    "starting_time": {"nanoseconds_since_epoch": each.first_ns},
                    "duration": {"nanoseconds": each.last_ns - each.first_ns},
                    "message_count": each.count,
                }
                for each in self.files
            ],
            "custom_data": None,
            "ros_distro": self._distro,
        }

    def _write_metadata(self) -> None:
        path = self.folder / "metadata.yaml"
        new = path.with_suffix(".yaml.new")
        new.write_text(
            yaml.safe_dump({"rosbag2_bagfile_information": self._metadata()}, sort_keys=False), "utf-8"
        )
        new.replace(path)
