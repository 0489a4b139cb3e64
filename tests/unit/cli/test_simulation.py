"""Which colony is simulated on which day, as `bee inspect` and `bee up` are told."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from bee_robot import configuration
from bee_robot.cli import locations, simulation
from bee_robot.cli.inputs import InputError
from bee_robot.cli.launching.launch_file import load
from bee_robot.cli.main import main
from bee_robot.cli.simulation import LAST_DAY, Simulation
from bee_robot.clock import SteppedClock
from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import InspectionStart
from bee_robot.sim.scenarios import SCENARIOS
from bee_robot.sim.weather import summer_noon

ROBOT = configuration.load(locations.default_robot_file())
NOON = summer_noon(ROBOT.conditions.utc_offset_hours)


def given(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    simulation.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def visit(store: Path, at: datetime, hive: str = ROBOT.hive.name) -> None:
    with LocalStore.open(store, clock=SteppedClock(start_utc=at)) as opened:
        opened.begin_inspection(InspectionStart(ROBOT.robot, hive, 1, 10, at))


def test_a_strong_colony_on_its_first_day_unless_told_otherwise() -> None:
    assert simulation.chosen(given(), ROBOT, None) == Simulation("strong", 0)
    assert simulation.chosen(given("--scenario", "Mite-ridden", "--day", "30"), ROBOT, None) == Simulation(
        "mite_ridden", 30
    )


def test_a_fresh_store_begins_at_the_beginning(store: Path) -> None:
    assert simulation.chosen(given(), ROBOT, store).day == 0
    visit(store, NOON, hive="another hive")
    assert simulation.chosen(given(), ROBOT, store).day == 0


def test_the_next_visit_is_eight_days_after_the_latest(store: Path) -> None:
    visit(store, NOON + timedelta(seconds=3))
    assert simulation.chosen(given(), ROBOT, store).day == 8
    visit(store, NOON + timedelta(days=8, minutes=20))
    assert simulation.chosen(given(), ROBOT, store).day == 16
    assert simulation.chosen(given("--day", "11"), ROBOT, store).day == 11


def test_a_robot_that_waits_longer_is_given_the_days_it_asks_for(store: Path) -> None:
    visit(store, NOON)
    conditions = ROBOT.conditions.model_copy(update={"days_between_visits": 13.5})
    patient = ROBOT.model_copy(update={"conditions": conditions})
    assert simulation.next_visit_day(patient, store) == 15


def test_a_store_of_another_year_is_refused_with_a_remedy(store: Path) -> None:
    visit(store, datetime(2028, 7, 1, tzinfo=timezone.utc))
    with pytest.raises(InputError, match="2028-07-01.*--day"):
        simulation.chosen(given(), ROBOT, store)


def test_the_calendar_of_a_visit_follows_its_day() -> None:
    assert summer_noon(3.0, day=8) - summer_noon(3.0) == timedelta(days=8)


def test_all_processes_of_a_simulated_robot_know_the_day() -> None:
    launch = locations.SOURCE_TREE / "launch" / "tower.launch.yaml"
    description = load(launch, {"sim": "true", **Simulation("weak", 8).launch_arguments()})
    nodes = {node.name: node for node in description.nodes if node.package == "bee_robot"}
    assert {node.parameters["day"] for node in nodes.values()} == {8}
    assert nodes["sim_world"].parameters["scenario"] == "weak"


@pytest.mark.parametrize("verb", [("inspect",), ("up", "tower")])
class TestCommandLine:
    def test_list_shows_every_scenario(
        self, verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as left:
            main([*verb, "--sim", "--scenario", "list"])
        assert left.value.code == 0
        said = capsys.readouterr().out
        assert all(scenario.name in said and scenario.what in said for scenario in SCENARIOS.values())

    def test_an_unknown_scenario_is_named_with_the_known_ones(
        self, verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert left_with(*verb, "--sim", "--scenario", "lazy") == 2
        error = capsys.readouterr().err
        assert "'lazy'" in error and "spotty_brood" in error and error.count("\n") == 1

    @pytest.mark.parametrize("day", ["-3", "soon", str(LAST_DAY + 1)])
    def test_a_day_is_a_whole_number(
        self, verb: tuple[str, ...], day: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert left_with(*verb, "--sim", f"--day={day}") == 2
        assert f"0 to {LAST_DAY}" in capsys.readouterr().err

    def test_a_real_robot_has_no_scenario(
        self, verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        box = ["--box", "1"] if verb == ("inspect",) else []
        assert left_with(*verb, *box, "--scenario", "weak") == 2
        assert "--scenario belongs to a simulation" in capsys.readouterr().err


def left_with(*words: str) -> int | str | None:
    """The exit status of `bee`, however it ends."""
    try:
        return main(list(words))
    except SystemExit as left:
        return left.code
