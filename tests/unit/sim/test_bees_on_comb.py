"""Bees stand where they like to be, side by side and not in one another."""

from __future__ import annotations

import numpy as np
import pytest

from bee_robot.hive.comb import COMB_HEIGHT_MM, COMB_WIDTH_MM, BeeOnComb, Caste, CellClass
from bee_robot.sim.bees_on_comb import BODY_WIDTH_MM, SideBees, Standing, distribute, place_bees
from bee_robot.sim.comb_layout import SIDES, hexagonal_lattice
from bee_robot.sim.hive_world import HiveWorld

X, Y = hexagonal_lattice(COMB_WIDTH_MM, COMB_HEIGHT_MM)
EVEN = Standing(X, Y, np.ones_like(X), pollen_carriers=0.05, mites_per_bee=0.1)


def overlaps(bees: tuple[BeeOnComb, ...]) -> tuple[float, float]:
    """Share of bees whose body line comes nearer than a third of a width to another's; the mean of all nearest distances."""
    x, y, heading, half = (
        np.array([v(b) for b in bees])
        for v in (lambda b: b.x_mm, lambda b: b.y_mm, lambda b: b.heading_rad, lambda b: 0.3 * b.length_mm)
    )
    along = np.linspace(-1, 1, 5)[:, None] * half
    px, py = x + along * np.cos(heading), y + along * np.sin(heading)  # (5, bees)
    nearest = np.full(x.size, np.inf)
    for k in range(x.size):
        distance = np.hypot(px - px[:, k, None, None], py - py[:, k, None, None])  # (5 of k, 5, bees)
        distance[:, :, k] = np.inf
        nearest[k] = distance.min()
    return float((nearest < BODY_WIDTH_MM[Caste.WORKER] / 3).mean()), float(nearest.mean())


@pytest.mark.parametrize(("number", "most"), [(100, 0.0), (700, 0.01), (1400, 0.02)])
def test_bodies_do_not_stand_in_one_another(number: int, most: float) -> None:
    bees = place_bees(np.random.default_rng(5), EVEN, SideBees(number, number // 40))
    assert len(bees) == number + number // 40
    share, _ = overlaps(bees)
    assert share <= most
    by_chance = tuple(
        BeeOnComb(float(x), float(y), float(h), Caste.WORKER, 13.5)
        for x, y, h in np.random.default_rng(1).uniform((-205, -139, 0), (205, 139, 6.28), (len(bees), 3))
    )
    assert overlaps(by_chance)[0] > 5 * max(share, 0.005)


def test_neighbours_head_the_same_or_the_opposite_way_more_often_than_not() -> None:
    bees = place_bees(np.random.default_rng(6), EVEN, SideBees(900, 0))
    x, y, h = (np.array([getattr(b, n) for b in bees]) for n in ("x_mm", "y_mm", "heading_rad"))
    near = np.hypot(x[:, None] - x, y[:, None] - y) < 14
    np.fill_diagonal(near, False)
    assert np.cos(2 * (h[:, None] - h))[near].mean() > 0.2
    assert ((h >= 0) & (h < 2 * np.pi)).all()


def test_they_stay_on_the_comb() -> None:
    bees = place_bees(np.random.default_rng(7), EVEN, SideBees(1400, 30))
    assert max(abs(b.x_mm) for b in bees) <= COMB_WIDTH_MM / 2 + 5
    assert max(abs(b.y_mm) for b in bees) <= COMB_HEIGHT_MM / 2 + 5


def test_the_queen_has_a_court_that_faces_her_and_room_to_walk() -> None:
    queen_at = (20.0, -15.0)
    bees = place_bees(np.random.default_rng(8), EVEN, SideBees(1100, 20, queen_at))
    queen = next(b for b in bees if b.caste is Caste.QUEEN)
    assert (queen.x_mm, queen.y_mm) == queen_at and queen.length_mm > 17
    to_queen = [(b, np.hypot(b.x_mm - queen.x_mm, b.y_mm - queen.y_mm)) for b in bees if b is not queen]
    court = [b for b, distance in to_queen if distance < 20 and np.cos(
        b.heading_rad - np.arctan2(queen.y_mm - b.y_mm, queen.x_mm - b.x_mm)) > 0.8]  # fmt: skip
    assert len(court) >= 6
    assert min(distance for _, distance in to_queen) > 4.0


def test_nurses_crowd_on_brood_and_leave_bare_comb() -> None:
    hive = HiveWorld(3)
    on = {
        (box, frame, side): (hive.bare_face(box, frame, side), hive.bees_on(box, frame, side).number)
        for box in (1, 2, 3)
        for frame in range(1, 11)
        for side in SIDES
    }
    brood = [n for face, n in on.values() if face.cells_of(CellClass.LARVAE) > 400]
    bare = [n for face, n in on.values() if face.cells_of(CellClass.EMPTY) > 3200]
    assert np.mean(brood) > 2.5 * np.mean(bare)
    assert min(n for _, n in on.values()) < 200


def test_carriers_of_pollen_and_mites_are_as_many_as_the_colony_has() -> None:
    bees = place_bees(np.random.default_rng(9), EVEN, SideBees(1300, 50))
    loads = [b for b in bees if b.carries_pollen]
    assert len(loads) == pytest.approx(65, abs=25) and all(b.caste is Caste.WORKER for b in loads)
    assert sum(b.has_mite for b in bees) == pytest.approx(27, abs=16)


def test_nobody_is_lost_or_made_when_bees_are_shared_out() -> None:
    shares = distribute(1234.4, np.array([1.0, 5.0, 100.0, 0.0]), 900)
    assert shares.sum() == 1234 and shares.max() == 900
    assert distribute(5000, np.ones(3), 900).tolist() == [900, 900, 900]
    assert distribute(0, np.ones(3), 900).sum() == 0


def test_a_side_without_bees_or_comb_is_empty() -> None:
    rng = np.random.default_rng(1)
    assert place_bees(rng, EVEN, SideBees(0, 0)) == ()
    nowhere = np.empty(0, np.float32)
    assert place_bees(rng, Standing(nowhere, nowhere, nowhere, 0.0, 0.0), SideBees(5, 0)) == ()
