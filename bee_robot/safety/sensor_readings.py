"""What sensors, calendar and journal say -> the readings that the conditions gate judges."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from bee_robot.configuration import ConditionsConfiguration
from bee_robot.devices.tower import Input, TowerState
from bee_robot.devices.weather import ClimateReading
from bee_robot.safety.conditions import NEVER_VISITED, Quantity, Reading

SECONDS_PER_DAY = 86400.0


def gather(
    climate: ClimateReading | None,
    tower: TowerState | None,
    limits: ConditionsConfiguration,
    *,
    now_s: float,
    now_utc: datetime,
    last_visit_utc: datetime | None,
) -> Mapping[Quantity, Reading]:
    """What is not known is left out; the gate counts that as no. `last_visit_utc` None: never visited."""
    readings: dict[Quantity, Reading] = {}
    if climate is not None:
        _add_climate(readings, climate)
    if tower is not None:
        readings[Quantity.DOOR_CLOSED] = Reading(float(tower.inputs[Input.DOOR_CLOSED]), tower.stamp_s)
        readings[Quantity.ESTOP_RELEASED] = Reading(float(tower.inputs[Input.ESTOP_OK]), tower.stamp_s)
    local = now_utc + timedelta(hours=limits.utc_offset_hours)
    readings[Quantity.LOCAL_HOUR] = Reading(local.hour + local.minute / 60 + local.second / 3600, now_s)
    readings[Quantity.DAYS_SINCE_VISIT] = NEVER_VISITED
    if last_visit_utc is not None:
        days = (now_utc - last_visit_utc).total_seconds() / SECONDS_PER_DAY
        readings[Quantity.DAYS_SINCE_VISIT] = Reading(days, now_s)
    return readings


def _add_climate(readings: dict[Quantity, Reading], climate: ClimateReading) -> None:
    for quantity, value in (
        (Quantity.OUTSIDE_C, climate.outside_c),
        (Quantity.CABINET_C, climate.cabinet_c),
        (Quantity.WIND_M_S, climate.wind_m_s),
        (Quantity.RAIN_MM_H, climate.rain_mm_h),
        (Quantity.BATTERY_PCT, climate.battery_pct),
    ):
        if value is not None:
            readings[quantity] = Reading(value, climate.stamp_s)
