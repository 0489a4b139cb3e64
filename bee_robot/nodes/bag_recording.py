"""A recording in progress: messages come from callbacks, a thread of its own writes them."""

from __future__ import annotations

import queue
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bee_robot.clock import wall_s
from bee_robot.nodes import bag_keeping
from bee_robot.nodes.bag_writer import BagError, BagTopic, BagWriter

QUEUE_BYTES = 256 * 2**20
"""What may wait for a slow disk. More is dropped and counted: a recorder must not take the robot's memory."""
FLUSH_S = 2.0
MIB, GIB = 2**20, 2**30


@dataclass(frozen=True)
class Limits:
    """Where and how to record. 0: no limit.

    `is_removable`: the recording is marked as one that may go when newer ones need its space. `keep_bytes`: how large all
    marked recordings beside it may become together with it; the oldest go first, never one that is being written.
    `min_free_bytes`: a recording ends well when the disk has no more than this.
    """

    folder: Path
    compression: str = "zstd"
    max_file_bytes: int = 0
    max_file_s: float = 0.0
    is_removable: bool = False
    keep_bytes: int = 0
    min_free_bytes: int = 256 * MIB


@dataclass(frozen=True)
class _Message:
    topic: str
    data: bytes
    log_ns: int
    publish_ns: int
    sequence: int


class Recording:
    """Takes topics and messages from any thread. `problem` is empty until the recording had to end by itself."""

    def __init__(
        self, limits: Limits, distro: str = "", on_note: Callable[[str], None] = lambda text: None
    ) -> None:
        """Raises BagError. `on_note`: told, on the writing thread, what people should know."""
        self._limits, self._on_note = limits, on_note
        self._refuse_full_disk(limits)
        self._writer = BagWriter(
            limits.folder, limits.compression, limits.max_file_bytes, limits.max_file_s, distro
        )
        self.folder = limits.folder
        self.problem = ""
        self.dropped: Counter[str] = Counter()
        self._queue: queue.SimpleQueue[_Message | BagTopic | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._mark = self._marked() if limits.is_removable else None
        self._keep_folder_small()
        self._thread = threading.Thread(target=self._work, name="recording", daemon=True)
        self._thread.start()

    def _marked(self) -> bag_keeping.Mark | None:
        try:
            return bag_keeping.Mark(self.folder)
        except OSError as error:
            self._on_note(
                f"{self.folder} cannot be marked ({error.strerror}); remove it yourself when it is not needed"
            )
            return None

    def _refuse_full_disk(self, limits: Limits) -> None:
        place = next(each for each in (limits.folder, *limits.folder.absolute().parents) if each.is_dir())
        free = shutil.disk_usage(place).free
        if free <= limits.min_free_bytes:
            raise BagError(
                f"{place} has {free / MIB:.0f} MiB free, {limits.min_free_bytes / MIB:.0f} MiB have to stay free; "
                "make space, or record elsewhere"
            )

    def add_topic(self, topic: BagTopic) -> None:
        self._queue.put(topic)

    def add_message(self, topic: str, data: bytes, log_ns: int, publish_ns: int, sequence: int) -> None:
        """Dropped and counted if the disk is too slow, or after a problem."""
        with self._lock:
            if self.problem or self._waiting_bytes + len(data) > QUEUE_BYTES:
                self.dropped[topic] += 1
                return
            self._waiting_bytes += len(data)
        self._queue.put(_Message(topic, data, log_ns, publish_ns, sequence))

    def close(self) -> None:
        """Write what has come, finish the bag. `problem` says if that failed."""
        self._queue.put(None)
        self._thread.join()

    @property
    def counts(self) -> Counter[str]:
        """Messages recorded, by topic."""
        return self._writer.counts

    @property
    def size_bytes(self) -> int:
        return self._writer.size_bytes

    @property
    def file_count(self) -> int:
        return len(self._writer.files)

    # -- on the thread

    def _work(self) -> None:
        flush_at_s = wall_s() + FLUSH_S
        while True:
            item = self._next_item(flush_at_s)
            if item is None:
                break
            try:
                self._take(item)
                if wall_s() >= flush_at_s:
                    flush_at_s = wall_s() + FLUSH_S
                    if not self.problem:
                        self._writer.flush()
                        self._look_at_disk()
            except Exception as error:  # noqa: BLE001 - whatever it is: the thread must not end unseen
                self._fail("cannot be written", error)
                if isinstance(item, _Message):
                    self.dropped[item.topic] += 1
        self._finish()

    def _fail(self, what: str, error: Exception) -> None:
        if isinstance(error, OSError):
            self._end_because(f"{self.folder} {what}: {error.strerror or error}")
            return
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = (
            f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else ""
        )
        self._end_because(
            f"{self.folder} {what}: {type(error).__name__}: {error} ({place})",
            "What is whole can be replayed; begin a new recording, and report this line",
        )

    def _next_item(self, until_s: float) -> _Message | BagTopic | str | None:
        """None: the end. A text: nothing came until then."""
        try:
            return self._queue.get(timeout=max(0.0, until_s - wall_s()))
        except queue.Empty:
            return "nothing"

    def _take(self, item: _Message | BagTopic | str) -> None:
        if isinstance(item, BagTopic):
            if not self.problem:
                self._writer.add_topic(item)
        elif isinstance(item, _Message):
            with self._lock:
                self._waiting_bytes -= len(item.data)
            if self.problem:
                self.dropped[item.topic] += 1
                return
            if self._writer.write(item.topic, item.data, item.log_ns, item.publish_ns, item.sequence):
                self._on_note(f"next file of {self.folder}: the one before is full")
                self._keep_folder_small()
            if self._writer.is_full:
                self._end_because(f"the disk of {self.folder} is full")

    def _look_at_disk(self) -> None:
        free = shutil.disk_usage(self.folder).free
        if not self.problem and free <= self._limits.min_free_bytes:
            self._end_because(
                f"the disk of {self.folder} has {free / MIB:.0f} MiB free, "
                f"{self._limits.min_free_bytes / MIB:.0f} MiB have to stay free"
            )

    def _end_because(self, problem: str, remedy: str = "Make space, or record elsewhere") -> None:
        with self._lock:
            self.problem = self.problem or f"{problem}; the recording ends here. {remedy}"

    def _finish(self) -> None:
        try:
            self._writer.close()
        except Exception as error:  # noqa: BLE001 - as above
            self._fail("could not be finished", error)
        finally:
            if self._mark is not None:
                self._mark.close()

    def _keep_folder_small(self) -> None:
        """The oldest marked recordings of the folder go first, then the oldest files of this one."""
        limit = self._limits.keep_bytes
        if not limit:
            return
        others = bag_keeping.recordings_in(self.folder.parent, besides=self.folder)
        total = sum(each.size_bytes for each in others) + self._writer.size_bytes
        for each in others:
            if total <= limit:
                return
            if bag_keeping.remove(each.folder):
                total -= each.size_bytes
                self._on_note(
                    f"removed {each.folder}: the recordings in {self.folder.parent} may have {limit / GIB:.3g} GiB"
                )
        while total > limit:
            freed = self._writer.drop_oldest_file()
            if not freed:
                return
            total -= freed
            self._on_note(f"removed the oldest file of {self.folder}: there may be {limit / GIB:.3g} GiB")
