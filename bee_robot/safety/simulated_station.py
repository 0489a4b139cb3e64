"""The gate of a simulated robot in this process: sensors and weather service that see the simulated weather. For tests,
benches and `bee conditions --sim`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from bee_robot.clock import Clock
from bee_robot.configuration import RobotConfiguration, WeatherServiceConfiguration
from bee_robot.devices.tower import Output, Tower, TowerError
from bee_robot.devices.weather import SimulatedClimate, SimulatedWeatherService
from bee_robot.safety.conditions import Quantity, Reading
from bee_robot.safety.gate import Gate
from bee_robot.safety.preparation import CabinetHeating
from bee_robot.safety.weather_service import WeatherWatch
from bee_robot.sim.weather import Weather


def never() -> datetime | None:
    return None


class SimulatedStation(Gate):
    """A gate with everything that it is fed by. Knobs: those of `weather`, `climate` (the sensors) and `forecaster` (the
    service)."""

    def __init__(
        self,
        robot: RobotConfiguration,
        clock: Clock,
        tower: Tower,
        weather: Weather,
        last_visit: Callable[[], datetime | None] = never,
    ) -> None:
        self.weather = weather
        self.climate = SimulatedClimate(weather, clock)
        self.forecaster = SimulatedWeatherService(weather, clock)
        settings = robot.weather_service or WeatherServiceConfiguration()
        watch = WeatherWatch(self.forecaster, settings, clock)
        super().__init__(robot, clock, lambda: tower.state, last_visit, watch)
        self.heating = CabinetHeating(self)
        self._watch = watch
        self._its_tower = tower

    def _air(self, now_s: float) -> Mapping[Quantity, Reading]:
        try:
            heater = self._its_tower.state.outputs[Output.HEATER]
        except TowerError:
            heater = 0.0
        climate = self.climate.read(heater)
        if climate is not None:
            self.sensors.take(climate)
        return super()._air(now_s)

    def hooks(self) -> dict[str, Any]:
        """What of a VisitContext has to do with the conditions."""
        return {
            "reasons_against": self.reasons_against,
            "weather_turned": self.weather_turned,
            "prepare": self.heating.prepare,
            "overridden": self.overridden,
        }

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[dict[str, Any]]:
        """Asks the service meanwhile, and leaves the heater off. Gives `hooks()`."""
        await self._watch.ask()
        asking = asyncio.ensure_future(self._watch.run())
        self.begin_visit()
        try:
            yield self.hooks()
        finally:
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
            self.end_visit()
            await self.heating.end()
