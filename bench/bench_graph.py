"""What sections that measure the graph share."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bee_robot  # noqa: F401 - serves rclpy where there is no ROS 2; imported before it


@contextmanager
def own_graph(**variables: str) -> Iterator[None]:
    """A domain and a rendezvous of this run alone, and other environment variables, unless they are set. All is put back."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    before = {name: os.environ.get(name) for name in ("ROS_DOMAIN_ID", "BEE_ROS_RENDEZVOUS", *variables)}
    os.environ["ROS_DOMAIN_ID"] = str(os.environ.get("ROS_DOMAIN_ID") or os.getpid() % 100)
    os.environ["BEE_ROS_RENDEZVOUS"] = str(port)
    for name, value in variables.items():
        os.environ.setdefault(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"bench: process {pid} has no VmRSS")
