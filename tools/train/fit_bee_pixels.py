"""Fit the weights of bee_robot/vision/bee_pixel_weights.py to box labels on close-ups of comb.

    python tools/train/fit_bee_pixels.py FOLDER [--write]

FOLDER holds annotations.json (COCO) and images/ of "Honey Bee Detection Model v2" by matt-nudi (Roboflow
Universe, CC BY 4.0). Pixels inside the inner ellipse of a box are bee, pixels outside all boxes are comb.
Prints leave-one-picture-out scores and the comb area behind each labelled bee; --write replaces the weights.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CELL_PITCH_MM
from bee_robot.vision.bee_pixels import FEATURE_PITCH_PX, bee_features

WEIGHTS_FILE = Path(__file__).parents[2] / "bee_robot" / "vision" / "bee_pixel_weights.py"
WORKER_LENGTH_MM = 13.5
#: Beginning of a file name -> share of its height that shows comb (below it: wood, captions, stock banners).
PICTURES = {
    "Queen-bee-on-comb": 1.0,
    "queen-bee-honeycomb": 1.0,
    "IMG_5645": 0.8,
    "IMG_6937": 1.0,
    "Bee-SG-5": 0.6,
    "afb_eggs5": 1.0,
    "honey-bees-drawn-comb": 0.95,
    "NDBIMG": 1.0,
    "file--1": 1.0,
    "Flow-frames": 1.0,
    "queen-dies": 0.93,
    "closeup-macro-bees": 0.86,
    "queen-bee-bees-lays": 1.0,
    "nature-4117738": 1.0,
    "queen-bee-behind": 0.86,
    "bee-queen-honeybee-full": 0.86,
    "queen-bee-bees-combs": 1.0,
    "depositphotos_25590095": 1.0,
}


@dataclass(frozen=True)
class Labelled:
    """features (H, W, F); is_bee and is_used bool (H, W); bees: labelled ones in the used part."""

    name: str
    features: NDArray[np.float32]
    is_bee: NDArray[np.bool_]
    is_used: NDArray[np.bool_]
    bees: float


def read_pictures(folder: Path) -> list[Labelled]:
    table = json.loads((folder / "annotations.json").read_text())
    boxes: dict[int, list[list[float]]] = {}
    for annotation in table["annotations"]:
        boxes.setdefault(annotation["image_id"], []).append(annotation["bbox"])
    return [
        _read(folder / "images" / image["file_name"], np.array(boxes[image["id"]]), comb_share)
        for start, comb_share in PICTURES.items()
        for image in table["images"]
        if image["file_name"].startswith(start)
    ]


def _read(path: Path, boxes: NDArray[np.float64], comb_share: float) -> Labelled:
    bgr = cv2.imread(str(path))
    height, width = bgr.shape[:2]
    x, y, w, h = boxes.T
    is_inside = (x > 2) & (y > 2) & (x + w < width - 2) & (y + h < height - 2)
    whole = boxes[is_inside] if is_inside.sum() >= 3 else boxes
    # The diagonal of a box is a little longer than the bee in it, whatever her direction.
    length_px = float(np.median(np.hypot(whole[:, 2], whole[:, 3]))) * 0.88
    factor = FEATURE_PITCH_PX / (length_px / WORKER_LENGTH_MM * CELL_PITCH_MM)
    bgr = cv2.resize(
        bgr, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    )
    inner, outer = (np.zeros(bgr.shape[:2], np.uint8) for _ in range(2))
    for bx, by, bw, bh in boxes * factor:
        centre = (int(bx + bw / 2), int(by + bh / 2))
        cv2.ellipse(outer, centre, (int(bw * 0.575) + 1, int(bh * 0.575) + 1), 0, 0, 360, 1, -1)
        cv2.ellipse(inner, centre, (int(bw * 0.375), int(bh * 0.375)), 0, 0, 360, 1, -1)
    is_used = (inner > 0) | (outer == 0)
    bottom = int(bgr.shape[0] * comb_share)
    is_used[bottom:] = False
    bees = float(sum(by + bh / 2 < bottom for _, by, _, bh in boxes * factor))
    features = np.dstack(list(bee_features(bgr, np.ones(bgr.shape[:2], bool)).values()))
    return Labelled(path.name, features, inner > 0, is_used, bees)


def fit(pictures: list[Labelled], ridge: float = 1e-2) -> tuple[NDArray[np.float64], float]:
    """Weights and bias of a ridge logistic regression; every picture counts the same, half bee and half comb."""
    features = np.concatenate([p.features[p.is_used] for p in pictures]).astype(np.float64)
    target = np.concatenate([p.is_bee[p.is_used] for p in pictures]).astype(np.float64)
    share = np.concatenate([_balanced(p.is_bee[p.is_used]) for p in pictures])
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-6
    design = np.column_stack([(features - mean) / deviation, np.ones(len(features))])
    penalty = ridge * share.sum() * np.diag([1.0] * len(mean) + [0.0])
    solution = np.zeros(design.shape[1])
    for _ in range(30):
        probability = 1 / (1 + np.exp(-np.clip(design @ solution, -30, 30)))
        curvature = share * probability * (1 - probability) + 1e-9
        hessian = (design * curvature[:, None]).T @ design + penalty
        gradient = design.T @ (share * (probability - target)) + penalty @ solution
        solution -= np.linalg.solve(hessian, gradient)
    weights = solution[:-1] / deviation
    return weights, float(solution[-1] - weights @ mean)


def _balanced(is_bee: NDArray[np.bool_]) -> NDArray[np.float64]:
    bees = max(int(is_bee.sum()), 1)
    return np.where(is_bee, 500.0 / bees, 500.0 / max(is_bee.size - bees, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true", help="replace the weights in the package")
    arguments = parser.parse_args()
    pictures = read_pictures(arguments.folder)
    areas = []
    for k, held_out in enumerate(pictures):
        weights, bias = fit(pictures[:k] + pictures[k + 1 :])
        is_found = held_out.features @ weights + bias > 0
        correct = (is_found == held_out.is_bee)[held_out.is_used].mean()
        rows = np.flatnonzero(held_out.is_used.any(axis=1))
        found_mm2 = is_found[: rows[-1] + 1].sum() * (CELL_PITCH_MM / FEATURE_PITCH_PX) ** 2
        areas.append(found_mm2 / held_out.bees)
        print(
            f"{held_out.name:45.45s} correct {correct:.2f}  bees {held_out.bees:3.0f}  {areas[-1]:5.0f} mm2 a bee"
        )
    print(f"median {np.median(areas):.0f} mm2 a bee, quartiles {np.quantile(areas, [0.25, 0.75]).round()}")
    weights, bias = fit(pictures)
    names = list(bee_features(np.full((32, 32, 3), 90, np.uint8), np.ones((32, 32), bool)))
    lines = [f'    "{name}": {weight:.4f},' for name, weight in zip(names, weights, strict=True)]
    text = (
        '"""Weights of bee_pixels, written by tools/train/fit_bee_pixels.py (data: NOTICE); do not edit by hand."""\n\n'
        "from __future__ import annotations\n\n"
        f"BIAS = {bias:.4f}\nWEIGHTS = {{\n" + "\n".join(lines) + "\n}\n"
    )
    if arguments.write:
        WEIGHTS_FILE.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
