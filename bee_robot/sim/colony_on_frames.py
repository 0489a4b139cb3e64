"""Where a colony keeps what: its brood, laid day by day, and its stores, in the cells of all frames.

The queen lays a comb from the middle outwards within one to two weeks and comes back when the first bees have emerged, so
that a comb shows rings of ages and, later, a hole of young brood within capped brood. What a colony has (hive.colony) is
put into exactly as many cells.

Real sides (13 sides, 39,533 cells, DeepBee test labels) set the shapes: nests like rounded rectangles, 5 to 17 % of cells
within capped brood used otherwise, neighbours alike in 60 to 80 % of pairs on brood combs, capped honey in the middle of a
super with nectar around and below it, bee bread and nectar mixed cell by cell around the nest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.colony import (
    DRONE_CAPPED_D,
    DRONE_EMERGES_D,
    HATCHES_D,
    WORKER_CAPPED_D,
    WORKER_EMERGES_D,
    Colony,
    Comb,
)
from bee_robot.hive.comb import CELL_CLASSES, COMB_HEIGHT_MM, REFERENCE_COMB, CellClass, CombSize
from bee_robot.sim.comb_layout import SIDES, Field, FrameComb, SideComb, build_comb, cells_of_side, wander

NEST_HALF_AXES_MM = (205.0, 136.0)
NEST_EXPONENT = 2.7  # between an ellipse and a rectangle
NEST_CENTRE_Y_MM = -12.0
NEST_HALF_FRAMES = (
    1.9,
    2.7,
)  # from the middle of the nest to its end, were it as wide as a comb is long; by seed
ROUND_D = 23.0  # 21 days and two for cleaning: how often the queen comes back to a cell
NEVER = -9999
KINDS_OF_POLLEN = 6

Flat = NDArray[np.float32]
_INDEX = {cell_class: index for index, cell_class in enumerate(CELL_CLASSES)}


@dataclass(frozen=True)
class BoxOfCombs:
    """How many frames a box has, the size of their combs, and what the box weighs without them."""

    frames: int
    size: CombSize = REFERENCE_COMB
    box_kg: float = 6.0


@dataclass(frozen=True)
class HiveCombs:
    """The cells of all sides of a hive, one side after the other; side k is cells first[k] to first[k + 1].

    Sides are in the order box, frame, SIDES. nest: 0 in the middle of the brood nest, equal on surfaces that a growing nest
    fills one after the other. round_d: when within ROUND_D the queen comes by. honey_rank: 0 for the cell that is filled
    with honey first. chance: 0 to 1, any order that is nobody's. patch: a smooth field of unit deviation, 30 mm wide.
    """

    boxes: tuple[BoxOfCombs, ...]
    frames: tuple[FrameComb, ...]
    first: NDArray[np.int64]
    x_mm: Flat
    y_mm: Flat
    size_mm: Flat
    is_drone: NDArray[np.bool_]
    nest: Flat
    round_d: Flat
    honey_rank: NDArray[np.int32]
    chance: Flat
    patch: Flat

    @property
    def room(self) -> Comb:
        drone_cells = int(self.is_drone.sum())
        return Comb(self.is_drone.size - drone_cells, drone_cells)

    def side_index(self, box: int, frame: int, side: str) -> int:
        return self.frame_index(box, frame) * 2 + SIDES.index(side)

    def frame_index(self, box: int, frame: int) -> int:
        """From 0, boxes bottom up, frames from the back."""
        return sum(each.frames for each in self.boxes[: box - 1]) + frame - 1

    def cells(self, side_index: int) -> slice:
        return slice(int(self.first[side_index]), int(self.first[side_index + 1]))


@lru_cache(maxsize=2)
def build_combs(seed: int, boxes: tuple[BoxOfCombs, ...]) -> HiveCombs:
    """Comb of a whole hive and how its colony uses it, by seed alone: it stays the same from visit to visit."""
    rng = np.random.default_rng((seed, 71))
    off_middle = rng.normal(0, 0.45)
    half_frames = rng.uniform(*NEST_HALF_FRAMES)
    first_round_d = rng.uniform(0, ROUND_D)
    from_nest = [0.0, rng.uniform(0.3, 0.65), rng.uniform(0.95, 1.15), 1.5]  # by box: she climbs slowly
    parts: list[dict[str, NDArray[np.generic]]] = []
    frames = []
    for box, made in enumerate(boxes, 1):
        middle = (made.frames + 1) / 2 + off_middle
        for frame in range(1, made.frames + 1):
            away = abs(frame - middle)
            frame_rng = np.random.default_rng((seed, box, frame))
            nearness = max(0.0, 1 - away / (1.7 * half_frames)) * max(0.0, 1 - from_nest[min(box, 4) - 1])
            comb = build_comb(frame_rng, is_brood_comb=box <= 2, nearness=nearness, size=made.size)
            frames.append(comb)
            use = _FrameUse(
                frame_rng,
                away=away / half_frames,
                above=from_nest[min(box, 4) - 1],
                height=(box - 1) / max(1, len(boxes) - 1),
                outwards=2 * away / made.frames,
                # golden steps: whatever frames the nest has, somewhere there is a comb for today's eggs
                phase_d=(first_round_d + 0.618034 * ROUND_D * len(frames)) % ROUND_D,
            )
            parts += [
                use.side(comb, side, np.random.default_rng((seed, box, frame, k)))
                for k, side in enumerate(SIDES)
            ]
    flat = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(-flat.pop("honey"), kind="stable")
    rank = np.empty(order.size, np.int32)
    rank[order] = np.arange(order.size)
    first = np.concatenate([[0], np.cumsum([part["nest"].size for part in parts])])
    return HiveCombs(boxes, tuple(frames), first, honey_rank=rank, **flat)


class _FrameUse:
    """How the colony uses the two sides of one frame: alike, since warmth goes through the comb."""

    def __init__(
        self,
        rng: np.random.Generator,
        *,
        away: float,
        above: float,
        height: float,
        outwards: float,
        phase_d: float,
    ) -> None:
        self._from_nest = np.float32(away**3 + above**3)
        self._height, self._outwards = height, outwards
        self._centre_x = rng.normal(0, 12)
        self._phase_d = phase_d + rng.normal(0, 1.0)
        self._sweep_d = rng.uniform(7, 17)
        self._start = rng.normal(0, (28, 18))  # where she began on this comb
        self._lean = rng.normal(0, 0.10)

    def side(self, comb: FrameComb, side: str, rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
        cells = cells_of_side(comb, side, rng)
        x, y = cells.x_mm, cells.y_mm
        mirror = -1.0 if side == "front" else 1.0
        half_width, half_height = NEST_HALF_AXES_MM
        centre_x = mirror * self._centre_x
        in_plane = _rounded(x - centre_x, y - NEST_CENTRE_Y_MM, half_width, half_height)
        in_plane *= 1 + 0.06 * wander(rng, x, y, 130.0)
        nest = np.cbrt(in_plane**3 + self._from_nest)
        nest += 0.02 * wander(rng, x, y, 26.0) + rng.normal(0, 0.012, x.size)
        patch = 0.75 * wander(rng, x, y, 38.0) + 0.65 * wander(rng, x, y, 75.0)
        return {
            "x_mm": x,
            "y_mm": y,
            "size_mm": cells.size_mm,
            "is_drone": cells.is_drone,
            "nest": nest.astype(np.float32),
            "round_d": self._round_d(rng, cells, mirror, patch),
            "honey": self._honey(rng, x, y, mirror, patch, comb.size),
            "chance": rng.random(x.size, np.float32),
            "patch": patch.astype(np.float32),
        }

    def _round_d(
        self, rng: np.random.Generator, cells: SideComb, mirror: float, patch: Field
    ) -> NDArray[np.float32]:
        x, y, is_drone = cells.x_mm, cells.y_mm, cells.is_drone
        start_x, start_y = mirror * (self._centre_x + self._start[0]), NEST_CENTRE_Y_MM + self._start[1]
        radius = _rounded(x - start_x, y - start_y, *NEST_HALF_AXES_MM, exponent=2.2)
        late = self._phase_d + rng.normal(0, 1.2) + self._sweep_d * radius**1.6
        late += 0.9 * wander(rng, x, y, 70.0) + 0.5 * patch + rng.normal(0, 0.7, x.size)
        late += 2.5 * (rng.random(x.size) < 0.03) * rng.normal(0, 1.5, x.size)
        together = self._phase_d + 1.2 * wander(rng, x, y, 60.0)  # a patch of drone comb is laid within days
        return np.asarray(np.where(is_drone, together, late) % ROUND_D, np.float32)

    def _honey(
        self, rng: np.random.Generator, x: Field, y: Field, mirror: float, patch: Field, size: CombSize
    ) -> NDArray[np.float32]:
        """What is filled first: the top box, the upper part of a comb and its upper corners, combs at the walls."""
        across = np.abs(x) / (size.width_mm / 2)
        up = y / size.height_mm + 0.5
        is_super = self._height > 0.6
        if is_super:  # filled and capped from the middle of the top outwards
            score = 0.55 * up - 0.45 * across**3 - 0.35 * (1 - up) ** 3 - 0.25 * self._outwards
        else:
            score = 1.15 * up + 0.30 * across**2 + 0.55 * self._outwards - 0.62
        score = score + 1.2 * self._height**2 + self._lean * (1 + mirror * x / size.width_mm)
        score += 0.05 * wander(rng, x, y, 120.0) + (0.015 if is_super else 0.07) * patch
        score += rng.normal(0, 0.008 if is_super else 0.045, x.size)
        return np.asarray(score, np.float32)


def _rounded(
    x: Field, y: Field, half_width: float, half_height: float, exponent: float = NEST_EXPONENT
) -> Field:
    sum_ = np.abs(x / half_width) ** exponent + np.abs(y / half_height) ** exponent
    return np.asarray(sum_ ** (1 / exponent), np.float32)


@dataclass(frozen=True)
class Contents:
    """What is in every cell of HiveCombs. cell_class: indices into CELL_CLASSES; age_d: of brood, else NaN."""

    cell_class: NDArray[np.uint8]
    age_d: Flat
    fill: Flat
    tint: NDArray[np.uint8]


def fill_cells(combs: HiveCombs, course: Sequence[Colony]) -> Contents:
    """Contents on the last day of a colony's course, whose days follow one another.

    Cells of brood, honey, nectar and bee bread are as many as the colony has (rounded), where the comb has room for them.
    """
    laid_on, today = _lay_brood(combs, course), len(course) - 1
    colony = course[-1]
    age = today - laid_on
    is_brood = laid_on != NEVER
    classes = np.full(age.size, _INDEX[CellClass.EMPTY], np.uint8)
    classes[is_brood] = _INDEX[CellClass.LARVAE]
    classes[is_brood & (age < HATCHES_D)] = _INDEX[CellClass.EGGS]
    classes[is_brood & ~combs.is_drone & (age >= WORKER_CAPPED_D)] = _INDEX[CellClass.CAPPED_BROOD]
    classes[is_brood & combs.is_drone & (age >= DRONE_CAPPED_D)] = _INDEX[CellClass.DRONE_BROOD]
    _store(combs, colony, classes)
    hours = 0.15 + 0.8 * combs.chance * 0.5 + 0.2 * np.abs(np.sin(3 * combs.patch))
    is_stored = classes == _INDEX[CellClass.HONEY]
    smooth = 0.5 + 0.5 * np.tanh(combs.patch)
    fill = np.where(is_stored, np.float32(1.0), np.float32(0.25) + 0.45 * smooth + 0.3 * combs.chance)
    has_fill = is_stored | (classes == _INDEX[CellClass.NECTAR]) | (classes == _INDEX[CellClass.POLLEN])
    return Contents(
        cell_class=classes,
        age_d=np.where(is_brood, age + np.minimum(hours, 0.99), np.nan).astype(np.float32),
        fill=np.where(has_fill, fill, 0.0).astype(np.float32),
        tint=_tints(combs, colony),
    )


def _lay_brood(combs: HiveCombs, course: Sequence[Colony]) -> NDArray[np.int16]:
    """The day of the course on which an egg was laid into each cell that holds brood at its end, else NEVER."""
    laid_on = np.full(combs.nest.size, NEVER, np.int16)
    most = max(max(colony.worker_brood[0] for colony in course), 1.0)
    workers = np.flatnonzero(~combs.is_drone)
    drones = np.flatnonzero(combs.is_drone)
    wanted = min(workers.size, int(1.5 * ROUND_D * most) + 500)
    least_honey = min(colony.store_cells()[CellClass.HONEY] for colony in course)
    workers = workers[combs.honey_rank[workers] >= least_honey]
    wanted = min(wanted, workers.size)
    workers = workers[np.sort(np.argpartition(combs.nest[workers], wanted - 1)[:wanted])]
    worker_brood = _Brood(combs, workers, WORKER_EMERGES_D)
    drone_brood = _Brood(combs, drones, DRONE_EMERGES_D)
    for today, colony in enumerate(course):
        honey = colony.store_cells()[CellClass.HONEY]
        recent = course[max(0, today - 20) : today + 1]
        typical = sum(day.worker_brood[0] for day in recent) / len(recent)
        worker_brood.next_day(today, colony.worker_brood, honey, 1.02 * ROUND_D * max(typical, 10.0))
        drone_brood.next_day(today, colony.drone_brood, 0, float(drones.size))
    laid_on[workers] = worker_brood.laid_on
    laid_on[drones] = drone_brood.laid_on
    return laid_on


class _Brood:
    """Brood of one size of cells, in the cells `where`, from day to day."""

    def __init__(self, combs: HiveCombs, where: NDArray[np.int64], emerges_d: int) -> None:
        self._emerges_d = emerges_d
        self._nest, self._round = combs.nest[where], combs.round_d[where]
        self._rank, self._chance = combs.honey_rank[where], combs.chance[where]
        self._nest_order = np.sort(self._nest)
        self.laid_on = np.full(where.size, NEVER, np.int16)

    def next_day(self, today: int, wanted: Sequence[float], honey_cells: int, nest_cells: float) -> None:
        """wanted[k]: cells of brood k days old. What is too much of an age is removed, then today's eggs are laid."""
        if self.laid_on.size == 0:
            return
        self.laid_on[self.laid_on <= today - self._emerges_d] = NEVER
        self._remove(today, wanted)
        eggs = round(wanted[0])
        free = np.flatnonzero((self.laid_on == NEVER) & (self._rank >= honey_cells))
        eggs = min(eggs, free.size)
        if eggs < 1:
            return
        edge = self._nest_order[min(self._nest.size - 1, int(nest_cells))]
        late = (today - self._round[free]) % ROUND_D / ROUND_D
        key = late + 8.0 * np.maximum(0, self._nest[free] / max(float(edge), 1e-3) - 1)
        self.laid_on[free[np.argpartition(key, eggs - 1)[:eggs]]] = today

    def _remove(self, today: int, wanted: Sequence[float]) -> None:
        brood = np.flatnonzero(self.laid_on != NEVER)
        ages = today - self.laid_on[brood].astype(np.int64)
        counts = np.bincount(ages, minlength=self._emerges_d)
        for age in range(1, self._emerges_d):
            excess = int(counts[age]) - round(wanted[age])
            if excess > 0:
                those = brood[ages == age]
                lost = np.argpartition((self._chance[those] * 7 + today * 0.37) % 1.0, excess - 1)[:excess]
                self.laid_on[those[lost]] = NEVER


