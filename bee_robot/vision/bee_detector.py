"""Bees in a photograph of any kind and scale: entrances, close-ups of comb, bees in flight. One box for each.

The network (tools/train/train_bee_detector.py) knows bees from about 10 to 60 pixels. A photograph is read at several
sizes, as it is and mirrored; each size answers for the bees that it shows best, and of boxes of one bee the surest is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import Caste
from bee_robot.vision.model_runtime import Model, load_model

MODEL_NAME = "bee_detector"
CASTES = (Caste.WORKER, Caste.DRONE, Caste.QUEEN)
STRIDE_PX = 4
BLOCK_PX = 32  # sides of the network's input are whole blocks
LONGEST_SIDE_PX = (
    2048  # of the largest size that is read; more takes longer and finds no smaller bees in practice
)
ENLARGED_BELOW_PX = 1000  # longest side; smaller photographs are also read at twice their size
SMALLEST_LEVEL_PX = 96  # longest side; bees larger than half the picture need no further size
SIZE_STEP = 2**-0.5  # from one size to the next: two sizes answer for every bee
LEAST_PROBABILITY = (
    0.46  # on photographs of the held-out sources as many boxes are found as bees are labelled
)
FAINTEST = 0.02  # boxes below are never made
MOST_BOXES = 3000  # of one size, the surest
#: Side of a square as large as the box, in pixels of the network's input, that a size answers for. The largest size
#: also takes smaller bees, the smallest size larger ones.
FINEST_PX, COARSEST_PX = 18.0, 50.0
RARE_KIND_LOGIT = 2.2  # nine to one against a worker; drones and queens were rare in training
SAME_BEE_OVERLAP = 0.5  # intersection over union
USUAL_SIZE_SHARE = 0.7  # of the size that is typical of the photograph; boxes below are doubted
INSIDE_OVERLAP = 0.85  # share of the smaller box: a part of a bee that passed for a bee


@dataclass(frozen=True)
class BeeBox:
    """One bee in pixels of the photograph, from its upper left corner. kind: what she most looks like."""

    left_px: float
    top_px: float
    width_px: float
    height_px: float
    probability: float
    kind: Caste

    @property
    def size_px(self) -> float:
        """Side of a square as large as the box."""
        return float((self.width_px * self.height_px) ** 0.5)


@dataclass(frozen=True)
class _Found:
    """Boxes as columns: corners float32 (N, 4) left, top, right, bottom; scores (N,); kinds (N,)."""

    corners: NDArray[np.float32]
    scores: NDArray[np.float32]
    kinds: NDArray[np.int64]

    def __getitem__(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> _Found:
        return _Found(self.corners[chosen], self.scores[chosen], self.kinds[chosen])


def detector_model(threads: int = 1) -> Model:
    """The network; for its version and what computes it. Raises ModelError where it cannot be had."""
    return load_model(MODEL_NAME, threads=threads)


def detect_bees(
    bgr: NDArray[np.uint8], *, least_probability: float = LEAST_PROBABILITY, threads: int = 1
) -> tuple[BeeBox, ...]:
    """Bees in a picture, uint8 (H, W, 3), the surest first. Raises ModelError where the network cannot be had."""
    model = detector_model(threads)
    faintest = max(FAINTEST, least_probability)
    found = []
    scales = _scales(max(bgr.shape[:2]))
    for index, scale in enumerate(scales):
        low = 0.0 if index == 0 else FINEST_PX
        high = float("inf") if index == len(scales) - 1 else COARSEST_PX
        scaled = _scaled(bgr, scale)
        for level in (_read(model, scaled, faintest), _read_mirrored(model, scaled, faintest)):
            sizes = np.sqrt(_areas(level.corners))
            kept = level[(sizes >= low) & (sizes <= high)]
            found.append(_Found(kept.corners / np.float32(scale), kept.scores, kept.kinds))
    everything = _Found(
        np.concatenate([level.corners for level in found]),
        np.concatenate([level.scores for level in found]),
        np.concatenate([level.kinds for level in found]),
    )
    limits = np.array([bgr.shape[1], bgr.shape[0]] * 2, np.float32)
    bees = _of_one_scale(_merged(everything), limits)
    return tuple(
        BeeBox(float(x0), float(y0), float(x1 - x0), float(y1 - y0), float(score), CASTES[kind])
        for (x0, y0, x1, y1), score, kind in zip(bees.corners, bees.scores, bees.kinds)
        if score >= least_probability
    )


def _scales(longest_px: int) -> list[float]:
    """Sizes at which a picture is read, as factors, the largest first."""
    largest = 2.0 if longest_px < ENLARGED_BELOW_PX else min(1.0, LONGEST_SIDE_PX / longest_px)
    scales = [largest]
    while scales[-1] * SIZE_STEP * longest_px >= SMALLEST_LEVEL_PX:
        scales.append(scales[-1] * SIZE_STEP)
    return scales


def _scaled(bgr: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale == 1.0:
        return bgr
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=interpolation), np.uint8)


def _read(model: Model, bgr: NDArray[np.uint8], faintest: float) -> _Found:
    """What the network finds in one size of a picture, in pixels of that size."""
    height, width = bgr.shape[:2]
    blocks = (-(-height // BLOCK_PX) * BLOCK_PX, -(-width // BLOCK_PX) * BLOCK_PX)
    padded = np.empty((*blocks, 3), np.float32)
    padded[:] = bgr.reshape(-1, 3).mean(axis=0)
    padded[:height, :width] = bgr
    out = model.run(picture=padded.transpose(2, 0, 1)[None])
    heat, sides, kinds = out["heat"][0, 0], out["sides"][0], out["kinds"][0]
    is_peak = (heat >= faintest) & (heat == cv2.dilate(heat, np.ones((3, 3), np.uint8)))
    rows, columns = np.nonzero(is_peak)
    strongest = np.argsort(-heat[rows, columns])[:MOST_BOXES]
    rows, columns = rows[strongest], columns[strongest]
    x, y = (columns + 0.5) * STRIDE_PX, (rows + 0.5) * STRIDE_PX
    left, top, right, bottom = sides[:, rows, columns]
    corners = np.stack([x - left, y - top, x + right, y + bottom], axis=1).astype(np.float32)
    return _Found(corners, heat[rows, columns], _kinds(kinds[:, rows, columns]))


def _kinds(logits: NDArray[np.float32]) -> NDArray[np.int64]:
    """Worker, unless the network (logits (3, N)) is sure of something rarer."""
    is_rare = logits[1:].max(axis=0) - logits[0] > RARE_KIND_LOGIT
    return np.asarray(np.where(is_rare, logits.argmax(axis=0), 0), np.int64)


def _read_mirrored(model: Model, bgr: NDArray[np.uint8], faintest: float) -> _Found:
    found = _read(model, np.ascontiguousarray(bgr[:, ::-1]), faintest)
    corners = found.corners.copy()
    corners[:, [0, 2]] = bgr.shape[1] - corners[:, [2, 0]]
    return _Found(corners, found.scores, found.kinds)


def _areas(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    sides = np.maximum(corners[:, 2:] - corners[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def _merged(found: _Found) -> _Found:
    """One box for each bee: of boxes that overlap much, or lie in one another, the surest."""
    found = found[np.argsort(-found.scores, kind="stable")]
    areas = _areas(found.corners)
    is_open = np.ones(len(areas), bool)
    kept = []
    for index in range(len(areas)):
        if not is_open[index]:
            continue
        kept.append(index)
        low = np.maximum(found.corners[index, :2], found.corners[:, :2])
        high = np.minimum(found.corners[index, 2:], found.corners[:, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        is_same = shared > SAME_BEE_OVERLAP * (areas[index] + areas - shared)
        is_part = shared > INSIDE_OVERLAP * np.minimum(areas[index], areas)
        is_open &= ~(is_same | is_part)
    return found[np.array(kept, np.intp)]


def _of_one_scale(found: _Found, limits: NDArray[np.float32]) -> _Found:
    """Bees of one photograph are about equally large: what is much smaller than they is rather a leg, a leaf or a letter.

    Typical is the size below which half of the evidence lies, where large and sure boxes count more. limits: width and height of
    the picture, twice; boxes are cut off there.
    """
    found = _Found(np.clip(found.corners, 0, limits), found.scores, found.kinds)
    sizes = np.sqrt(_areas(found.corners))
    evidence = found.scores**2 * sizes
    if not len(sizes) or not evidence.sum() > 0:
        return found[np.zeros(len(sizes), bool)]
    order = np.argsort(sizes)
    half = np.searchsorted(np.cumsum(evidence[order]), evidence.sum() / 2)
    typical_px = sizes[order[min(int(half), len(order) - 1)]]
    doubted = found.scores * np.minimum(1.0, sizes / (USUAL_SIZE_SHARE * typical_px))
    found = _Found(found.corners, np.asarray(doubted, np.float32), found.kinds)
    return found[np.argsort(-found.scores, kind="stable")]
