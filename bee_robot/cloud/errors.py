"""What can go wrong with the local store, as one line that says what, where and what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bee_robot.alerts import ALERTS


class StoreError(Exception):
    """The store cannot do what was asked. `alert` is a key of the alert table, or empty."""

    def __init__(self, where: Path | str, what: str, remedy: str, alert: str = "") -> None:
        super().__init__(f"{where}: {what}; {remedy}")
        self.where = str(where)
        self.what = what
        self.remedy = remedy
        self.alert = alert


_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED_ERRNOS = (errno.EACCES, errno.EPERM, errno.EROFS)


def _full(where: Path, detail: str) -> StoreError:
    what = f"{ALERTS['store_full'].what.lower()}, the disk or a quota is full ({detail})"
    return StoreError(where, what, "free space on its disk; what was stored before is safe", "store_full")


def _denied(where: Path, detail: str) -> StoreError:
    return StoreError(
        where,
        f"the local store may not be written ({detail})",
        "give this user write permission or another --store DIR",
    )


def explain_os_error(where: Path, error: OSError) -> StoreError:
    detail = error.strerror or str(error)
    if error.errno in _FULL_ERRNOS:
        return _full(where, detail)
    if error.errno in _DENIED_ERRNOS:
        return _denied(where, detail)
    return StoreError(
        where, f"the local store cannot be used ({detail})", "check the disk or give another --store DIR"
    )


# SQLite's texts, not its codes: Python 3.10 does not expose the codes.
def explain_database_error(where: Path, error: sqlite3.Error) -> StoreError:
    text = str(error)
    if "is full" in text or "disk I/O error" in text:
        return _full(where, text)
    if "readonly" in text or "unable to open" in text:
        return _denied(where, text)
    if "locked" in text or "busy" in text:
        return StoreError(
            where, f"another process holds the store ({text})", "see what it does (fuser FILE) and try again"
        )
    if "not a database" in text or "malformed" in text:
        return StoreError(
            where, f"this is no usable store ({text})", "restore a copy or give another --store DIR"
        )
    return StoreError(
        where, f"the store refused ({text})", "run the integrity check; if it is sound, report this"
    )


@contextmanager
def explained(where: Path) -> Iterator[None]:
    """Turn errors of the disk and of SQLite into StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain_database_error(where, error) from error
    except OSError as error:
        raise explain_os_error(where, error) from error
