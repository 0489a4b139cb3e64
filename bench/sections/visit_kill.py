"""A visit killed at 200 instants in seven ways each, in forked worlds (bench/visit_kills.py); every end is judged."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

from visit_kills import FAULTS, KillEnd, Kills, instants_s, programme_starts_s

from bee_robot.configuration import load

ROBOT_FILE = Path(__file__).resolve().parents[2] / "config" / "robots" / "tower.yaml"
INSTANTS = int(os.environ.get("BEE_KILL_INSTANTS", "200"))
TWICE = INSTANTS * 3 // 10  # where a second fault meets the recovery from the first
SEED = 1
LIMITS = {
    "visit.kill_points": (">=", 1400.0),
    "visit.kill_points_ended_well_pct": (">=", 100.0),
    "visit.kill_points_violations": ("<=", 0.0),
    "visit.kill_points_closed_pct": (">=", 70.0),
    "visit.kill_points_by_hand_closed_pct": (">=", 100.0),
    "visit.kill_twice_ended_well_pct": (">=", 100.0),
}


def say(ends: list[KillEnd]) -> None:
    """How each fault ended, and why it was held."""
    for fault in FAULTS:
        mine = [end for end in ends if end.fault == fault]
        closed = sum(end.end == "closed" for end in mine)
        print(f"  {fault:<16} {closed:4d} of {len(mine):4d} closed")
    held = Counter(f"{end.fault} in '{end.step}'" for end in ends if end.end == "held")
    for what, count in held.most_common():
        print(f"    held {count:4d} {what}")


def measure() -> dict[str, float]:
    robot = load(ROBOT_FILE)
    starts_s, ends_s = programme_starts_s(robot, SEED)
    instants = instants_s(starts_s, ends_s, INSTANTS, SEED)
    ends = Kills(robot, SEED).run((at_s, fault) for at_s in instants for fault in FAULTS)
    say(ends)
    chance = random.Random(SEED)
    pairs = ((at_s, "+".join(chance.choices(FAULTS, k=2))) for at_s in chance.sample(instants, TWICE))
    twice = Kills(robot, SEED).run(pairs)
    well = [end for end in ends if not end.wrong]
    helped = [end for end in well if end.end == "held"]
    return {
        "visit.kill_points": len(ends),
        "visit.kill_points_ended_well": len(well),
        "visit.kill_points_ended_well_pct": round(100 * len(well) / len(ends), 3),
        "visit.kill_points_violations": sum(end.violations for end in ends),
        "visit.kill_points_closed_pct": round(100 * sum(end.end == "closed" for end in ends) / len(ends), 2),
        "visit.kill_points_by_hand": len(helped),
        "visit.kill_points_by_hand_closed_pct": round(
            100 * sum(end.by_hand == "closed" for end in helped) / max(1, len(helped)), 2
        )
        if helped
        else 100.0,
        "visit.kill_twice": len(twice),
        "visit.kill_twice_ended_well_pct": round(
            100 * sum(not end.wrong for end in twice) / max(1, len(twice)), 2
        ),
    }
