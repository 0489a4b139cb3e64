"""The photograph with every bee found marked on it, above the drawing of its comb where there is one."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import Caste
from bee_robot.hive.face import Estimate
from bee_robot.vision.bee_detector import BeeBox
from bee_robot.vision.photograph import Picture

JPEG_QUALITY = 88
LEAST_WIDTH_PX = 800
CAPTION_HEIGHT_PX = 36
GROUND = 30
KIND_COLOURS = {  # BGR
    Caste.WORKER: (60, 220, 60),
    Caste.DRONE: (230, 120, 30),
    Caste.QUEEN: (200, 40, 230),
}


def annotate(picture: Picture, boxes: tuple[BeeBox, ...], bees: Estimate, comb_jpeg: bytes | None) -> bytes:
    """JPEG bytes. boxes: in pixels of the file. comb_jpeg: a drawing of what the comb holds, put below."""
    enlarge = max(1.0, LEAST_WIDTH_PX / picture.bgr.shape[1])
    drawing = (
        cv2.resize(picture.bgr, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_CUBIC)
        if enlarge > 1
        else picture.bgr.copy()
    )
    scale = enlarge / picture.reduction
    thickness = max(1, round(drawing.shape[1] / 900))
    for box in boxes:
        corner = (round(box.left_px * scale), round(box.top_px * scale))
        opposite = (
            round((box.left_px + box.width_px) * scale),
            round((box.top_px + box.height_px) * scale),
        )
        cv2.rectangle(drawing, corner, opposite, KIND_COLOURS[box.kind], thickness, cv2.LINE_AA)
    sheets = [np.asarray(drawing, np.uint8), _caption(drawing.shape[1], boxes, bees)]
    if comb_jpeg is not None:
        comb = cv2.imdecode(np.frombuffer(comb_jpeg, np.uint8), cv2.IMREAD_COLOR)
        factor = drawing.shape[1] / comb.shape[1]
        sheets.append(
            np.asarray(cv2.resize(comb, (drawing.shape[1], round(comb.shape[0] * factor))), np.uint8)
        )
    is_written, encoded = cv2.imencode(".jpg", np.vstack(sheets), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not is_written:
        raise RuntimeError(
            "OpenCV could not encode the annotated picture as JPEG; check the OpenCV installation"
        )
    return bytes(encoded)


def _caption(width_px: int, boxes: tuple[BeeBox, ...], bees: Estimate) -> NDArray[np.uint8]:
    strip = np.full((CAPTION_HEIGHT_PX, width_px, 3), GROUND, np.uint8)
    text = f"{bees.value:.0f} bees ({bees.low:.0f} to {bees.high:.0f}), {bees.method}"
    _write(strip, text, 10, (255, 255, 255))
    x = width_px - 10
    for kind in reversed(list(KIND_COLOURS)):
        count = sum(box.kind is kind for box in boxes)
        if count:
            label = f"{kind.value} {count}"
            x -= 12 * len(label) + 14
            _write(strip, label, x, KIND_COLOURS[kind])
    return strip


def _write(strip: NDArray[np.uint8], text: str, x_px: int, colour: tuple[int, int, int]) -> None:
    place = (x_px, CAPTION_HEIGHT_PX - 12)
    cv2.putText(strip, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.55, colour, 1, cv2.LINE_AA)
