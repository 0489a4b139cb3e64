"""The visit of a hive: one box after the other, from the top down. Only one is ever open (R14)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from bee_robot.extraction.box_visit import BoxVisit
from bee_robot.extraction.context import Override, VisitContext, nothing_against, nothing_to_prepare
from bee_robot.extraction.opening import weather_turned
from bee_robot.extraction.plan import plan_box
from bee_robot.extraction.visit import inspect_box
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.hive.inspection import EndState, EventKind, HiveOutcome, Phase, VisitOutcome


def new_inspection(box: int) -> str:
    return uuid.uuid4().hex


def forget(outcome: VisitOutcome) -> None:
    """Nobody asked to hear of a box before the hive is done."""


async def inspect_hive(
    context: VisitContext,
    boxes: Sequence[int] = (),
    override: Override | None = None,
    *,
    begin_box: Callable[[int], str] = new_inspection,
    end_box: Callable[[VisitOutcome], None] = forget,
) -> HiveOutcome:
    """Inspect boxes in the order given; none: all of them, the top one first. Each has its own open time (R15).

    The conditions are asked once, before the first box; weather that turns ends the visit after the box that is open. Every
    box is planned before the first one is opened. A box that ends held, or closed early, ends the visit. `begin_box` gives the
    inspection's id and is called before a box, `end_box` after it. Raises ValueError for boxes that the hive does not have.
    """
    robot, began_s = context.robot, context.clock.now_s()
    order = tuple(boxes) or tuple(range(robot.hive.boxes, 0, -1))
    for box in order:
        HiveGeometry(robot.hive, robot.mechanism).require_box(box)
    if len(set(order)) < len(order):
        raise ValueError(f"boxes {list(order)}: give every box once")
    refusals = _plan(context, order)
    outcomes: list[VisitOutcome] = []
    if not refusals:
        for box in order:
            outcome = await inspect_box(context, box, override, begin_box(box))
            outcomes.append(outcome)
            end_box(outcome)
            if not _goes_on(context, outcome):
                break
            context, override = (
                replace(context, reasons_against=nothing_against, prepare=nothing_to_prepare),
                None,
            )
    seconds = context.clock.now_s() - began_s
    return _sum_up(robot.hive.name, order, outcomes, refusals, seconds)


def _plan(context: VisitContext, order: Sequence[int]) -> list[str]:
    """Told: how long all of it takes. Returned: why it must not begin."""
    plans = [plan_box(context.robot, box) for box in order]
    visit = BoxVisit(context, order[0], "")
    visit.phase = Phase.CHECK
    visit_time_s = sum(plan.visit_time_s for plan in plans)
    visit.tell(
        EventKind.PLAN,
        f"planned: {len(order)} boxes in {visit_time_s:.0f} s; each open for at most "
        f"{max(plan.open_time_s for plan in plans):.0f} s",
        open_time_s=round(max(plan.open_time_s for plan in plans), 1),
        visit_time_s=round(visit_time_s, 1),
    )
    return [f"box {box}: {refusal}" for box, plan in zip(order, plans) for refusal in plan.refusals()]


def _goes_on(context: VisitContext, outcome: VisitOutcome) -> bool:
    if outcome.end_state is EndState.HELD or outcome.refusals or not outcome.was_opened:
        return False
    probe = BoxVisit(context, outcome.box, "")
    context.control.request_stop(weather_turned(probe))
    return not context.control.stop_because


def _sum_up(
    hive: str, order: Sequence[int], outcomes: Sequence[VisitOutcome], refusals: list[str], seconds: float
) -> HiveOutcome:
    if not outcomes:
        return HiveOutcome(
            EndState.CLOSED,
            hive,
            explanation="; ".join(refusals),
            alert="conditions",
            refusals=tuple(refusals),
        )
    last = outcomes[-1]
    left = [box for box in order if box not in {outcome.box for outcome in outcomes}]
    said = [f"box {outcome.box}: {outcome.explanation}" for outcome in outcomes if outcome.explanation]
    if left:
        said.append(f"boxes {left} were not opened")
    return HiveOutcome(
        end_state=last.end_state,
        hive=hive,
        boxes=tuple(outcomes),
        instruction=last.instruction,
        alert=next((outcome.alert for outcome in outcomes if outcome.alert), ""),
        explanation="; ".join(said),
        refusals=outcomes[0].refusals,
        visit_time_s=seconds,
    )
