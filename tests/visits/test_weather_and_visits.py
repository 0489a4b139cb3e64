"""The conditions gate on the twin: cold, rain, silence, and people who know better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bee_robot.devices.tower import Output
from bee_robot.extraction.context import Override, VisitContext
from bee_robot.extraction.visit import inspect_box
from bee_robot.hive.inspection import EndState, EventKind, Phase, VisitOutcome
from bee_robot.safety.simulated_station import SimulatedStation
from bee_robot.sim.weather import Weather

NOTHING_TO_OBJECT = "nothing to object"


def visit(
    bench,
    weather: Weather,
    override: Override | None = None,
    turn: Callable[[SimulatedStation], None] = lambda station: None,
    **robot_changes: object,
) -> VisitOutcome:
    """A visit of box 3, whose stack is the lid alone. `turn` sets the station's knobs before."""

    async def procedure(context: VisitContext) -> VisitOutcome:
        robot = bench.robot.model_copy(update=robot_changes)
        bench.station = SimulatedStation(robot, context.clock, context.tower, weather)
        turn(bench.station)
        async with bench.station.at_work() as hooks:
            outcome = await inspect_box(replace(context, **hooks), 3, override)
        bench.heater_at_the_end = bench.twin.sample().outputs["heater"]  # the plant's own
        return outcome

    return bench.run(procedure)


def cool_day() -> Weather:
    """About 13 °C outside at noon, and a small cabinet: no test waits for a quarter of an hour of warming."""
    weather = Weather(1)
    weather.outside_mean_c = 9.4
    weather.cabinet_lag_s = 60.0
    return weather


def said(bench, text: str) -> list[str]:
    return [event.text for event in bench.events if text in event.text]


def turns(bench, knob: str) -> Callable[[], None]:
    """The weather turns now."""
    return lambda: setattr(bench.station.weather, knob, bench.clock.now_s())


class TestRainAndStorm:
    def test_rain_during_the_peel_puts_the_stack_down_again(self, bench) -> None:
        bench.when(Phase.PEEL, turns(bench, "rains_from_s"), after_s=2.0)
        outcome = visit(bench, Weather(1))
        assert outcome.end_state is EndState.CLOSED and outcome.was_opened and not outcome.frames
        assert "closed early: it rains (3.0 mm/h); wait (says sensors, 0 s ago)" in outcome.explanation
        assert bench.edges_mm == [0.0, 0.0] and bench.referee.summary() == NOTHING_TO_OBJECT

    def test_a_frame_in_the_air_is_photographed_and_set_down_first(self, bench) -> None:
        before_mm = bench.frames_y_mm(3)
        bench.when(EventKind.FRAME, turns(bench, "rains_from_s"), frame=1, after_s=8.0)
        outcome = visit(bench, Weather(1))
        assert outcome.end_state is EndState.CLOSED and [frame.number for frame in outcome.frames] == [1]
        assert "closed early: it rains" in outcome.explanation
        assert bench.edges_mm == [0.0, 0.0] and bench.referee.summary() == NOTHING_TO_OBJECT
        moved = [abs(a - b) > 1 for a, b in zip(before_mm, bench.frames_y_mm(3))]
        assert moved == [True] + [False] * 9  # it stands in the gap, the others have not moved

    def test_a_storm_while_the_stack_comes_down_changes_nothing(self, bench) -> None:
        bench.stop_after_frame(1)
        bench.when(Phase.LOWER, turns(bench, "storms_from_s"), after_s=1.0)
        outcome = visit(bench, Weather(1))
        assert outcome.end_state is EndState.CLOSED and len(outcome.frames) == 1
        assert "wind" not in outcome.explanation and "enough seen" in outcome.explanation
        assert bench.edges_mm == [0.0, 0.0] and bench.referee.summary() == NOTHING_TO_OBJECT

    def test_sensors_that_fall_silent_close_the_hive_although_the_service_speaks(self, bench) -> None:
        bench.when(EventKind.FRAME, lambda: setattr(bench.station.climate, "is_silent", True), frame=1)
        outcome = visit(bench, Weather(1))
        assert outcome.end_state is EndState.CLOSED and 1 <= len(outcome.frames) <= 3
        assert "rain_mm_h of sensors is" in outcome.explanation and "limit 60 s" in outcome.explanation
        assert bench.edges_mm == [0.0, 0.0]

    def test_rain_that_is_on_its_way_keeps_the_hive_closed(self, bench) -> None:
        weather = Weather(1)
        weather.rains_from_s = 2400.0
        outcome = visit(bench, weather)
        assert not outcome.was_opened
        assert outcome.refusals[0].startswith("rain is 95 % likely within 45 min, limit 40 %")

    def test_a_network_that_is_down_keeps_the_hive_closed(self, bench) -> None:
        outcome = visit(bench, Weather(1), turn=lambda station: setattr(station.forecaster, "is_down", True))
        assert len(outcome.refusals) == 1 and "nobody foretells the rain" in outcome.refusals[0]


