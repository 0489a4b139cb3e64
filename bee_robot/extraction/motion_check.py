"""Judges a planned programme by the rulebook before the tower is asked. A violation raises, and nothing moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bee_robot.alerts import ALERTS
from bee_robot.devices.tower import Axis, BoardState, Input, TowerError, TowerState
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


def against_moving(state: TowerState, axes: Iterable[Axis], holder: str) -> TowerError | None:
    """What the board would refuse a motion of these axes for (R16), said in words beforehand; None where nothing is."""
    if state.board is BoardState.LOST:
        return _not_now("link_lost", state.stop_reason)
    for alert, given in (("estop", Input.ESTOP_OK), ("door_open", Input.DOOR_CLOSED)):
        if not state.inputs.get(given, False):
            return _not_now(alert)
    if state.lease_holder not in ("", holder):
        return _not_now("lease_lost", f"'{state.lease_holder}' holds the motion lease")
    if state.board is BoardState.HOLDING:
        return _not_now("holding", state.stop_reason)
    if state.board not in (BoardState.ARMED, BoardState.MOVING):
        return _not_now("not_armed", state.stop_reason or state.board.value)
    lost = [axis.value for axis in axes if not state.axes[axis].is_referenced]
    if lost:
        return _not_now("not_referenced", ", ".join(sorted(lost)))
    return None


def _not_now(alert: str, detail: str = "") -> TowerError:
    what = ALERTS[alert].what
    return TowerError(f"{what} ({detail})" if detail else what, alert)


def _sample(instant: Instant, loads_kg: Mapping[str, float]) -> MotionSample:
    return MotionSample(
        instant.t_s,
        {axis.value: sample for axis, sample in instant.axes.items()},
        {servo.value: angle for servo, angle in instant.servos_deg.items()},
        {"door_closed": True, "estop_ok": True},  # R16 is asked of the machine itself: against_moving
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
