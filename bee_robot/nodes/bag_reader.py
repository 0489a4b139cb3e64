"""Reads bags: MCAP files, also those of a recording that was cut off, and what else rosbag2 writes (SQLite, compressed files).

MCAP is read by the format's own library, the rest by rosbags. Nothing here knows ROS.
"""

from __future__ import annotations

import re
import sqlite3
import struct
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import yaml
import zstandard
from mcap.exceptions import EndOfFile, InvalidMagic, McapError
from mcap.reader import make_reader
from mcap.records import Channel, Message, Schema, Statistics
from mcap.stream_reader import CRCValidationError, StreamReader
from rosbags.rosbag2 import Reader, ReaderError
from rosbags.rosbag2.metadata import parse_qos

from bee_robot.nodes.bag_writer import BagError

_BROKEN = (
    McapError, CRCValidationError, ReaderError, zstandard.ZstdError, struct.error, sqlite3.Error,
    ValueError, KeyError, TypeError, AssertionError, RuntimeError, EOFError, OSError,
)  # fmt: skip
"""What the libraries raise on bytes that are not what they should be."""


@dataclass(frozen=True)
class BagChannel:
    """A topic of one type. `definition`: text in `encoding` ("ros2msg", "ros2idl" or ""); `offers`: rosbags' Qos."""

    topic: str
    type: str
    definition: str = ""
    encoding: str = ""
    type_hash: str = ""
    offers: tuple[Any, ...] = ()


BagMessage = tuple[BagChannel, int, bytes]
"""Channel, time in ns since 1970, serialised message."""


class Bag(Protocol):
    """An open bag. `cut`: empty, or where it ends too early and what is left."""

    counts: dict[BagChannel, int]
    start_ns: int
    end_ns: int
    cut: str

    def messages(self, channels: Collection[BagChannel], from_ns: int = 0) -> Iterator[BagMessage]: ...

    def close(self) -> None: ...


def open_bag(path: Path) -> Bag:
    """A bag's folder or one of its files. BagError says what is wrong with it, and where."""
    if not path.exists():
        raise BagError(f"{path} is not there; give the folder of a bag, or a file in it")
    files = [path] if path.is_file() else _files_of(path)
    if not files:
        raise BagError(f"{path} holds no bag: there is no metadata.yaml and no .mcap or .db3 file")
    suffixes = {each.suffix for each in files}
    if suffixes == {".mcap"}:
        return _McapBag(files)
    if suffixes <= {".mcap", ".db3", ".zstd"}:
        return _OtherBag(path)
    if suffixes == {".bag"}:
        raise BagError(
            f"{path} is a bag of ROS 1; convert it first: rosbags-convert --src {path} --dst FOLDER"
        )
    raise BagError(f"{path} is no bag of ROS 2: known are .mcap and .db3 files and folders with them")


def _files_of(folder: Path) -> list[Path]:
    """Its files in the order of time; those that metadata.yaml names, if there is one."""
    metadata = folder / "metadata.yaml"
    if metadata.is_file():
        try:
            named = yaml.safe_load(metadata.read_text(encoding="utf-8"))["rosbag2_bagfile_information"][
                "relative_file_paths"
            ]
            files = [folder / Path(each).name for each in named]
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            raise BagError(
                f"{metadata} is no metadata of a bag ({' '.join(str(error).split())}); give a file of the bag instead"
            ) from None
        missing = [each.name for each in files if not each.is_file()]
        if missing:
            raise BagError(f"{folder} lacks {', '.join(missing)}, which its metadata.yaml names")
        return files
    # A recording that was killed has no metadata.yaml.
    return sorted((*folder.glob("*.mcap"), *folder.glob("*.db3")), key=_number)


def _number(path: Path) -> tuple[int, str]:
    found = re.search(r"_(\d+)$", path.stem)
    return (int(found[1]) if found else 0, path.name)


# -- MCAP


@dataclass
class _McapFile:
    path: Path
    stream: BinaryIO
    channels: dict[int, BagChannel] = field(default_factory=dict)
    counts: Counter[BagChannel] = field(default_factory=Counter)
    start_ns: int = 0
    end_ns: int = 0
    is_indexed: bool = True
    good_bytes: int = 0


