"""tower_driver: owner of the serial port. Serves the tower on the graph; the motion lease decides who is obeyed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.task import Future
from sensor_msgs.msg import JointState

from bee_robot.clock import pause_wall, wall_s
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Axis, BoardState, MotionEnd, MotionResult, Output, TowerError
from bee_robot.mcu.link_report import Figure, Snapshot, link_figures
from bee_robot.nodes import conversions, qos
from bee_robot.nodes.process import BeeNode, StartError, run_node
from bee_robot_interfaces.action import HomeTower, MoveTower
from bee_robot_interfaces.msg import Loads, TowerState
from bee_robot_interfaces.srv import ArmTower, HoldTower, MotionLease, ResumeTower, SetOutput, StopTower

STATE_HZ = 20.0
JOINTS_HZ = 20.0
DIAGNOSTICS_HZ = 1.0


class TowerDriver(BeeNode):
    """Parameters: robot_file; port (empty: the robot file's serial.port)."""

    def __init__(self) -> None:
        super().__init__("tower_driver")
        self._port = self.parameter("port") or self.robot.serial.port
        self._checksum = self.robot.checksum()
        self._tower: SerialTower | None = None
        self._cancels: dict[bytes, asyncio.Event] = {}
        self._link_before: Snapshot | None = None
        self._link_figures: dict[str, Figure] = {}
        self._joints = self.create_publisher(JointState, "joint_states", qos.of("joint_states"))
        self._states = self.create_publisher(TowerState, "tower/state", qos.of("tower/state"))
        self._loads = self.create_publisher(Loads, "loads", qos.of("loads"))
        self._array = self.create_publisher(DiagnosticArray, "diagnostics", qos.of("diagnostics"))

    # start and end

    def begin(self) -> None:
        opening = self.bridge.submit(self._open())
        opening.add_done_callback(lambda done: self.executor.create_task(self._opened, done))

    async def _open(self) -> SerialTower:
        wait_s = self.parameter("port_wait")
        await _port_appears(Path(self._port), wait_s)
        tower = await SerialTower.open(self.robot, self._port, self.bridge.clock)
        return tower

    def _opened(self, future: Any) -> None:
        error = future.exception()
        if error is not None:
            if not isinstance(error, asyncio.CancelledError):
                sys.stderr.write(f"tower_driver: {error}\n")
                self.exit_code = 2
            self.is_finished = True
            return
        self._tower = future.result()
        self._serve()
        self.get_logger().info(f"tower on {self._port}: {self._tower.state.board.value}")

    def _serve(self) -> None:
        self.create_service(ArmTower, "tower/arm", self._arm, callback_group=self.waiting_group)
        self.create_service(StopTower, "tower/stop", self._stop, callback_group=self.waiting_group)
        self.create_service(HoldTower, "tower/hold", self._hold, callback_group=self.waiting_group)
        self.create_service(ResumeTower, "tower/resume", self._resume, callback_group=self.waiting_group)
        self.create_service(SetOutput, "tower/output", self._output, callback_group=self.waiting_group)
        self.create_service(MotionLease, "tower/lease", self._lease, callback_group=self.waiting_group)
        options = {
            "goal_callback": lambda _: GoalResponse.ACCEPT,
            "cancel_callback": self._cancel_asked,
        }
        self._move_server = ActionServer(self, MoveTower, "tower/move", self._move, **options)
        self._home_server = ActionServer(self, HomeTower, "tower/home", self._home, **options)
        self.create_timer(1.0 / STATE_HZ, self._publish_state)
        self.create_timer(1.0 / JOINTS_HZ, self._publish_joints)
        self.create_timer(1.0 / DIAGNOSTICS_HZ, self._publish_diagnostics)

    async def end_well(self, because: str) -> None:
        """Whoever moves the tower ends first: the driver stays while its motion lease is held."""
        if self._tower is None:
            return
        while self._tower.state.lease_holder and not self._tower.is_lease_lost:
            await pause_wall(0.05)
        await self._tower.close(f"tower_driver ends ({because})")

    def stop_now(self, because: str) -> Future | None:
        return None if self._tower is None else self.bridge.submit(self._stop_and_say(because))

    async def _stop_and_say(self, because: str) -> str:
        try:
            await self.tower.stop(because)
        except TowerError as error:
            return f"The stop was not confirmed: {error}; the board stops by itself without heartbeats."
        return "Motion is stopped."

    # services

    @property
    def tower(self) -> SerialTower:
        assert self._tower is not None  # services exist only once it is open
        return self._tower

    async def _answer(self, response: Any, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a call of the tower; any error becomes success False with its message, so that nobody waits in vain."""
        try:
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

    async def _moved_by(
        self, holder: str, motion: Callable[[], Coroutine[Any, Any, MotionResult]]
    ) -> MotionResult:
        """A goal of its holder renews the lease: who asks, lives. Raises TowerError where it has lapsed."""
        await self.tower.renew_lease(holder)
        return await motion()

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

    # actions

    async def _move(self, goal_handle: Any) -> MoveTower.Result:
        def motion() -> Coroutine[Any, Any, MotionResult]:
            return self.tower.move(conversions.programme_from_goal(goal_handle.request))

        result = await self._run(goal_handle, motion)
        if isinstance(result, TowerError):
            return MoveTower.Result(
                error_code=MoveTower.Result.REFUSED, error_msg=str(result), alert=result.alert
            )
        return conversions.result_to_msg(result)

    async def _home(self, goal_handle: Any) -> HomeTower.Result:
        def motion() -> Coroutine[Any, Any, MotionResult]:
            return self.tower.home(tuple(Axis(name) for name in goal_handle.request.axes))

        result = await self._run(goal_handle, motion)
        if isinstance(result, TowerError):
            return HomeTower.Result(
                error_code=HomeTower.Result.REFUSED, error_msg=str(result), alert=result.alert
            )
        move = conversions.result_to_msg(result)
        states = self.tower.state.axes
        homed = [name for name in goal_handle.request.axes if states[Axis(name)].is_referenced]
        return HomeTower.Result(
            error_code=move.error_code,
            error_msg=move.error_msg,
            alert=move.alert,
            homed=homed,
            positions=move.positions,
            references=[conversions.reference_to_msg(found) for found in result.references],
        )

    async def _run(
        self, goal_handle: Any, motion: Callable[[], Coroutine[Any, Any, MotionResult]]
    ) -> MotionResult | TowerError:
        """Run a motion for a goal and end the goal. Whatever goes wrong is an answer, never silence."""
        key = bytes(goal_handle.goal_id.uuid)
        cancelled = self._cancels.setdefault(key, asyncio.Event())
        try:
            holder = goal_handle.request.holder
            self._refuse_stranger(holder)
            result = await self.bridge.submit(self._cancellable(self._moved_by(holder, motion), cancelled))
        except TowerError as error:
            goal_handle.abort()
            return error
        except Exception as error:  # noqa: BLE001 - said to whoever asked and in the log
            self.get_logger().error(f"motion failed: {error!r}")
            goal_handle.abort()
            return TowerError(f"the motion failed in tower_driver: {error!r}; read the positions back", "")
        finally:
            self._cancels.pop(key, None)
        if result.end is MotionEnd.DONE:
            goal_handle.succeed()
        elif goal_handle.is_cancel_requested:
            goal_handle.canceled()
        else:
            goal_handle.abort()
        return result

    def _cancel_asked(self, goal_handle: Any) -> CancelResponse:
        event = self._cancels.setdefault(bytes(goal_handle.goal_id.uuid), asyncio.Event())
        self.bridge.call_soon(event.set)
        return CancelResponse.ACCEPT

    async def _cancellable(
        self, coroutine: Coroutine[Any, Any, MotionResult], cancelled: asyncio.Event
    ) -> MotionResult:
        """The motion; a cancel request stops it. The motion's own result is the answer either way."""
        motion = asyncio.ensure_future(coroutine)
        cancel = asyncio.ensure_future(cancelled.wait())
        await asyncio.wait({motion, cancel}, return_when=asyncio.FIRST_COMPLETED)
        cancel.cancel()
        if not motion.done():
            await self.tower.stop("the goal was cancelled")
        return await motion

    # topics

    def _publish_state(self) -> None:
        state = self.tower.state
        self._states.publish(
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

    def _publish_diagnostics(self) -> None:
        self.bridge.call_soon(self._take_link_figures)
        state = self.tower.state
        is_ok = state.board in (
            BoardState.ARMED,
            BoardState.MOVING,
            BoardState.HOLDING,
            BoardState.DISARMED,
        )
        status = DiagnosticStatus(
            level=DiagnosticStatus.OK if is_ok else DiagnosticStatus.ERROR,
            name="tower_driver: board",
            message=state.board.value + (f": {state.stop_reason}" if state.stop_reason else ""),
            hardware_id=self.robot.robot,
            values=[
                KeyValue(key="link_errors", value=str(state.link_errors)),
                KeyValue(key="link_round_trip_ms", value=f"{state.link_round_trip_ms:.2f}"),
                KeyValue(key="lease_holder", value=state.lease_holder),
                KeyValue(key="configuration_checksum", value=f"{self._checksum:08x}"),
                *(KeyValue(key=name, value=_shown(value)) for name, value in self._link_figures.items()),
            ],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.stamp()
        self._array.publish(array)

    def _take_link_figures(self) -> None:
        """What `bee link` prints, of the link as it is used, with the rates since the call before. On the link's own loop:
        what it counts changes there; the next diagnostics carry it."""
        client = self.tower.client
        now = Snapshot.take(client.statistics, self.bridge.clock.now_s())
        before, self._link_before = self._link_before or now, now
        to_board, from_board = before.rates(now)
        rates: dict[str, Figure] = {
            "bytes_per_s_to_board": to_board,
            "bytes_per_s_from_board": from_board,
            "baud": self.robot.serial.baud,
        }
        self._link_figures = {**link_figures(client), **rates}


def _shown(value: Figure) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


async def _port_appears(port: Path, wait_s: float) -> None:
    """Wait (wall time: the twin's port exists before its clock runs) for the device; StartError with the remedy."""
    end_s = wall_s() + wait_s
    while not port.exists():
        if wall_s() >= end_s:
            raise StartError(
                f"serial port {port} is not there; plug the board in, or set serial.port in the robot file "
                "(bee doctor lists the ports that are here)"
            )
        await pause_wall(0.02)


def main(args: list[str] | None = None) -> int:
    return run_node(TowerDriver, args)


if __name__ == "__main__":
    sys.exit(main())
