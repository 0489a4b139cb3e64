"""The calendar's part of the gate: is the clock to be believed, is it the season, a day on which the hive may be opened,
and daylight until the visit is over?
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from bee_robot.configuration import PlaceConfiguration, RobotConfiguration
from bee_robot.safety.conditions import Finding
from bee_robot.safety.sensor_readings import CLOCK

FIRST_YEAR = 2025
"""No visit was before this software: a clock that says so was never set."""
JUMP_S = 30.0
"""A clock that is disciplined slews; one that runs away from robot time by more than this was set."""
HORIZON_DEG = 90.833  # zenith angle of sunrise: refraction and the sun's radius


class ClockWatch:
    """Whether the calendar can be believed: it was set once, and does not jump against robot time.

    After a jump nothing is opened for `settle_s`: who sets a clock by hand may set it again, and a network's time comes
    in one jump after the start.
    """

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._before: tuple[float, datetime] | None = None
        self._jumped_at_s = -math.inf
        self._jump_s = 0.0

    def look(self, now_s: float, now_utc: datetime) -> str:
        """What speaks against the clock, or nothing. To be asked often: a jump is seen between two looks."""
        if self._before is not None:
            before_s, before_utc = self._before
            jump_s = (now_utc - before_utc).total_seconds() - (now_s - before_s)
            if abs(jump_s) > JUMP_S:
                self._jumped_at_s, self._jump_s = now_s, jump_s
        self._before = (now_s, now_utc)
        if now_utc.year < FIRST_YEAR:
            return f"the clock says {now_utc:%Y-%m-%d}; set it"
        left_s = self._settle_s - (now_s - self._jumped_at_s)
        if left_s > 0:
            return (
                f"the clock jumped by {self._jump_s:+.0f} s; wait {left_s / 60:.0f} min, or see who sets it"
            )
        return ""


@dataclass(frozen=True)
class Daylight:
    """Sunrise and sunset (aware, UTC). Equal: the sun does not rise. A day apart: it does not set."""

    sunrise: datetime
    sunset: datetime


def daylight(place: PlaceConfiguration, day: date) -> Daylight:
    """Of a calendar day at a place, to a few minutes: NOAA, "General Solar Position Calculations" (Global Monitoring
    Laboratory), which gives the fractional year, the equation of time, the declination and the hour angle of sunrise."""
    start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    days = 366 if day.year % 4 == 0 and (day.year % 100 or day.year % 400 == 0) else 365
    year = 2 * math.pi / days * (day.timetuple().tm_yday - 1)
    equation_min = 229.18 * (
        0.000075
        + 0.001868 * math.cos(year)
        - 0.032077 * math.sin(year)
        - 0.014615 * math.cos(2 * year)
        - 0.040849 * math.sin(2 * year)
    )
    declination = (
        0.006918
        - 0.399912 * math.cos(year)
        + 0.070257 * math.sin(year)
        - 0.006758 * math.cos(2 * year)
        + 0.000907 * math.sin(2 * year)
        - 0.002697 * math.cos(3 * year)
        + 0.00148 * math.sin(3 * year)
    )
    latitude = math.radians(place.latitude_deg)
    cosine = math.cos(math.radians(HORIZON_DEG)) - math.sin(latitude) * math.sin(declination)
    scale = max(1e-9, math.cos(latitude) * math.cos(declination))
    half_day_deg = math.degrees(math.acos(min(1.0, max(-1.0, cosine / scale))))
    noon = start + timedelta(minutes=720 - 4 * place.longitude_deg - equation_min)
    half_day = timedelta(minutes=4 * half_day_deg)
    return Daylight(noon - half_day, noon + half_day)


def calendar_findings(
    robot: RobotConfiguration, now_utc: datetime, clock_against: str, visit_s: float
) -> Iterator[Finding]:
    """Clock, season, closed days and, where the place is known, daylight for a visit of `visit_s`."""
    local = now_utc.astimezone(robot.zone())
    yield Finding(
        "clock", f"{local:%Y-%m-%d %H:%M}", CLOCK, None, f"{FIRST_YEAR} or later, steady", clock_against
    )
    yield _season(robot, local)
    yield _open_day(robot, local.date())
    if robot.place is not None:
        yield _sun(robot, robot.place, now_utc, visit_s)


def _season(robot: RobotConfiguration, local: datetime) -> Finding:
    first, last = robot.conditions.from_month, robot.conditions.to_month
    is_in = first <= local.month <= last if first <= last else local.month >= first or local.month <= last
    against = "" if is_in else f"month {local.month} is out of season, hives are opened in {first} to {last}"
    return Finding("month", float(local.month), CLOCK, None, f"{first} to {last}", against)


def _open_day(robot: RobotConfiguration, today: date) -> Finding:
    against, closed = "", robot.conditions.closed_days
    for days in closed:
        if days.first <= today <= days.last:
            because = f" ({days.because})" if days.because else ""
            against = f"nobody opens the hive on {today}{because}; wait until after {days.last}"
    return Finding("day", f"{today}", CLOCK, None, f"not on {len(closed)} closed day(s)", against)


def _sun(robot: RobotConfiguration, place: PlaceConfiguration, now_utc: datetime, visit_s: float) -> Finding:
    zone = robot.zone()
    # By the sun's own day at the place, which need not be that of the zone.
    sun = daylight(place, (now_utc + timedelta(hours=place.longitude_deg / 15)).date())
    rises, sets = (f"{each.astimezone(zone):%H:%M}" for each in (sun.sunrise, sun.sunset))
    end_utc = now_utc + timedelta(seconds=visit_s)
    limit = f"sunrise {rises} to sunset {sets}, a visit of {visit_s / 60:.0f} min before it"
    against = ""
    if sun.sunset - sun.sunrise >= timedelta(hours=23, minutes=59):
        limit = "the sun does not set"
    elif not sun.sunrise <= now_utc:
        against = f"the sun rises at {rises}; wait"
    elif end_utc > sun.sunset:
        against = f"the sun sets at {sets}, before a visit would be over; wait for the next day"
    return Finding("daylight", f"{now_utc.astimezone(zone):%H:%M}", CLOCK, None, limit, against)
