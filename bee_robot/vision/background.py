"""Colours that do not belong to a hive: leaves, grass, sky, blue paint."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

GREEN = -6.0  # of the green-red axis of CIE Lab; pollen and new wax are not greener
BLUE = -6.0  # of the blue-yellow axis; wings in shade are at most a little blue
LEAST_CHROMA = 8.0


def foreign_colour(lab: NDArray[np.uint8], cell_px: float) -> NDArray[np.float32]:
    """1 where the mean colour over about a cell is green or blue, else 0; lab uint8 (H, W, 3) of OpenCV."""
    mean = cv2.GaussianBlur(lab, (0, 0), 0.6 * cell_px).astype(np.float32)
    green_red, blue_yellow = mean[..., 1] - 128, mean[..., 2] - 128
    is_coloured = green_red**2 + blue_yellow**2 > LEAST_CHROMA**2
    return (((green_red < GREEN) | (blue_yellow < BLUE)) & is_coloured).astype(np.float32)


def background_mask(bgr: NDArray[np.uint8], cell_px: float) -> NDArray[np.bool_]:
    """bool (H, W): patches of foreign colour of more than about two cells."""
    foreign = foreign_colour(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2LAB), np.uint8), cell_px)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (int(2 * cell_px) | 1,) * 2)
    return np.asarray(cv2.morphologyEx(foreign.astype(np.uint8), cv2.MORPH_OPEN, disc) > 0, np.bool_)
