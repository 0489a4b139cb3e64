#!/usr/bin/env python3
"""Renderings beside photographs, for people to judge: pictures of a sheet on the left are drawn, those on the right are not.

tools/compare_renderings.py                      docs/images/rendered_and_real.jpg, from photographs that may ship
tools/compare_renderings.py --photos DIR --out SHEET.jpg     whole frames beside every photograph of a folder
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CombFace
from bee_robot.hive.frame_view import FrameView
from bee_robot.sim.comb_renderer import render_view
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.sim.scenarios import SCENARIOS

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "tests" / "data" / "photos"
TILE_PX = (720, 480)
DISTANCE_MM = 500.0  # as a person holds a camera


@dataclass(frozen=True)
class Pair:
    """A photograph and what is drawn beside it: a face and the piece of it in view (millimetres of the face)."""

    photo: str
    scenario: str
    seed: int
    box: int
    frame: int
    side: str
    x_mm: float
    y_mm: float
    width_mm: float


PAIRS = (
    Pair("bees_around_queen.jpg", "strong", 3, 1, 5, "rear", 40.0, 10.0, 78.0),
    Pair("open_brood_with_bees.jpg", "weak", 4, 1, 5, "rear", 30.0, -20.0, 120.0),
    Pair("capped_honey_with_bees.jpg", "honey_super", 5, 3, 6, "rear", -40.0, 20.0, 300.0),
)


def drawn(face: CombFace, x_mm: float, y_mm: float, width_mm: float, seed: int) -> NDArray[np.uint8]:
    """A piece of a face, seen from where a person holds a camera."""
    width, height = TILE_PX
    view = FrameView(
        2 * width,
        2 * height,
        2 * width / width_mm * DISTANCE_MM,
        x_mm,
        y_mm,
        DISTANCE_MM,
        roll_rad=0.03,
        yaw_rad=0.02,
    )
    picture, _ = render_view(
        face, width_px=2 * width, height_px=2 * height, half="left", seed=seed, view=view
    )
    return np.asarray(cv2.resize(picture, TILE_PX, interpolation=cv2.INTER_AREA), np.uint8)


def fitted(path: Path) -> NDArray[np.uint8]:
    """The middle of a photograph in the shape of a tile."""
    photo = cv2.imread(str(path))
    if photo is None:
        raise SystemExit(f"compare_renderings: {path} is no picture that can be read")
    width, height = TILE_PX
    scale = max(width / photo.shape[1], height / photo.shape[0])
    photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    top, left = (photo.shape[0] - height) // 2, (photo.shape[1] - width) // 2
    return np.asarray(photo[top : top + height, left : left + width], np.uint8)


def shipped_rows() -> list[NDArray[np.uint8]]:
    rows = []
    for pair in PAIRS:
        face = HiveWorld(pair.seed, scenario=pair.scenario).face(pair.box, pair.frame, pair.side)
        picture = drawn(face, pair.x_mm, pair.y_mm, pair.width_mm, pair.seed)
        rows.append(np.hstack([picture, fitted(SHIPPED / pair.photo)]))
    return rows


def folder_rows(folder: Path) -> list[NDArray[np.uint8]]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not paths:
        raise SystemExit(f"compare_renderings: no JPEG or PNG files in {folder}")
    names = sorted(SCENARIOS)
    rows = []
    for k, path in enumerate(paths):
        world = HiveWorld(20 + k, scenario=names[k % len(names)])
        face = world.face(1 + k % 2, 4 + k % 4, "rear")
        rows.append(np.hstack([drawn(face, 0.0, -4.0, 500.0, k), fitted(path)]))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, metavar="DIR", help="photographs of whole frames")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "rendered_and_real.jpg")
    options = parser.parse_args()
    rows = folder_rows(options.photos) if options.photos else shipped_rows()
    if not cv2.imwrite(str(options.out), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 84]):
        raise SystemExit(f"compare_renderings: {options.out} cannot be written; give another file")
    print(options.out)


if __name__ == "__main__":
    main()
