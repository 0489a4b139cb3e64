"""The colony in the twin's boxes: what is on every side of every frame, and what it weighs.

Deterministic by seed. Faces are made when they are first asked for and stay as they are.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from bee_robot.hive.comb import CELL_CLASSES, CELL_CONTENT_KG, CombFace
from bee_robot.sim.comb_layout import lay_out_face

SIDES = ("rear", "front")
EMPTY_BOX_KG = 6.0
EMPTY_FRAME_KG = 0.55  # wood and drawn comb; empty deep frames weigh 0.45 to 0.7 kg
BEE_KG = 0.000115


class HiveWorld:
    """A hive of `boxes` boxes (1 at the bottom) with `frames_per_box` frames (1 at the back).

    Brood is in the middle of the lower boxes, honey at the outside and on top; one queen lives in box 1.
    Unknown boxes, frames and sides raise ValueError.
    """

    def __init__(self, seed: int, boxes: int = 3, frames_per_box: int = 10) -> None:
        if boxes < 1 or frames_per_box < 1:
            raise ValueError(
                f"a hive has at least one box and one frame; got {boxes} boxes of {frames_per_box}"
            )
        self.seed = seed
        self.boxes = boxes
        self.frames_per_box = frames_per_box
        self._face = lru_cache(maxsize=None)(self._make_face)

    def frame_id(self, box: int, frame: int) -> int:
        """The number on the frame's tags."""
        self._require(box, frame)
        return (box - 1) * self.frames_per_box + frame

    def face(self, box: int, frame: int, side: str) -> CombFace:
        """One side ("rear" or "front") of a frame, as somebody sees it who looks at that side."""
        self._require(box, frame)
        if side not in SIDES:
            raise ValueError(f"a frame has the sides {' and '.join(SIDES)}; got {side!r}")
        return self._face(box, frame, side)

    def frame_mass_kg(self, box: int, frame: int) -> float:
        """Frame with comb, stores, brood and the bees on it."""
        mass = EMPTY_FRAME_KG
        for side in SIDES:
            face = self.face(box, frame, side)
            counts = np.bincount(face.cell_class, minlength=len(CELL_CLASSES))
            mass += sum(
                CELL_CONTENT_KG.get(cell_class, 0.0) * int(count)
                for cell_class, count in zip(CELL_CLASSES, counts, strict=True)
            )
            mass += BEE_KG * len(face.bees)
        return mass

    def box_mass_kg(self, box: int) -> float:
        """A box without its frames."""
        self._require(box, 1)
        return EMPTY_BOX_KG

    def _make_face(self, box: int, frame: int, side: str) -> CombFace:
        rng = np.random.default_rng((self.seed, box, frame, SIDES.index(side)))
        middle = (self.frames_per_box + 1) / 2
        outwards = abs(frame - middle) / max(middle - 1, 1)  # 0 in the middle of the box, 1 at its walls
        brood = max(0.0, (1.0 - 0.25 * (box - 1)) * (1.05 - 0.9 * outwards**1.5) - 0.35 * (box > 2))
        stores = min(1.0, 0.12 + 0.35 * (box - 1) + 0.3 * outwards)
        has_queen = box == 1 and frame == int(middle) and side == "rear"
        return lay_out_face(
            rng,
            frame_id=self.frame_id(box, frame),
            side=side,
            brood=brood,
            stores=stores,
            has_queen=has_queen,
        )

    def _require(self, box: int, frame: int) -> None:
        if not 1 <= box <= self.boxes:
            raise ValueError(
                f"the hive has no box {box}; it has boxes 1 (bottom) to {self.boxes}: give one of them"
            )
        if not 1 <= frame <= self.frames_per_box:
            raise ValueError(
                f"box {box} has no frame {frame}; it has frames 1 (back) to {self.frames_per_box}: give one of them"
            )
