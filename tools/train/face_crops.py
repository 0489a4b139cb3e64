"""Crops of rendered faces, changed as cameras, light and hands change pictures, with the maps that the network learns.

The network is to read photographs of cameras nobody has tried: scale, sharpness, compression, colour of the light and
of the wax, shade, noise and a slight tilt are drawn anew for every crop.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bee_robot.hive.comb import CELL_CLASSES
from bee_robot.vision.straight_face import PX_PER_MM

CROP_PX = 224
STRIDE = 4
MAP = CROP_PX // STRIDE
WORKER, DRONE, QUEEN, QUEEN_CELL, VARROA = range(5)
BEE_SIGMA, CELL_SIGMA = 1.3, 0.9  # of a peak, in pixels of the map (millimetres)
LEAST_VISIBLE = 0.12  # a bee of which less is seen is neither asked for nor punished


@dataclass
class Half:
    """One file of face_pictures in memory."""

    bgr: np.ndarray
    bees: np.ndarray
    cells: np.ndarray
    queen_cells: np.ndarray

    @classmethod
    def load(cls, path: Path) -> Half:
        with np.load(path) as data:
            seen = data["is_seen"]
            labels = (_where_seen(data[name], seen) for name in ("bees", "cells", "queen_cells"))
            bees, cells, queen_cells = labels
            return cls(data["bgr"], bees, cells, queen_cells[queen_cells[:, 2] > 0.25][:, :2])

    @property
    def variety(self) -> float:
        """How much there is to learn from it: more where cells of many classes are."""
        return float((np.bincount(self.cells[:, 2].astype(int), minlength=8) > 20).sum()) ** 1.5

    def centre(self, rng: np.random.Generator) -> np.ndarray:
        """Where to cut: anywhere, or at something rare."""
        height, width = self.bgr.shape[:2]
        kind = rng.random()
        spread = rng.uniform(-0.35, 0.35, 2) * CROP_PX
        if kind < 0.3:
            rare = self.bees[(self.bees[:, 3] > 0) | (self.bees[:, 6] > 0)][:, :2]
            queens = self.bees[self.bees[:, 3] == QUEEN][:, :2]
            pools = [pool for pool in (rare, queens, self.queen_cells) if len(pool)]
            if pools:
                pool = pools[int(rng.integers(len(pools)))]
                return pool[int(rng.integers(len(pool)))] + spread
        elif kind < 0.6 and len(self.cells):
            classes = np.unique(self.cells[:, 2])
            pool = self.cells[self.cells[:, 2] == rng.choice(classes)][:, :2]
            return pool[int(rng.integers(len(pool)))] + spread
        return rng.uniform((0, 0), (width, height))


def _where_seen(labels: np.ndarray, seen: np.ndarray) -> np.ndarray:
    height, width = seen.shape
    x, y = labels[:, 0].astype(int), labels[:, 1].astype(int)
    is_inside = (labels[:, 0] >= 0) & (labels[:, 1] >= 0) & (x < width) & (y < height)
    return labels[is_inside & seen[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]]


def crop(half: Half, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(bgr uint8 (CROP_PX, CROP_PX, 3), maps by name, each float32 (channels, MAP, MAP))."""
    matrix = _placement(half.centre(rng), rng)
    picture = cv2.warpAffine(half.bgr, matrix, (CROP_PX, CROP_PX), flags=cv2.INTER_LINEAR)
    return change_look(picture, rng), _maps(half, matrix)


