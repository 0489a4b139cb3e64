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

NOON = datetime(2026, 6, 21, 12, 0, tzinfo=timezone.utc)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(start_utc=NOON)


@pytest.fixture
def store(tmp_path: Path, clock: SteppedClock) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "store", clock=clock) as opened:
        yield opened


@pytest.fixture
def start() -> InspectionStart:
    return InspectionStart(
        robot="tower_1",
        hive="linden",
        box=1,
        frames_total=10,
        started_utc=NOON,
        started_s=100.0,
        hive_standard="estonian",
        hive_boxes=3,
        software_version="0.1.0",
        firmware_version="0.1.0",
        configuration_checksum=0xBEE5,
        is_simulated=True,
        utc_offset_hours=3.0,
        conditions={"outside_c": 21.5, "wind_m_s": 2.0},
    )


@pytest.fixture
def photograph() -> Callable[[int], bytes]:
    """A small JPEG photograph; another number gives other bytes."""

    def take(number: int) -> bytes:
        noise = np.random.default_rng(number).integers(0, 255, (60, 80, 3), dtype=np.uint8)
        return cv2.imencode(".jpg", noise)[1].tobytes()

    return take
