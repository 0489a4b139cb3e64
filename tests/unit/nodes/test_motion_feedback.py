"""Who asks tower_driver for a motion hears how far it is."""

from __future__ import annotations

from typing import Any

import pytest
from node_stage import Stage, sent, until
from rclpy.action import ActionClient
from serial_board import SerialBoard

from bee_robot.clock import wall_s, wall_sleep
from bee_robot.nodes.tower_driver import TowerDriver
from bee_robot_interfaces.action import HomeTower, MoveTower
from bee_robot_interfaces.msg import AxisMove, Segment
from bee_robot_interfaces.srv import ArmTower, MotionLease

HOLDER = "test"


class Person:
    """Holds the lease, and sends goals from outside."""

    def __init__(self, stage: Stage) -> None:
        self.node = stage.observer()
        self._lease = self.node.create_client(MotionLease, "tower/lease")
        self._arm = self.node.create_client(ArmTower, "tower/arm")
        self._home = ActionClient(self.node, HomeTower, "tower/home")
        self._move = ActionClient(self.node, MoveTower, "tower/move")

    def take(self) -> None:
        self._say(MotionLease.Request.ACQUIRE)
        self._ask(self._arm, ArmTower.Request(arm=True, holder=HOLDER))

    def _say(self, command: int) -> None:
        self._ask(self._lease, MotionLease.Request(command=command, holder=HOLDER))

    def _ask(self, client: Any, request: Any) -> None:
        until(client.service_is_ready, f"{client.srv_name} is there")
        answer = sent(self.node, lambda: client.call_async(request))
        until(answer.done, f"{client.srv_name} answers")
        assert answer.result().success, answer.result().message

    def run(self, client: ActionClient, goal: Any) -> tuple[Any, list[Any]]:
        """Result and all feedback."""
        heard: list[Any] = []
        until(client.server_is_ready, "the action is served")
        answer = sent(
            self.node,
            lambda: client.send_goal_async(goal, feedback_callback=lambda msg: heard.append(msg.feedback)),
        )
        until(answer.done, "the goal is accepted")
        result = sent(self.node, answer.result().get_result_async)
        end_s = wall_s() + 60
        while not result.done():
            self._say(MotionLease.Request.RENEW)
            assert wall_s() < end_s
            wall_sleep(0.1)
        return result.result().result, heard

    def home(self, *axes: str) -> tuple[Any, list[Any]]:
        return self.run(self._home, HomeTower.Goal(holder=HOLDER, axes=list(axes)))

    def move(self, *targets_m: float) -> tuple[Any, list[Any]]:
        segments = [
            Segment(
                name=f"to {target_m}",
                axes=[AxisMove(axis="shuttle_left", position=target_m, max_speed=0.08, max_acceleration=0.4)],
                dwell=0.3,
            )
            for target_m in targets_m
        ]
        return self.run(self._move, MoveTower.Goal(holder=HOLDER, name="about", segments=segments))


@pytest.fixture
def person(stage: Stage, board: SerialBoard) -> Person:
    stage.start(TowerDriver, port=board.path)
    somebody = Person(stage)
    somebody.take()
    return somebody


def test_homing_and_moving_tell_how_far_they_are(person: Person) -> None:
    result, heard = person.home("shuttle_left", "shuttle_right")
    assert result.error_code == HomeTower.Result.NONE, result.error_msg
    told = [list(feedback.homed) for feedback in heard]
    assert set(told[-1]) == {"shuttle_left", "shuttle_right"}
    result, heard = person.move(-0.23, -0.22, -0.23)
    assert result.error_code == MoveTower.Result.NONE, result.error_msg
    segments = [feedback.segment for feedback in heard]
    assert segments == sorted(segments) and segments[-1] == 2 and len(segments) > 1