def _placement(centre: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Affine (2, 3) from the half to the crop: mostly upright, sometimes turned, mirrored, of another size."""
    turn = rng.normal(0, 0.05) + (np.pi / 2 * rng.integers(4) if rng.random() < 0.25 else 0)
    scale = np.exp(rng.normal(0, 0.07)) if rng.random() < 0.75 else rng.uniform(0.75, 1.3)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = linear @ (np.eye(2) + rng.normal(0, 0.02, (2, 2)))
    if rng.random() < 0.5:
        linear[:, 0] *= -1
    if rng.random() < 0.2:
        linear[:, 1] *= -1
    middle = np.array([CROP_PX / 2, CROP_PX / 2])
    # Corner coordinates: warpAffine speaks of pixel middles, which lie half a pixel further.
    offset = middle - linear @ centre
    offset = offset - 0.5 + linear @ np.array([0.5, 0.5])
    return np.column_stack([linear, offset])


def change_look(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same crop through another camera in another light."""
    image = picture.astype(np.float32)
    if rng.random() < 0.85:
        image = _change_light(image, rng)
    if rng.random() < 0.35:
        sigma = rng.uniform(0.3, 1.1)
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    side = image.shape[0]
    px_per_mm = PX_PER_MM if rng.random() < 0.7 else rng.uniform(1.5, 4.0)
    small = max(32, round(side * px_per_mm / PX_PER_MM))
    if small < side:
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6:
        image = image + rng.normal(0, rng.uniform(0.5, 7), image.shape).astype(np.float32)
    if rng.random() < 0.3:  # sharpened in the camera
        image = image + rng.uniform(0.2, 1.0) * (image - cv2.GaussianBlur(image, (0, 0), 1.2))
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        quality = int(rng.integers(35, 96))
        image = cv2.imdecode(
            cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR
        )
    if small < side:
        how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[int(rng.integers(2))]
        image = cv2.resize(image, (side, side), interpolation=how)
    return image


def _change_light(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    value = np.clip(image / 255, 0, 1)
    value = value ** np.float32(np.exp(rng.normal(0, 0.25)))
    gains = np.exp(rng.normal(0, 0.20) + rng.normal(0, 0.12, 3)).astype(np.float32)
    value = value * gains
    grey = value.mean(axis=2, keepdims=True)
    value = grey + (value - grey) * np.float32(rng.uniform(0.45, 1.4))
    middle = float(value.mean())
    value = (value - middle) * np.float32(rng.uniform(0.7, 1.3)) + middle + np.float32(rng.normal(0, 0.04))
    if rng.random() < 0.35:  # shade of a hand, or light that falls off
        n = value.shape[0]
        y, x = np.mgrid[:n, :n].astype(np.float32) / n - 0.5
        angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
        ramp = (x * np.cos(angle) + y * np.sin(angle) - place) / rng.uniform(0.03, 1.0)
        value = value * (1 - rng.uniform(0, 0.6) / (1 + np.exp(-np.clip(ramp, -30, 30))))[..., None].astype(
            np.float32
        )
    return value * 255


def _maps(half: Half, matrix: np.ndarray) -> dict[str, np.ndarray]:
    objects = np.zeros((5, MAP, MAP), np.float32)
    objects_weight = np.ones((5, MAP, MAP), np.float32)
    geometry, geometry_weight = np.zeros((3, MAP, MAP), np.float32), np.zeros((1, MAP, MAP), np.float32)
    linear = matrix[:, :2]
    offset = matrix[:, 2] + 0.5 - linear @ np.array([0.5, 0.5])
    size = np.sqrt(abs(np.linalg.det(linear)))
    bees = half.bees
    places = (bees[:, :2] @ linear.T + offset) / STRIDE
    ahead = np.column_stack([np.cos(bees[:, 2]), -np.sin(bees[:, 2])]) @ linear.T
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    near = np.flatnonzero(((places > -6) & (places < MAP + 6)).all(axis=1))
    for k in near[np.argsort(bees[near, 5])]:
        caste = int(bees[k, 3])
        rows, columns, fall = _peak(places[k], BEE_SIGMA)
        if not fall.size:
            continue
        if bees[k, 5] < LEAST_VISIBLE:
            objects_weight[:3, rows, columns] *= 1 - (fall > 0.1)
            continue
        np.maximum(objects[caste, rows, columns], fall, out=objects[caste, rows, columns])
        objects_weight[:, rows, columns] = np.maximum(objects_weight[:, rows, columns], fall > 0.1)
        if bees[k, 6]:
            np.maximum(objects[VARROA, rows, columns], fall, out=objects[VARROA, rows, columns])
        is_core = fall > 0.35
        values = (ahead[k, 0], -ahead[k, 1], bees[k, 4] * size / PX_PER_MM / 10)
        for channel, value in enumerate(values):
            geometry[channel, rows, columns][is_core] = value
        geometry_weight[0, rows, columns][is_core] = 1
    for place in (half.queen_cells @ linear.T + offset) / STRIDE if len(half.queen_cells) else ():
        rows, columns, fall = _peak(place, 2.0)
        if fall.size:
            np.maximum(objects[QUEEN_CELL, rows, columns], fall, out=objects[QUEEN_CELL, rows, columns])
    return {
        "objects": objects,
        "objects_weight": objects_weight,
        "geometry": geometry,
        "geometry_weight": geometry_weight,
        **_cell_maps(half.cells, linear, offset),
    }


def _cell_maps(cells: np.ndarray, linear: np.ndarray, offset: np.ndarray) -> dict[str, np.ndarray]:
    """centre: heat; its weight is less where a bee hides the cell. class: index or 255. visible: share, weight."""
    heat, heat_weight = np.zeros((1, MAP, MAP), np.float32), np.ones((1, MAP, MAP), np.float32)
    classes = np.full((MAP, MAP), 255, np.uint8)
    visible, visible_weight = np.zeros((1, MAP, MAP), np.float32), np.zeros((1, MAP, MAP), np.float32)
    places = (cells[:, :2] @ linear.T + offset) / STRIDE
    near = ((places > -2) & (places < MAP + 2)).all(axis=1)
    for (x, y), (cell_class, share) in zip(places[near], cells[near, 2:4]):
        rows, columns, fall = _peak(np.array([x, y]), CELL_SIGMA)
        if not fall.size:
            continue
        closer = fall > heat[0, rows, columns]
        heat[0, rows, columns][closer] = fall[closer]
        if share < 0.5:
            heat_weight[0, rows, columns][closer] = 0.25
        is_core = fall > 0.4
        if share >= 0.4:
            classes[rows, columns][is_core] = int(cell_class)
        visible[0, rows, columns][is_core] = share
        visible_weight[0, rows, columns][is_core] = 1
    return {
        "cell_centre": heat,
        "cell_centre_weight": heat_weight,
        "cell_class": classes,
        "cell_visible": visible,
        "cell_visible_weight": visible_weight,
    }


def _peak(place: np.ndarray, sigma: float) -> tuple[slice, slice, np.ndarray]:
    """Rows, columns and the values of a Gaussian around a place in pixels of the map, counted from the corner."""
    reach = int(np.ceil(3 * sigma))
    x0, y0 = max(0, int(place[0]) - reach), max(0, int(place[1]) - reach)
    x1, y1 = min(MAP, int(place[0]) + reach + 1), min(MAP, int(place[1]) + reach + 1)
    if x1 <= x0 or y1 <= y0:
        return slice(0, 0), slice(0, 0), np.empty((0, 0), np.float32)
    dx = np.arange(x0, x1) + 0.5 - place[0]
    dy = np.arange(y0, y1) + 0.5 - place[1]
    fall = np.exp(-0.5 * (dy[:, None] ** 2 + dx[None, :] ** 2) / sigma**2)
    return slice(y0, y1), slice(x0, x1), fall.astype(np.float32)


assert len(CELL_CLASSES) == 8  # the network's channels
