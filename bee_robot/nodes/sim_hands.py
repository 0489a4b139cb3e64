"""The hands of a person at the simulated machine: the service sim/hands, so that jobs that need one can be tried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bee_robot.configuration import RobotConfiguration
from bee_robot.nodes.process import BeeNode
from bee_robot.sim.knobs import FrameInHand, Knobs
from bee_robot_interfaces.srv import SimHands as SimHandsSrv

NEW_FRAME_KG = 0.6  # wood, wire and a sheet of foundation
TOUCHES_MM = 1.0  # a person hangs a frame not quite against the middle bars


class SimHands:
    """Serves sim/hands. `holds`: frames that the person has taken, the last one on top."""

    def __init__(self, node: BeeNode, robot: RobotConfiguration, knobs: Knobs) -> None:
        self._knobs = knobs
        self._pins_mm = robot.mechanism.hook_seated_mm + TOUCHES_MM
        self._node = node
        self.holds: list[FrameInHand] = []
        node.create_service(SimHandsSrv, "sim/hands", self._take, callback_group=node.waiting_group)

    async def _take(self, request: Any, response: Any) -> Any:
        try:
            response.message = await self._node.bridge.submit(self._do(request.command))
            response.success = True
        except ValueError as error:
            response.success, response.message = False, str(error)
        return response

    async def _do(self, command: int) -> str:
        """On the loop that steps the twin."""
        does: dict[int, Callable[[], str]] = {
            SimHandsSrv.Request.OPEN_DOOR: lambda: self._door(True),
            SimHandsSrv.Request.CLOSE_DOOR: lambda: self._door(False),
            SimHandsSrv.Request.SWAP_FRAME: self._swap,
            SimHandsSrv.Request.PRESS_ESTOP: lambda: self._estop(True),
            SimHandsSrv.Request.RELEASE_ESTOP: lambda: self._estop(False),
        }
        if command not in does:
            raise ValueError(f"unknown command {command}; SimHands.srv has them all")
        said = does[command]()
        self._node.get_logger().info(f"the person: {said}")
        return said

    def _door(self, is_open: bool) -> str:
        self._knobs.door_open = is_open
        return f"the service door is {'open' if is_open else 'closed'}"

    def _estop(self, is_pressed: bool) -> str:
        self._knobs.estop_pressed = is_pressed
        return f"the e-stop is {'pressed' if is_pressed else 'released'}"

    def _swap(self) -> str:
        if not self._knobs.door_open:
            raise ValueError("the service door is closed; open it first")
        try:
            self.holds.append(self._knobs.take_frame())
        except ValueError:  # nothing hangs there
            frame = self.holds[-1] if self.holds else FrameInHand(NEW_FRAME_KG)
            number = self._knobs.hang_frame(frame, self._pins_mm)
            del self.holds[-1:]
            return f"a frame hangs on the hooks, number {number} of its box"
        return f"a frame of {self.holds[-1].mass_kg:.1f} kg is off the hooks, in the person's hands"
