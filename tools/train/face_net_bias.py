"""Fits CLASS_BIAS of vision/face_net.py: what is added to the class logits so that rare classes are found as often as they are.

    PYTHONPATH=.:bench python tools/train/face_net_bias.py --seeds 600 616

Training weighs rare classes more, and cells whose bottom cannot be seen are judged by what is around them; both shift the
balance. Maximises the macro F1 of visible cells, less a share of how wrong their numbers are (areas are sums of cells), on faces
that training, tests and bench do not use.
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np
from scoring.faces import LEAST_VISIBLE, MATCH_MM, faces_to_score, matches, photograph_face, visible_cells

from bee_robot.hive.comb import CELL_CLASSES
from bee_robot.hive.frame_view import FrameView
from bee_robot.vision.face_net import CLASS_BIAS, load_face_net
from bee_robot.vision.half_views import straighten_halves
from bee_robot.vision.photograph import decode

STEPS = (0.8, 0.4, 0.2, 0.1)
WRONG_NUMBERS = 0.1  # macro F1 given away for numbers that are wrong by a factor of e


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs=2, default=(600, 616))
    parser.add_argument("--faces-a-seed", type=int, default=2)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    logits, classes = [], []
    for _, seed, face in faces_to_score(range(*options.seeds), options.faces_a_seed):
        photographs, truths = photograph_face(face, seed)
        pictures = {half: decode(photo, 1800).bgr for half, photo in zip(("left", "right"), photographs)}
        views = {half: FrameView.of_half(half, bgr.shape[1], bgr.shape[0]) for half, bgr in pictures.items()}
        cells = load_face_net().read(straighten_halves(pictures, views)).cells
        places = np.column_stack([face.cell_x_mm, face.cell_y_mm]).astype(float)
        match = matches(places, cells.place_mm, MATCH_MM)
        asked = visible_cells(face, truths)[match[:, 0]] >= LEAST_VISIBLE
        logits.append(np.log(cells.class_probability[match[asked, 1]] + 1e-9) - CLASS_BIAS)
        classes.append(face.cell_class[match[asked, 0]])
    bias = fitted(np.concatenate(logits), np.concatenate(classes))
    print("CLASS_BIAS =", np.round(bias - bias.max(), 2).tolist())


def fitted(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Coordinate ascent from no bias."""
    bias = np.zeros(len(CELL_CLASSES))
    best = worth(logits, classes)
    print(f"without: {best:.3f}")
    for step in STEPS:
        is_better = True
        while is_better:
            is_better = False
            for k in range(len(bias)):
                for change in (-step, step):
                    tried = bias.copy()
                    tried[k] += change
                    score = worth(logits + tried, classes)
                    if score > best + 1e-4:
                        best, bias, is_better = score, tried, True
    print(f"with: {best:.3f}")
    return bias


def worth(logits: np.ndarray, classes: np.ndarray) -> float:
    count = len(CELL_CLASSES)
    table = np.bincount(classes.astype(int) * count + logits.argmax(axis=1), minlength=count**2).reshape(count, count)
    true, found = table.sum(axis=1), table.sum(axis=0)
    f1 = 2 * np.diag(table) / np.maximum(true + found, 1)
    return float(f1.mean() - WRONG_NUMBERS * np.abs(np.log((found + 20) / (true + 20))).mean())


if __name__ == "__main__":
    main()
