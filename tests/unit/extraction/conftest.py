from __future__ import annotations

from pathlib import Path

import pytest

from bee_robot.configuration import RobotConfiguration, load

ROBOT_FILE = Path(__file__).parents[3] / "config" / "robots" / "tower.yaml"


@pytest.fixture(scope="session")
def robot() -> RobotConfiguration:
    """The reference tower around the reference hive."""
    return load(ROBOT_FILE)
