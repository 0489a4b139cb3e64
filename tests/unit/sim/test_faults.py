"""Every fault by name: drawn the same way each time, said with its numbers, seen in the plant."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

import pytest

from bee_robot.configuration import RobotConfiguration
from bee_robot.sim.faults import FAULTS, SimulatedWorld, random_faults
from bee_robot.sim.twin import Twin
from bee_robot.sim.weather import Weather

from .conftest import EvenMasses

BOX = 1


@pytest.fixture
def world(robot: RobotConfiguration) -> Iterator[SimulatedWorld]:
    twin = Twin(robot, EvenMasses(), seed=3)
    twin.power_on()
    yield SimulatedWorld(twin, Weather(3))
    twin.close()


def frames(world: SimulatedWorld) -> list:
    return [world.twin.plant.world.frames[BOX - 1][index] for index in range(10)]


def stands_mm(world: SimulatedWorld) -> list[tuple[float, float]]:
    return [tuple(frame.y_mm) for frame in world.twin.truth().frames[BOX - 1][:10]]


Look = Callable[[SimulatedWorld], object]
SEEN: dict[str, Look] = {
    "glued_seam": lambda w: list(w.twin.plant.world.seam_break_away_kg[BOX]),
    "glued_frame": lambda w: [list(frame.ear_break_away_kg) for frame in frames(w)],
    "stuck_frame": lambda w: max(max(frame.ear_break_away_kg) for frame in frames(w)) > 40,
    "cold_hive": lambda w: w.twin.knobs.air_c < 19,
    "hot_hive": lambda w: w.twin.knobs.air_c > 30,
    "displaced_frame": lambda w: stands_mm(w),
    "askew_frame": lambda w: max(abs(left - right) for left, right in stands_mm(w)) > 1,
    "missing_frame": lambda w: sum(frame.is_present for frame in frames(w)),
    "upside_down_frame": lambda w: sum(frame.is_upside_down for frame in frames(w)),
    "missing_pin": lambda w: sum(sum(frame.is_pin_missing) for frame in frames(w)) > 0,
    "burr_comb": lambda w: [(frame.burr_kg, frame.burr_mm) for frame in frames(w)],
    "heavy_stack": lambda w: min(frame.mass_kg for frame in frames(w)) >= 3,
    "thing_on_rim": lambda w: max(w.twin.plant.world.obstruction_mm) > 0,
    "bees_on_rim": lambda w: w.twin.plant.world.rim_bees >= 40,
    "lost_steps": lambda w: sum(w.twin.plant.world.steps_to_lose) > 0,
    "stalled_axis": lambda w: sum(w.twin.plant.world.is_axis_stuck),
    "loose_belts": lambda w: w.twin.plant.world.belt_backlash_mm,
    "supply_sag": lambda w: w.twin.plant.world.rail_back_ns > w.twin.truth().now_ns,
    "noisy_load_cells": lambda w: w.twin.knobs.load_noise_kg,
    "drifting_load_cell": lambda w: list(w.twin.plant.world.load_drift_kg_h),
    "shifted_load_cell": lambda w: list(w.twin.plant.world.load_zero_kg),
    "silent_load_cell": lambda w: [w.twin.plant.is_load_silent(side) for side in (0, 1)],
    "stuck_load_cell": lambda w: sum(w.twin.plant.world.is_load_stuck),
    "blind_pin_sensor": lambda w: sum(w.twin.plant.world.is_pin_sensor_blind),
    "rain": lambda w: w.weather.outdoors_at(461.0).is_raining,
    "storm": lambda w: w.weather.outdoors_at(461.0).wind_m_s > 8,
    "opened_door": lambda w: w.twin.knobs.door_open,
    "pressed_estop": lambda w: w.twin.knobs.estop_pressed,
}


def test_there_is_something_to_see_of_every_fault() -> None:
    assert set(SEEN) == set(FAULTS) - {"brown_out"}
    assert all(fault.name == name and fault.what for name, fault in FAULTS.items())


@pytest.mark.parametrize("name", sorted(SEEN))
def test_a_fault_is_seen_when_it_has_happened(
    world: SimulatedWorld, robot: RobotConfiguration, name: str
) -> None:
    fault = FAULTS[name].draw(random.Random(5), robot, BOX)
    before = SEEN[name](world)
    fault.happen(world)
    assert SEEN[name](world) != before, str(fault)


def test_a_board_that_browns_out_starts_again(
    world: SimulatedWorld, robot: RobotConfiguration, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts_s: list[float] = []
    monkeypatch.setattr(world.twin, "reset_board", lambda: starts_s.append(world.twin.now_s))
    fault = FAULTS["brown_out"].draw(random.Random(5), robot)
    fault.apply(world)
    world.twin.advance_to(fault.at_s + 1.0)
    assert starts_s == [pytest.approx(fault.at_s)]


def test_things_happen_at_their_instant_and_end_by_themselves(
    world: SimulatedWorld, robot: RobotConfiguration
) -> None:
    fault = FAULTS["pressed_estop"].draw(random.Random(2), robot)
    fault.apply(world)
    world.twin.advance_to(fault.at_s - 0.001)
    assert not world.twin.knobs.estop_pressed
    world.twin.advance_to(fault.at_s + 0.001)
    assert world.twin.knobs.estop_pressed
    world.twin.advance_to(fault.at_s + 61.0)
    assert not world.twin.knobs.estop_pressed


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_says_its_numbers_and_is_drawn_the_same_way_again(
    robot: RobotConfiguration, name: str
) -> None:
    one, two = (FAULTS[name].draw(random.Random(11), robot) for _ in range(2))
    assert str(one) == str(two) and one.at_s == two.at_s
    assert str(one).startswith(name)
    others = {str(FAULTS[name].draw(random.Random(seed), robot)) for seed in range(20)}
    assert len(others) > 1


def test_a_seed_draws_a_handful_of_different_kinds(robot: RobotConfiguration) -> None:
    drawn = [random_faults(seed, robot, BOX) for seed in range(200)]
    assert [str(fault) for fault in random_faults(17, robot, BOX)] == [str(fault) for fault in drawn[17]]
    assert {len(faults) for faults in drawn} == {1, 2, 3}
    assert {fault.name for faults in drawn for fault in faults} == set(FAULTS)
    for faults in drawn:
        assert len({fault.name for fault in faults}) == len(faults)


def test_the_air_around_the_hive_is_that_of_the_cabinet(world: SimulatedWorld) -> None:
    world.weather.outside_mean_c = 30.0
    world.twin.advance_to(25.0)
    assert math.isclose(world.twin.knobs.air_c, world.weather.at(20.0).cabinet_c, abs_tol=0.1)
