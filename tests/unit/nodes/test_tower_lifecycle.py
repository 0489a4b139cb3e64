"""tower_driver as a lifecycle node: by itself, under a manager, and with a board that is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from node_stage import Stage, ask, until
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.node import Node
from serial_board import SerialBoard

from bee_robot.nodes import qos
from bee_robot.nodes.tower_driver import TowerDriver
from bee_robot_interfaces.msg import TowerState
from bee_robot_interfaces.srv import ArmTower, MotionLease, TellPlaces


class Manager:
    """Somebody who manages the driver and looks at it, from outside."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.states: list[TowerState] = []
        self.health: dict[str, DiagnosticStatus] = {}
        self._change = node.create_client(ChangeState, "tower_driver/change_state")
        self._get = node.create_client(GetState, "tower_driver/get_state")
        self._set = node.create_client(SetParametersAtomically, "tower_driver/set_parameters_atomically")
        self.lease_client = node.create_client(MotionLease, "tower/lease")
        self._arm = node.create_client(ArmTower, "tower/arm")
        self._tell = node.create_client(TellPlaces, "tower/tell_places")
        node.create_subscription(TowerState, "tower/state", self.states.append, qos.of("tower/state"))
        node.create_subscription(DiagnosticArray, "diagnostics", self._take, qos.of("diagnostics"))

    def _take(self, msg: DiagnosticArray) -> None:
        self.health.update({status.name: status for status in msg.status})

    def change(self, label: str) -> bool:
        return bool(ask(self._change, ChangeState.Request(transition=Transition(label=label))).success)

    def state(self) -> str:
        return str(ask(self._get, GetState.Request()).current_state.label)

    def lease(self, command: int) -> None:
        answer = ask(self.lease_client, MotionLease.Request(command=command, holder="test"))
        assert answer.success, answer.message

    def arm(self) -> Any:
        return ask(self._arm, ArmTower.Request(arm=True, holder="test"))

    def tell(self, holder: str, **places_m: float) -> Any:
        request = TellPlaces.Request(holder=holder, axes=list(places_m), positions=list(places_m.values()))
        return ask(self._tell, request)

    def set_text(self, name: str, text: str) -> Any:
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=text)
        request = SetParametersAtomically.Request(parameters=[Parameter(name=name, value=value)])
        return ask(self._set, request).result

    def says(self, name: str, level: bytes, text: str = "") -> Callable[[], bool]:
        def is_said() -> bool:
            status = self.health.get(name)
            return status is not None and status.level == level and text in status.message

        return is_said


@pytest.fixture
def manager(stage: Stage) -> Manager:
    return Manager(stage.observer())


def has_power(board: SerialBoard) -> bool:
    with board.lock:
        return bool(board.board.c.bench_rail())


def test_it_becomes_active_by_itself_and_says_how_it_is(
    stage: Stage, board: SerialBoard, manager: Manager
) -> None:
    stage.start(TowerDriver, port=board.path)
    until(lambda: manager.states, "a state of the tower")
    assert manager.state() == "active"
    assert manager.states[-1].board == "disarmed" and not has_power(board)
    until(manager.says("tower_driver: lifecycle", DiagnosticStatus.OK, "active"), "active in diagnostics")
    until(manager.says("tower_driver: board", DiagnosticStatus.OK, "disarmed"), "board in diagnostics")
    values = {value.key: value.value for value in manager.health["tower_driver: board"].values}
    assert values["lease_holder"] == "" and values["door_closed"] == "True"
    assert manager.health["tower_driver: board"].hardware_id == "tower_1"


def test_the_holder_of_the_lease_tells_places_that_the_board_has_forgotten(
    stage: Stage, board: SerialBoard, manager: Manager
) -> None:
    stage.start(TowerDriver, port=board.path)
    until(lambda: manager.states, "a state of the tower")
    manager.lease(MotionLease.Request.ACQUIRE)
    assert manager.arm().success

    stranger = manager.tell("somebody", shuttle_left=-0.1)
    assert not stranger.success and stranger.alert == "lease_lost"
    assert not manager.tell("test", wheel=1.0).success
    assert manager.tell("test", shuttle_left=-0.1, shuttle_right=-0.1).success

    def is_told() -> bool:
        axes = {axis.axis: axis for axis in manager.states[-1].axes}
        return axes["shuttle_left"].is_referenced and abs(axes["shuttle_left"].position + 0.1) < 1e-4

    until(is_told, "the state knows it")
    again = manager.tell("test", shuttle_left=-0.12)
    assert not again.success and "knows where it is" in again.message and again.alert == "limit_refused"


