"""Judges a planned programme by the rulebook before the tower is asked. A violation raises, and nothing moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from bee_robot.alerts import ALERTS
from bee_robot.devices.tower import Axis, BoardState, Input, TowerError, TowerState
from bee_robot.extraction.belief import HiveBelief
from bee_robot.extraction.motion_profile import Timeline
from bee_robot.rulebook import Block, Situations, Violation, check
from bee_robot.rulebook.block import Floats


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


def planned_block(plan: Timeline, belief: HiveBelief, now_s: float = 0.0) -> Block:
    """The machine and what will be believed of the hive at every instant of a plan that begins `now_s`; time is the plan's own.

    `belief` is left as it is. R16 is asked of the machine itself (against_moving); contact (R5) and the strobe (R19) cannot
    be foreseen.
    """
    imagined = belief.copy()
    if imagined.opened_s is not None:
        imagined.opened_s -= now_s
    situations = imagined.follow(plan.motions)
    return Block(replace(plan.motions, loads_kg=_loads_kg(situations)), situations)


def _loads_kg(situations: Situations) -> Floats:
    """What the forks will feel: what they felt when the stack hung free, while they carry."""
    carries = ~np.isnan(situations.stack_bottom_mm) & ~np.isnan(situations.lifted_load_kg)
    return np.where(carries, situations.lifted_load_kg, 0.0)


def violations_of(plan: Timeline, belief: HiveBelief, now_s: float = 0.0) -> list[Violation]:
    """First violation of each rule, in the order of time; empty when all is well. `belief` is left as it is."""
    return first_of_each_rule(planned_block(plan, belief, now_s)) if plan.segments else []


def first_of_each_rule(block: Block) -> list[Violation]:
    """Where a block first breaks each rule, in the order of time; empty when all is well."""
    found: dict[str, Violation] = {}
    for violation in check(block):
        found.setdefault(violation.rule, violation)
    return sorted(found.values(), key=lambda violation: violation.t_s)


def require_rules(plan: Timeline, belief: HiveBelief, now_s: float = 0.0) -> None:
    """Raises RuleRefused where the plan would break a rule."""
    broken = violations_of(plan, belief, now_s)
    if broken:
        raise RuleRefused(plan.programme.name, broken)


def follow_plan(plan: Timeline, belief: HiveBelief) -> None:
    """The plan was carried out: the belief follows."""
    if plan.segments:
        belief.follow(plan.motions)
