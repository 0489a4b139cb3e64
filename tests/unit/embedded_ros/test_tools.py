"""`bee ros ...` on a graph of another process: what ros2 prints, with its exit codes; mistakes are one line with a remedy."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import rclpy
import yaml

from bee_robot.embedded_ros.tools import command, session

TALKER = Path(__file__).with_name("tool_talker.py")


class Done(NamedTuple):
    code: int
    out: str
    err: str


Ros = Callable[..., Done]


@pytest.fixture(scope="module")
def talker() -> Iterator[None]:
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import bee_robot, runpy; runpy.run_path({str(TALKER)!r}, run_name='__main__')",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    yield
    process.terminate()
    process.wait(timeout=10)
    process.stdout.close()


@pytest.fixture(scope="module")
def graph(talker: None) -> Iterator[None]:
    """This process is on the graph all the time, so that the tools need not wait to know it."""
    rclpy.init(args=[])
    node = rclpy.create_node("_watcher", enable_rosout=False)
    assert node.wait_for_node("/robot/machine", 10.0) and node.wait_for_node("/robot/talker", 10.0)
    node.destroy_node()
    yield
    rclpy.try_shutdown()


@pytest.fixture
def ros(graph: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ros:
    """Runs one command in this process."""
    monkeypatch.setattr(rclpy, "init", lambda **options: None)
    monkeypatch.setattr(rclpy, "try_shutdown", lambda: None)
    monkeypatch.setattr(session, "SPIN_TIME_S", 0.05)

    def run(*words: str) -> Done:
        capsys.readouterr()
        code = command.main(list(words), program="bee ros")
        return Done(code, *capsys.readouterr())

    return run


def fails(done: Done, *says: str) -> None:
    assert done.code == 1
    assert done.err.count("\n") == 1, done.err
    for each in says:
        assert each in done.err


class TestNodes:
    def test_list_and_info(self, ros: Ros) -> None:
        assert ros("node", "list").out == "/robot/machine\n/robot/talker\n"
        hidden = ros("node", "list", "--all").out.splitlines()
        assert len(hidden) == 3 and any(each.startswith("/_ros2cli_") for each in hidden)
        assert ros("node", "list", "-c").out == "2\n"
        said = ros("node", "info", "robot/talker").out
        assert said.startswith(
            "/robot/talker\n  Subscribers:\n    /robot/orders: std_msgs/msg/String\n  Publishers:\n"
        )
        assert "    /robot/joint_states: sensor_msgs/msg/JointState\n" in said
        assert "    /robot/add: example_interfaces/srv/AddTwoInts\n" in said
        assert "  Action Servers:\n    /robot/count: example_interfaces/action/Fibonacci\n" in said
        assert (
            "_action" not in said
            and "/robot/count/_action/status" in ros("node", "info", "/robot/talker", "--include-hidden").out
        )
        fails(ros("node", "info", "/nix"), "Node not found: '/nix'", "bee ros node list")


class TestTopics:
    def test_list(self, ros: Ros) -> None:
        names = ros("topic", "list").out.splitlines()
        assert {"/robot/chatter", "/robot/latched", "/parameter_events"} <= set(names)
        assert not any("_action" in each for each in names)
        assert "/robot/chatter [std_msgs/msg/String]" in ros("topic", "list", "-t").out
        assert int(ros("topic", "list", "-c").out) == len(names)
        assert "/robot/count/_action/feedback" in ros("topic", "list", "--include-hidden-topics").out
        said = ros("topic", "list", "--verbose").out
        assert said.startswith("Published topics:\n * /") and "\nSubscribed topics:\n" in said
        assert " * /robot/pose [geometry_msgs/msg/PoseStamped] 1 publisher\n" in said
        assert " * /robot/orders [std_msgs/msg/String] 1 subscriber\n" in said

    def test_info_type_find(self, ros: Ros) -> None:
        assert ros("topic", "info", "/robot/chatter").out == (
            "Type: std_msgs/msg/String\nPublisher count: 1\nSubscription count: 0\n"
        )
        said = ros("topic", "info", "-v", "/robot/latched").out
        for line in (
            "Node name: talker",
            "Node namespace: /robot",
            "Endpoint type: PUBLISHER",
            "  Durability: TRANSIENT_LOCAL",
        ):
            assert f"{line}\n" in said
        assert re.search(r"GID: ([0-9a-f]{2}\.){15}[0-9a-f]{2}\n", said) and "RIHS01_df668c74" in said
        assert ros("topic", "type", "/robot/chatter") == (0, "std_msgs/msg/String\n", "")
        assert ros("topic", "type", "/nix") == (1, "", "")
        assert (
            ros("topic", "find", "std_msgs/msg/String").out
            == "/robot/chatter\n/robot/latched\n/robot/orders\n"
        )
        assert ros("topic", "find", "-c", "std_msgs/msg/String").out == "3\n"
        fails(ros("topic", "info", "/nix"), "Unknown topic '/nix'", "bee ros topic list")
        fails(ros("topic", "info", "/a b"), "'/a b' is no name of a topic")

    def test_echo(self, ros: Ros) -> None:
        assert ros("topic", "echo", "--once", "/robot/latched") == (0, "data: kept\n---\n", "")
        pose = yaml.safe_load(ros("topic", "echo", "/robot/pose", "--once").out.partition("---")[0])
        assert pose["pose"] == {
            "position": {"x": 2.5, "y": 0.0, "z": 0.0},
            "orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0},
        }
        assert ros("topic", "echo", "/robot/pose", "--once", "--field", "pose.position.x").out == "2.5\n---\n"
        assert (
            ros("topic", "echo", "/robot/joint_states", "--once", "--field", "name[1]").out == "turn\n---\n"
        )
        assert (
            ros("topic", "echo", "/robot/joint_states", "--once", "--csv").out
            == "0,0,,lift,turn,0.25,1.0,,\n"
        )
        flow = ros("topic", "echo", "/robot/joint_states", "--once", "--flow-style").out
        assert "name: [lift, turn]\nposition: [0.25, 1.0]\n" in flow
        described = ros("topic", "echo", "/robot/joint_states", "--once", "--no-arr").out
        assert "name: '<sequence type: string, length: 2>'\n" in described
        assert "'<string length: <4>>'" in ros("topic", "echo", "/robot/latched", "--once", "--no-str").out
        assert ros("topic", "echo", "/robot/latched", "--once", "--raw").out.startswith(
            r"b'\x00\x01\x00\x00\x05\x00"
        )
        filtered = ros("topic", "echo", "/robot/chatter", "--once", "--filter", "m.data.endswith('7')").out
        assert filtered.endswith("7\n---\n")

    def test_large_arrays_are_shortened(self, ros: Ros) -> None:
        short = yaml.safe_load(ros("topic", "echo", "/robot/picture", "--once").out.partition("---")[0])
        assert short["data"] == [*range(128), "..."]
        five = ros("topic", "echo", "/robot/picture", "--once", "-l", "5", "--field", "data", "--csv").out
        assert five.startswith(
            "array('B', [0, 1"
        )  # a part that is no message is printed as Python has it, as ros2 does
        long = yaml.safe_load(
            ros("topic", "echo", "/robot/picture", "--once", "--full-length").out.partition("---")[0]
        )
        assert long["data"] == list(range(200))

    def test_echo_says_what_is_wrong(self, ros: Ros) -> None:
        fails(ros("topic", "echo", "/nix"), "does not appear to be published yet", "bee ros topic list")
        fails(
            ros("topic", "echo", "/robot/pose", "--once", "--field", "pose.place"),
            "'pose' has no 'place'; it has position, orientation",
        )
        fails(ros("topic", "echo", "/robot/pose", "--once", "--field", "pose.position.x.y"), "it is a float")
        fails(
            ros("topic", "echo", "/x", "std_msgs/msg/Strin"),
            "'std_msgs/msg/Strin' is no known message type",
            "String",
        )
        fails(ros("topic", "echo", "/x", "nix_msgs/msg/Y"), "BEE_ROS_INTERFACE_PATH")
        fails(
            ros("topic", "echo", "/robot/chatter", "--once", "--filter", "m.data ="),
            "is no Python expression",
        )
        fails(ros("topic", "echo", "/robot/chatter", "--once", "--filter", "m.nix"), "--filter 'm.nix'")
        fails(
            ros("topic", "echo", "/robot/chatter", "--qos-reliability", "perfect"),
            "choose from",
            "best_effort",
        )
        fails(
            ros("topic", "echo", "/robot/orders", "--timeout", "0.2"),
            "no message on '/robot/orders' within 0.2 s",
        )

    def test_pub_reaches_a_subscriber(self, ros: Ros) -> None:
        said = ros("topic", "pub", "--once", "/robot/orders", "std_msgs/msg/String", "{data: an order}")
        assert (
            said.out.startswith("Waiting for at least 1 matching subscription(s)...\n")
            or "beginning loop" in said.out
        )
        assert (
            "publisher: beginning loop\npublishing #1: std_msgs.msg.String(data='an order')\n\n" in said.out
        )
        deadline = time.monotonic() + 10
        while (
            "an order"
            not in ros(
                "topic",
                "echo",
                "/robot/latched",
                "--once",
                "--filter",
                "m.data == 'an order'",
                "--timeout",
                "5",
            ).out
        ):
            assert time.monotonic() < deadline

    def test_pub_fills_messages_from_yaml(self, ros: Ros) -> None:
        said = ros(
            "topic",
            "pub",
            "-1",
            "-w",
            "0",
            "/p",
            "geometry_msgs/msg/PoseStamped",
            "{header: auto, pose: {position: {x: 1}}}",
        ).out
        assert (
            re.search(r"stamp=builtin_interfaces.msg.Time\(sec=\d{10}, ", said)
            and "Point(x=1.0, y=0.0" in said
        )
        said = ros(
            "topic",
            "pub",
            "-t",
            "2",
            "-r",
            "50",
            "-w",
            "0",
            "/b",
            "sensor_msgs/msg/CompressedImage",
            "{data: !!binary aGVsbG8=}",
        ).out
        assert "publishing #2: " in said and "data=[104, 101, 108, 108, 111]" in said
        said = ros("topic", "pub", "-1", "-w", "0", "/t", "builtin_interfaces/msg/Time", "{sec: 5}").out
        assert "Time(sec=5, nanosec=0)" in said
        said = ros(
            "topic",
            "pub",
            "-1",
            "-w",
            "0",
            "/d",
            "diagnostic_msgs/msg/DiagnosticArray",
            "{status: [{level: 2, name: lift, values: [{key: a, value: 5}]}]}",
        ).out
        assert r"level=b'\x02', name='lift'" in said and "KeyValue(key='a', value='5')" in said

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ("{data: [", "is no YAML (line 1, column 9)"),
            ("5", "has to be a dictionary in YAML format"),
            ("{dat: x}", "String has no field 'dat'; it has data"),
            ("{data: [1, 2]}", "field 'data' (string): expected a text, got [1, 2]"),
        ],
    )
    def test_wrong_values_are_named(self, ros: Ros, values: str, says: str) -> None:
        fails(ros("topic", "pub", "-1", "-w", "0", "/x", "std_msgs/msg/String", values), says)

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ("{pose: {orientation: {w: wide}}}", "field 'pose.orientation.w' (double): could not convert"),
            (
                "{header: {stamp: {sec: 3.5}}}",
                "field 'header.stamp.sec' (int32): expected a whole number, got 3.5",
            ),
            ("{header: {stamp: {nanosec: -1}}}", "field 'header.stamp.nanosec'"),
            ("{pose: 3}", "field 'pose': expected fields with values"),
        ],
    )
    def test_wrong_values_are_named_by_their_path(self, ros: Ros, values: str, says: str) -> None:
        fails(ros("topic", "pub", "-1", "-w", "0", "/x", "geometry_msgs/msg/PoseStamped", values), says)

    def test_pub_does_not_wait_for_ever(self, ros: Ros) -> None:
        done = ros("topic", "pub", "-1", "--max-wait-time-secs", "0.2", "/nobody", "std_msgs/msg/String")
        fails(done, "0 of 1 subscriptions on '/nobody' within 0.2 s", "-w 0")

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("hz", "/robot/chatter"), r"average rate: \d+\.\d{3}\n\tmin: 0\.\d{3}s max: 0\.\d{3}s std dev: 0\.\d{5}s window: \d+\n"),
            (("bw", "/robot/chatter"), r"Subscribed to \[/robot/chatter\]\n[\d.]+ K?B/s from \d+ messages\n\tMessage size mean: \d+ B min: \d+ B max: \d+ B\n"),
            (("delay", "/robot/pose"), r"average delay: \d\.\d{3}\n\tmin: -?0\.\d{3}s max: \d\.\d{3}s std dev: 0\.\d{5}s window: \d+\n"),
        ],
        ids=["hz", "bw", "delay"],
    )  # fmt: skip
    def test_rates_go_on_until_ctrl_c(self, talker: None, words: tuple[str, str], says: str) -> None:
        program = [sys.executable, "-m", "bee_robot.cli.main", "ros", "topic", *words]
        process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        said = ""
        while not re.search(says, said):
            line = process.stdout.readline()
            assert line, f"ended early: {said}"
            said += line
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=10)
        assert process.returncode == int(signal.SIGINT) and "Traceback" not in rest[1]


class TestServices:
    def test_list_type_find_info(self, ros: Ros) -> None:
        assert "/robot/add\n" in ros("service", "list").out and "_action" not in ros("service", "list").out
        assert "/robot/add [example_interfaces/srv/AddTwoInts]\n" in ros("service", "list", "-t").out
        assert int(ros("service", "list", "-c").out) == len(ros("service", "list").out.splitlines())
        assert ros("service", "type", "/robot/add").out == "example_interfaces/srv/AddTwoInts\n"
        assert ros("service", "type", "/nix").code == 1
        assert ros("service", "find", "example_interfaces/srv/AddTwoInts").out == "/robot/add\n"
        assert ros("service", "info", "/robot/add").out == (
            "Type: example_interfaces/srv/AddTwoInts\nClients count: 0\nServices count: 1\n"
        )

    def test_call(self, ros: Ros) -> None:
        said = ros("service", "call", "/robot/add", "example_interfaces/srv/AddTwoInts", "{a: 2, b: 3}").out
        assert said.removeprefix("waiting for service to become available...\n") == (
            "requester: making request: example_interfaces.srv.AddTwoInts_Request(a=2, b=3)\n\n"
            "response:\nexample_interfaces.srv.AddTwoInts_Response(sum=5)\n\n"
        )
        fails(
            ros("service", "call", "/robot/add", "example_interfaces/srv/AddTwoInts", "{c: 2}"), "it has a, b"
        )
        fails(
            ros("service", "call", "/robot/add", "std_srvs/srv/Trigger"),
            "has the type example_interfaces/srv/AddTwoInts, not std_srvs/srv/Trigger",
        )
        done = ros("service", "call", "/nix", "std_srvs/srv/Trigger", "--timeout", "0.2")
        fails(done, "service '/nix' is not there within 0.2 s", "bee ros service list")
        fails(ros("service", "call", "/nix", "std_srvs/srv/Trigge"), "std_srvs has Trigger")


class TestActions:
    def test_list_info_type_find(self, ros: Ros) -> None:
        assert ros("action", "list", "-t").out == "/robot/count [example_interfaces/action/Fibonacci]\n"
        assert ros("action", "list", "-c").out == "1\n"
        assert ros("action", "type", "/robot/count").out == "example_interfaces/action/Fibonacci\n"
        assert ros("action", "find", "example_interfaces/action/Fibonacci").out == "/robot/count\n"
        assert ros("action", "info", "/robot/count").out == (
            "Action: /robot/count\nAction clients: 0\nAction servers: 1\n    /robot/talker\n"
        )

    def test_send_goal(self, ros: Ros) -> None:
        fibonacci = "example_interfaces/action/Fibonacci"
        done = ros("action", "send_goal", "--feedback", "/robot/count", fibonacci, "{order: 3}")
        assert done.code == 0
        assert re.fullmatch(
            "Waiting for an action server to become available...\nSending goal:\n    order: 3\n\n"
            "Goal accepted with ID: [0-9a-f]{32}\n\nFeedback:\n    sequence:\n- 0\n- 1\n\n"
            "Result:\n    sequence:\n- 0\n- 1\n- 2\n\nGoal finished with status: SUCCEEDED\n",
            done.out,
        )
        rejected = ros("action", "send_goal", "/robot/count", fibonacci, "{order: -1}")
        assert rejected.code == 1 and rejected.out.endswith("Goal was rejected.\n")
        fails(
            ros("action", "send_goal", "/nix", fibonacci, "{}", "--timeout", "0.2"),
            "has no server within 0.2 s",
        )
        fails(
            ros("action", "send_goal", "/nix", fibonacci, "{orde: 1}"),
            "Fibonacci_Goal has no field 'orde'; it has order",
        )

    def test_ctrl_c_cancels_the_goal(self, talker: None) -> None:
        program = [sys.executable, "-m", "bee_robot.cli.main", "ros", "action", "send_goal", "/robot/count"]
        process = subprocess.Popen(
            [*program, "example_interfaces/action/Fibonacci", "{order: 1000}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        while "accepted" not in (line := process.stdout.readline()):
            assert line, "ended early"
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=15)[0]
        assert "Canceling goal...\nGoal canceled.\n" in said and process.returncode == int(signal.SIGINT)


class TestParameters:
    def test_list_get_describe(self, ros: Ros) -> None:
        assert "/robot/talker:\n  fixed\n  gain\n  limits.low\n  names\n" in ros("param", "list").out
        assert (
            ros("param", "list", "/robot/talker", "--filter", "ga", "--param-type").out
            == "  gain (type: double)\n"
        )
        assert ros("param", "list", "/robot/talker", "--param-prefixes", "limits").out == "  limits.low\n"
        assert ros("param", "get", "/robot/talker", "limits.low").out == "Integer value is: 3\n"
        assert ros("param", "get", "robot/talker", "names", "--hide-type").out == "['a', 'b']\n"
        said = ros("param", "describe", "/robot/talker", "gain", "fixed").out
        assert said == (
            "Parameter name: gain\n  Type: double\n  Description: how much\n  Constraints:\n"
            "    Min value: 0.0\n    Max value: 10.0\n"
            "Parameter name: fixed\n  Type: string\n  Constraints:\n    Read only: true\n"
        )
        fails(
            ros("param", "get", "/robot/talker", "nix"),
            "Parameter not set: 'nix'",
            "bee ros param list /robot/talker",
        )
        fails(ros("param", "get", "/nix", "gain", "--timeout", "0.2"), "Node not found")

    def test_set_and_delete(self, ros: Ros) -> None:
        assert ros("param", "set", "/robot/talker", "gain", "2.5").out == "Set parameter successful\n"
        assert ros("param", "get", "/robot/talker", "gain").out == "Double value is: 2.5\n"
        for value, says in (
            ("5", "Wrong parameter type"),
            ("50.0", "not in the valid range|range"),
            ("text", "Wrong parameter type"),
        ):
            done = ros("param", "set", "/robot/talker", "gain", value)
            assert (
                done.code == 1
                and done.err.startswith("Setting parameter failed: ")
                and re.search(says, done.err)
            )
        assert ros("param", "set", "/robot/talker", "names", "[x, y]").code == 0
        assert ros("param", "set", "/robot/talker", "names", "[a, b]").code == 0
        assert ros("param", "set", "/robot/talker", "fixed", "other").code == 1
        assert ros("param", "delete", "/robot/talker", "fixed").code == 1

    def test_dump_and_load(self, ros: Ros, tmp_path: Path) -> None:
        dumped = ros("param", "dump", "/robot/talker").out
        tree = yaml.safe_load(dumped)["/robot/talker"]["ros__parameters"]
        assert tree["limits"] == {"low": 3} and tree["names"] == ["a", "b"]
        file = tmp_path / "p.yaml"
        file.write_text(
            "/**: {ros__parameters: {limits: {low: 4}}}\n/robot/talker: {ros__parameters: {gain: 3.5}}\n"
        )
        done = ros("param", "load", "/robot/talker", str(file))
        assert done == (0, "Set parameter limits.low successful\nSet parameter gain successful\n", "")
        assert ros("param", "get", "/robot/talker", "limits.low").out == "Integer value is: 4\n"
        assert (
            ros("param", "load", "/robot/talker", str(file), "--no-use-wildcard").out
            == "Set parameter gain successful\n"
        )
        ros("param", "set", "/robot/talker", "limits.low", "3")
        assert ros("param", "dump", "/robot/talker", "--output-dir", str(tmp_path)).code == 0
        assert "robot__talker.yaml" in [each.name for each in tmp_path.iterdir()]
        fails(
            ros("param", "load", "/robot/machine", str(file), "--no-use-wildcard"),
            "has no parameters for /robot/machine, only for: /**, /robot/talker",
        )
        fails(ros("param", "load", "/robot/talker", str(tmp_path / "nix")), "cannot be read")
        file.write_text("/robot/talker: 5")
        fails(ros("param", "load", "/robot/talker", str(file)), "has no 'ros__parameters'")


class TestLifecycle:
    def test_through_its_states(self, ros: Ros) -> None:
        assert ros("lifecycle", "nodes").out == "/robot/machine\n"
        assert ros("lifecycle", "get", "/robot/machine").out == "unconfigured [1]\n"
        assert ros("lifecycle", "get").out == "/robot/machine: unconfigured [1]\n"
        assert (
            "- configure [1]\n\tStart: unconfigured\n\tGoal: configuring\n"
            in ros("lifecycle", "list", "/robot/machine").out
        )
        assert "- transition_success" in ros("lifecycle", "list", "-a", "/robot/machine").out
        assert ros("lifecycle", "set", "/robot/machine", "configure") == (0, "Transitioning successful\n", "")
        assert ros("lifecycle", "get", "/robot/machine").out == "inactive [2]\n"
        fails(
            ros("lifecycle", "set", "/robot/machine", "configure"),
            "Unknown transition 'configure' requested, available ones are: ",
            "activate",
        )
        assert ros("lifecycle", "set", "/robot/machine", "cleanup").code == 0
        fails(
            ros("lifecycle", "get", "/robot/talker"),
            "/robot/talker is no lifecycle node",
            "bee ros lifecycle nodes",
        )


def test_a_tool_is_quick_to_say_what_it_can(tmp_path: Path) -> None:
    """Help needs no rclpy, no Zenoh, no numpy."""
    program = "import sys\nfrom bee_robot.embedded_ros.tools import command\n" + "".join(
        f"for verb in command.verbs_of({group!r}):\n"
        "    try: command.main([%r, verb.name, '--help'])\n    except SystemExit as left: assert left.code == 0\n"
        % group
        for group in command.GROUPS
    )
    program += (
        "print(sorted({'rclpy', 'zenoh', 'numpy', 'yaml', 'rosbags'} & set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, "BEE_ROS": "embedded"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=True,
    )
    assert done.stderr == "[]\n"
