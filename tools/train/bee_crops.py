"""Random square crops of labelled photographs, with the maps that a bee detector learns from.

A crop is uint8 (3, SIDE_PX, SIDE_PX), BGR. The maps have one value for STRIDE_PX x STRIDE_PX pixels:
heat (1 in the middle of a bee, a Gaussian around it), boxes (distances from the middle of the map's pixel to the
left, top, right and lower side of the bee, pixels), weight of the box, kind (index, -1: nothing to learn), mask (0: ignored).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from bee_pictures import LabelledPicture
from numpy.typing import NDArray

SIDE_PX = 256
STRIDE_PX = 4
SMALLEST_BEE_PX, LARGEST_BEE_PX = 10.0, 60.0  # side of a square as large as the box; others are ignored
HUGE_BEE_PX = 76.0  # from here on bees are background: their legs and heads must not pass for small bees
SMALLEST_DRAWN_PX, LARGEST_DRAWN_PX = 14.0, 46.0
LARGEST_ENLARGEMENT = 2.2
LEAST_FILLED = 0.6  # of a crop's side by the picture
LEAST_VISIBLE = 0.35  # of a box that the crop's edge cuts; what shows less is ignored
BACKGROUND_SHARE, MOSAIC_SHARE = 0.20, 0.10
BACKGROUND_BEE_PX = (16.0, 400.0)  # sizes that bees are supposed to have there
GAUSSIAN_SHARE = 0.54 / 6  # of a box's side, as in TTFNet
KIND_DRAW_WEIGHTS = np.array([1.0, 4.0, 4.0])


@dataclass(frozen=True)
class Crop:
    bgr: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    kinds: NDArray[np.int64]
    ignored: NDArray[np.float32]


class CropSource:
    """Draws crops from pictures; a group of pictures has its share, a picture in it its weight."""

    def __init__(self, groups: list[tuple[float, list[LabelledPicture]]], seed: int) -> None:
        self._groups = [group for _, group in groups if group]
        shares = np.array([share for share, group in groups if group])
        self._shares = shares / shares.sum()
        self._weights = []
        for group in self._groups:
            weights = np.array([picture.weight for picture in group])
            self._weights.append(weights / weights.sum())
        self._random = np.random.default_rng(seed)

    def draw(self) -> Crop:
        if self._random.random() < MOSAIC_SHARE:
            return self._mosaic()
        return self._coloured(self._one(SIDE_PX))

    def _mosaic(self) -> Crop:
        half = SIDE_PX // 2
        bgr = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
        boxes, kinds, ignored = [], [], []
        for x, y in ((0, 0), (half, 0), (0, half), (half, half)):
            part = self._coloured(self._one(half))
            bgr[y : y + half, x : x + half] = part.bgr
            shift = np.array([x, y, x, y], np.float32)
            boxes.append(part.boxes + shift)
            ignored.append(part.ignored + shift)
            kinds.append(part.kinds)
        return Crop(bgr, np.concatenate(boxes), np.concatenate(kinds), np.concatenate(ignored))

    def _one(self, side_px: int) -> Crop:
        random = self._random
        which = random.choice(len(self._groups), p=self._shares)
        group = self._groups[which]
        picture = group[random.choice(len(group), p=self._weights[which])]
        centre, bee_px = self._aim(picture)
        largest = LARGEST_DRAWN_PX * (side_px / SIDE_PX) ** 0.5
        drawn_px = float(np.exp(random.uniform(np.log(SMALLEST_DRAWN_PX), np.log(largest))))
        filling = LEAST_FILLED * side_px / min(picture.bgr.shape[:2])
        enlargement = min(max(drawn_px / bee_px, filling), LARGEST_ENLARGEMENT)
        stretch = float(np.exp(random.normal(0, 0.09)))
        turns = int(random.integers(4)) if picture.may_turn or random.random() < 0.3 else 0
        matrix = _placing(enlargement * stretch, enlargement / stretch, turns, random.random() < 0.5)
        middle = side_px / 2 + random.uniform(-0.45, 0.45, 2) * side_px
        matrix[:, 2] = middle - matrix[:, :2] @ centre
        matrix[:, 2] += _into_view(matrix, picture.bgr.shape[1], picture.bgr.shape[0], side_px)
        return _cut(picture, matrix, enlargement, side_px)

    def _aim(self, picture: LabelledPicture) -> tuple[NDArray[np.float64], float]:
        """Where the crop looks, and how large a bee is there, pixels."""
        random = self._random
        sides = np.sqrt(np.prod(picture.boxes[:, 2:] - picture.boxes[:, :2], axis=1))
        height, width = picture.bgr.shape[:2]
        is_background = not len(sides) or random.random() < BACKGROUND_SHARE
        if is_background or (len(picture.points) and random.random() < 0.5):
            # at any scale: what other sizes of a picture show must not pass for bees
            supposed_px = float(np.exp(random.uniform(*np.log(BACKGROUND_BEE_PX))))
            places = np.concatenate([picture.points, (picture.boxes[:, :2] + picture.boxes[:, 2:]) / 2])
            if len(places) and random.random() < 0.5:
                return places[random.integers(len(places))].astype(np.float64), supposed_px
            return random.random(2) * (width, height), supposed_px
        weights = KIND_DRAW_WEIGHTS[picture.kinds]
        chosen = random.choice(len(sides), p=weights / weights.sum())
        box = picture.boxes[chosen].astype(np.float64)
        return (box[:2] + box[2:]) / 2, float(sides[chosen])

    def _coloured(self, crop: Crop) -> Crop:
        return Crop(_disturb(crop.bgr, self._random), crop.boxes, crop.kinds, crop.ignored)


def _placing(x_scale: float, y_scale: float, turns: int, mirrored: bool) -> NDArray[np.float64]:
    linear = np.diag([-x_scale if mirrored else x_scale, y_scale])
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    linear = np.linalg.matrix_power(quarter, turns) @ linear
    return np.hstack([linear, np.zeros((2, 1))])


def _into_view(matrix: NDArray[np.float64], width: int, height: int, side_px: int) -> NDArray[np.float64]:
    """The shift that leaves least of a crop outside the picture."""
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ matrix[:, :2].T + matrix[:, 2]
    low, high = corners.min(axis=0), corners.max(axis=0)
    is_large = high - low >= side_px
    filled = -np.maximum(low, 0) + np.maximum(side_px - high, 0)
    whole = np.maximum(-low, 0) - np.maximum(high - side_px, 0)
    return np.where(is_large, filled, whole)


def _cut(picture: LabelledPicture, matrix: NDArray[np.float64], factor: float, side_px: int) -> Crop:
    source, reduction = picture.level(factor)
    inside = matrix.copy()
    inside[:, :2] /= reduction
    fill = tuple(int(value) for value in picture.bgr[::97, ::89].reshape(-1, 3).mean(axis=0))
    bgr = cv2.warpAffine(
        source,
        inside,
        (side_px, side_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=fill,
    )
    boxes, ignored = _moved(picture.boxes, matrix), _moved(picture.ignored, matrix)
    whole = _areas(boxes)
    clipped, ignored = np.clip(boxes, 0, side_px), np.clip(ignored, 0, side_px)
    sides = np.sqrt(whole)
    visible = _areas(clipped) / np.maximum(whole, 1e-6)
    shows = visible > 0.02
    learned = (visible > LEAST_VISIBLE) & (sides > SMALLEST_BEE_PX) & (sides < LARGEST_BEE_PX)
    return Crop(
        bgr=np.asarray(bgr, np.uint8),
        boxes=clipped[learned],
        kinds=picture.kinds[learned],
        ignored=np.concatenate(
            [ignored[_areas(ignored) > 0], clipped[shows & ~learned & (sides < HUGE_BEE_PX)]]
        ),
    )


def _moved(boxes: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    ends = boxes.reshape(-1, 2, 2) @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([ends.min(axis=1), ends.max(axis=1)], axis=1).astype(np.float32)


def _areas(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)


def _disturb(bgr: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Light, colour, blur, noise and compression as phones and hive cameras make them."""
    table = np.arange(256, dtype=np.float32) / 255
    gamma = np.exp(random.normal(0, 0.3))
    gains = np.exp(random.normal(0, 0.25)) * np.exp(random.normal(0, 0.12, 3))
    curves = [np.clip((table**gamma) * gain + random.normal(0, 0.03), 0, 1) * 255 for gain in gains]
    out = cv2.LUT(bgr, np.stack(curves, axis=-1).astype(np.uint8)[None])
    if random.random() < 0.4:
        hsv = cv2.cvtColor(out, cv2.COLOR_BGR2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(random.integers(-20, 21))) % 180
        hsv[..., 1] = np.clip(hsv[..., 1] * random.uniform(0.3, 1.5), 0, 255)
        out = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    if random.random() < 0.12:
        out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if random.random() < 0.3:
        out = cv2.GaussianBlur(out, (0, 0), random.uniform(0.4, 2.0))
    if random.random() < 0.1:
        length = int(random.integers(3, 9))
        kernel = np.zeros((length, length), np.float32)
        if random.random() < 0.5:
            kernel[length // 2] = 1 / length
        else:
            kernel[:, length // 2] = 1 / length
        out = cv2.filter2D(out, -1, kernel)
    if random.random() < 0.25:
        grain = random.normal(0, random.uniform(2, 10), out.shape).astype(np.float32)
        out = np.clip(out + grain, 0, 255).astype(np.uint8)
    if random.random() < 0.3:
        quality = int(random.integers(25, 90))
        out = cv2.imdecode(
            cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR
        )
    return np.asarray(out, np.uint8)


def maps_of(crop: Crop) -> tuple[NDArray[np.float32], ...]:
    """heat (1, h, w), boxes (4, h, w), weight (1, h, w), kind (h, w) int64, mask (1, h, w)."""
    size = SIDE_PX // STRIDE_PX
    heat, weight = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    sides = np.ones((4, size, size), np.float32)
    kind, mask = np.full((size, size), -1, np.int64), np.ones((size, size), np.float32)
    for x0, y0, x1, y1 in crop.ignored / STRIDE_PX:
        mask[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))] = 0
    middle = (np.arange(size, dtype=np.float32) + 0.5) * STRIDE_PX
    for index in np.argsort(-_areas(crop.boxes)):  # small bees over large ones
        x0, y0, x1, y1 = crop.boxes[index]
        x_px, y_px = min((x0 + x1) / 2, SIDE_PX - 1), min((y0 + y1) / 2, SIDE_PX - 1)
        column, row = int(x_px // STRIDE_PX), int(y_px // STRIDE_PX)
        across = np.exp(-((middle - middle[column]) ** 2) / (2 * max(2.0, GAUSSIAN_SHARE * (x1 - x0)) ** 2))
        down = np.exp(-((middle - middle[row]) ** 2) / (2 * max(2.0, GAUSSIAN_SHARE * (y1 - y0)) ** 2))
        bell = down[:, None] * across[None, :]
        heat = np.maximum(heat, bell)
        core = bell > 0.3
        mask[core] = 1
        weight[core] = bell[core] / bell[core].sum()
        kind[core] = crop.kinds[index]
        distances = (
            middle[None, :] - x0 + 0 * middle[:, None],
            middle[:, None] - y0 + 0 * middle[None, :],
            x1 - middle[None, :] + 0 * middle[:, None],
            y1 - middle[:, None] + 0 * middle[None, :],
        )
        for plane, distance in zip(sides, distances):
            plane[core] = np.maximum(distance[core], 0.5)
    return heat[None], sides, weight[None], kind, mask[None]
