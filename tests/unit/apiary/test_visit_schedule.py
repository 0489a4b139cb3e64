"""What is due, and when: rhythms, dates, bad weather, power cuts and clocks that change."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bee_robot.apiary.schedule_store import KEPT_ATTEMPTS, ScheduleStore, ScheduleStoreError
from bee_robot.apiary.visit_schedule import (
    Attempt,
    Day,
    Due,
    End,
    Rule,
    ScheduleError,
    boxes_of,
    check,
    due_now,
    next_due,
)

TALLINN = ZoneInfo("Europe/Tallinn")
DAY = Day(TALLINN, 10.0, 16.0)
EVERY_9 = Rule(1, (1,), time(11), every_days=9, first_day=date(2026, 5, 2))
MAY_DAY = Rule(2, (), time(12), on=date(2026, 5, 1))


def local(day: int, hour: int = 0, minute: int = 0, month: int = 5) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=TALLINN)


def tried(rule: Rule, at: datetime, end: End, text: str = "") -> Attempt:
    return Attempt(rule.id, at.astimezone(timezone.utc), at.date(), end, text)


def due(rule: Rule, now: datetime, *attempts: Attempt) -> Due:
    found = next_due(rule, attempts, now, DAY)
    assert found is not None
    return found


class TestRhythm:
    def test_the_first_visit_is_on_its_first_day(self) -> None:
        found = due(EVERY_9, local(1, 9))
        assert found.at == local(2, 11) and found.until == local(2, 16) and found.why == ""

    def test_the_next_one_counts_from_the_visit(self) -> None:
        assert due(EVERY_9, local(2, 13), tried(EVERY_9, local(2, 11), End.VISITED)).at == local(11, 11)
        late = tried(EVERY_9, local(4, 14, 30), End.VISITED)
        assert due(EVERY_9, local(5), late).at == local(13, 11)

    def test_a_held_visit_is_not_tried_again_by_itself(self) -> None:
        assert due(EVERY_9, local(2, 13), tried(EVERY_9, local(2, 11), End.HELD)).at == local(11, 11)

    def test_visits_that_were_missed_are_not_doubled(self) -> None:
        """The power was off for three weeks."""
        back = local(30, 13)
        found = due(EVERY_9, back, tried(EVERY_9, local(2, 11), End.VISITED))
        assert found.at == local(30, 11) and "not tried on 2026-05-11" in found.why
        visited = tried(EVERY_9, back, End.VISITED)
        assert due(EVERY_9, back, visited).at == local(8, 11, month=6)

    def test_power_that_comes_back_in_the_evening_waits_for_the_morning(self) -> None:
        assert due(EVERY_9, local(2, 16, 1)).at == local(3, 11)

    def test_it_keeps_its_hour_when_clocks_change(self) -> None:
        weekly = Rule(1, (1,), time(11), every_days=7, first_day=date(2026, 3, 22))
        before = tried(weekly, local(22, 11, month=3), End.VISITED)
        assert due(weekly, local(23, month=3), before).at == datetime(2026, 3, 29, 8, tzinfo=timezone.utc)
        autumn = Rule(1, (1,), time(11), every_days=7, first_day=date(2026, 10, 25))
        assert due(autumn, local(24, month=10)).at == datetime(2026, 10, 25, 9, tzinfo=timezone.utc)

    @pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
    def test_a_night_in_which_clocks_change_has_its_visit_once(self, day: date) -> None:
        night = Day(TALLINN, 0.0, 24.0)
        rule = Rule(1, (1,), time(3, 30), every_days=7, first_day=day)
        visits: list[Attempt] = []
        now = datetime(day.year, day.month, day.day, tzinfo=TALLINN).astimezone(timezone.utc)
        for _ in range(26 * 6):
            if due_now([rule], visits, now, night):
                visits.append(Attempt(1, now, night.local_day(now), End.VISITED))
            now += timedelta(minutes=10)
        assert len(visits) == 1


class TestBadWeather:
    RAIN = tried(EVERY_9, local(2, 11), End.REFUSED, "it rains (3.0 mm/h); wait")

    def test_it_is_tried_again_within_its_window(self) -> None:
        found = due(EVERY_9, local(2, 11, 1), self.RAIN)
        assert found.at == local(2, 11, 15) and found.why == "refused: it rains (3.0 mm/h); wait"

    def test_then_on_the_next_day_and_says_why(self) -> None:
        last = tried(EVERY_9, local(2, 15, 50), End.REFUSED, "it rains")
        found = due(EVERY_9, local(2, 15, 51), self.RAIN, last)
        assert found.at == local(3, 11) and found.why == "refused: it rains"
        assert due(EVERY_9, local(3, 9), self.RAIN, last).why == "refused: it rains"

    def test_a_robot_that_is_busy_is_asked_sooner(self) -> None:
        busy = tried(EVERY_9, local(2, 11), End.BUSY, "another visit runs")
        assert due(EVERY_9, local(2, 11), busy).at == local(2, 11, 1)

    def test_a_week_of_rain_makes_one_visit(self) -> None:
        attempts: list[Attempt] = []
        now, dry_from = local(1, 0).astimezone(timezone.utc), local(8, 13)
        while now < local(20):
            if due_now([EVERY_9], attempts, now, DAY):
                attempts.append(
                    tried(EVERY_9, now.astimezone(TALLINN), End.VISITED if now >= dry_from else End.REFUSED)
                )
            now += timedelta(minutes=5)
        visits = [each for each in attempts if each.end is End.VISITED]
        assert [each.at_utc for each in visits] == [local(8, 13), local(17, 11)]
        assert all(10 <= each.at_utc.astimezone(TALLINN).hour <= 16 for each in attempts)
        assert len(attempts) < 7 * 21 + 10  # every quarter of an hour at most


class TestDate:
    def test_it_is_tried_on_its_day_and_two_more(self) -> None:
        assert due(MAY_DAY, local(1, 9)).at == local(1, 12)
        rain = tried(MAY_DAY, local(1, 15, 55), End.REFUSED, "it rains")
        assert due(MAY_DAY, local(1, 15, 56), rain).at == local(2, 12)
        assert due(MAY_DAY, local(3, 9), rain).at == local(3, 12)
        assert next_due(MAY_DAY, [rain], local(3, 16, 1), DAY) is None
        assert next_due(MAY_DAY, [], local(9, 12), DAY) is None

    def test_it_happens_once(self) -> None:
        assert next_due(MAY_DAY, [tried(MAY_DAY, local(1, 12), End.VISITED)], local(1, 12, 30), DAY) is None


class TestClocks:
    def test_a_clock_that_jumps_back_does_not_double_a_visit(self) -> None:
        visited = tried(EVERY_9, local(2, 11, 30), End.VISITED)
        for now in (local(2, 11), local(1, 11), local(2, 11, 29)):
            assert due_now([EVERY_9], [visited], now, DAY) == []

    def test_an_attempt_of_the_future_does_not_keep_a_rule_waiting(self) -> None:
        """The clock was ahead when the rain came; it has been set since."""
        rain = tried(EVERY_9, local(2, 15), End.REFUSED, "it rains")
        assert due(EVERY_9, local(2, 11, 30), rain).at <= local(2, 11, 30)


class TestSeveralRules:
    def test_what_is_due_together_is_one_visit(self) -> None:
        box_2 = Rule(3, (2,), time(11, 4), every_days=9, first_day=date(2026, 5, 2))
        box_3 = Rule(4, (3,), time(15), every_days=9, first_day=date(2026, 5, 2))
        found = due_now([box_3, box_2, EVERY_9], [], local(2, 11), DAY)
        assert [each.rule.id for each in found] == [1, 3] and boxes_of(found, 3) == (2, 1)

    def test_all_boxes_are_those_of_the_hive_from_the_top_down(self) -> None:
        found = due_now([MAY_DAY, Rule(5, (1,), time(12), on=date(2026, 5, 1))], [], local(1, 12), DAY)
        assert boxes_of(found, 3) == (3, 2, 1)

    def test_nothing_is_due_before_its_time(self) -> None:
        assert due_now([EVERY_9, MAY_DAY], [], local(1, 11, 59), DAY) == []


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (Rule(0, (4,), time(11), 9, date(2026, 5, 1)), "boxes 1 to 3"),
        (Rule(0, (1,), time(9, 59), 9, date(2026, 5, 1)), "from 10 to 16"),
        (Rule(0, (1,), time(16), 9, date(2026, 5, 1)), "from 10 to 16"),
        (Rule(0, (1,), time(11), 6, date(2026, 5, 1)), "bees rest for 7 days"),
        (Rule(0, (1,), time(11), 9), "one of both"),
        (Rule(0, (1,), time(11), 9, date(2026, 5, 1), date(2026, 5, 1)), "one of both"),
    ],
)
def test_a_rule_that_could_never_be_is_refused(rule: Rule, says: str) -> None:
    with pytest.raises(ScheduleError, match=says):
        check(rule, DAY, 3, 7.0)


class TestOnDisk:
    def test_rules_and_attempts_stay(self, tmp_path: Path) -> None:
        store = ScheduleStore(tmp_path)
        assert store.rules() == [] and not store.path.exists()
        first, second = store.add(EVERY_9), store.add(MAY_DAY)
        assert (first.id, second.id) == (1, 2)
        attempt = tried(MAY_DAY, local(1, 12), End.REFUSED, "it rains")
        store.note(attempt)
        again = ScheduleStore(tmp_path)
        assert again.rules() == [EVERY_9, MAY_DAY] and again.attempts() == [attempt]

    def test_a_number_is_never_used_again(self, tmp_path: Path) -> None:
        store = ScheduleStore(tmp_path)
        store.add(EVERY_9)
        store.note(tried(EVERY_9, local(2, 11), End.VISITED))
        assert store.remove(1) and not store.remove(1) and not store.remove(7)
        assert store.rules() == [] and store.attempts() == []
        assert store.add(EVERY_9).id == 2

    def test_the_last_visit_outlives_a_month_of_refusals(self, tmp_path: Path) -> None:
        store = ScheduleStore(tmp_path)
        store.add(EVERY_9)
        visit = tried(EVERY_9, local(2, 11), End.VISITED)
        store.note(visit)
        for minute in range(KEPT_ATTEMPTS + 10):
            store.note(tried(EVERY_9, local(11, 11, minute % 60), End.REFUSED, "it rains"))
        assert store.attempts()[0] == visit and len(store.attempts()) == KEPT_ATTEMPTS + 1

    def test_a_file_that_is_no_schedule_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "schedule.sqlite").write_text("these are not the rules")
        with pytest.raises(ScheduleStoreError, match="schedule.sqlite: cannot use the schedule"):
            ScheduleStore(tmp_path).rules()
