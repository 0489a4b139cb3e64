"""Our robot_state_publisher does what the one of ROS 2 documents and does."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState

from bee_robot.embedded_ros import robot_state_publisher
from bee_robot.embedded_ros.robot_state_publisher import RobotStatePublisher, StartError

HALF = math.sqrt(0.5)


def joint(name: str, kind: str, parent: str, child: str, more: str = "") -> str:
    limit = (
        '<limit lower="-9" upper="9" velocity="1" effort="1"/>' if kind in ("revolute", "prismatic") else ""
    )
    ends = f'<parent link="{parent}"/><child link="{child}"/>'
    return f'<joint name="{name}" type="{kind}">{ends}{limit}{more}</joint>'


def model(*joints: str, links: str = "base arm slide tip") -> str:
    named = "".join(f'<link name="{name}"/>' for name in links.split())
    return f'<robot name="r">{named}{"".join(joints)}</robot>'


# A quarter turn to the left stands before the elbow; the slide goes along 0 0 2, which counts as 0 0 1.
ELBOW = joint(
    "elbow",
    "revolute",
    "base",
    "arm",
    '<origin xyz="1 2 3" rpy="0 0 1.5707963267948966"/><axis xyz="0 0 1"/>',
)
SLIDE = joint(
    "slide", "prismatic", "arm", "slide", '<origin rpy="1.5707963267948966 0 0"/><axis xyz="0 0 2"/>'
)
TIP = joint("tip_on_slide", "fixed", "slide", "tip", '<origin xyz="0 0 0.5"/>')
ROBOT = model(ELBOW, SLIDE, TIP)


def numbers(transform: TransformStamped) -> list[float]:
    place, turn = transform.transform.translation, transform.transform.rotation
    return [place.x, place.y, place.z, turn.x, turn.y, turn.z, turn.w]


def names(message: Any) -> list[tuple[str, str]]:
    return [(each.header.frame_id, each.child_frame_id) for each in message.transforms]


def change(node: RobotStatePublisher, **values: object) -> Any:
    return node.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])


class TestTransforms:
    def test_moving_joints_by_hand(self, graph: Any) -> None:
        graph.publisher(ROBOT)
        message = graph.hear(10.0, slide=0.25, elbow=math.pi / 2)
        assert names(message) == [("base", "arm"), ("arm", "slide")]  # in the order of the joints' names
        # two quarter turns; along z, which a quarter turn about x has laid to -y
        assert numbers(message.transforms[0]) == pytest.approx([1, 2, 3, 0, 0, 1, 0], abs=1e-12)
        assert numbers(message.transforms[1]) == pytest.approx([0, -0.25, 0, HALF, 0, 0, HALF], abs=1e-12)
        assert all(each.header.stamp.sec == 10 for each in message.transforms)

    def test_the_sign_of_a_quaternion_is_that_of_kdl(self, graph: Any) -> None:
        """From the trace while it is positive; a turn of more than 120 degrees from the largest element."""
        turning = [joint(f"about_{i}", "continuous", "base", f"l{i}", f'<axis xyz="{axis}"/>') for i, axis in enumerate(("1 0 0", "0 1 0", "0 0 1"))]  # fmt: skip
        graph.publisher(model(*turning, links="base l0 l1 l2"))
        for stamp_s, angle in ((10, 1.0), (11, -1.0), (12, 3.0), (13, -3.0)):
            sign = -1 if angle == -3.0 else 1  # x, y or z is positive there
            message = graph.hear(stamp_s, about_0=angle, about_1=angle, about_2=angle)
            for i, transform in enumerate(message.transforms):
                expected = [0.0] * 4
                expected[i], expected[3] = sign * math.sin(angle / 2), sign * math.cos(angle / 2)
                assert numbers(transform)[3:] == pytest.approx(expected, abs=1e-12), (angle, i)

    def test_fixed_joints_come_once_and_to_whoever_comes_late(self, graph: Any) -> None:
        graph.publisher(ROBOT)
        graph.join_late()
        graph.until(lambda: graph.fixed and graph.descriptions, "the latched topics")
        assert names(graph.fixed[0]) == [("slide", "tip")]
        assert numbers(graph.fixed[0].transforms[0]) == [0, 0, 0.5, 0, 0, 0, 1]
        assert graph.descriptions == [ROBOT]
        graph.hear(10.0, elbow=0.0)
        assert len(graph.fixed) == 1

    def test_planar_stands_still_and_floating_belongs_to_others(self, graph: Any) -> None:
        graph.publisher(
            model(joint("p", "planar", "base", "arm"), joint("f", "floating", "base", "slide"), TIP)
        )
        graph.join_late()
        graph.until(lambda: graph.fixed, "/tf_static")
        assert names(graph.fixed[0]) == [("base", "arm"), ("slide", "tip")]
        assert graph.hear(10.0, p=1.0, f=1.0).transforms == []

    def test_mimics_follow_unless_somebody_says_where_they_are(self, graph: Any) -> None:
        mimic = joint(
            "slide", "prismatic", "base", "slide", '<mimic joint="elbow" multiplier="-2" offset="0.5"/>'
        )
        graph.publisher(model(ELBOW, mimic, TIP))
        by_itself = graph.hear(10.0, elbow=0.1)
        assert numbers(by_itself.transforms[1])[0] == pytest.approx(0.3)
        told = graph.hear(11.0, elbow=0.1, slide=1.0)
        assert numbers(told.transforms[1])[0] == pytest.approx(1.0)
        assert names(graph.hear(12.0, slide=1.0)) == [("base", "slide")]

    def test_a_position_that_is_not_known_is_left_out(self, graph: Any) -> None:
        graph.publisher(ROBOT)
        assert names(graph.hear(10.0, elbow=math.nan, slide=0.1)) == [("arm", "slide")]
        assert names(graph.hear(11.0, elbow=0.1, slide=math.inf)) == [("base", "arm")]

    def test_joints_of_others_are_ignored(self, graph: Any) -> None:
        graph.publisher(ROBOT)
        assert names(graph.hear(10.0, elbow=0.1, wheel=3.0)) == [("base", "arm")]


class TestRate:
    def heard(self, graph: Any) -> list[float]:
        return [each.transforms[0].header.stamp.sec + each.transforms[0].header.stamp.nanosec / 1e9 for each in graph.moving]  # fmt: skip

    def test_twenty_times_a_second_by_the_stamps(self, graph: Any) -> None:
        graph.publisher(ROBOT)
        for hundredth in (0, 1, 4, 5, 9, 10, 3, 16):
            graph.say(10 + hundredth / 100, elbow=0.1)
        graph.hear(20.0, elbow=0.1)
        assert self.heard(graph) == pytest.approx([10.0, 10.05, 10.10, 10.16, 20.0])

    def test_another_rate_and_whole_milliseconds(self, graph: Any) -> None:
        graph.publisher(ROBOT, publish_frequency=300.0)  # 3.33 ms count as 3
        for millisecond in (0, 2, 3, 5, 6):
            graph.say(10 + millisecond / 1000, elbow=0.1)
        graph.hear(20.0, elbow=0.1)
        assert self.heard(graph) == pytest.approx([10.0, 10.003, 10.006, 20.0])

    def test_the_joint_that_was_seen_longest_ago_counts(self, graph: Any) -> None:
        graph.publisher(ROBOT)
        graph.hear(10.0, elbow=0.1)
        assert len(graph.hear(10.001, elbow=0.1, slide=0.1).transforms) == 2

    def test_ignore_timestamp_takes_everything(self, graph: Any) -> None:
        graph.publisher(ROBOT, ignore_timestamp=True)
        for stamp_s in (10.0, 10.001, 10.001, 9.0):
            graph.hear(stamp_s, elbow=0.1)
        assert self.heard(graph) == pytest.approx([10.0, 10.001, 10.001, 9.0])

    def test_time_that_goes_backwards_begins_anew(self, graph: Any) -> None:
        """A bag that is played again: joint states from before are published once more."""
        node = graph.publisher(ROBOT, use_sim_time=True)
        clock = graph.tester.create_publisher(Clock, "/clock", 10)

        def simulated(seconds: int) -> None:
            message = Clock()
            message.clock.sec = seconds
            clock.publish(message)
            graph.until(lambda: node.get_clock().now().nanoseconds == seconds * 10**9, f"{seconds} s")

        graph.until(lambda: clock.get_subscription_count() == 1, "the clock is heard")
        simulated(100)
        graph.hear(100.0, elbow=0.1)
        simulated(50)
        assert graph.hear(50.0, elbow=0.1).transforms


class TestBadJointStates:
    @pytest.mark.parametrize("positions", [[], [0.1], [0.1, 0.2, 0.3]])
    def test_as_many_positions_as_names(self, graph: Any, positions: list[float]) -> None:
        graph.publisher(ROBOT)
        graph.say_all(JointState(name=["elbow", "slide"], position=positions))
        assert names(graph.hear(10.0, elbow=0.1)) == [("base", "arm")]
        assert len(graph.moving) == 1


class TestParameters:
    def test_defaults(self, graph: Any) -> None:
        node = graph.publisher(ROBOT)
        given = {name: node.get_parameter(name).value for name in ("publish_frequency", "frame_prefix", "ignore_timestamp", "use_sim_time")}  # fmt: skip
        assert given == {
            "publish_frequency": 20.0,
            "frame_prefix": "",
            "ignore_timestamp": False,
            "use_sim_time": False,
        }
        assert node.has_parameter("qos_overrides./tf.publisher.durability")
        assert node.has_parameter("qos_overrides./joint_states.subscription.reliability")

    def test_topics_have_the_qos_of_tf2(self, graph: Any) -> None:
        graph.publisher(ROBOT)
        found = {topic: graph.tester.get_publishers_info_by_topic(topic)[0].qos_profile for topic in ("/tf", "/tf_static", "/robot_description")}  # fmt: skip
        assert all(each.reliability == ReliabilityPolicy.RELIABLE for each in found.values())
        latched = {
            topic for topic, each in found.items() if each.durability == DurabilityPolicy.TRANSIENT_LOCAL
        }
        assert latched == {"/tf_static", "/robot_description"}
        (subscription,) = graph.tester.get_subscriptions_info_by_topic("/joint_states")[:1]
        assert subscription.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT

    def test_frames_of_one_robot_among_several(self, graph: Any) -> None:
        graph.publisher(ROBOT, frame_prefix="tower_7/")
        graph.join_late()
        graph.until(lambda: graph.fixed, "/tf_static")
        assert names(graph.fixed[0]) == [("tower_7/slide", "tower_7/tip")]
        assert names(graph.hear(10.0, elbow=0.0)) == [("tower_7/base", "tower_7/arm")]

    def test_another_description_while_running(self, graph: Any) -> None:
        node = graph.publisher(ROBOT)
        graph.join_late()
        graph.until(lambda: graph.fixed, "/tf_static")
        turned = joint("slide", "fixed", "base", "slide", '<origin xyz="7 0 0"/>')
        other = model(ELBOW, turned, joint("tip_on_slide", "fixed", "slide", "tip"))
        assert change(node, robot_description=other).successful
        graph.until(lambda: len(graph.fixed) == 2 and len(graph.descriptions) == 2, "the new description")
        assert graph.descriptions[-1] == other
        assert {child: numbers(each)[:3] for each, (_, child) in zip(graph.fixed[-1].transforms, names(graph.fixed[-1]))} == {"slide": [7, 0, 0], "tip": [0, 0, 0]}  # fmt: skip
        assert names(graph.hear(10.0, elbow=0.1, slide=0.1)) == [("base", "arm")]

    def test_a_prefix_that_comes_with_the_description_counts_for_it(self, graph: Any) -> None:
        node = graph.publisher(ROBOT)
        graph.join_late()
        graph.until(lambda: graph.fixed, "/tf_static")
        change(node, robot_description=ROBOT, frame_prefix="b/")
        graph.until(lambda: len(graph.fixed) == 2, "the new transforms")
        # who comes late gets one message only: what was said under the old name is still in it
        assert names(graph.fixed[-1]) == [("slide", "tip"), ("b/slide", "b/tip")]

    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            ({"robot_description": ""}, "Empty URDF is not allowed"),
            ({"robot_description": "<robot"}, "not XML"),
            ({"robot_description": model(ELBOW)}, "two root links found: [base] and [slide]"),
            ({"publish_frequency": 1000.5}, "publish_frequency must be between 0.0 and 1000.0"),
            ({"publish_frequency": -1.0}, "publish_frequency must be between 0.0 and 1000.0"),
            ({"publish_frequency": math.nan}, "publish_frequency must be between 0.0 and 1000.0"),
        ],
    )
    def test_bad_values_are_refused_and_change_nothing(
        self, graph: Any, values: dict[str, object], reason: str
    ) -> None:
        node = graph.publisher(ROBOT)
        answer = change(node, **values)
        assert not answer.successful and reason in answer.reason
        assert names(graph.hear(10.0, elbow=0.1)) == [("base", "arm")]

    @pytest.mark.parametrize(
        ("urdf", "parameters", "reason"),
        [
            ("", {}, "robot_description parameter must not be empty"),
            ("<robot name='r'/>", {}, "no link elements found; correct the URDF"),
            (ROBOT, {"publish_frequency": 2000.0}, "between 0.0 and 1000.0, not 2000"),
        ],
    )
    def test_a_bad_start_is_refused(
        self, graph: Any, urdf: str, parameters: dict[str, object], reason: str
    ) -> None:
        given = [
            Parameter(name, value=value) for name, value in {**parameters, "robot_description": urdf}.items()
        ]
        with pytest.raises(StartError, match=reason):
            RobotStatePublisher(context=graph.context, parameter_overrides=given)


class TestProcess:
    def run(self, *words: str, ended_by: signal.Signals | None = None) -> tuple[int, str]:
        command = [sys.executable, "-m", robot_state_publisher.__name__, *words]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "RCUTILS_LOGGING_USE_STDOUT": "1", "PYTHONUNBUFFERED": "1"}
        )  # fmt: skip
        said = []
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if ended_by is not None and "Robot initialized" in line:
                process.send_signal(ended_by)
        return process.wait(timeout=30), "".join(said)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_ends_well_when_told_to(self, own_graph: None, tmp_path: Path, number: signal.Signals) -> None:
        """The file of the URDF as first argument: the old way."""
        (tmp_path / "r.urdf").write_text(ROBOT)
        status, said = self.run(str(tmp_path / "r.urdf"), "--ros-args", "-r", "__ns:=/t", ended_by=number)
        assert status == 0, said
        assert "Assuming argument is name of URDF file" in said

    def test_says_what_is_missing(self, own_graph: None, tmp_path: Path) -> None:
        status, said = self.run()
        assert status == 1 and "robot_description parameter must not be empty" in said
        status, said = self.run(str(tmp_path / "none.urdf"))
        assert status == 1 and "Failed to open URDF file" in said
