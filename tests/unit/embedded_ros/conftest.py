"""Tests of what is inside the embedded runtime. Each run has a graph of its own."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator

import pytest

import bee_robot


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if bee_robot.ros_runtime().kind != "embedded":
    collect_ignore_glob = ["test_*.py"]
else:
    os.environ["ROS_DOMAIN_ID"] = str(101 + os.getpid() % 100)
    os.environ["BEE_ROS_RENDEZVOUS"] = str(free_port())
    os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="ros_log_"))


@pytest.fixture
def ros() -> Iterator[None]:
    """An initialised default context."""
    import rclpy

    rclpy.init(args=[])
    yield
    rclpy.try_shutdown()


@pytest.fixture
def rendezvous_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A rendezvous of this test alone."""
    port = free_port()
    monkeypatch.setenv("BEE_ROS_RENDEZVOUS", str(port))
    return port
