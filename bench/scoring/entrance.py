"""How well bees are found in photographs of sources that training never saw: average precision at an overlap of one half.

The sources that were held out are named in the detector's card. Boxes of all kinds count alike (bee, pollenbee, drone, queen).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.vision.bee_detector import LEAST_PROBABILITY, MODEL_NAME, detect_bees
from bee_robot.vision.model_runtime import MODELS_FOLDER

ROOT = Path(__file__).resolve().parents[2]
DATA_VARIABLE = "BEE_DATA"
SET = "entrance_and_comb"
OVERLAP = 0.5
RECALLS = np.linspace(0, 1, 101)
FAINTEST = 0.02
#: Videos of one hive at one place on many days: a held-out one has sisters in training.
ONE_HIVE = ("Beehive-", "frame")


class DataMissing(Exception):
    """The labelled photographs are not on this machine."""


@dataclass(frozen=True)
class Scored:
    """Of one picture: scores (N,) of boxes found, is_hit (N,) whether each is a bee, and how many bees are labelled."""

    source: str
    scores: NDArray[np.float64]
    is_hit: NDArray[np.bool_]
    labelled: int


def data_folder() -> Path:
    """The folder with the labelled photographs: $BEE_DATA, or ../shared/data beside the repository.

    Raises DataMissing.
    """
    folder = Path(os.environ.get(DATA_VARIABLE, "") or ROOT.parent / "shared" / "data")
    if not (folder / SET / "annotations.json").is_file():
        raise DataMissing(
            f"{folder / SET}: no labelled photographs here; set {DATA_VARIABLE} to their folder"
        )
    return folder


def entrance_bee_ap50(data_dir: Path) -> float:
    """Average precision at IoU 0.5 over all held-out sources, 0 to 1. Raises DataMissing."""
    return average_precision(scored_pictures(data_dir))


def entrance_scores(data_dir: Path) -> dict[str, float]:
    """What the card says of the detector. Raises DataMissing."""
    return summary(scored_pictures(data_dir), LEAST_PROBABILITY)


def summary(everything: Sequence[Scored], least_probability: float) -> dict[str, float]:
    """Average precision, also without the hive whose other days are in training; precision and recall of boxes that are kept."""
    other_places = [one for one in everything if not one.source.startswith(ONE_HIVE)]
    hits = sum(int(one.is_hit[one.scores >= least_probability].sum()) for one in everything)
    found = sum(int((one.scores >= least_probability).sum()) for one in everything)
    labelled = sum(one.labelled for one in everything)
    return {
        "held_out_pictures": len(everything),
        "held_out_bees": labelled,
        "ap50": round(average_precision(everything), 4),
        "ap50_places_never_seen": round(average_precision(other_places), 4),
        "precision": round(hits / max(found, 1), 4),
        "recall": round(hits / max(labelled, 1), 4),
        "at_probability": least_probability,
    }


def scored_pictures(data_dir: Path) -> list[Scored]:
    """Every picture of the held-out sources, with what was found in it."""
    path = data_dir / SET / "annotations.json"
    if not path.is_file():
        raise DataMissing(f"{path}: no labelled photographs here; set {DATA_VARIABLE} to their folder")
    card = json.loads((MODELS_FOLDER / f"{MODEL_NAME}.json").read_text(encoding="utf-8"))
    held_out = set(card["held_out_sources"])
    return list(scored(path, lambda image: image["source"] in held_out))


def scored(
    annotations: Path, is_wanted: Callable[[dict[str, str]], bool] = lambda image: True
) -> Iterator[Scored]:
    """The pictures of a COCO file, one after the other. is_wanted: which of its `images`."""
    data = json.loads(annotations.read_text(encoding="utf-8"))
    boxes: dict[int, list[list[float]]] = {}
    for label in data["annotations"]:
        x, y, width, height = label["bbox"]
        boxes.setdefault(label["image_id"], []).append([x, y, x + width, y + height])
    for image in data["images"]:
        if not is_wanted(image):
            continue
        bgr = cv2.imread(str(annotations.parent / "images" / image["file_name"]), cv2.IMREAD_COLOR)
        if bgr is None:
            raise DataMissing(f"{annotations.parent / 'images' / image['file_name']}: cannot be read")
        found = detect_bees(np.asarray(bgr, np.uint8), least_probability=FAINTEST)
        corners = np.array(
            [[b.left_px, b.top_px, b.left_px + b.width_px, b.top_px + b.height_px] for b in found], np.float64
        ).reshape(-1, 4)
        scores = np.array([box.probability for box in found], np.float64)
        labelled = np.array(boxes.get(image["id"], []), np.float64).reshape(-1, 4)
        yield Scored(image.get("source", ""), scores, hits(corners, labelled), len(labelled))


def hits(found: NDArray[np.float64], labelled: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of the boxes found, the surest first, is a labelled bee that no surer one took. Boxes (N, 4): two corners."""
    is_hit = np.zeros(len(found), bool)
    overlaps = overlap(found, labelled)
    for index in range(len(found)):
        if not len(labelled):
            break
        best = int(overlaps[index].argmax())
        if overlaps[index, best] >= OVERLAP:
            is_hit[index] = True
            overlaps[:, best] = -1.0
    return is_hit


def overlap(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union, (N, M)."""
    low = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    high = np.minimum(ours[:, None, 2:], theirs[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (ours, theirs)]
    return np.asarray(shared / np.maximum(areas[0][:, None] + areas[1][None, :] - shared, 1e-9))


def average_precision(pictures: Sequence[Scored]) -> float:
    """Mean of the best precision at each of 101 recalls or beyond, as COCO defines it; all boxes count."""
    labelled = sum(picture.labelled for picture in pictures)
    scores = np.concatenate([picture.scores for picture in pictures])
    is_hit = np.concatenate([picture.is_hit for picture in pictures])[np.argsort(-scores, kind="stable")]
    if labelled == 0 or len(is_hit) == 0:
        return 0.0
    true = np.cumsum(is_hit)
    recall, precision = true / labelled, true / np.arange(1, len(true) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    first = np.searchsorted(recall, RECALLS, side="left")
    return float(np.where(first < len(best), best[np.minimum(first, len(best) - 1)], 0.0).mean())
