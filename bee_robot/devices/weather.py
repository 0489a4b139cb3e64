"""The weather at a hive: what the machine's own sensors say, and what a weather service says and foretells.

Both come with the time of what they observed, never that of their arrival; what is missing or stale counts as no
(safety/conditions.py). The board has no channel for the weather: whoever has sensors publishes `climate`. A service is
asked over the network: `OpenMeteo`; its twin is `SimulatedWeatherService`, which looks at the simulated weather.
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from bee_robot.clock import Clock, wall_s
from bee_robot.configuration import PlaceConfiguration, WeatherServiceConfiguration
from bee_robot.sim.weather import RAIN_MM_H, Weather


@dataclass(frozen=True)
class ClimateReading:
    """What sensors on the machine say. Degrees Celsius, m/s, percent; None where there is no sensor. `stamp_s` in robot
    time."""

    stamp_s: float
    outside_c: float | None = None
    cabinet_c: float | None = None
    wind_m_s: float | None = None
    humidity_pct: float | None = None
    battery_pct: float | None = None
    rain_mm_h: float | None = None


@dataclass(frozen=True)
class RainAhead:
    """Of a stretch of time: how likely rain is (percent), and how much falls (mm); None where the service does not say."""

    from_utc: datetime
    to_utc: datetime
    chance_pct: float | None = None
    rain_mm: float | None = None


@dataclass(frozen=True)
class WeatherReport:
    """One answer of a service. `observed_utc`: of which instant its values are. °C, m/s (mean wind 10 m above the ground), %,
    mm/h; None where it does not say. `ahead`: in no order, and they may overlap."""

    observed_utc: datetime
    outside_c: float | None
    humidity_pct: float | None
    wind_m_s: float | None
    rain_mm_h: float | None
    ahead: tuple[RainAhead, ...]


class WeatherError(Exception):
    """A service did not answer, or not with weather. One line: which, what, what to do."""


class WeatherService(Protocol):
    """Somebody who knows the weather at the hive."""

    @property
    def name(self) -> str:
        """As people call it."""
        ...

    async def report(self) -> WeatherReport:
        """How the weather is and will be; may be asked again after minutes, and answers in bounded time. WeatherError."""
        ...


# hardware -----------------------------------------------------------------------------------------------------------------

MOST_BYTES = 1_000_000
CHUNK_BYTES = 16_384
CURRENT = ("temperature_2m", "relative_humidity_2m", "precipitation", "wind_speed_10m")
QUARTER_S, HOUR_S = 900, 3600


class OpenMeteo:
    """The forecast API of Open-Meteo (https://open-meteo.com/en/docs): no key; free for uses that are not commercial, data
    under CC BY 4.0.

    Its "current" values come from weather models with steps of 15 minutes, not from a station at the hive: a rain sensor on
    the machine sees a shower that no model knows. Sums of rain and chances belong to the time *before* their stamp.
    """

    def __init__(self, place: PlaceConfiguration, service: WeatherServiceConfiguration) -> None:
        query = {
            "latitude": f"{place.latitude_deg:.4f}",
            "longitude": f"{place.longitude_deg:.4f}",
            "current": ",".join(CURRENT),
            "minutely_15": "precipitation",
            "hourly": "precipitation_probability,precipitation",
            "wind_speed_unit": "ms",
            "timeformat": "unixtime",
            "timezone": "GMT",
            "forecast_days": "2",
        }
        self.url = f"{service.url}?{urllib.parse.urlencode(query, safe=',')}"
        self.name = urllib.parse.urlsplit(service.url).hostname or "weather service"
        self._timeout_s = service.timeout_s

    async def report(self) -> WeatherReport:
        """See WeatherService. The loop never waits for the network: a thread of its own does."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()

        def settle(body: bytes, error: Exception | None) -> None:
            if answer.done():  # nobody waits any more
                return
            if error is None:
                answer.set_result(body)
            else:
                answer.set_exception(error)

        def work() -> None:
            body, error = b"", None
            try:
                body = self._fetch()
            except Exception as caught:  # noqa: BLE001 - whatever the network does is told to whoever asked
                error = caught
            try:
                loop.call_soon_threadsafe(settle, body, error)
            except RuntimeError:
                return  # the loop has ended meanwhile

        # A daemon: a name that cannot be looked up may take the system minutes, and nobody waits for it at the end.
        threading.Thread(target=work, name="weather", daemon=True).start()
        try:
            return read_open_meteo(await asyncio.wait_for(answer, self._timeout_s))
        except asyncio.TimeoutError:
            why = f"no answer within {self._timeout_s:g} s"
        except urllib.error.HTTPError as error:
            why = f"it answers {error.code} {error.reason}"
        except urllib.error.URLError as error:
            why = str(error.reason)
        except WeatherError as error:
            why = str(error)
        except (OSError, ValueError) as error:
            why = f"{type(error).__name__}: {error}"
        raise WeatherError(
            f"{self.name}: {why}; look at the network, or at weather_service in the robot file"
        )

    def _fetch(self) -> bytes:
        end_s = wall_s() + self._timeout_s
        request = urllib.request.Request(self.url, headers={"User-Agent": "bee_robot"})
        with urllib.request.urlopen(request, timeout=self._timeout_s) as response:
            chunks: list[bytes] = []
            while chunk := response.read1(CHUNK_BYTES):
                chunks.append(chunk)
                if sum(map(len, chunks)) > MOST_BYTES:
                    raise WeatherError(f"the answer is longer than {MOST_BYTES} bytes")
                if wall_s() > end_s:
                    raise WeatherError(f"the answer takes longer than {self._timeout_s:g} s")
            return b"".join(chunks)


def read_open_meteo(body: bytes) -> WeatherReport:
    """An answer of Open-Meteo -> report. What is null or no finite number is None. WeatherError where it is no answer."""
    try:
        answer = json.loads(body)
        current = answer["current"]
        observed_utc = _utc(current["time"])
        interval_s = float(current.get("interval") or QUARTER_S)
        rain_mm = _number(current, "precipitation")
        return WeatherReport(
            observed_utc=observed_utc,
            outside_c=_number(current, "temperature_2m"),
            humidity_pct=_number(current, "relative_humidity_2m"),
            wind_m_s=_number(current, "wind_speed_10m"),
            rain_mm_h=None if rain_mm is None else rain_mm * HOUR_S / interval_s,
            ahead=(
                *_ahead(answer["hourly"], HOUR_S, "precipitation_probability", "precipitation"),
                *_ahead(answer.get("minutely_15") or {}, QUARTER_S, "", "precipitation"),
            ),
        )
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
        OSError,
        ZeroDivisionError,
    ) as error:
        raise WeatherError(f"its answer is no weather ({type(error).__name__}: {error})") from None


