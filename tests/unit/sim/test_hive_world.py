"""The colony in the twin's boxes: faces and masses add up to it, and it lives on from visit to visit."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from bee_robot.hive.comb import CELL_CLASSES, CELL_CONTENT_KG, Caste, CellClass, CombFace, QueenCellKind
from bee_robot.hive.stack import HiveConfiguration
from bee_robot.sim.bees_on_comb import BEES_AT_NOON, DRONES_AT_NOON
from bee_robot.sim.comb_layout import SIDES
from bee_robot.sim.hive_world import BEE_KG, HiveWorld

BROOD = (CellClass.CAPPED_BROOD, CellClass.LARVAE, CellClass.EGGS)


def bees(hive: HiveWorld, box: int) -> int:
    return sum(hive.bees_on(box, frame, side).number for frame in range(1, 11) for side in SIDES)


def all_faces(hive: HiveWorld) -> list[CombFace]:
    return [
        hive.bare_face(box, frame, side)
        for box in range(1, hive.boxes + 1)
        for frame in range(1, hive.frames_in(box) + 1)
        for side in SIDES
    ]


def cells(faces: list[CombFace], *classes: CellClass) -> int:
    return sum(face.cells_of(cell_class) for face in faces for cell_class in classes)


@pytest.fixture(scope="module")
def strong() -> list[CombFace]:
    return all_faces(HiveWorld(7))


def test_the_same_seed_gives_the_same_colony_and_another_seed_another() -> None:
    first, again, other = (HiveWorld(seed).face(1, 5, "rear") for seed in (4, 4, 5))
    assert np.array_equal(first.cell_class, again.cell_class) and first.bees == again.bees
    assert first.bees != other.bees


def test_brood_is_in_the_middle_of_the_lower_boxes_and_honey_on_top(strong: list[CombFace]) -> None:
    middle, walls, top = strong[8:12], [*strong[:2], *strong[18:20]], strong[40:]
    assert cells(middle, *BROOD) > 3 * cells(walls, *BROOD)
    assert cells(strong[:40], *BROOD) > 8 * cells(top, *BROOD)
    assert cells(top, CellClass.HONEY) > cells(strong[:40], CellClass.HONEY)
    assert bees(HiveWorld(7), 1) > 1.3 * bees(HiveWorld(7), 3)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ages_of_brood_are_in_equilibrium_four_to_two_to_one(seed: int) -> None:
    hive = HiveWorld(seed)
    faces = all_faces(hive)
    capped, larvae, eggs = (cells(faces, c) for c in BROOD)
    assert capped / larvae == pytest.approx(2, rel=0.12)
    assert larvae / eggs == pytest.approx(2, rel=0.12)


def test_faces_add_up_to_the_colony(strong: list[CombFace]) -> None:
    colony = HiveWorld(7).colony
    assert cells(strong, CellClass.CAPPED_BROOD) == pytest.approx(colony.capped_workers, abs=20)
    assert cells(strong, CellClass.DRONE_BROOD) == pytest.approx(colony.capped_drones, abs=20)
    assert cells(strong, CellClass.LARVAE) == pytest.approx(colony.larvae, abs=20)
    assert cells(strong, CellClass.EGGS) == pytest.approx(colony.eggs, abs=20)
    for cell_class, expected in colony.store_cells().items():
        assert cells(strong, cell_class) == expected
    honey_kg = cells(strong, CellClass.HONEY) * CELL_CONTENT_KG[CellClass.HONEY]
    assert honey_kg == pytest.approx(colony.honey_kg, abs=0.01)


def test_bees_on_combs_add_up_to_those_at_home_at_noon() -> None:
    hive = HiveWorld(7)
    counts = [hive.bees_on(box, frame, side) for box in (1, 2, 3) for frame in range(1, 11) for side in SIDES]
    assert sum(side.workers for side in counts) == pytest.approx(BEES_AT_NOON * hive.colony.workers, abs=2)
    assert sum(side.drones for side in counts) == pytest.approx(DRONES_AT_NOON * hive.colony.drones, abs=2)
    assert sum(side.queen_at is not None for side in counts) == 1
    numbers = [side.number for side in counts]
    assert min(numbers) < 250 and 1000 < max(numbers) <= 1600  # from nearly bare to shoulder to shoulder
    crowded = int(np.argmax(numbers))
    face = hive.face(crowded // 20 + 1, crowded // 2 % 10 + 1, SIDES[crowded % 2])
    castes = Counter(bee.caste for bee in face.bees)
    assert (castes[Caste.WORKER], castes[Caste.DRONE]) == (counts[crowded].workers, counts[crowded].drones)


def test_a_side_has_as_many_cells_as_its_comb_has_room_for(strong: list[CombFace]) -> None:
    """11.4 dm2 at 411 cells/dm2, less where drone cells are or nothing is built."""
    sizes = [face.cell_class.size for face in strong]
    assert min(sizes) > 3300 and 4500 < max(sizes) < 4720
    for face in strong:
        n = face.cell_class.size
        assert face.cell_class.max() < len(CELL_CLASSES)
        assert {face.cell_size_mm.size, face.cell_age_d.size, face.cell_fill.size, face.cell_tint.size} == {n}


def test_every_cell_is_what_its_age_says(strong: list[CombFace]) -> None:
    for face in strong[6:14]:
        age, classes = face.cell_age_d, face.cell_class
        large = face.cell_size_mm > 6
        is_brood = np.isin(classes, [CELL_CLASSES.index(c) for c in (*BROOD, CellClass.DRONE_BROOD)])
        assert np.array_equal(np.isnan(age), ~is_brood)

        def ages(cell_class: CellClass, age: NDArray[np.float32] = age, classes: NDArray[np.uint8] = classes):  # type: ignore[no-untyped-def]
            return age[classes == CELL_CLASSES.index(cell_class)]

        assert (ages(CellClass.EGGS) < 3).all()
        larvae = ages(CellClass.LARVAE)
        assert (larvae >= 3).all() and (larvae < 10).all()
        capped = ages(CellClass.CAPPED_BROOD)
        assert (capped >= 9).all() and (capped < 21).all()
        assert not (large & (classes == CELL_CLASSES.index(CellClass.CAPPED_BROOD))).any()
        assert large[classes == CELL_CLASSES.index(CellClass.DRONE_BROOD)].all()
        stored = face.cell_fill > 0
        holds = [CELL_CLASSES.index(c) for c in (CellClass.HONEY, CellClass.NECTAR, CellClass.POLLEN)]
        assert np.array_equal(stored, np.isin(classes, holds))


def test_frames_weigh_what_beekeepers_lift(strong: list[CombFace]) -> None:
    hive = HiveWorld(7)
    masses = [hive.frame_mass_kg(box, frame) for box in (1, 2, 3) for frame in range(1, 11)]
    assert min(masses) >= 0.6 and max(masses) <= 4.5
    assert sum(masses[20:]) > sum(masses[:10])  # the honey is on top
    assert hive.box_mass_kg(3) == 6.0
    for k, mass in enumerate(masses):
        sides = strong[2 * k : 2 * k + 2]
        box, frame = k // 10 + 1, k % 10 + 1
        bees_here = sum(hive.bees_on(box, frame, side).number for side in SIDES)
        contents = sum(kg * cells(sides, cell_class) for cell_class, kg in CELL_CONTENT_KG.items())
        assert mass == pytest.approx(0.55 + contents + BEE_KG * bees_here)


def test_every_frame_has_its_own_tag() -> None:
    hive = HiveWorld(1, boxes=2, frames_per_box=10)
    assert len({hive.frame_id(box, frame) for box in (1, 2) for frame in range(1, 11)}) == 20


@pytest.mark.parametrize(
    ("box", "frame", "side"), [(0, 1, "rear"), (4, 1, "rear"), (1, 11, "rear"), (1, 1, "top")]
)
def test_a_frame_that_the_hive_does_not_have_is_refused_by_name(box: int, frame: int, side: str) -> None:
    with pytest.raises(ValueError, match="box|side"):
        HiveWorld(1).face(box, frame, side)


def test_a_mixed_hive_has_combs_of_its_own_sizes() -> None:
    """A Dadant brood box of nine frames under a super of eight, as a robot file says it."""
    options = {"name": "mixed", "boxes": ["dadant_blatt", {"standard": "dadant_super", "frames": 8}]}
    robot_hive = HiveConfiguration.model_validate(options)
    hive = HiveWorld.of(robot_hive, 4, "strong", day=8)
    assert [hive.frames_in(box) for box in (1, 2)] == [9, 8]
    assert (hive.frame_id(1, 9), hive.frame_id(2, 1), hive.frame_id(2, 8)) == (9, 10, 17)
    brood, honey = hive.face(1, 5, "rear"), hive.face(2, 4, "front")
    assert (brood.frame_id, honey.frame_id) == (5, 13)
    for face, box in ((brood, robot_hive.box(1)), (honey, robot_hive.box(2))):
        assert (face.width_mm, face.height_mm) == (box.comb_width_mm, box.comb_height_mm)
        reach = np.abs([face.cell_x_mm, face.cell_y_mm]).max(axis=1) * 2
        assert np.all(reach < [box.comb_width_mm, box.comb_height_mm])
        assert reach[0] > box.comb_width_mm - 12
        assert max(abs(bee.y_mm) for bee in face.bees) < box.comb_height_mm / 2 + 6
    assert brood.cell_x_mm.size > 2 * honey.cell_x_mm.size
    assert hive.box_mass_kg(2) == robot_hive.box(2).box_mass_kg
    with pytest.raises(ValueError, match="box 2 has no frame 9"):
        hive.frame_mass_kg(2, 9)


@pytest.mark.parametrize(("boxes", "frames"), [(1, 1), (1, 5), (2, 8), (5, 12)])
def test_colonies_fit_the_hive_they_live_in(boxes: int, frames: int) -> None:
    hive = HiveWorld(2, boxes, frames, "strong", day=8)
    masses = [hive.frame_mass_kg(box, frame) for box in range(1, boxes + 1) for frame in range(1, frames + 1)]
    assert min(masses) > 0.55 and max(masses) < 4.5
    faces = all_faces(hive)
    assert cells(faces, CellClass.CAPPED_BROOD) == pytest.approx(hive.colony.capped_workers, abs=25)
    for cell_class, expected in hive.colony.store_cells().items():
        assert cells(faces, cell_class) == pytest.approx(expected, abs=25)
    face = hive.face(1, (frames + 1) // 2, "rear")
    assert cells([face], *BROOD) > 800 and 100 < len(face.bees) <= 1650


class TestNextVisit:
    def test_a_comb_keeps_its_cells_and_its_brood_grows_older_by_the_days(self) -> None:
        today, later = (HiveWorld(3, day=day) for day in (0, 8))
        looked_at = 0
        for frame in (4, 5, 6, 7):
            for side in SIDES:
                before, after = today.bare_face(1, frame, side), later.bare_face(1, frame, side)
                assert np.array_equal(before.cell_x_mm, after.cell_x_mm)
                assert before.wax_age == after.wax_age and before.burr_comb == after.burr_comb
                worker = before.cell_size_mm < 6
                young = worker & (before.cell_age_d < 12)
                days = after.cell_age_d[young] - before.cell_age_d[young]
                is_older = np.abs(days - 8) < 0.01
                assert is_older.mean() > 0.85  # some eggs are always lost, and their cells laid anew
                other = after.cell_age_d[young][~is_older]
                assert (np.isnan(other) | (other < 8)).all()
                emerged = worker & (before.cell_age_d > 14)
                assert (np.isnan(after.cell_age_d[emerged]) | (after.cell_age_d[emerged] < 8)).all()
                looked_at += int(young.sum())
        assert looked_at > 4000

    def test_honey_stays_where_it_was(self) -> None:
        honey = CELL_CLASSES.index(CellClass.HONEY)
        before = np.concatenate([face.cell_class for face in all_faces(HiveWorld(3))[40:]])
        after = np.concatenate([face.cell_class for face in all_faces(HiveWorld(3, day=8))[40:]])
        assert (after[before == honey] == honey).mean() > 0.95
        assert (after == honey).sum() > (before == honey).sum()  # June: there is a flow

    def test_bees_have_moved(self) -> None:
        today, later = (HiveWorld(3, day=day).face(1, 5, "rear") for day in (0, 8))
        assert set(today.bees).isdisjoint(later.bees)

    def test_a_swarm_has_left_a_week_later(self) -> None:
        today, later = (HiveWorld(5, scenario="swarming", day=day) for day in (0, 8))
        assert later.colony.workers < 0.6 * today.colony.workers
        kinds = {cell.kind for face in all_faces(today) for cell in face.queen_cells}
        assert {QueenCellKind.CHARGED, QueenCellKind.CAPPED, QueenCellKind.PLAY_CUP} <= kinds
        assert cells(all_faces(later), CellClass.EGGS) == 0

    def test_days_before_the_start_are_refused(self) -> None:
        with pytest.raises(ValueError, match="day -1"):
            HiveWorld(1, day=-1)
