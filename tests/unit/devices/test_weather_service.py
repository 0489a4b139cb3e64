"""A weather service over the network, played by a server of this test; and its twin."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bee_robot.clock import SteppedClock
from bee_robot.configuration import PlaceConfiguration, WeatherServiceConfiguration
from bee_robot.devices.weather import (
    OpenMeteo,
    SimulatedClimate,
    SimulatedWeatherService,
    WeatherError,
    WeatherReport,
    read_open_meteo,
)
from bee_robot.sim.virtual_time import run_virtual
from bee_robot.sim.weather import Weather

PLACE = PlaceConfiguration(latitude_deg=58.38, longitude_deg=26.72)
NOON = datetime(2026, 6, 21, 12, tzinfo=timezone.utc)
AT = int(NOON.timestamp())


def an_answer(**current: Any) -> dict[str, Any]:
    """As the service writes it: times in seconds, sums and chances of the time before."""
    return {
        "latitude": 58.375,
        "longitude": 26.75,
        "utc_offset_seconds": 0,
        "current": {
            "time": AT,
            "interval": 900,
            "temperature_2m": 21.5,
            "relative_humidity_2m": 48,
            "precipitation": 0.1,
            "wind_speed_10m": 3.2,
        }
        | current,
        "hourly": {
            "time": [AT, AT + 3600, AT + 7200],
            "precipitation_probability": [3, 10, None],
            "precipitation": [0.0, 0.0, 1.2],
        },
        "minutely_15": {"time": [AT + 900, AT + 1800], "precipitation": [0.0, 0.4]},
    }


class Server:
    """Answers as the test wants; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda request: self.give(request, b"{}")
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                server.answer(self)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1/forecast"

    def give(self, request: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
        request.send_response(status)
        request.end_headers()
        request.wfile.write(body)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def ask(url: str, timeout_s: float = 5.0) -> WeatherReport:
    service = OpenMeteo(PLACE, WeatherServiceConfiguration(url=url, timeout_s=timeout_s))
    return asyncio.run(service.report())


class TestOpenMeteo:
    def test_it_is_asked_for_the_place_in_units_of_ours(self, server: Server) -> None:
        server.answer = lambda request: server.give(request, json.dumps(an_answer()).encode())
        ask(server.url)
        asked = parse_qs(urlsplit(server.asked[0]).query)
        assert asked["latitude"] == ["58.3800"] and asked["longitude"] == ["26.7200"]
        assert asked["wind_speed_unit"] == ["ms"] and asked["timeformat"] == ["unixtime"]

    def test_its_values_are_of_the_time_of_the_observation(self, server: Server) -> None:
        server.answer = lambda request: server.give(request, json.dumps(an_answer()).encode())
        report = ask(server.url)
        assert report.observed_utc == NOON
        assert (report.outside_c, report.humidity_pct, report.wind_m_s) == (21.5, 48.0, 3.2)
        assert report.rain_mm_h == pytest.approx(0.4)  # 0.1 mm in a quarter of an hour

    def test_sums_and_chances_belong_to_the_time_before_their_stamp(self) -> None:
        ahead = read_open_meteo(json.dumps(an_answer()).encode()).ahead
        hours = [row for row in ahead if row.to_utc - row.from_utc == timedelta(hours=1)]
        assert [(row.to_utc, row.chance_pct) for row in hours] == [
            (NOON, 3.0),
            (NOON + timedelta(hours=1), 10.0),
            (NOON + timedelta(hours=2), None),
        ]
        quarters = [row for row in ahead if row.to_utc - row.from_utc == timedelta(minutes=15)]
        assert [(row.from_utc, row.rain_mm) for row in quarters] == [
            (NOON, 0.0),
            (NOON + timedelta(minutes=15), 0.4),
        ]

    def test_what_it_does_not_say_is_not_made_up(self) -> None:
        report = read_open_meteo(json.dumps(an_answer(precipitation=None, wind_speed_10m="?")).encode())
        assert report.rain_mm_h is None and report.wind_m_s is None and report.outside_c == 21.5

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>Gateway</html>",
            b"[]",
            b'{"error": true, "reason": "Latitude must be in range"}',
            b'{"current": {"time": "yesterday"}, "hourly": {}}',
            b'{"current": {"time": 1e300}, "hourly": {"time": []}}',
            json.dumps({**an_answer(), "hourly": {"time": [AT], "precipitation": [1, 2]}}).encode(),
        ],
    )
    def test_an_answer_that_is_no_weather_is_an_error(self, body: bytes) -> None:
        with pytest.raises(WeatherError, match="no weather"):
            read_open_meteo(body)

    @pytest.mark.parametrize(
        ("status", "body", "says"),
        [(429, b"{}", "it answers 429"), (200, b"{", "no weather"), (200, b"x" * 1_100_000, "longer than")],
    )
    def test_a_bad_answer_is_named(self, server: Server, status: int, body: bytes, says: str) -> None:
        server.answer = lambda request: server.give(request, body, status)
        with pytest.raises(WeatherError, match=says):
            ask(server.url)

    def test_no_network_is_an_error_and_nothing_worse(self, server: Server) -> None:
        url = server.url
        server.close()
        with pytest.raises(WeatherError, match=r"127\.0\.0\.1: .*look at the network"):
            ask(url)

    def test_a_server_that_says_nothing_holds_up_nobody(self, server: Server) -> None:
        is_over = threading.Event()
        server.answer = lambda request: (is_over.wait(20), None)[1]

        async def meanwhile() -> int:
            service = OpenMeteo(PLACE, WeatherServiceConfiguration(url=server.url, timeout_s=1.0))
            asking = asyncio.ensure_future(service.report())
            beats = 0
            while not asking.done():
                beats += 1
                await asyncio.sleep(0.01)
            with pytest.raises(WeatherError, match="no answer|timed out"):
                asking.result()
            return beats

        try:
            assert asyncio.run(meanwhile()) > 20  # the loop went on all the while
        finally:
            is_over.set()


