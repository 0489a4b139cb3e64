"""rosidl_runtime_py: types by their names, messages to text and from plain values."""

from __future__ import annotations

import array
from pathlib import Path

import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from rosidl_runtime_py import (
    get_interface_path,
    get_message_interfaces,
    message_to_csv,
    message_to_ordereddict,
    message_to_yaml,
    set_message_fields,
)
from rosidl_runtime_py.utilities import get_action, get_message, get_service
from sensor_msgs.msg import CompressedImage, Imu, JointState
from std_msgs.msg import String

STATE = JointState(name=["lift", "turn"], position=[0.5, 2.0])


def test_types_by_name() -> None:
    assert get_message("std_msgs/msg/String") is get_message("std_msgs/String") is String
    assert get_service("std_srvs/srv/Trigger").Response().message == ""
    assert get_action("example_interfaces/action/Fibonacci").Goal().order == 0
    with pytest.raises(ModuleNotFoundError):
        get_message("nix_msgs/msg/Nix")
    with pytest.raises(AttributeError):
        get_message("std_msgs/msg/Nix")
    with pytest.raises(ValueError):
        get_message("std_srvs/srv/Trigger")


def test_messages_as_text() -> None:
    assert message_to_yaml(STATE) == (
        "header:\n  stamp:\n    sec: 0\n    nanosec: 0\n  frame_id: ''\nname:\n- lift\n- turn\n"
        "position:\n- 0.5\n- 2.0\nvelocity: []\neffort: []\n"
    )
    assert message_to_csv(STATE) == "0,0,,lift,turn,0.5,2.0,,"
    assert list(message_to_ordereddict(STATE)) == ["header", "name", "position", "velocity", "effort"]
    assert "name: [lift, turn]\nposition: [0.5, 2.0]\n" in message_to_yaml(STATE, flow_style=True)
    assert message_to_yaml(String(data="ä")) == "data: ä\n"


def test_long_fields_are_shortened_or_described() -> None:
    picture = CompressedImage(format="a long text", data=array.array("B", range(20)))
    short = message_to_ordereddict(picture, truncate_length=3)
    assert short["data"] == [0, 1, 2, "..."] and short["format"] == "a l..."
    assert message_to_csv(picture, truncate_length=3) == "0,0,,a l...,0,1,2,..."
    told = message_to_ordereddict(picture, no_arr=True, no_str=True)
    assert told["data"] == "<sequence type: uint8, length: 20>" and told["format"] == "<string length: <11>>"
    assert message_to_ordereddict(Imu(), no_arr=True)["orientation_covariance"] == "<array type: double[9]>"


def test_messages_from_plain_values() -> None:
    pose = PoseStamped()
    set_message_fields(pose, {"header": {"frame_id": "hive"}, "pose": {"position": {"x": 1, "y": 2.5}}})
    assert (pose.header.frame_id, pose.pose.position.x, pose.pose.position.y) == ("hive", 1.0, 2.5)
    assert pose.pose.orientation.w == 1.0
    many = get_message("diagnostic_msgs/msg/DiagnosticArray")()
    set_message_fields(many, {"status": [{"name": "lift", "values": [{"key": "a", "value": "b"}]}]})
    assert many.status[0].values[0].key == "a"
    imu = Imu()
    set_message_fields(imu, {"orientation_covariance": [float(n) for n in range(9)]})
    assert imu.orientation_covariance[8] == 8.0
    with pytest.raises(AttributeError):
        set_message_fields(pose, {"nix": 1})
    with pytest.raises(TypeError):
        set_message_fields(pose, {"pose": 5})


def test_auto_and_now_are_filled_in_later() -> None:
    pose, time = PoseStamped(), get_message("std_msgs/msg/Header")()
    stamps = set_message_fields(pose, {"header": "auto"}, expand_header_auto=True)
    stamps += set_message_fields(time, {"stamp": "now"}, expand_time_now=True)
    for stamp in stamps:
        stamp(Time(sec=7))
    assert pose.header.stamp.sec == 7 and time.stamp.sec == 7


def test_interfaces_that_are_there() -> None:
    assert "msg/String" in get_message_interfaces(["std_msgs"])["std_msgs"]
    path = Path(get_interface_path("bee_robot_interfaces/msg/TowerState"))
    assert path.name == "TowerState.msg" and path.is_file()
    with pytest.raises(LookupError):
        get_message_interfaces(["nix_msgs"])
    with pytest.raises(LookupError):
        get_interface_path("std_msgs/msg/Nix")
