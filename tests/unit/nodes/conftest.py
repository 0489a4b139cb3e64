"""Nodes in this process: see node_stage.py."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from node_stage import Stage

# isort: split
from bench_board import build_bench  # both in tests/firmware, which node_stage makes known
from serial_board import SerialBoard


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    monkeypatch.setenv("BEE_ROS_RENDEZVOUS", str(_free_port()))
    monkeypatch.setenv("ROS_LOG_DIR", tempfile.gettempdir())
    made = Stage()
    with contextlib.closing(made):
        yield made


@pytest.fixture
def board(tmp_path: Path) -> Iterator[SerialBoard]:
    """A board on a serial port whose cable can be pulled."""
    with SerialBoard(build_bench(), tmp_path / "board") as made:
        yield made
