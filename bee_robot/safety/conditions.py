"""May we open the hive? The gate of machine.md, "May we?". Pure: readings in, reasons against out.

A reading that is missing, stale, from the future or not a finite number counts as *no*. A named person with a reason may
override the reasons (`extraction.context.Override`, journaled), but not those of a finding that `is_rule`: door, e-stop and
board are rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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
    """A value, when it was taken (robot time, s) and by whom. `max_age_s`: where it is not that of all sensors."""

    value: float
    stamp_s: float
    source: str = ""
    max_age_s: float | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `value` and `age_s`: None where nobody knows, or where there is none. `against`: why the
    hive may not be opened, or nothing. `is_known`: whether there is a value that can be used. `is_rule`: nobody overrides
    it."""

    name: str
    value: float | str | None
    source: str
    age_s: float | None
    limit: str
    against: str = ""
    is_known: bool = True
    is_rule: bool = False


@dataclass(frozen=True)
class Verdict:
    """All that was looked at."""

    findings: tuple[Finding, ...]

    @property
    def against(self) -> tuple[str, ...]:
        """Every reason, in words; empty means yes."""
        return tuple(finding.against for finding in self.findings if finding.against)

    @property
    def rules(self) -> tuple[str, ...]:
        """The reasons that nobody may override."""
        return tuple(finding.against for finding in self.findings if finding.against and finding.is_rule)

    @property
    def readings(self) -> Mapping[Quantity, float]:
        """The values that could be used, for the record."""
        return {
            Quantity(finding.name): finding.value
            for finding in self.findings
            if finding.is_known and finding.name in _QUANTITIES and isinstance(finding.value, float)
        }

    @property
    def may_open(self) -> bool:
        return not self.against


_QUANTITIES = frozenset(quantity.value for quantity in Quantity)
RULES = (Quantity.DOOR_CLOSED, Quantity.ESTOP_RELEASED)

Values = Mapping[Quantity, float]
Condition = Callable[[Values, ConditionsConfiguration], str]


def _warm_outside(values: Values, limits: ConditionsConfiguration) -> str:
    outside, least_c = values[Quantity.OUTSIDE_C], limits.outside_min_with_warm_cabinet_c
    if outside >= min(limits.outside_min_c, least_c):
        return ""
    return f"{outside:.1f} °C outside, limit {least_c:g} °C even with a warm cabinet; wait for warmer weather"


def _warm_cabinet(values: Values, limits: ConditionsConfiguration) -> str:
    outside, cabinet = values[Quantity.OUTSIDE_C], values[Quantity.CABINET_C]
    if outside >= limits.outside_min_c or cabinet >= limits.cabinet_warm_c or _warm_outside(values, limits):
        return ""
    return (
        f"{outside:.1f} °C outside, limit {limits.outside_min_c:g} °C, and the cabinet has {cabinet:.1f} °C of "
        f"{limits.cabinet_warm_c:g} °C; warm the cabinet first"
    )


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
    if days < 0:
        return f"by the journal the last visit is {-days:.1f} days ahead; set the clock"
    return f"the last visit was {days:.1f} days ago, limit {limits.days_between_visits:g} days; let the bees rest"


def _door(values: Values, limits: ConditionsConfiguration) -> str:
    return "" if values[Quantity.DOOR_CLOSED] else "the cabinet door is open; close it"


def _estop(values: Values, limits: ConditionsConfiguration) -> str:
    return (
        "" if values[Quantity.ESTOP_RELEASED] else "the e-stop is pressed; make the hive safe and release it"
    )


CONDITIONS: Mapping[Quantity, tuple[Condition, tuple[Quantity, ...]]] = {
    Quantity.OUTSIDE_C: (_warm_outside, (Quantity.OUTSIDE_C,)),
    Quantity.CABINET_C: (_warm_cabinet, (Quantity.OUTSIDE_C, Quantity.CABINET_C)),
    Quantity.WIND_M_S: (_calm, (Quantity.WIND_M_S,)),
    Quantity.RAIN_MM_H: (_dry, (Quantity.RAIN_MM_H,)),
    Quantity.BATTERY_PCT: (_charged, (Quantity.BATTERY_PCT,)),
    Quantity.LOCAL_HOUR: (_daytime, (Quantity.LOCAL_HOUR,)),
    Quantity.DAYS_SINCE_VISIT: (_rested, (Quantity.DAYS_SINCE_VISIT,)),
    Quantity.DOOR_CLOSED: (_door, (Quantity.DOOR_CLOSED,)),
    Quantity.ESTOP_RELEASED: (_estop, (Quantity.ESTOP_RELEASED,)),
}
"""Of each quantity: what it is judged by, and the readings which that takes."""


