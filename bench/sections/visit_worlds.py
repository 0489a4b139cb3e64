"""Visits in worlds in which something goes wrong, drawn by seed: nobody is hurt, and every one ends closed or held.

One world again, told in full:  python bench/sections/visit_worlds.py 17
The first fifty of them:        python bench/sections/visit_worlds.py --count 50
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bee_robot.configuration import RobotConfiguration, load
from bee_robot.extraction.workbench import Workbench
from bee_robot.hive.inspection import EndState, VisitOutcome
from bee_robot.sim.faults import FaultInstance, SimulatedWorld, random_faults
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.sim.scenarios import names
from bee_robot.sim.weather import Weather

ROBOT_FILE = Path(__file__).resolve().parents[2] / "config" / "robots" / "tower.yaml"
COUNT = 500
WORKERS = 2
SHOWN = 6  # of what one world did wrong
LIMITS = {
    "visit.random_worlds": (">=", float(COUNT)),
    "visit.random_neither": ("<=", 0.0),
    "visit.bees_crushed": ("<=", 0.0),
    "visit.queen_lost": ("<=", 0.0),
    "visit.violations": ("<=", 0.0),
}


@dataclass(frozen=True)
class World:
    """One visit: what was wrong, how it ended. `end`: "closed", "held", or what came instead of an end."""

    seed: int
    box: int
    faults: tuple[str, ...]
    end: str
    after_help: str
    alert: str
    explanation: str
    after_help_because: str
    bees_crushed: int
    is_queen_lost: bool
    violations: tuple[str, ...]
    harm: tuple[str, ...]
    brood_c_min: float

    @property
    def ended_well(self) -> bool:
        return self.end in ("closed", "held") and self.after_help in ("closed", "held")

    @property
    def is_wrong(self) -> bool:
        is_hurt = self.bees_crushed or self.is_queen_lost or self.violations or self.harm
        return bool(is_hurt) or not self.ended_well

    def __str__(self) -> str:
        helped = f", then {self.after_help}" if self.end != self.after_help else ""
        lines = [
            f"world {self.seed}, box {self.box}: {self.end}{helped} ({self.alert or 'no alert'}) {self.explanation}"
        ]
        lines += [f"  helped    {self.after_help_because}"] * (self.after_help == "held")
        lines += [f"  fault     {fault}" for fault in self.faults]
        lines += _first(self.violations, "violation")
        lines += _first(self.harm, "harm     ")
        lines += [f"  {self.bees_crushed} bees crushed"] * bool(self.bees_crushed)
        lines += ["  the queen is lost"] * self.is_queen_lost
        return "\n".join(lines)


def _first(entries: tuple[str, ...], kind: str) -> list[str]:
    more = [f"  ... and {len(entries) - SHOWN} more"] if len(entries) > SHOWN else []
    return [f"  {kind} {entry}" for entry in entries[:SHOWN]] + more


def visit(seed: int) -> World:
    """The visit of one box in one world; where it ends held, a person puts right what a person can, and it recovers."""
    robot = load(ROBOT_FILE)
    chance = random.Random(f"world {seed}")
    box = chance.randint(1, len(robot.hive.stack))
    hive = HiveWorld(seed % 8, len(robot.hive.stack), robot.hive.most_frames, chance.choice(names()))
    faults = random_faults(seed, robot, box)
    with tempfile.TemporaryDirectory() as folder:
        workbench = Workbench(robot, Path(folder), hive, seed)
        try:
            return _visit(seed, box, workbench, Weather(seed), faults)
        finally:
            workbench.close()


def _visit(
    seed: int, box: int, workbench: Workbench, weather: Weather, faults: tuple[FaultInstance, ...]
) -> World:
    world = SimulatedWorld(workbench.twin, weather)
    for fault in faults:
        fault.apply(world)
    outcome = _ended(lambda: workbench.inspect(box, weather_turned=lambda: _turned(world, workbench.robot)))
    helped = outcome
    if isinstance(outcome, VisitOutcome) and outcome.end_state is EndState.HELD:
        _help(world)
        helped = _ended(workbench.recover)
    truth, referee = workbench.twin.truth(), workbench.referee
    return World(
        seed,
        box,
        tuple(str(fault) for fault in faults),
        _end_of(outcome),
        _end_of(helped),
        outcome.alert if isinstance(outcome, VisitOutcome) else "",
        outcome.explanation if isinstance(outcome, VisitOutcome) else str(outcome),
        helped.explanation if isinstance(helped, VisitOutcome) else str(helped),
        truth.bees_crushed,
        bool(truth.is_queen_lost),
        tuple(str(offence) for offence in referee.violations),
        tuple(str(event) for event in referee.harm),
        truth.brood_c_min,
    )


def _turned(world: SimulatedWorld, robot: RobotConfiguration) -> str:
    now = world.weather.outdoors_at(world.twin.now_s)
    if now.is_raining:
        return "it rains"
    return "the wind is too strong" if now.wind_m_s > robot.conditions.wind_max_m_s else ""


def _ended(procedure) -> VisitOutcome | Exception:  # type: ignore[no-untyped-def]
    try:
        outcome: VisitOutcome = procedure()
        return outcome
    except Exception as error:  # noqa: BLE001 - the third way out, which must not be: it is counted, not passed on
        return error


def _end_of(outcome: VisitOutcome | Exception) -> str:
    return (
        outcome.end_state.value
        if isinstance(outcome, VisitOutcome)
        else f"{type(outcome).__name__}: {outcome}"
    )


def _help(world: SimulatedWorld) -> None:
    """What a person does who is told that the robot holds: looks after door, e-stop, the rim, sensors and motors."""
    knobs, twin = world.twin.knobs, world.twin
    knobs.door_open = knobs.estop_pressed = False
    knobs.obstruct_rim(0.0)
    knobs.silence_load(is_silent=False)
    knobs.stick_load(is_stuck=False)
    knobs.blind_pin_sensor(is_blind=False)
    for axis in twin.robot.axes:
        knobs.stick_axis(axis, False)


def run(seeds: Iterable[int], workers: int = WORKERS) -> list[World]:
    """In order of their seeds. Each that went wrong is printed, with its seed."""
    context = multiprocessing.get_context("spawn")
    worlds = []
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for world in pool.map(visit, seeds):
            worlds.append(world)
            if world.is_wrong:
                print(world, flush=True)
    return worlds


def figures(worlds: list[World]) -> dict[str, float]:
    return {
        "visit.random_worlds": len(worlds),
        "visit.random_closed_pct": round(
            100 * sum(world.end == "closed" for world in worlds) / len(worlds), 1
        ),
        "visit.random_closed_after_help_pct": round(
            100 * sum(world.after_help == "closed" for world in worlds) / len(worlds), 1
        ),
        "visit.random_neither": sum(not world.ended_well for world in worlds),
        "visit.bees_crushed": sum(world.bees_crushed for world in worlds),
        "visit.queen_lost": sum(world.is_queen_lost for world in worlds),
        "visit.violations": sum(len(world.violations) for world in worlds),
        "visit.random_harm": sum(len(world.harm) for world in worlds),
        "visit.random_brood_c_min": round(min(world.brood_c_min for world in worlds), 1),
    }


def measure() -> dict[str, float]:
    return figures(run(range(COUNT)))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("seeds", nargs="*", type=int)
    parser.add_argument("--count", type=int, default=0)
    asked = parser.parse_args()
    if asked.seeds:
        for seed in asked.seeds:
            print(visit(seed))
        return 0
    worlds = run(range(asked.count or COUNT))
    for name, value in figures(worlds).items():
        print(f"  {name:<36} {value:g}")
    alerts = Counter(world.alert for world in worlds if world.end == "held")
    print(
        "  held by: " + ", ".join(f"{alert or 'no alert'} {count}" for alert, count in alerts.most_common())
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
