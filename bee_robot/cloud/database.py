"""The SQLite file of the local store: opening, schema versions, transactions. Knows no bees.

Several processes write at once: WAL, a busy timeout, transactions that hold nothing but their own statements.
`synchronous=FULL` makes a committed fact survive a power cut.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from bee_robot.cloud.errors import StoreError, explained

APPLICATION_ID = 0x42454553  # "BEES"; tells this file from any other SQLite file
BUSY_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Migration:
    version: int
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """The schema's steps, oldest first: files schema/NNNN_name.sql."""
    found = []
    for entry in (resources.files("bee_robot.cloud") / "schema").iterdir():
        if entry.name.endswith(".sql"):
            number, _, name = entry.name[: -len(".sql")].partition("_")
            found.append(Migration(int(number), name, entry.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.version))


class Database:
    """One SQLite file. Threads of a process share it; each call is short."""

    def __init__(self, path: Path, *, create: bool, applied_utc: str) -> None:
        """Open, and bring the schema up to date. Raises StoreError."""
        self.path = path
        self._mutex = threading.Lock()
        if not create and not path.is_file():
            raise StoreError(path, "there is no store here", "give the store's folder with --store DIR")
        with explained(path):
            self._connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        try:
            with explained(path):
                self._prepare(create, applied_utc)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        with self._mutex:
            self._connection.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is stored, durably, or nothing. Raises StoreError."""
        with self._mutex, explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk has already rolled back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A consistent view for several queries; writers go on meanwhile. Raises StoreError."""
        with self._mutex, explained(self.path):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("COMMIT")

    def version(self) -> int:
        """The schema version of the file."""
        with self.read() as connection:
            return self._version(connection)

    def check(self) -> list[str]:
        """What SQLite finds wrong with the file; empty if sound."""
        with self.read() as connection:
            rows = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            rows += [
                f"row {row[1]} of {row[0]} points to nothing"
                for row in connection.execute("PRAGMA foreign_key_check")
            ]
        return [row for row in rows if row != "ok"]

    def _prepare(self, create: bool, applied_utc: str) -> None:
        connection = self._connection
        connection.row_factory = sqlite3.Row
        self._require_ours(create)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        steps = migrations()
        if self._version(connection) != steps[-1].version or self._journal_mode() != "wal":
            with self._alone():
                # SQLite does not wait for others when it changes to WAL, hence the lock.
                connection.execute("PRAGMA journal_mode = WAL")
                self._migrate(steps, applied_utc)

    def _require_ours(self, create: bool) -> None:
        application = self._connection.execute("PRAGMA application_id").fetchone()[0]
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION_ID and tables > 0:
            raise StoreError(
                self.path, "this SQLite file is not a bee_robot store", "give another folder with --store DIR"
            )
        if tables == 0 and not create:
            raise StoreError(
                self.path, "the store is empty, nothing was ever written", "give another with --store DIR"
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from creating or migrating at the same time."""
        with open(self.path.with_name("store.lock"), "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _journal_mode(self) -> str:
        return str(self._connection.execute("PRAGMA journal_mode").fetchone()[0]).lower()

    def _version(self, connection: sqlite3.Connection) -> int:
        known = connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = 'schema_versions'"
        ).fetchone()[0]
        if not known:
            return 0
        return int(connection.execute("SELECT coalesce(max(version), 0) FROM schema_versions").fetchone()[0])

    def _migrate(self, steps: tuple[Migration, ...], applied_utc: str) -> None:
        newest = steps[-1].version
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = self._version(connection)
            if version > newest:
                raise StoreError(
                    self.path,
                    f"the store has schema {version}, this software knows {newest}",
                    "update the software or give another store with --store DIR",
                )
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_versions"
                " (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_utc TEXT NOT NULL)"
            )
            for step in steps:
                if step.version > version:
                    for statement in statements(step.sql):
                        connection.execute(statement)
                    connection.execute(
                        "INSERT INTO schema_versions VALUES (?, ?, ?)", (step.version, step.name, applied_utc)
                    )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def statements(sql: str) -> Iterator[str]:
    """Single statements of a script, so that a migration stays inside one transaction (executescript would commit)."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending
