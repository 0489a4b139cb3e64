"""Faces of the twin's hive as if a perfect method had read them: analyses with maps, and plain pictures of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import InspectionStart
from bee_robot.hive.comb import CELL_AREA_MM2, CELL_CLASSES, CellClass, CombFace
from bee_robot.hive.face import Estimate, FaceAnalysis, FaceMap, Finding, FindingKind, SeenBee, SeenCell
from bee_robot.hive.inspection import EndState, EventKind, Phase, VisitEvent, VisitOutcome
from bee_robot.sim.hive_world import SIDES, HiveWorld

ERROR = 0.12  # relative half width of every interval
COLOURS_BGR = {
    CellClass.CAPPED_BROOD: (90, 140, 190),
    CellClass.DRONE_BROOD: (70, 110, 160),
    CellClass.HONEY: (150, 200, 225),
    CellClass.NECTAR: (60, 120, 160),
    CellClass.POLLEN: (60, 110, 200),
    CellClass.LARVAE: (190, 205, 210),
}


def picture_of(face: CombFace, width_px: int = 820, height_px: int = 558) -> NDArray[np.uint8]:
    """A plain drawing of the comb, straight on; uint8 (height_px, width_px, 3)."""
    scale = width_px / face.width_mm
    picture = np.full((height_px, width_px, 3), (40, 60, 85), np.uint8)

    def pixel(x_mm: float, y_mm: float) -> tuple[int, int]:
        return round(width_px / 2 + x_mm * scale), round(height_px / 2 - y_mm * scale)

    for x_mm, y_mm, index in zip(face.cell_x_mm, face.cell_y_mm, face.cell_class):
        colour = COLOURS_BGR.get(CELL_CLASSES[index], (25, 38, 55))
        cv2.circle(picture, pixel(float(x_mm), float(y_mm)), round(2.4 * scale), colour, -1, cv2.LINE_AA)
    for bee in face.bees:
        axes = (round(bee.length_mm / 2 * scale), round(2.2 * scale))
        turned = -float(np.degrees(bee.heading_rad))
        cv2.ellipse(picture, pixel(bee.x_mm, bee.y_mm), axes, turned, 0, 360, (30, 70, 110), -1, cv2.LINE_AA)
    return picture


def seen(face: CombFace, picture: NDArray[np.uint8], findings: Sequence[Finding] = ()) -> FaceAnalysis:
    """The truth about a face as an analysis of `picture`, which shows the comb from edge to edge."""
    height_px, width_px = picture.shape[:2]
    bees = np.array([(bee.x_mm, bee.y_mm) for bee in face.bees], np.float32).reshape(-1, 2)
    cells = np.stack([face.cell_x_mm, face.cell_y_mm], axis=1)
    apart_mm = (
        np.linalg.norm(cells[:, None] - bees[None], axis=2).min(axis=1)
        if len(bees)
        else np.full(len(cells), 99.0)
    )
    classes = [CELL_CLASSES[index] for index in face.cell_class]
    return FaceAnalysis(
        bees=about(len(bees), "bees", "bees found one by one"),
        bee_coverage=about(float((apart_mm < 5).mean()), "share", "cells that a bee hides", most=1.0),
        comb_area=about(len(cells) * CELL_AREA_MM2 / 1e4, "dm2", "cells found"),
        areas={c: about(face.area_dm2(c), "dm2", "cells found, class by class") for c in CELL_CLASSES},
        warnings=(),
        pictures=(),
        model="seen_comb",
        model_version="1",
        runtime_provider="tests",
        map=FaceMap(
            width_px=width_px,
            height_px=height_px,
            mm_per_pixel=face.width_mm / width_px,
            origin_x_px=width_px / 2,
            origin_y_px=height_px / 2,
            bees=tuple(SeenBee(b.x_mm, b.y_mm, b.caste, 0.93, b.length_mm, b.heading_rad) for b in face.bees),
            cells=tuple(
                SeenCell(float(x), float(y), c if far > 5 else None, 0.9)
                for (x, y), c, far in zip(cells, classes, apart_mm)
            ),
            findings=tuple(findings),
        ),
    )


def about(value: float, unit: str, method: str, most: float = float("inf")) -> Estimate:
    return Estimate(value, value * (1 - ERROR), min(most, value * (1 + ERROR)), unit, method)


def record_visit(
    store: LocalStore,
    start: InspectionStart,
    world: HiveWorld,
    findings: Sequence[Finding] = (),
    frames: int = 10,
) -> str:
    """A visit of `frames` frames in which every face was photographed and read. findings: on frame 2, rear."""
    visit = store.begin_inspection(replace(start, frames_total=frames))
    at_s = start.started_s
    for kind, phase, seconds in ((EventKind.PHASE, Phase.PEEL, 12.0), (EventKind.OPENED, Phase.PEEL, 30.0)):
        store.add_event(visit, VisitEvent(at_s, kind, phase, 0, frames, ""))
        at_s += seconds
    for frame in range(1, frames + 1):
        loads = {"left_kg": 14.0 + frame, "right_kg": 15.0 + frame % 3}
        store.add_event(visit, VisitEvent(at_s, EventKind.FRAME, Phase.FRAMES, frame, frames, ""))
        store.add_event(visit, VisitEvent(at_s + 10, EventKind.LOADS, Phase.FRAMES, frame, frames, "", loads))
        for side in SIDES:
            _record_face(
                store,
                visit,
                world.face(1, frame, side),
                frame,
                findings if (frame, side) == (2, "rear") else (),
            )
        at_s += 38.0
        store.add_event(visit, VisitEvent(at_s, EventKind.FRAME_DONE, Phase.FRAMES, frame, frames, ""))
    store.add_event(visit, VisitEvent(at_s + 40, EventKind.CLOSED, Phase.CLOSE, 0, frames, ""))
    outcome = VisitOutcome(
        EndState.CLOSED,
        visit,
        start.hive,
        start.box,
        was_opened=True,
        open_time_s=at_s,
        visit_time_s=at_s + 60,
    )
    store.end_inspection(visit, outcome)
    return visit


def _record_face(
    store: LocalStore, visit: str, face: CombFace, frame: int, findings: Sequence[Finding]
) -> None:
    picture = picture_of(face)
    data = cv2.imencode(".jpg", picture)[1].tobytes()
    place = {"inspection": visit, "box": 1, "frame": frame, "face": face.side}
    sha256 = store.save_picture(data, camera=f"{face.side}_left", view="whole", source="drawn", **place)  # type: ignore[arg-type]
    face_id = store.add_face(pictures=[sha256], **place)  # type: ignore[arg-type]
    store.record_analysis(face_id, seen(face, picture, findings), data)


MITES_AND_QUEEN_CELLS = (
    Finding(FindingKind.QUEEN_CELL, -60.0, -120.0, 0.9),
    Finding(FindingKind.QUEEN_CELL, -20.0, -125.0, 0.8),
    Finding(FindingKind.QUEEN_CELL, 75.0, -118.0, 0.7),
    Finding(FindingKind.VARROA, 30.0, 20.0, 0.8),
    Finding(FindingKind.VARROA, -90.0, 44.0, 0.7),
)
