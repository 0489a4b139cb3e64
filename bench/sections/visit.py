"""A whole visit of box 1 in one process on virtual time: what the robot does, and how fast it is simulated."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bee_robot.configuration import load
from bee_robot.extraction.workbench import Workbench
from bee_robot.sim.hive_world import HiveWorld

ROBOT_FILE = Path(__file__).resolve().parents[2] / "config" / "robots" / "tower.yaml"
SEED = 1
LIMITS = {
    "visit.open_time_s": ("<=", 600.0),
    "visit.frames_inspected": (">=", 10.0),
    "visit.faces": (">=", 20.0),
    "visit.is_closed": (">=", 1.0),
    "visit.rule_violations": ("<=", 0.0),
}


def measure() -> dict[str, float]:
    robot = load(ROBOT_FILE)
    hive = HiveWorld(SEED, robot.hive.boxes, robot.hive.most_frames)
    with tempfile.TemporaryDirectory() as folder:
        workbench = Workbench(robot, Path(folder), hive, SEED)
        began_s = time.perf_counter()
        outcome = workbench.inspect(1)
        wall_s = time.perf_counter() - began_s
        violations = len(workbench.referee.violations) + len(workbench.referee.harm)
        workbench.close()
    frames = max(1, outcome.frames_inspected)
    return {
        "visit.open_time_s": round(outcome.open_time_s, 2),
        "visit.visit_time_s": round(outcome.visit_time_s, 2),
        "visit.frame_time_s": round(outcome.phases_s.get("frames", 0.0) / frames, 2),
        "visit.frames_inspected": outcome.frames_inspected,
        "visit.faces": outcome.faces,
        "visit.is_closed": float(outcome.end_state.value == "closed"),
        "visit.rule_violations": violations,
        "visit.wall_s": round(wall_s, 2),
        "visit.speed": round(outcome.visit_time_s / wall_s, 1),
    }
