"""The photograph with what was found drawn on it, for a person to judge."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CellClass
from bee_robot.vision.photograph import Picture
from bee_robot.vision.rectified_face import CELL_PX, RectifiedFace
from bee_robot.vision.segmentation import MAP_CLASSES, FaceSegmentation

JPEG_QUALITY = 88
LEGEND_HEIGHT_PX = 34
LEAST_WIDTH_PX = 800
MIN_REGION_CELLS = 8.0
BEE_COLOUR = (255, 190, 60)  # BGR, as all here
COMB_COLOUR = (255, 0, 255)
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


def draw_face(
    picture: Picture, face: RectifiedFace | None, segmentation: FaceSegmentation | None
) -> NDArray[np.uint8]:
    """The working picture with outlines of comb and regions and the bees tinted, uint8 (H, W, 3)."""
    enlarge = max(1.0, LEAST_WIDTH_PX / picture.bgr.shape[1])
    size = (round(picture.bgr.shape[1] * enlarge), round(picture.bgr.shape[0] * enlarge))
    drawing = (
        picture.bgr.copy() if enlarge == 1 else cv2.resize(picture.bgr, size, interpolation=cv2.INTER_CUBIC)
    )
    if face is None or segmentation is None:
        _write(drawing, "no comb found", (10, 28), (0, 0, 255))
        return drawing
    height, width = drawing.shape[:2]
    to_drawing = np.diag([enlarge, enlarge, 1.0]) @ face.to_picture
    is_bee = (segmentation.bee_score > 0).astype(np.uint8)
    is_bee = cv2.warpPerspective(is_bee, to_drawing, (width, height), flags=cv2.INTER_NEAREST)
    tint = np.asarray(BEE_COLOUR, np.float32)
    drawing[is_bee > 0] = (0.75 * drawing[is_bee > 0] + 0.25 * tint).astype(np.uint8)
    for index in np.unique(segmentation.class_map):
        if index < len(MAP_CLASSES):
            colour = CLASS_COLOURS[MAP_CLASSES[index]]
            mask = segmentation.class_map == index
            _outline_region(drawing, mask, to_drawing, colour)
    corners = np.round(face.region.corners_px * enlarge).astype(np.int32)
    cv2.polylines(drawing, [corners], True, COMB_COLOUR, 2, cv2.LINE_AA)
    return np.asarray(drawing, np.uint8)


def compose(drawings: Sequence[NDArray[np.uint8]], classes: Sequence[CellClass], caption: str) -> bytes:
    """Drawings side by side, left half first, over a legend and a caption; JPEG bytes."""
    height = max(drawing.shape[0] for drawing in drawings)
    scaled = [
        drawing
        if drawing.shape[0] == height
        else cv2.resize(drawing, (round(drawing.shape[1] * height / drawing.shape[0]), height))
        for drawing in drawings
    ]
    sheet = np.hstack(scaled)
    legend = np.full((2 * LEGEND_HEIGHT_PX, sheet.shape[1], 3), 30, np.uint8)
    x = 10
    entries = ([("bees", BEE_COLOUR)] if classes else []) + [
        (CLASS_LABELS[c], CLASS_COLOURS[c]) for c in classes
    ]
    scale = min(1.0, sheet.shape[1] / 900)
    for label, colour in entries:
        cv2.rectangle(legend, (x, 10), (x + 16, 26), colour, -1)
        cv2.putText(
            legend,
            label,
            (x + 22, 24),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.5 * scale,
            (240, 240, 240),
            1,
            cv2.LINE_AA,
        )
        x += int((46 + 9.5 * len(label)) * scale)
    cv2.putText(
        legend, caption, (10, 56), cv2.FONT_HERSHEY_SIMPLEX, 0.55 * scale, (255, 255, 255), 1, cv2.LINE_AA
    )
    is_written, encoded = cv2.imencode(
        ".jpg", np.vstack([sheet, legend]), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not is_written:
        raise RuntimeError(
            "OpenCV could not encode the annotated picture as JPEG; check the OpenCV installation"
        )
    return bytes(encoded)


def _outline_region(
    drawing: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    to_drawing: NDArray[np.float64],
    colour: tuple[int, int, int],
) -> None:
    """Outline the broad parts of a mask over the rectified face; single cells are not drawn."""
    plane = cv2.GaussianBlur(mask.astype(np.uint8) * 255, (0, 0), 0.9 * CELL_PX)
    contours, _ = cv2.findContours((plane > 127).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_TC89_L1)
    for contour in contours:
        if cv2.contourArea(contour) < MIN_REGION_CELLS * CELL_PX**2:
            continue
        points = np.round(cv2.perspectiveTransform(contour.astype(np.float64), to_drawing)).astype(np.int32)
        cv2.polylines(drawing, [points], True, (20, 20, 20), 4, cv2.LINE_AA)
        cv2.polylines(drawing, [points], True, colour, 2, cv2.LINE_AA)


def _write(
    drawing: NDArray[np.uint8], text: str, place: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    cv2.putText(drawing, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 4, cv2.LINE_AA)
    cv2.putText(drawing, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, colour, 2, cv2.LINE_AA)
