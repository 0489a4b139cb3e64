"""Several sources of one quantity: which one counts."""

from __future__ import annotations

import pytest

from bee_robot.configuration import ConditionsConfiguration
from bee_robot.devices.weather import ClimateReading
from bee_robot.safety.conditions import Quantity, Reading, judge
from bee_robot.safety.sensor_readings import SENSORS, SensorLog, combine

NOW_S = 10_000.0
LIMITS = ConditionsConfiguration()


def sensor(value: float, age_s: float = 1.0) -> Reading:
    return Reading(value, NOW_S - age_s, SENSORS)


def service(value: float, age_s: float = 600.0) -> Reading:
    return Reading(value, NOW_S - age_s, "api.example", 1800.0)


def of_both(quantity: Quantity, *readings: Reading) -> Reading:
    return combine([{quantity: reading} for reading in readings], LIMITS, NOW_S)[quantity]


@pytest.mark.parametrize("quantity", [Quantity.RAIN_MM_H, Quantity.WIND_M_S])
class TestRainAndWind:
    def test_the_worst_counts(self, quantity: Quantity) -> None:
        assert of_both(quantity, sensor(0.0), service(9.0)).source == "api.example"
        assert of_both(quantity, sensor(9.0), service(0.0)).source == SENSORS

    def test_a_service_that_is_stale_does_not(self, quantity: Quantity) -> None:
        assert of_both(quantity, sensor(0.0), service(9.0, age_s=1900.0)) == sensor(0.0)

    def test_a_sensor_that_fell_silent_is_a_no_whatever_the_service_says(self, quantity: Quantity) -> None:
        reading = of_both(quantity, sensor(0.0, age_s=90.0), service(0.0))
        against = judge({quantity: reading}, LIMITS, NOW_S).against
        assert (
            f"{quantity.value} of sensors is 90 s old, limit 60 s; look at its sensor or service" in against
        )

    def test_a_service_alone_will_do(self, quantity: Quantity) -> None:
        assert of_both(quantity, service(0.0)) == service(0.0)


class TestTemperature:
    def test_a_sensor_on_the_machine_knows_better(self) -> None:
        assert of_both(Quantity.OUTSIDE_C, sensor(13.0), service(19.0)) == sensor(13.0)

    def test_a_service_steps_in(self) -> None:
        assert of_both(Quantity.OUTSIDE_C, sensor(13.0, age_s=61.0), service(19.0)) == service(19.0)

    def test_a_sensor_that_tells_nonsense_does_not_count(self) -> None:
        assert of_both(Quantity.OUTSIDE_C, sensor(85.0), service(12.0)) == service(12.0)

    def test_what_is_stale_everywhere_is_said_of_the_sensor(self) -> None:
        assert of_both(Quantity.OUTSIDE_C, sensor(13.0, 100.0), service(19.0, 9000.0)).source == SENSORS


def test_a_sensor_that_gives_no_value_any_more_grows_old() -> None:
    log = SensorLog()
    log.take(ClimateReading(100.0, outside_c=20.0, rain_mm_h=0.0))
    log.take(ClimateReading(200.0, outside_c=21.0, rain_mm_h=None))
    assert log.readings() == {
        Quantity.OUTSIDE_C: Reading(21.0, 200.0, SENSORS),
        Quantity.RAIN_MM_H: Reading(0.0, 100.0, SENSORS),
    }


@pytest.mark.parametrize(
    ("quantity", "value"),
    [(Quantity.OUTSIDE_C, 85.0), (Quantity.CABINET_C, -127.0), (Quantity.WIND_M_S, -1.0)],
)
def test_a_broken_sensor_is_a_no(quantity: Quantity, value: float) -> None:
    against = judge({quantity: sensor(value)}, LIMITS, NOW_S).against
    assert any(f"{quantity.value} of sensors is {value:g}, no value between" in each for each in against)


def test_a_reason_names_source_and_age() -> None:
    against = judge({Quantity.WIND_M_S: service(9.1)}, LIMITS, NOW_S).against
    assert "wind 9.1 m/s, limit 8 m/s; wait (says api.example, 600 s ago)" in against
