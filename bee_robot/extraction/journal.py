"""The journal: what the machine holds, what is open, where every frame is. Append-only, on disk before anything happens.

One SQLite table, write-ahead log, every entry synced before `write` returns. Nothing is ever changed or removed. Beside it
a small file keeps where the machine is while it moves: of that only the newest counts.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import Any

from bee_robot.clock import Clock

SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    written_utc TEXT NOT NULL,
    robot_s REAL NOT NULL,
    inspection TEXT NOT NULL,
    hive TEXT NOT NULL,
    box INTEGER NOT NULL,
    step TEXT NOT NULL,
    belief TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS journal_of_box ON journal (hive, box, id);
CREATE TRIGGER IF NOT EXISTS journal_never_changes BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS journal_never_forgets BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
PLACES_SUFFIX = ".places"
COLUMNS = "id, written_utc, robot_s, inspection, hive, box, step, belief, note"

HOMED_NOTE = "homed with the hive closed"
JOGGED_NOTE = "moved by a person with the hive closed"
CLOSED_STEP = "closed"
"""The step that says: this box is closed and the machine is empty."""

OVERRIDE_STEP = "override"
"""The step that says who opened a hive against the conditions, and why. Nothing moves with it."""

PAUSED_STEP, RESUMED_STEP, ANSWER_STEP = "paused", "resumed", "answer"
"""What people said to a job that runs. Nothing moves with it, and what moves goes on as the step before says."""

HELD_STEP, TELL_STEP, BY_HAND_STEP = "held", "tell places", "by hand"
"""What recovery and the end of a visit say: nothing moves with it either."""

REMARKS = (OVERRIDE_STEP, PAUSED_STEP, RESUMED_STEP, ANSWER_STEP)
"""Steps that say nothing of where the machine stands."""

STILL_STEPS = (CLOSED_STEP, HELD_STEP, TELL_STEP, BY_HAND_STEP, *REMARKS)
"""Steps with which nothing moves."""


UNREADABLE = (KeyError, IndexError, TypeError, ValueError, AttributeError)
"""What reading a belief raises that something else has written."""


class JournalError(Exception):
    """The journal cannot be read or written. A robot without a journal does not open a hive."""


@dataclass(frozen=True)
class JournalEntry:
    """`step`: what was about to be done (or "closed"); `belief`: HiveBelief.to_dict before it; `note`: for people."""

    id: int
    written_utc: datetime
    robot_s: float
    inspection: str
    hive: str
    box: int
    step: str
    belief: dict[str, Any]
    note: str

    @property
    def is_closed(self) -> bool:
        return self.step == CLOSED_STEP


class PlaceFile:
    """One record that is replaced again and again: two slots in turn, so that a failing write leaves the one before."""

    SLOT_BYTES = 1024

    def __init__(self, path: Path, is_synced: bool = True) -> None:
        self.path = path
        self._is_synced = is_synced
        self._file: FileIO | None = None
        self._turn = 0 if (newest := self._newest()) is None else newest[0] + 1

    def write(self, record: dict[str, Any]) -> None:
        """On disk when this returns. Raises OSError."""
        text = json.dumps({"turn": self._turn, **record}, sort_keys=True).encode()
        line = b"%08x %s" % (zlib.crc32(text), text)
        if len(line) >= self.SLOT_BYTES:
            raise OSError(f"a record of {len(line)} bytes does not fit")
        if self._file is None:
            self._file = FileIO(self.path, "r+" if self.path.exists() else "w+")
        os.pwrite(self._file.fileno(), line.ljust(self.SLOT_BYTES), (self._turn % 2) * self.SLOT_BYTES)
        if self._is_synced:
            os.fdatasync(self._file.fileno())
        self._turn += 1

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> dict[str, Any] | None:
        """The newest record that is whole; None where there is none."""
        newest = self._newest()
        return None if newest is None else newest[1]

    def _newest(self) -> tuple[int, dict[str, Any]] | None:
        try:
            content = self.path.read_bytes()
        except OSError:
            return None
        slots = (content[: self.SLOT_BYTES], content[self.SLOT_BYTES : 2 * self.SLOT_BYTES])
        found = [record for slot in slots if (record := _whole(slot)) is not None]
        return max(found, key=lambda one: one[0], default=None)


def _whole(slot: bytes) -> tuple[int, dict[str, Any]] | None:
    """Turn and record of a slot; None where it was never written, or not to its end."""
    checksum, _, text = slot.rstrip().partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(text):
            return None
        record = json.loads(text)
        return int(record.pop("turn")), record
    except (ValueError, KeyError, AttributeError):
        return None


class Journal:
    """One robot's journal. Raises JournalError where the file cannot be used; use from one thread.

    `is_synced` False: nothing waits for the disk. For simulations, which lose power together with nothing.
    """

    def __init__(self, path: Path, clock: Clock, is_synced: bool = True) -> None:
        self._clock = clock
        self._is_synced = is_synced
        self._open(path)

    def _open(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(f"PRAGMA synchronous={'FULL' if self._is_synced else 'OFF'}")
            damage = self._database.execute("PRAGMA quick_check(1)").fetchone()[0]
            self._database.executescript(SCHEMA)
            self._newest_id = int(
                self._database.execute("SELECT COALESCE(MAX(id), 0) FROM journal").fetchone()[0]
            )
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"{path}: cannot open the journal ({error}); free the disk or correct its rights"
            ) from None
        if damage != "ok":
            self._database.close()
            raise JournalError(f"{path}: the journal is damaged ({damage}); restore it from a copy")
        self._places = PlaceFile(path.with_suffix(PLACES_SUFFIX), self._is_synced)

    def write(
        self, step: str, *, inspection: str, hive: str, box: int, belief: dict[str, Any], note: str = ""
    ) -> None:
        """On disk when this returns. Raises JournalError."""
        row = (
            self._clock.utc().isoformat(),
            self._clock.now_s(),
            inspection,
            hive,
            box,
            step,
            json.dumps(belief, sort_keys=True),
            note,
        )
        columns = COLUMNS.removeprefix("id, ")
        try:
            cursor = self._database.execute(
                f"INSERT INTO journal ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row
            )
            self._newest_id = int(cursor.lastrowid or 0)
        except sqlite3.Error as error:
            raise JournalError(
                f"{self.path}: cannot write the journal ({error}); free space on its disk"
            ) from None

    def keep_places(self, places: dict[str, Any]) -> None:
        """Where the machine is, in place of what was kept before; on disk when this returns. Raises JournalError.

        From any thread, one call at a time.
        """
        try:
            self._places.write({**places, "entry": self._newest_id})
        except OSError as error:
            raise JournalError(
                f"{self._places.path}: cannot keep where the machine is ({error}); free its disk"
            ) from None

    def kept_places(self) -> dict[str, Any] | None:
        """What was kept last; None where nothing was, where it cannot be read, or where something has moved since that was not
        kept. Raises JournalError."""
        places = self._places.read()
        if places is None:
            return None
        marks = ", ".join("?" * len(STILL_STEPS))
        query = f"SELECT {{columns}} FROM journal WHERE step NOT IN ({marks}) ORDER BY id DESC LIMIT 1"
        moved = self._read(query, STILL_STEPS)
        since, entry = moved[0].id if moved else 0, places.pop("entry", -1)
        return places if since <= entry <= self._newest_id else None

    def last(self) -> JournalEntry | None:
        """The newest step at which something could move; None in a new journal."""
        marks = ", ".join("?" * len(REMARKS))
        query = f"SELECT {{columns}} FROM journal WHERE step NOT IN ({marks}) ORDER BY id DESC LIMIT 1"
        entries = self._read(query, REMARKS)
        return entries[0] if entries else None

    def last_closed(self, hive: str, box: int) -> JournalEntry | None:
        """How a box was left when it was last closed: where its frames are."""
        query = (
            "SELECT {columns} FROM journal WHERE hive = ? AND box = ? AND step = ? ORDER BY id DESC LIMIT 1"
        )
        entries = self._read(query, (hive, box, CLOSED_STEP))
        return entries[0] if entries else None

    def last_visit(self, hive: str) -> JournalEntry | None:
        """When a box of this hive was last closed after it had been opened."""
        query = (
            "SELECT {columns} FROM journal WHERE hive = ? AND step = ? AND note NOT IN (?, ?) "
            "ORDER BY id DESC LIMIT 1"
        )
        entries = self._read(query, (hive, CLOSED_STEP, HOMED_NOTE, JOGGED_NOTE))
        return entries[0] if entries else None

    def newest(self, count: int) -> list[JournalEntry]:
        """The newest entries of any kind, the newest first."""
        return self._read("SELECT {columns} FROM journal ORDER BY id DESC LIMIT ?", (count,))

    def move_to(self, path: Path) -> None:
        """Go on in a copy of the files. For a forked process: it must not use, nor close, its parent's connection."""
        self._left = self._database
        self._open(path)

    def of_inspection(self, inspection: str) -> list[JournalEntry]:
        return self._read("SELECT {columns} FROM journal WHERE inspection = ? ORDER BY id", (inspection,))

    def _read(self, query: str, values: tuple[Any, ...]) -> list[JournalEntry]:
        try:
            rows = self._database.execute(query.format(columns=COLUMNS), values).fetchall()
            return [_entry(row) for row in rows]
        except (sqlite3.Error, ValueError) as error:
            raise JournalError(
                f"{self.path}: cannot read the journal ({error}); restore it from a copy"
            ) from None

    def close(self) -> None:
        self._database.close()
        self._places.close()


def _entry(row: tuple[Any, ...]) -> JournalEntry:
    number, written_utc, robot_s, inspection, hive, box, step, belief, note = row
    written = datetime.fromisoformat(written_utc)
    return JournalEntry(number, written, robot_s, inspection, hive, box, step, json.loads(belief), note)
