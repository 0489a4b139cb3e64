"""May we open the hive? The gate of machine.md, "May we?". Pure: readings in, reasons against out.

A reading that is missing, stale, from the future or not a finite number counts as *no*. A named person with a reason may override the reasons
(`extraction.context.Override`, journaled); door, e-stop and board are not conditions but rules, and nobody overrides them:
the board refuses to move.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from bee_robot.configuration import ConditionsConfiguration


class Quantity(str, Enum):
    """What the gate asks for. Units in the names; yes/no readings are 1 or 0."""

    OUTSIDE_C = "outside_c"
    CABINET_C = "cabinet_c"
    WIND_M_S = "wind_m_s"
    RAIN_MM_H = "rain_mm_h"
    BATTERY_PCT = "battery_pct"
    LOCAL_HOUR = "local_hour"
    DAYS_SINCE_VISIT = "days_since_visit"
    DOOR_CLOSED = "door_closed"
    ESTOP_RELEASED = "estop_released"


@dataclass(frozen=True)
class Reading:
    """A value and when it was taken (robot time, s)."""

    value: float
    stamp_s: float


@dataclass(frozen=True)
class Verdict:
    """`against`: every reason, in words; empty means yes. `readings` is what was looked at, for the record."""

    against: tuple[str, ...]
    readings: Mapping[Quantity, float]

    @property
    def may_open(self) -> bool:
        return not self.against


Values = Mapping[Quantity, float]
Condition = Callable[[Values, ConditionsConfiguration], str]


def _warm_enough(values: Values, limits: ConditionsConfiguration) -> str:
    outside, cabinet = values[Quantity.OUTSIDE_C], values[Quantity.CABINET_C]
    if outside >= limits.outside_min_c:
        return ""
    if outside < limits.outside_min_with_warm_cabinet_c:
        least = limits.outside_min_with_warm_cabinet_c
        return (
            f"{outside:.1f} °C outside, limit {least:g} °C even with a warm cabinet; wait for warmer weather"
        )
    if cabinet < limits.cabinet_warm_c:
        return (
            f"{outside:.1f} °C outside, limit {limits.outside_min_c:g} °C, and the cabinet has {cabinet:.1f} °C of "
            f"{limits.cabinet_warm_c:g} °C; warm the cabinet first"
        )
    return ""


def _calm(values: Values, limits: ConditionsConfiguration) -> str:
    wind = values[Quantity.WIND_M_S]
    return (
        f"wind {wind:.1f} m/s, limit {limits.wind_max_m_s:g} m/s; wait" if wind > limits.wind_max_m_s else ""
    )


def _dry(values: Values, limits: ConditionsConfiguration) -> str:
    return f"it rains ({values[Quantity.RAIN_MM_H]:.1f} mm/h); wait" if values[Quantity.RAIN_MM_H] > 0 else ""


def _charged(values: Values, limits: ConditionsConfiguration) -> str:
    charge = values[Quantity.BATTERY_PCT]
    short = charge < limits.battery_min_pct
    return f"battery {charge:.0f} %, limit {limits.battery_min_pct:g} %; charge it" if short else ""


def _daytime(values: Values, limits: ConditionsConfiguration) -> str:
    hour = values[Quantity.LOCAL_HOUR]
    if limits.from_hour <= hour <= limits.to_hour:
        return ""
    clock = f"{int(hour):02d}:{int(hour % 1 * 60):02d}"
    return (
        f"it is {clock} local time, hives are opened from {limits.from_hour:g} to {limits.to_hour:g} o'clock"
    )


def _rested(values: Values, limits: ConditionsConfiguration) -> str:
    days = values[Quantity.DAYS_SINCE_VISIT]
    if days >= limits.days_between_visits:
        return ""
    return f"the last visit was {days:.1f} days ago, limit {limits.days_between_visits:g} days; let the bees rest"


def _door(values: Values, limits: ConditionsConfiguration) -> str:
    return "" if values[Quantity.DOOR_CLOSED] else "the cabinet door is open; close it"


def _estop(values: Values, limits: ConditionsConfiguration) -> str:
    return (
        "" if values[Quantity.ESTOP_RELEASED] else "the e-stop is pressed; make the hive safe and release it"
    )


CONDITIONS: tuple[tuple[Condition, tuple[Quantity, ...]], ...] = (
    (_warm_enough, (Quantity.OUTSIDE_C, Quantity.CABINET_C)),
    (_calm, (Quantity.WIND_M_S,)),
    (_dry, (Quantity.RAIN_MM_H,)),
    (_charged, (Quantity.BATTERY_PCT,)),
    (_daytime, (Quantity.LOCAL_HOUR,)),
    (_rested, (Quantity.DAYS_SINCE_VISIT,)),
    (_door, (Quantity.DOOR_CLOSED,)),
    (_estop, (Quantity.ESTOP_RELEASED,)),
)

FUTURE_S = 1.0  # two processes may differ by this much about now; a stamp further ahead proves nothing

NEVER_VISITED = Reading(math.inf, math.inf)
"""Days since the last visit of a hive that has not had one: never stale."""


def judge(readings: Mapping[Quantity, Reading], limits: ConditionsConfiguration, now_s: float) -> Verdict:
    """May the hive be opened at robot time `now_s`?"""
    values: dict[Quantity, float] = {}
    against = []
    for quantity in Quantity:
        problem = _unusable(quantity, readings.get(quantity), limits, now_s)
        if problem:
            against.append(problem)
        else:
            values[quantity] = readings[quantity].value
    for condition, needed in CONDITIONS:
        if all(quantity in values for quantity in needed):
            against += [reason for reason in [condition(values, limits)] if reason]
    return Verdict(tuple(against), values)


WEATHER = (Quantity.RAIN_MM_H, Quantity.WIND_M_S)


def weather_against(
    readings: Mapping[Quantity, Reading], limits: ConditionsConfiguration, now_s: float
) -> tuple[str, ...]:
    """Why an open hive should be closed now: rain, wind, or nobody who knows (machine.md, stop category 2)."""
    against = [_unusable(quantity, readings.get(quantity), limits, now_s) for quantity in WEATHER]
    if not any(against):
        values = {quantity: readings[quantity].value for quantity in WEATHER}
        against = [_dry(values, limits), _calm(values, limits)]
    return tuple(reason for reason in against if reason)


def _unusable(
    quantity: Quantity, reading: Reading | None, limits: ConditionsConfiguration, now_s: float
) -> str:
    if reading is None:
        return f"nobody says {quantity.value}; look at its sensor or service"
    if quantity is Quantity.DAYS_SINCE_VISIT and reading == NEVER_VISITED:
        return ""
    age_s = now_s - reading.stamp_s
    if age_s > limits.reading_max_age_s:
        return f"{quantity.value} is {age_s:.0f} s old, limit {limits.reading_max_age_s:g} s; look at its sensor or service"
    if age_s < -FUTURE_S:
        return f"{quantity.value} is stamped {-age_s:.0f} s in the future; look at the clocks of its sensor and of this robot"
    if not math.isfinite(reading.value):
        return f"{quantity.value} is not a number; look at its sensor"
    return ""
