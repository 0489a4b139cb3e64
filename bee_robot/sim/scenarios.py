"""Colonies to visit, by name: each a documented state on the fixed summer day of the simulation.

A scenario is reached by a colony that lives through the weeks before (so that its brood has all ages and the comb its
rings) and is then given the numbers that its name stands for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from bee_robot.hive.colony import Colony, Comb, GrowingQueen, next_day
from bee_robot.hive.comb import CELL_CONTENT_KG, CellClass

#: Weeks before the start that are lived through: two generations of brood.
LEAD_IN_D = 46
START_DAY = date(2025, 6, 21)  # the fixed summer day of the simulated calendar (weather.SUMMER_DAY)
DEFAULT = "strong"
LAST_DAY = 400


class UnknownScenarioError(ValueError):
    """No scenario has this name; the message lists those there are."""


@dataclass(frozen=True)
class Scenario:
    """State on the day of the start. bees: adult workers; vigour: of the queen, while she is there.

    queen_lost_d: days before the start on which the queen was lost; no_queen_cells: they could rear none. hatch_loss: share
    of eggs lost. forage: what the site gives, of an ordinary one. mites: of all. swarm_cell_ages_d: queen cells' ages.
    """

    name: str
    what: str
    bees: float
    drones: float
    vigour: float
    honey_kg: float
    nectar_kg: float
    pollen_kg: float
    mites: float
    forage: float = 1.0
    hatch_loss: float = 0.06
    queen_lost_d: int | None = None
    swarm_cell_ages_d: tuple[int, ...] = ()
    lead_in_honey_kg: float | None = None


SCENARIOS: dict[str, Scenario] = {
    s.name: s
    for s in (
        Scenario(
            "strong",
            "a strong colony in June: brood on five or six frames, honey above, a laying queen",
            bees=46000, drones=1500, vigour=1.0, honey_kg=22.0, nectar_kg=7.0, pollen_kg=2.2, mites=350,
        ),
        Scenario(
            "weak",
            "few bees, brood on two or three frames, little honey; the queen lays hesitantly",
            bees=9000, drones=150, vigour=0.36, honey_kg=5.0, nectar_kg=0.8, pollen_kg=0.6, mites=150,
        ),
        Scenario(
            "queenless",
            "the queen was lost 11 days ago: no eggs, hardly a larva, emergency cells, pollen and nectar in the nest",
            bees=34000, drones=1200, vigour=0.95, honey_kg=18.0, nectar_kg=5.0, pollen_kg=2.4, mites=300,
            queen_lost_d=11,
        ),
        Scenario(
            "swarming",
            "crowded, with charged and capped queen cells: a swarm will leave in days",
            bees=56000, drones=3000, vigour=1.0, honey_kg=24.0, nectar_kg=6.0, pollen_kg=1.8, mites=400,
            swarm_cell_ages_d=(0, 1, 2, 3, 3, 4, 5, 5, 6, 6, 7, 8),
        ),
        Scenario(
            "starving",
            "hardly any stores left and no flow: days from death by hunger",
            bees=26000, drones=150, vigour=0.7, honey_kg=0.5, nectar_kg=0.05, pollen_kg=0.12, mites=250,
            forage=0.02, lead_in_honey_kg=4.0,
        ),
        Scenario(
            "mite_ridden",
            "varroa on every tenth bee, brood with gaps, a colony about to collapse",
            bees=24000, drones=900, vigour=0.8, honey_kg=15.0, nectar_kg=2.5, pollen_kg=1.2, mites=8000,
            hatch_loss=0.22,
        ),
        Scenario(
            "spotty_brood",
            "an inbred or failing queen: many larvae are removed, the capped brood is full of gaps",
            bees=30000, drones=1000, vigour=0.9, honey_kg=16.0, nectar_kg=3.5, pollen_kg=1.4, mites=300,
            hatch_loss=0.42,
        ),
        Scenario(
            "honey_super",
            "a strong colony at the end of the flow: supers full of capped honey, ready for harvest",
            bees=48000, drones=1200, vigour=0.9, honey_kg=50.0, nectar_kg=5.0, pollen_kg=1.4, mites=400,
        ),
    )
}  # fmt: skip


def names() -> tuple[str, ...]:
    """The names of all scenarios, the default first."""
    return tuple(SCENARIOS)


def scenario_named(name: str) -> Scenario:
    """By name; hyphens and blanks count as underscores. Raises UnknownScenarioError."""
    found = SCENARIOS.get(name.strip().lower().replace("-", "_").replace(" ", "_"))
    if found is None:
        raise UnknownScenarioError(f"no scenario is called '{name}'; there are {', '.join(SCENARIOS)}")
    return found


def course(scenario: Scenario, comb: Comb, seed: int, day: int) -> list[Colony]:
    """The colony of every day from LEAD_IN_D before the start to `day` after it, one for each.

    Numbers that a scenario states are those of the start, shares of what the comb has room for where it is small.
    Raises ValueError for a day that is not 0 to LAST_DAY.
    """
    if not 0 <= day <= LAST_DAY:
        raise ValueError(f"day {day} of a scenario: give 0 to {LAST_DAY}")
    fits = min(1.0, 0.55 * comb.worker_cells * 0.00035 / max(1.0, scenario.honey_kg + scenario.nectar_kg))
    room = min(1.0, comb.worker_cells / (3.4 * scenario.bees))
    colony = Colony(
        day=START_DAY - timedelta(days=LEAD_IN_D),
        worker_brood=(0.0,) * 21,
        summer_bees=scenario.bees * room,
        drones=scenario.drones * room,
        honey_kg=fits * (scenario.lead_in_honey_kg or scenario.honey_kg),
        pollen_kg=fits * max(1.0, scenario.pollen_kg),
        mites=scenario.mites * 0.5,
        queen_vigour=scenario.vigour,
        hatch_loss=scenario.hatch_loss,
    )
    days = [colony]
    for to_start in range(LEAD_IN_D - 1, -1, -1):
        colony = next_day(colony, comb, seed)
        # the weeks before are there for the brood; bees and stores stay near those of the start
        colony = replace(
            colony,
            summer_bees=scenario.bees * room,
            winter_bees=0.0,
            honey_kg=days[0].honey_kg,
            nectar_kg=scenario.nectar_kg * fits,
            pollen_kg=days[0].pollen_kg,
            mites=scenario.mites,
        )
        if scenario.queen_lost_d is not None and to_start == scenario.queen_lost_d:
            colony = replace(colony, has_queen=False)
        if to_start == 0:
            colony = _at_start(colony, scenario, comb, fits, room)
        days.append(colony)
    for _ in range(day):
        days.append(next_day(days[-1], comb, seed))
    return days


def _at_start(colony: Colony, scenario: Scenario, comb: Comb, fits: float, room: float) -> Colony:
    swarm_cells = tuple(GrowingQueen(age, False) for age in scenario.swarm_cell_ages_d)
    colony = replace(
        colony,
        summer_bees=scenario.bees * room,
        drones=scenario.drones * room,
        honey_kg=scenario.honey_kg * fits,
        nectar_kg=scenario.nectar_kg * fits,
        pollen_kg=scenario.pollen_kg * fits,
        forage=scenario.forage,
        wants_to_swarm=bool(swarm_cells),
        queen_cells=swarm_cells or colony.queen_cells,
        play_cups=8 if swarm_cells else colony.play_cups,
    )
    taken = sum(colony.worker_brood) + sum(colony.store_cells().values())
    too_much = max(0.0, taken - 0.98 * comb.worker_cells)  # a small hive with much brood: less fresh nectar
    nectar_kg = max(0.0, colony.nectar_kg - too_much * CELL_CONTENT_KG[CellClass.NECTAR])
    return replace(colony, nectar_kg=nectar_kg)
