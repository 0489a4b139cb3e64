"""Rendered half faces with a box for every bee, as training pictures for the bee detector.

    python tools/train/render_bee_pictures.py FOLDER --count 60

Writes FOLDER/NNNN.jpg and FOLDER/NNNN.json: boxes (left, top, right, bottom, kind, visible) in pixels of the picture.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from bee_robot.hive.comb import Caste, CombFace
from bee_robot.sim.comb_renderer import ViewTruth, render_view
from bee_robot.sim.hive_world import SIDES, HiveWorld

FIRST_SEED = 2_000_000  # never used by tests, the demo or the bench
WIDTHS_PX = (600, 900, 1200)
WIDTH_OF_BODY = 0.36  # of its length, with folded wings
CASTES = list(Caste)
QUALITY = 92


def labelled_boxes(face: CombFace, truth: ViewTruth) -> list[list[float]]:
    """The rectangle around each bee's body, an ellipse, whose share `visible` no other body hides."""
    boxes = []
    for seen in truth.bees:
        bee = face.bees[seen.index]
        half = bee.length_mm / 2 / truth.mm_per_pixel
        along, across = np.cos(bee.heading_rad), np.sin(bee.heading_rad)
        x = half * float(np.hypot(along, WIDTH_OF_BODY * across))
        y = half * float(np.hypot(across, WIDTH_OF_BODY * along))
        corners = [seen.u_px - x, seen.v_px - y, seen.u_px + x, seen.v_px + y]
        boxes.append(
            [*(round(value, 1) for value in corners), CASTES.index(bee.caste), round(seen.visible, 3)]
        )
    return boxes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=60)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    options.folder.mkdir(parents=True, exist_ok=True)
    for number in range(options.count):
        seed = FIRST_SEED + number
        random = np.random.default_rng(seed)
        world = HiveWorld(seed, boxes=3)
        face = world.face(
            int(random.integers(1, 4)), int(random.integers(1, 11)), SIDES[int(random.integers(2))]
        )
        width = int(random.choice(WIDTHS_PX))
        half = ("left", "right")[int(random.integers(2))]
        picture, truth = render_view(face, width_px=width, height_px=width * 4 // 3, half=half, seed=seed)
        path = options.folder / f"{number:04d}.jpg"
        cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        path.with_suffix(".json").write_text(json.dumps(labelled_boxes(face, truth)))


if __name__ == "__main__":
    main()
