"""Holds and resumes a motion of a robot that is up, through tower_driver, and prints what it saw as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from typing import Any

import bee_robot  # noqa: F401 - serves rclpy where no ROS 2 is

# isort: split
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from bee_robot.clock import pause_wall
from bee_robot.devices.tower import (
    Axis,
    AxisMove,
    BoardState,
    MotionProgramme,
    Output,
    OutputEvent,
    Segment,
    TowerError,
)
from bee_robot.nodes import qos
from bee_robot.nodes.asyncio_bridge import AsyncioBridge
from bee_robot.nodes.ros_tower import RosTower

SHUTTLE = Axis.SHUTTLE_LEFT


class Client(Node):
    def __init__(self, namespace: str) -> None:
        super().__init__(
            "holding_client",
            namespace=namespace,
            parameter_overrides=[Parameter("use_sim_time", Parameter.Type.BOOL, True)],
        )
        self.bridge = AsyncioBridge(self)
        self.tower = RosTower(self, self.bridge)
        self.diagnostics: dict[str, str] = {}
        self.create_subscription(DiagnosticArray, "diagnostics", self._take, qos.of("diagnostics"))

    def _take(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            if status.name == "tower_driver: link":
                self.diagnostics = {value.key: value.value for value in status.values}

    async def until(self, state: BoardState) -> None:
        while self.tower.state.board is not state:
            await pause_wall(0.02)

    async def story(self) -> dict[str, Any]:
        tower, seen = self.tower, {}
        while not tower.is_ready():
            await pause_wall(0.05)
        await tower.acquire_lease("test")
        await tower.arm()
        homed = await tower.home((SHUTTLE,))
        seen["homed"], seen["referenced"] = homed.end.value, [found.axis.value for found in homed.references]
        lit = OutputEvent(Output.RED_LIGHT, 1.0, SHUTTLE, 0.0)
        across = Segment("across", {SHUTTLE: AxisMove(235, 80, 400)}, outputs=(lit,))
        moving = asyncio.ensure_future(tower.move(MotionProgramme("across", (across,))))
        await self.until(BoardState.MOVING)
        await self.bridge.clock.sleep(1.0)
        await tower.hold("somebody looks")
        await self.until(BoardState.HOLDING)
        await self.bridge.clock.sleep(0.3)  # a state that came before the answer may still show it braking
        seen["because"] = tower.state.stop_reason
        held_mm = tower.state.axes[SHUTTLE].position_mm
        await self.bridge.clock.sleep(1.0)
        seen["held_mm"], seen["stood_still"] = held_mm, tower.state.axes[SHUTTLE].position_mm == held_mm
        await tower.resume()
        result = await moving
        seen["end"], seen["at_mm"] = result.end.value, result.positions_mm[SHUTTLE]
        (light,) = result.outputs
        seen["lit_at_mm"], seen["lit_ago_s"] = (
            light.positions_mm[SHUTTLE],
            self.bridge.clock.now_s() - light.stamp.time_s,
        )
        seen["uncertainty_s"] = light.stamp.uncertainty_s
        try:
            await tower.resume()
        except TowerError as error:
            seen["resume_again"] = str(error)
        while "sessions" not in self.diagnostics:
            await pause_wall(0.05)
        seen["diagnostics"] = self.diagnostics
        await tower.disarm("done")
        await tower.release_lease()
        return seen


def main(namespace: str) -> None:
    rclpy.init()
    client = Client(namespace)
    executor = SingleThreadedExecutor()
    executor.add_node(client)
    threading.Thread(target=executor.spin, daemon=True).start()
    told = asyncio.run_coroutine_threadsafe(client.story(), client.bridge.loop)
    print(json.dumps(told.result(timeout=60)))
    executor.shutdown()
    client.bridge.close()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
