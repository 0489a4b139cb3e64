"""The bee and human safety rulebook, R1 to R20, as data and as predicates over blocks of samples. No I/O.

One implementation serves the twin (blocks of what has happened), the procedures (blocks of what is planned) and the plan
(how far each rule is from being broken). Limits: design document "The reference machine", section "The rulebook".
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bee_robot.rulebook import frame_rules, stack_rules
from bee_robot.rulebook.block import (
    AXES,
    LIFTS,
    SCANS,
    SERVOS,
    SHUTTLES,
    SIDES,
    AxisSample,
    Block,
    FrameOnHooks,
    Motions,
    MotionSample,
    RestingFrame,
    Situation,
    Situations,
)
from bee_robot.rulebook.readings import Margin, Predicate, Reading, Violation, margin, violation
from bee_robot.rulebook.table import CHECKERS, RULES, TOLERANCE, Rule, limit
from bee_robot.rulebook.transfer import FrameTransfer, keeps_queen, spreads_no_disease, transfer_refusals

PREDICATES: Mapping[str, Predicate] = {
    "R1": stack_rules.peel,
    "R2": stack_rules.landing,
    "R3": stack_rules.tilt,
    "R4": stack_rules.load,
    "R5": stack_rules.contact,
    "R6": frame_rules.frame_speed,
    "R7": frame_rules.frame_acceleration,
    "R8": frame_rules.stack_clearance,
    "R9": frame_rules.frame_vertical,
    "R10": frame_rules.sideways,
    "R11": frame_rules.hook_landing,
    "R12": stack_rules.swings,
    "R13": stack_rules.beams_apart,
    "R14": stack_rules.one_box,
    "R15": stack_rules.open_time,
    "R16": stack_rules.forbidden_motion,
    "R19": stack_rules.white_light,
    "R20": frame_rules.ears,
}
"""Rules that a motion can break. R17 and R18 concern frames that leave their hive: `transfer_refusals`."""


def check(block: Block) -> list[Violation]:
    """Every rule that the machine breaks, sample by sample and place by place; empty when all is well."""
    if not len(block):
        return []
    found: list[tuple[int, Reading]] = []
    for predicate in PREDICATES.values():
        for reading in predicate(block):
            found += [(int(index), reading) for index in np.flatnonzero(reading.is_broken)]
    found.sort(key=lambda one: one[0])  # keeps the order of the rules within a sample
    return [violation(reading, block, index) for index, reading in found]


def margins(block: Block) -> dict[str, Margin | None]:
    """For each rule where the block comes closest to its limit; None where the rule says nothing about it."""
    found: dict[str, Margin | None] = dict.fromkeys(RULES)
    if not len(block):
        return found
    for rule, predicate in PREDICATES.items():
        known = [one for reading in predicate(block) if (one := margin(reading, block)) is not None]
        found[rule] = min(known, key=lambda one: one.margin_share, default=None)
    return found


def closest(*of_blocks: Mapping[str, Margin | None]) -> dict[str, Margin | None]:
    """The narrowest margin of each rule over several blocks."""
    worst: dict[str, Margin | None] = dict.fromkeys(RULES)
    for rule in worst:
        known = [one for margins_of in of_blocks if (one := margins_of.get(rule)) is not None]
        worst[rule] = min(known, key=lambda one: one.margin_share, default=None)
    return worst


__all__ = [
    "AXES",
    "CHECKERS",
    "LIFTS",
    "PREDICATES",
    "RULES",
    "SCANS",
    "SERVOS",
    "SHUTTLES",
    "SIDES",
    "TOLERANCE",
    "AxisSample",
    "Block",
    "FrameOnHooks",
    "FrameTransfer",
    "Margin",
    "MotionSample",
    "Motions",
    "Predicate",
    "Reading",
    "RestingFrame",
    "Rule",
    "Situation",
    "Situations",
    "Violation",
    "check",
    "closest",
    "keeps_queen",
    "limit",
    "margins",
    "spreads_no_disease",
    "transfer_refusals",
]
