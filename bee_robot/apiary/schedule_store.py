"""The schedule on disk: rules, and what came of every attempt. One SQLite file in the robot's store, for several processes.

Numbers of rules are never used again. A rule that is removed stays, so that its attempts keep their meaning.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

from bee_robot.apiary.visit_schedule import Attempt, End, Rule

T = TypeVar("T")
FILE = "schedule.sqlite"
BUSY_S = 5.0
KEPT_ATTEMPTS = 50
"""Of each rule, the newest; and its last visit, however long ago that was."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    boxes TEXT NOT NULL,
    at TEXT NOT NULL,
    every_days INTEGER NOT NULL,
    first_day TEXT,
    on_day TEXT,
    is_removed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rule INTEGER NOT NULL REFERENCES rules (id),
    at_utc TEXT NOT NULL,
    day TEXT NOT NULL,
    end TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_of_rule ON attempts (rule, id);
"""


class ScheduleStoreError(Exception):
    """The schedule cannot be read or written. One line."""


class ScheduleStore:
    """The schedule below a store's folder. Every call opens the file anew: others write into it, too."""

    def __init__(self, store: Path) -> None:
        self.path = store / FILE

    def rules(self) -> list[Rule]:
        """Those that were not removed, by number."""
        if not self.path.is_file():
            return []
        query = (
            "SELECT id, boxes, at, every_days, first_day, on_day FROM rules WHERE NOT is_removed ORDER BY id"
        )
        return self._with(lambda database: [_rule(row) for row in database.execute(query)])

    def add(self, rule: Rule) -> Rule:
        """Keep a rule; it comes back with its number."""
        values = (
            " ".join(map(str, rule.boxes)),
            rule.at.isoformat(),
            rule.every_days,
            None if rule.first_day is None else rule.first_day.isoformat(),
            None if rule.on is None else rule.on.isoformat(),
        )
        query = "INSERT INTO rules (boxes, at, every_days, first_day, on_day) VALUES (?, ?, ?, ?, ?)"
        number = self._with(lambda database: database.execute(query, values).lastrowid)
        return replace(rule, id=int(number or 0))

    def remove(self, number: int) -> bool:
        """Whether there was such a rule."""
        if not self.path.is_file():
            return False
        query = "UPDATE rules SET is_removed = 1 WHERE id = ? AND NOT is_removed"
        return self._with(lambda database: database.execute(query, (number,)).rowcount > 0)

    def attempts(self) -> list[Attempt]:
        """Of the rules that there are, oldest first."""
        if not self.path.is_file():
            return []
        query = (
            "SELECT rule, at_utc, day, end, text FROM attempts "
            "WHERE rule IN (SELECT id FROM rules WHERE NOT is_removed) ORDER BY id"
        )
        return self._with(lambda database: [_attempt(row) for row in database.execute(query)])

    def note(self, attempt: Attempt) -> None:
        """What came of an attempt. The oldest ones of its rule go."""
        values = (
            attempt.rule,
            attempt.at_utc.isoformat(),
            attempt.day.isoformat(),
            attempt.end.value,
            attempt.text,
        )
        visits = [end.value for end in End if end.is_visit]

        def write(database: sqlite3.Connection) -> None:
            database.execute(
                "INSERT INTO attempts (rule, at_utc, day, end, text) VALUES (?, ?, ?, ?, ?)", values
            )
            database.execute(
                "DELETE FROM attempts WHERE rule = :rule AND id NOT IN "
                "(SELECT id FROM attempts WHERE rule = :rule ORDER BY id DESC LIMIT :kept) AND id NOT IN "
                "(SELECT max(id) FROM attempts WHERE rule = :rule AND end IN (:visited, :held))",
                {
                    "rule": attempt.rule,
                    "kept": KEPT_ATTEMPTS,
                    "visited": visits[0],
                    "held": visits[1],
                },
            )

        self._with(write)

    def _with(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=BUSY_S)) as database, database:
                database.executescript(SCHEMA)
                return work(database)
        except (sqlite3.Error, OSError, ValueError) as error:
            raise ScheduleStoreError(
                f"{self.path}: cannot use the schedule ({error}); correct its rights, free its disk, or move it away"
            ) from None


def _rule(row: tuple[Any, ...]) -> Rule:
    number, boxes, at, every_days, first_day, on = row
    return Rule(
        number,
        tuple(int(box) for box in boxes.split()),
        time.fromisoformat(at),
        every_days,
        None if first_day is None else date.fromisoformat(first_day),
        None if on is None else date.fromisoformat(on),
    )


def _attempt(row: tuple[Any, ...]) -> Attempt:
    rule, at_utc, day, end, text = row
    return Attempt(rule, datetime.fromisoformat(at_utc), date.fromisoformat(day), End(end), text)
