"""Clock, season, closed days and the sun."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

from bee_robot.configuration import (
    ConditionsConfiguration,
    ConfigurationError,
    PlaceConfiguration,
    PreparationConfiguration,
    RobotConfiguration,
    WeatherServiceConfiguration,
    load,
    parse,
)
from bee_robot.safety.calendar import ClockWatch, calendar_findings, daylight
from bee_robot.safety.conditions import Quantity
from bee_robot.safety.sensor_readings import of_calendar

FILE = Path(__file__).resolve().parents[3] / "config" / "robots" / "tower.yaml"
TARTU = PlaceConfiguration(latitude_deg=58.38, longitude_deg=26.72, zone="Europe/Tallinn")


def robot(place: PlaceConfiguration | None = None, **conditions: object) -> RobotConfiguration:
    made = load(FILE)
    return made.model_copy(
        update={
            "place": place,
            "conditions": type(made.conditions).model_validate({"utc_offset_hours": 3} | conditions),
        }
    )


def utc(*words: int) -> datetime:
    return datetime(*words, tzinfo=timezone.utc)


def against(of: RobotConfiguration, now: datetime, visit_s: float = 900.0, clock: str = "") -> list[str]:
    return [each.against for each in calendar_findings(of, now, clock, visit_s) if each.against]


class TestSun:
    @pytest.mark.parametrize(
        ("place", "day", "rises", "sets"),
        [  # almanac, to the minute
            ((51.477, 0.0), date(2025, 3, 20), utc(2025, 3, 20, 6, 3), utc(2025, 3, 20, 18, 13)),
            ((51.477, 0.0), date(2025, 6, 21), utc(2025, 6, 21, 3, 43), utc(2025, 6, 21, 20, 21)),
            ((58.38, 26.72), date(2025, 6, 21), utc(2025, 6, 21, 1, 6), utc(2025, 6, 21, 19, 24)),
            ((-33.87, 151.21), date(2025, 12, 21), utc(2025, 12, 20, 18, 41), utc(2025, 12, 21, 9, 5)),
        ],
    )
    def test_it_rises_and_sets_as_in_the_almanac(
        self, place: tuple[float, float], day: date, rises: datetime, sets: datetime
    ) -> None:
        sun = daylight(PlaceConfiguration(latitude_deg=place[0], longitude_deg=place[1]), day)
        assert abs(sun.sunrise - rises) < timedelta(minutes=6)
        assert abs(sun.sunset - sets) < timedelta(minutes=6)

    def test_in_the_far_north_it_does_not_rise_in_winter_nor_set_in_summer(self) -> None:
        north = PlaceConfiguration(latitude_deg=69.65, longitude_deg=18.96)
        winter, summer = daylight(north, date(2025, 12, 21)), daylight(north, date(2025, 6, 21))
        assert winter.sunrise == winter.sunset
        assert summer.sunset - summer.sunrise == timedelta(days=1)
        assert against(robot(north), utc(2025, 6, 21, 0, 30)) == []
        assert against(robot(north), utc(2025, 12, 21, 11)) != []

    def test_a_visit_has_to_be_over_before_it_sets(self) -> None:
        evening = robot(TARTU, to_hour=24)
        sets = daylight(TARTU, date(2025, 10, 1)).sunset
        assert against(evening, sets - timedelta(minutes=16)) == []
        (reason,) = against(evening, sets - timedelta(minutes=14))
        assert "before a visit would be over" in reason
        (reason,) = against(evening, daylight(TARTU, date(2025, 10, 1)).sunrise - timedelta(minutes=1))
        assert "rises at" in reason

    def test_the_other_side_of_the_date_line_has_its_own_day(self) -> None:
        auckland = PlaceConfiguration(latitude_deg=-36.85, longitude_deg=174.76, zone="Pacific/Auckland")
        made = load(FILE).model_copy(update={"place": auckland})
        assert against(made, utc(2025, 12, 20, 23)) == []  # noon there
        assert against(made, utc(2025, 12, 20, 11)) != []  # midnight

    def test_without_a_place_nobody_asks_for_the_sun(self) -> None:
        assert "daylight" not in [each.name for each in calendar_findings(robot(), utc(2025, 6, 21), "", 0.0)]


class TestDays:
    def test_nobody_opens_on_a_closed_day(self) -> None:
        made = robot(
            closed_days=[
                date(2026, 5, 1),
                {"first": "2026-05-10", "last": "2026-05-12", "because": "spraying"},
            ]
        )
        assert against(made, utc(2026, 4, 30, 12)) == [] == against(made, utc(2026, 5, 13, 12))
        assert against(made, utc(2026, 5, 1, 12)) == [
            "nobody opens the hive on 2026-05-01; wait until after 2026-05-01"
        ]
        assert "(spraying)" in against(made, utc(2026, 5, 11, 12))[0]

    def test_a_day_begins_at_local_midnight(self) -> None:
        made = robot(closed_days=[date(2026, 5, 1)])
        assert against(made, utc(2026, 4, 30, 21, 30)) != []  # half past midnight, three hours ahead
        assert against(made, utc(2026, 5, 1, 21, 30)) == []

    @pytest.mark.parametrize(
        ("months", "open_in"),
        [((1, 12), range(1, 13)), ((4, 9), range(4, 10)), ((9, 4), [9, 10, 11, 12, 1, 2, 3, 4])],
    )
    def test_the_season(self, months: tuple[int, int], open_in: list[int]) -> None:
        made = robot(from_month=months[0], to_month=months[1])
        allowed = [month for month in range(1, 13) if not against(made, utc(2026, month, 15, 12))]
        assert allowed == sorted(open_in)


class TestClock:
    def test_a_clock_that_was_never_set_is_a_no(self) -> None:
        assert ClockWatch(600.0).look(5.0, utc(1970, 1, 1)) == "the clock says 1970-01-01; set it"
        assert ClockWatch(600.0).look(5.0, utc(2026, 1, 1)) == ""

    @pytest.mark.parametrize("jump_s", [-3600.0, 31.0, 86400.0])
    def test_a_clock_that_was_set_is_a_no_for_a_while(self, jump_s: float) -> None:
        watch, start = ClockWatch(600.0), utc(2026, 6, 1)
        assert watch.look(0.0, start) == ""
        assert watch.look(10.0, start + timedelta(seconds=10.5)) == ""
        after = start + timedelta(seconds=20 + jump_s)
        assert f"jumped by {jump_s - 0.5:+.0f} s" in watch.look(20.0, after)
        assert "wait 5 min" in watch.look(320.0, after + timedelta(seconds=300))
        assert watch.look(621.0, after + timedelta(seconds=601)) == ""

    def test_drift_is_no_jump(self) -> None:
        watch, start = ClockWatch(600.0), utc(2026, 6, 1)
        for hour in range(100):  # 10 s an hour: a very poor clock
            assert watch.look(3600.0 * hour, start + timedelta(seconds=3610.0 * hour)) == ""


class TestLocalTime:
    def hour(self, made: RobotConfiguration, now: datetime) -> float:
        return of_calendar(made, 0.0, now, None)[Quantity.LOCAL_HOUR].value

    def test_daylight_saving_follows_the_zone(self) -> None:
        zoned = load(FILE).model_copy(update={"place": TARTU})
        assert self.hour(zoned, utc(2026, 6, 1, 9)) == 12.0
        assert self.hour(zoned, utc(2026, 1, 15, 9)) == 11.0
        assert zoned.utc_offset_hours(utc(2026, 1, 15, 9)) == 2.0

    def test_without_a_zone_the_offset_is_fixed(self) -> None:
        assert self.hour(load(FILE), utc(2026, 1, 15, 9)) == 12.0

    def test_a_visit_in_the_future_means_a_wrong_clock(self) -> None:
        days = of_calendar(load(FILE), 0.0, utc(2026, 1, 1), utc(2026, 1, 3))[Quantity.DAYS_SINCE_VISIT]
        assert days.value == -2.0


class TestRobotFile:
    def test_the_page_shows_the_defaults(self) -> None:
        page = (FILE.parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
        shown = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])
        closed = shown["conditions"].pop("closed_days")
        made = self.parse(**{**shown, "conditions": {**shown["conditions"], "closed_days": closed}})
        assert made.place is not None and made.zone().key == "Europe/Tallinn"
        assert [str(days.first) for days in made.conditions.closed_days] == ["2099-05-01", "2099-06-01"]
        for name, kind in (
            ("conditions", ConditionsConfiguration),
            ("preparation", PreparationConfiguration),
            ("weather_service", WeatherServiceConfiguration),
        ):
            assert {key: getattr(kind(), key) for key in shown[name]} == shown[name]

    def parse(self, **changes: object) -> RobotConfiguration:
        data = load(FILE).model_dump(exclude_unset=True)
        return parse(data | changes, FILE)

    def test_an_unknown_zone_is_named(self) -> None:
        with pytest.raises(ConfigurationError, match="zone 'Europe/Tartu' is no time zone"):
            self.parse(place={"latitude_deg": 58, "longitude_deg": 26, "zone": "Europe/Tartu"})

    def test_local_time_is_said_once(self) -> None:
        with pytest.raises(ConfigurationError, match="give one"):
            self.parse(place={"latitude_deg": 58, "longitude_deg": 26, "zone": "Europe/Tallinn"})

    def test_a_service_needs_a_place(self) -> None:
        with pytest.raises(ConfigurationError, match="weather_service needs place"):
            self.parse(weather_service={})

    def test_a_service_is_asked_over_http(self) -> None:
        place = {"latitude_deg": 58, "longitude_deg": 26}
        with pytest.raises(ConfigurationError, match="weather_service.url"):
            self.parse(place=place, weather_service={"url": "file:///etc/passwd"})
