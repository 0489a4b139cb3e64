"""The journal: what the machine holds, what is open, where every frame is. Append-only, on disk before anything happens.

One SQLite table, write-ahead log, every entry synced before `write` returns. Nothing is ever changed or removed.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
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
COLUMNS = "id, written_utc, robot_s, inspection, hive, box, step, belief, note"

HOMED_NOTE = "homed with the hive closed"
JOGGED_NOTE = "moved by a person with the hive closed"
CLOSED_STEP = "closed"
"""The step that says: this box is closed and the machine is empty."""

OVERRIDE_STEP = "override"
"""The step that says who opened a hive against the conditions, and why. Nothing moves with it."""

PAUSED_STEP, RESUMED_STEP, ANSWER_STEP = "paused", "resumed", "answer"
"""What people said to a job that runs. Nothing moves with it, and what moves goes on as the step before says."""

REMARKS = (OVERRIDE_STEP, PAUSED_STEP, RESUMED_STEP, ANSWER_STEP)
"""Steps that say nothing of where the machine stands."""


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


class Journal:
    """One robot's journal. Raises JournalError where the file cannot be used; use from one thread."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"{path}: cannot open the journal ({error}); free the disk or correct its rights"
            ) from None

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
            self._database.execute(f"INSERT INTO journal ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise JournalError(
                f"{self.path}: cannot write the journal ({error}); free space on its disk"
            ) from None

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


def _entry(row: tuple[Any, ...]) -> JournalEntry:
    number, written_utc, robot_s, inspection, hive, box, step, belief, note = row
    written = datetime.fromisoformat(written_utc)
    return JournalEntry(number, written, robot_s, inspection, hive, box, step, json.loads(belief), note)
