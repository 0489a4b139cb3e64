"""A colony lives as beekeepers know it: nothing is lost, nothing is negative, the year has its course."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bee_robot.hive.colony import (
    DRONE_EMERGES_D,
    PEAK_EGGS_A_DAY,
    QUEEN_MATES_IN_D,
    WORKER_EMERGES_D,
    Colony,
    Comb,
    GrowingQueen,
    advance,
    season_at,
)
from bee_robot.hive.comb import CellClass, QueenCellKind

COMB = Comb(worker_cells=260_000, drone_cells=2_000)
JUNE = date(2025, 6, 1)
STRONG = Colony(JUNE, summer_bees=35_000, honey_kg=15.0, pollen_kg=1.5, mites=200.0)

colonies = st.builds(
    Colony,
    day=st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    summer_bees=st.floats(0, 60_000),
    winter_bees=st.floats(0, 30_000),
    drones=st.floats(0, 4_000),
    honey_kg=st.floats(0, 60),
    nectar_kg=st.floats(0, 8),
    pollen_kg=st.floats(0, 4),
    mites=st.floats(0, 9_000),
    has_queen=st.booleans(),
    queen_vigour=st.floats(0.1, 1.2),
    hatch_loss=st.floats(0, 0.6),
    forage=st.floats(0, 1.5),
    wants_to_swarm=st.booleans(),
    latitude_deg=st.floats(40, 62),
)


@settings(max_examples=25, deadline=None)
@given(colony=colonies, days=st.integers(1, 120), seed=st.integers(0, 99))
def test_nothing_is_negative_and_nothing_outgrows_the_hive(colony: Colony, days: int, seed: int) -> None:
    later = advance(colony, days, COMB, seed)
    amounts = (
        later.summer_bees,
        later.winter_bees,
        later.drones,
        later.honey_kg,
        later.nectar_kg,
        later.pollen_kg,
    )
    assert min(*amounts, later.mites, *later.worker_brood, *later.drone_brood) >= 0
    assert max(later.worker_brood) <= 1.2 * PEAK_EGGS_A_DAY
    assert later.workers <= max(70_000, colony.workers + sum(colony.worker_brood))
    assert 0 <= later.mites_on_bees <= later.mites + 1e-6
    assert sum(later.worker_brood) + sum(later.store_cells().values()) < COMB.worker_cells
    assert sum(later.drone_brood) <= COMB.drone_cells


@settings(max_examples=15, deadline=None)
@given(loss=st.floats(0, 0.6), seed=st.integers(0, 99))
def test_what_is_laid_emerges_after_its_time_less_what_was_removed(loss: float, seed: int) -> None:
    start = replace(STRONG, hatch_loss=loss, mites=0.0)
    laid_workers = laid_drones = 0.0
    colony = start
    for _ in range(30):
        colony = advance(colony, 1, COMB, seed)
        laid_workers += colony.worker_brood[0]
        laid_drones += colony.drone_brood[0]
    last = replace(colony, has_queen=False, queen_cells=(GrowingQueen(-40, True),))  # nobody lays any more
    end = advance(last, DRONE_EMERGES_D, COMB, seed)
    assert end.brood_cells == pytest.approx(0.0)
    assert end.emerged == pytest.approx((1 - loss) * (laid_workers + laid_drones), rel=1e-6)


def test_an_egg_becomes_a_larva_a_capped_cell_and_a_bee_on_its_day() -> None:
    one = replace(Colony(JUNE, summer_bees=20_000, honey_kg=9.0, has_queen=False, hatch_loss=0.0), mites=0.0)
    one = replace(one, worker_brood=(100.0, *(0.0,) * (WORKER_EMERGES_D - 1)))
    stages = [advance(one, days, COMB, 1) for days in (2, 3, 8, 9, 20, 21)]
    assert [round(s.eggs) for s in stages] == [100, 0, 0, 0, 0, 0]
    assert [round(s.larvae) for s in stages] == [0, 100, 100, 0, 0, 0]
    assert [round(s.capped_workers) for s in stages] == [0, 0, 0, 100, 100, 0]
    assert stages[-1].emerged == pytest.approx(100.0)


def test_ages_of_a_colony_in_equilibrium_are_four_to_two_to_one() -> None:
    colony = advance(replace(STRONG, summer_bees=55_000, queen_vigour=0.8, hatch_loss=0.0), 30, COMB, 3)
    eggs, larvae = sum(colony.worker_brood[:3]), sum(colony.worker_brood[3:9])
    assert colony.capped_workers / eggs == pytest.approx(4, rel=0.1)
    assert larvae / eggs == pytest.approx(2, rel=0.1)


def test_the_same_seed_gives_the_same_summer_and_in_parts_as_at_once() -> None:
    at_once = advance(STRONG, 20, COMB, 5)
    assert at_once == advance(advance(STRONG, 8, COMB, 5), 12, COMB, 5)
    assert at_once != advance(STRONG, 20, COMB, 6)


def test_a_year_has_its_course() -> None:
    """Few bees in spring, most in July, hardly a drone and no brood in November; honey is what is left over."""
    colony = Colony(date(2025, 1, 1), winter_bees=14_000, honey_kg=16.0, pollen_kg=0.6, mites=100.0)
    year = {}
    for _ in range(12):
        colony = advance(colony, 30, COMB, 1)
        year[colony.day.month] = colony
    assert year[4].workers < 10_000 < 30_000 < year[8].workers < 60_000
    assert year[11].brood_cells < 500 and year[11].drones < 20 < 500 < year[7].drones
    assert 25_000 < year[7].brood_cells < 40_000
    assert year[8].honey_kg > year[5].honey_kg + 8
    assert 3 < year[8].mites / year[5].mites < 15  # doubling about every 33 days
    assert year[11].winter_bees > 12_000
    assert year[12].honey_kg > 5


def test_spring_comes_later_in_the_north() -> None:
    april = date(2025, 4, 10)
    assert season_at(april, 45.0).laying > season_at(april, 59.0).laying + 0.1
    with pytest.raises(ValueError, match="latitude"):
        season_at(april, -33.0)


def test_a_queenless_colony_draws_emergency_cells_and_has_a_laying_queen_a_month_later() -> None:
    lost = replace(advance(STRONG, 30, COMB, 1), has_queen=False)
    week = advance(lost, 4, COMB, 1)
    assert week.eggs == 0
    assert {cell.kind for cell in week.queen_cells} == {QueenCellKind.EMERGENCY}
    virgin = advance(lost, 13, COMB, 1)
    assert (
        virgin.has_queen
        and virgin.queen_lays_in_d > 0
        and virgin.worker_brood[0] == 0
        and not virgin.queen_cells
    )
    assert advance(lost, 14 + QUEEN_MATES_IN_D, COMB, 1).worker_brood[0] > 500


def test_without_young_larvae_there_will_be_no_queen() -> None:
    hopeless = replace(STRONG, has_queen=False)
    later = advance(hopeless, 60, COMB, 1)
    assert not later.has_queen and not later.queen_cells and later.brood_cells == 0


def test_a_swarm_leaves_when_the_first_cell_is_capped() -> None:
    mood = replace(advance(STRONG, 10, COMB, 1), summer_bees=55_000.0, wants_to_swarm=True)
    before, after = advance(mood, 8, COMB, 1), advance(mood, 12, COMB, 1)
    assert before.has_queen and {cell.kind for cell in before.queen_cells} == {QueenCellKind.CHARGED}
    assert not after.has_queen and after.workers < 0.55 * before.workers
    assert QueenCellKind.CAPPED in {cell.kind for cell in after.queen_cells}


def test_hunger_ends_brood_and_then_bees() -> None:
    poor = replace(advance(STRONG, 20, COMB, 1), honey_kg=0.2, nectar_kg=0.0, pollen_kg=0.0, forage=0.0)
    later = advance(poor, 10, COMB, 1)
    assert later.larvae < 0.05 * poor.larvae and later.workers < 0.6 * poor.workers


def test_stores_are_counted_in_cells() -> None:
    assert Colony(JUNE, honey_kg=4.0, nectar_kg=2.2, pollen_kg=0.17).store_cells() == {
        CellClass.HONEY: 10_000,
        CellClass.NECTAR: 10_000,
        CellClass.POLLEN: 1_000,
    }


def test_time_runs_forward() -> None:
    with pytest.raises(ValueError, match="days -1"):
        advance(STRONG, -1, COMB, 1)
