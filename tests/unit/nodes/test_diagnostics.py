"""What a node says of its health, as a viewer sees it."""

from __future__ import annotations

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from node_stage import Stage, until

from bee_robot.alerts import ALERTS
from bee_robot.nodes import qos
from bee_robot.nodes.diagnostics import Diagnostics, Status


def test_tasks_come_once_a_second_with_names_values_and_remedies(stage: Stage) -> None:
    observer = stage.observer()
    seen: list[DiagnosticArray] = []
    observer.create_subscription(DiagnosticArray, "diagnostics", seen.append, qos.of("diagnostics"))
    node = stage.observer("patient")
    diagnostics = Diagnostics(node, "tower_1")

    def arm(status: Status) -> None:
        status.values |= {"angle_deg": 3.14159, "turns": 7, "is_on": True, "unknown": None}
        status.error("the cable is out", "link_lost")

    diagnostics.add("arm", arm)
    diagnostics.add("leg", lambda status: status.stale("nothing was heard"))
    with pytest.raises(ValueError, match="'arm' already"):
        diagnostics.add("arm", arm)

    until(lambda: len(seen) >= 2, "two rounds")
    arm_seen, leg_seen = seen[-1].status
    assert (arm_seen.name, arm_seen.level, arm_seen.hardware_id) == (
        "patient: arm",
        DiagnosticStatus.ERROR,
        "tower_1",
    )
    values = {value.key: value.value for value in arm_seen.values}
    assert values == {
        "angle_deg": "3.142",
        "turns": "7",
        "is_on": "True",
        "unknown": "",
        "alert": "A104",
        "remedy": ALERTS["link_lost"].remedy,
    }
    assert (leg_seen.name, leg_seen.level) == ("patient: leg", DiagnosticStatus.STALE)
    stamps = [array.header.stamp.sec + array.header.stamp.nanosec * 1e-9 for array in seen[:2]]
    assert 0.5 < stamps[1] - stamps[0] < 10


def test_trouble_is_logged_when_it_lasts_not_every_second(
    stage: Stage, capfd: pytest.CaptureFixture[str]
) -> None:
    node = rclpy.create_node(
        "patient", context=stage.context()
    )  # it does not spin: the rounds are counted here
    diagnostics = Diagnostics(node, "tower_1")
    says: dict[str, str] = {"error": ""}

    def task(status: Status) -> None:
        if says["error"]:
            status.error(says["error"], "camera_failed")
        else:
            status.ok("fine")

    diagnostics.add("eye", task)
    for error, rounds in (("", 2), ("blind", 1), ("", 2), ("blind", 5), ("", 3)):
        says["error"] = error
        for _ in range(rounds):
            diagnostics.publish()
    log = [line for line in capfd.readouterr().err.splitlines() if "eye:" in line]
    assert len(log) == 2, log
    assert "eye: blind" in log[0] and ALERTS["camera_failed"].remedy in log[0]
    assert "eye: well again: fine" in log[1]
    node.destroy_node()


def test_a_fault_in_one_look_is_said_and_the_others_go_on(
    stage: Stage, capfd: pytest.CaptureFixture[str]
) -> None:
    observer = stage.observer()
    seen: list[DiagnosticArray] = []
    observer.create_subscription(DiagnosticArray, "diagnostics", seen.append, qos.of("diagnostics"))
    diagnostics = Diagnostics(stage.observer("patient"), "tower_1")

    def blind(status: Status) -> None:
        raise KeyError("the left eye")

    diagnostics.add("eye", blind)
    diagnostics.add("arm", lambda status: status.ok("fine"))
    until(lambda: len(seen) >= 3, "round after round")
    eye, arm = seen[-1].status
    assert eye.level == DiagnosticStatus.ERROR
    assert eye.message == "fault in the software of this look: KeyError('the left eye')"
    assert (arm.level, arm.message) == (DiagnosticStatus.OK, "fine")
    assert capfd.readouterr().err.count("Traceback") == 1
