"""Several sources of one quantity -> the reading that counts.

Of rain and wind the worst fresh one counts, and a sensor on the machine that has fallen silent counts as no, whatever a
service says: it may be the rain that silenced it. Of temperatures a fresh sensor outranks a service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bee_robot.configuration import ConditionsConfiguration, RobotConfiguration
from bee_robot.devices.tower import Input, TowerState
from bee_robot.devices.weather import ClimateReading
from bee_robot.safety.conditions import NEVER_VISITED, WEATHER, Quantity, Reading, unusable

SECONDS_PER_DAY = 86400.0
SENSORS, BOARD, CLOCK, JOURNAL = "sensors", "board", "clock", "journal"
FIELDS: Mapping[Quantity, str] = {
    Quantity.OUTSIDE_C: "outside_c",
    Quantity.CABINET_C: "cabinet_c",
    Quantity.WIND_M_S: "wind_m_s",
    Quantity.RAIN_MM_H: "rain_mm_h",
    Quantity.BATTERY_PCT: "battery_pct",
}


class SensorLog:
    """The last value that each sensor has ever given. One that gives none any more grows old; it is not forgotten."""

    def __init__(self) -> None:
        self._last: dict[Quantity, Reading] = {}

    def take(self, climate: ClimateReading) -> None:
        for quantity, field in FIELDS.items():
            value = getattr(climate, field)
            if value is not None:
                self._last[quantity] = Reading(value, climate.stamp_s, SENSORS)

    def readings(self) -> Mapping[Quantity, Reading]:
        return self._last


def of_tower(tower: TowerState | None) -> Mapping[Quantity, Reading]:
    """What the board knows; nothing where nobody hears it."""
    if tower is None:
        return {}
    return {
        quantity: Reading(float(tower.inputs[each]), tower.stamp_s, BOARD)
        for quantity, each in (
            (Quantity.DOOR_CLOSED, Input.DOOR_CLOSED),
            (Quantity.ESTOP_RELEASED, Input.ESTOP_OK),
        )
    }


def of_calendar(
    robot: RobotConfiguration, now_s: float, now_utc: datetime, last_visit_utc: datetime | None
) -> Mapping[Quantity, Reading]:
    """Hour of the day and days since the last visit. `last_visit_utc` None: never visited."""
    local = now_utc.astimezone(robot.zone())
    rested = NEVER_VISITED
    if last_visit_utc is not None:
        days = (now_utc - last_visit_utc).total_seconds() / SECONDS_PER_DAY
        rested = Reading(days, now_s, JOURNAL)
    hour = local.hour + local.minute / 60 + local.second / 3600
    return {Quantity.LOCAL_HOUR: Reading(hour, now_s, CLOCK), Quantity.DAYS_SINCE_VISIT: rested}


def combine(
    sources: Sequence[Mapping[Quantity, Reading]], limits: ConditionsConfiguration, now_s: float
) -> Mapping[Quantity, Reading]:
    """Of each quantity the reading that counts. `sources`: those on the machine first."""
    combined: dict[Quantity, Reading] = {}
    for quantity in Quantity:
        given = [source[quantity] for source in sources if quantity in source]
        if given:
            combined[quantity] = _one_of(quantity, given, limits, now_s)
    return combined


def _one_of(
    quantity: Quantity, given: Sequence[Reading], limits: ConditionsConfiguration, now_s: float
) -> Reading:
    fresh = [reading for reading in given if not unusable(quantity, reading, limits, now_s)]
    silent = [reading for reading in given if reading not in fresh and reading.source == SENSORS]
    if not fresh or (quantity in WEATHER and silent):
        return _newest(silent or given)
    return max(fresh, key=lambda reading: reading.value) if quantity in WEATHER else fresh[0]


def _newest(readings: Iterable[Reading]) -> Reading:
    return max(readings, key=lambda reading: reading.stamp_s)
