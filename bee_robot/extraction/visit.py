"""The visit of one box, as a beekeeper would tell it."""

from __future__ import annotations

import math
import uuid
from dataclasses import replace

from bee_robot.devices.tower import Axis, MotionEnd
from bee_robot.extraction.belief import FORK, HOOK
from bee_robot.extraction.box_places import frame_order
from bee_robot.extraction.box_visit import BoxVisit, Held, MotionStopped
from bee_robot.extraction.closing import FREE_LOAD_KG, ON_RIM_MM, close_box
from bee_robot.extraction.context import Override, VisitContext
from bee_robot.extraction.ending import run_to_an_end
from bee_robot.extraction.frame_handling import inspect_frame, may_take
from bee_robot.extraction.freeing import free_the_hooks
from bee_robot.extraction.journal import CLOSED_STEP, HOMED_NOTE, OVERRIDE_STEP, UNREADABLE, JournalError
from bee_robot.extraction.locating import locate_frames, push_direction
from bee_robot.extraction.motion_check import RuleRefused
from bee_robot.extraction.opening import NotOpened, must_close, open_box
from bee_robot.extraction.pausing import run_with_pauses, wait_while_paused
from bee_robot.extraction.plan import plan_box
from bee_robot.hive.inspection import EndState, EventKind, Phase, VisitOutcome


async def inspect_box(
    context: VisitContext, box: int, override: Override | None = None, inspection: str = ""
) -> VisitOutcome:
    """Open a box, photograph every frame, close it. Ends closed or held; `refusals` say why nothing was opened.

    Nothing is opened while the journal is open or unreadable: that ends held, as the hive is feared to be open.
    Raises ValueError for a box that the hive does not have.
    """
    visit = BoxVisit(context, box, inspection or uuid.uuid4().hex)
    visit.belief.geometry.require_box(box)
    visit.enter(Phase.CHECK, "conditions, journal and plan are looked at")
    feared = _feared_open(visit)
    if not feared:
        _remember_frames(visit)
    unprepared = [] if feared or override is not None else await _prepare(visit)
    refusals = unprepared + _reasons_against(visit, override)
    if feared:
        return _refuse_held(visit, [feared, *refusals])
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
    except MotionStopped as stopped:
        if not stopped.is_guard:
            raise
        visit.alert("load_limit", f"the stack became too heavy on its way up ({stopped.result.reason})")
        await visit.arm()
        await free_the_hooks(visit)
    await close_box(visit)


async def _inspect_frames(visit: BoxVisit) -> None:
    belief, robot = visit.belief, visit.context.robot
    reachable = frame_order(belief.frames_y_mm, belief.push, robot, visit.box)
    order = [number for number in reachable if may_take(visit, number)]
    left_out = sorted(set(belief.frames_y_mm) - set(reachable))
    if left_out:
        visit.tell(
            EventKind.PHASE, f"frames {left_out} have no gap beside them; the next visit begins with them"
        )
    visit.enter(Phase.FRAMES, f"{len(order)} frames, one after the other")
    for number in order:
        if must_close(visit):
            return
        await inspect_frame(visit, number, is_last=number == order[-1])


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
    against = _against_homing(visit)
    if against:
        visit.has_lost_track = True
        raise Held(
            "not_referenced",
            f"axes do not know where they are and must not home: {against}",
            "Close the hive by hand, stow forks and hooks, then run 'bee recover --hive-is-clear --by NAME'",
        )
    visit.note("home", ", ".join(axis.value for axis in axes))
    await wait_while_paused(visit)
    result = await run_with_pauses(visit, visit.context.tower.home(axes))
    if result.end is not MotionEnd.DONE:
        raise MotionStopped("home", result)
    if result.alert:
        visit.alert(result.alert, result.reason)
    await visit.read_machine()
    visit.note(CLOSED_STEP, HOMED_NOTE)


