"""One small step of an axis or of a pair, for a person beside the machine: the same rules, and nothing is left moving."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from bee_robot.alerts import ALERTS
from bee_robot.devices.tower import Axis, MotionEnd, MotionProgramme, TowerError
from bee_robot.extraction.box_planner import LIFTS, SCANS, SHUTTLES
from bee_robot.extraction.box_visit import BoxVisit, MotionStopped
from bee_robot.extraction.context import VisitContext
from bee_robot.extraction.journal import CLOSED_STEP, JOGGED_NOTE, UNREADABLE, JournalError
from bee_robot.extraction.motion_check import RuleRefused, require_rules
from bee_robot.extraction.recovery import visit_as_left
from bee_robot.extraction.service_motion import ServicePlanner

MOST_MM = 50.0  # a person looks before the next step
SPEEDS_MM_S = {LIFTS: (5.0, 1.9, 0.9), SCANS: (10.0, 7.5, 2.9, 1.9), SHUTTLES: (20.0, 9.5)}
"""Of each kind of axis: the first one that no rule speaks against is taken."""


class JogEnd(str, Enum):
    DONE = "done"
    REFUSED = "refused"  # nothing moved
    HELD = "held"  # it stopped on its way; a person has to look


@dataclass(frozen=True)
class JogOutcome:
    """`explanation`: which rule or state is against it; `positions_mm`: of all axes, as far as they are known."""

    end: JogEnd
    explanation: str = ""
    instruction: str = ""
    alert: str = ""
    positions_mm: Mapping[Axis, float] = field(default_factory=dict)


async def jog(context: VisitContext, axes: tuple[Axis, ...], by_mm: float, by: str = "") -> JogOutcome:
    """Move one axis, or the left and the right one of a kind, by a few millimetres, as fast as the rules allow there.

    Judged against what journal and machine know, also while a visit is held. Motors are off afterwards; recovery knows of
    it. Raises ValueError for axes that are not of one kind, and for a step of nothing or of more than MOST_MM.
    """
    kind = next((kind for kind in SPEEDS_MM_S if axes and set(axes) <= set(kind)), None)
    if kind is None or len(set(axes)) != len(axes):
        raise ValueError(
            f"{[axis.value for axis in axes]}: one axis, or the left and the right one of a kind"
        )
    if not 0 < abs(by_mm) <= MOST_MM:
        raise ValueError(f"{by_mm:g} mm: a step is at most {MOST_MM:g} mm long, up or down")
    try:
        visit = visit_as_left(context)
    except (JournalError, *UNREADABLE) as error:
        return JogOutcome(JogEnd.REFUSED, f"the journal does not say what the machine holds: {error}")
    return await _jog(visit, axes, by_mm, SPEEDS_MM_S[kind], by)


async def _jog(
    visit: BoxVisit, axes: tuple[Axis, ...], by_mm: float, speeds_mm_s: tuple[float, ...], by: str
) -> JogOutcome:
    tower = visit.context.tower
    note = f"{', '.join(axis.value for axis in axes)} by {by_mm:+g} mm{f', {by}' if by else ''}"
    try:
        await tower.acquire_lease(visit.context.holder)
        _require_references(visit, axes)
        await visit.arm()
        programme = _within_rules(visit, axes, by_mm, speeds_mm_s)
        was_closed = not visit.belief.is_open and not visit.reaches(visit.servos_deg)
        try:
            await visit.perform(programme, note)
        finally:
            if was_closed and visit.has_begun:  # however far it came, nothing is open and nothing is out
                visit.note(CLOSED_STEP, JOGGED_NOTE)
        return JogOutcome(JogEnd.DONE, visit.belief.says(), positions_mm=visit.stands()[0])
    except (RuleRefused, JournalError) as refused:
        alert = "rule_broken" if isinstance(refused, RuleRefused) else "store_full"
        return JogOutcome(JogEnd.REFUSED, str(refused), "", alert, visit.stands()[0])
    except TowerError as error:
        return JogOutcome(JogEnd.REFUSED, str(error), "", error.alert, visit.stands()[0])
    except MotionStopped as stopped:
        return _stopped(visit, stopped)
    finally:
        with contextlib.suppress(TowerError):
            await tower.disarm("the jog is over")
        with contextlib.suppress(TowerError):
            await tower.release_lease()


def _require_references(visit: BoxVisit, axes: tuple[Axis, ...]) -> None:
    """Raises TowerError for an axis that does not know where it is (R16)."""
    lost = [axis.value for axis in axes if not visit.context.tower.state.axes[axis].is_referenced]
    if lost:
        raise TowerError(
            f"{', '.join(lost)}: not referenced; 'bee recover' looks for the end stops where nothing is in the way",
            "not_referenced",
        )


def _within_rules(
    visit: BoxVisit, axes: tuple[Axis, ...], by_mm: float, speeds_mm_s: tuple[float, ...]
) -> MotionProgramme:
    """The fastest of the steps that breaks no rule. Raises RuleRefused, with the rule that even the slowest would break."""
    planner, here_mm = ServicePlanner.of(visit.planner), visit.stands()[0]
    from_mm = {axis: here_mm[axis] for axis in axes}
    for speed_mm_s in speeds_mm_s:
        programme = planner.jog(from_mm, by_mm, speed_mm_s, visit.belief.lifted_load_kg)
        try:
            require_rules(visit.lay_out(programme), visit.belief, visit.context.clock.now_s())
        except RuleRefused:
            if speed_mm_s == speeds_mm_s[-1]:
                raise
        else:
            break
    return programme


def _stopped(visit: BoxVisit, stopped: MotionStopped) -> JogOutcome:
    result = stopped.result
    if result.end is MotionEnd.REFUSED:
        return JogOutcome(JogEnd.REFUSED, result.reason, "", result.alert, result.positions_mm)
    remedy = ALERTS[result.alert].remedy if result.alert in ALERTS else "Look at the machine"
    instruction = f"{remedy}. Now: {visit.belief.says()}."
    return JogOutcome(JogEnd.HELD, str(stopped), instruction, result.alert, result.positions_mm)
