"""What a weather service says of now and of the hour to come."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

import pytest

from bee_robot.clock import SteppedClock
from bee_robot.configuration import ConditionsConfiguration, WeatherServiceConfiguration
from bee_robot.devices.weather import RainAhead, WeatherError, WeatherReport
from bee_robot.safety.conditions import Quantity
from bee_robot.safety.weather_service import WeatherWatch
from bee_robot.sim.virtual_time import run_virtual

NOON = datetime(2026, 6, 21, 12, tzinfo=timezone.utc)
LIMITS = ConditionsConfiguration()  # 40 %, half an hour of margin
VISIT_S = 900.0


def row(
    from_min: float, to_min: float, chance_pct: float | None = 0.0, rain_mm: float | None = None
) -> RainAhead:
    return RainAhead(
        NOON + timedelta(minutes=from_min), NOON + timedelta(minutes=to_min), chance_pct, rain_mm
    )


class Service:
    name = "api.example"

    def __init__(self, *ahead: RainAhead, old_s: float = 300.0) -> None:
        self.ahead = ahead
        self.old_s = old_s
        self.asked = 0
        self.fault: Exception | None = None

    async def report(self) -> WeatherReport:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return WeatherReport(NOON - timedelta(seconds=self.old_s), 20.0, 50.0, 3.0, None, self.ahead)


def watch_at_noon(service: Service) -> tuple[WeatherWatch, SteppedClock]:
    clock = SteppedClock(1000.0, NOON)
    watch = WeatherWatch(service, WeatherServiceConfiguration(), clock)
    asyncio.run(watch.ask())
    return watch, clock


def ahead(*rows: RainAhead) -> str:
    watch, clock = watch_at_noon(Service(*rows))
    return watch.rain_ahead(LIMITS, clock.now_s(), VISIT_S).against


class TestRainAhead:
    def test_a_dry_hour_is_fine(self) -> None:
        assert ahead(row(-60, 0, 90.0), row(0, 60, 39.0), row(60, 120, 90.0)) == ""

    def test_rain_within_visit_and_margin_is_a_no(self) -> None:
        assert "rain is 41 % likely within 45 min" in ahead(row(0, 30), row(30, 90, 41.0))

    def test_a_quarter_in_which_rain_falls_is_a_no_whatever_the_chance(self) -> None:
        assert "rain is 100 % likely" in ahead(row(0, 60, 5.0), row(15, 30, None, 0.4))
        assert ahead(row(0, 60, 5.0), row(15, 30, None, 0.0)) == ""

    @pytest.mark.parametrize(
        "rows", [[], [row(0, 30)], [row(0, 20), row(30, 90)], [row(0, 60, None)], [row(10, 90)]]
    )
    def test_a_gap_in_the_forecast_is_a_no(self, rows: list[RainAhead]) -> None:
        assert "says nothing of the rain within 45 min" in ahead(*rows)

    def test_the_window_goes_on_with_the_time(self) -> None:
        watch, clock = watch_at_noon(Service(row(0, 60), row(60, 120, 80.0)))
        assert watch.rain_ahead(LIMITS, clock.now_s() + 14 * 60, VISIT_S).against == ""
        assert "80 %" in watch.rain_ahead(LIMITS, clock.now_s() + 16 * 60, VISIT_S).against

    def test_an_old_forecast_is_a_no(self) -> None:
        watch, clock = watch_at_noon(Service(row(0, 600)))
        assert (
            "is 1801 s old, limit 1800 s" in watch.rain_ahead(LIMITS, clock.now_s() + 1501, VISIT_S).against
        )

    def test_a_service_that_never_answered_is_a_no_and_says_why(self) -> None:
        service = Service()
        service.fault = WeatherError("api.example: no route to host")
        watch, clock = watch_at_noon(service)
        found = watch.rain_ahead(LIMITS, clock.now_s(), VISIT_S)
        assert not found.is_known and "no route to host" in found.against


class TestAsking:
    def test_values_are_as_old_as_what_they_observed(self) -> None:
        watch, clock = watch_at_noon(Service(old_s=840.0))
        reading = watch.readings()[Quantity.WIND_M_S]
        assert reading.stamp_s == pytest.approx(clock.now_s() - 840.0) and reading.source == "api.example"

    def test_what_it_does_not_say_is_missing(self) -> None:
        assert Quantity.RAIN_MM_H not in watch_at_noon(Service())[0].readings()

    def test_a_clock_that_is_set_later_makes_nothing_younger(self) -> None:
        watch, clock = watch_at_noon(Service())
        before = watch.readings()[Quantity.WIND_M_S].stamp_s
        clock.set_calendar(NOON - timedelta(days=3))
        assert watch.readings()[Quantity.WIND_M_S].stamp_s == before

    def test_it_is_asked_again_sooner_after_a_failure_and_keeps_what_it_knew(self) -> None:
        service, clock = Service(row(0, 600)), SteppedClock(0.0, NOON)
        watch = WeatherWatch(service, WeatherServiceConfiguration(poll_s=300), clock)

        async def ten_minutes() -> list[int]:
            asking = asyncio.ensure_future(watch.run())
            counts = []
            await clock.sleep(1)
            for fault in (None, RuntimeError("a fault in an answer"), WeatherError("no network")):
                service.fault, service.asked = fault, 0
                await clock.sleep(600)
                counts.append(service.asked)
            asking.cancel()
            return counts

        assert run_virtual(ten_minutes(), clock, None) == [2, 6, 10]
        assert watch.trouble == "no network" and watch.readings()
