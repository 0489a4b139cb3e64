"""A day of visits, one after the other, in one process on virtual time (`make soak`; half an hour of yours).

BEE_SOAK_HOURS sets another number of simulated hours.
"""

from __future__ import annotations

import os
import resource
import tempfile
from pathlib import Path

from bee_robot.configuration import load
from bee_robot.extraction.workbench import Workbench
from bee_robot.sim.hive_world import HiveWorld

ROBOT_FILE = Path(__file__).resolve().parents[2] / "config" / "robots" / "tower.yaml"
SEED = 1
WARM_UP_VISITS = 2
LIMITS = {
    "soak.visits_not_closed": ("<=", 0.0),
    "soak.rule_violations": ("<=", 0.0),
    "soak.memory_growth_pct": ("<=", 5.0),
}


def memory_kib() -> int:
    """The most that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure() -> dict[str, float]:
    hours = float(os.environ.get("BEE_SOAK_HOURS", "24"))
    robot = load(ROBOT_FILE)
    hive = HiveWorld.of(robot.hive, SEED)
    visits = not_closed = 0
    warm_kib = memory_kib()
    with tempfile.TemporaryDirectory() as folder:
        workbench = Workbench(robot, Path(folder), hive, SEED)
        while workbench.clock.now_s() < hours * 3600 or visits <= WARM_UP_VISITS:
            outcome = workbench.inspect(1 + visits % robot.hive.boxes)
            workbench.events.clear()
            visits += 1
            not_closed += outcome.end_state.value != "closed"
            if visits == WARM_UP_VISITS:
                warm_kib = memory_kib()
        violations = len(workbench.referee.violations) + len(workbench.referee.harm)
        workbench.close()
    return {
        "soak.hours": round(workbench.clock.now_s() / 3600, 2),
        "soak.visits": visits,
        "soak.visits_not_closed": not_closed,
        "soak.rule_violations": violations,
        "soak.memory_growth_pct": round(100 * (memory_kib() / warm_kib - 1), 2),
    }