class TestItsTwin:
    def ask(self, weather: Weather, at_s: float) -> WeatherReport:
        clock = SteppedClock(0.0)
        clock.set_calendar(NOON + timedelta(minutes=7))
        service = SimulatedWeatherService(weather, clock)

        async def later() -> WeatherReport:
            await clock.sleep(at_s)
            return await service.report()

        return run_virtual(later(), clock, None)

    def test_it_says_how_it_was_at_the_last_quarter_of_an_hour(self) -> None:
        weather = Weather(1)
        weather.rains_from_s = 1000.0
        report = self.ask(weather, 1200.0)  # 12:27; the last quarter began at 480 s
        assert report.observed_utc == NOON + timedelta(minutes=15)
        assert report.rain_mm_h == 0.0
        assert report.wind_m_s == pytest.approx(weather.outdoors_at(480.0).wind_m_s)

    def test_it_foretells_the_rain(self) -> None:
        weather = Weather(1)
        weather.rains_from_s = 3600.0
        ahead = self.ask(weather, 10.0).ahead
        wet = [row for row in ahead if row.chance_pct is not None and row.chance_pct > 50]
        assert wet[0].from_utc <= NOON + timedelta(minutes=67) < wet[0].to_utc

    def test_a_network_that_is_down_is_an_error(self) -> None:
        clock = SteppedClock()
        service = SimulatedWeatherService(Weather(1), clock)
        service.is_down = True
        with pytest.raises(WeatherError, match="no network"):
            run_virtual(service.report(), clock, None)


def test_simulated_sensors_fall_silent_or_are_missing() -> None:
    clock = SteppedClock()
    sensors = SimulatedClimate(Weather(1), clock)
    sensors.without = frozenset({"rain_mm_h"})
    first = sensors.read(0.0)
    assert first is not None and first.rain_mm_h is None and first.outside_c is not None
    sensors.is_silent = True
    clock.advance_to(100.0)
    assert sensors.read(0.0) == first
