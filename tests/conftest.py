"""Where ROS 2 is sourced, pytest (and so `colcon test`) collects what is meant for it: tests/ros and tests/ros_api.

All others are of the embedded runtime: `make test` runs them, with ROS 2 or without. A test that is named is always run.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOR_ROS = ("ros", "ros_api")


def ros_is_sourced() -> bool:
    """Whether nodes of this process get the rclpy of an installed ROS 2."""
    if importlib.util.find_spec("bee_robot") is None:
        return False
    import bee_robot

    return bee_robot.ros_runtime().kind == "system"


collect_ignore = [
    each.name for each in HERE.iterdir() if each.is_dir() and each.name not in FOR_ROS and ros_is_sourced()
]


def pytest_report_header() -> str | None:
    return (
        "ROS 2 is sourced: tests/ros and tests/ros_api only; the others: make test"
        if collect_ignore
        else None
    )
