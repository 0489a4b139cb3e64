"""Judges a planned programme by the rulebook before the tower is asked. A violation raises, and nothing moves."""

from __future__ import annotations

from collections.abc import Mapping

from bee_robot.extraction.belief import HiveBelief
from bee_robot.extraction.motion_profile import Instant, Timeline
from bee_robot.rulebook import MotionSample, Violation, check

PIECES = 24  # samples of a segment, beside the corners of its ramps
STEP_MM = 2.0  # and no axis moves further than this between two samples where something could be touched


class RuleRefused(Exception):
    """A planned motion would break a rule; nothing has moved. `violations` in the order in which they would come."""

    def __init__(self, programme: str, violations: list[Violation]) -> None:
        self.violations = violations
        super().__init__(f"planned motion '{programme}' would break {violations[0]}; nothing has moved")


def _sample(instant: Instant, loads_kg: Mapping[str, float]) -> MotionSample:
    return MotionSample(
        instant.t_s,
        {axis.value: sample for axis, sample in instant.axes.items()},
        {servo.value: angle for servo, angle in instant.servos_deg.items()},
        {"door_closed": True, "estop_ok": True},
        {},
        loads_kg,
    )


def _loads(belief: HiveBelief) -> dict[str, float]:
    """What the forks will feel: what they felt when the stack hung free, while they carry."""
    carries = belief.is_forked and belief.is_open
    return {side.value: belief.lifted_load_kg.get(side, 0.0) if carries else 0.0 for side in belief.edges_mm}


def violations_of(plan: Timeline, belief: HiveBelief, now_s: float = 0.0) -> list[Violation]:
    """First violation of each rule, in the order of time; empty when all is well. `belief` is left as it is."""
    imagined = belief.copy()
    if imagined.opened_s is not None:
        imagined.opened_s -= now_s  # the plan's own time begins at 0
    found: dict[str, Violation] = {}
    for timed in plan.segments:
        longest_mm = max((path.way_mm for path in timed.paths.values()), default=0.0)
        near = imagined.held is not None or longest_mm < 100
        pieces = max(PIECES, int(longest_mm / STEP_MM)) if near else PIECES
        for instant in timed.instants(pieces):
            imagined.follow(instant)
            for violation in check(_sample(instant, _loads(imagined)), imagined.situation(instant)):
                found.setdefault(violation.rule, violation)
    return sorted(found.values(), key=lambda violation: violation.t_s)


def require_rules(plan: Timeline, belief: HiveBelief, now_s: float = 0.0) -> None:
    """Raises RuleRefused where the plan would break a rule."""
    broken = violations_of(plan, belief, now_s)
    if broken:
        raise RuleRefused(plan.programme.name, broken)


def follow_plan(plan: Timeline, belief: HiveBelief) -> None:
    """The plan was carried out: the belief follows."""
    for timed in plan.segments:
        longest_mm = max((path.way_mm for path in timed.paths.values()), default=0.0)
        for instant in timed.instants(max(4, int(longest_mm / STEP_MM))):
            belief.follow(instant)
