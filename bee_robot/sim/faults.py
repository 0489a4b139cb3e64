"""Everything that may go wrong with machine, hive, weather and people during a visit, by name, drawn by chance.

The same random generator in the same state draws the same fault: `random_faults(17, robot)` is always the same handful.
"""

from __future__ import annotations

import random

from bee_robot.configuration import RobotConfiguration
from bee_robot.sim import hive_faults, machine_faults
from bee_robot.sim.fault import KNOWN, Fault, FaultInstance, SimulatedWorld

__all__ = ["FAULTS", "Fault", "FaultInstance", "SimulatedWorld", "random_faults"]

_TABLES = (hive_faults, machine_faults)  # importing them has entered their faults
FAULTS: dict[str, Fault] = dict(KNOWN)
MOST_AT_ONCE = 3


def random_faults(seed: int, robot: RobotConfiguration, box: int | None = None) -> tuple[FaultInstance, ...]:
    """One to MOST_AT_ONCE faults of different kinds, for one box or for any."""
    chance = random.Random(seed)
    kinds = chance.sample(sorted(FAULTS), chance.randint(1, MOST_AT_ONCE))
    return tuple(FAULTS[kind].draw(chance, robot, box) for kind in kinds)
