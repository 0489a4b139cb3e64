"""Crops of rendered faces, changed as cameras, light and hands change pictures, with the maps that the network learns.

The network is to read photographs of cameras nobody has tried: scale, sharpness, compression, colour of the light and
of the wax, shade, noise and a slight tilt are drawn anew for every crop.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bee_robot.hive.comb import CELL_CLASSES, CellClass
from bee_robot.vision.straight_face import PX_PER_MM

CROP_PX = 288
STRIDE = 4
MAP = CROP_PX // STRIDE
CAPPED_BROOD, DRONE_BROOD, HONEY = (
    CELL_CLASSES.index(c) for c in (CellClass.CAPPED_BROOD, CellClass.DRONE_BROOD, CellClass.HONEY)
)
OPEN_CELLS = tuple(
    CELL_CLASSES.index(c) for c in (CellClass.EMPTY, CellClass.EGGS, CellClass.LARVAE, CellClass.NECTAR)
)
WORKER, DRONE, QUEEN, QUEEN_CELL, VARROA = range(5)
AS_IT_IS = 0.3  # share of crops as the robot's cameras deliver them
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

    def centre(self, rng: np.random.Generator, rare_share: float) -> np.ndarray:
        """Where to cut: anywhere, or at something rare."""
        height, width = self.bgr.shape[:2]
        kind = rng.random()
        spread = rng.uniform(-0.35, 0.35, 2) * CROP_PX
        if kind < rare_share:
            rare = self.bees[(self.bees[:, 3] > 0) | (self.bees[:, 6] > 0)][:, :2]
            queens = self.bees[self.bees[:, 3] == QUEEN][:, :2]
            pools = [pool for pool in (rare, queens, self.queen_cells) if len(pool)]
            if pools:
                pool = pools[int(rng.integers(len(pools)))]
                return pool[int(rng.integers(len(pool)))] + spread
        elif kind < rare_share + 0.3 and len(self.cells):
            classes = np.unique(self.cells[:, 2])
            pool = self.cells[self.cells[:, 2] == rng.choice(classes)][:, :2]
            return pool[int(rng.integers(len(pool)))] + spread
        return rng.uniform((0, 0), (width, height))


def _where_seen(labels: np.ndarray, seen: np.ndarray) -> np.ndarray:
    height, width = seen.shape
    x, y = labels[:, 0].astype(int), labels[:, 1].astype(int)
    is_inside = (labels[:, 0] >= 0) & (labels[:, 1] >= 0) & (x < width) & (y < height)
    return labels[is_inside & seen[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]]


def crop(
    half: Half, rng: np.random.Generator, rare_share: float = 0.3
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(bgr uint8 (CROP_PX, CROP_PX, 3), maps by name, each float32 (channels, MAP, MAP))."""
    matrix = _placement(half.centre(rng, rare_share), rng)
    picture = cv2.warpAffine(half.bgr, matrix, (CROP_PX, CROP_PX), flags=cv2.INTER_LINEAR)
    linear, offset = _corner_affine(matrix)
    cells = half.cells.copy()
    cells[:, :2] = cells[:, :2] @ linear.T + offset
    near = ((cells[:, :2] > -20) & (cells[:, :2] < CROP_PX + 20)).all(axis=1)
    maps = _maps(half, matrix)
    if rng.random() < AS_IT_IS:
        return _compressed(picture, int(rng.integers(80, 96))), maps
    picture = change_comb(picture, cells[near], rng)
    if rng.random() < 0.12:
        picture = _hide(picture, maps, rng)
    return change_look(picture, rng), maps


