"""What a beekeeper would see who opens each of the hives."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from bee_robot.hive.comb import CELL_CLASSES, CellClass, CombFace, QueenCellKind
from bee_robot.sim.bees_on_comb import VISIBLE_MITE_SHARE, SideBees
from bee_robot.sim.comb_layout import SIDES
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.sim.scenarios import SCENARIOS, START_DAY, UnknownScenarioError, scenario_named
from bee_robot.sim.weather import SUMMER_DAY

BROOD = (CellClass.CAPPED_BROOD, CellClass.LARVAE, CellClass.EGGS)


@cache
def hive(scenario: str) -> HiveWorld:
    return HiveWorld(12, scenario=scenario)


@cache
def seen(scenario: str, box: int | None = None) -> tuple[CombFace, ...]:
    boxes = (1, 2, 3) if box is None else (box,)
    return tuple(
        hive(scenario).bare_face(b, frame, side) for b in boxes for frame in range(1, 11) for side in SIDES
    )


def cells(faces: tuple[CombFace, ...], *classes: CellClass) -> int:
    return sum(face.cells_of(cell_class) for face in faces for cell_class in classes)


def sides(scenario: str) -> list[SideBees]:
    return [
        hive(scenario).bees_on(b, frame, side) for b in (1, 2, 3) for frame in range(1, 11) for side in SIDES
    ]


def bees(scenario: str) -> int:
    return sum(side.number for side in sides(scenario))


def queens(scenario: str) -> int:
    return sum(side.queen_at is not None for side in sides(scenario))


def mites(scenario: str) -> tuple[int, int]:
    """Bees with a mite to be seen, and all bees, on four combs of the nest."""
    found = [
        bee for frame in (4, 5, 6, 7) for side in SIDES for bee in hive(scenario).face(1, frame, side).bees
    ]
    return sum(bee.has_mite for bee in found), len(found)


def queen_cells(scenario: str) -> list[QueenCellKind]:
    return [cell.kind for face in seen(scenario) for cell in face.queen_cells]


def gaps_in_capped_brood(faces: tuple[CombFace, ...]) -> float:
    """Share of cells that hold no capped brood among those of which four neighbours or more do."""
    gaps = all_ = 0
    for face in faces:
        worker = face.cell_size_mm < 6
        x, y, classes = face.cell_x_mm[worker], face.cell_y_mm[worker], face.cell_class[worker]
        capped = classes == CELL_CLASSES.index(CellClass.CAPPED_BROOD)
        if capped.mean() < 0.15:
            continue
        near = np.hypot(x[:, None] - x[capped], y[:, None] - y[capped]) < 7.0
        surrounded = near.sum(axis=1) - capped >= 4
        gaps, all_ = gaps + int((surrounded & ~capped).sum()), all_ + int(surrounded.sum())
    return gaps / all_


def test_strong_has_brood_of_all_ages_many_bees_a_queen_and_honey() -> None:
    faces = seen("strong")
    assert bees("strong") > 28_000 and queens("strong") == 1
    assert cells(faces, *BROOD) > 28_000 and cells(faces, CellClass.EGGS) > 4_000
    brood_frames = [k for k in range(30) if cells(faces[2 * k : 2 * k + 2], *BROOD) > 1500]
    assert 6 <= len(brood_frames) <= 14  # over two boxes
    assert hive("strong").colony.honey_kg > 15
    assert not {QueenCellKind.CHARGED, QueenCellKind.CAPPED, QueenCellKind.EMERGENCY} & set(
        queen_cells("strong")
    )


def test_weak_has_few_bees_and_little_brood_but_a_queen() -> None:
    assert bees("weak") < 0.25 * bees("strong") and queens("weak") == 1
    assert 5_000 < cells(seen("weak"), *BROOD) < 0.4 * cells(seen("strong"), *BROOD)
    assert cells(seen("weak", 3), *BROOD) == 0


def test_queenless_has_no_eggs_no_young_larvae_and_emergency_cells() -> None:
    faces = seen("queenless")
    assert queens("queenless") == 0 and cells(faces, CellClass.EGGS, CellClass.LARVAE) == 0
    assert cells(faces, CellClass.CAPPED_BROOD) > 8_000
    assert queen_cells("queenless").count(QueenCellKind.EMERGENCY) >= 5


def test_swarming_is_crowded_and_has_queen_cells_at_the_lower_edges() -> None:
    assert bees("swarming") > 1.15 * bees("strong") and queens("swarming") == 1
    kinds = queen_cells("swarming")
    assert kinds.count(QueenCellKind.CHARGED) >= 6 and QueenCellKind.CAPPED in kinds
    below = [c.y_mm < -90 for face in seen("swarming") for c in face.queen_cells]
    assert np.mean(below) > 0.6


def test_starving_has_bees_and_brood_but_hardly_any_stores() -> None:
    faces = seen("starving")
    assert cells(faces, CellClass.HONEY, CellClass.NECTAR) < 2_000
    assert bees("starving") > 12_000 and cells(faces, *BROOD) > 10_000
    assert HiveWorld(12, scenario="starving", day=8).colony.workers < 0.7 * hive("starving").colony.workers


def test_mite_ridden_shows_mites_on_bees_and_gaps_in_the_brood() -> None:
    shown, looked_at = mites("mite_ridden")
    expected = VISIBLE_MITE_SHARE * hive("mite_ridden").colony.infestation * looked_at
    assert shown == pytest.approx(expected, rel=0.3) and shown > 40
    assert mites("strong")[0] < 12
    assert gaps_in_capped_brood(seen("mite_ridden", 1)) > 1.2 * gaps_in_capped_brood(seen("strong", 1))


def test_spotty_brood_has_far_more_gaps_than_good_brood() -> None:
    good, spotty = gaps_in_capped_brood(seen("strong", 1)), gaps_in_capped_brood(seen("spotty_brood", 1))
    assert good < 0.2 < 0.27 < spotty
    assert queens("spotty_brood") == 1


def test_honey_super_has_a_top_box_of_capped_honey() -> None:
    top = seen("honey_super", 3)
    assert cells(top, CellClass.HONEY) > 0.75 * sum(face.cell_class.size for face in top)
    assert sum(hive("honey_super").frame_mass_kg(3, frame) for frame in range(1, 11)) > 32


@pytest.mark.parametrize("text", ["mite-ridden", "Spotty brood", "honey super", " strong "])
def test_names_may_be_written_as_people_write_them(text: str) -> None:
    assert scenario_named(text).name in SCENARIOS


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownScenarioError, match=r"'lazy'.*strong, weak, queenless, swarming, starving"):
        HiveWorld(1, scenario="lazy")


def test_every_scenario_begins_on_the_summer_day_of_the_simulation() -> None:
    assert (START_DAY.year, START_DAY.month, START_DAY.day) == SUMMER_DAY
    assert {hive(name).colony.day for name in SCENARIOS} == {START_DAY}
