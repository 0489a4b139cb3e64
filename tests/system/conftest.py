"""Every test of whole robots has a place of its own; whatever still runs there is ended with the test."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from robot_field import Field


@pytest.fixture
def field_of_one(tmp_path: Path) -> Iterator[Field]:
    environment = {
        **os.environ,
        "BEE_ROS": "embedded",
        "ROS_DOMAIN_ID": str(random.randint(102, 230)),
        "BEE_TEST_FIELD": str(tmp_path),
        "BEE_STORE": str(tmp_path / "store"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "COLUMNS": "200",
    }
    place = Field(tmp_path, environment)
    yield place
    for bee in place.running:
        if bee.process.poll() is None:
            bee.process.kill()
            bee.process.wait()
    for number in place.nodes().values():
        os.kill(number, signal.SIGKILL)
