"""When the robot may open a hive, and when not."""

from __future__ import annotations

import math

import pytest

from bee_robot.configuration import ConditionsConfiguration
from bee_robot.safety.conditions import NEVER_VISITED, Quantity, Reading, judge, weather_against

NOW_S = 1000.0
FINE = {
    Quantity.OUTSIDE_C: 22.0,
    Quantity.CABINET_C: 24.0,
    Quantity.WIND_M_S: 2.0,
    Quantity.RAIN_MM_H: 0.0,
    Quantity.BATTERY_PCT: 90.0,
    Quantity.LOCAL_HOUR: 12.5,
    Quantity.DAYS_SINCE_VISIT: 8.0,
    Quantity.DOOR_CLOSED: 1.0,
    Quantity.ESTOP_RELEASED: 1.0,
}
LIMITS = ConditionsConfiguration()


def verdict(age_s: float = 1.0, **changed: float):
    values = {**FINE, **{Quantity(name): value for name, value in changed.items()}}
    return judge({name: Reading(value, NOW_S - age_s) for name, value in values.items()}, LIMITS, NOW_S)


def test_on_a_calm_warm_day_the_hive_may_be_opened() -> None:
    assert verdict().may_open
    assert verdict().readings[Quantity.OUTSIDE_C] == 22.0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"outside_c": 9.0}, "even with a warm cabinet"),
        ({"outside_c": 12.0}, "warm the cabinet"),
        ({"wind_m_s": 8.1}, "wind 8.1 m/s"),
        ({"rain_mm_h": 0.2}, "it rains"),
        ({"battery_pct": 39.0}, "battery 39 %"),
        ({"local_hour": 9.5}, "09:30"),
        ({"local_hour": 16.1}, "16:0"),
        ({"days_since_visit": 6.9}, "6.9 days ago"),
        ({"door_closed": 0.0}, "door is open"),
        ({"estop_released": 0.0}, "e-stop is pressed"),
        ({"wind_m_s": math.nan}, "wind_m_s is not a number"),
        ({"outside_c": math.inf}, "outside_c is not a number"),
        ({"days_since_visit": math.inf}, "days_since_visit is not a number"),
    ],
)
def test_one_bad_reading_keeps_the_hive_closed_and_says_why(changed: dict[str, float], reason: str) -> None:
    against = verdict(**changed).against
    assert len(against) == 1
    assert reason in against[0]


def test_a_warm_cabinet_allows_a_cool_day() -> None:
    assert verdict(outside_c=10.0, cabinet_c=25.0).may_open


@pytest.mark.parametrize("quantity", list(Quantity))
def test_a_missing_reading_is_a_no(quantity: Quantity) -> None:
    readings = {name: Reading(value, NOW_S) for name, value in FINE.items() if name is not quantity}
    assert judge(readings, LIMITS, NOW_S).against == (
        f"nobody says {quantity.value}; look at its sensor or service",
    )


@pytest.mark.parametrize("quantity", list(Quantity))
def test_a_stale_reading_is_a_no(quantity: Quantity) -> None:
    readings = {name: Reading(value, NOW_S) for name, value in FINE.items()}
    readings[quantity] = Reading(FINE[quantity], NOW_S - 61)
    against = judge(readings, LIMITS, NOW_S).against
    assert against == (f"{quantity.value} is 61 s old, limit 60 s; look at its sensor or service",)


@pytest.mark.parametrize("quantity", list(Quantity))
def test_a_reading_from_the_future_is_a_no(quantity: Quantity) -> None:
    readings = {name: Reading(value, NOW_S + 0.9) for name, value in FINE.items()}
    assert judge(readings, LIMITS, NOW_S).may_open
    readings[quantity] = Reading(FINE[quantity], NOW_S + 5)
    (against,) = judge(readings, LIMITS, NOW_S).against
    assert f"{quantity.value} is stamped 5 s in the future" in against


def test_a_hive_that_was_never_visited_has_rested_long_enough() -> None:
    readings = {name: Reading(value, NOW_S) for name, value in FINE.items()}
    assert judge({**readings, Quantity.DAYS_SINCE_VISIT: NEVER_VISITED}, LIMITS, NOW_S).may_open


def test_every_reason_is_given_at_once() -> None:
    assert len(verdict(rain_mm_h=1.0, wind_m_s=20.0, outside_c=2.0).against) == 3


def test_an_open_hive_is_closed_for_rain_wind_or_silence_about_them() -> None:
    limits = ConditionsConfiguration()
    fair = {Quantity.RAIN_MM_H: Reading(0.0, 100.0), Quantity.WIND_M_S: Reading(3.0, 100.0)}
    assert weather_against(fair, limits, 110.0) == ()
    rain = {**fair, Quantity.RAIN_MM_H: Reading(2.0, 100.0)}
    assert "rains" in weather_against(rain, limits, 110.0)[0]
    assert len(weather_against({}, limits, 110.0)) == 2
    assert len(weather_against(fair, limits, 100.0 + limits.reading_max_age_s + 1)) == 2
