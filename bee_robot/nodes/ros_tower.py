"""RosTower: the Tower contract through tower_driver, for whoever moves the tower from another process.

All calls run on the asyncio loop of the bridge. The lease is renewed at 10 Hz of robot time until it is released; a
renewal that the driver refuses ends every motion there, and is said here at the next call.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.node import Node

from bee_robot.devices.tower import (
    Axis,
    BoardState,
    MotionProgramme,
    MotionResult,
    Output,
    TowerError,
    TowerState,
)
from bee_robot.nodes import conversions, qos
from bee_robot.nodes.asyncio_bridge import AsyncioBridge
from bee_robot.safety.conditions import FUTURE_S
from bee_robot_interfaces.action import HomeTower, MoveTower
from bee_robot_interfaces.msg import TowerState as TowerStateMsg
from bee_robot_interfaces.srv import (
    ArmTower,
    HoldTower,
    MotionLease,
    ResumeTower,
    SetOutput,
    StopTower,
    TellPlaces,
)

ANSWER_S = 5.0
STATE_MAX_AGE_S = 1.0
LEASE_RENEWAL_S = 0.1
SERVER_LOOK_WALL_S = 0.5
LONGEST_MOTION_S = 600.0
LONGEST_HOLD_S = 7 * 24 * 3600.0  # a person who paused may take all day; nothing resumes, or ends, for that


class RosTower:
    """See `bee_robot.devices.tower.Tower`."""

    def __init__(self, node: Node, bridge: AsyncioBridge) -> None:
        self._bridge = bridge
        self._node = node
        self._state: TowerState | None = None
        self._has_told = False
        self._arm = node.create_client(ArmTower, "tower/arm")
        self._stop = node.create_client(StopTower, "tower/stop")
        self._hold = node.create_client(HoldTower, "tower/hold")
        self._resume = node.create_client(ResumeTower, "tower/resume")
        self._tell_places = node.create_client(TellPlaces, "tower/tell_places")
        self._output = node.create_client(SetOutput, "tower/output")
        self._lease = node.create_client(MotionLease, "tower/lease")
        self._move = ActionClient(node, MoveTower, "tower/move")
        self._home = ActionClient(node, HomeTower, "tower/home")
        self._holder = ""
        self._renewals: asyncio.Task[None] | None = None
        self._lease_fault = ""
        node.create_subscription(TowerStateMsg, "tower/state", self._take_state, qos.of("tower/state"))

    def _take_state(self, msg: TowerStateMsg) -> None:
        """Anybody may publish here: what is older than the newest state, or of a time that has not come, moves nothing."""
        stamp_s, now_s = conversions.stamp_s(msg.header.stamp), self._bridge.clock.now_s()
        if stamp_s > now_s + FUTURE_S:
            if now_s > 0.0:  # 0: simulated time has not begun here
                self._tell_once(
                    f"states of the tower that are {stamp_s - now_s:.1f} s ahead of robot time are not used"
                )
            return
        newest = self._state
        # One that is ahead of a clock that was set back is not the newest any more.
        if newest is not None and stamp_s < newest.stamp_s <= now_s + FUTURE_S:
            if newest.stamp_s - stamp_s > STATE_MAX_AGE_S:
                self._tell_once(
                    f"states of the tower that are {newest.stamp_s - stamp_s:.1f} s older than the newest are not used"
                )
            return
        try:
            self._state = conversions.tower_state_from_msg(msg)
        except (ValueError, KeyError) as error:  # a word that no driver of this version says
            self._tell_once(f"a state of the tower that cannot be read ({error}) is not used")

    def _tell_once(self, what: str) -> None:
        if not self._has_told:
            self._has_told = True
            self._node.get_logger().warning(
                f"{what}; is there another tower_driver, or a replay, on this graph? (bee ros topic info tower/state --verbose)"
            )

    def is_ready(self) -> bool:
        """Whether the driver is there and has said where the tower is."""
        return (
            self._state is not None
            and self._lease.service_is_ready()
            and self._arm.service_is_ready()
            and self._move.server_is_ready()
            and self._home.server_is_ready()
        )

    @property
    def state(self) -> TowerState:
        state = self._state
        if state is None:
            raise TowerError("tower_driver has said nothing yet; is it running? (bee up tower)", "link_lost")
        age_s = self._bridge.clock.now_s() - state.stamp_s
        if age_s > STATE_MAX_AGE_S:
            raise TowerError(
                f"the last state of the tower is {age_s:.1f} s old; look at tower_driver and its cable",
                "link_lost",
            )
        return state

    async def _call(self, client: Any, request: Any, what: str) -> Any:
        if not client.service_is_ready():
            raise TowerError(f"{what} is not there; is tower_driver running?", "link_lost")
        try:
            response = await self._bridge.ask(lambda: client.call_async(request), ANSWER_S, what)
        except TimeoutError as error:
            raise TowerError(str(error), "link_lost") from None
        if not response.success:
            raise TowerError(response.message, getattr(response, "alert", ""))
        return response

    # lease

    async def acquire_lease(self, holder: str) -> None:
        await self._call(
            self._lease,
            MotionLease.Request(command=MotionLease.Request.ACQUIRE, holder=holder),
            "tower/lease",
        )
        self._holder, self._lease_fault = holder, ""
        if self._renewals is not None:  # taken again: two that renew would outlive one release
            self._renewals.cancel()
        self._renewals = asyncio.ensure_future(self._renew())

    async def _renew(self) -> None:
        """Renewals do not wait for their answers: a slow answer must not cost the next renewal."""
        request = MotionLease.Request(command=MotionLease.Request.RENEW, holder=self._holder)
        while not self._lease_fault:
            self._bridge.post(lambda: self._lease.call_async(request).add_done_callback(self._renewed))
            await self._bridge.clock.sleep(LEASE_RENEWAL_S)

    def _renewed(self, future: Any) -> None:
        answer = None if future.cancelled() else future.result()
        if answer is not None and not answer.success and self._holder:
            self._lease_fault = f"the motion lease is lost: {answer.message}"

    async def release_lease(self) -> None:
        if self._renewals is not None:
            self._renewals.cancel()
            self._renewals = None
        if self._holder:
            holder, self._holder = self._holder, ""
            await self._call(
                self._lease,
                MotionLease.Request(command=MotionLease.Request.RELEASE, holder=holder),
                "tower/lease",
            )

    # requests

    async def arm(self) -> None:
        await self._call(self._arm, ArmTower.Request(arm=True, holder=self._holder), "tower/arm")

    async def disarm(self, because: str) -> None:
        await self._call(
            self._arm, ArmTower.Request(arm=False, because=because, holder=self._holder), "tower/arm"
        )

    async def stop(self, because: str) -> None:
        await self._call(self._stop, StopTower.Request(because=because), "tower/stop")

    async def hold(self, because: str) -> None:
        await self._call(self._hold, HoldTower.Request(because=because), "tower/hold")

    async def resume(self) -> None:
        self._require_lease()
        await self._call(self._resume, ResumeTower.Request(holder=self._holder), "tower/resume")

    async def tell_places(self, places_mm: Mapping[Axis, float]) -> None:
        """Returns with a state that knows them."""
        self._require_lease()
        axes = [axis.value for axis in places_mm]
        positions = [mm / 1000.0 for mm in places_mm.values()]
        request = TellPlaces.Request(holder=self._holder, axes=axes, positions=positions)
        since_s = self._bridge.clock.now_s()
        await self._call(self._tell_places, request, "tower/tell_places")
        until_s = since_s + STATE_MAX_AGE_S
        while self.state.stamp_s <= since_s and self._bridge.clock.now_s() < until_s:
            await self._bridge.clock.sleep(LEASE_RENEWAL_S / 2)

    async def set_output(self, output: Output, value: float) -> None:
        await self._call(
            self._output, SetOutput.Request(output=output.value, value=float(value)), "tower/output"
        )

    async def move(self, programme: MotionProgramme) -> MotionResult:
        self._require_lease()
        goal = conversions.programme_to_goal(programme)
        goal.holder = self._holder
        result = await self._goal(self._move, goal, "tower/move")
        return conversions.result_from_msg(result)

    async def home(self, axes: tuple[Axis, ...]) -> MotionResult:
        self._require_lease()
        goal = HomeTower.Goal(holder=self._holder, axes=[axis.value for axis in axes])
        result = await self._goal(self._home, goal, "tower/home")
        return MotionResult(
            end=conversions.END_OF_ERROR[result.error_code],
            segments_done=1 if result.error_code == HomeTower.Result.NONE else 0,
            positions_mm={axis: state.position_mm for axis, state in self.state.axes.items()},
            reason=result.error_msg,
            alert=result.alert,
            references=tuple(conversions.reference_from_msg(found) for found in result.references),
        )

    def _require_lease(self) -> None:
        if self._lease_fault:
            raise TowerError(self._lease_fault, "lease_lost")

    async def _while_served(self, client: ActionClient, result: asyncio.Future[Any], what: str) -> Any:
        """The result of a goal; TowerError as soon as its server has left the graph, TimeoutError after LONGEST_MOTION_S in
        which it was not held. Cancelling does not cancel the goal."""
        moved_s, looked_s = 0.0, self._bridge.clock.now_s()
        while not result.done():
            await asyncio.wait({result}, timeout=SERVER_LOOK_WALL_S)
            before_s, looked_s = looked_s, self._bridge.clock.now_s()
            if self._state is None or self._state.board is not BoardState.HOLDING:
                moved_s += looked_s - before_s
            if not result.done() and moved_s > LONGEST_MOTION_S:
                result.cancel()
                raise TimeoutError(f"no answer from {what} within {LONGEST_MOTION_S:g} s")
            if not result.done() and not client.server_is_ready():
                result.cancel()
                raise TowerError(
                    f"tower_driver left during {what}; look at its log and at the tower", "link_lost"
                )
        return result.result()

    async def _goal(self, client: ActionClient, goal: Any, what: str) -> Any:
        """Send a goal and wait for its result. Cancelling this call cancels the goal and waits for the standstill."""
        if not client.server_is_ready():
            raise TowerError(f"{what} is not there; is tower_driver running?", "link_lost")
        try:
            handle = await self._bridge.ask(lambda: client.send_goal_async(goal), ANSWER_S, what)
        except TimeoutError as error:
            # Not sent again: whether it arrived is unknown, and a motion is never repeated blindly.
            raise TowerError(f"{error}; look at the tower before moving it again", "link_lost") from None
        if not handle.accepted:
            raise TowerError(f"{what} refused the goal", "limit_refused")
        result = asyncio.ensure_future(self._bridge.ask(handle.get_result_async, LONGEST_HOLD_S, what))
        try:
            answer = await self._while_served(client, result, what)
        except asyncio.CancelledError:
            await self._bridge.ask(handle.cancel_goal_async, ANSWER_S, f"cancelling {what}")
            await result
            raise
        except TimeoutError as error:  # it must not go on with nobody listening
            with contextlib.suppress(TimeoutError):
                await self._bridge.ask(handle.cancel_goal_async, ANSWER_S, f"cancelling {what}")
            raise TowerError(str(error), "link_lost") from None
        is_done = answer.status == GoalStatus.STATUS_SUCCEEDED
        if is_done != (answer.result.error_code == MoveTower.Result.NONE):
            # an answer that does not say how the motion ended must never count as done
            raise TowerError(
                f"{what} ended with status {answer.status} and no reason; look at tower_driver", "link_lost"
            )
        return answer.result