class _McapBag:
    def __init__(self, paths: list[Path]) -> None:
        self._stack = ExitStack()
        self.cut = ""
        self._files: list[_McapFile] = []
        try:
            for path in paths:
                self._files.append(self._look_at(path))
        except BaseException:
            self._stack.close()
            raise
        self.counts: dict[BagChannel, int] = dict(sum((each.counts for each in self._files), Counter()))
        for each in self._files:
            for channel in each.channels.values():
                self.counts.setdefault(channel, 0)
        written = [each for each in self._files if each.counts]
        self.start_ns = min((each.start_ns for each in written), default=0)
        self.end_ns = max((each.end_ns for each in written), default=0)

    def close(self) -> None:
        self._stack.close()

    def _look_at(self, path: Path) -> _McapFile:
        try:
            stream = self._stack.enter_context(path.open("rb"))
        except OSError as error:
            raise BagError(f"{path} cannot be read: {error.strerror}") from None
        file = _McapFile(path, stream)
        try:
            summary = make_reader(stream).get_summary()
        except _BROKEN:
            summary = None
        if (
            summary is None
            or summary.statistics is None
            or not summary.chunk_indexes
            and summary.statistics.message_count
        ):
            self._scan(file)
            return file
        self._take_statistics(file, summary)
        return file

    def _take_statistics(self, file: _McapFile, summary: Any) -> None:
        statistics: Statistics = summary.statistics
        for number, channel in summary.channels.items():
            file.channels[number] = _channel(channel, summary.schemas.get(channel.schema_id), file.path)
        for number, count in statistics.channel_message_counts.items():
            if number in file.channels:
                file.counts[file.channels[number]] += count
        file.start_ns, file.end_ns = statistics.message_start_time, statistics.message_end_time

    def _scan(self, file: _McapFile) -> None:
        """Look through a file without an index: what is there, and where it ends."""
        file.is_indexed = False
        for channel, time_ns, _ in _streamed(file, self._note_cut):
            file.start_ns = min(file.start_ns, time_ns) if file.counts else time_ns
            file.end_ns = max(file.end_ns, time_ns)
            file.counts[channel] += 1
        if self.cut and not file.counts:
            raise BagError(self.cut)

    def _note_cut(self, file: _McapFile, why: str) -> None:
        size = file.path.stat().st_size
        self.cut = (
            f"{file.path} ends too early ({why} after byte {file.good_bytes} of {size}); "
            f"{file.counts.total()} messages before that are whole"
        )

    def messages(self, channels: Collection[BagChannel], from_ns: int = 0) -> Iterator[BagMessage]:
        wanted = set(channels)
        topics = {each.topic for each in wanted}
        for file in self._files:
            if file.end_ns < from_ns or not file.counts:
                continue
            if not file.is_indexed:
                found = _streamed(file, lambda file, why: None)
                yield from (each for each in found if each[0] in wanted and each[1] >= from_ns)
                continue
            file.stream.seek(0)
            try:
                for _, channel, message in make_reader(file.stream, validate_crcs=True).iter_messages(
                    topics=topics, starting_at=from_ns
                ):
                    known = file.channels[channel.id]
                    if known in wanted:
                        yield known, message.log_time, message.data
            except _BROKEN as error:
                raise BagError(f"{file.path} is damaged: {_said(error)}; what came before was read") from None


def _channel(channel: Channel, schema: Schema | None, path: Path) -> BagChannel:
    if channel.message_encoding != "cdr":
        raise BagError(
            f"{path}: messages of {channel.topic} are encoded as '{channel.message_encoding}', not as cdr: no bag of ROS 2"
        )
    return BagChannel(
        channel.topic,
        schema.name if schema else "",
        schema.data.decode(errors="replace") if schema else "",
        schema.encoding if schema else "",
        channel.metadata.get("topic_type_hash", ""),
        _offers(channel.metadata.get("offered_qos_profiles", "")),
    )


def _offers(text: str) -> tuple[Any, ...]:
    try:
        return tuple(parse_qos(text))
    except (ReaderError, KeyError, TypeError):
        return ()  # written by something else than rosbag2: replayed with the default


def _streamed(file: _McapFile, on_cut: Callable[[_McapFile, str], None]) -> Iterator[BagMessage]:
    """Messages in the order of the file, chunk by chunk, to its end or to where it is cut off."""
    schemas: dict[int, Schema] = {}
    file.stream.seek(0)
    records = StreamReader(file.stream, validate_crcs=True).records
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except InvalidMagic:
            if not file.good_bytes:
                raise BagError(
                    f"{file.path} is no MCAP file: it begins with other bytes; is its name right?"
                ) from None
            on_cut(file, "its end mark is missing")
            return
        except EndOfFile:
            on_cut(file, "a record is incomplete")
            return
        except _BROKEN as error:
            on_cut(file, _said(error))
            return
        file.good_bytes = file.stream.tell()
        if isinstance(record, Schema):
            schemas[record.id] = record
        elif isinstance(record, Channel):
            file.channels[record.id] = _channel(record, schemas.get(record.schema_id), file.path)
        elif isinstance(record, Message):
            yield file.channels[record.channel_id], record.log_time, record.data


def _said(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


# -- everything else


class _OtherBag:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.cut = ""
        try:
            self._reader = Reader(path)
            self._reader.open()
        except _BROKEN as error:
            raise BagError(f"{path} cannot be read as a bag: {_said(error)}") from None
        self._connections = {}
        self.counts: dict[BagChannel, int] = {}
        for each in self._reader.connections:
            encoding = {"MSG": "ros2msg", "IDL": "ros2idl"}.get(each.msgdef.format.name, "")
            offers = tuple(each.ext.offered_qos_profiles)  # type: ignore[union-attr]
            channel = BagChannel(
                each.topic, each.msgtype, each.msgdef.data, encoding, each.digest or "", offers
            )
            self._connections[channel] = each
            self.counts[channel] = each.msgcount
        has_any = bool(self._reader.message_count)
        self.start_ns = self._reader.start_time if has_any else 0
        self.end_ns = self._reader.end_time - 1 if has_any else 0

    def close(self) -> None:
        self._reader.close()

    def messages(self, channels: Collection[BagChannel], from_ns: int = 0) -> Iterator[BagMessage]:
        by_id = {id(self._connections[each]): each for each in channels}
        if not by_id:
            return
        wanted = [self._connections[each] for each in channels]
        try:
            for connection, time_ns, data in self._reader.messages(wanted, start=from_ns or None):
                channel = by_id.get(id(connection)) or self._found(connection)
                yield channel, time_ns, bytes(data)
        except _BROKEN as error:
            raise BagError(f"{self._path} is damaged: {_said(error)}; what came before was read") from None

    def _found(self, connection: Any) -> BagChannel:
        return next(
            each
            for each, known in self._connections.items()
            if (known.topic, known.msgtype) == connection[1:3]
        )