class TestCold:
    def test_the_cabinet_is_warmed_first_and_kept_warm(self, bench) -> None:
        cabinet_c = []
        bench.when(Phase.LOCATE, lambda: cabinet_c.append(bench.station.cabinet().value))
        bench.when(Phase.LOCATE, lambda: bench.control.request_stop("enough seen"))
        outcome = visit(bench, cool_day())
        assert outcome.end_state is EndState.CLOSED and outcome.was_opened
        progress = said(bench, "is being warmed")
        assert any("min more" in text for text in progress)
        assert said(bench, "the cabinet is warm: 25")
        assert 25.0 <= cabinet_c[0] <= 27.0 and bench.heater_at_the_end == 0.0
        assert bench.tower.state.lease_holder == ""

    def test_a_heater_without_a_fuse_is_given_up(self, bench) -> None:
        weather = cool_day()
        weather.heater_lifts_c = 0.0
        impatient = bench.robot.preparation.model_copy(update={"rise_within_s": 90.0})
        outcome = visit(bench, weather, preparation=impatient)
        assert not outcome.was_opened and bench.clock.now_s() < 120
        assert "stays at" in outcome.refusals[0] and "look at the heater" in outcome.refusals[0]
        assert bench.heater_at_the_end == 0.0 and bench.tower.state.lease_holder == ""

    def test_a_day_that_is_too_cool_for_the_heater_is_given_up_in_time(self, bench) -> None:
        weather = cool_day()
        weather.outside_mean_c = 7.0
        impatient = bench.robot.preparation.model_copy(update={"gives_up_after_s": 120.0})
        outcome = visit(bench, weather, preparation=impatient)
        assert not outcome.was_opened and bench.heater_at_the_end == 0.0
        assert "after 2 min of heating; wait for warmer weather" in outcome.refusals[0]

    def test_nothing_is_warmed_for_a_hive_that_may_not_be_opened_anyway(self, bench) -> None:
        weather = cool_day()
        weather.rains_from_s = 0.0
        outcome = visit(bench, weather)
        assert not outcome.was_opened and not said(bench, "warmed")

    def test_rain_during_the_warming_ends_it(self, bench) -> None:
        weather = cool_day()
        bench.when(Phase.CHECK, turns(bench, "rains_from_s"), after_s=20.0)
        outcome = visit(bench, weather)
        assert not outcome.was_opened and bench.heater_at_the_end == 0.0
        assert "more stands against a visit now" in outcome.refusals[0]
        assert any(each.startswith("it rains") for each in outcome.refusals)

    def test_a_process_that_dies_while_it_warms_leaves_no_heater_on(self, bench) -> None:
        heats = []

        def pull() -> None:
            heats.append(bench.twin.sample().outputs["heater"])
            bench.is_cable_pulled = True
            bench.later(0.4, lambda: heats.append(bench.twin.sample().outputs["heater"]))

        bench.when(Phase.CHECK, pull, after_s=20.0)
        outcome = visit(bench, cool_day())
        assert heats == [1.0, 0.0]
        assert not outcome.was_opened and "could not be prepared" in outcome.explanation

    def test_a_lease_that_is_given_back_takes_the_heater_with_it(self, bench) -> None:
        async def forgetful(context: VisitContext) -> float:
            await context.tower.acquire_lease("somebody")
            await context.tower.set_output(Output.HEATER, 1.0)
            await context.clock.sleep(1.0)
            before = bench.twin.sample().outputs["heater"]
            await context.tower.release_lease()
            return before

        assert bench.run(forgetful) == 1.0
        assert bench.twin.sample().outputs["heater"] == 0.0

    def test_whoever_stops_the_warming_is_heard(self, bench) -> None:
        bench.when(Phase.CHECK, lambda: bench.control.request_stop("a person asked for it"), after_s=30.0)
        outcome = visit(bench, cool_day())
        assert not outcome.was_opened and bench.clock.now_s() < 60
        assert "a person asked for it" in outcome.refusals[0]
        assert bench.heater_at_the_end == 0.0


