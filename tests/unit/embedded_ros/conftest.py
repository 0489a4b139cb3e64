"""Tests of what is inside the embedded runtime. Each run has a graph of its own."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from typing import Any

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


@pytest.fixture
def router_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A Zenoh router, as `rmw_zenohd` is one: peers of rmw_zenoh_cpp are introduced by routers only."""
    import zenoh

    port = free_port()
    config = zenoh.Config()
    config.insert_json5("mode", '"router"')
    config.insert_json5("listen/endpoints", f'["tcp/127.0.0.1:{port}"]')
    config.insert_json5("scouting/multicast/enabled", "false")
    config.insert_json5("timestamping/enabled", "true")
    config.insert_json5("scouting/delay", "1")
    monkeypatch.setenv("BEE_ROS_ROUTER", f"tcp/127.0.0.1:{port}")
    router = zenoh.open(config)
    yield port
    router.close()


@pytest.fixture
def node(router_port: int, ros: None) -> Iterator[Any]:
    """A node on the graph of that router."""
    import rclpy

    made = rclpy.create_node("tester")
    yield made
    made.destroy_node()
