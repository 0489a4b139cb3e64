"""The visit of one box, as a beekeeper would tell it."""

from __future__ import annotations

import uuid
from dataclasses import replace

from bee_robot.devices.tower import Axis, MotionEnd
from bee_robot.extraction.belief import FORK, HOOK
from bee_robot.extraction.box_visit import BoxVisit, Held, MotionStopped
from bee_robot.extraction.closing import ON_RIM_MM, close_box
from bee_robot.extraction.context import Override, VisitContext
from bee_robot.extraction.ending import run_to_an_end
from bee_robot.extraction.frame_handling import frame_order, inspect_frame
from bee_robot.extraction.journal import OVERRIDE_STEP
from bee_robot.extraction.locating import locate_frames, push_direction
from bee_robot.extraction.motion_check import RuleRefused
from bee_robot.extraction.opening import NotOpened, must_close, open_box
from bee_robot.extraction.plan import plan_box
from bee_robot.hive.inspection import EndState, EventKind, Phase, VisitOutcome


async def inspect_box(
    context: VisitContext, box: int, override: Override | None = None, inspection: str = ""
) -> VisitOutcome:
    """Open a box, photograph every frame, close it. Ends closed or held; `refusals` say why nothing was opened.

    Raises ValueError for a box that the hive does not have, JournalError where the journal cannot be written.
    """
    visit = BoxVisit(context, box, inspection or uuid.uuid4().hex)
    visit.belief.geometry.require_box(box)
    visit.enter(Phase.CHECK, "conditions, journal and plan are looked at")
    _remember_frames(visit)
    refusals = _reasons_against(visit, override)
    if refusals:
        return _refuse(visit, refusals)
    return await run_to_an_end(visit, _inspect(visit))


async def _inspect(visit: BoxVisit) -> None:
    await make_ready(visit)
    if must_close(visit):
        return
    try:
        await open_box(visit)
    except NotOpened:
        return
    try:
        if not must_close(visit):
            await locate_frames(visit)
            await _inspect_frames(visit)
    except RuleRefused as refused:  # nothing has moved: what is open can still be closed in order
        visit.alert("rule_broken", str(refused))
        if visit.belief.held is not None:
            raise
    await close_box(visit)


async def _inspect_frames(visit: BoxVisit) -> None:
    order = frame_order(visit.belief.frames_y_mm, visit.belief.push, visit.context.robot)
    left_out = sorted(set(visit.belief.frames_y_mm) - set(order))
    if left_out:
        visit.tell(
            EventKind.PHASE, f"frames {left_out} have no gap beside them; the next visit begins with them"
        )
    visit.enter(Phase.FRAMES, f"{len(order)} frames, one after the other")
    for number in order:
        if must_close(visit):
            return
        await inspect_frame(visit, number)


async def make_ready(visit: BoxVisit) -> None:
    """Lease, motors, references. Raises Held where homing could break something."""
    tower = visit.context.tower
    await tower.acquire_lease(visit.context.holder)
    await visit.arm()
    lost = tuple(axis for axis, state in tower.state.axes.items() if not state.is_referenced)
    if not lost:
        return
    visit.enter(Phase.PREPARE, "axes look for their end stops")
    await home_empty(visit, lost)


async def home_empty(visit: BoxVisit, axes: tuple[Axis, ...]) -> None:
    """Reference axes of a machine that carries nothing and reaches over nothing. Never blindly: Held otherwise."""
    reaching = [servo.value for servo in visit.reaches((*FORK.values(), *HOOK.values()))]
    if reaching or visit.belief.is_open or max(visit.belief.edges_mm.values()) > ON_RIM_MM:
        what = ", ".join(reaching) or "the stack"
        raise Held(
            "not_referenced", f"axes do not know where they are and must not home: {what} is not stowed"
        )
    visit.note("home", ", ".join(axis.value for axis in axes))
    result = await visit.context.tower.home(axes)
    if result.end is not MotionEnd.DONE:
        raise MotionStopped("home", result)
    await visit.read_machine()


def _remember_frames(visit: BoxVisit) -> None:
    """Where the last visit left the frames, and which way it worked."""
    entry = visit.context.journal.last_closed(visit.context.robot.hive.name, visit.box)
    if entry is not None:
        visit.belief.frames_y_mm = {int(number): y for number, y in entry.belief["frames_y_mm"].items()}
        last_push = int(entry.belief["push"])
        visit.belief.push = push_direction(visit.context.robot, visit.belief.frames_y_mm, last_push)


def _reasons_against(visit: BoxVisit, override: Override | None) -> list[str]:
    """Why the hive must not be opened now. An override by a named person outweighs conditions, nothing else."""
    refusals = []
    entry = visit.context.journal.last()
    if entry is not None and not entry.is_closed:
        refusals.append(
            f"the journal says that box {entry.box} of {entry.hive} was not closed (last step: {entry.step}); run 'bee recover' first"
        )
    conditions = list(visit.context.reasons_against())
    if conditions and override is not None:
        visit.note(OVERRIDE_STEP, f"{override.by}: {override.reason} (against: {'; '.join(conditions)})")
    else:
        refusals += conditions
    plan = plan_box(visit.context.robot, visit.box, visit.belief.push)
    visit.tell(
        EventKind.PLAN,
        f"planned: open for {plan.open_time_s:.0f} s, visit {plan.visit_time_s:.0f} s",
        open_time_s=round(plan.open_time_s, 1),
        visit_time_s=round(plan.visit_time_s, 1),
    )
    return refusals + plan.refusals()


def _refuse(visit: BoxVisit, refusals: list[str]) -> VisitOutcome:
    visit.alert("conditions", f"box {visit.box} stays closed: {'; '.join(refusals)}")
    outcome = visit.outcome(EndState.CLOSED, explanation="; ".join(refusals))
    return replace(outcome, refusals=tuple(refusals))
