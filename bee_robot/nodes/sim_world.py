"""sim_world (simulation only): owner of the twin, of simulated time, weather and of what the cameras see.

Gives the board's serial port as `<run_dir>/board`, `/clock`, `climate`, `sim/violations` and the services `sim/render` and `sim/hands`.
"""

from __future__ import annotations

import array
import asyncio
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rosgraph_msgs.msg import Clock as ClockMsg

from bee_robot.clock import pause_wall, wall_s
from bee_robot.nodes import conversions, qos
from bee_robot.nodes.diagnostics import Status
from bee_robot.nodes.process import BeeNode, StartError, run_node
from bee_robot.nodes.sim_hands import SimHands
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.sim.pseudo_terminal import PacedTwin, PseudoTerminal
from bee_robot.sim.referee import Referee
from bee_robot.sim.trace import TraceFile
from bee_robot.sim.twin import Twin, TwinError
from bee_robot.sim.twin_view import TwinView, ViewError
from bee_robot.sim.weather import RAIN_MM_H, Weather
from bee_robot_interfaces.msg import Climate, RuleViolation
from bee_robot_interfaces.srv import RenderPicture

CLOCK_PERIOD_S = 0.01
CLIMATE_PERIOD_S = 1.0
SHOW_EVERY_S = 0.1  # robot time after which a broken rule is told at the latest
STEP_WALL_S = 0.001
STANDSTILL_CLOCK_WALL_STEPS = (
    100  # /clock is repeated while time stands, so that nobody waits for a lost sample
)
BATTERY_PCT = 90.0


