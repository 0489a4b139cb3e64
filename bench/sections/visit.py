"""A whole visit of box 1 in one process on virtual time: what the robot does, and how fast it is simulated."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bee_robot.configuration import RobotConfiguration, load
from bee_robot.extraction.bound import bound_of_box
from bee_robot.extraction.workbench import Workbench
from bee_robot.hive.inspection import VisitOutcome
from bee_robot.sim.hive_world import HiveWorld

ROBOT_FILE = Path(__file__).resolve().parents[2] / "config" / "robots" / "tower.yaml"
SEED = 1
ROUNDS = (
    3  # the same visit as often: the fastest says what machine and code can do, all must take the same steps
)
LIMITS = {
    "visit.open_time_s": ("<=", 475.0),
    "visit.open_time_over_bound": ("<=", 1.08),
    "visit.seconds_per_frame": ("<=", 36.0),
    "visit.frames_inspected": (">=", 10.0),
    "visit.faces": (">=", 20.0),
    "visit.is_closed": (">=", 1.0),
    "visit.rule_violations": ("<=", 0.0),
    "visit.is_deterministic": (">=", 1.0),
    "visit.sim_speed": (">=", 200.0),
}


@dataclass(frozen=True)
class Round:
    """One visit: how it went, what was told, how long it took on the wall."""

    outcome: VisitOutcome
    told: tuple[tuple[float, str], ...]
    objections: int
    wall_s: float


def _visit(robot: RobotConfiguration) -> Round:
    hive = HiveWorld.of(robot.hive, SEED)
    with tempfile.TemporaryDirectory() as folder:
        workbench = Workbench(robot, Path(folder), hive, SEED)
        began_s = time.perf_counter()
        outcome = workbench.inspect(1)
        wall_s = time.perf_counter() - began_s
        objections = len(workbench.referee.violations) + len(workbench.referee.harm)
        told = tuple((event.t_s, event.text) for event in workbench.events)
        workbench.close()
    return Round(outcome, told, objections, wall_s)


def measure() -> dict[str, float]:
    robot = load(ROBOT_FILE)
    rounds = [_visit(robot) for _ in range(ROUNDS)]
    outcome, wall_s = rounds[0].outcome, min(one.wall_s for one in rounds)
    bound = bound_of_box(robot, 1)
    return {
        "visit.open_time_s": round(outcome.open_time_s, 2),
        "visit.open_time_bound_s": round(bound.open_time_s, 2),
        "visit.open_time_over_bound": round(outcome.open_time_s / bound.open_time_s, 4),
        "visit.visit_time_s": round(outcome.visit_time_s, 2),
        "visit.seconds_per_frame": round(
            outcome.phases_s.get("frames", 0.0) / max(1, outcome.frames_inspected), 2
        ),
        "visit.frames_inspected": outcome.frames_inspected,
        "visit.faces": outcome.faces,
        "visit.is_closed": float(outcome.end_state.value == "closed"),
        "visit.rule_violations": sum(one.objections for one in rounds),
        "visit.is_deterministic": float(all(one.told == rounds[0].told for one in rounds)),
        "visit.wall_s": round(wall_s, 2),
        "visit.sim_speed": round(outcome.visit_time_s / wall_s, 1),
    }