def _limit(quantity: Quantity, limits: ConditionsConfiguration) -> str:
    return {
        Quantity.OUTSIDE_C: f">= {limits.outside_min_c:g} ({limits.outside_min_with_warm_cabinet_c:g} with a warm cabinet)",
        Quantity.CABINET_C: f">= {limits.cabinet_warm_c:g} where outside is below {limits.outside_min_c:g}",
        Quantity.WIND_M_S: f"<= {limits.wind_max_m_s:g}",
        Quantity.RAIN_MM_H: "0",
        Quantity.BATTERY_PCT: f">= {limits.battery_min_pct:g}",
        Quantity.LOCAL_HOUR: f"{limits.from_hour:g} to {limits.to_hour:g}",
        Quantity.DAYS_SINCE_VISIT: f">= {limits.days_between_visits:g}",
        Quantity.DOOR_CLOSED: "1",
        Quantity.ESTOP_RELEASED: "1",
    }[quantity]


FUTURE_S = 1.0  # two processes may differ by this much about now; a stamp further ahead proves nothing

NEVER_VISITED = Reading(math.inf, math.inf)
"""Days since the last visit of a hive that has not had one: never stale."""

PLAUSIBLE: Mapping[Quantity, tuple[float, float]] = {
    Quantity.OUTSIDE_C: (-60.0, 60.0),
    Quantity.CABINET_C: (-60.0, 80.0),
    Quantity.WIND_M_S: (0.0, 90.0),
    Quantity.RAIN_MM_H: (0.0, 1000.0),
    Quantity.BATTERY_PCT: (0.0, 110.0),
}
"""What air and a battery can have. Beyond it a sensor is broken: a common one says 85 °C when its supply fails."""

Readings = Mapping[Quantity, Reading]


def judge(
    readings: Readings, limits: ConditionsConfiguration, now_s: float, more: Sequence[Finding] = ()
) -> Verdict:
    """May the hive be opened at robot time `now_s`? `more`: what has been found already (calendar, forecast)."""
    return Verdict((*_findings(tuple(Quantity), readings, limits, now_s), *more))


WEATHER = (Quantity.RAIN_MM_H, Quantity.WIND_M_S)


def weather_findings(
    readings: Readings, limits: ConditionsConfiguration, now_s: float
) -> tuple[Finding, ...]:
    """What an open hive has to fear of the weather: rain, wind, or nobody who knows (machine.md, stop category 2)."""
    return tuple(_findings(WEATHER, readings, limits, now_s))


def weather_against(readings: Readings, limits: ConditionsConfiguration, now_s: float) -> tuple[str, ...]:
    """Why an open hive should be closed now, in words."""
    found = weather_findings(readings, limits, now_s)
    return tuple(finding.against for finding in found if finding.against)


def _findings(
    quantities: Sequence[Quantity], readings: Readings, limits: ConditionsConfiguration, now_s: float
) -> list[Finding]:
    problems = {each: unusable(each, readings.get(each), limits, now_s) for each in quantities}
    values = {each: readings[each].value for each in quantities if not problems[each]}
    found = []
    for quantity in quantities:
        condition, needed = CONDITIONS[quantity]
        against = problems[quantity]
        if not against and all(each in values for each in needed):
            against = condition(values, limits)
            if against and quantity in PLAUSIBLE:  # nobody asks who says what time it is
                against += _by_whom(readings[quantity], now_s)
        reading = readings.get(quantity)
        found.append(
            Finding(
                quantity.value,
                float(reading.value) if reading is not None else None,
                reading.source if reading is not None else "",
                age_s(reading, now_s),
                _limit(quantity, limits),
                against,
                is_known=not problems[quantity],
                is_rule=quantity in RULES,
            )
        )
    return found


def age_s(reading: Reading | None, now_s: float) -> float | None:
    """How old a reading is; None where there is none, or none that ages."""
    return None if reading is None or math.isinf(reading.stamp_s) else now_s - reading.stamp_s


def _by_whom(reading: Reading, now_s: float) -> str:
    age = age_s(reading, now_s)
    if not reading.source or age is None:
        return ""
    return f" (says {reading.source}, {max(0.0, age):.0f} s ago)"


def unusable(
    quantity: Quantity, reading: Reading | None, limits: ConditionsConfiguration, now_s: float
) -> str:
    """Why a reading cannot be used, in words; empty where it can."""
    if reading is None:
        return f"nobody says {quantity.value}; look at its sensor or service"
    if quantity is Quantity.DAYS_SINCE_VISIT and reading == NEVER_VISITED:
        return ""
    what = f"{quantity.value} of {reading.source}" if reading.source else quantity.value
    age, max_age_s = now_s - reading.stamp_s, reading.max_age_s or limits.reading_max_age_s
    if not age <= max_age_s:  # also where the stamp is not a number
        return f"{what} is {age:.0f} s old, limit {max_age_s:g} s; look at its sensor or service"
    if age < -FUTURE_S:
        return f"{what} is stamped {-age:.0f} s in the future; look at the clocks of its sensor and of this robot"
    if not math.isfinite(reading.value):
        return f"{what} is not a number; look at its sensor"
    low, high = PLAUSIBLE.get(quantity, (-math.inf, math.inf))
    if not low <= reading.value <= high:
        return f"{what} is {reading.value:g}, no value between {low:g} and {high:g}; look at its sensor"
    return ""
