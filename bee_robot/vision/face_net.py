"""What the trained network sees on a straight picture of a face: bees, cells, queen cells, mites.

`tools/train/train_face_net.py` makes the network; its card in `vision/models/` says from what.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CELL_CLASSES, Caste
from bee_robot.hive.face import Finding, FindingKind, SeenBee
from bee_robot.vision.mites import find_mites
from bee_robot.vision.model_runtime import Model, load_model
from bee_robot.vision.straight_face import BLOCK_PX, StraightFace

STRIDE_PX = 4  # of the network's maps: one millimetre
CASTES: tuple[Caste, ...] = (Caste.WORKER, Caste.DRONE, Caste.QUEEN)
QUEEN, QUEEN_CELL = 2, 3  # channels of "objects", which begins with CASTES
#: A peak counts from here on: where the count of bees on rendered faces, kept apart for this, has no bias.
BEE_THRESHOLD = 0.41
BEE_THRESHOLD_ELSEWHERE = 0.50  # there, wet cappings and wood resemble bees too
QUEEN_THRESHOLD = 0.5
QUEEN_CELL_THRESHOLD = 0.45
CELL_THRESHOLD = 0.30
HIDDEN_SHARE = 0.5  # a cell of which less is seen has no class
SAME_BEE_ALONG, SAME_BEE_ACROSS_MM = (
    0.33,
    1.9,
)  # two peaks on one body: share of its length along it, and beside it
LENGTH_UNIT_MM = 10.0
BAR_MARGIN_MM = 1.0

Map = NDArray[np.float32]


@dataclass(frozen=True)
class SeenCells:
    """N cells as columns. place_mm: float64 (N, 2). class_probability: float32 (N, 8) in the order of CELL_CLASSES.

    visible: float32 (N,), how much of the cell no bee hides, 0 to 1. probability: float32 (N,), that there is a cell.
    """

    place_mm: NDArray[np.float64]
    class_probability: Map
    visible: Map
    probability: Map

    @property
    def is_hidden(self) -> NDArray[np.bool_]:
        return np.asarray(self.visible < HIDDEN_SHARE, np.bool_)


@dataclass(frozen=True)
class FaceReading:
    """Everything found on one straight picture, in millimetres of the face. visible: float32 map at 1 mm, 0 under bees."""

    bees: tuple[SeenBee, ...]
    cells: SeenCells
    findings: tuple[Finding, ...]
    visible: Map


class FaceNet:
    """The network with its runtime. name, version and provider go into every result."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.name, self.version, self.provider = model.name, model.version, model.provider

    def read(self, face: StraightFace) -> FaceReading:
        """Find everything; takes about half a second of one core for a whole face."""
        maps = self._maps(face.bgr)
        objects, centre, visible = (
            _probability(maps[name][0]) for name in ("objects", "cell_centre", "cell_visible")
        )
        seen = face.is_seen[STRIDE_PX // 2 :: STRIDE_PX, STRIDE_PX // 2 :: STRIDE_PX]
        objects, centre = objects * seen, centre * seen * _between_bars(face)
        bees = _bees(face, objects[: len(CASTES)], maps["geometry"][0])
        return FaceReading(
            bees=bees,
            cells=_cells(face, centre[0], maps["cell_class"][0], visible[0]),
            findings=_queen_cells(face, np.ascontiguousarray(objects[QUEEN_CELL])) + find_mites(face, bees),
            visible=visible[0],
        )

    def _maps(self, bgr: NDArray[np.uint8]) -> dict[str, Map]:
        height, width = bgr.shape[:2]
        below, right = -height % BLOCK_PX, -width % BLOCK_PX
        padded = cv2.copyMakeBorder(bgr, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        planes = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], np.float32)
        outputs = self._model.run(picture=planes)
        # As many as straight pictures have pixels in the middle of a block.
        rows, columns = ((side + STRIDE_PX // 2 - 1) // STRIDE_PX for side in (height, width))
        return {
            name: np.asarray(output[:, :, :rows, :columns], np.float32) for name, output in outputs.items()
        }


def _between_bars(face: StraightFace) -> NDArray[np.bool_]:
    """bool at 1 mm: where comb can be. On the straight picture of the robot's own frames the bars have known places."""
    if not face.is_own_camera:
        return np.ones((1, 1), np.bool_)
    x_mm, y_mm = (values[STRIDE_PX // 2 :: STRIDE_PX] for values in (face.grid.x_mm, face.grid.y_mm))
    is_column = np.abs(x_mm) < face.comb.width_mm / 2 + BAR_MARGIN_MM
    is_row = np.abs(y_mm) < face.comb.height_mm / 2 + BAR_MARGIN_MM
    return np.asarray(is_row[:, None] & is_column[None, :], np.bool_)


@lru_cache(maxsize=2)
def load_face_net(threads: int = 1) -> FaceNet:
    """The network that ships with the program."""
    return FaceNet(load_model("face_net", threads=threads))


def _probability(logits: Map) -> Map:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float32)


def _peaks(heat: Map, threshold: float, reach: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of local maxima over `threshold` with nothing higher within `reach` pixels."""
    size = 2 * reach + 1
    disc = (
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)) if reach > 1 else np.ones((3, 3), np.uint8)
    )
    is_top = (heat >= cv2.dilate(heat, disc)) & (heat > threshold)
    rows, columns = np.nonzero(is_top)
    return rows, columns


def _places_mm(
    face: StraightFace, heat: Map, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Tops of the peaks between the pixels: parabolas through the logarithm, as a Gaussian has them."""
    padded = np.log(np.maximum(np.pad(heat, 1, mode="edge"), 1e-4)).astype(np.float64)
    r, c = rows + 1, columns + 1
    dx = _vertex(padded[r, c - 1], padded[r, c], padded[r, c + 1])
    dy = _vertex(padded[r - 1, c], padded[r, c], padded[r + 1, c])
    return face.grid.to_mm((columns + 0.5 + dx) * STRIDE_PX, (rows + 0.5 + dy) * STRIDE_PX)


def _vertex(
    before: NDArray[np.float64], top: NDArray[np.float64], after: NDArray[np.float64]
) -> NDArray[np.float64]:
    bend = np.minimum(before - 2 * top + after, -1e-6)
    return np.asarray(np.clip(0.5 * (before - after) / bend, -0.5, 0.5), np.float64)


def _bees(face: StraightFace, castes: Map, geometry: Map) -> tuple[SeenBee, ...]:
    queen = np.where(castes[QUEEN] >= QUEEN_THRESHOLD, castes[QUEEN], 0)
    heat = np.ascontiguousarray(np.maximum(castes[:QUEEN].max(axis=0), queen))
    rows, columns = _peaks(heat, BEE_THRESHOLD if face.is_own_camera else BEE_THRESHOLD_ELSEWHERE, 1)
    if not rows.size:
        return ()
    places = _places_mm(face, heat, rows, columns)
    cosine, sine, length = geometry[:, rows, columns]
    heading = np.arctan2(sine, cosine)
    length_mm = np.clip(length * LENGTH_UNIT_MM, 6.0, 30.0)
    probability = heat[rows, columns]
    caste = castes[:QUEEN, rows, columns].argmax(axis=0)
    caste[queen[rows, columns] > 0] = QUEEN
    kept = _one_peak_a_body(places, heading, length_mm, probability)
    return tuple(
        SeenBee(
            float(places[k, 0]),
            float(places[k, 1]),
            CASTES[int(caste[k])],
            float(probability[k]),
            float(length_mm[k]),
            float(heading[k]) if math.hypot(cosine[k], sine[k]) > 0.3 else None,
        )
        for k in kept
    )


def _one_peak_a_body(
    places: NDArray[np.float64], heading: Map, length_mm: Map, probability: Map
) -> list[int]:
    """Strongest first; a weaker peak on the same body, that is along it and not beside it, is dropped."""
    order = np.argsort(-probability)
    is_free = np.ones(len(order), np.bool_)
    kept = []
    for k in order:
        if not is_free[k]:
            continue
        kept.append(int(k))
        offset = places - places[k]
        along = np.abs(offset[:, 0] * np.cos(heading[k]) + offset[:, 1] * np.sin(heading[k]))
        across = np.abs(offset[:, 1] * np.cos(heading[k]) - offset[:, 0] * np.sin(heading[k]))
        is_free &= (along > SAME_BEE_ALONG * length_mm[k]) | (across > SAME_BEE_ACROSS_MM)
    return sorted(kept)


def _cells(face: StraightFace, centre: Map, class_logits: Map, visible: Map) -> SeenCells:
    rows, columns = _peaks(np.ascontiguousarray(centre), CELL_THRESHOLD, 2)
    logits = class_logits[:, rows, columns].T
    odds = (
        np.exp(logits - logits.max(axis=1, keepdims=True)) if rows.size else np.empty((0, len(CELL_CLASSES)))
    )
    share = odds / odds.sum(axis=1, keepdims=True)
    return SeenCells(
        place_mm=_places_mm(face, centre, rows, columns),
        class_probability=np.asarray(share, np.float32),
        visible=visible[rows, columns],
        probability=centre[rows, columns],
    )


def _queen_cells(face: StraightFace, heat: Map) -> tuple[Finding, ...]:
    rows, columns = _peaks(heat, QUEEN_CELL_THRESHOLD, 2)
    places = _places_mm(face, heat, rows, columns)
    return tuple(
        Finding(FindingKind.QUEEN_CELL, float(x), float(y), float(p))
        for (x, y), p in zip(places, heat[rows, columns])
    )
