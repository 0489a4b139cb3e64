"""The integrity check of the local store: facts against SQLite's own checks, pictures against their checksums."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bee_robot.cloud.database import Database
from bee_robot.cloud.picture_files import PictureFiles
from bee_robot.cloud.records import IntegrityReport, ProblemKind, StoreProblem

_RESTORE = "restore it from a copy of the store"


def verify_store(database: Database, files: PictureFiles) -> IntegrityReport:
    """Read all of it. Raises StoreError only where the store cannot be read at all."""
    problems = [StoreProblem(ProblemKind.DATABASE, text, _RESTORE) for text in database.check()]
    # Before the facts: a picture that is stored meanwhile has its file first.
    stored = files.stored()
    with database.read() as connection:
        rows = connection.execute("SELECT sha256, media_type FROM blobs ORDER BY sha256").fetchall()
    for row in rows:
        problem = _check_picture(files.path(row["sha256"], row["media_type"]), row["sha256"])
        if problem is not None:
            problems.append(problem)
    return IntegrityReport(
        pictures_checked=len(rows),
        problems=tuple(problems),
        unreferenced=len(stored - {row["sha256"] for row in rows}),
        leftovers=len(files.leftovers()),
    )


def _check_picture(path: Path, sha256: str) -> StoreProblem | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return StoreProblem(ProblemKind.MISSING, f"{path}: the picture is missing", _RESTORE)
    except OSError as error:
        return StoreProblem(
            ProblemKind.DAMAGED, f"{path}: the picture cannot be read ({error.strerror})", "check the disk"
        )
    if hashlib.sha256(data).hexdigest() != sha256:
        return StoreProblem(
            ProblemKind.DAMAGED, f"{path}: the picture's bytes are not those stored", _RESTORE
        )
    return None
