"""Tests of several machines: real processes, in network namespaces or behind a bad connection."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from network_places import Machine

import bee_robot

if bee_robot.ros_runtime().kind != "embedded":
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def domain_id() -> int:
    return 101 + os.getpid() % 100


@pytest.fixture
def machine(domain_id: int) -> Iterator[Machine]:
    """This machine; what was started on it ends with the test."""
    here = Machine(domain_id)
    yield here
    here.end_all()
