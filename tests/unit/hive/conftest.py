from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bee_robot.configuration import RobotConfiguration, parse
from bee_robot.hive.fitting import fitted

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "config" / "robots" / "tower.yaml"


@pytest.fixture
def reference() -> dict[str, Any]:
    """What stands in the robot file of the reference tower."""
    data: dict[str, Any] = yaml.safe_load(REFERENCE.read_text(encoding="utf-8"))
    return data


@pytest.fixture
def tower_for(reference: dict[str, Any]) -> Callable[..., RobotConfiguration]:
    """A tower fitted to a hive of these options."""
    return lambda **hive: parse(fitted(reference, {"name": "h", **hive}), Path("fitted.yaml"))
