"""The gate as a whole: everything asked at once, and what a visit that runs changes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bee_robot.clock import SteppedClock
from bee_robot.configuration import load
from bee_robot.devices.tower import BoardState, Input, Output, TowerError
from bee_robot.safety.gate import as_rows
from bee_robot.safety.simulated_station import SimulatedStation
from bee_robot.sim.virtual_time import run_virtual
from bee_robot.sim.weather import Weather, simulated_noon

ROBOT = load(Path(__file__).resolve().parents[3] / "config" / "robots" / "tower.yaml")


class Tower:
    """A board that says what the test wants; None: nobody hears it."""

    def __init__(self, clock: SteppedClock) -> None:
        self.board: BoardState | None = BoardState.DISARMED
        self.is_door_closed = True
        self._clock = clock

    @property
    def state(self) -> SimpleNamespace:
        if self.board is None:
            raise TowerError("tower_driver has said nothing yet", "link_lost")
        return SimpleNamespace(
            stamp_s=self._clock.now_s(),
            board=self.board,
            inputs={Input.DOOR_CLOSED: self.is_door_closed, Input.ESTOP_OK: True},
            outputs={Output.HEATER: 0.0},
        )


class Scene:
    def __init__(self) -> None:
        self.clock = SteppedClock(0.0, simulated_noon(ROBOT))
        self.tower = Tower(self.clock)
        self.weather = Weather(1)
        self.last_visit: datetime | None = None
        self.gate = SimulatedStation(ROBOT, self.clock, self.tower, self.weather, lambda: self.last_visit)
        self.ask()

    def ask(self) -> None:
        assert self.gate.service is not None
        run_virtual(self.gate.service.ask(), self.clock, None)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_on_the_simulated_noon_the_hive_may_be_opened(scene: Scene) -> None:
    verdict = scene.gate.look()
    assert verdict.against == ()
    assert {each.source for each in verdict.findings if each.source} == {
        "sensors", "board", "clock", "simulated weather service"
    }  # fmt: skip


def test_door_and_board_are_rules_that_nobody_overrides(scene: Scene) -> None:
    scene.weather.rains_from_s = 0.0
    scene.tower.is_door_closed = False
    assert scene.gate.overridden() == ("the cabinet door is open; close it",)
    scene.tower.board = None
    rules = scene.gate.overridden()
    assert len(rules) == 3 and "nobody hears the board; look at its cable" in rules


@pytest.mark.parametrize("board", [BoardState.MOVING, BoardState.HOLDING])
def test_a_tower_that_moves_already_is_not_asked_to_begin(scene: Scene, board: BoardState) -> None:
    scene.tower.board = board
    assert len(scene.gate.look().rules) == 1
    scene.gate.begin_visit()
    assert scene.gate.look().rules == ()  # its own motion
    scene.gate.end_visit()
    assert len(scene.gate.look().rules) == 1


def test_the_second_box_of_a_visit_need_not_rest_from_the_first(scene: Scene) -> None:
    scene.gate.begin_visit(boxes=2)
    assert scene.gate.reasons_against() == ()
    scene.last_visit = scene.clock.utc()
    assert scene.gate.reasons_against() == ()
    scene.gate.end_visit()
    assert "0.0 days ago" in scene.gate.reasons_against()[0]


def test_a_visit_to_three_boxes_needs_more_dry_time_than_one_to_one(scene: Scene) -> None:
    scene.weather.rains_from_s = 60 * 60.0
    scene.ask()
    assert scene.gate.reasons_against() == ()
    scene.gate.begin_visit(boxes=3)
    assert "rain is 95 % likely within 75 min" in scene.gate.reasons_against()[0]


def test_what_was_overridden_is_overridden_for_one_visit(scene: Scene) -> None:
    scene.gate.begin_visit()
    scene.weather.rains_from_s = 0.0
    assert "it rains" in scene.gate.weather_turned()
    scene.gate.overridden()
    assert scene.gate.weather_turned() == ""
    scene.gate.begin_visit()
    assert "it rains" in scene.gate.weather_turned()


def test_a_wind_that_nobody_knew_is_not_overridden_when_it_blows(scene: Scene) -> None:
    scene.gate.climate.without = frozenset({"wind_m_s"})
    scene.gate.service = None
    scene.gate.begin_visit()
    scene.gate.overridden()
    assert scene.gate.weather_turned() == ""
    scene.gate.climate.without = frozenset()
    scene.weather.storms_from_s = 0.0
    assert "wind" in scene.gate.weather_turned()


def test_the_record_can_be_kept(scene: Scene) -> None:
    record = scene.gate.for_the_record()
    assert record["against"] == [] and record["readings"]["door_closed"] == 1.0
    assert "days_since_visit" not in record["readings"]  # never: JSON has no such number
    assert "outside_c from sensors 0 s before" in record["sources"]
    assert json.loads(json.dumps(as_rows(scene.gate.look()), allow_nan=False))[0]["name"] == "outside_c"
    scene.clock.advance_to(timedelta(minutes=10).total_seconds())
    assert scene.gate.look().may_open
