"""A honey-bee colony as numbers, day by day: queen, brood of all ages, bees, stores, mites, queen cells.

Plain data and pure functions: the same colony, seed and comb give the same next day. Cells and kilograms are those of
comb.py. Rates are textbook figures, each with its source where it is defined; together they are a model that is
plausible over a season, no forecast for a real hive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from bee_robot.hive.comb import CELL_CONTENT_KG, CellClass, QueenCellKind

#: Days from the egg to open larva, to the capped cell, to the emerging bee (facts: worker 3, 9, 21; drone 24; queen 16).
HATCHES_D, WORKER_CAPPED_D, WORKER_EMERGES_D = 3, 9, 21
DRONE_CAPPED_D, DRONE_EMERGES_D = 10, 24
QUEEN_CAPPED_D, QUEEN_EMERGES_D = 8, 16
QUEEN_MATES_IN_D = 12  # from emerging to the first eggs: 10 to 14 days in good weather

PEAK_EGGS_A_DAY = 1750.0  # textbooks: 1500 to 2000 at the peak of the season
NURSED_EGGS_PER_BEE = (
    0.075  # a colony lays no more than it can keep warm and feed: in spring 10,000 bees for 750 a day
)
HATCH_LOSS = 0.06  # brood that does not get beyond the egg in a healthy colony
MAX_DRONE_SHARE = 0.07  # of the eggs, in the season of drones

SUMMER_LIFE_D, WINTER_LIFE_D, DRONE_LIFE_D = (
    33.0,
    190.0,
    24.0,
)  # means; textbooks: 4 to 6 weeks, 5 to 8 months, 3 to 4 weeks
FORAGER_SHARE = 0.28  # of adult workers
LOAD_KG, FLIGHTS_A_DAY = 35e-6, 10.0  # nectar in a load (25 to 40 mg); flights at the best flow

#: Seeley (The Wisdom of the Hive): a colony takes 60 to 80 kg of honey and about 20 kg of pollen a year.
HONEY_PER_BEE_DAY_KG, HONEY_PER_LARVA_KG, POLLEN_PER_LARVA_KG = 6.5e-6, 0.00013, 0.00013
RIPENS_A_DAY = 0.28  # share of the nectar: thick within about four days
HONEY_FROM_NECTAR = 0.5  # mass; 40 % sugar becomes 82 %
POLLEN_TARGET_KG = 1.4  # foragers go for pollen while there is less: about 0.5 to 1.5 kg are kept in summer

#: Varroa with brood: 0.021 a day, doubling in 33 days (Martin 1998; Branco et al. 2006); without brood they die slowly.
MITE_GROWTH_A_DAY, MITE_LOSS_A_DAY = 0.021, 0.004
MITES_PER_CAPPED_CELL_MAX = 1.5

SWARM_SEASON_DOY = (130, 200)
SWARM_BEES, SWARM_SHARE = (
    38000.0,
    0.65,
)  # bees from which a crowded colony prepares; share of them that leaves
DEFAULT_LATITUDE_DEG = 59.0
SPRING_LATER_D_PER_DEG = 4.0  # Hopkins' law: spring comes four days later a degree further north


@dataclass(frozen=True)
class Season:
    """What a date means to bees, all 0 to 1: the queen's laying, nectar, pollen, drones tolerated, winter bees reared."""

    laying: float
    nectar: float
    pollen: float
    drones: float
    winter_bees: float


def season_at(day: date, latitude_deg: float = DEFAULT_LATITUDE_DEG) -> Season:
    """The season of the northern temperate zone (30 to 66 degrees north). Raises ValueError for other latitudes.

    Shape: laying from March, peak in June, end in October; willow and dandelion in spring, the main flow in June and July,
    a late one in August.
    """
    if not 30.0 <= latitude_deg <= 66.0:
        raise ValueError(f"latitude {latitude_deg:g} is outside the model (30 to 66 degrees north)")
    late_d = SPRING_LATER_D_PER_DEG * (latitude_deg - DEFAULT_LATITUDE_DEG)
    n = day.timetuple().tm_yday
    spring = n - late_d  # spring moves with latitude, autumn the other way
    autumn = n + late_d

    def bump(x: float, middle: float, width: float) -> float:
        return math.exp(-0.5 * ((x - middle) / width) ** 2)

    laying = _rise(spring, 75, 150) * (1 - _rise(autumn, 195, 285))
    nectar = min(1.0, 0.5 * bump(spring, 138, 14) + bump(n, 185, 22) + 0.35 * bump(autumn, 228, 14))
    pollen = min(1.0, _rise(spring, 85, 125) * (1 - _rise(autumn, 235, 270)))
    drones = _rise(spring, 115, 150) * (1 - _rise(autumn, 205, 235))
    return Season(laying, nectar, pollen, drones, _rise(autumn, 225, 265) if autumn > 200 else 0.0)


