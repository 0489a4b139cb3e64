"""Goals of tower/move and tower/home: run one after the other, told how far they are, cancelled by a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse

from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Axis, MotionEnd, MotionResult, TowerError
from bee_robot.nodes import conversions
from bee_robot.nodes.driver_node import DriverNode
from bee_robot_interfaces.action import HomeTower, MoveTower

TELL_PERIOD_S = 0.1

Motion = Callable[[], Coroutine[Any, Any, MotionResult]]
Told = Callable[[MotionResult | None], Any]
"""Feedback of the motion that runs, or of one that ended so."""


class MotionGoals:
    """`tower`: the one that is connected; `refuse_stranger`: raises TowerError for all but the holder of the lease."""

    def __init__(
        self, node: DriverNode, tower: Callable[[], SerialTower], refuse_stranger: Callable[[str], None]
    ) -> None:
        self._node, self._tower, self._refuse_stranger = node, tower, refuse_stranger
        self._cancels: dict[bytes, asyncio.Event] = {}
        self._motion = asyncio.Lock()

    def serve(self) -> list[Callable[[], Any]]:
        """Begin to serve; what ends it again."""
        ends: list[Callable[[], Any]] = []
        for kind, name, callback in (
            (MoveTower, "tower/move", self._move),
            (HomeTower, "tower/home", self._home),
        ):
            server = ActionServer(
                self._node,
                kind,
                name,
                callback,
                goal_callback=lambda _: GoalResponse.ACCEPT,
                cancel_callback=self._cancel_asked,
            )
            ends.append(server.destroy)
        return ends

    async def _move(self, goal_handle: Any) -> MoveTower.Result:
        def motion() -> Coroutine[Any, Any, MotionResult]:
            return self._tower().move(conversions.programme_from_goal(goal_handle.request))

        def told(result: MotionResult | None) -> MoveTower.Feedback:
            last = None if result is None else max(0, result.segments_done - 1)
            return MoveTower.Feedback(segment=self._tower().segment if last is None else last)

        result = await self._run(goal_handle, motion, told)
        if isinstance(result, TowerError):
            return MoveTower.Result(
                error_code=MoveTower.Result.REFUSED, error_msg=str(result), alert=result.alert
            )
        return conversions.result_to_msg(result)

    async def _home(self, goal_handle: Any) -> HomeTower.Result:
        def motion() -> Coroutine[Any, Any, MotionResult]:
            return self._tower().home(tuple(Axis(name) for name in goal_handle.request.axes))

        def told(result: MotionResult | None) -> HomeTower.Feedback:
            found = None if result is None else [reference.axis for reference in result.references]
            homed = self._tower().homed if found is None else found
            return HomeTower.Feedback(homed=[axis.value for axis in homed])

        result = await self._run(goal_handle, motion, told)
        if isinstance(result, TowerError):
            return HomeTower.Result(
                error_code=HomeTower.Result.REFUSED, error_msg=str(result), alert=result.alert
            )
        move = conversions.result_to_msg(result)
        states = self._tower().state.axes
        homed = [name for name in goal_handle.request.axes if states[Axis(name)].is_referenced]
        return HomeTower.Result(
            error_code=move.error_code,
            error_msg=move.error_msg,
            alert=move.alert,
            homed=homed,
            positions=move.positions,
            references=[conversions.reference_to_msg(found) for found in result.references],
        )

    async def _run(self, goal_handle: Any, motion: Motion, told: Told) -> MotionResult | TowerError:
        """Run a motion for a goal and end the goal. Whatever goes wrong is an answer, never silence."""
        key = bytes(goal_handle.goal_id.uuid)
        cancelled = self._cancels.setdefault(key, asyncio.Event())
        try:
            holder = goal_handle.request.holder
            self._refuse_stranger(holder)
            with self._node.answering():
                result = await self._node.bridge.submit(
                    self._cancellable(self._moved_by(holder, goal_handle, motion, told), cancelled)
                )
        except TowerError as error:
            goal_handle.abort()
            return error
        except Exception as error:  # noqa: BLE001 - said to whoever asked and in the log
            self._node.get_logger().error(f"motion failed: {error!r}")
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

    async def _moved_by(self, holder: str, goal_handle: Any, motion: Motion, told: Told) -> MotionResult:
        """A goal of its holder renews the lease: who asks, lives. Raises TowerError where it has lapsed."""
        await self._tower().renew_lease(holder)
        async with self._motion:  # the board runs one at a time; what is told is of this one
            telling = asyncio.ensure_future(self._tell(goal_handle, told))
            try:
                result = await motion()
            finally:
                telling.cancel()
            goal_handle.publish_feedback(told(result))
            return result

    async def _tell(self, goal_handle: Any, told: Told) -> None:
        """Feedback at every change, ten times a second of robot time at most."""
        last = None
        while True:
            feedback = told(None)
            if feedback != last:
                last = feedback
                goal_handle.publish_feedback(feedback)
            await self._node.bridge.clock.sleep(TELL_PERIOD_S)

    def _cancel_asked(self, goal_handle: Any) -> CancelResponse:
        event = self._cancels.setdefault(bytes(goal_handle.goal_id.uuid), asyncio.Event())
        self._node.bridge.call_soon(event.set)
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
            await self._tower().stop("the goal was cancelled")
        return await motion
