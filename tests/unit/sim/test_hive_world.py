"""The colony in the twin's boxes."""

from __future__ import annotations

import numpy as np
import pytest

from bee_robot.hive.comb import CELL_CLASSES, Caste, CellClass
from bee_robot.sim.hive_world import EMPTY_BOX_KG, HiveWorld


def test_the_same_seed_gives_the_same_colony_and_another_seed_another() -> None:
    first, again, other = (
        HiveWorld(4).face(1, 5, "rear"),
        HiveWorld(4).face(1, 5, "rear"),
        HiveWorld(5).face(1, 5, "rear"),
    )
    assert np.array_equal(first.cell_class, again.cell_class) and first.bees == again.bees
    assert first.bees != other.bees


def test_brood_is_in_the_middle_of_the_bottom_box_and_honey_on_top() -> None:
    hive = HiveWorld(2)
    middle, wall, super_ = hive.face(1, 5, "front"), hive.face(1, 1, "front"), hive.face(3, 5, "front")
    assert middle.cells_of(CellClass.CAPPED_BROOD) > 3 * wall.cells_of(CellClass.CAPPED_BROOD)
    assert super_.cells_of(CellClass.HONEY) > 0.5 * super_.cell_class.size
    assert len(middle.bees) > len(super_.bees)


def test_ages_of_brood_are_in_equilibrium_four_to_two_to_one() -> None:
    faces = [
        HiveWorld(seed).face(1, frame, side)
        for seed in range(3)
        for frame in (4, 5, 6, 7)
        for side in ("rear", "front")
    ]
    capped, larvae, eggs = (
        sum(face.cells_of(c) for face in faces)
        for c in (CellClass.CAPPED_BROOD, CellClass.LARVAE, CellClass.EGGS)
    )
    assert capped / larvae == pytest.approx(2, rel=0.25)
    assert larvae / eggs == pytest.approx(2, rel=0.3)


def test_a_side_has_as_many_cells_as_its_comb_has_room_for() -> None:
    face = HiveWorld(1).face(1, 1, "rear")
    assert 4400 < face.cell_class.size < 4720  # 11.4 dm2 at 411 cells/dm2
    assert face.cell_class.max() < len(CELL_CLASSES)


def test_frames_weigh_what_beekeepers_lift() -> None:
    hive = HiveWorld(7)
    masses = [hive.frame_mass_kg(box, frame) for box in (1, 2, 3) for frame in range(1, 11)]
    assert min(masses) >= 0.6 and max(masses) <= 4.2
    assert sum(masses[20:]) > sum(masses[:10])  # the honey is on top
    assert hive.box_mass_kg(3) == EMPTY_BOX_KG


def test_one_queen_lives_in_the_hive() -> None:
    hive = HiveWorld(3)
    queens = [
        bee
        for box in (1, 2, 3)
        for frame in range(1, 11)
        for side in ("rear", "front")
        for bee in hive.face(box, frame, side).bees
        if bee.caste is Caste.QUEEN
    ]
    assert len(queens) == 1


def test_every_frame_has_its_own_tag() -> None:
    hive = HiveWorld(1, boxes=2, frames_per_box=10)
    assert len({hive.frame_id(box, frame) for box in (1, 2) for frame in range(1, 11)}) == 20


@pytest.mark.parametrize(
    ("box", "frame", "side"), [(0, 1, "rear"), (4, 1, "rear"), (1, 11, "rear"), (1, 1, "top")]
)
def test_a_frame_that_the_hive_does_not_have_is_refused_by_name(box: int, frame: int, side: str) -> None:
    with pytest.raises(ValueError, match="box|side"):
        HiveWorld(1).face(box, frame, side)
