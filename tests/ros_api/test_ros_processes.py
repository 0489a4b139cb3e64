"""Several processes: discovery, signals, sudden death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator

import pytest
from rclpy.node import Node
from ros_spinning import spin_until
from std_msgs.msg import String

LEASE_S = 25.0
"""How long DDS may keep a participant that was killed: its lease, and what discovery takes."""

PREAMBLE = """
import importlib.util, sys
if importlib.util.find_spec("bee_robot") is not None:
    import bee_robot
import rclpy
from std_msgs.msg import String
"""

TALKER = """
rclpy.init(args=[])
node = rclpy.create_node(sys.argv[1])
publisher = node.create_publisher(String, "talk", 10)
node.create_timer(0.02, lambda: publisher.publish(String(data=sys.argv[1])))
heard = set()
def hear(message):
    if message.data not in heard:
        heard.add(message.data)
        print(message.data, flush=True)
node.create_subscription(String, "talk", hear, 10)
rclpy.spin(node)
"""


def _hears_sigint() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts Python programs that are killed after the test."""
    running: list[subprocess.Popen[str]] = []

    def run(program: str, *arguments: str) -> subprocess.Popen[str]:
        text = PREAMBLE + textwrap.dedent(program)
        process = subprocess.Popen(
            [sys.executable, "-c", text, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell that runs the tests in the background has SIGINT ignored, and children inherit that.
            preexec_fn=_hears_sigint,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def heard_by(node: Node, heard: set[str], names: set[str], timeout_s: float = 8.0) -> bool:
    heard.clear()
    return spin_until(node, lambda: names <= heard, timeout_s)


def test_processes_find_each_other_and_survive_the_death_of_the_first(
    start: Callable[..., subprocess.Popen[str]], make_node: Callable[..., Node]
) -> None:
    first = start(TALKER, "first")
    assert first.stdout is not None and first.stdout.readline().strip() == "first"
    start(TALKER, "second")
    node = make_node("listener")
    heard: set[str] = set()
    node.create_subscription(String, "talk", lambda m: heard.add(m.data), 10)
    assert heard_by(node, heard, {"first", "second"})
    first.kill()
    first.wait()
    third = start(TALKER, "third")
    assert heard_by(node, heard, {"second", "third"})
    assert spin_until(node, lambda: "first" not in node.get_node_names(), LEASE_S)
    assert third.stdout is not None
    lines = {third.stdout.readline().strip() for _ in range(2)}
    assert lines == {"second", "third"}


def test_sigint_is_a_keyboard_interrupt(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start(
        """
        rclpy.init(args=[])
        node = rclpy.create_node("patient")
        print("ready", flush=True)
        try:
            rclpy.spin(node)
        except KeyboardInterrupt:
            print("interrupted", rclpy.ok(), flush=True)
        """
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    assert output.startswith("interrupted") and process.returncode == 0


def test_sigterm_ends_spin(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start(
        """
        rclpy.init(args=[])
        node = rclpy.create_node("patient")
        # The first tick tells that spin has begun.
        timer = node.create_timer(0.01, lambda: (timer.cancel(), print("ready", flush=True)))
        try:
            rclpy.spin(node)
        except Exception as error:
            # ExternalShutdownException; or an error of the C layer, if the context ended between two waits.
            if rclpy.ok():
                raise
        print("ended", rclpy.ok(), flush=True)
        """
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    os.kill(process.pid, signal.SIGTERM)
    output, errors = process.communicate(timeout=10)
    assert output == "ended False\n" and process.returncode == 0, errors


def test_signals_can_be_left_to_the_program(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start(
        """
        import signal
        from rclpy.signals import SignalHandlerOptions
        asked = []
        signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        node = rclpy.create_node("careful")
        print("ready", flush=True)
        while not asked:
            rclpy.spin_once(node, timeout_sec=0.1)
        print("context alive:", rclpy.ok(), flush=True)
        node.destroy_node()
        rclpy.shutdown()
        """
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=10)
    assert output == "context alive: True\n", errors
    assert process.returncode == 0


def test_a_process_that_just_ends_leaves_the_graph(
    start: Callable[..., subprocess.Popen[str]], make_node: Callable[..., Node]
) -> None:
    node = make_node("watching")
    process = start(
        """
        import time
        rclpy.init(args=[])
        node = rclpy.create_node("forgetful")
        print("ready", flush=True)
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            rclpy.spin_once(node, timeout_sec=0.1)
        """
    )
    assert spin_until(node, lambda: "forgetful" in node.get_node_names(), 8.0)
    started = time.monotonic()
    assert process.wait(timeout=10) == 0
    assert time.monotonic() - started < 6.0
    assert spin_until(node, lambda: "forgetful" not in node.get_node_names())
