"""The straight picture of a face with what was found drawn on it, for a person to judge."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import Caste, CellClass
from bee_robot.hive.face import FaceMap, FindingKind

JPEG_QUALITY = 85
LEGEND_HEIGHT_PX = 34
LEAST_WIDTH_PX = 800
BEE_COLOURS = {
    Caste.WORKER: (255, 190, 60),
    Caste.DRONE: (255, 90, 90),
    Caste.QUEEN: (60, 60, 255),
}  # BGR, as all here
FINDING_COLOURS = {FindingKind.QUEEN_CELL: (0, 230, 255), FindingKind.VARROA: (0, 0, 255)}
CLASS_COLOURS: dict[CellClass, tuple[int, int, int]] = {
    CellClass.CAPPED_BROOD: (40, 70, 200),
    CellClass.EGGS: (240, 240, 160),
    CellClass.LARVAE: (220, 220, 255),
    CellClass.POLLEN: (0, 220, 255),
    CellClass.NECTAR: (0, 150, 255),
    CellClass.HONEY: (255, 255, 255),
    CellClass.EMPTY: (120, 120, 120),
    CellClass.DRONE_BROOD: (160, 40, 160),
    CellClass.OPEN: (80, 200, 80),
}
CLASS_LABELS = {cell_class: cell_class.value.replace("_", " ") for cell_class in CellClass} | {
    CellClass.OPEN: "open cells"
}
SHIFT = 4  # bits of sub-pixel in OpenCV's drawing


def draw_map(bgr: NDArray[np.uint8], found: FaceMap) -> NDArray[np.uint8]:
    """Cells as dots of their class' colour, bees as ellipses with a line to the head; uint8 (H, W, 3)."""
    drawing = bgr.copy()
    px = 1 / found.mm_per_pixel

    def place(x_mm: float, y_mm: float) -> tuple[int, int]:
        return round((found.origin_x_px + x_mm * px) * 2**SHIFT), round(
            (found.origin_y_px - y_mm * px) * 2**SHIFT
        )

    radius = round(0.75 * px * 2**SHIFT)
    for cell in found.cells:
        if cell.cell_class is not None:
            colour = CLASS_COLOURS[cell.cell_class]
            cv2.circle(drawing, place(cell.x_mm, cell.y_mm), radius, colour, -1, cv2.LINE_AA, SHIFT)
    for bee in found.bees:
        colour = BEE_COLOURS[bee.caste]
        centre = place(bee.x_mm, bee.y_mm)
        axes = round(bee.length_mm / 2 * px * 2**SHIFT), round(2.2 * px * 2**SHIFT)
        heading = bee.heading_rad if bee.heading_rad is not None else 0.0
        cv2.ellipse(drawing, centre, axes, -math.degrees(heading), 0, 360, colour, 2, cv2.LINE_AA, SHIFT)
        if bee.heading_rad is not None:
            reach = 0.65 * bee.length_mm
            head = place(bee.x_mm + reach * math.cos(heading), bee.y_mm + reach * math.sin(heading))
            cv2.line(drawing, centre, head, colour, 2, cv2.LINE_AA, SHIFT)
    for finding in found.findings:
        size = 7.0 if finding.kind is FindingKind.QUEEN_CELL else 2.5
        colour = FINDING_COLOURS[finding.kind]
        cv2.circle(
            drawing,
            place(finding.x_mm, finding.y_mm),
            round(size * px * 2**SHIFT),
            colour,
            3,
            cv2.LINE_AA,
            SHIFT,
        )
    return drawing


def sheet(drawing: NDArray[np.uint8], found: FaceMap | None, caption: str) -> bytes:
    """A drawing over a legend and a caption; JPEG bytes."""
    enlarge = max(1.0, LEAST_WIDTH_PX / drawing.shape[1])
    if enlarge > 1:
        drawing = np.asarray(
            cv2.resize(drawing, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_CUBIC), np.uint8
        )
    legend = np.full((2 * LEGEND_HEIGHT_PX, drawing.shape[1], 3), 30, np.uint8)
    entries = _entries(found) if found is not None else []
    scale = min(1.0, drawing.shape[1] / 1100)
    x = 10
    for label, colour in entries:
        cv2.rectangle(legend, (x, 10), (x + 16, 26), colour, -1)
        _write(legend, label, (x + 22, 24), 0.5 * scale)
        x += int((46 + 9.5 * len(label)) * scale)
    _write(legend, caption, (10, 56), 0.55 * scale)
    is_written, encoded = cv2.imencode(
        ".jpg", np.vstack([drawing, legend]), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not is_written:
        raise RuntimeError(
            "OpenCV could not encode the annotated picture as JPEG; check the OpenCV installation"
        )
    return bytes(encoded)


def _entries(found: FaceMap) -> list[tuple[str, tuple[int, int, int]]]:
    castes = {bee.caste for bee in found.bees}
    classes = {cell.cell_class for cell in found.cells}
    kinds = {finding.kind for finding in found.findings}
    return [
        *((caste.value, BEE_COLOURS[caste]) for caste in Caste if caste in castes),
        *((CLASS_LABELS[c], CLASS_COLOURS[c]) for c in CellClass if c in classes),
        *((kind.value.replace("_", " "), FINDING_COLOURS[kind]) for kind in FindingKind if kind in kinds),
    ]


def _write(picture: NDArray[np.uint8], text: str, place: tuple[int, int], size: float) -> None:
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, (240, 240, 240), 1, cv2.LINE_AA)