class TestPeopleWhoKnowBetter:
    MARI = Override("Mari", "queen cells")

    def test_what_a_person_has_overridden_is_not_said_again(self, bench) -> None:
        weather = Weather(1)
        weather.rains_from_s = 0.0
        bench.when(Phase.LOCATE, lambda: bench.control.request_stop("enough seen"))
        outcome = visit(bench, weather, self.MARI)
        assert outcome.end_state is EndState.CLOSED and outcome.was_opened
        assert "rain" not in outcome.explanation and "enough seen" in outcome.explanation

    def test_an_override_of_the_calendar_is_none_of_the_weather(self, bench) -> None:
        bench.when(Phase.LOCATE, turns(bench, "rains_from_s"))
        late = bench.robot.conditions.model_copy(update={"to_hour": 11.0})
        outcome = visit(bench, Weather(1), self.MARI, conditions=late)
        assert outcome.was_opened and "closed early: it rains" in outcome.explanation

    @pytest.mark.parametrize("override", [Override("Mari", " "), Override("", "queen cells")])
    def test_name_and_reason_are_both_needed(self, bench, override: Override) -> None:
        weather = Weather(1)
        weather.rains_from_s = 0.0
        outcome = visit(bench, weather, override)
        assert not outcome.was_opened and "needs both" in outcome.refusals[0]

    def test_nobody_overrides_the_e_stop(self, bench) -> None:
        weather = Weather(1)
        weather.rains_from_s = 0.0

        def press(station: SimulatedStation) -> None:
            bench.press_estop()

        bench.run(lambda context: context.clock.sleep(0.1))
        bench.press_estop()
        outcome = visit(bench, weather, self.MARI, turn=press)
        assert not outcome.was_opened and bench.journal_steps() == []
        assert outcome.refusals[0].startswith("nobody may override this: the e-stop is pressed")

    def test_where_nothing_stands_against_it_nothing_is_overridden(self, bench) -> None:
        bench.when(Phase.PREPARE, lambda: bench.control.request_stop("enough seen"))
        outcome = visit(bench, Weather(1), self.MARI)
        assert outcome.refusals == () and "override" not in bench.journal_steps()


def test_a_clock_that_is_set_before_the_visit_keeps_the_hive_closed(bench) -> None:
    def set_clock(station: SimulatedStation) -> None:
        assert station.look().may_open or station.look().against  # a first look
        bench.clock.set_calendar(bench.clock.utc() + timedelta(minutes=40))

    outcome = visit(bench, Weather(1), turn=set_clock)
    assert not outcome.was_opened and any("the clock jumped by +2400 s" in each for each in outcome.refusals)
