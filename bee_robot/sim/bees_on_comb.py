"""The bees on a comb: how many on each side, and where each stands without standing in another.

A body is three discs in a row. Bees start at random places, denser where there is brood, and push one another apart and
straight, as bees do; in a dense crowd a little overlap stays, as on photographs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import BODY_LENGTH_MM, REFERENCE_COMB, BeeOnComb, Caste, CombSize
from bee_robot.sim.comb_layout import Field, wander

MOST_BEES_ON_A_SIDE = (
    1450  # shoulder to shoulder in one layer; a fully covered side is said to have about 1000
)
BODY_WIDTH_MM = {Caste.WORKER: 4.6, Caste.DRONE: 6.2, Caste.QUEEN: 5.2}
DISC_AT = (-0.32, 0.0, 0.30)  # of the body's length, from its middle towards the head
ROUNDS, ROUNDS_BETWEEN_LOOKS, REACH_MM = 36, 9, 19.5
ROUNDS_OF_SPREADING, SPREAD_MM = 12, 7.4
STIFFNESS, TURNS = 0.35, 12.0  # of the push; settle within ROUNDS without swinging
RETINUE = (7, 12)
COURT_MM = 24.0  # around the queen, for her and her retinue
EDGE_MM = 4.0  # bodies may reach over the edge of the comb by about this
#: Most mites sit under a bee's abdomen, unseen from above (Ramsey et al. 2019); the share in view is an assumption.
VISIBLE_MITE_SHARE = 0.2
BEES_AT_NOON = 0.70  # of the workers stand on combs; the others fly, or are on floor and walls
DRONES_AT_NOON = 0.6


@dataclass(frozen=True)
class SideBees:
    """How many bees are on one side. queen_at: x, y of the queen, None where she is not."""

    workers: int
    drones: int
    queen_at: tuple[float, float] | None = None

    @property
    def number(self) -> int:
        return self.workers + self.drones + (self.queen_at is not None)


def distribute(total: float, weights: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Whole numbers that add up to `total` (rounded), in proportion to weights, none above `most`.

    Where the sides do not hold them all, what is too much is left out.
    """
    left = float(round(total))
    shares: NDArray[np.float64] = np.zeros(weights.size)
    weights = np.maximum(weights, 1e-9)
    for _ in range(12):  # what one side cannot take goes to the others
        room = shares < most
        if left < 0.5 or not room.any():
            break
        shares[room] += left * weights[room] / weights[room].sum()
        left = float(np.maximum(shares - most, 0).sum())
        shares = np.minimum(shares, most)
    whole = np.floor(shares + 1e-9)
    missing = round(shares.sum() - whole.sum())
    whole[np.argsort(-(shares - whole), kind="stable")[:missing]] += 1
    return whole.astype(np.int64)


@dataclass(frozen=True)
class Standing:
    """What the place on a side depends on: cells (x, y), how much bees like each (0 and more), and nearness of brood 0 to 1."""

    x_mm: Field
    y_mm: Field
    liking: Field
    pollen_carriers: float
    mites_per_bee: float
    size: CombSize = REFERENCE_COMB


def place_bees(rng: np.random.Generator, here: Standing, bees: SideBees) -> tuple[BeeOnComb, ...]:
    """All bees of one side. Nobody stands where no comb is."""
    if bees.number == 0 or here.x_mm.size == 0:
        return ()
    castes = [Caste.WORKER] * bees.workers + [Caste.DRONE] * bees.drones
    retinue = 0
    if bees.queen_at is not None:
        castes = [Caste.QUEEN, *castes]
        retinue = min(int(rng.integers(*RETINUE)), bees.workers)
    crowd = _Crowd(rng, here, castes, bees.queen_at, retinue)
    crowd.settle()
    x, y, heading, length = crowd.x, crowd.y, crowd.heading, crowd.length
    is_worker = np.array([caste is Caste.WORKER for caste in castes])
    loads = is_worker & (rng.random(x.size) < here.pollen_carriers)
    mites = (rng.random(x.size) < VISIBLE_MITE_SHARE * here.mites_per_bee) & np.array(
        [caste is not Caste.QUEEN for caste in castes]
    )
    return tuple(
        BeeOnComb(
            float(x[k]),
            float(y[k]),
            float(heading[k]),
            castes[k],
            float(length[k]),
            bool(loads[k]),
            bool(mites[k]),
        )
        for k in range(x.size)
    )


