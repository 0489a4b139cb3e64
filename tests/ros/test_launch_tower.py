"""A tower in simulation comes up by `ros2 launch bee_robot tower.launch.yaml`, is what its documents say, and ends well."""

from __future__ import annotations

import unittest
from typing import Any, ClassVar

import pytest

launch_testing = pytest.importorskip(
    "launch_testing", reason="launch_testing of ROS 2 is not here: source /opt/ros/<distro>/setup.bash"
)

from action_msgs.msg import GoalStatus  # noqa: E402
from launch_testing.asserts import assertExitCodes  # noqa: E402
from rcl_interfaces.srv import DescribeParameters  # noqa: E402
from rclpy.qos import qos_profile_sensor_data  # noqa: E402
from ros_watching import Watcher, launched  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402

from bee_robot_interfaces.action import Recover  # noqa: E402
from bee_robot_interfaces.srv import StopTower  # noqa: E402

NODES = (
    "sim_world",
    "tower_driver",
    "frame_cameras",
    "frame_analyzer",
    "frame_extractor",
    "visit_scheduler",
    "robot_state_publisher",
)
TOPICS = {
    "/clock": "rosgraph_msgs/msg/Clock",
    "/tf": "tf2_msgs/msg/TFMessage",
    "/tower_1/camera/rear_left/image/compressed": "sensor_msgs/msg/CompressedImage",
    "/tower_1/climate": "bee_robot_interfaces/msg/Climate",
    "/tower_1/diagnostics": "diagnostic_msgs/msg/DiagnosticArray",
    "/tower_1/inspection/events": "bee_robot_interfaces/msg/InspectionEvent",
    "/tower_1/joint_states": "sensor_msgs/msg/JointState",
    "/tower_1/tower/state": "bee_robot_interfaces/msg/TowerState",
}
AXES = {"lift_left", "lift_right", "scan_left", "scan_right", "shuttle_left", "shuttle_right"}
RECOVERS_S = 90.0


@pytest.mark.launch_test
@pytest.mark.timeout(420)
def generate_test_description() -> Any:
    return launched("tower.launch.yaml", sim="true", speed="4.0")


class TestTower(unittest.TestCase):
    watcher: ClassVar[Watcher]

    @classmethod
    def setUpClass(cls) -> None:
        cls.watcher = Watcher()
        cls.addClassCleanup(cls.watcher.close)
        wanted = {f"/tower_1/{name}" for name in NODES}
        cls.watcher.wait_for(lambda: wanted <= cls.watcher.nodes(), f"nodes {wanted}")
        for driver in ("/tower_1/tower_driver", "/tower_1/frame_cameras"):
            cls.watcher.wait_for(lambda: cls.watcher.lifecycle_state(driver) == "active", f"{driver} active")  # noqa: B023

    def test_topics_have_their_types(self) -> None:
        self.watcher.wait_for(lambda: set(TOPICS) <= set(self.watcher.topics()), f"topics {sorted(TOPICS)}")
        found = self.watcher.topics()
        assert {name: found[name] for name in TOPICS} == {name: [kind] for name, kind in TOPICS.items()}

    def test_joints_are_told_in_metres(self) -> None:
        heard = self.watcher.next_message(JointState, "/tower_1/joint_states", qos_profile_sensor_data)
        assert set(heard.name) >= AXES
        assert all(abs(position) < 3.0 for position in heard.position)

    def test_parameters_are_described(self) -> None:
        request = DescribeParameters.Request(names=["port_wait"])
        (said,) = self.watcher.call(
            DescribeParameters, "/tower_1/tower_driver/describe_parameters", request
        ).descriptors
        assert said.description
        assert said.floating_point_range[0].to_value == 600.0

    def test_anybody_may_stop_the_tower(self) -> None:
        answer = self.watcher.call(
            StopTower, "/tower_1/tower/stop", StopTower.Request(because="a test asks for it")
        )
        assert answer.success, answer.message

    def test_recovery_of_a_hive_that_is_closed_ends_well(self) -> None:
        ended = self.watcher.result_of(Recover, "/tower_1/recover", Recover.Goal(), RECOVERS_S)
        assert (ended.status, ended.result.error_code, ended.result.end_state) == (
            GoalStatus.STATUS_SUCCEEDED,
            Recover.Result.NONE,
            "closed",
        ), ended.result.error_msg


@launch_testing.post_shutdown_test()
class TestTowerAfterwards(unittest.TestCase):
    def test_every_process_ended_well(self, proc_info: Any) -> None:
        assert len(proc_info.processes()) == len(NODES)
        assertExitCodes(proc_info)
