"""Tests of the ROS API as nodes use it: they import public ROS names only, and run unchanged on
real rclpy (Humble and later) and on the embedded runtime.

Each run has a graph of its own: a domain, and for the embedded runtime a rendezvous port.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import tempfile
from collections.abc import Callable, Iterator

import pytest

if importlib.util.find_spec("bee_robot") is not None:
    import bee_robot  # noqa: F401  decides which rclpy there is


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
os.environ["BEE_ROS_RENDEZVOUS"] = str(_free_port())
os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="ros_log_"))

import rclpy  # noqa: E402
from rclpy.node import Node  # noqa: E402


@pytest.fixture
def ros() -> Iterator[None]:
    """An initialised default context."""
    rclpy.init(args=[])
    yield
    rclpy.try_shutdown()


@pytest.fixture
def node(ros: None) -> Iterator[Node]:
    """A node named `tester`."""
    made = rclpy.create_node("tester")
    yield made
    made.destroy_node()


@pytest.fixture
def make_node(ros: None) -> Iterator[Callable[..., Node]]:
    """Makes nodes that are destroyed after the test."""
    made: list[Node] = []

    def make(name: str, **options: object) -> Node:
        made.append(rclpy.create_node(name, **options))
        return made[-1]

    yield make
    for each in made:
        with contextlib.suppress(Exception):
            each.destroy_node()