def _ahead(table: Mapping[str, Any], step_s: int, chance: str, rain: str) -> list[RainAhead]:
    """The rows of a table in which each value belongs to the time before its stamp."""
    stamps = table.get("time") or ()
    chances, rains = (_column(table, name, len(stamps)) for name in (chance, rain))
    return [
        RainAhead(_utc(stamp) - timedelta(seconds=step_s), _utc(stamp), chance_pct, rain_mm)
        for stamp, chance_pct, rain_mm in zip(stamps, chances, rains)
    ]


def _column(table: Mapping[str, Any], name: str, rows: int) -> Sequence[float | None]:
    values = table.get(name) or [None] * rows
    if len(values) != rows:
        raise ValueError(f"{name} has {len(values)} values for {rows} times")
    return [_finite(value) for value in values]


def _number(table: Mapping[str, Any], name: str) -> float | None:
    return _finite(table.get(name))


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def _utc(stamp: Any) -> datetime:
    return datetime.fromtimestamp(float(stamp), timezone.utc)


# the twin -----------------------------------------------------------------------------------------------------------------


class SimulatedClimate:
    """Sensors on the simulated machine: they see the simulated weather. Knobs: `is_silent` (nothing new comes any more),
    `without` (fields of ClimateReading that have no sensor), `battery_pct`."""

    def __init__(self, weather: Weather, clock: Clock) -> None:
        self.is_silent = False
        self.without: frozenset[str] = frozenset()
        self.battery_pct = 90.0
        self._weather = weather
        self._clock = clock
        self._last: ClimateReading | None = None

    def read(self, heater: float) -> ClimateReading | None:
        """The newest reading; `heater` (0..1) as it is now. None: never one."""
        if not self.is_silent:
            now_s = self._clock.now_s()
            weather = self._weather.at(now_s, heater)
            values = {
                "outside_c": weather.outside_c,
                "cabinet_c": weather.cabinet_c,
                "wind_m_s": weather.wind_m_s,
                "humidity_pct": weather.humidity_pct,
                "battery_pct": self.battery_pct,
                "rain_mm_h": RAIN_MM_H if weather.is_raining else 0.0,
            }
            self._last = ClimateReading(now_s, **{k: v for k, v in values.items() if k not in self.without})
        return self._last


class SimulatedWeatherService:
    """What a service says of the simulated weather: values of the last quarter of an hour, and the next two days.

    Knobs: `is_down` (no network), `answers_after_s`, `rain_mm` of a rainy quarter.
    """

    name = "simulated weather service"

    def __init__(self, weather: Weather, clock: Clock) -> None:
        self.is_down = False
        self.answers_after_s = 0.3
        self.rain_mm = 0.5
        self._weather = weather
        self._clock = clock

    async def report(self) -> WeatherReport:
        await self._clock.sleep(self.answers_after_s)
        if self.is_down:
            raise WeatherError(f"{self.name}: no network; turn is_down off")
        now_s, now_utc = self._clock.now_s(), self._clock.utc()
        since_s = now_utc.timestamp() % QUARTER_S
        observed_s = max(0.0, now_s - since_s)
        seen = self._weather.outdoors_at(observed_s)
        return WeatherReport(
            observed_utc=now_utc - timedelta(seconds=now_s - observed_s),
            outside_c=seen.outside_c,
            humidity_pct=seen.humidity_pct,
            wind_m_s=seen.wind_m_s,
            rain_mm_h=self.rain_mm * HOUR_S / QUARTER_S if seen.is_raining else 0.0,
            ahead=tuple(self._quarter(now_s - since_s, now_utc, now_s, step) for step in range(2 * 24 * 4)),
        )

    def _quarter(self, first_s: float, now_utc: datetime, now_s: float, step: int) -> RainAhead:
        from_s = first_s + step * QUARTER_S
        from_utc = now_utc + timedelta(seconds=from_s - now_s)
        # what rains anywhere within the quarter counts
        chance_pct = max(
            self._weather.rain_chance_at(from_s + share * QUARTER_S) for share in (0.0, 0.5, 0.999)
        )
        rain_mm = self.rain_mm if chance_pct > 50 else 0.0
        return RainAhead(from_utc, from_utc + timedelta(seconds=QUARTER_S), chance_pct, rain_mm)