class SimWorld(BeeNode):
    """See module; its parameters are in parameters.py."""

    def __init__(self, **options: Any) -> None:
        super().__init__("sim_world", **options)
        seed = self.parameter("seed")
        self._link = Path(self.parameter("run_dir")) / "board"
        world = self._make_world(seed)
        try:
            self._twin = Twin(self.robot, world, seed)
            self._trace = self._open_trace(self.parameter("trace"))
        except TwinError as error:
            raise StartError(f"sim_world: {error}") from None
        self._weather = Weather(seed)
        self._view = TwinView(self._twin, world)
        self._referee = Referee()
        self._terminal = PseudoTerminal()
        self._time = self.create_publisher(ClockMsg, "/clock", qos.of("/clock"))
        self._climate = self.create_publisher(Climate, "climate", qos.of("climate"))
        self._violations = self.create_publisher(RuleViolation, "sim/violations", qos.of("sim/violations"))
        self._paced: PacedTwin | None = None
        self._pictures_being_drawn = 0
        self._painter = ThreadPoolExecutor(
            1, "painter"
        )  # one: its buffers are as large as a picture and stay
        self._clock_s = self._climate_s = -math.inf
        self._steps_at_standstill = self._told_violations = self._told_harm = 0
        self._looked_wall_s, self._looked_s = wall_s(), 0.0
        self.diagnostics.add("time", self._look_at_time)
        self.diagnostics.add("rules", self._look_at_rules)

    def _make_world(self, seed: int) -> HiveWorld:
        hive, scenario = self.robot.hive, self.parameter("scenario")
        day = self.parameter("day")
        try:
            return HiveWorld.of(hive, seed, scenario, day)
        except ValueError as error:
            raise StartError(f"sim_world: {error}") from None

    def _open_trace(self, path: str) -> TraceFile | None:
        if not path:
            return None
        try:
            return TraceFile(path)
        except OSError as error:
            raise StartError(
                f"sim_world: cannot write the trace {path} ({error.strerror}); give another file"
            ) from None

    def begin(self) -> None:
        for observer in (self._view, self._referee, *([self._trace] if self._trace else [])):
            self._twin.watch(observer)
        self._twin.show_every_s = SHOW_EVERY_S
        self._twin.power_on()
        self._make_link()
        self.create_service(RenderPicture, "sim/render", self._render, callback_group=self.waiting_group)
        self._hands = SimHands(self, self.robot, self._twin.knobs)
        self._running = self.bridge.submit(self._run())
        self._running.add_done_callback(self._ended)
        self.get_logger().info(f"the twin of {self.robot.robot} is behind {self._link}")

    def _make_link(self) -> None:
        """A stable name for the pseudo-terminal. A link that leads nowhere is of a former run."""
        try:
            self._link.parent.mkdir(parents=True, exist_ok=True)
            if self._link.is_symlink():
                self._link.unlink()
            self._link.symlink_to(self._terminal.path)
        except OSError as error:
            raise StartError(
                f"sim_world: cannot make the port {self._link} ({error.strerror}); give another run_dir"
            ) from None

    def _ended(self, future: Any) -> None:
        error = future.exception()
        if error is not None and not isinstance(error, asyncio.CancelledError):
            sys.stderr.write(f"sim_world: {error}\n")
            self.exit_code, self.is_finished = 1, True

    async def _run(self) -> None:
        speed = self.parameter("speed")
        patience_s = self.parameter("patience")
        self._paced = PacedTwin(self._twin, self._terminal, speed, patience_s)
        while True:
            if self._pictures_being_drawn == 0:
                self._tell(self._paced.step())
            await pause_wall(STEP_WALL_S)

    async def end_well(self, because: str) -> None:
        """The machine is there as long as somebody may move it: until its motor relay is open or its host is gone."""
        while self._paced is not None and self._paced.pace.is_host_alive and self._twin.truth().is_rail_on:
            await pause_wall(0.05)

    # what others are told

    def _tell(self, now_s: float) -> None:
        self._steps_at_standstill += 1
        is_due = now_s - self._clock_s >= CLOCK_PERIOD_S - 1e-9
        if is_due or self._steps_at_standstill > STANDSTILL_CLOCK_WALL_STEPS:
            self._clock_s, self._steps_at_standstill = now_s, 0
            self._time.publish(ClockMsg(clock=conversions.to_stamp(now_s)))
        if now_s - self._climate_s >= CLIMATE_PERIOD_S:
            self._climate_s = now_s
            self._tell_climate(now_s)
        if len(self._referee.violations) > self._told_violations or len(self._referee.harm) > self._told_harm:
            self._tell_violations()

    def _tell_climate(self, now_s: float) -> None:
        weather = self._weather.at(now_s, self._twin.sample().outputs["heater"])
        self._twin.knobs.air_c = weather.cabinet_c
        msg = Climate(
            outside_temperature=weather.outside_c,
            cabinet_temperature=weather.cabinet_c,
            relative_humidity=weather.humidity_pct,
            wind_speed=weather.wind_m_s,
            battery=BATTERY_PCT,
            rain_rate=RAIN_MM_H if weather.is_raining else 0.0,
        )
        msg.header.stamp = conversions.to_stamp(now_s)
        self._climate.publish(msg)

    def _tell_violations(self) -> None:
        for offence in self._referee.violations[self._told_violations :]:
            v = offence.worst
            self._publish_violation(v.t_s, v.rule, v.where, v.value, v.limit, v.says)
        for event in self._referee.harm[self._told_harm :]:
            where = " ".join(filter(None, (event.side, f"frame {event.frame}" if event.frame else "")))
            self._publish_violation(
                event.t_s, event.name, where, event.value, 0.0, "something was hurt or damaged"
            )
        self._told_violations, self._told_harm = len(self._referee.violations), len(self._referee.harm)

    def _publish_violation(
        self, t_s: float, rule: str, where: str, value: float, limit: float, says: str
    ) -> None:
        msg = RuleViolation(rule=rule, where=where, value=float(value), limit=float(limit), says=says)
        msg.header.stamp = conversions.to_stamp(t_s)
        self._violations.publish(msg)
        self.get_logger().error(
            f"{rule} broken at {t_s:.2f} s: {where} {value:.4g}, limit {limit:.4g} ({says})"
        )

    # health

    def _look_at_time(self, status: Status) -> None:
        """How fast robot time passes; it waits for the host's heartbeats, so a slow host is seen here."""
        now_wall_s, now_s = wall_s(), self._twin.now_s
        reached = (now_s - self._looked_s) / max(1e-6, now_wall_s - self._looked_wall_s)
        self._looked_wall_s, self._looked_s = now_wall_s, now_s
        is_host_alive = self._paced is not None and self._paced.pace.is_host_alive
        status.values |= {
            "speed_asked": self.parameter("speed"),
            "speed_reached": reached,
            "robot_time_s": now_s,
            "host_is_alive": is_host_alive,
            "bytes_lost": self._paced.bytes_lost if self._paced is not None else 0,
            "pictures_being_drawn": self._pictures_being_drawn,
        }
        if not is_host_alive:
            status.warn("no host feeds the board; is tower_driver active?")
        else:
            status.ok(f"{reached:.2f} robot seconds per second")

    def _look_at_rules(self, status: Status) -> None:
        broken, harm = len(self._referee.violations), len(self._referee.harm)
        status.values |= {"rules_broken": broken, "harm": harm}
        if broken or harm:
            status.error(f"{broken} rules broken, {harm} times harm done", "rule_broken")
        else:
            status.ok("no rule was broken")

    async def _render(self, request: Any, response: Any) -> Any:
        try:
            data = await self.bridge.submit(self._look(request.camera, request.width, request.height))
        except ViewError as error:
            response.success, response.message = False, str(error)
            return response
        response.success = True
        response.image.format = "jpeg"
        response.image.header.stamp = conversions.to_stamp(self._twin.now_s)
        response.image.data = array.array("B", data)
        return response

    async def _look(self, camera: str, width_px: int, height_px: int) -> bytes:
        """A real camera exposes in milliseconds: time stands still while a picture is drawn."""
        scene = self._view.scene(camera)
        self._pictures_being_drawn += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._painter, self._view.draw, scene, width_px, height_px)
        finally:
            self._pictures_being_drawn -= 1

    def close(self) -> None:
        super().close()
        self._painter.shutdown(cancel_futures=True)
        if self._link.is_symlink():
            self._link.unlink()
        self._terminal.close()
        if self._trace is not None:
            self._trace.close()


def main(args: list[str] | None = None) -> int:
    return run_node(SimWorld, args)


if __name__ == "__main__":
    sys.exit(main())
