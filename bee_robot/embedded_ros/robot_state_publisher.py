"""robot_state_publisher for machines without ROS 2: joint_states and a URDF become /tf and /tf_static.

Topics, parameters, defaults and order are those of the node of that name (github.com/ros/robot_state_publisher, Humble to
Lyrical): moving joints go to /tf when a joint state is `1 / publish_frequency` newer than the last one that was published;
fixed joints go to /tf_static once, and again when the parameter robot_description changes. It differs in two points:
a joint at nan or infinity is left out, with a warning, and no interval is kept at a publish_frequency of 0.
"""

from __future__ import annotations

import math
import signal
import sys
from pathlib import Path
from typing import Any

import rclpy
from geometry_msgs.msg import TransformStamped
from rcl_interfaces.msg import ParameterEvent, SetParametersResult
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    QoSPolicyKind,
    QoSProfile,
    qos_profile_parameter_events,
    qos_profile_sensor_data,
)
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from bee_robot.embedded_ros.robot_model.description import DescriptionError, Joint, Mimic, parse
from bee_robot.embedded_ros.robot_model.transforms import MOVING, JointTransform, Transform

FASTEST_HZ = 1000.0
LOOK_S = 0.1  # how often it looks whether it has been told to end
_BAD_FREQUENCY = "publish_frequency must be between 0.0 and 1000.0"
_OF_BROADCASTERS = (QoSPolicyKind.DEPTH, QoSPolicyKind.HISTORY, QoSPolicyKind.RELIABILITY)


class StartError(Exception):
    """The node cannot start: why, and what to do."""


class _Segments:
    """The joints of one robot description: those that move, those that do not, those that follow another."""

    def __init__(self, urdf: str) -> None:
        joints = parse(urdf).joints
        # a floating joint belongs to somebody else's transforms, a planar one stands still: so the original
        self.moving = {
            name: (joint, JointTransform(joint)) for name, joint in joints.items() if joint.type in MOVING
        }
        self.fixed: list[tuple[Joint, Transform]] = [
            (joint, JointTransform(joint).at(0.0))
            for _, joint in sorted(joints.items())
            if joint.type in ("fixed", "planar")
        ]
        self.mimics: dict[str, Mimic] = {
            name: joint.mimic for name, joint in sorted(joints.items()) if joint.mimic is not None
        }


