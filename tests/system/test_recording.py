"""A simulated tower is recorded while it runs; the bag says what it was, and plays on another graph."""

from __future__ import annotations

import random

import pytest
from robot_field import Field
from rosbags.highlevel import AnyReader


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_bag_of_a_tower(field_of_one: Field) -> None:
    robot = field_of_one.bee("up", "tower", "--sim")
    robot.wait_for("is ready")
    recording = field_of_one.bee("record", "-o", "bag", "-a", "--max-bag-size", "20MB")
    recording.wait_for("recording /tower_1/tower/state")
    heard = field_of_one.bee("ros", "topic", "echo", "/tower_1/tower/state", "--once", "--no-arr")
    seen = field_of_one.bee(
        "ros", "topic", "echo", "/tower_1/joint_states", "--field", "position[0]", "--once"
    )
    assert heard.end() == 0, heard.output
    assert seen.end() == 0 and float(seen.output.split()[0]) >= 0, seen.output
    recording.interrupt()
    assert recording.end() == 0, recording.output
    robot.interrupt()
    assert robot.end() == 0
    field_of_one.wait_until_no_node_runs()

    assert "lost" not in recording.output and "dropped" not in recording.output
    with AnyReader([field_of_one.folder / "bag"]) as reader:  # checks every definition against its type hash
        counts = {each.topic: each.msgcount for each in reader.connections}
        assert (
            counts["/tower_1/tower/state"] > 5
            and counts["/tower_1/joint_states"] > 5
            and counts["/clock"] > 5
        )
        joints = [each for each in reader.connections if each.topic == "/tower_1/joint_states"]
        names = {
            tuple(reader.deserialize(data, connection.msgtype).name)
            for connection, _, data in reader.messages(connections=joints)
        }
    assert len(names) == 1 and len(names.pop()) > 3

    field_of_one.environment["ROS_DOMAIN_ID"] = str(random.randint(1, 100))
    listening = field_of_one.bee(
        "ros",
        "topic",
        "echo",
        "/other/state",
        "bee_robot_interfaces/msg/TowerState",
        "--once",
        "--no-arr",
        "--timeout",
        "60",
    )
    played = field_of_one.bee(
        "replay",
        "bag",
        "--topics",
        "/tower_1/tower/state",
        "-m",
        "/tower_1/tower/state:=/other/state",
        "--rate",
        "50",
        "--delay",
        "3",
    )
    assert played.end() == 0, played.output
    assert f"{counts['/tower_1/tower/state']} messages published" in played.output
    assert listening.end() == 0, listening.output
    assert heard.output.splitlines()[0] == listening.output.splitlines()[0] == "header:"
