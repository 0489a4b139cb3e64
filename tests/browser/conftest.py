"""A browser for these tests, and the report of a visit with maps of ten frames to look at."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "console"))

import seen_comb
from chromium import Chromium, binary

from bee_robot.clock import SteppedClock
from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import InspectionStart
from bee_robot.console.report import write_report
from bee_robot.sim.hive_world import HiveWorld

NOON = datetime(2026, 6, 21, 9, 0, tzinfo=timezone.utc)
FRAMES = 3


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = binary()
    if program is None:
        pytest.skip("no Chromium on this machine (tools/debian_packages --install --all)")
    with Chromium(program, tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the second of two visits; on frame 2 there are queen cells and mites."""
    start = InspectionStart(
        robot="tower_1", hive="linden", box=1, frames_total=FRAMES, started_utc=NOON, hive_boxes=2
    )
    folder = tmp_path_factory.mktemp("report")
    with LocalStore.open(folder / "store", clock=SteppedClock(start_utc=NOON)) as store:
        before = replace(start, started_utc=NOON - timedelta(days=12))
        seen_comb.record_visit(store, before, HiveWorld(3, boxes=1, frames_per_box=FRAMES), frames=FRAMES)
        visit = seen_comb.record_visit(
            store,
            start,
            HiveWorld(4, boxes=1, frames_per_box=FRAMES),
            seen_comb.MITES_AND_QUEEN_CELLS,
            FRAMES,
        )
        return write_report(store, visit, folder / "report.html")