def _rise(x: float, begins: float, ends: float) -> float:
    s = min(1.0, max(0.0, (x - begins) / (ends - begins)))
    return s * s * (3 - 2 * s)


@dataclass(frozen=True)
class GrowingQueen:
    """A queen cell with brood: days since the egg, and whether it was drawn from a worker cell in need."""

    age_d: int
    is_emergency: bool

    @property
    def kind(self) -> QueenCellKind:
        if self.is_emergency:
            return QueenCellKind.EMERGENCY
        return QueenCellKind.CAPPED if self.age_d >= QUEEN_CAPPED_D else QueenCellKind.CHARGED


@dataclass(frozen=True)
class Comb:
    """Cells that the colony has, both sizes; what is full of one thing holds no other."""

    worker_cells: int
    drone_cells: int


@dataclass(frozen=True)
class Colony:
    """State at noon of a day. worker_brood[k], drone_brood[k]: cells whose egg is k to k + 1 days old.

    Bees are counted with those in the field. queen_vigour: laying relative to a good queen; queen_lays_in_d: days until a
    young queen lays, 0 where she does. hatch_loss: share of eggs that never become larvae to stay. forage: what the site
    gives relative to an ordinary one. mites: all of them, on bees and in capped brood. play_cups: empty queen cups.
    """

    day: date
    worker_brood: tuple[float, ...] = (0.0,) * WORKER_EMERGES_D
    drone_brood: tuple[float, ...] = (0.0,) * DRONE_EMERGES_D
    summer_bees: float = 0.0
    winter_bees: float = 0.0
    drones: float = 0.0
    honey_kg: float = 0.0
    nectar_kg: float = 0.0
    pollen_kg: float = 0.0
    mites: float = 0.0
    has_queen: bool = True
    queen_vigour: float = 1.0
    queen_lays_in_d: int = 0
    hatch_loss: float = HATCH_LOSS
    forage: float = 1.0
    wants_to_swarm: bool = False
    queen_cells: tuple[GrowingQueen, ...] = ()
    play_cups: int = 0
    emerged: float = 0.0
    latitude_deg: float = DEFAULT_LATITUDE_DEG

    @property
    def workers(self) -> float:
        return self.summer_bees + self.winter_bees

    @property
    def eggs(self) -> float:
        """Cells with eggs of workers and drones."""
        return sum(self.worker_brood[:HATCHES_D]) + sum(self.drone_brood[:HATCHES_D])

    @property
    def larvae(self) -> float:
        return sum(self.worker_brood[HATCHES_D:WORKER_CAPPED_D]) + sum(
            self.drone_brood[HATCHES_D:DRONE_CAPPED_D]
        )

    @property
    def capped_workers(self) -> float:
        return sum(self.worker_brood[WORKER_CAPPED_D:])

    @property
    def capped_drones(self) -> float:
        return sum(self.drone_brood[DRONE_CAPPED_D:])

    @property
    def brood_cells(self) -> float:
        return sum(self.worker_brood) + sum(self.drone_brood)

    @property
    def mites_on_bees(self) -> float:
        """About a third of them while there is plenty of brood (Martin 1998: 65 to 85 % in brood), all without."""
        capped = (
            self.capped_workers + 6 * self.capped_drones
        )  # drone brood draws them six to ten times as much
        in_brood = min(
            0.72 * min(1.0, capped / max(1.0, 0.3 * self.workers)) * self.mites,
            MITES_PER_CAPPED_CELL_MAX * (self.capped_workers + self.capped_drones),
        )
        return self.mites - in_brood

    @property
    def infestation(self) -> float:
        """Mites per adult bee."""
        return self.mites_on_bees / max(1.0, self.workers + self.drones)

    def store_cells(self) -> dict[CellClass, int]:
        """Cells of honey, nectar and bee bread."""
        kg = {
            CellClass.HONEY: self.honey_kg,
            CellClass.NECTAR: self.nectar_kg,
            CellClass.POLLEN: self.pollen_kg,
        }
        return {name: round(mass / CELL_CONTENT_KG[name]) for name, mass in kg.items()}


