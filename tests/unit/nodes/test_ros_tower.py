"""RosTower and who says what on `tower/state`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from node_stage import Stage, until
from rclpy.node import Node

from bee_robot.clock import SteppedClock
from bee_robot.devices.tower import TowerError
from bee_robot.nodes import conversions, qos
from bee_robot.nodes.asyncio_bridge import AsyncioBridge
from bee_robot.nodes.ros_tower import STATE_MAX_AGE_S, RosTower
from bee_robot.safety.conditions import FUTURE_S
from bee_robot_interfaces.msg import TowerState

NOW_S = 1000.0


class Scene:
    """A tower as another process sees it, at a robot time set by hand, and somebody who publishes."""

    def __init__(self, stage: Stage) -> None:
        self.bridge = SimpleNamespace(clock=SteppedClock(NOW_S))
        self.observer: Node = stage.observer("extractor")
        self.tower = RosTower(self.observer, cast(AsyncioBridge, self.bridge))
        self._heard = 0
        self.observer.create_subscription(TowerState, "tower/state", self._count, qos.of("tower/state"))
        speaker = stage.observer("speaker")
        self._publisher = speaker.create_publisher(TowerState, "tower/state", qos.of("tower/state"))
        until(lambda: self._publisher.get_subscription_count() >= 2, "both listen")

    def _count(self, _: Any) -> None:
        self._heard += 1

    def say(self, stamp_s: float, reason: str, board: str = "armed") -> None:
        """Published, and taken by everybody: the subscription after that of the tower has it."""
        msg = TowerState(board=board, stop_reason=reason)
        msg.header.stamp = conversions.to_stamp(stamp_s)
        before = self._heard
        self._publisher.publish(msg)
        until(lambda: self._heard > before, f"'{reason}' is heard")

    @property
    def says(self) -> str:
        return self.tower.state.stop_reason


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return Scene(stage)


def test_an_old_state_does_not_replace_a_newer_one(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    scene.say(NOW_S - 0.02, "new")
    for _ in range(3):
        scene.say(NOW_S - 600.0, "of a replay")
    assert scene.says == "new"
    scene.say(NOW_S - 0.02, "same time")
    assert scene.says == "same time"
    told = [line for line in capfd.readouterr().err.splitlines() if "not used" in line]
    assert len(told) == 1 and "older than the newest" in told[0] and "another tower_driver" in told[0]


def test_a_state_of_a_time_that_has_not_come_proves_nothing(
    scene: Scene, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        scene.say(NOW_S + FUTURE_S + 0.5, "of the future")
    with pytest.raises(TowerError, match="said nothing yet"):
        _ = scene.tower.state
    scene.say(NOW_S + FUTURE_S / 2, "a clock that is a little ahead")
    assert scene.says == "a clock that is a little ahead"
    scene.bridge.clock.advance_to(NOW_S + FUTURE_S / 2 + STATE_MAX_AGE_S + 0.1)
    with pytest.raises(TowerError, match="s old"):
        _ = scene.tower.state
    told = [line for line in capfd.readouterr().err.splitlines() if "not used" in line]
    assert len(told) == 1 and "ahead of robot time" in told[0]


def test_robot_time_that_began_anew_does_not_shut_the_tower_out(scene: Scene) -> None:
    scene.say(NOW_S, "before")
    scene.bridge.clock = SteppedClock(5.0)
    scene.say(4.9, "a new simulation")
    assert scene.says == "a new simulation"


def test_a_state_that_no_driver_of_ours_says_is_left_out(
    scene: Scene, capfd: pytest.CaptureFixture[str]
) -> None:
    scene.say(NOW_S - 0.02, "ours")
    scene.say(NOW_S - 0.01, "foreign", board="dancing")
    assert scene.says == "ours"
    assert "cannot be read" in capfd.readouterr().err
