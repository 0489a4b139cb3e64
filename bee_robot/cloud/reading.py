"""From rows to records: the queries of the local store. Each runs inside a transaction of its caller."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from bee_robot.cloud.encoding import from_text, outcome_from_text, text_to_utc, to_text, utc_to_text
from bee_robot.cloud.records import (
    FaceRecord,
    InspectionRecord,
    InspectionStart,
    InspectionState,
    InspectionSummary,
    LoadSample,
    StoredAnalysis,
    StoredEvent,
    StoredPicture,
)
from bee_robot.hive.face import FaceAnalysis
from bee_robot.hive.inspection import EventKind, Phase, VisitEvent
from bee_robot.rulebook import Violation

IsRunning = Callable[[str], bool]

_PICTURE_COLUMNS = "p.*, b.size_bytes, b.media_type, b.width_px, b.height_px"
_PICTURES = "pictures p JOIN blobs b ON b.sha256 = p.sha256"
_OF_FACES = f"{_PICTURES} JOIN face_pictures l ON l.picture = p.id JOIN faces f ON f.id = l.face"
_OF_ANALYSES = (
    f"{_PICTURES} JOIN analysis_pictures l ON l.picture = p.id"
    " JOIN analyses a ON a.id = l.analysis JOIN faces f ON f.id = a.face"
)
# A second look at a face replaces the first for readers; both stay stored.
_IS_LATEST_TAKE = (
    "NOT EXISTS (SELECT 1 FROM faces n WHERE n.inspection = f.inspection AND n.box = f.box AND n.frame = f.frame"
    " AND n.face = f.face AND n.take > f.take)"
)
_IS_LATEST_ANALYSIS = "NOT EXISTS (SELECT 1 FROM analyses n WHERE n.face = a.face AND n.id > a.id)"


def start_to_row(start: InspectionStart) -> dict[str, object]:
    return {
        "robot": start.robot,
        "hive": start.hive,
        "box": start.box,
        "frames_total": start.frames_total,
        "started_utc": utc_to_text(start.started_utc),
        "started_s": start.started_s,
        "open_planned_max_s": start.open_planned_max_s,
        "open_close_at_s": start.open_close_at_s,
        "software_version": start.software_version,
        "firmware_version": start.firmware_version,
        "configuration_checksum": start.configuration_checksum,
        "is_simulated": int(start.is_simulated),
        "utc_offset_hours": start.utc_offset_hours,
        "conditions": to_text(start.conditions),
        "override_by": start.override_by,
        "override_reason": start.override_reason,
    }


def _start(row: sqlite3.Row) -> InspectionStart:
    return InspectionStart(
        robot=row["robot"],
        hive=row["hive"],
        box=row["box"],
        frames_total=row["frames_total"],
        started_utc=text_to_utc(row["started_utc"]),
        started_s=row["started_s"],
        hive_standard=row["hive_standard"],
        hive_boxes=row["hive_boxes"],
        open_planned_max_s=row["open_planned_max_s"],
        open_close_at_s=row["open_close_at_s"],
        software_version=row["software_version"],
        firmware_version=row["firmware_version"],
        configuration_checksum=row["configuration_checksum"],
        is_simulated=bool(row["is_simulated"]),
        utc_offset_hours=row["utc_offset_hours"],
        conditions=from_text(row["conditions"]),
        override_by=row["override_by"],
        override_reason=row["override_reason"],
    )


def _summary(row: sqlite3.Row, is_running: IsRunning) -> InspectionSummary:
    if row["end_state"] is not None:
        state = InspectionState(row["end_state"])
    else:
        state = InspectionState.RUNNING if is_running(row["id"]) else InspectionState.INTERRUPTED
    return InspectionSummary(
        id=row["id"],
        start=_start(row),
        state=state,
        ended_utc=text_to_utc(row["ended_utc"]) if row["ended_utc"] else None,
        outcome=outcome_from_text(row["outcome"]) if row["outcome"] else None,
    )


def summaries(
    connection: sqlite3.Connection, is_running: IsRunning, hive: str | None, box: int | None, limit: int
) -> tuple[InspectionSummary, ...]:
    rows = connection.execute(
        "SELECT i.*, h.standard AS hive_standard, h.boxes AS hive_boxes FROM inspections i JOIN hives h ON h.name = i.hive"
        " WHERE (? IS NULL OR i.hive = ?) AND (? IS NULL OR i.box = ?) ORDER BY i.sequence DESC LIMIT ?",
        (hive, hive, box, box, limit),
    )
    return tuple(_summary(row, is_running) for row in rows)


def matching_ids(connection: sqlite3.Connection, beginning: str) -> list[str]:
    """Ids that begin so, newest first."""
    rows = connection.execute(
        "SELECT id FROM inspections WHERE substr(id, 1, ?) = ? ORDER BY sequence DESC",
        (len(beginning), beginning),
    )
    return [row["id"] for row in rows]


def record(connection: sqlite3.Connection, is_running: IsRunning, inspection: str) -> InspectionRecord:
    row = connection.execute(
        "SELECT i.*, h.standard AS hive_standard, h.boxes AS hive_boxes"
        " FROM inspections i JOIN hives h ON h.name = i.hive WHERE i.id = ?",
        (inspection,),
    ).fetchone()
    summary = _summary(row, is_running)
    return InspectionRecord(
        id=summary.id,
        start=summary.start,
        state=summary.state,
        ended_utc=summary.ended_utc,
        outcome=summary.outcome,
        events=events(connection, inspection),
        loads=_loads(connection, inspection),
        violations=_violations(connection, inspection),
        faces=faces(connection, "f.inspection = ?", (inspection,)),
        loose_pictures=_loose_pictures(connection, inspection),
    )


def events(connection: sqlite3.Connection, inspection: str, after: int = 0) -> tuple[StoredEvent, ...]:
    rows = connection.execute(
        "SELECT * FROM events WHERE inspection = ? AND id > ? ORDER BY id", (inspection, after)
    )
    return tuple(
        StoredEvent(
            id=row["id"],
            recorded_utc=text_to_utc(row["recorded_utc"]),
            event=VisitEvent(
                t_s=row["t_s"],
                kind=EventKind(row["kind"]),
                phase=Phase(row["phase"]),
                frame=row["frame"],
                frames_total=row["frames_total"],
                text=row["text"],
                data=from_text(row["data"]),
            ),
        )
        for row in rows
    )


def _loads(connection: sqlite3.Connection, inspection: str) -> tuple[LoadSample, ...]:
    rows = connection.execute(
        "SELECT t_s, left_kg, right_kg FROM loads WHERE inspection = ? ORDER BY t_s", (inspection,)
    )
    return tuple(LoadSample(row["t_s"], row["left_kg"], row["right_kg"]) for row in rows)


def _violations(connection: sqlite3.Connection, inspection: str) -> tuple[Violation, ...]:
    rows = connection.execute("SELECT * FROM violations WHERE inspection = ? ORDER BY id", (inspection,))
    return tuple(
        Violation(row["rule"], row["t_s"], row["part"], row["value"], row["limit_value"], row["says"])
        for row in rows
    )


def _loose_pictures(connection: sqlite3.Connection, inspection: str) -> tuple[StoredPicture, ...]:
    rows = connection.execute(
        f"SELECT {_PICTURE_COLUMNS} FROM {_PICTURES} WHERE p.inspection = ? AND p.is_straightened = 0"
        " AND NOT EXISTS (SELECT 1 FROM face_pictures fp WHERE fp.picture = p.id) ORDER BY p.id",
        (inspection,),
    )
    return tuple(_picture(row) for row in rows)


def _picture(row: sqlite3.Row) -> StoredPicture:
    return StoredPicture(
        id=row["id"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        media_type=row["media_type"],
        width_px=row["width_px"],
        height_px=row["height_px"],
        inspection=row["inspection"] or "",
        box=row["box"],
        frame=row["frame"],
        face=row["face"],
        camera=row["camera"],
        view=row["view"],
        calibration=row["calibration"],
        taken_utc=text_to_utc(row["taken_utc"]),
        is_straightened=bool(row["is_straightened"]),
        source=row["source"],
    )


def faces(
    connection: sqlite3.Connection, where: str, values: Sequence[Any], latest_only: bool = True
) -> tuple[FaceRecord, ...]:
    """Faces with pictures and latest analysis, in the order of box, frame, rear before front."""
    if latest_only:
        where = f"({where}) AND {_IS_LATEST_TAKE}"
    rows = connection.execute(
        f"SELECT f.* FROM faces f WHERE {where} ORDER BY f.box, f.frame, f.face DESC, f.take", tuple(values)
    ).fetchall()
    pictures = _linked_pictures(connection, "l.face", _OF_FACES, where, values)
    analyses = _latest_analyses(connection, where, values)
    return tuple(
        FaceRecord(
            id=row["id"],
            inspection=row["inspection"],
            box=row["box"],
            frame=row["frame"],
            frame_tag=row["frame_tag"],
            face=row["face"],
            take=row["take"],
            taken_utc=text_to_utc(row["taken_utc"]),
            missing_because=row["missing_because"],
            pictures=tuple(pictures[row["id"]]),
            latest=analyses.get(row["id"]),
        )
        for row in rows
    )


def _linked_pictures(
    connection: sqlite3.Connection, owner: str, source: str, where: str, values: Sequence[Any]
) -> defaultdict[int, list[StoredPicture]]:
    """Pictures by the id of what they belong to (a column of `source`), in their places."""
    rows = connection.execute(
        f"SELECT {_PICTURE_COLUMNS}, {owner} AS owner FROM {source} WHERE {where} ORDER BY l.place",
        tuple(values),
    )
    found: defaultdict[int, list[StoredPicture]] = defaultdict(list)
    for row in rows:
        found[row["owner"]].append(_picture(row))
    return found


def _latest_analyses(
    connection: sqlite3.Connection, where: str, values: Sequence[Any]
) -> dict[int, StoredAnalysis]:
    where = f"({where}) AND {_IS_LATEST_ANALYSIS}"
    straight = _linked_pictures(connection, "l.analysis", _OF_ANALYSES, where, values)
    rows = connection.execute(
        f"SELECT a.* FROM analyses a JOIN faces f ON f.id = a.face WHERE {where}", tuple(values)
    ).fetchall()
    return {
        row["face"]: StoredAnalysis(
            id=row["id"],
            recorded_utc=text_to_utc(row["recorded_utc"]),
            model=row["model"],
            model_version=row["model_version"],
            provider=row["provider"],
            analysis=FaceAnalysis.from_dict(from_text(row["analysis"])) if row["analysis"] else None,
            error=row["error"] or "",
            straight=tuple(straight[row["id"]]),
        )
        for row in rows
    }


def latest_take(connection: sqlite3.Connection, key: tuple[str, int, int, str]) -> sqlite3.Row | None:
    """Id and take of the newest look at (inspection, box, frame, face)."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT id, take FROM faces WHERE inspection = ? AND box = ? AND frame = ? AND face = ?"
        " ORDER BY take DESC LIMIT 1",
        key,
    ).fetchone()
    return row


def picture_ids(connection: sqlite3.Connection, face_id: int) -> list[int]:
    rows = connection.execute("SELECT picture FROM face_pictures WHERE face = ? ORDER BY place", (face_id,))
    return [row["picture"] for row in rows]
