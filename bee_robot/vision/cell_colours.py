"""What the comb between the bees holds, by the depth and the colour of its cells.

Cappings are shallow: brood is tan to brown, honey white, or lighter and yellower than the brood. An open
cell shows a dark bottom. A shallow cell as yellow as honey but no lighter than the brood is bee bread.
Nectar, eggs and larvae cannot be told from empty cells at this resolution; they stay CellClass.OPEN.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CellClass
from bee_robot.vision.rectified_face import CELL_PX
from bee_robot.vision.segmentation import MAP_CLASSES, OUTSIDE

OPEN_DEPTHS = (
    0.38,
    0.55,
)  # darkest part of a cell below its surroundings, relative; the picture decides between
BEE_MARGIN_CELLS = 0.5  # shadow and legs around what looks like bee
YELLOWER_DEG = 12.0  # hue of bee bread and honey above that of the brood in the same picture
LIGHTER = 1.12  # lightness of honey cappings relative to those of brood
PALER = 0.6  # chroma of white cappings relative to those of brood
WHITE = 0.38  # chroma of white cappings relative to their own lightness; brood has 0.45 and more
WHITER = 0.33  # so little colour is honey wherever the light falls off
MIN_WHITE_LIGHTNESS = 45.0  # of 100
MIN_BROOD_SHARE = 0.03  # of the comb, to take its colour as the picture's own measure


@dataclass(frozen=True)
class _CellLook:
    """Local means over about a cell, from pixels without bees, each float32 (H, W)."""

    lightness: NDArray[np.float32]
    chroma: NDArray[np.float32]
    hue_deg: NDArray[np.float32]
    depth: NDArray[np.float32]


@dataclass(frozen=True)
class _BroodColour:
    lightness: float
    chroma: float
    hue_deg: float


def classify_cells(
    bgr: NDArray[np.uint8], is_bee: NDArray[np.bool_], is_face: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """uint8 (H, W), index into MAP_CLASSES or OUTSIDE, for a picture with CELL_PX a cell.

    is_face: where the picture shows the face at all. Comb under bees gets the class of the nearest comb in view.
    """
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (int(2 * BEE_MARGIN_CELLS * CELL_PX) | 1,) * 2)
    is_bee = cv2.dilate(is_bee.astype(np.uint8), disc) > 0
    look = _look(bgr, is_bee)
    is_comb = ~is_bee & is_face
    is_open = look.depth > _opening_depth(look.depth[is_comb])
    is_capped = is_comb & ~is_open
    brood = _brood_colour(look, is_capped, is_comb)
    is_yellow = look.hue_deg > brood.hue_deg + YELLOWER_DEG
    is_light = look.lightness > LIGHTER * brood.lightness
    is_pale = (look.chroma < PALER * brood.chroma) | (look.chroma < WHITE * look.lightness)
    is_white = (look.chroma < WHITER * look.lightness) & (look.lightness > MIN_WHITE_LIGHTNESS)
    is_honey = is_white | (is_light & (is_yellow | is_pale))
    classes = np.full(is_bee.shape, MAP_CLASSES.index(CellClass.CAPPED_BROOD), np.uint8)
    classes[is_yellow & ~is_light] = MAP_CLASSES.index(CellClass.POLLEN)
    classes[is_honey] = MAP_CLASSES.index(CellClass.HONEY)
    classes[is_open] = MAP_CLASSES.index(CellClass.OPEN)
    classes = _smoothed(classes, is_comb)
    classes = _filled_under_bees(classes, is_comb)
    classes[~is_face] = OUTSIDE
    return classes


def _look(bgr: NDArray[np.uint8], is_bee: NDArray[np.bool_]) -> _CellLook:
    lab = cv2.cvtColor(bgr.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    lightness, green_red, blue_yellow = cv2.split(lab)
    is_comb = (~is_bee).astype(np.float32)
    weight = _blur(is_comb, 0.9) + 1e-3
    mean_light, mean_red, mean_yellow = (
        _blur(plane * is_comb, 0.9) / weight for plane in (lightness, green_red, blue_yellow)
    )
    # Bees take the lightness of the comb around them, or their darkness would make open cells of cappings.
    sharp = np.where(is_bee, mean_light, _blur(lightness, 0.12)).astype(np.float32)
    cell = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (int(0.9 * CELL_PX),) * 2)
    darkest = _blur(np.asarray(cv2.erode(sharp, cell), np.float32), 0.3)
    lightest = np.asarray(cv2.dilate(sharp, cell), np.float32)
    lightest = _blur(lightest * is_comb, 0.9) / weight
    return _CellLook(
        lightness=mean_light,
        chroma=np.asarray(cv2.magnitude(mean_red, mean_yellow), np.float32),
        hue_deg=np.degrees(np.arctan2(mean_yellow, mean_red)),
        depth=(lightest - darkest) / (lightest + 10.0),
    )


def _opening_depth(depths: NDArray[np.float32]) -> float:
    """Between capped and open cells, where the picture's depths part best (Otsu), within OPEN_DEPTHS."""
    if depths.size == 0:
        return OPEN_DEPTHS[1]
    scaled = np.clip(depths * 255, 0, 255).astype(np.uint8).reshape(1, -1)
    threshold, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(np.clip(threshold / 255, *OPEN_DEPTHS))


