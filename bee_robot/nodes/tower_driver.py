"""tower_driver: owner of the serial port. Serves the tower on the graph; the motion lease decides who is obeyed."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from rclpy.task import Future
from sensor_msgs.msg import JointState

from bee_robot.clock import pause_wall, wall_s
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Axis, BoardState, Output, TowerError
from bee_robot.nodes import conversions, qos
from bee_robot.nodes.driver_node import DeviceError, DriverNode, Life
from bee_robot.nodes.motion_goals import MotionGoals
from bee_robot.nodes.process import run_node
from bee_robot.nodes.tower_health import TowerHealth
from bee_robot_interfaces.msg import Loads, TowerState
from bee_robot_interfaces.srv import (
    ArmTower,
    HoldTower,
    MotionLease,
    ResumeTower,
    SetOutput,
    StopTower,
    TellPlaces,
)

STATE_HZ = 20.0
JOINTS_HZ = 20.0


class TowerDriver(DriverNode):
    """See module; its parameters are in parameters.py, its life in driver_node.py."""

    loss_alert = "link_lost"

    def __init__(self, **options: Any) -> None:
        super().__init__("tower_driver", **options)
        self._checksum = self.robot.checksum()
        self._tower: SerialTower | None = None
        self._session = 0
        self._given: list[Callable[[], Any]] = []
        self._joints = self.create_lifecycle_publisher(JointState, "joint_states", qos.of("joint_states"))
        self._towers = self.create_lifecycle_publisher(TowerState, "tower/state", qos.of("tower/state"))
        self._loads = self.create_lifecycle_publisher(Loads, "loads", qos.of("loads"))
        self._health = TowerHealth(
            self.bridge, lambda: self.robot, lambda: self._connected_tower, lambda: self.lost_because
        )
        self.diagnostics.add("board", self._health.look_at_board)
        self.diagnostics.add("link", self._health.look_at_link)

    # the device

    @property
    def port(self) -> str:
        return str(self.parameter("port")) or self.robot.serial.port

    async def device_appears(self, hurry: asyncio.Event) -> None:
        """Wall time: the twin's port exists before its clock runs."""
        until_s = wall_s() + self.parameter("port_wait")
        while not Path(self.port).exists() and not hurry.is_set() and wall_s() < until_s:
            await pause_wall(0.02)

    async def connect(self) -> None:
        if self._session:  # not the first time: the file may have been corrected meanwhile
            self.robot = self.load_robot()
            self._checksum = self.robot.checksum()
        if not Path(self.port).exists():
            raise DeviceError(
                f"serial port {self.port} is not there; plug the board in, or set serial.port in the robot file "
                "(bee doctor lists the ports that are here)",
                "board_missing",
            )
        try:
            self._tower = await SerialTower.open(
                self.robot, self.port, self.bridge.clock, lost_because=self.lost_because
            )
        except TowerError as error:
            raise DeviceError(str(error), error.alert) from None
        self._session = self._tower.statistics.sessions
        self.get_logger().info(f"tower on {self.port}: {self._tower.state.board.value}")

    @property
    def lease_holder(self) -> str:
        """Who may move the tower; empty also where the holder has stopped renewing its lease: anybody may acquire it."""
        tower = self._tower
        return "" if tower is None or tower.is_lease_lost else tower.state.lease_holder

    def loss(self) -> str:
        """Also a link that is back again: what the board knew may be gone with it."""
        tower = self._tower
        if tower is None or (tower.client.is_open and tower.statistics.sessions == self._session):
            return ""
        why = tower.state.stop_reason or "it opened a new session"
        return f"the board on {self.port} was lost: {why}"

    def reason_to_stay(self) -> str:
        holder = self.lease_holder
        return f"'{holder}' holds the motion lease; let it end its work, or stop it, first" if holder else ""

    async def rest(self) -> None:
        """The motor relay is opened: while inactive nobody could ask this node for a stop."""
        if self._tower is None or self.tower.state.board is not BoardState.ARMED:
            return
        try:
            await self.tower.disarm("tower_driver is deactivated")
        except TowerError as error:
            raise DeviceError(str(error), error.alert) from None

    async def disconnect(self, because: str) -> None:
        """The closed one stays until the next is connected: whoever still asks it hears that the board is not there."""
        if self._tower is not None:
            await self._tower.close(because)

    def serve(self) -> None:
        for kind, name, callback in (
            (ArmTower, "tower/arm", self._arm),
            (StopTower, "tower/stop", self._stop),
            (HoldTower, "tower/hold", self._hold),
            (ResumeTower, "tower/resume", self._resume),
            (TellPlaces, "tower/tell_places", self._tell_places),
            (SetOutput, "tower/output", self._output),
            (MotionLease, "tower/lease", self._lease),
        ):
            service = self.create_service(kind, name, callback, callback_group=self.waiting_group)
            self._given.append(functools.partial(self.destroy_service, service))
        self._given += MotionGoals(self, lambda: self.tower, self._refuse_stranger).serve()
        for frequency_hz, callback in ((STATE_HZ, self._publish_state), (JOINTS_HZ, self._publish_joints)):
            timer = self.create_timer(1.0 / frequency_hz, callback)
            self._given.append(functools.partial(self.destroy_timer, timer))

    def withdraw(self) -> None:
        while self._given:
            self._given.pop()()

    async def end_well(self, because: str) -> None:
        """Whoever moves the tower ends first: the driver stays while its motion lease is held."""
        while self.lease_holder:
            await pause_wall(0.05)
        await super().end_well(because)

    def stop_now(self, because: str) -> Future | None:
        return None if self._tower is None else self.bridge.submit(self._stop_and_say(because))

    async def _stop_and_say(self, because: str) -> str:
        try:
            await self.tower.stop(because)
        except TowerError as error:
            return f"The stop was not confirmed: {error}; the board stops by itself without heartbeats."
        return "Motion is stopped."

    @property
    def _connected_tower(self) -> SerialTower | None:
        return self._tower if self.life in (Life.INACTIVE, Life.ACTIVE) else None

    # services

    @property
    def tower(self) -> SerialTower:
        assert self._tower is not None  # services exist only where it was connected
        return self._tower

    async def _answer(self, response: Any, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a call of the tower; any error becomes success False with its message, so that nobody waits in vain."""
        try:
            with self.answering():
                await self.bridge.submit(coroutine)
            response.success = True
        except TowerError as error:
            response.success, response.message = False, str(error)
            if hasattr(response, "alert"):
                response.alert = error.alert
        except Exception as error:  # noqa: BLE001 - said to whoever asked and in the log
            self.get_logger().error(f"fault in the software: {error!r}")
            response.success, response.message = False, f"fault in the software of tower_driver: {error!r}"
        return response

    def _refuse_stranger(self, holder: str) -> None:
        """Only whoever holds the motion lease is obeyed. Raises TowerError."""
        has_it = self.tower.state.lease_holder
        if has_it != holder:
            whose = f"'{has_it}' holds the motion lease" if has_it else "nobody holds the motion lease"
            raise TowerError(f"'{holder}' may not move the tower: {whose}; acquire it first", "lease_lost")

    async def _arm(self, request: Any, response: Any) -> Any:
        if self.tower.state.lease_holder:
            try:
                self._refuse_stranger(request.holder)
            except TowerError as error:
                response.success, response.message, response.alert = False, str(error), error.alert
                return response
        call = self.tower.arm() if request.arm else self.tower.disarm(request.because)
        return await self._answer(response, call)

    async def _stop(self, request: Any, response: Any) -> Any:
        """Anybody may stop the tower."""
        return await self._answer(response, self.tower.stop(request.because))

    async def _hold(self, request: Any, response: Any) -> Any:
        """Anybody may hold the tower."""
        return await self._answer(response, self.tower.hold(request.because))

    async def _resume(self, request: Any, response: Any) -> Any:
        return await self._answer(response, self._resumed_by(request.holder))

    async def _resumed_by(self, holder: str) -> None:
        self._refuse_stranger(holder)
        await self.tower.renew_lease(holder)
        await self.tower.resume()

    async def _tell_places(self, request: Any, response: Any) -> Any:
        try:
            places_mm = {
                Axis(name): 1000.0 * m for name, m in zip(request.axes, request.positions, strict=True)
            }
        except ValueError as error:
            response.success, response.message = False, f"places cannot be read: {error}"
            return response
        return await self._answer(response, self._places_told_by(request.holder, places_mm))

    async def _places_told_by(self, holder: str, places_mm: dict[Axis, float]) -> None:
        self._refuse_stranger(holder)
        await self.tower.renew_lease(holder)
        await self.tower.tell_places(places_mm)

    async def _output(self, request: Any, response: Any) -> Any:
        try:
            output = Output(request.output)
        except ValueError:
            known = ", ".join(item.value for item in Output)
            response.success, response.message = False, f"no output {request.output!r}; there are {known}"
            return response
        return await self._answer(response, self.tower.set_output(output, request.value))

    async def _lease(self, request: Any, response: Any) -> Any:
        calls = {
            MotionLease.Request.ACQUIRE: self.tower.acquire_lease,
            MotionLease.Request.RENEW: self.tower.renew_lease,
            MotionLease.Request.RELEASE: self.tower.release_lease_of,
        }
        call = calls.get(request.command)
        if call is None:
            response.success, response.message = False, f"unknown lease command {request.command}"
            return response
        return await self._answer(response, call(request.holder))

    # topics

    def _publish_state(self) -> None:
        state = replace(self.tower.state, lease_holder=self.lease_holder)
        self._towers.publish(
            conversions.tower_state_to_msg(state, conversions.to_stamp(state.stamp_s), self._checksum)
        )
        loads = Loads(
            left=float(state.loads_kg[conversions.Side.LEFT]),
            right=float(state.loads_kg[conversions.Side.RIGHT]),
        )
        loads.header.stamp = conversions.to_stamp(state.stamp_s)
        self._loads.publish(loads)

    def _publish_joints(self) -> None:
        self._joints.publish(conversions.joint_state(self.tower.state))


def main(args: list[str] | None = None) -> int:
    return run_node(TowerDriver, args)


if __name__ == "__main__":
    sys.exit(main())
