"""A host behind a real serial port beside fast simulated time: neither waits for the other for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bee_robot import configuration
from bee_robot.clock import SteppedClock, pause_wall, wall_s
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.sim.pseudo_terminal import PacedTwin, PseudoTerminal
from bee_robot.sim.twin import Twin

ROBOT = configuration.load(Path(__file__).resolve().parents[3] / "config" / "robots" / "tower.yaml")
PATIENCE_S = 60.0  # longer than the test: a twin that waits for a heartbeat on the wire would never go on


async def _run_until(robot_s: float, limit_wall_s: float) -> tuple[float, bool]:
    clock = SteppedClock()
    twin = Twin(ROBOT, HiveWorld(1), 1)
    twin.power_on()
    with PseudoTerminal() as terminal:
        paced = PacedTwin(twin, terminal, speed=200.0, dead_after_wall_s=PATIENCE_S)
        stepping = asyncio.ensure_future(paced.run(clock.advance_to))
        tower = await SerialTower.open(ROBOT, terminal.path, clock)
        end_wall_s = wall_s() + limit_wall_s
        while clock.now_s() < robot_s and wall_s() < end_wall_s:
            await pause_wall(0.02)
        reached = clock.now_s(), paced.pace.is_host_alive
        await tower.close("the test is over")
        stepping.cancel()
    twin.close()
    return reached


def test_time_does_not_stand_still_while_a_heartbeat_is_on_the_wire() -> None:
    robot_s, is_host_alive = asyncio.run(_run_until(robot_s=60.0, limit_wall_s=30.0))
    assert robot_s >= 60.0, f"simulated time stood still at {robot_s:.2f} s"
    assert is_host_alive
