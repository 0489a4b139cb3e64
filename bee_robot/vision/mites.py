"""Varroa mites on bees: spots of 1.6 mm that are redder than the bee around them.

On the robot's own pictures alone, whose light is known. In the amber bands of a bee green lies between red and blue; a mite is
red against both. About a quarter of the mites in view
is found, and hardly anything else: a healthy colony is not to look ill (scores: the network's card).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.face import Finding, FindingKind, SeenBee
from bee_robot.vision.straight_face import PX_PER_MM, StraightFace

SPOT_MM, AROUND_MM = 0.33, 1.1  # standard deviations of the spot and of what it is compared with
AMBER = 0.7  # of green minus blue: what a band has and a mite has not
DARK = 30.0  # level below which colours say little
#: Of the contrast: one in two at the threshold is a mite, on faces kept apart for it.
THRESHOLD, SPREAD = 0.14, 0.02
BODY_SHARE, BODY_MM = 0.38, 1.6  # half length and half width of the body that is searched


def find_mites(face: StraightFace, bees: Iterable[SeenBee]) -> tuple[Finding, ...]:
    """One finding at most for each bee, at the spot. Nothing on pictures of other cameras."""
    if not face.is_own_camera:
        return ()
    redness = _redness(face.bgr)
    found = []
    for bee in bees:
        spot = _reddest(face, redness, bee)
        if spot is not None and spot[2] > THRESHOLD:
            probability = 1 / (1 + math.exp(-(spot[2] - THRESHOLD) / SPREAD))
            found.append(Finding(FindingKind.VARROA, spot[0], spot[1], probability))
    return tuple(found)


def _redness(bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Contrast of red spots against their surroundings, float32 (H, W)."""
    blue, green, red = cv2.split(cv2.GaussianBlur(bgr, (0, 0), 1.0).astype(np.float32))
    share = (red - green - AMBER * np.abs(green - blue)) / (red + DARK)
    spot = cv2.GaussianBlur(share, (0, 0), SPOT_MM * PX_PER_MM)
    return np.asarray(spot - cv2.GaussianBlur(share, (0, 0), AROUND_MM * PX_PER_MM), np.float32)


def _reddest(
    face: StraightFace, redness: NDArray[np.float32], bee: SeenBee
) -> tuple[float, float, float] | None:
    """x, y in millimetres and contrast of the reddest place on a body."""
    reach = bee.length_mm / 2
    x_px, y_px = face.grid.to_px(np.array([bee.x_mm]), np.array([bee.y_mm]))[0]
    size = round(reach * PX_PER_MM)
    left, top = max(0, int(x_px) - size), max(0, int(y_px) - size)
    patch = redness[top : int(y_px) + size + 1, left : int(x_px) + size + 1]
    if not patch.size:
        return None
    rows, columns = np.mgrid[: patch.shape[0], : patch.shape[1]]
    dx, dy = (left + columns + 0.5 - x_px) / PX_PER_MM, (y_px - top - rows - 0.5) / PX_PER_MM
    heading = bee.heading_rad if bee.heading_rad is not None else 0.0
    along = dx * math.cos(heading) + dy * math.sin(heading)
    across = dy * math.cos(heading) - dx * math.sin(heading)
    is_body = (np.abs(along) < BODY_SHARE * bee.length_mm) & (np.abs(across) < BODY_MM)
    if not is_body.any():
        return None
    best = int(np.where(is_body, patch, -np.inf).argmax())
    row, column = divmod(best, patch.shape[1])
    return bee.x_mm + float(dx[row, column]), bee.y_mm + float(dy[row, column]), float(patch[row, column])
