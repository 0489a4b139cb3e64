"""Simulated weather and calendar: a fixed summer noon unless told otherwise, with a seeded course of the day.

All by robot time; the same seed gives the same afternoon.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from bee_robot.configuration import RobotConfiguration

SUMMER_DAY = (2025, 6, 21)
WARMEST_HOUR = 15.0  # local
GUST_PERIODS_S = (37.0, 211.0, 1300.0)
HEATER_LIFTS_C = 12.0  # what the cabinet's heater gives above outside in the long run: an assumption
CABINET_LAG_S = 900.0
RAIN_MM_H = 3.0  # where it rains: moderately


@dataclass(frozen=True)
class Outdoors:
    """Temperature (°C), wind (m/s), relative humidity of the air (%), rain."""

    outside_c: float
    wind_m_s: float
    humidity_pct: float
    is_raining: bool


@dataclass(frozen=True)
class WeatherNow(Outdoors):
    """And the temperature of the air in the cabinet (°C)."""

    cabinet_c: float


def summer_noon(utc_offset_hours: float, day: int = 0) -> datetime:
    """The instant (aware, UTC) of 12:00 local time `day` days after the fixed summer day: robot time 0 of a simulation."""
    return datetime(*SUMMER_DAY, 12, tzinfo=timezone.utc) + timedelta(days=day, hours=-utc_offset_hours)


def simulated_noon(robot: RobotConfiguration, day: int = 0) -> datetime:
    """`summer_noon` in the robot's own local time."""
    offset_hours = robot.utc_offset_hours(summer_noon(0.0, day))
    return summer_noon(offset_hours, day)


class Weather:
    """The weather of one simulation.

    `local_hour`: hour of the day at robot time 0. Knobs, in robot time: `rains_from_s`, `rains_until_s`, `storms_from_s`
    (None: never), `outside_mean_c`, `wind_mean_m_s`; and `rain_chance_pct`, what a forecast says of a dry hour.
    """

    def __init__(self, seed: int = 1, local_hour: float = 12.0) -> None:
        chance = random.Random(seed)
        self.local_hour = local_hour
        self.outside_mean_c = 19.0 + chance.uniform(-1.0, 1.0)
        self.wind_mean_m_s = 2.5 + chance.uniform(-1.0, 1.0)
        self.rains_from_s: float | None = None
        self.rains_until_s: float | None = None
        self.rain_chance_pct = 5.0
        self.heater_lifts_c = HEATER_LIFTS_C
        self.cabinet_lag_s = CABINET_LAG_S
        self.storms_from_s: float | None = None
        self._phases = [chance.uniform(0.0, 2 * math.pi) for _ in GUST_PERIODS_S]
        self._heater_c = 0.0  # how much warmer the cabinet is for its heater
        self._heater_at_s = 0.0

    def at(self, t_s: float, heater: float = 0.0) -> WeatherNow:
        """The weather at a robot time; `heater` (0..1) as it has been since the last call. Calls go forward in time."""
        now = self.outdoors_at(t_s)
        cabinet_c = now.outside_c + self._cabinet_gain_c(t_s, heater)
        return WeatherNow(now.outside_c, now.wind_m_s, now.humidity_pct, now.is_raining, cabinet_c)

    def outdoors_at(self, t_s: float) -> Outdoors:
        """Outside the cabinet, at any robot time in any order."""
        is_raining = self.rains_at(t_s)
        day = math.cos(2 * math.pi * (self.local_hour + t_s / 3600 - WARMEST_HOUR) / 24)
        outside_c = self.outside_mean_c + 5.0 * day - (3.0 if is_raining else 0.0)
        humidity_pct = 95.0 if is_raining else min(95.0, max(25.0, 65.0 - 2.5 * (outside_c - 18.0)))
        return Outdoors(outside_c, self._wind_m_s(t_s), humidity_pct, is_raining)

    def rains_at(self, t_s: float) -> bool:
        if self.rains_from_s is None or t_s < self.rains_from_s:
            return False
        return self.rains_until_s is None or t_s < self.rains_until_s

    def rain_chance_at(self, t_s: float) -> float:
        """What a forecast says of a robot time, percent; it knows about the rain that will come."""
        return 95.0 if self.rains_at(t_s) else self.rain_chance_pct

    def _wind_m_s(self, t_s: float) -> float:
        gusts = sum(
            math.sin(2 * math.pi * t_s / period + phase)
            for period, phase in zip(GUST_PERIODS_S, self._phases)
        )
        storm = 8.0 if self.storms_from_s is not None and t_s >= self.storms_from_s else 0.0
        return max(0.0, self.wind_mean_m_s + 0.4 * gusts + storm)

    def _cabinet_gain_c(self, t_s: float, heater: float) -> float:
        """First-order lag towards what the heater gives; the closed cabinet is 2 °C warmer than outside anyway."""
        passed_s = max(0.0, t_s - self._heater_at_s)
        self._heater_at_s = max(t_s, self._heater_at_s)
        self._heater_c += (heater * self.heater_lifts_c - self._heater_c) * (
            1 - math.exp(-passed_s / self.cabinet_lag_s)
        )
        return 2.0 + self._heater_c
