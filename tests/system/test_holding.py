"""A robot that is up is held and resumed by another process: services, actions, stamps and diagnostics on the graph."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from robot_field import Field

CLIENT = Path(__file__).with_name("holding_client.py")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_hold_and_resume_through_the_graph(field_of_one: Field) -> None:
    robot = field_of_one.bee("up", "tower", "--sim")
    robot.wait_for("is ready")
    done = subprocess.run(
        [sys.executable, str(CLIENT), "tower_1"],
        env=field_of_one.environment,
        cwd=field_of_one.folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr + robot.output
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["homed"] == "done" and seen["referenced"] == ["shuttle_left"]
    assert seen["because"] == "somebody looks" and seen["stood_still"]
    assert -235 < seen["held_mm"] < 200
    assert seen["end"] == "done" and seen["at_mm"] == pytest.approx(235)
    assert seen["lit_at_mm"] == pytest.approx(0.0)
    assert 0 < seen["lit_ago_s"] < 30 and 0 <= seen["uncertainty_s"] < 0.2
    assert "no programme to hold or resume" in seen["resume_again"]
    figures = seen["diagnostics"]
    assert figures["board"] == "host" and figures["sessions"] == "1"
    assert float(figures["round_trip_ms_p99"]) < 1000 and float(figures["bytes_per_s_from_board"]) > 1000
    assert {"host_bad_packets", "board_bad_packets", "clock_offset_s", "reset_cause"} <= set(figures)
    robot.interrupt()
    assert robot.end() == 0
    field_of_one.wait_until_no_node_runs()
