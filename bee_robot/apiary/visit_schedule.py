"""When which boxes are to be visited: rules, what came of them, and what is due. Pure: no clock, no file.

A rule says a time of day and either a rhythm ("every 9 days") or a date. A rhythm counts from the last visit that took
place, so visits that were missed are not made up for: one is due, and the next one counts from it. What conditions forbid is
tried again until the hour after which hives stay closed, and then on the following days. A schedule overrides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum

RETRY_S = 900.0
BUSY_RETRY_S = 60.0
LATE_DAYS = 2
"""A visit of a certain date is tried on so many days after it: then its reason is gone, or somebody came."""
TOGETHER_S = 300.0
"""Rules that come due within this time make one visit: a hive is opened once."""


class ScheduleError(Exception):
    """A rule that cannot be. One line: what, why, what to do."""


@dataclass(frozen=True)
class Rule:
    """`boxes` empty: all of the hive. Either `every_days` with its `first_day`, or `on`. Days and time are local."""

    id: int
    boxes: tuple[int, ...]
    at: time
    every_days: int = 0
    first_day: date | None = None
    on: date | None = None

    @property
    def what(self) -> str:
        """In words."""
        boxes = f"box {', '.join(map(str, self.boxes))}" if self.boxes else "all boxes"
        if self.on is not None:
            return f"{boxes} on {self.on} at {self.at:%H:%M}"
        return f"{boxes} every {self.every_days} days at {self.at:%H:%M}"


class End(str, Enum):
    """What came of an attempt."""

    BEGUN = "begun"  # asked for; what came of it follows, unless the scheduler ended meanwhile
    VISITED = "visited"  # opened and closed again
    HELD = "held"  # a person has to look: it counts as a visit, and nothing is opened before recovery anyway
    REFUSED = "refused"  # conditions, or a rule of the machine: nothing was opened
    BUSY = "busy"  # the robot did something else, or was not there

    @property
    def is_visit(self) -> bool:
        return self in (End.VISITED, End.HELD)


@dataclass(frozen=True)
class Attempt:
    """One attempt at a rule: at which instant (aware, UTC), for which local day, and what came of it."""

    rule: int
    at_utc: datetime
    day: date
    end: End
    text: str = ""


@dataclass(frozen=True)
class Due:
    """When a rule's next visit is: from `at` (aware, UTC) until `until`. `why`: of a visit that is late or tried again."""

    rule: Rule
    at: datetime
    until: datetime
    why: str = ""


@dataclass(frozen=True)
class Day:
    """What the calendar of a robot says: its zone and the hours of the gate."""

    zone: tzinfo
    from_hour: float
    to_hour: float

    def start_of(self, rule: Rule, day: date) -> datetime:
        """When a rule's visit of a local day begins. A time that a change of the clocks leaves out is that of before."""
        return datetime.combine(day, rule.at, tzinfo=self.zone).astimezone(timezone.utc)

    def end_of(self, day: date) -> datetime:
        """The last instant of a local day at which a hive may be opened."""
        midnight = datetime.combine(day, time(), tzinfo=self.zone)
        if self.to_hour >= 24:
            following = datetime.combine(day + timedelta(days=1), time(), tzinfo=self.zone)
            return following.astimezone(timezone.utc)
        minutes = round(self.to_hour * 60)
        return midnight.replace(hour=minutes // 60, minute=minutes % 60).astimezone(timezone.utc)

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()


def check(rule: Rule, day: Day, boxes: int, days_between_visits: float) -> None:
    """Raises ScheduleError for a rule that could never lead to a visit of a hive with so many boxes."""
    unknown = [box for box in rule.boxes if not 1 <= box <= boxes]
    if unknown:
        raise ScheduleError(f"box {unknown[0]} is unknown: the hive has boxes 1 to {boxes}; give one of them")
    hour = rule.at.hour + rule.at.minute / 60
    if not day.from_hour <= hour < day.to_hour:
        raise ScheduleError(
            f"{rule.at:%H:%M}: hives are opened from {day.from_hour:g} to {day.to_hour:g} o'clock; give a time between them"
        )
    if (rule.on is None) == (rule.first_day is None):
        raise ScheduleError("a visit is every so many days, or on one date; give one of both")
    if rule.on is None and rule.every_days < max(1.0, days_between_visits):
        raise ScheduleError(
            f"every {rule.every_days} days: bees rest for {days_between_visits:g} days between visits "
            "(conditions.days_between_visits); give more days"
        )


def next_due(rule: Rule, attempts: Iterable[Attempt], now: datetime, day: Day) -> Due | None:
    """The next visit of a rule, or the one that is due now (`at` <= now); None where there will be none any more."""
    own = sorted((each for each in attempts if each.rule == rule.id), key=lambda each: each.at_utc)
    visits = [each for each in own if each.end.is_visit]
    first_day = _first_day(rule, visits)
    if first_day is None:
        return None
    today = day.local_day(now)
    found = max(first_day, today)
    if found == today and now > day.end_of(found):
        found += timedelta(days=1)
    if rule.on is not None and found > rule.on + timedelta(days=LATE_DAYS):
        return None
    at, why = day.start_of(rule, found), ""
    tries = [each for each in own if each.day == found and not each.end.is_visit]
    if tries:
        pause_s = BUSY_RETRY_S if tries[-1].end in (End.BUSY, End.BEGUN) else RETRY_S
        # An attempt of a time that has not come: the clock was set back. It says nothing of now.
        if tries[-1].at_utc <= now:
            at = max(at, tries[-1].at_utc + timedelta(seconds=pause_s))
        why = f"{tries[-1].end.value}: {tries[-1].text}"
    if at > day.end_of(found):
        found += timedelta(days=1)
        if rule.on is not None and found > rule.on + timedelta(days=LATE_DAYS):
            return None
        at = day.start_of(rule, found)
    if not why and found > first_day:
        late = [each for each in own if each.day >= first_day]
        why = f"{late[-1].end.value}: {late[-1].text}" if late else f"it was not tried on {first_day}"
    return Due(rule, at, day.end_of(found), why)


def _first_day(rule: Rule, visits: Sequence[Attempt]) -> date | None:
    """The first local day on which a rule's next visit may be; None where it has had its only one."""
    if rule.on is not None:
        return None if visits else rule.on
    assert rule.first_day is not None
    if not visits:
        return rule.first_day
    return max(rule.first_day, visits[-1].day + timedelta(days=rule.every_days))


def due_now(rules: Iterable[Rule], attempts: Sequence[Attempt], now: datetime, day: Day) -> list[Due]:
    """What is to be visited now, as one visit: all that is due, and what comes due within minutes where something is."""
    nexts = [due for rule in rules if (due := next_due(rule, attempts, now, day)) is not None]
    if not any(due.at <= now for due in nexts):
        return []
    soon = now + timedelta(seconds=TOGETHER_S)
    return sorted((due for due in nexts if due.at <= soon), key=lambda due: due.rule.id)


def unfinished(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Attempts of which nobody has said yet what came of them, one for each rule. `attempts`: oldest first."""
    newest = {each.rule: each for each in attempts}
    return [each for each in newest.values() if each.end is End.BEGUN]


def boxes_of(dues: Iterable[Due], boxes: int) -> tuple[int, ...]:
    """The boxes of several rules together, from the top down."""
    wanted: set[int] = set()
    for due in dues:
        wanted |= set(due.rule.boxes or range(1, boxes + 1))
    return tuple(sorted((box for box in wanted if box <= boxes), reverse=True))
