"""Cappings on photographs of other cameras: brood or honey, by their colour.

Brood is capped with used wax and pollen: tan to brown, with red in it. Honey is capped with new wax: whitish, yellow at
most. On the robot's own sharp pictures the network also sees that one is vaulted and porous and the other flat; on a
hand-held photograph with eight pixels a cell little of that is left, and the network takes one for the other.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bee_robot.hive.comb import CELL_CLASSES, CellClass
from bee_robot.vision.face_net import SeenCells
from bee_robot.vision.straight_face import PX_PER_MM, StraightFace

BROOD, HONEY = CELL_CLASSES.index(CellClass.CAPPED_BROOD), CELL_CLASSES.index(CellClass.HONEY)
#: CIE Lab (8 bit, as OpenCV scales it) of cappings on the photographs in tests/data/photos: honey has a = 2 and L = 170 to 210,
#: brood a = 5 and L = 130. Log odds of brood are (a - MIDDLE_RED) / RED_SCALE + (MIDDLE_LIGHT - L) / LIGHT_SCALE.
MIDDLE_RED, RED_SCALE = 4.0, 1.5
MIDDLE_LIGHT, LIGHT_SCALE = 165.0, 60.0
MOST_LOG_ODDS = 3.0
NETWORK_WEIGHT = 0.4  # its log odds are those of its own cameras
NEIGHBOURS = 12  # cappings of one kind lie together
CELL_MEAN_MM = 1.2


def tell_cappings(face: StraightFace, cells: SeenCells) -> SeenCells:
    """The same cells; what the network gave to capped brood and honey together is divided anew between the two."""
    capped = cells.class_probability[:, BROOD] + cells.class_probability[:, HONEY]
    chosen = np.flatnonzero((capped > 0.5) & ~cells.is_hidden)
    if not chosen.size:
        return cells
    odds = _log_odds_of_brood(face, cells.place_mm[chosen])
    near = cKDTree(cells.place_mm[chosen])
    count = min(NEIGHBOURS, chosen.size)
    _, beside = near.query(cells.place_mm[chosen], k=count)
    odds = np.median(odds[np.reshape(beside, (chosen.size, count))], axis=1)
    probability = cells.class_probability.copy()
    share = np.log(
        np.maximum(probability[chosen, BROOD], 1e-3) / np.maximum(probability[chosen, HONEY], 1e-3)
    )
    share = NETWORK_WEIGHT * np.clip(share, -MOST_LOG_ODDS, MOST_LOG_ODDS)
    brood = 1 / (1 + np.exp(-(share + odds)))
    probability[chosen, BROOD] = capped[chosen] * brood
    probability[chosen, HONEY] = capped[chosen] * (1 - brood)
    return replace(cells, class_probability=probability)


def _log_odds_of_brood(face: StraightFace, place_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    lab = cv2.cvtColor(cv2.GaussianBlur(face.bgr, (0, 0), CELL_MEAN_MM * PX_PER_MM), cv2.COLOR_BGR2LAB)
    px = face.grid.to_px(place_mm[:, 0], place_mm[:, 1])
    height, width = lab.shape[:2]
    column = np.clip(px[:, 0].astype(int), 0, width - 1)
    row = np.clip(px[:, 1].astype(int), 0, height - 1)
    light, red = (lab[row, column, k].astype(np.float64) for k in (0, 1))
    odds = (red - 128 - MIDDLE_RED) / RED_SCALE + (MIDDLE_LIGHT - light) / LIGHT_SCALE
    return np.asarray(np.clip(odds, -MOST_LOG_ODDS, MOST_LOG_ODDS), np.float64)
