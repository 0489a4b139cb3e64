"""Which side of which frame has how many bees, and where on a side they like to be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.colony import Colony
from bee_robot.hive.comb import CELL_CLASSES, CELL_PITCH_MM, CellClass
from bee_robot.sim.bees_on_comb import BEES_AT_NOON, DRONES_AT_NOON, MOST_BEES_ON_A_SIDE, SideBees, distribute
from bee_robot.sim.colony_on_frames import Contents, HiveCombs
from bee_robot.sim.comb_layout import Field, wander

#: How much bees like to stand on a cell, by what is in it: nurses on open brood, few on bare comb.
LIKING: dict[CellClass, float] = {
    CellClass.LARVAE: 1.5,
    CellClass.EGGS: 1.25,
    CellClass.CAPPED_BROOD: 1.2,
    CellClass.DRONE_BROOD: 0.9,
    CellClass.POLLEN: 0.85,
    CellClass.NECTAR: 0.7,
    CellClass.HONEY: 0.42,
    CellClass.EMPTY: 0.22,
}
_LIKING = np.array([LIKING[cell_class] for cell_class in CELL_CLASSES])
_EGGS = CELL_CLASSES.index(CellClass.EGGS)


def bees_of_sides(
    seed: int, combs: HiveCombs, contents: Contents, cells_by_side: NDArray[np.int64], colony: Colony
) -> tuple[SideBees, ...]:
    """Numbers for every side, in the order of HiveCombs. They add up to the bees that stand on combs at noon."""
    rng = np.random.default_rng((seed, 72, colony.day.toordinal()))
    liking = cells_by_side @ _LIKING
    # the two sides of a frame are alike; some frames are crowded and some are left alone
    by_frame = np.repeat(rng.gamma(9.0, 1 / 9.0, liking.size // 2), 2) * rng.gamma(
        30.0, 1 / 30.0, liking.size
    )
    heat = liking / max(1.0, float(np.median(np.diff(combs.first))))
    weights = by_frame * liking * (0.25 + heat)
    workers = distribute(BEES_AT_NOON * colony.workers, weights, MOST_BEES_ON_A_SIDE)
    drone_weights = (weights * rng.gamma(2.0, 0.5, weights.size)).astype(np.float64)
    most_drones = max(1, int(0.12 * MOST_BEES_ON_A_SIDE))
    drones = distribute(DRONES_AT_NOON * colony.drones, drone_weights, most_drones)
    queen_side, queen_at = _queen(rng, combs, contents, cells_by_side, colony)
    return tuple(
        SideBees(int(w), int(d), queen_at if side == queen_side else None)
        for side, (w, d) in enumerate(zip(workers, drones, strict=True))
    )


def _queen(
    rng: np.random.Generator,
    combs: HiveCombs,
    contents: Contents,
    cells_by_side: NDArray[np.int64],
    colony: Colony,
) -> tuple[int, tuple[float, float] | None]:
    """She is where today's eggs are; a young queen that does not lay walks about on the combs of the nest."""
    if not colony.has_queen:
        return -1, None
    fresh = (contents.cell_class == _EGGS) & (contents.age_d < 1.0)
    side_of = np.repeat(np.arange(combs.first.size - 1), np.diff(combs.first))
    eggs = np.bincount(side_of[fresh], minlength=combs.first.size - 1)
    side = int(np.argmax(eggs)) if eggs.any() else int(np.argmin(_nest_of_sides(combs)))
    cells = combs.cells(side)
    x, y = combs.x_mm[cells], combs.y_mm[cells]
    size = combs.frames[side // 2].size
    inside = (np.abs(x) < size.width_mm / 2 - 30) & (np.abs(y) < size.height_mm / 2 - 29.5)
    chosen = np.flatnonzero(fresh[cells] & inside) if eggs.any() else np.flatnonzero(inside)
    if chosen.size == 0:
        chosen = np.flatnonzero(inside) if inside.any() else np.arange(x.size)
    one = int(rng.choice(chosen))
    return side, (float(x[one]), float(y[one]))


def _nest_of_sides(combs: HiveCombs) -> NDArray[np.float64]:
    sums = np.add.reduceat(combs.nest.astype(np.float64), combs.first[:-1])
    return np.asarray(sums / np.maximum(1, np.diff(combs.first)), np.float64)


def liking_of_cells(rng: np.random.Generator, x: Field, y: Field, classes: NDArray[np.uint8]) -> Field:
    """How likely a bee is to stand at each cell: by what is in it and its neighbours, in clouds."""
    wide = 26.0
    columns, rows = int(440 / wide) + 1, int(310 / wide) + 1
    at = ((x + 220) / wide).astype(np.int64) + columns * ((y + 155) / wide).astype(np.int64)
    number = np.bincount(at, minlength=columns * rows)
    around = np.bincount(at, _LIKING[classes], minlength=columns * rows) / np.maximum(1, number)
    cloud = np.exp(0.45 * wander(rng, x, y, 9 * wide) + 0.35 * wander(rng, x, y, 8 * CELL_PITCH_MM))
    return np.asarray((0.05 + 0.5 * _LIKING[classes] + 0.5 * around[at]) * cloud, np.float32)