def _compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """As a JPEG file of this quality keeps it."""
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _corner_affine(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear part and offset for coordinates that count from the corner; OpenCV's count from the first pixel's middle."""
    linear = matrix[:, :2]
    return linear, matrix[:, 2] + 0.5 - linear @ np.array([0.5, 0.5])


def change_comb(picture: np.ndarray, cells: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cappings of brood from straw to dark brown or greyish pink, of honey from white to wet amber, open cells lighter or darker:
    combs of other bees, flowers and ages than the renderer's. cells (C, 4): x, y in the crop, class, visible."""
    image = picture.astype(np.float32)
    for classes, chance in (((CAPPED_BROOD, DRONE_BROOD), 0.75), ((HONEY,), 0.45), (OPEN_CELLS, 0.25)):
        chosen = np.isin(cells[:, 2], classes) & (cells[:, 3] > 0.6)
        if rng.random() > chance or chosen.sum() < 2:
            continue
        mask = np.zeros(picture.shape[:2], np.uint8)
        for x, y in cells[chosen, :2]:
            cv2.circle(mask, (int(x), int(y)), 10, 255, -1)
        share = cv2.GaussianBlur(mask, (0, 0), 1.2).astype(np.float32)[..., None] / 255
        changed = _tinted(image, classes, rng)
        image += (changed - image) * share
    return np.clip(image, 0, 255).astype(np.uint8)


def _tinted(image: np.ndarray, classes: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if CAPPED_BROOD in classes:
        tinted = _saturated(image, rng.uniform(0.25, 1.1))
        return tinted * (rng.uniform(0.6, 1.45) * np.exp(rng.normal(0, 0.14, 3))).astype(np.float32)
    if HONEY in classes:
        amber = np.array([rng.uniform(0.35, 1.0), rng.uniform(0.75, 1.0), 1.0], np.float32)
        tinted = image * amber * np.float32(rng.uniform(0.65, 1.1))
        if rng.random() < 0.6:  # wet cappings: blotches where the honey touches them
            noise = rng.normal(0, 1, (CROP_PX // 8, CROP_PX // 8)).astype(np.float32)
            noise = cv2.resize(
                cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.6, 2.5)),
                (CROP_PX, CROP_PX),
                interpolation=cv2.INTER_CUBIC,
            )
            wet = (1 / (1 + np.exp(-4 * (noise / noise.std() - rng.uniform(-0.5, 1.5)))))[..., None].astype(
                np.float32
            )
            tinted = tinted * (1 - wet * (1 - amber * rng.uniform(0.35, 0.8)))
        return tinted
    return image * np.float32(rng.uniform(0.6, 1.5))


def _hide(picture: np.ndarray, maps: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Something that is no comb over a part of the crop: wood, cloth, a hand, grass. What was there is no longer asked for."""
    n = CROP_PX
    angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.45)
    y, x = np.mgrid[:n, :n].astype(np.float32) / n - 0.5
    is_over = (x * np.cos(angle) + y * np.sin(angle)) > place
    grain = rng.normal(0, 1, (n, n)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), sigmaX=rng.uniform(0.5, 25), sigmaY=rng.uniform(0.5, 4))
    turned = cv2.warpAffine(
        grain,
        cv2.getRotationMatrix2D((n / 2, n / 2), rng.uniform(0, 180), 1.5),
        (n, n),
        borderMode=cv2.BORDER_REFLECT,
    )
    surface = rng.uniform(10, 235, 3) + turned[..., None] / max(float(turned.std()), 1e-3) * rng.uniform(
        2, 40
    )
    hidden = picture.copy()
    hidden[is_over] = np.clip(surface, 0, 255).astype(np.uint8)[is_over]
    over = is_over.reshape(MAP, STRIDE, MAP, STRIDE).mean(axis=(1, 3)) > 0.5
    for name in (
        "objects",
        "geometry",
        "geometry_weight",
        "cell_centre",
        "cell_visible",
        "cell_visible_weight",
    ):
        maps[name][:, over] = 0
    for name in ("objects_weight", "cell_centre_weight"):
        maps[name][:, over] = 1
    maps["cell_class"][over] = 255
    return hidden


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
    px_per_mm = PX_PER_MM if rng.random() < 0.7 else rng.uniform(1.2, 4.0)
    small = max(32, round(side * px_per_mm / PX_PER_MM))
    if small < side:
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6:
        image = image + np.float32(rng.uniform(0.5, 7)) * rng.standard_normal(image.shape, np.float32)
    if rng.random() < 0.3:  # sharpened in the camera
        image = image + rng.uniform(0.2, 1.0) * (image - cv2.GaussianBlur(image, (0, 0), 1.2))
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        image = _compressed(image, int(rng.integers(35, 96)))
    if small < side:
        how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[int(rng.integers(2))]
        image = cv2.resize(image, (side, side), interpolation=how)
    return image


def _change_light(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Tone curve, colour of the light, saturation and contrast; float32 in and out, 0 to 255."""
    levels = (np.arange(256, dtype=np.float32) / 255) ** np.float32(np.exp(rng.normal(0, 0.22)))
    gains = np.exp(rng.normal(0, 0.18) + rng.normal(0, 0.08, 3)).astype(np.float32)
    table = np.ascontiguousarray((255 * levels[:, None] * gains[None, :])[None])
    value = _saturated(cv2.LUT(np.clip(image, 0, 255).astype(np.uint8), table), rng.uniform(0.5, 1.25))
    middle, contrast = float(value[::8, ::8].mean()), rng.uniform(0.7, 1.3)
    value = value * np.float32(contrast) + np.float32(middle * (1 - contrast) + 255 * rng.normal(0, 0.04))
    if rng.random() < 0.35:  # shade of a hand, or light that falls off
        n = value.shape[0]
        y, x = np.mgrid[: n // 8, : n // 8].astype(np.float32) / (n // 8) - 0.5
        angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
        ramp = (x * np.cos(angle) + y * np.sin(angle) - place) / rng.uniform(0.05, 1.0)
        shade = 1 - rng.uniform(0, 0.6) / (1 + np.exp(-np.clip(ramp, -30, 30)))
        value *= cv2.resize(shade.astype(np.float32), (n, n))[..., None]
    return value


def _saturated(image: np.ndarray, share: float) -> np.ndarray:
    """Colours mixed with their grey: 0 grey, 1 as they are."""
    return cv2.transform(image, share * np.eye(3) + (1 - share) / 3)


def _maps(half: Half, matrix: np.ndarray) -> dict[str, np.ndarray]:
    objects = np.zeros((5, MAP, MAP), np.float32)
    objects_weight = np.ones((5, MAP, MAP), np.float32)
    geometry, geometry_weight = np.zeros((3, MAP, MAP), np.float32), np.zeros((1, MAP, MAP), np.float32)
    linear, offset = _corner_affine(matrix)
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
    heat, heat_weight = np.zeros((MAP, MAP), np.float32), np.ones((MAP, MAP), np.float32)
    classes = np.full((MAP, MAP), 255, np.uint8)
    visible, visible_weight = np.zeros((MAP, MAP), np.float32), np.zeros((MAP, MAP), np.float32)
    places = (cells[:, :2] @ linear.T + offset) / STRIDE
    near = ((places > -2) & (places < MAP + 2)).all(axis=1)
    places, kinds, shares = places[near], cells[near, 2].astype(np.uint8), cells[near, 3]
    reach = int(np.ceil(3 * CELL_SIGMA))
    window = np.arange(-reach, reach + 1)
    columns = np.floor(places[:, 0]).astype(int)[:, None, None] + window[None, None, :]
    rows = np.floor(places[:, 1]).astype(int)[:, None, None] + window[None, :, None]
    rows, columns = np.broadcast_arrays(rows, columns)
    square = (rows + 0.5 - places[:, 1, None, None]) ** 2 + (columns + 0.5 - places[:, 0, None, None]) ** 2
    fall = np.exp(-0.5 * square / CELL_SIGMA**2).astype(np.float32)
    is_in = (rows >= 0) & (columns >= 0) & (rows < MAP) & (columns < MAP)
    np.maximum.at(heat, (rows[is_in], columns[is_in]), fall[is_in])
    # Cells stand so far apart that their cores do not touch.
    owner = np.broadcast_to(np.arange(len(places))[:, None, None], rows.shape)
    core, wide = is_in & (fall > 0.4), is_in & (fall > 0.1)
    hidden = wide & (shares < 0.5)[:, None, None]
    heat_weight[rows[hidden], columns[hidden]] = 0.25
    known = core & (shares >= 0.4)[:, None, None]
    classes[rows[known], columns[known]] = kinds[owner[known]]
    visible[rows[core], columns[core]] = shares[owner[core]]
    visible_weight[rows[core], columns[core]] = 1
    return {
        "cell_centre": heat[None],
        "cell_centre_weight": heat_weight[None],
        "cell_class": classes,
        "cell_visible": visible[None],
        "cell_visible_weight": visible_weight[None],
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