def advance(colony: Colony, days: int, comb: Comb, seed: int) -> Colony:
    """The colony `days` later. Raises ValueError for days < 0."""
    if days < 0:
        raise ValueError(f"a colony does not grow younger: days {days}; give 0 or more")
    for _ in range(days):
        colony = next_day(colony, comb, seed)
    return colony


def next_day(colony: Colony, comb: Comb, seed: int) -> Colony:
    """The colony a day later. seed: the weather, which bees and queen feel in income and laying."""
    season = season_at(colony.day, colony.latitude_deg)
    weather = float(np.random.default_rng((seed, colony.day.toordinal())).beta(4.0, 2.0))
    fed = _feed(colony, comb, season, weather)
    aged = _age_brood(fed, season, is_starving=_is_starving(fed))
    laid = _lay(aged, comb, season)
    return replace(_rear_queens(_mites(laid)), day=colony.day + timedelta(days=1))


def _is_starving(colony: Colony) -> bool:
    return colony.honey_kg + colony.nectar_kg <= 1e-6


def _feed(colony: Colony, comb: Comb, season: Season, weather: float) -> Colony:
    """Income, ripening and consumption. Nectar goes where there is room; who has none eats honey."""
    room_cells = comb.worker_cells - colony.brood_cells - sum(colony.store_cells().values())
    room_kg = max(0.0, room_cells) * 0.5 * CELL_CONTENT_KG[CellClass.NECTAR]
    foragers = FORAGER_SHARE * colony.workers * weather * colony.forage
    income_kg = min(foragers * FLIGHTS_A_DAY * LOAD_KG * season.nectar, room_kg)
    open_larvae = colony.larvae
    days_open = WORKER_CAPPED_D - HATCHES_D
    eaten_kg = (
        HONEY_PER_BEE_DAY_KG * (colony.workers + 2 * colony.drones)
        + HONEY_PER_LARVA_KG * open_larvae / days_open
    )
    nectar = colony.nectar_kg + income_kg
    from_nectar = min(nectar * HONEY_FROM_NECTAR, eaten_kg)
    nectar = max(0.0, nectar - from_nectar / HONEY_FROM_NECTAR)
    ripe = RIPENS_A_DAY * nectar
    honey = max(0.0, colony.honey_kg - (eaten_kg - from_nectar)) + HONEY_FROM_NECTAR * ripe
    hunger = min(1.0, max(0.0, 1.0 - colony.pollen_kg / POLLEN_TARGET_KG) + 0.15)
    pollen_in = min(0.5 * foragers * 8 * 16e-6 * season.pollen * hunger, 0.3 * room_kg)  # loads of 16 mg
    pollen = max(0.0, colony.pollen_kg + pollen_in - POLLEN_PER_LARVA_KG * open_larvae / days_open)
    return replace(colony, honey_kg=honey, nectar_kg=nectar - ripe, pollen_kg=pollen)


def _age_brood(colony: Colony, season: Season, is_starving: bool) -> Colony:
    """Everybody a day older: brood moves up a day, the oldest emerge, bees die."""
    workers, drones = np.array(colony.worker_brood), np.array(colony.drone_brood)
    kept = 1.0 - colony.hatch_loss
    workers[HATCHES_D - 1] *= kept  # what is lost is lost as it hatches
    drones[HATCHES_D - 1] *= kept
    if is_starving or colony.workers < 300:  # they eat their own eggs and larvae, or cannot keep them warm
        workers[:WORKER_CAPPED_D] *= 0.6
        drones[:DRONE_CAPPED_D] *= 0.3
    born, born_drones = float(workers[-1]), float(drones[-1])
    sick = min(0.6, 1.5 * colony.mites / max(1.0, 2.0 * colony.capped_workers + colony.workers))
    starved = 0.12 if is_starving else 0.0
    healthy = born * (1 - 0.5 * sick)
    summer_rate = min(0.9, (1 + 2.0 * sick) / SUMMER_LIFE_D + starved)
    winter_rate = min(0.9, (1 + 2.0 * sick) / (WINTER_LIFE_D if season.laying < 0.4 else 45.0) + starved)
    drone_rate = min(0.95, 1 / DRONE_LIFE_D + starved + 0.12 * (1 - season.drones) * colony.has_queen)
    return replace(
        colony,
        worker_brood=(0.0, *workers[:-1].tolist()),
        drone_brood=(0.0, *drones[:-1].tolist()),
        summer_bees=colony.summer_bees * (1 - summer_rate) + healthy * (1 - season.winter_bees),
        winter_bees=colony.winter_bees * (1 - winter_rate) + healthy * season.winter_bees,
        drones=colony.drones * (1 - drone_rate) + born_drones,
        emerged=colony.emerged + born + born_drones,
    )