class RobotStatePublisher(Node):
    """See the module. Raises StartError where a parameter or the description cannot be used."""

    def __init__(self, arguments: list[str] | None = None, **options: Any) -> None:
        super().__init__("robot_state_publisher", **options)
        urdf = str(self.declare_parameter("robot_description", "").value) or self._from_file(arguments or [])
        frequency_hz = self.declare_parameter("publish_frequency", 20.0).value
        if not 0.0 <= frequency_hz <= FASTEST_HZ:
            raise StartError(f"{_BAD_FREQUENCY}, not {frequency_hz:g}")
        self.declare_parameter("frame_prefix", "")
        self.declare_parameter("ignore_timestamp", False)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._tf = self.create_publisher(
            TFMessage,
            "/tf",
            QoSProfile(depth=100),
            qos_overriding_options=QoSOverridingOptions((*_OF_BROADCASTERS, QoSPolicyKind.DURABILITY)),
        )
        self._tf_static = self.create_publisher(
            TFMessage, "/tf_static", latched, qos_overriding_options=QoSOverridingOptions(_OF_BROADCASTERS)
        )
        self._description = self.create_publisher(String, "robot_description", latched)
        self._static_transforms: dict[str, TransformStamped] = {}
        self._published_ns: dict[str, int] = {}
        self._last_callback_ns = 0
        self._not_finite: set[str] = set()
        try:
            self._segments = self._take(urdf)
        except DescriptionError as error:
            raise StartError(f"robot_description: {error}; correct the URDF") from None
        self.create_subscription(
            JointState,
            "joint_states",
            self._on_joint_state,
            qos_profile_sensor_data,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._publish_fixed()
        self.add_on_set_parameters_callback(self._check_parameters)
        self.create_subscription(
            ParameterEvent, "/parameter_events", self._on_parameter_event, qos_profile_parameter_events
        )

    def _from_file(self, arguments: list[str]) -> str:
        """The old way to give a URDF: its file as the first argument."""
        if not arguments:
            raise StartError(
                "robot_description parameter must not be empty; give it the URDF of the robot "
                "(-p robot_description:=... or a parameter file)"
            )
        self.get_logger().warning(
            "No robot_description parameter, but command-line argument available.  Assuming argument is name of URDF "
            "file.  This backwards compatibility fallback will be removed in the future."
        )
        try:
            urdf = Path(arguments[0]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StartError(f"Failed to open URDF file: {arguments[0]}: {error}") from None
        self.set_parameters([rclpy.Parameter("robot_description", value=urdf)])
        return urdf

    def _take(self, urdf: str) -> _Segments:
        segments = _Segments(urdf)
        self._description.publish(String(data=urdf))
        self.get_logger().info("Robot initialized")
        return segments

    # fixed joints

    def _publish_fixed(self) -> None:
        """All fixed transforms in one message, those of former descriptions too: late joiners get the last one only."""
        stamp = self.get_clock().now().to_msg()
        for joint, transform in self._segments.fixed:
            stamped = self._stamped(joint, transform, stamp)
            self._static_transforms[stamped.child_frame_id] = stamped
        self._tf_static.publish(TFMessage(transforms=list(self._static_transforms.values())))

    def _stamped(self, joint: Joint, transform: Transform, stamp: Any) -> TransformStamped:
        prefix = self.get_parameter("frame_prefix").value
        made = TransformStamped(child_frame_id=prefix + joint.child)
        made.header.stamp = stamp
        made.header.frame_id = prefix + joint.parent
        place, turn = made.transform.translation, made.transform.rotation
        place.x, place.y, place.z = transform.translation
        turn.x, turn.y, turn.z, turn.w = transform.quaternion
        return made

    # moving joints

    def _on_joint_state(self, state: JointState) -> None:
        if len(state.name) != len(state.position):
            self._say_invalid(state)
            return
        now_ns = self.get_clock().now().nanoseconds
        if now_ns < self._last_callback_ns:
            self.get_logger().warning("Moved backwards in time, re-publishing joint transforms!")
            self._published_ns.clear()
        self._last_callback_ns = now_ns
        stamp_ns = state.header.stamp.sec * 10**9 + state.header.stamp.nanosec
        # a joint that was not seen before has been published at 0
        oldest_ns = min([now_ns, *(self._published_ns.get(name, 0) for name in state.name)])
        if self.get_parameter("ignore_timestamp").value or stamp_ns >= oldest_ns + self._interval_ns():
            self._publish_moving(state)
            self._published_ns.update(dict.fromkeys(state.name, stamp_ns))

    def _say_invalid(self, state: JointState) -> None:
        if state.position:
            self.get_logger().error("Robot state publisher ignored an invalid JointState message")
        else:
            self.get_logger().warning(
                f'Robot state publisher ignored a JointState message about joint(s) "{state.name[0]}"(,...) '
                "whose position member was empty."
            )

    def _interval_ns(self) -> int:
        """Whole milliseconds, as the original counts."""
        frequency_hz = float(self.get_parameter("publish_frequency").value)
        return int(1000.0 / frequency_hz) * 10**6 if frequency_hz else 0

    def _publish_moving(self, state: JointState) -> None:
        positions: dict[str, float] = {}
        for name, position in zip(state.name, state.position):
            positions.setdefault(name, float(position))
        for name, mimic in self._segments.mimics.items():
            if mimic.joint in positions:
                positions.setdefault(name, positions[mimic.joint] * mimic.multiplier + mimic.offset)
        transforms = []
        for name in sorted(positions.keys() & self._segments.moving.keys()):
            if self._is_finite(name, positions[name]):
                joint, transform = self._segments.moving[name]
                transforms.append(self._stamped(joint, transform.at(positions[name]), state.header.stamp))
        self._tf.publish(TFMessage(transforms=transforms))

    def _is_finite(self, name: str, position: float) -> bool:
        """Every listener would refuse such a transform, each with an error of its own."""
        if math.isfinite(position):
            self._not_finite.discard(name)
            return True
        if name not in self._not_finite:
            self._not_finite.add(name)
            self.get_logger().warning(
                f"joint '{name}' is at {position}; its transform is left out until it is known"
            )
        return False

    # parameters

    def _check_parameters(self, parameters: list[Any]) -> SetParametersResult:
        for parameter in parameters:
            problem = ""
            if parameter.name == "robot_description":
                problem = self._description_problem(parameter.value)
            elif parameter.name == "publish_frequency" and not 0.0 <= parameter.value <= FASTEST_HZ:
                problem = _BAD_FREQUENCY
            if problem:
                return SetParametersResult(successful=False, reason=problem)
        return SetParametersResult(successful=True)

    def _description_problem(self, urdf: str) -> str:
        if not urdf:
            return "Empty URDF is not allowed"
        try:
            parse(urdf)
        except DescriptionError as error:
            self.get_logger().warning(str(error))
            return str(error)
        return ""

    def _on_parameter_event(self, event: ParameterEvent) -> None:
        """By the event and not by the check, so that a frame_prefix that comes with the description counts already."""
        if event.node != self.get_fully_qualified_name():
            return
        for parameter in event.changed_parameters:
            if parameter.name == "robot_description":
                try:
                    self._segments = self._take(parameter.value.string_value)
                except DescriptionError as error:
                    self.get_logger().warning(f"Failed to parse new URDF: {error}")
                else:
                    self._publish_fixed()


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM. Returns the exit status: 1 where it cannot start."""
    given = sys.argv if arguments is None else arguments
    told_to_end: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):  # one that comes while the node is being made counts too
        signal.signal(number, lambda caught, _: told_to_end.append(caught))
    rclpy.init(args=given, signal_handler_options=SignalHandlerOptions.NO)
    node = None
    try:
        node = RobotStatePublisher(remove_ros_args(given)[1:])
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        while not told_to_end:
            executor.spin_once(timeout_sec=LOOK_S)
    except StartError as error:
        rclpy.logging.get_logger("robot_state_publisher").fatal(str(error))
        return 1
    except ExternalShutdownException:
        return 0
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
