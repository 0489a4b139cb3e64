"""Asks a weather service every few minutes and keeps its last answer, with the time of what it observed.

Nothing here waits for the network but the coroutine `run`; whoever judges reads what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bee_robot.clock import Clock
from bee_robot.configuration import ConditionsConfiguration, WeatherServiceConfiguration
from bee_robot.devices.weather import RainAhead, WeatherError, WeatherReport, WeatherService
from bee_robot.safety.conditions import FUTURE_S, Finding, Quantity, Reading

RETRY_S = 60.0
RAIN_AHEAD = "rain_ahead_pct"
FALLS_PCT = 100.0
LEAST_RAIN_MM = 0.05  # of a row of a forecast: less is drizzle that no hive notices


@dataclass(frozen=True)
class _Answer:
    """A report, and at which robot time its observation was. The calendar may be set later; robot time goes on."""

    report: WeatherReport
    observed_s: float
    asked_utc: datetime
    asked_s: float


class WeatherWatch:
    """The last answer of a service. `trouble`: why the last question was not answered; empty where it was."""

    def __init__(self, service: WeatherService, settings: WeatherServiceConfiguration, clock: Clock) -> None:
        self.name = service.name
        self.trouble = "it has not answered yet"
        self._service = service
        self._settings = settings
        self._clock = clock
        self._answer: _Answer | None = None

    async def run(self) -> None:
        """Ask for ever; to be cancelled."""
        while True:
            is_answered = await self.ask()
            wait_s = self._settings.poll_s if is_answered else min(RETRY_S, self._settings.poll_s)
            await self._clock.sleep(wait_s)

    async def ask(self) -> bool:
        """Ask once; whether there was an answer. What was known before stays known, and grows old."""
        try:
            report = await self._service.report()
        except WeatherError as error:
            self.trouble = str(error)
            return False
        except Exception as error:  # noqa: BLE001 - a fault in an answer must not end the asking, and with it the visits
            self.trouble = f"{self.name}: {type(error).__name__}: {error}"
            return False
        now_s, now_utc = self._clock.now_s(), self._clock.utc()
        observed_s = now_s - (now_utc - report.observed_utc).total_seconds()
        self._answer, self.trouble = _Answer(report, observed_s, now_utc, now_s), ""
        return True

    def readings(self) -> Mapping[Quantity, Reading]:
        """What it says of now."""
        if self._answer is None:
            return {}
        report = self._answer.report
        values = {
            Quantity.OUTSIDE_C: report.outside_c,
            Quantity.WIND_M_S: report.wind_m_s,
            Quantity.RAIN_MM_H: report.rain_mm_h,
        }
        return {
            quantity: Reading(value, self._answer.observed_s, self.name, self._settings.max_age_s)
            for quantity, value in values.items()
            if value is not None
        }

    def rain_ahead(self, limits: ConditionsConfiguration, now_s: float, visit_s: float) -> Finding:
        """Whether it will rain until a visit of `visit_s` and the margin after it are over."""
        limit, answer = f"<= {limits.rain_chance_max_pct:g}", self._answer
        window_s = visit_s + limits.rain_margin_s
        until = f"within {window_s / 60:.0f} min"
        if answer is None:
            against = f"nobody foretells the rain {until} ({self.trouble})"
            return Finding(RAIN_AHEAD, None, self.name, None, limit, against, is_known=False)
        age_s = now_s - answer.observed_s
        chance_pct = _chance(answer.report.ahead, self._utc_at(answer, now_s), window_s)
        against = ""
        if not -FUTURE_S <= age_s <= self._settings.max_age_s:
            trouble = f"; {self.trouble}" if self.trouble else ""
            against = f"the forecast of {self.name} is {age_s:.0f} s old, limit {self._settings.max_age_s:g} s{trouble}"
        elif chance_pct is None:
            against = f"the forecast of {self.name} says nothing of the rain {until}"
        is_known = not against
        if chance_pct is not None and is_known and chance_pct > limits.rain_chance_max_pct:
            against = (
                f"rain is {chance_pct:.0f} % likely {until}, limit {limits.rain_chance_max_pct:g} %; wait "
                f"(says {self.name}, {age_s:.0f} s ago)"
            )
        return Finding(RAIN_AHEAD, chance_pct, self.name, age_s, limit, against, is_known=is_known)

    @staticmethod
    def _utc_at(answer: _Answer, now_s: float) -> datetime:
        return answer.asked_utc + timedelta(seconds=now_s - answer.asked_s)


def _chance(ahead: tuple[RainAhead, ...], from_utc: datetime, window_s: float) -> float | None:
    """The highest chance of rain in a window, percent; rain that the forecast counts on is certain. None where a part of
    the window has no chance."""
    to_utc = from_utc + timedelta(seconds=window_s)
    within = [row for row in ahead if row.from_utc < to_utc and row.to_utc > from_utc]
    chances = [row for row in within if row.chance_pct is not None]
    if not _covers(chances, from_utc, to_utc):
        return None
    return max(_chances(within))


def _chances(rows: list[RainAhead]) -> Iterator[float]:
    for row in rows:
        if row.chance_pct is not None:
            yield row.chance_pct
        # An hour's sum says little of the minutes of a visit; its chance is known. A quarter's sum is what will fall.
        elif row.rain_mm is not None:
            yield FALLS_PCT if row.rain_mm >= LEAST_RAIN_MM else 0.0


def _covers(rows: list[RainAhead], from_utc: datetime, to_utc: datetime) -> bool:
    for row in sorted(rows, key=lambda row: row.from_utc):
        if row.from_utc > from_utc:
            return False
        from_utc = max(from_utc, row.to_utc)
        if from_utc >= to_utc:
            return True
    return False
