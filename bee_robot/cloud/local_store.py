"""The local store of one robot: facts in SQLite, pictures as files. Works with no network for ever.

Layout of a store's folder: `store.sqlite` (with `-wal` and `-shm` beside it), `pictures/ab/cdef….jpg`, `running/`
(marks of visits that are being written), `reports/`. Several processes write at once; each call is one short
transaction that is on the disk when it returns, so a process killed at any instant loses at most what it was just
about to store.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from bee_robot.clock import Clock, RealClock
from bee_robot.cloud import reading
from bee_robot.cloud.database import Database
from bee_robot.cloud.encoding import outcome_to_text, to_text, utc_to_text
from bee_robot.cloud.errors import StoreError, explain_os_error
from bee_robot.cloud.picture_files import PictureFiles, read_header
from bee_robot.cloud.records import (
    FACES,
    VIEWS,
    FaceRecord,
    InspectionRecord,
    InspectionStart,
    InspectionSummary,
    IntegrityReport,
    LoadSample,
    StoredEvent,
)
from bee_robot.cloud.running import RunningMarks
from bee_robot.cloud.verification import verify_store
from bee_robot.hive.face import FaceAnalysis
from bee_robot.hive.inspection import VisitEvent, VisitOutcome
from bee_robot.rulebook import Violation

LATEST = "latest"


def default_root() -> Path:
    """Where the store is unless somebody says otherwise: $BEE_STORE, else $XDG_STATE_HOME/bee_robot/store."""
    given = os.environ.get("BEE_STORE")
    if given:
        return Path(given)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "bee_robot" / "store"


class LocalStore:
    """Open with `LocalStore.open`. Methods raise StoreError, one line with what, where and what to do; safe from threads."""

    def __init__(self, root: Path, database: Database, clock: Clock) -> None:
        self.root = root
        self._database = database
        self._clock = clock
        self._files = PictureFiles(root / "pictures")
        self._running = RunningMarks(root / "running")

    @classmethod
    def open(cls, root: Path | str, create: bool = True, clock: Clock | None = None) -> LocalStore:
        """Open the store in a folder; `create` makes it where there is none. `clock` dates what callers do not date."""
        root = Path(root)
        clock = clock or RealClock()
        if create:
            try:
                root.mkdir(parents=True, exist_ok=True)
            except FileExistsError:
                raise StoreError(
                    root, "a store is a folder and this is a file", "give a folder with --store DIR"
                ) from None
            except OSError as error:
                raise explain_os_error(root, error) from error
        database = Database(root / "store.sqlite", create=create, applied_utc=utc_to_text(clock.utc()))
        store = cls(root, database, clock)
        if create:
            store._files.create()
            store._running.create()
        return store

    def close(self) -> None:
        """Visits begun here and not ended count as interrupted from now on."""
        self._running.release_all()
        self._database.close()

    def __enter__(self) -> LocalStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- a visit is written as it happens

    def begin_inspection(self, start: InspectionStart) -> str:
        """Returns the inspection's id (a UUID). It counts as running while this process lives and has not ended it."""
        inspection = str(uuid.uuid4())
        self._running.hold(inspection)
        now = utc_to_text(self._clock.utc())
        try:
            with self._database.write() as connection:
                connection.execute("INSERT OR IGNORE INTO robots VALUES (?, ?)", (start.robot, now))
                connection.execute(
                    "INSERT OR IGNORE INTO hives VALUES (?, ?, ?, ?)",
                    (start.hive, start.hive_standard, start.hive_boxes, now),
                )
                _insert(connection, "inspections", {"id": inspection, **reading.start_to_row(start)})
        except BaseException:
            self._running.release(inspection)
            raise
        return inspection

    def end_inspection(
        self, inspection: str, outcome: VisitOutcome, ended_utc: datetime | None = None
    ) -> None:
        """Say how it ended; once. Another process may do it for one that died (recovery)."""
        with self._database.write() as connection:
            changed = connection.execute(
                "UPDATE inspections SET ended_utc = ?, end_state = ?, instruction = ?, outcome = ?"
                " WHERE id = ? AND end_state IS NULL",
                (
                    utc_to_text(ended_utc or self._clock.utc()),
                    outcome.end_state.value,
                    outcome.instruction,
                    outcome_to_text(outcome),
                    inspection,
                ),
            ).rowcount
            if not changed:
                self._require_inspection(connection, inspection)
                raise StoreError(inspection, "this inspection has already ended", "begin another one")
        self._running.release(inspection)

    def add_event(self, inspection: str, event: VisitEvent) -> int:
        """Append an event; returns its number, which only grows."""
        with self._database.write() as connection:
            self._require_inspection(connection, inspection)
            return _insert(
                connection,
                "events",
                {
                    "inspection": inspection,
                    "t_s": event.t_s,
                    "kind": event.kind.value,
                    "phase": event.phase.value,
                    "frame": event.frame,
                    "frames_total": event.frames_total,
                    "text": event.text,
                    "data": to_text(dict(event.data)),
                    "recorded_utc": utc_to_text(self._clock.utc()),
                },
            )

    def add_loads(self, inspection: str, samples: Iterable[LoadSample]) -> None:
        """Append fork loads over time; a few samples a second in batches is plenty. Repeated instants are ignored."""
        with self._database.write() as connection:
            self._require_inspection(connection, inspection)
            connection.executemany(
                "INSERT OR IGNORE INTO loads VALUES (?, ?, ?, ?)",
                [(inspection, sample.t_s, sample.left_kg, sample.right_kg) for sample in samples],
            )

    def add_violation(self, inspection: str, violation: Violation) -> None:
        with self._database.write() as connection:
            self._require_inspection(connection, inspection)
            _insert(
                connection,
                "violations",
                {
                    "inspection": inspection,
                    "rule": violation.rule,
                    "t_s": violation.t_s,
                    "part": violation.where,
                    "value": violation.value,
                    "limit_value": violation.limit,
                    "says": violation.says,
                },
            )

    # -- pictures and faces

    def save_picture(
        self,
        data: bytes,
        *,
        camera: str,
        view: str,
        taken_utc: datetime | None = None,
        inspection: str | None = None,
        box: int = 0,
        frame: int = 0,
        face: str = "",
        calibration: str = "",
        is_straightened: bool = False,
        source: str = "",
    ) -> str:
        """Store a JPEG or PNG photograph; returns the SHA-256 of its bytes once both are on the disk.

        view: whole, left_half or right_half. Where inspection, box, frame and face are given, the photograph is found
        with its visit even if a crash prevents `add_face`. Raises NotAPicture (a ValueError) for other bytes.
        """
        _require_one_of("view", view, VIEWS)
        header = read_header(data)
        sha256 = self._files.save(data, header.media_type)
        with self._database.write() as connection:
            if inspection is not None:
                self._require_inspection(connection, inspection)
            connection.execute(
                "INSERT OR IGNORE INTO blobs VALUES (?, ?, ?, ?, ?)",
                (sha256, len(data), header.media_type, header.width_px, header.height_px),
            )
            _insert(
                connection,
                "pictures",
                {
                    "sha256": sha256,
                    "inspection": inspection,
                    "box": box,
                    "frame": frame,
                    "face": face,
                    "camera": camera,
                    "view": view,
                    "calibration": calibration,
                    "taken_utc": utc_to_text(taken_utc or self._clock.utc()),
                    "is_straightened": int(is_straightened),
                    "source": source,
                },
            )
        return sha256

    def add_face(
        self,
        inspection: str,
        *,
        box: int,
        frame: int,
        face: str,
        pictures: Sequence[str] = (),
        frame_tag: str = "",
        taken_utc: datetime | None = None,
        missing_because: str = "",
    ) -> int:
        """Say that a face was photographed (pictures: SHA-256 of the halves or of the whole), or why it was not.

        Returns the face's id. The same pictures again give the same id; others are a new take of that face.
        """
        _require_one_of("face", face, FACES)
        if bool(pictures) == bool(missing_because):
            raise ValueError("a face has pictures, or a reason why it has none")
        key = (inspection, box, frame, face)
        with self._database.write() as connection:
            self._require_inspection(connection, inspection)
            ids = [self._picture_id(connection, key, sha256) for sha256 in pictures]
            earlier = reading.latest_take(connection, key)
            if earlier is not None and reading.picture_ids(connection, earlier["id"]) == ids and ids:
                return int(earlier["id"])
            face_id = _insert(
                connection,
                "faces",
                {
                    "inspection": inspection,
                    "box": box,
                    "frame": frame,
                    "frame_tag": frame_tag,
                    "face": face,
                    "take": 1 + (earlier["take"] if earlier is not None else 0),
                    "taken_utc": utc_to_text(taken_utc or self._clock.utc()),
                    "missing_because": missing_because,
                },
            )
            connection.executemany(
                "INSERT INTO face_pictures VALUES (?, ?, ?)",
                [(face_id, place, id_) for place, id_ in enumerate(ids)],
            )
            return face_id

    def record_analysis(self, face_id: int, analysis: FaceAnalysis, straight: bytes | None = None) -> None:
        """What was found on a face, with the straightened picture of it that `analysis.map` speaks of.

        The latest analysis counts.
        """
        face = self.face(face_id)
        straightened = []
        if straight is not None:
            sha256 = self.save_picture(
                straight,
                camera="",
                view="whole",
                taken_utc=face.taken_utc,
                inspection=face.inspection,
                box=face.box,
                frame=face.frame,
                face=face.face,
                is_straightened=True,
                source=f"straightened for {analysis.model} {analysis.model_version}".strip(),
            )
            straightened.append(sha256)
        row = {
            "model": analysis.model,
            "model_version": analysis.model_version,
            "provider": analysis.runtime_provider,
            "analysis": to_text(analysis.to_dict()),
        }
        self._add_analysis(face, row, straightened)

    def record_failed_analysis(
        self, face_id: int, error: str, *, model: str = "", model_version: str = "", provider: str = ""
    ) -> None:
        """Why a face could not be analysed, in words."""
        row = {
            "model": model,
            "model_version": model_version,
            "provider": provider,
            "error": error or "no reason given",
        }
        self._add_analysis(self.face(face_id), row, [])

    def _add_analysis(self, face: FaceRecord, row: Mapping[str, object], straight: Sequence[str]) -> None:
        key = (face.inspection, face.box, face.frame, face.face)
        with self._database.write() as connection:
            now = utc_to_text(self._clock.utc())
            analysis_id = _insert(connection, "analyses", {"face": face.id, "recorded_utc": now, **row})
            places = [
                (analysis_id, place, self._picture_id(connection, key, sha256, is_straightened=True))
                for place, sha256 in enumerate(straight)
            ]
            connection.executemany("INSERT INTO analysis_pictures VALUES (?, ?, ?)", places)

    # -- reading

    def inspections(
        self, hive: str | None = None, box: int | None = None, limit: int = 100
    ) -> tuple[InspectionSummary, ...]:
        """Newest first."""
        is_running = self._running.observer()
        with self._database.read() as connection:
            return reading.summaries(connection, is_running, hive, box, limit)

    def find_inspection(self, name: str = LATEST) -> str:
        """The id for `latest`, a full id or a beginning of one that is unique."""
        with self._database.read() as connection:
            ids = reading.matching_ids(connection, "" if name == LATEST else name)
        if not ids:
            what = "it holds no inspection" if name == LATEST else f"it holds no inspection {name}"
            raise StoreError(
                self.root, what, "see which there are with 'bee report --list', or give another --store DIR"
            )
        if len(ids) > 1 and name != LATEST:
            raise StoreError(
                self.root, f"{name} is the beginning of {len(ids)} inspections", "give more of the id"
            )
        return ids[0]

    def inspection(self, inspection: str) -> InspectionRecord:
        """Everything about one visit, as of one instant."""
        is_running = self._running.observer()
        with self._database.read() as connection:
            self._require_inspection(connection, inspection)
            return reading.record(connection, is_running, inspection)

    def events(self, inspection: str, after: int = 0) -> tuple[StoredEvent, ...]:
        """Events of a visit with numbers above `after`, oldest first."""
        with self._database.read() as connection:
            return reading.events(connection, inspection, after)

    def face(self, face_id: int) -> FaceRecord:
        with self._database.read() as connection:
            faces = reading.faces(connection, "f.id = ?", (face_id,), latest_only=False)
        if not faces:
            raise StoreError(self.root, f"it holds no face {face_id}", "give the id that add_face returned")
        return faces[0]

    def find_face(self, inspection: str, box: int, frame: int, face: str) -> FaceRecord | None:
        """The latest take of a face, if it was photographed."""
        where = "f.inspection = ? AND f.box = ? AND f.frame = ? AND f.face = ?"
        with self._database.read() as connection:
            faces = reading.faces(connection, where, (inspection, box, frame, face))
        return faces[0] if faces else None

    def pending_faces(self, inspection: str | None = None) -> tuple[FaceRecord, ...]:
        """Photographed faces that nobody has analysed or failed to analyse, oldest first: an analyser's work list."""
        where = "f.missing_because = '' AND NOT EXISTS (SELECT 1 FROM analyses a WHERE a.face = f.id)"
        values: tuple[object, ...] = ()
        if inspection is not None:
            where, values = f"{where} AND f.inspection = ?", (inspection,)
        with self._database.read() as connection:
            faces = reading.faces(connection, where, values)
        return tuple(sorted(faces, key=lambda face: face.id))

    def picture_path(self, sha256: str) -> Path:
        return self._files.path(sha256, self._media_type(sha256))

    def picture_bytes(self, sha256: str) -> bytes:
        """The bytes, checked against their SHA-256."""
        return self._files.read(sha256, self._media_type(sha256))

    def verify(self) -> IntegrityReport:
        """Read everything and compare it with its checksums; takes as long as reading all pictures."""
        return verify_store(self._database, self._files)

    # -- shared pieces

    def _media_type(self, sha256: str) -> str:
        with self._database.read() as connection:
            row = connection.execute("SELECT media_type FROM blobs WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None:
            raise StoreError(
                self.root, f"it holds no picture {sha256}", "give the SHA-256 that save_picture returned"
            )
        return str(row["media_type"])

    def _require_inspection(self, connection: sqlite3.Connection, inspection: str) -> None:
        if connection.execute("SELECT 1 FROM inspections WHERE id = ?", (inspection,)).fetchone() is None:
            raise StoreError(
                self.root, f"it holds no inspection {inspection}", "give an id that begin_inspection returned"
            )

    def _picture_id(
        self,
        connection: sqlite3.Connection,
        key: tuple[str, int, int, str],
        sha256: str,
        is_straightened: bool = False,
    ) -> int:
        """The newest picture with these bytes, that of this face before any other. Raises StoreError."""
        row = connection.execute(
            "SELECT id FROM pictures WHERE sha256 = ? AND is_straightened = ?"
            " ORDER BY (inspection IS ? AND box = ? AND frame = ? AND face = ?) DESC, id DESC LIMIT 1",
            (sha256, int(is_straightened), *key),
        ).fetchone()
        if row is None:
            raise StoreError(self.root, f"it holds no picture {sha256}", "store it with save_picture first")
        return int(row["id"])


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, object]) -> int:
    columns = ", ".join(row)
    marks = ", ".join("?" * len(row))
    cursor = connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))
    return int(cursor.lastrowid or 0)


def _require_one_of(what: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        raise ValueError(f"{what} is {given!r}; it is one of {', '.join(known)}")