def eggs_a_day(colony: Colony, season: Season) -> float:
    """What the queen would lay with room enough: by season, her vigour and the bees that can nurse."""
    if not colony.has_queen or colony.queen_lays_in_d > 0:
        return 0.0
    nursed = NURSED_EGGS_PER_BEE * colony.workers
    slims = 0.35 if any(cell.age_d >= 5 and not cell.is_emergency for cell in colony.queen_cells) else 1.0
    peak = PEAK_EGGS_A_DAY * colony.queen_vigour * season.laying * slims
    if _is_starving(colony) or peak <= 0:
        return 0.0
    return float((peak**-4 + max(nursed, 1.0) ** -4) ** -0.25)  # a smooth minimum


def _lay(colony: Colony, comb: Comb, season: Season) -> Colony:
    eggs = eggs_a_day(colony, season)
    used = sum(colony.worker_brood) + sum(colony.store_cells().values())
    share = MAX_DRONE_SHARE * season.drones * min(1.0, colony.workers / 15000)
    free_drone_cells = 0.85 * comb.drone_cells - sum(colony.drone_brood)
    drones = max(0.0, min(eggs * share, free_drone_cells))
    workers = max(0.0, min(eggs - drones, 0.5 * (comb.worker_cells - used)))
    return replace(
        colony,
        worker_brood=(workers, *colony.worker_brood[1:]),
        drone_brood=(drones, *colony.drone_brood[1:]),
        queen_lays_in_d=max(0, colony.queen_lays_in_d - 1),
    )


def _mites(colony: Colony) -> Colony:
    in_brood = 1 - colony.mites_on_bees / colony.mites if colony.mites > 0 else 0.0
    growth = MITE_GROWTH_A_DAY * in_brood / 0.72 - MITE_LOSS_A_DAY * (1 - in_brood)
    most = 0.5 * (colony.workers + colony.capped_workers)  # no room for more
    return replace(colony, mites=max(0.0, min(colony.mites * (1 + growth), max(most, 0.0))))


def _rear_queens(colony: Colony) -> Colony:
    """Queen cells: swarm cells of a crowded colony, emergency cells of one that has lost its queen."""
    cells = tuple(replace(cell, age_d=cell.age_d + 1) for cell in colony.queen_cells)
    n = colony.day.timetuple().tm_yday
    is_swarm_time = SWARM_SEASON_DOY[0] <= n <= SWARM_SEASON_DOY[1]
    cups = 4 if is_swarm_time and colony.workers > 15000 else 0
    colony = replace(colony, queen_cells=cells, play_cups=cups)
    if any(cell.age_d >= QUEEN_EMERGES_D for cell in cells):
        if colony.has_queen and colony.queen_lays_in_d == 0:
            return replace(colony, queen_cells=(), wants_to_swarm=False)  # the old one tears them down
        return replace(
            colony,
            has_queen=True,
            queen_lays_in_d=QUEEN_MATES_IN_D,
            queen_cells=(),
            queen_vigour=1.0,
            wants_to_swarm=False,
        )
    if not colony.has_queen:
        young = sum(colony.worker_brood[HATCHES_D : HATCHES_D + 3])
        if not cells and young > 20 and colony.workers > 1000:
            ages = [4, 4, 5, 4, 5, 5, 4, 4, 5]
            return replace(colony, queen_cells=tuple(GrowingQueen(age, True) for age in ages))
        return colony
    if colony.wants_to_swarm and is_swarm_time:
        return _prepare_to_swarm(colony)
    return colony


def _prepare_to_swarm(colony: Colony) -> Colony:
    """Two or three cups a day get an egg; when the first is capped, the old queen leaves with most of the bees."""
    cells = colony.queen_cells
    if any(cell.age_d > QUEEN_CAPPED_D for cell in cells) and colony.workers > 0.4 * SWARM_BEES:
        stays = 1 - SWARM_SHARE
        return replace(
            colony,
            has_queen=False,
            wants_to_swarm=False,
            summer_bees=colony.summer_bees * stays,
            winter_bees=colony.winter_bees * stays,
            drones=colony.drones * 0.9,
            mites=colony.mites - colony.mites_on_bees * SWARM_SHARE,
            honey_kg=max(0.0, colony.honey_kg - 1.2),  # honey stomachs full
        )
    if len(cells) < 14:
        cells = (*cells, GrowingQueen(0, False), GrowingQueen(0, False))
    return replace(colony, queen_cells=cells, play_cups=8)
