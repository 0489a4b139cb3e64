"""Loggers: console, levels, filters, /rosout."""

from __future__ import annotations

import re

import pytest
import rclpy
from rcl_interfaces.msg import Log
from rclpy.logging import LoggingSeverity, get_logger
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from ros_spinning import spin_until


def test_lines_have_the_usual_form(node: Node, capfd: pytest.CaptureFixture[str]) -> None:
    assert node.get_logger().info("the lid is open")
    text = capfd.readouterr().err
    assert re.search(r"\[INFO\] \[\d{10}\.\d{9}\] \[tester\]: the lid is open", text)


def test_levels_hide_what_is_below_them(node: Node, capfd: pytest.CaptureFixture[str]) -> None:
    logger = get_logger("levels_test")
    assert not logger.debug("hidden")
    logger.set_level(LoggingSeverity.ERROR)
    assert logger.get_effective_level() == LoggingSeverity.ERROR
    assert not logger.warning("hidden too")
    assert logger.error("shown")
    logger.set_level(LoggingSeverity.DEBUG)
    assert logger.debug("shown as well")
    assert logger.is_enabled_for(LoggingSeverity.DEBUG)
    text = capfd.readouterr().err
    assert "hidden" not in text and "shown" in text and "shown as well" in text


def test_children_follow_their_parents(node: Node) -> None:
    parent = get_logger("parent_test")
    parent.set_level(LoggingSeverity.FATAL)
    child = parent.get_child("child")
    assert child.name == "parent_test.child"
    assert child.get_effective_level() == LoggingSeverity.FATAL


def test_once_and_skip_first(node: Node) -> None:
    logger = get_logger("filters_test")
    assert [logger.info("once", once=True) for _ in range(3)] == [True, False, False]
    assert [logger.info("later", skip_first=True) for _ in range(3)] == [False, True, True]


def test_throttling(node: Node) -> None:
    logger = get_logger("throttle_test")
    assert [logger.info("rare", throttle_duration_sec=60.0) for _ in range(3)] == [True, False, False]


def test_severity_cannot_change_in_one_place(node: Node) -> None:
    logger = get_logger("severity_test")

    def log(severity: LoggingSeverity) -> bool:
        return logger.log("text", severity)

    assert log(LoggingSeverity.INFO)
    with pytest.raises(ValueError):
        log(LoggingSeverity.ERROR)


def test_unknown_options_are_errors(node: Node) -> None:
    with pytest.raises((TypeError, RuntimeError)):
        node.get_logger().info("text", colour="red")


def test_loggers_need_a_name() -> None:
    with pytest.raises(ValueError):
        get_logger("")


def test_rosout_carries_the_messages(node: Node) -> None:
    received: list[Log] = []
    profile = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    node.create_subscription(Log, "/rosout", received.append, profile)
    node.get_logger().warning("heavy frame")
    assert spin_until(node, lambda: any(m.msg == "heavy frame" for m in received))
    message = next(m for m in received if m.msg == "heavy frame")
    warn = Log.WARN if isinstance(Log.WARN, int) else Log.WARN[0]
    assert (message.name, message.level) == ("tester", warn)
    assert message.function == "test_rosout_carries_the_messages" and message.line > 0
    assert message.stamp.sec > 1_600_000_000


def test_the_command_line_sets_levels() -> None:
    rclpy.init(args=["--ros-args", "--log-level", "cli_test:=error"])
    try:
        assert get_logger("cli_test").get_effective_level() == LoggingSeverity.ERROR
    finally:
        rclpy.shutdown()
