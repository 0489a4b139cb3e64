"""A summer noon fit for opening a hive, and weather that turns."""

from __future__ import annotations

from datetime import datetime, timezone

from bee_robot.sim.weather import Weather, summer_noon


def test_noon_is_local_noon() -> None:
    assert summer_noon(3) == datetime(2025, 6, 21, 9, tzinfo=timezone.utc)


def test_on_the_default_day_a_hive_may_be_opened_for_hours() -> None:
    for seed in range(20):
        weather = Weather(seed)
        for minute in range(0, 240, 5):
            now = weather.at(minute * 60.0)
            assert now.outside_c >= 15 and now.wind_m_s <= 8 and not now.is_raining
            assert 20 <= now.humidity_pct <= 100


def test_the_same_seed_gives_the_same_afternoon_and_another_one_another() -> None:
    def afternoon(seed: int) -> list[float]:
        weather = Weather(seed)
        return [weather.at(t * 30.0).wind_m_s for t in range(100)]

    assert afternoon(3) == afternoon(3)
    assert afternoon(3) != afternoon(4)


def test_rain_and_storm_begin_when_they_are_told_to() -> None:
    weather = Weather(1)
    weather.rains_from_s = weather.storms_from_s = 300.0
    before, after = weather.at(299.0), weather.at(301.0)
    assert not before.is_raining and after.is_raining
    assert after.wind_m_s > 8 > before.wind_m_s
    assert after.humidity_pct > before.humidity_pct and after.outside_c < before.outside_c


def test_the_heater_warms_the_cabinet_to_working_temperature_on_a_cool_day() -> None:
    weather = Weather(1, local_hour=12.0)
    weather.outside_mean_c = 9.0
    cold = weather.at(0.0, heater=1.0)
    warm = [weather.at(minute * 60.0, heater=1.0) for minute in range(1, 61)][-1]
    assert cold.cabinet_c < 20
    assert warm.cabinet_c >= 25