def _store(combs: HiveCombs, colony: Colony, classes: NDArray[np.uint8]) -> None:
    """Honey where it always is; bee bread around the nest; nectar next to the honey, here and there near the
    nest, and in patches wherever there was room when it came in.
    """
    cells = colony.store_cells()
    empty = _INDEX[CellClass.EMPTY]
    free = np.flatnonzero(classes == empty)
    honey = _least(combs.honey_rank[free].astype(np.float32), cells[CellClass.HONEY])
    classes[free[honey]] = _INDEX[CellClass.HONEY]

    free = np.flatnonzero((classes == empty) & ~combs.is_drone)
    nest, patch, chance = combs.nest[free], combs.patch[free], combs.chance[free]
    edge = _nest_edge(combs, colony)
    above = np.maximum(0, -(combs.y_mm[free] + 60) / 120)  # hardly any bee bread below the nest
    near = np.abs(nest / edge - 1.06)
    key = np.where(nest < edge, 1.3 * near, near) + 0.22 * patch + 0.35 * chance + 0.5 * above
    pollen = _least(key, cells[CellClass.POLLEN])
    classes[free[pollen]] = _INDEX[CellClass.POLLEN]

    free = np.flatnonzero((classes == empty) & ~combs.is_drone)
    rank = combs.honey_rank[free] / max(1, combs.honey_rank.size)
    around = np.abs(combs.nest[free] / edge - 1.1)
    scattered = 0.75 * around - 0.16 * combs.patch[free] + 1.3 * (combs.chance[free] * 5 % 1.0)
    low = np.maximum(0, -combs.y_mm[free] / COMB_HEIGHT_MM)
    fresh = 0.39 - 0.11 * combs.patch[free] + 0.3 * (combs.chance[free] * 11 % 1.0) + 0.35 * low
    beside_honey = rank + 0.04 * combs.patch[free]
    key = np.minimum(np.minimum(beside_honey, 0.25 + scattered), fresh) + 0.05 * (
        combs.chance[free] * 3 % 1.0
    )
    nectar = _least(key, cells[CellClass.NECTAR])
    classes[free[nectar]] = _INDEX[CellClass.NECTAR]


def _nest_edge(combs: HiveCombs, colony: Colony) -> float:
    """Where on the nest's scale the brood ends: it fills most of what lies within."""
    cells = max(1500, int(1.25 * colony.brood_cells))
    if cells >= combs.nest.size:
        return float(combs.nest.max())
    return float(np.partition(combs.nest, cells)[cells])


def _least(key: NDArray[np.floating], number: int) -> NDArray[np.int64]:
    if number <= 0:
        return np.empty(0, np.int64)
    if number >= key.size:
        return np.arange(key.size)
    return np.asarray(np.argpartition(key, number - 1)[:number], np.int64)


def _tints(combs: HiveCombs, colony: Colony) -> NDArray[np.uint8]:
    """Loads of the same plant lie in neighbouring cells; which plants there are changes with the weeks."""
    week = colony.day.timetuple().tm_yday // 14
    smooth = 1.4 * combs.patch + 2.2 * combs.chance + week
    return np.asarray(np.floor(smooth) % KINDS_OF_POLLEN, np.uint8)
