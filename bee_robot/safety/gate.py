"""The conditions gate of one robot: what sensors, board, weather service, calendar and journal say, judged together.

Asked before a visit (`look`), and before each frame while the hive is open (`weather_turned`). Nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bee_robot.clock import Clock
from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import BoardState, TowerError, TowerState
from bee_robot.safety.calendar import ClockWatch, calendar_findings
from bee_robot.safety.conditions import (
    Finding,
    Quantity,
    Reading,
    Verdict,
    judge,
    weather_findings,
)
from bee_robot.safety.sensor_readings import BOARD, SensorLog, combine, of_calendar, of_tower
from bee_robot.safety.weather_service import WeatherWatch

NOT_READY: Mapping[BoardState, str] = {
    BoardState.LOST: "nobody hears the board; look at its cable",
    BoardState.UNCONFIGURED: "the board has no configuration; see its log",
    BoardState.MOVING: "the tower moves already; wait until it has ended",
    BoardState.HOLDING: "a motion is held; resume it, or stop it and recover",
}


class Gate:
    """See module. `tower`: the newest state; may raise TowerError. `last_visit`: when the hive was last opened, None: never;
    what it raises is raised by `look`. `sensors` takes what the machine's own sensors say."""

    def __init__(
        self,
        robot: RobotConfiguration,
        clock: Clock,
        tower: Callable[[], TowerState],
        last_visit: Callable[[], datetime | None],
        service: WeatherWatch | None = None,
    ) -> None:
        self.robot = robot
        self.sensors = SensorLog()
        self.service = service
        self._clock = clock
        self._tower = tower
        self._last_visit = last_visit
        self._clock_watch = ClockWatch(robot.conditions.clock_settle_s)
        self._accepted: set[tuple[str, bool]] = set()
        self._is_visiting, self._boxes = False, 1
        self._before_visit: tuple[datetime | None] | None = None

    # before a visit

    def look(self) -> Verdict:
        """May the hive be opened now?"""
        now_s, now_utc = self._clock.now_s(), self._clock.utc()
        tower = self._tower_state()
        readings = {
            **self._air(now_s),
            **of_tower(tower),
            **of_calendar(self.robot, now_s, now_utc, self._visit_before()),
        }
        more = [self._board(tower, now_s), *self._ahead(now_s, now_utc)]
        return judge(readings, self.robot.conditions, now_s, more)

    def reasons_against(self) -> tuple[str, ...]:
        """Why the hive may not be opened now; empty where it may."""
        return self.look().against

    def for_the_record(self) -> dict[str, Any]:
        """Readings, verdict and who said what, JSON-able."""
        verdict = self.look()
        readings = {
            name.value: value for name, value in verdict.readings.items() if _finite(value) is not None
        }
        sources = [
            f"{each.name} from {each.source}" + ("" if each.age_s is None else f" {each.age_s:.0f} s before")
            for each in verdict.findings
            if each.source and each.is_known
        ]
        return {"readings": readings, "against": list(verdict.against), "sources": sources}

    # while the hive is open

    def weather_turned(self) -> str:
        """Why an open hive should be closed now, or nothing. What a person has overridden is left out."""
        return "; ".join(
            finding.against for finding in self._weather() if self._key(finding) not in self._accepted
        )

    def overridden(self) -> tuple[str, ...]:
        """A named person opens the hive nevertheless: what nobody may override. The weather as it is now is that person's
        own, for this visit: rain is not said again then, but a wind that was unknown and is too strong is."""
        self._accepted = {self._key(finding) for finding in self._weather()}
        return self.look().rules

    def begin_visit(self, boxes: int = 1) -> None:
        """To so many boxes, one after the other: it may not rain, nor become dark, until the last is closed. What somebody
        has overridden before is overridden no more; what moves from now on is the visit's own."""
        self._accepted, self._is_visiting = set(), True
        self._before_visit, self._boxes = None, boxes

    def end_visit(self) -> None:
        self._accepted, self._is_visiting, self._boxes = set(), False, 1

    # what there is

    def cabinet(self) -> Reading | None:
        """The temperature in the cabinet, where it can be used."""
        now_s = self._clock.now_s()
        found = {
            finding.name: finding
            for finding in judge(self._air(now_s), self.robot.conditions, now_s).findings
        }
        return self._air(now_s)[Quantity.CABINET_C] if found[Quantity.CABINET_C.value].is_known else None

    def _weather(self) -> tuple[Finding, ...]:
        now_s = self._clock.now_s()
        found = weather_findings(self._air(now_s), self.robot.conditions, now_s)
        return tuple(finding for finding in found if finding.against)

    @staticmethod
    def _key(finding: Finding) -> tuple[str, bool]:
        return finding.name, finding.is_known

    def _visit_before(self) -> datetime | None:
        """The last visit; while there is one, that before it: its second box need not rest from its first."""
        if not self._is_visiting:
            return self._last_visit()
        if self._before_visit is None:
            self._before_visit = (self._last_visit(),)
        return self._before_visit[0]

    def _air(self, now_s: float) -> Mapping[Quantity, Reading]:
        sources = [self.sensors.readings()]
        if self.service is not None:
            sources.append(self.service.readings())
        return combine(sources, self.robot.conditions, now_s)

    def _tower_state(self) -> TowerState | None:
        try:
            return self._tower()
        except TowerError:
            return None  # counts as no: door and e-stop are not known

    def _board(self, tower: TowerState | None, now_s: float) -> Finding:
        board = BoardState.LOST if tower is None else tower.board
        age_s = None if tower is None else now_s - tower.stamp_s
        is_ours = self._is_visiting and board in (BoardState.MOVING, BoardState.HOLDING)
        against = "" if is_ours else NOT_READY.get(board, "")
        return Finding("board", board.value, BOARD, age_s, "there, at rest", against, is_rule=True)

    def _ahead(self, now_s: float, now_utc: datetime) -> Iterator[Finding]:
        visit_s = self._boxes * self.robot.visit.open_close_at_s
        yield from calendar_findings(self.robot, now_utc, self._clock_watch.look(now_s, now_utc), visit_s)
        if self.service is not None:
            yield self.service.rain_ahead(self.robot.conditions, now_s, visit_s)


def as_rows(verdict: Verdict) -> list[dict[str, Any]]:
    """All that was looked at, JSON-able: the fields of Finding; an infinite value is None."""
    return [
        asdict(each) | {"value": each.value if isinstance(each.value, str) else _finite(each.value)}
        for each in verdict.findings
    ]


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None