def _blur(plane: NDArray[np.float32], cells: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), cells * CELL_PX), np.float32)


def _brood_colour(look: _CellLook, is_capped: NDArray[np.bool_], is_comb: NDArray[np.bool_]) -> _BroodColour:
    """Median colour of the cappings that cannot be honey; a usual one where there are hardly any."""
    is_brown = (
        is_capped & (look.hue_deg < 92) & (look.lightness < 80) & (look.chroma > WHITE * look.lightness)
    )
    if is_brown.sum() < MIN_BROOD_SHARE * max(int(is_comb.sum()), 1):
        return _BroodColour(lightness=50.0, chroma=30.0, hue_deg=70.0)
    # The browner half: where bee bread or yellow honey is capped too, brood has the redder hue.
    hue = float(np.quantile(look.hue_deg[is_brown], 0.35))
    is_brood = is_brown & (np.abs(look.hue_deg - hue) < YELLOWER_DEG)
    return _BroodColour(
        lightness=float(np.median(look.lightness[is_brood])),
        chroma=float(np.median(look.chroma[is_brood])),
        hue_deg=hue,
    )


def _smoothed(classes: NDArray[np.uint8], is_comb: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Majority over about a cell, so that walls between cells take the class of their cells."""
    best = np.zeros(classes.shape, np.float32)
    result = classes.copy()
    for index in np.unique(classes):
        votes = _blur(((classes == index) & is_comb).astype(np.float32), 0.45)
        result[votes > best] = index
        best = np.maximum(best, votes)
    return result


def _filled_under_bees(classes: NDArray[np.uint8], is_comb: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Take the majority of the comb within a few bee lengths; further away the nearest wins as weights fall."""
    shape = classes.shape
    small = (max(1, shape[1] // 4), max(1, shape[0] // 4))
    best = np.zeros(small[::-1], np.float32)
    filled = np.full(small[::-1], MAP_CLASSES.index(CellClass.OPEN), np.uint8)
    for index in np.unique(classes[is_comb]) if is_comb.any() else []:
        votes = cv2.resize(
            ((classes == index) & is_comb).astype(np.float32), small, interpolation=cv2.INTER_AREA
        )
        near = cv2.GaussianBlur(votes, (0, 0), 0.6 * CELL_PX)
        wide = cv2.GaussianBlur(votes, (0, 0), 2.5 * CELL_PX)
        strength = near + 0.02 * wide
        filled[strength > best] = index
        best = np.maximum(best, strength)
    under = cv2.resize(filled, shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.where(is_comb, classes, under).astype(np.uint8)
