"""Whether a hive may be opened, and whether it must be closed early: the gate of safety/gate.py, fed by the graph."""

from __future__ import annotations

import concurrent.futures
import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rclpy.node import Node

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import Tower
from bee_robot.devices.weather import ClimateReading, OpenMeteo
from bee_robot.extraction.context import VisitContext
from bee_robot.extraction.journal import Journal, JournalError
from bee_robot.nodes import conversions, qos
from bee_robot.nodes.asyncio_bridge import AsyncioBridge
from bee_robot.nodes.diagnostics import Status
from bee_robot.safety.conditions import Verdict
from bee_robot.safety.gate import Gate, as_rows
from bee_robot.safety.preparation import CabinetHeating
from bee_robot.safety.weather_service import WeatherWatch
from bee_robot_interfaces.msg import Climate

CLIMATE_SILENT_S = 5.0  # it comes once a second of robot time
FINDINGS = "findings"
"""Key of the diagnostics under which all that was looked at stands, as JSON."""


class VisitConditions:
    """Listens to `climate`, asks the weather service of the robot file (a simulation has none), judges by the robot file.

    `hooks` of a visit's context; `begin` before a visit and `end` after it, whatever came of it.
    """

    def __init__(
        self,
        node: Node,
        bridge: AsyncioBridge,
        robot: RobotConfiguration,
        tower: Tower,
        journal: Journal,
        is_sim: bool,
    ) -> None:
        self._clock = bridge.clock
        self._bridge = bridge
        self._node = node
        self._robot = robot
        self._journal = journal
        self._climate: ClimateReading | None = None
        self._asking: concurrent.futures.Future[None] | None = None
        self._gate = Gate(robot, bridge.clock, lambda: tower.state, self._last_visit, self._watch(is_sim))
        self._heating = CabinetHeating(self._gate)
        node.create_subscription(Climate, "climate", self._take_climate, qos.of("climate"))

    def _watch(self, is_sim: bool) -> WeatherWatch | None:
        place, settings = self._robot.place, self._robot.weather_service
        if is_sim or place is None or settings is None:
            return None
        watch = WeatherWatch(OpenMeteo(place, settings), settings, self._clock)
        self._asking = self._bridge.start(watch.run())
        return watch

    def _take_climate(self, msg: Climate) -> None:
        def known(value: float) -> float | None:
            return None if math.isnan(value) else value

        # Sensors of anybody's are stamped as ROS stamps: the age is that of the node's clock, whatever robot time is.
        age_s = self._node.get_clock().now().nanoseconds * 1e-9 - conversions.stamp_s(msg.header.stamp)
        self._climate = ClimateReading(
            stamp_s=self._clock.now_s() - age_s,
            outside_c=known(msg.outside_temperature),
            cabinet_c=known(msg.cabinet_temperature),
            wind_m_s=known(msg.wind_speed),
            humidity_pct=known(msg.relative_humidity),
            battery_pct=known(msg.battery),
            rain_mm_h=known(msg.rain_rate),
        )
        self._gate.sensors.take(self._climate)

    # of a visit

    def begin(self, boxes: int = 1) -> None:
        """A visit to so many boxes begins."""
        self._gate.begin_visit(boxes)

    async def end(self) -> None:
        """Heater off, and its lease free."""
        self._gate.end_visit()
        await self._heating.end()

    def reasons_against(self) -> Sequence[str]:
        """Why the hive may not be opened now; empty where it may."""
        return self._gate.reasons_against()

    def weather_turned(self) -> str:
        """Rain or wind while the hive is open, or nobody who knows of them; what a person has overridden is left out."""
        return self._gate.weather_turned()

    async def prepare(self, context: VisitContext) -> Sequence[str]:
        """Warm the cabinet, where that is all that a visit needs."""
        return await self._heating.prepare(context)

    def overridden(self) -> Sequence[str]:
        """A named person opens the hive nevertheless: what nobody may override."""
        return self._gate.overridden()

    def verdict(self) -> Verdict:
        """All that is looked at, as of now."""
        return self._gate.look()

    def for_the_record(self) -> dict[str, Any]:
        """Readings and verdict before the visit."""
        return self._gate.for_the_record()

    def _last_visit(self) -> datetime | None:
        """When the hive was last opened, as far as the journal knows."""
        entry = self._journal.last_visit(self._robot.hive.name)
        return entry.written_utc if entry is not None else None

    # health

    def look(self, status: Status) -> None:
        """The task for diagnostics."""
        try:
            verdict = self._gate.look()
        except JournalError as error:
            status.error(str(error), "store_full")
            return
        status.values |= self._figures()
        status.values[FINDINGS] = json.dumps(as_rows(verdict))
        climate = self._climate
        if climate is None:
            status.stale("no climate was heard yet")
        elif (age_s := self._clock.now_s() - climate.stamp_s) > CLIMATE_SILENT_S:
            status.stale(f"the last climate is {age_s:.0f} s old")
        elif not verdict.may_open:
            status.warn("; ".join(verdict.against), "conditions")
        else:
            status.ok("the hive may be opened")

    def _figures(self) -> dict[str, float | str | None]:
        climate = self._climate or ClimateReading(math.nan)
        return {
            "climate_age_s": None if self._climate is None else self._clock.now_s() - climate.stamp_s,
            "outside_c": climate.outside_c,
            "cabinet_c": climate.cabinet_c,
            "wind_m_s": climate.wind_m_s,
            "humidity_pct": climate.humidity_pct,
            "battery_pct": climate.battery_pct,
            "rain_mm_h": climate.rain_mm_h,
        }
