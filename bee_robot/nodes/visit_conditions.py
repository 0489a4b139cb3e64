"""Whether a hive may be opened, and whether it must be closed early: what frame_extractor knows of weather, tower and past."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rclpy.node import Node

from bee_robot.clock import Clock
from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import Tower, TowerError
from bee_robot.devices.weather import ClimateReading
from bee_robot.extraction.journal import Journal, JournalError
from bee_robot.nodes import conversions, qos
from bee_robot.nodes.diagnostics import Status
from bee_robot.safety.conditions import Quantity, Reading, Verdict, judge, weather_against
from bee_robot.safety.sensor_readings import gather
from bee_robot_interfaces.msg import Climate

CLIMATE_SILENT_S = 5.0  # it comes once a second of robot time


class VisitConditions:
    """Listens to `climate`; judges by the robot file. `is_overridden`: a person has taken the weather upon themselves, for
    the whole visit."""

    def __init__(
        self, node: Node, clock: Clock, robot: RobotConfiguration, tower: Tower, journal: Journal
    ) -> None:
        self._clock = clock
        self._robot = robot
        self._tower = tower
        self._journal = journal
        self._climate: ClimateReading | None = None
        self.is_overridden = False
        node.create_subscription(Climate, "climate", self._take_climate, qos.of("climate"))

    def _take_climate(self, msg: Climate) -> None:
        def known(value: float) -> float | None:
            return None if math.isnan(value) else value

        self._climate = ClimateReading(
            stamp_s=conversions.stamp_s(msg.header.stamp),
            outside_c=known(msg.outside_temperature),
            cabinet_c=known(msg.cabinet_temperature),
            wind_m_s=known(msg.wind_speed),
            humidity_pct=known(msg.relative_humidity),
            battery_pct=known(msg.battery),
            rain_mm_h=known(msg.rain_rate),
        )

    def reasons_against(self) -> Sequence[str]:
        """Why the hive may not be opened now; empty where it may."""
        return self._judge().against

    def overridden(self) -> Sequence[str]:
        """A named person opens the hive nevertheless."""
        self.is_overridden = True
        return ()

    def weather_turned(self) -> str:
        """Rain or wind while the hive is open; nothing where a person has overridden the conditions."""
        if self.is_overridden:
            return ""
        return "; ".join(weather_against(self._readings(), self._robot.conditions, self._clock.now_s()))

    def for_the_record(self) -> dict[str, Any]:
        """Readings and verdict before the visit."""
        verdict = self._judge()
        readings = {
            quantity.value: value for quantity, value in verdict.readings.items() if math.isfinite(value)
        }
        return {"readings": readings, "against": list(verdict.against)}

    def _judge(self) -> Verdict:
        return judge(self._readings(), self._robot.conditions, self._clock.now_s())

    def _readings(self) -> Mapping[Quantity, Reading]:
        try:
            tower = self._tower.state
        except TowerError:
            tower = None  # counts as no: door and e-stop are not known
        return gather(
            self._climate,
            tower,
            self._robot.conditions,
            now_s=self._clock.now_s(),
            now_utc=self._clock.utc(),
            last_visit_utc=self._last_visit(),
        )

    def _last_visit(self) -> datetime | None:
        """When the hive was last opened, as far as the journal knows."""
        entry = self._journal.last_visit(self._robot.hive.name)
        return entry.written_utc if entry is not None else None

    def look(self, status: Status) -> None:
        """The task for diagnostics."""
        climate = self._climate
        if climate is None:
            status.stale("no climate was heard yet")
            return
        age_s = self._clock.now_s() - climate.stamp_s
        status.values |= {
            "climate_age_s": age_s,
            "outside_c": climate.outside_c,
            "cabinet_c": climate.cabinet_c,
            "wind_m_s": climate.wind_m_s,
            "humidity_pct": climate.humidity_pct,
            "battery_pct": climate.battery_pct,
            "rain_mm_h": climate.rain_mm_h,
        }
        if age_s > CLIMATE_SILENT_S:
            status.stale(f"the last climate is {age_s:.0f} s old")
            return
        try:
            against = self.reasons_against()
        except JournalError as error:
            status.error(str(error), "store_full")
            return
        if against:
            status.warn("; ".join(against), "conditions")
        else:
            status.ok("the hive may be opened")