class _Crowd:
    """Bodies that push one another apart. The first `fixed` (queen and retinue) stay where they are."""

    def __init__(
        self,
        rng: np.random.Generator,
        here: Standing,
        castes: list[Caste],
        queen_at: tuple[float, float] | None,
        retinue: int,
    ) -> None:
        n = len(castes)
        self.length = np.array([BODY_LENGTH_MM[caste] for caste in castes]) * rng.normal(1.0, 0.045, n)
        self._width = np.array([BODY_WIDTH_MM[caste] for caste in castes])
        liking = here.liking.astype(np.float64)
        if queen_at is not None:  # they make room for her
            court = np.hypot(here.x_mm - queen_at[0], here.y_mm - queen_at[1]) < COURT_MM
            liking = np.where(court, 1e-6, liking)
        chosen = rng.choice(here.x_mm.size, n, p=liking / liking.sum(), replace=n > here.x_mm.size)
        self.x = here.x_mm[chosen] + rng.uniform(-2, 2, n)
        self.y = here.y_mm[chosen] + rng.uniform(-2, 2, n)
        along = rng.uniform(0, 2 * np.pi) + 1.5 * wander(
            rng, self.x.astype(np.float32), self.y.astype(np.float32), 120.0
        )
        turned = (
            rng.normal(0, 0.4, n)
            + np.pi * (rng.random(n) < 0.35)
            + (rng.random(n) < 0.12) * rng.uniform(0, 6.28, n)
        )
        self.heading = np.asarray(along + turned, np.float64)
        self._fixed = np.zeros(n, bool)
        if queen_at is not None:
            self._seat_queen(rng, queen_at, retinue)
        self._limit_x = here.size.width_mm / 2 + EDGE_MM - 5.0
        self._limit_y = here.size.height_mm / 2 + EDGE_MM - 5.0
        self._bottom = float(here.y_mm.min()) - EDGE_MM

    def _seat_queen(self, rng: np.random.Generator, queen_at: tuple[float, float], retinue: int) -> None:
        """Workers around her, heads towards her: on an ellipse around her body, with some room before her."""
        self.x[0], self.y[0] = queen_at
        self._fixed[: 1 + retinue] = True
        around = self.heading[0] + np.linspace(0, 2 * np.pi, retinue, endpoint=False) + 0.3
        around = around + rng.normal(0, 0.08, retinue)
        relative = around - self.heading[0]
        edge = np.hypot(0.5 * self.length[0] * np.cos(relative), 0.5 * self._width[0] * np.sin(relative))
        court = slice(1, 1 + retinue)
        away = edge + 0.5 * self.length[court] + rng.uniform(0.5, 2.5, retinue)
        self.x[court] = queen_at[0] + away * np.cos(around)
        self.y[court] = queen_at[1] + away * np.sin(around)
        self.heading[court] = around + np.pi + rng.normal(0, 0.15, retinue)

    def settle(self) -> None:
        for k in range(ROUNDS):
            if k % ROUNDS_BETWEEN_LOOKS == 0:
                first, second = _pairs(self.x, self.y, REACH_MM)
            if (
                k < ROUNDS_OF_SPREADING
            ):  # first their middles: bodies that lie across one another cannot get free
                self._push(first, second, (0.0,), np.full(self.x.size, SPREAD_MM))
            else:
                self._push(first, second, DISC_AT, self._width)
        self.heading %= 2 * np.pi

    def _push(
        self,
        first: NDArray[np.int64],
        second: NDArray[np.int64],
        discs: tuple[float, ...],
        width: NDArray[np.float64],
    ) -> None:
        """One round: each disc moves out of the others by a part of what they overlap, and turns its bee."""
        n = self.x.size
        apart_x, apart_y = self.x[first] - self.x[second], self.y[first] - self.y[second]
        reach = max(discs) * (self.length[first] + self.length[second]) + 0.5 * (width[first] + width[second])
        near = np.flatnonzero(apart_x**2 + apart_y**2 < reach**2)
        a, b = first[near], second[near]
        at = np.array(discs)[:, None]
        cos_a, sin_a, cos_b, sin_b = (f(self.heading[k]) for k in (a, b) for f in (np.cos, np.sin))
        arm_a, arm_b = at * self.length[a], at * self.length[b]  # (disc, pair)
        dx = apart_x[near] + (arm_a * cos_a)[:, None] - (arm_b * cos_b)[None]  # (disc of a, disc of b, pair)
        dy = apart_y[near] + (arm_a * sin_a)[:, None] - (arm_b * sin_b)[None]
        distance = np.sqrt(dx * dx + dy * dy) + 1e-6
        gives_way = STIFFNESS * (1.0 + (self._fixed[a] | self._fixed[b]))
        push = np.maximum(0.0, 0.5 * (width[a] + width[b]) / distance - 1.0) * gives_way
        fx, fy = push * dx, push * dy
        turn_a = ((cos_a * fy.sum(1) - sin_a * fx.sum(1)) * at).sum(0) / self.length[a]
        turn_b = ((cos_b * fy.sum(0) - sin_b * fx.sum(0)) * at).sum(0) / self.length[b]
        fx_all, fy_all = fx.sum((0, 1)), fy.sum((0, 1))
        free = ~self._fixed
        step = (
            np.bincount(a, f, n) + np.bincount(b, g, n)
            for f, g in ((fx_all, -fx_all), (fy_all, -fy_all), (turn_a, -turn_b))
        )
        move_x, move_y, turn = (np.where(free, s, 0.0) for s in step)
        self.x = np.clip(self.x + np.clip(move_x, -2.5, 2.5), -self._limit_x, self._limit_x)
        self.y = np.clip(
            self.y + np.clip(move_y, -2.5, 2.5), max(-self._limit_y, self._bottom), self._limit_y
        )
        self.heading = self.heading + np.clip(TURNS * turn, -0.3, 0.3)


def _pairs(
    x: NDArray[np.float64], y: NDArray[np.float64], reach_mm: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of all pairs within reach, each once."""
    px, py = x.astype(np.float32), y.astype(np.float32)
    order = np.argsort(px, kind="stable")
    # along x, neighbours are within a window of the sorted order
    sorted_x, sorted_y = px[order], py[order]
    ends = np.searchsorted(sorted_x, sorted_x + np.float32(reach_mm))
    counts = ends - np.arange(x.size) - 1
    if counts.sum() == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first = np.repeat(np.arange(x.size), counts)
    begins = np.concatenate([[0], np.cumsum(counts)[:-1]])
    second = np.arange(counts.sum()) - np.repeat(begins, counts) + first + 1
    is_near = np.abs(sorted_y[first] - sorted_y[second]) < reach_mm
    return order[first[is_near]], order[second[is_near]]