def _against_homing(visit: BoxVisit) -> str:
    """Load cells, angles of the servos, belief and, where the board has forgotten an angle, the journal."""
    state = visit.context.tower.state
    for side, load_kg in state.loads_kg.items():
        if not load_kg <= FREE_LOAD_KG:  # not a number is no either
            return f"the {side.value} fork carries {load_kg:.1f} kg"
    reaching = visit.reaches((*FORK.values(), *HOOK.values()))
    if reaching:
        return f"{', '.join(servo.value for servo in reaching)} not stowed"
    if visit.belief.is_open or max(visit.belief.edges_mm.values()) > ON_RIM_MM:
        return "the stack is raised"
    unknown = [servo.value for servo, angle_deg in state.servos_deg.items() if math.isnan(angle_deg)]
    entry = visit.context.journal.last()
    is_certain = visit.is_clear_by_hand or entry is None or entry.is_closed
    if unknown and not is_certain:
        return f"nobody knows whether {', '.join(unknown)} are stowed, and the journal does not end closed"
    return ""


def _remember_frames(visit: BoxVisit) -> None:
    """Where the last visit left the frames, and which way it worked. What cannot be read is found by the pin sensors."""
    hive = visit.context.robot.hive.name
    try:
        entry = visit.context.journal.last_closed(hive, visit.box)
        if entry is None:
            return
        places_mm = {int(number): float(y_mm) for number, y_mm in entry.belief["frames_y_mm"].items()}
        last_push = int(entry.belief["push"])
    except (JournalError, *UNREADABLE) as error:
        visit.tell(
            EventKind.PHASE,
            f"the journal does not say where the frames of box {visit.box} are ({error}); the pin sensors look for them",
        )
        return
    visit.belief.frames_y_mm = places_mm
    visit.belief.push = push_direction(visit.context.robot, visit.box, places_mm, last_push)


def _feared_open(visit: BoxVisit) -> str:
    """Why the hive may be open already, as far as the journal knows; empty where it ends closed."""
    try:
        entry = visit.context.journal.last()
    except JournalError as error:
        return f"the journal cannot be read ({error}); run 'bee recover' first"
    if entry is None or entry.is_closed:
        return ""
    return (
        f"the journal says that box {entry.box} of {entry.hive} was not closed (last step: {entry.step}); "
        "run 'bee recover' first"
    )


async def _prepare(visit: BoxVisit) -> list[str]:
    """Make the hive's surroundings fit for a visit; why they could not be made so."""
    try:
        return list(await visit.context.prepare(visit.context))
    except Exception as error:  # noqa: BLE001 - whatever it is: nothing has moved, and the hive stays closed
        return [f"the visit could not be prepared ({type(error).__name__}: {error})"]


def _reasons_against(visit: BoxVisit, override: Override | None) -> list[str]:
    """Why the hive must not be opened now. An override by a named person outweighs conditions, nothing else."""
    refusals = []
    try:
        conditions = list(visit.context.reasons_against())
    except Exception as error:  # noqa: BLE001 - whatever it is: conditions that nobody knows are a no
        conditions = []
        refusals.append(f"the conditions cannot be judged ({type(error).__name__}: {error})")
    if conditions and override is not None:
        refusals += _note_override(visit, override, conditions)
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


def _note_override(visit: BoxVisit, override: Override, conditions: list[str]) -> list[str]:
    """Who opens the hive against which conditions; what nobody may override refuses. Journaled before anything moves."""
    if not override.is_complete:
        return ["an override needs both: the name of who decides, and why", *conditions]
    rules = list(visit.context.overridden())
    if rules:
        return [f"nobody may override this: {rule}" for rule in rules]
    try:
        visit.note(OVERRIDE_STEP, f"{override.by}: {override.reason} (against: {'; '.join(conditions)})")
    except JournalError as error:
        return [f"the journal cannot be written ({error})"]
    return []


def _refuse(visit: BoxVisit, refusals: list[str]) -> VisitOutcome:
    visit.alert("conditions", f"box {visit.box} stays closed: {'; '.join(refusals)}")
    outcome = visit.outcome(EndState.CLOSED, explanation="; ".join(refusals))
    return replace(outcome, refusals=tuple(refusals))


def _refuse_held(visit: BoxVisit, refusals: list[str]) -> VisitOutcome:
    """Nothing has moved, and the journal keeps its last step: what recovery needs."""
    instruction, explanation = "Look at the hive and run 'bee recover' first", "; ".join(refusals)
    visit.tell(EventKind.END, instruction, end_state="held", open_time_s=0.0, explanation=explanation)
    outcome = visit.outcome(EndState.HELD, instruction, explanation)
    return replace(outcome, refusals=tuple(refusals))
