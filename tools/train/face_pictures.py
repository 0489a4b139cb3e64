"""Rendered faces, straightened as the network sees them, with what is on them: made once, kept as files in a folder.

    python tools/train/face_pictures.py /tmp/faces --count 300

Every file NNNNN.npz holds `bgr` (H, W, 3) at straight_face.PX_PER_MM, `is_seen` (H, W), and labels in its pixels, counted
from the corner: `bees` (B, 7): x, y, heading (counter-clockwise from the right), caste, length, visible, has_mite;
`cells` (C, 4): x, y, class, visible; `queen_cells` (Q, 3): x, y of their middle, visible.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from bee_robot.hive.comb import BODY_LENGTH_MM, BeeOnComb, BurrComb, Caste, CombFace, QueenCell, QueenCellKind
from bee_robot.hive.frame_view import FrameView
from bee_robot.sim.comb_layout import SIDES
from bee_robot.sim.comb_renderer import ViewTruth, render_view
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.sim.scenarios import SCENARIOS
from bee_robot.vision.straight_face import PX_PER_MM, Grid, straighten_view

CASTES = list(Caste)
HALF_REACH_MM = 128.0
TRAIN_SEEDS = range(1_000_000, 9_000_000)  # never used by tests, the demo or the bench
FACES_OF_WORLD = 5  # a colony takes longer to live than a picture to draw
WIDTHS_PX = (900, 900, 900, 1000, 1200, 1400)


def random_face(seed: int) -> CombFace:
    """A face of a colony, with more of what is rare than any colony has."""
    rng = np.random.default_rng((seed, 1))
    names = sorted(SCENARIOS)
    world = _world(seed // FACES_OF_WORLD, names[seed // FACES_OF_WORLD % len(names)])
    # More from the brood nest, which has cells of all classes: it is low in the middle of the hive.
    box = int(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15]))
    frame = int(np.clip(round(rng.normal(5.5, 2.2)), 1, 10))
    face = world.face(box, frame, SIDES[int(rng.integers(2))])
    if rng.random() < 0.3:
        return face
    return replace(
        face,
        bees=_stranger_bees(face.bees, rng),
        queen_cells=face.queen_cells + _queen_cells(rng),
        burr_comb=face.burr_comb + _burr(rng),
        wax_age=float(rng.uniform()),
        propolis=float(rng.uniform(0, 0.8)),
    )


@lru_cache(maxsize=1)
def _world(seed: int, scenario: str) -> HiveWorld:
    return HiveWorld(
        seed, scenario=scenario, day=int(np.random.default_rng((seed, 2)).choice([0, 0, 3, 9, 21]))
    )


def _stranger_bees(bees: tuple[BeeOnComb, ...], rng: np.random.Generator) -> tuple[BeeOnComb, ...]:
    """Other numbers, more drones, queens and mites."""
    mites, drones = rng.choice([0, 0, 0.03, 0.12]), rng.choice([0, 0.02, 0.15])
    crowd = rng.choice([0.3, 0.7, 1.0, 1.0, 1.6])
    every = list(bees)
    while every and len(every) < crowd * len(bees):
        bee = every[int(rng.integers(len(bees)))]
        every.append(
            replace(
                bee,
                x_mm=bee.x_mm + float(rng.normal(0, 9)),
                y_mm=bee.y_mm + float(rng.normal(0, 9)),
                heading_rad=float(rng.uniform(0, 2 * np.pi)),
                caste=Caste.WORKER,
                length_mm=float(rng.normal(13.3, 0.6)),
            )
        )
    chosen = [every[k] for k in rng.permutation(len(every))[: int(crowd * len(bees))]]
    changed = []
    for bee in chosen:
        if rng.random() < drones:
            bee = replace(
                bee, caste=Caste.DRONE, length_mm=float(rng.normal(BODY_LENGTH_MM[Caste.DRONE], 0.6))
            )
        elif rng.random() < 0.004:
            bee = replace(
                bee, caste=Caste.QUEEN, length_mm=float(rng.normal(BODY_LENGTH_MM[Caste.QUEEN], 1.0))
            )
        changed.append(
            replace(
                bee, has_mite=bee.has_mite or rng.random() < mites, carries_pollen=bool(rng.random() < 0.08)
            )
        )
    return tuple(changed)


def _queen_cells(rng: np.random.Generator) -> tuple[QueenCell, ...]:
    lengths = {
        QueenCellKind.PLAY_CUP: 8,
        QueenCellKind.CHARGED: 12,
        QueenCellKind.CAPPED: 25,
        QueenCellKind.EMERGENCY: 22,
    }
    cells = []
    for _ in range(int(rng.choice([0, 0, 3, 8]))):
        kind = list(QueenCellKind)[int(rng.integers(4))]
        low = rng.random() < 0.5
        x, y = rng.uniform(-195, 195), rng.uniform(-125, -90) if low else rng.uniform(-110, 110)
        cells.append(QueenCell(float(x), float(y), kind, float(lengths[kind] * rng.uniform(0.8, 1.15))))
    return tuple(cells)


def _burr(rng: np.random.Generator) -> tuple[BurrComb, ...]:
    return tuple(
        BurrComb(
            float(rng.uniform(-190, 190)),
            float(rng.uniform(-130, 130)),
            float(rng.uniform(10, 50)),
            float(rng.uniform(3, 8)),
            float(rng.uniform(0, 3.1)),
        )
        for _ in range(int(rng.choice([0, 0, 1, 3])))
    )


def render_straight(face: CombFace, seed: int) -> dict[str, np.ndarray]:
    """One look at a face, by a camera of the robot or by a person who stands anywhere, with its labels."""
    rng = np.random.default_rng((seed, 77))
    half = ("left", "right")[int(rng.integers(2))]
    if rng.random() < 0.75:
        width = int(rng.choice(WIDTHS_PX))
        picture, truth = render_view(face, width_px=width, height_px=width * 4 // 3, half=half, seed=seed)
        middle = truth.view.x_mm
        grid = Grid.of_area(middle - HALF_REACH_MM, middle + HALF_REACH_MM, -152, 152)
    else:
        view = _somewhere(rng)
        picture, truth = render_view(
            face, width_px=view.width_px, height_px=view.height_px, half=half, seed=seed, view=view
        )
        grid = Grid.of_area(-215, 215, -152, 152)
    bgr, is_seen = straighten_view(picture, truth.view, grid)
    return {"bgr": bgr, "is_seen": is_seen, **labels(face, truth, grid)}


def _somewhere(rng: np.random.Generator) -> FrameView:
    distance, width = float(rng.uniform(320, 650)), int(rng.choice([1000, 1300, 1600]))
    return FrameView(
        width_px=width,
        height_px=int(0.74 * width),
        focal_px=width * distance / float(rng.uniform(380, 470)),
        x_mm=float(rng.normal(0, 60)),
        y_mm=float(rng.normal(0, 60)),
        distance_mm=distance,
        k1=float(rng.normal(0, 0.02)),
        k2=0.0,
    )


def labels(face: CombFace, truth: ViewTruth, grid: Grid) -> dict[str, np.ndarray]:
    """Where things appear on the straight picture: their pixels brought to the plane of the comb."""

    def place(u: object, v: object) -> np.ndarray:
        at = truth.view.to_face(u, v)
        return grid.to_px(at[:, 0], at[:, 1])

    seen = truth.bees
    at = place([b.u_px for b in seen], [b.v_px for b in seen])
    bees = [
        (
            *at[k],
            bee.heading_rad,
            CASTES.index(bee.caste),
            bee.length_mm * PX_PER_MM,
            body.visible,
            bee.has_mite,
        )
        for k, body in enumerate(seen)
        for bee in (face.bees[body.index],)
    ]
    cells = np.column_stack(
        [place(truth.cell_u_px, truth.cell_v_px), face.cell_class[truth.cell_index], truth.cell_visible]
    )
    queens = place([q.u_px for q in truth.queen_cells], [q.v_px for q in truth.queen_cells])
    return {
        "bees": np.array(bees, np.float32).reshape(-1, 7),
        "cells": cells.astype(np.float32),
        "queen_cells": np.column_stack([queens, [q.visible for q in truth.queen_cells]]).astype(np.float32),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=250)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    options.folder.mkdir(parents=True, exist_ok=True)
    for k in range(options.first, options.first + options.count):
        seed = TRAIN_SEEDS[k]
        target = options.folder / f"{k:05d}.npz"
        if not target.exists():
            unfinished = target.with_suffix(".part.npz")
            np.savez(unfinished, **render_straight(random_face(seed), seed))
            unfinished.replace(target)
            print(k, flush=True)


if __name__ == "__main__":
    main()