def test_a_manager_takes_it_through_its_life(stage: Stage, board: SerialBoard, manager: Manager) -> None:
    driver = stage.start(TowerDriver, port=board.path, autostart="false")
    assert manager.state() == "unconfigured" and not manager.change("activate")
    assert manager.change("configure") and manager.state() == "inactive"
    assert not manager.lease_client.service_is_ready() and manager.states == []
    refused = manager.set_text("port", "/dev/other")
    assert not refused.successful and "inactive" in refused.reason and "clean" in refused.reason

    assert manager.change("activate")
    until(lambda: manager.states, "a state of the tower")
    manager.lease(MotionLease.Request.ACQUIRE)
    assert manager.arm().success and has_power(board)
    assert not manager.change("deactivate"), "somebody moves the tower"
    assert manager.state() == "active" and has_power(board)
    manager.lease(MotionLease.Request.RELEASE)

    for _ in range(2):
        assert manager.change("deactivate") and manager.state() == "inactive"
        until(lambda: not manager.lease_client.service_is_ready(), "motion is not served any more")
        assert not has_power(board), "nobody could stop it now, so it has no power"
        assert manager.change("cleanup") and manager.state() == "unconfigured"
        assert manager.set_text("port", str(board.path)).successful
        assert manager.change("configure") and manager.change("activate")
        until(manager.lease_client.service_is_ready, "motion is served again")
    assert manager.change("shutdown") and manager.state() == "finalized"
    assert driver.end_because, "its process ends as by SIGTERM"


def test_a_holder_that_is_gone_does_not_keep_the_tower(
    stage: Stage, board: SerialBoard, manager: Manager
) -> None:
    """It renews its lease no more: nobody waits for it, neither here nor where `tower/state` is read."""
    driver = stage.start(TowerDriver, port=board.path)
    until(lambda: manager.states, "a state of the tower")
    manager.lease(MotionLease.Request.ACQUIRE)
    until(lambda: driver.tower.is_lease_lost, "the lease lapses")
    count = len(manager.states)
    until(lambda: len(manager.states) > count + 2, "later states")
    assert manager.states[-1].lease_holder == ""
    assert driver.reason_to_stay() == "" and manager.change("deactivate")


def test_a_cable_pulled_and_put_back(stage: Stage, board: SerialBoard, manager: Manager) -> None:
    stage.start(TowerDriver, port=board.path)
    until(lambda: manager.states, "a state of the tower")
    manager.lease(MotionLease.Request.ACQUIRE)
    assert manager.arm().success
    board.unplug()
    until(lambda: manager.state() == "unconfigured", "the loss leads to unconfigured")
    until(lambda: not manager.lease_client.service_is_ready(), "motion is not served")
    until(manager.says("tower_driver: board", DiagnosticStatus.ERROR, "was lost"), "the loss in diagnostics")
    remedies = [v.value for v in manager.health["tower_driver: board"].values if v.key == "remedy"]
    assert len(remedies) == 1 and "cable" in remedies[0]
    until(manager.says("tower_driver: lifecycle", DiagnosticStatus.ERROR, "attempt"), "the next attempt")
    assert not has_power(board)

    board.plug()
    until(lambda: manager.state() == "active", "it is found again")
    until(lambda: manager.states[-1].board == "stopped", "the board stopped by itself meanwhile")
    assert "was lost" in manager.states[-1].stop_reason
    assert manager.states[-1].lease_holder == "" and not has_power(board), "nothing goes on by itself"
    until(manager.says("tower_driver: lifecycle", DiagnosticStatus.OK), "well again")


def test_a_port_that_is_not_there_is_a_failure_with_a_remedy(
    stage: Stage, board: SerialBoard, manager: Manager
) -> None:
    board.unplug()
    driver = stage.start(TowerDriver, port=board.path, autostart="false")
    assert not manager.change("configure") and manager.state() == "unconfigured"
    assert not driver.is_finished
    board.plug()
    assert manager.change("configure") and manager.state() == "inactive"
    board.unplug()
    until(lambda: manager.state() == "unconfigured", "a loss while inactive")
    assert not manager.change("configure"), "without autostart nobody looks for it but the manager"


def test_another_port_may_be_given_while_a_lost_board_is_looked_for(
    stage: Stage, board: SerialBoard, manager: Manager, tmp_path: Path
) -> None:
    driver = stage.start(TowerDriver, port=board.path)
    until(lambda: manager.states, "a state of the tower")
    board.unplug()
    until(lambda: manager.state() == "unconfigured", "the loss leads to unconfigured")
    other = tmp_path / "other"
    other.symlink_to(board.path)
    until(lambda: manager.set_text("port", str(other)).successful, "taken between two attempts")
    board.plug()
    until(lambda: manager.state() == "active", "it is found there")
    assert driver.port == str(other)


def test_a_fault_while_connecting_is_not_kept_for_the_next_attempt(
    stage: Stage, board: SerialBoard, manager: Manager
) -> None:
    class Faulty(TowerDriver):
        faults = 1

        async def connect(self) -> None:
            if self.faults:
                self.faults -= 1
                raise RuntimeError("a fault in the software")
            await super().connect()

    stage.start(Faulty, port=board.path, autostart="false")
    assert not manager.change("configure") and manager.state() == "unconfigured"
    assert manager.change("configure") and manager.state() == "inactive"


def test_autostart_without_a_port_ends_with_one_line(
    stage: Stage, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    driver = stage.start(TowerDriver, port=tmp_path / "nothing", port_wait=0.2)
    until(lambda: driver.is_finished, "it gives up")
    assert driver.exit_code == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("tower_driver:")]
    assert len(said) == 1 and "is not there" in said[0] and "bee doctor" in said[0]
