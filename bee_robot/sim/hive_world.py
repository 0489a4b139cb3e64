"""The colony in the twin's boxes: what is on every side of every frame, and what it weighs.

Deterministic by seed, scenario and day. The combs of a seed stay the same from visit to visit; what is in them follows the
colony. Faces are made when they are first asked for and stay as they are; masses need no faces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.colony import Colony
from bee_robot.hive.comb import CELL_CLASSES, CELL_CONTENT_KG, CellClass, CombFace, CombSize, QueenCell
from bee_robot.hive.geometry import EMPTY_COMB_KG_DM2, EMPTY_FRAME_KG
from bee_robot.hive.stack import HiveConfiguration
from bee_robot.sim import scenarios
from bee_robot.sim.bees_on_comb import SideBees, Standing, place_bees
from bee_robot.sim.bees_on_frames import bees_of_sides, liking_of_cells
from bee_robot.sim.colony_on_frames import BoxOfCombs, Contents, HiveCombs, build_combs, fill_cells
from bee_robot.sim.comb_layout import SIDES, burr_comb
from bee_robot.sim.queen_cells import queen_cells_of_sides

BEE_KG = 0.000115
_CONTENT_KG = np.array([CELL_CONTENT_KG.get(cell_class, 0.0) for cell_class in CELL_CLASSES])
_BROOD = [CELL_CLASSES.index(c) for c in (CellClass.CAPPED_BROOD, CellClass.LARVAE, CellClass.EGGS)]


class HiveWorld:
    """A hive of `boxes` boxes (1 at the bottom) with `frames_per_box` frames (1 at the back) of the reference hive; or of
    `stack`, bottom up.

    scenario: a name of sim.scenarios; day: whole days after its start, which is the fixed summer day of the simulation.
    Unknown boxes, frames, sides and scenarios and days before the start raise ValueError.
    """

    def __init__(
        self,
        seed: int,
        boxes: int = 3,
        frames_per_box: int = 10,
        scenario: str = scenarios.DEFAULT,
        day: int = 0,
        stack: tuple[BoxOfCombs, ...] | None = None,
    ) -> None:
        if boxes < 1 or frames_per_box < 1:
            raise ValueError(
                f"a hive has at least one box and one frame; got {boxes} boxes of {frames_per_box}"
            )
        stack = (BoxOfCombs(frames_per_box),) * boxes if stack is None else stack
        self.seed = seed
        self.boxes = len(stack)
        self.stack = stack
        self.scenario = scenarios.scenario_named(scenario)
        self.day = day
        self._combs: HiveCombs = build_combs(seed, stack)
        course = scenarios.course(self.scenario, self._combs.room, seed, day)
        self.colony: Colony = course[-1]
        """The colony on this day: what all faces together hold."""
        self._contents: Contents = fill_cells(self._combs, course)
        self._face = lru_cache(maxsize=None)(self._make_face)

    @classmethod
    def of(
        cls, hive: HiveConfiguration, seed: int, scenario: str = scenarios.DEFAULT, day: int = 0
    ) -> HiveWorld:
        """The colony in the hive of a robot file: boxes, frames and combs of its sizes."""
        stack = tuple(
            BoxOfCombs(box.frames_per_box, CombSize(box.comb_width_mm, box.comb_height_mm), box.box_mass_kg)
            for box in hive.stack
        )
        return cls(seed, scenario=scenario, day=day, stack=stack)

    def frames_in(self, box: int) -> int:
        self._require(box, 1)
        return self.stack[box - 1].frames

    def frame_id(self, box: int, frame: int) -> int:
        """The number on the frame's tags."""
        self._require(box, frame)
        return self._combs.frame_index(box, frame) + 1

    def face(self, box: int, frame: int, side: str) -> CombFace:
        """One side ("rear" or "front") of a frame, as somebody sees it who looks at that side."""
        return self._face(self._side(box, frame, side))

    def bare_face(self, box: int, frame: int, side: str) -> CombFace:
        """The same side with no bee on it, as after shaking them off; cheap."""
        return self._bare_face(self._side(box, frame, side))

    def bees_on(self, box: int, frame: int, side: str) -> SideBees:
        """How many bees are on a side, and where the queen is; cheap, no body is laid out."""
        return self._bees[self._side(box, frame, side)]

    def frame_mass_kg(self, box: int, frame: int) -> float:
        """Frame with comb, stores, brood and the bees on it."""
        self._require(box, frame)
        sides = [self._combs.side_index(box, frame, side) for side in SIDES]
        contents = float((self._cells_by_side[sides] @ _CONTENT_KG).sum())
        size = self.stack[box - 1].size
        empty_kg = EMPTY_FRAME_KG + EMPTY_COMB_KG_DM2 * size.width_mm * size.height_mm / 1e4
        return empty_kg + contents + BEE_KG * sum(self._bees[side].number for side in sides)

    def box_mass_kg(self, box: int) -> float:
        """A box without its frames."""
        self._require(box, 1)
        return self.stack[box - 1].box_kg

    @cached_property
    def _cells_by_side(self) -> NDArray[np.int64]:
        """(sides, classes): how many cells of each class."""
        n, classes = self._combs.first.size - 1, len(CELL_CLASSES)
        side = np.repeat(np.arange(n), np.diff(self._combs.first))
        return np.bincount(side * classes + self._contents.cell_class, minlength=n * classes).reshape(
            n, classes
        )

    @cached_property
    def _bees(self) -> tuple[SideBees, ...]:
        return bees_of_sides(self.seed, self._combs, self._contents, self._cells_by_side, self.colony)

    @cached_property
    def _queen_cells(self) -> Mapping[int, tuple[QueenCell, ...]]:
        return queen_cells_of_sides(
            self.seed, self._combs, self._cells_by_side[:, _BROOD].sum(axis=1), self.colony
        )

    def _make_face(self, k: int) -> CombFace:
        bare = self._bare_face(k)
        rng = np.random.default_rng((self.seed, 74, k, self.day))
        counts = self._cells_by_side[k]
        brood = counts[_BROOD].sum() / max(1, bare.cell_class.size)
        pollen = counts[CELL_CLASSES.index(CellClass.POLLEN)]
        here = Standing(
            x_mm=bare.cell_x_mm,
            y_mm=bare.cell_y_mm,
            liking=liking_of_cells(rng, bare.cell_x_mm, bare.cell_y_mm, bare.cell_class),
            pollen_carriers=0.004 + 0.04 * min(1.0, brood + pollen / 1500),
            mites_per_bee=self.colony.infestation,
            size=self._combs.frames[k // 2].size,
        )
        return replace(bare, bees=place_bees(rng, here, self._bees[k]))

    def _bare_face(self, k: int) -> CombFace:
        cells, comb = self._combs.cells(k), self._combs.frames[k // 2]
        same_every_visit = np.random.default_rng((self.seed, 75, k))
        return CombFace(
            frame_id=k // 2 + 1,
            side=SIDES[k % 2],
            cell_x_mm=self._combs.x_mm[cells],
            cell_y_mm=self._combs.y_mm[cells],
            cell_class=self._contents.cell_class[cells],
            bees=(),
            width_mm=comb.size.width_mm,
            height_mm=comb.size.height_mm,
            cell_size_mm=self._combs.size_mm[cells],
            cell_age_d=self._contents.age_d[cells],
            cell_fill=self._contents.fill[cells],
            cell_tint=self._contents.tint[cells],
            queen_cells=self._queen_cells.get(k, ()),
            burr_comb=burr_comb(same_every_visit, comb.size),
            wax_age=comb.wax_age,
            propolis=comb.propolis,
        )

    def _side(self, box: int, frame: int, side: str) -> int:
        self._require(box, frame)
        if side not in SIDES:
            raise ValueError(f"a frame has the sides {' and '.join(SIDES)}; got {side!r}")
        return self._combs.side_index(box, frame, side)

    def _require(self, box: int, frame: int) -> None:
        if not 1 <= box <= self.boxes:
            raise ValueError(
                f"the hive has no box {box}; it has boxes 1 (bottom) to {self.boxes}: give one of them"
            )
        frames = self.stack[box - 1].frames
        if not 1 <= frame <= frames:
            raise ValueError(
                f"box {box} has no frame {frame}; it has frames 1 (back) to {frames}: give one of them"
            )
