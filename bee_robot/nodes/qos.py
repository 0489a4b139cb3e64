"""Every topic of the robot in one table: its type, who publishes it, how often, with which QoS and why.

A node asks by topic name (`qos.of("joint_states")`); no QoS is written down anywhere else. docs/ros.md repeats the table.
Depths are small where an old sample is worth nothing to a motion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(depth: int, is_reliable: bool, is_latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if is_reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if is_latched else DurabilityPolicy.VOLATILE,
    )


# States and measurements, 20 Hz and more: the newest counts, a lost one does not.
STREAM = _profile(5, is_reliable=False)
# A stream that standard tools also want reliably; who does not, subscribes with best effort.
STANDARD_STREAM = _profile(10, is_reliable=True)
# What happened: nothing may be lost, in order.
EVENTS = _profile(200, is_reliable=True)
# What a late joiner must know: all of it so far.
LATCHED = _profile(100, is_reliable=True, is_latched=True)
# What a late joiner must know: how it is now.
LATEST = _profile(1, is_reliable=True, is_latched=True)
# Pictures: large; keep one, so that a slow viewer sees the present.
PICTURES = _profile(1, is_reliable=False)
# The standard depth of moving transforms: those of several joints come at once.
TRANSFORMS = _profile(100, is_reliable=True)


@dataclass(frozen=True)
class Topic:
    """A row of the table. `name`: relative to the robot's namespace unless it begins with /; a part in braces stands for
    one word. `by`: who publishes it."""

    name: str
    type: str
    by: str
    rate: str
    profile: QoSProfile
    reason: str


# fmt: off
TOPICS: tuple[Topic, ...] = (
    Topic("joint_states", "sensor_msgs/msg/JointState", "tower_driver", "20 Hz",
          STANDARD_STREAM, "standard tools ask for it reliably; whoever wants only the newest asks with best effort"),
    Topic("tower/state", "bee_robot_interfaces/msg/TowerState", "tower_driver", "20 Hz",
          STREAM, "the newest counts; it is stamped, and one that is too old is not used"),
    Topic("loads", "bee_robot_interfaces/msg/Loads", "tower_driver", "20 Hz",
          STREAM, "the newest counts; guards on loads run on the board, not here"),
    Topic("climate", "bee_robot_interfaces/msg/Climate", "sim_world", "1 Hz",
          LATEST, "slow, and needed at once by an extractor that starts later"),
    Topic("camera/{camera}/image/compressed", "sensor_msgs/msg/CompressedImage", "frame_cameras", "per picture",
          PICTURES, "megabytes for viewers; the picture that counts is in the store"),
    Topic("camera/{camera}/camera_info", "sensor_msgs/msg/CameraInfo", "frame_cameras", "per picture",
          PICTURES, "belongs to its picture"),
    Topic("inspection/events", "bee_robot_interfaces/msg/InspectionEvent", "frame_extractor", "per event",
          EVENTS, "a story with a gap misleads; the depth covers a slow reader"),
    Topic("visit/state", "bee_robot_interfaces/msg/VisitState", "frame_extractor", "2 Hz while a job runs, and at changes",
          LATEST, "each is whole; who joins late sees at once what runs, whether it is paused and what it asks for"),
    Topic("inspection/faces", "bee_robot_interfaces/msg/FaceResult", "frame_analyzer", "per face",
          EVENTS, "each face is told once"),
    Topic("sim/violations", "bee_robot_interfaces/msg/RuleViolation", "sim_world", "per violation",
          LATCHED, "a judge that comes late must see every one"),
    Topic("diagnostics", "diagnostic_msgs/msg/DiagnosticArray", "every node", "1 Hz",
          STANDARD_STREAM, "standard viewers ask for it reliably; each message is whole, so a short queue is enough"),
    Topic("/clock", "rosgraph_msgs/msg/Clock", "sim_world", "100 Hz of robot time",
          STREAM, "only the newest time is true; repeated while time stands, so a lost one is made good"),
    Topic("robot_description", "std_msgs/msg/String", "robot_state_publisher", "once",
          LATEST, "as the standard node has it: who joins late needs it"),
    Topic("/tf", "tf2_msgs/msg/TFMessage", "robot_state_publisher", "20 Hz",
          TRANSFORMS, "as tf2 has it"),
    Topic("/tf_static", "tf2_msgs/msg/TFMessage", "robot_state_publisher", "once",
          LATEST, "as tf2 has it: who joins late needs it"),
)
# fmt: on

OF_ROS = (
    "/rosout",
    "/parameter_events",
    "{node}/transition_event",
)
"""Topics that ROS itself gives to nodes, with QoS of its own."""


class UnknownTopicError(KeyError):
    """No row of the table has this name."""

    def __str__(self) -> str:
        return f"no topic '{self.args[0]}' in the table; write it down in bee_robot/nodes/qos.py, with its reason"


def topic(name: str) -> Topic:
    """The row of a topic, by its name as a node writes it (`camera/rear_left/camera_info`). UnknownTopicError."""
    for row in TOPICS:
        if _matches(row.name, name):
            return row
    raise UnknownTopicError(name)


def of(name: str) -> QoSProfile:
    """With which QoS a topic is published and subscribed. UnknownTopicError where the table has no such topic."""
    return topic(name).profile


def is_of_ros(name: str) -> bool:
    """Whether ROS itself made this topic (name relative to the robot's namespace)."""
    return any(_matches(given, name) for given in OF_ROS)


def _matches(pattern: str, name: str) -> bool:
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(pattern)), name) is not None


def in_words(profile: QoSProfile) -> str:
    """For people: `reliable, latched, last 100`."""
    words = [profile.reliability.name.lower().replace("_", " ")]
    if profile.durability == DurabilityPolicy.TRANSIENT_LOCAL:
        words.append("transient local")
    return ", ".join([*words, f"last {profile.depth}"])
