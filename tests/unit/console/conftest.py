from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np
import pytest

from bee_robot.clock import SteppedClock
from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import InspectionStart

NOON = datetime(2026, 6, 21, 9, 0, tzinfo=timezone.utc)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "store", clock=SteppedClock(start_utc=NOON)) as opened:
        yield opened


@pytest.fixture
def start() -> InspectionStart:
    return InspectionStart(
        robot="tower_1",
        hive="linden",
        box=1,
        frames_total=2,
        started_utc=NOON,
        utc_offset_hours=3.0,
        software_version="0.1.0",
        conditions={"readings": {"outside_c": 21.5}, "against": []},
    )


@pytest.fixture
def photograph() -> Callable[..., bytes]:
    """A JPEG photograph of one colour."""

    def take(grey: int, width_px: int = 120, height_px: int = 90) -> bytes:
        return cv2.imencode(".jpg", np.full((height_px, width_px, 3), grey, np.uint8))[1].tobytes()

    return take
