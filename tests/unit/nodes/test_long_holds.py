"""Whoever waits for a motion waits as long as it is held, and not longer than it may take."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from node_stage import Stage, until
from rclpy.action import ActionServer, CancelResponse

from bee_robot.clock import wall_s
from bee_robot.devices.tower import MotionProgramme, MotionResult, TowerError
from bee_robot.nodes import conversions, qos, ros_tower
from bee_robot.nodes.asyncio_bridge import AsyncioBridge
from bee_robot.nodes.ros_tower import RosTower
from bee_robot_interfaces.action import MoveTower
from bee_robot_interfaces.msg import TowerState

LONGEST_S = 1.0


class Scene:
    """A driver whose motion never ends by itself, and somebody who waits for it."""

    def __init__(self, stage: Stage) -> None:
        self.driver, waiter = stage.observer("driver"), stage.observer("waiter")
        self._bridges = [AsyncioBridge(self.driver), AsyncioBridge(waiter)]
        self.cancelled = asyncio.Event()
        self._server = ActionServer(
            self.driver,
            MoveTower,
            "tower/move",
            self._move,
            cancel_callback=self._take_cancel,
        )
        self._states = self.driver.create_publisher(TowerState, "tower/state", qos.of("tower/state"))
        self.board = "moving"
        self.tower = RosTower(waiter, self._bridges[1])
        self.driver.create_timer(0.05, self._say)

    async def _move(self, goal_handle: Any) -> MoveTower.Result:
        await self._bridges[0].submit(self.cancelled.wait())
        goal_handle.canceled()
        return MoveTower.Result(error_code=MoveTower.Result.STOPPED)

    def _take_cancel(self, _: Any) -> CancelResponse:
        self._bridges[0].call_soon(self.cancelled.set)
        return CancelResponse.ACCEPT

    def _say(self) -> None:
        msg = TowerState(board=self.board)
        msg.header.stamp = conversions.to_stamp(self._bridges[1].clock.now_s())
        self._states.publish(msg)

    def begin(self) -> Future[MotionResult]:
        until(lambda: self.tower._move.server_is_ready(), "the action is there")
        until(lambda: self.tower._state is not None, "a state is heard")
        return self._bridges[1].start(self.tower.move(MotionProgramme("across", ())))

    def close(self) -> None:
        for bridge in self._bridges:
            bridge.close()


@pytest.fixture
def scene(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(ros_tower, "LONGEST_MOTION_S", LONGEST_S)
    monkeypatch.setattr(ros_tower, "SERVER_LOOK_WALL_S", 0.05)
    made = Scene(stage)
    yield made
    made.close()


def test_a_motion_may_be_held_for_longer_than_it_may_move(scene: Scene) -> None:
    scene.board = "holding"
    waiting, began_s = scene.begin(), wall_s()
    until(lambda: wall_s() - began_s > 2 * LONGEST_S, "it was held for long")
    assert not waiting.done() and not scene.cancelled.is_set()
    scene.board = "moving"
    until(waiting.done, "nobody waits for ever")
    error = waiting.exception()
    assert isinstance(error, TowerError) and error.alert == "link_lost"
    assert scene.cancelled.is_set(), "it does not go on with nobody who waits for it"
