"""The visit of one box, as a beekeeper would tell it."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from bee_robot.devices.tower import Axis, MotionEnd
from bee_robot.extraction.before_opening import Planned, refusal
from bee_robot.extraction.belief import FORK, HOOK
from bee_robot.extraction.box_places import frame_order
from bee_robot.extraction.box_visit import BoxVisit, Held, MotionStopped
from bee_robot.extraction.closing import FREE_LOAD_KG, ON_RIM_MM, close_box
from bee_robot.extraction.context import Override, VisitContext
from bee_robot.extraction.ending import run_to_an_end
from bee_robot.extraction.frame_handling import inspect_frame, may_take
from bee_robot.extraction.freeing import free_the_hooks
from bee_robot.extraction.journal import CLOSED_STEP, HOMED_NOTE, JournalError
from bee_robot.extraction.locating import locate_frames
from bee_robot.extraction.motion_check import RuleRefused
from bee_robot.extraction.opening import NotOpened, must_close, open_box
from bee_robot.extraction.pausing import run_with_pauses, wait_while_paused
from bee_robot.extraction.place_keeping import forget_places, keep_rest
from bee_robot.extraction.plan import plan_box
from bee_robot.extraction.whereabouts import told_axes
from bee_robot.hive.inspection import EventKind, Phase, VisitOutcome


async def inspect_box(
    context: VisitContext, box: int, override: Override | None = None, inspection: str = ""
) -> VisitOutcome:
    """Open a box, photograph every frame, close it. Ends closed or held; `refusals` say why nothing was opened.

    Nothing is opened while the journal is open or unreadable: that ends held, as the hive is feared to be open.
    Raises ValueError for a box that the hive does not have.
    """
    visit = begin(context, box, inspection)
    return await carry_out(visit, override, _planned, _inspect_frames)


def begin(context: VisitContext, box: int, inspection: str = "") -> BoxVisit:
    """A job at one box. Raises ValueError for a box that the hive does not have."""
    visit = BoxVisit(context, box, inspection or uuid.uuid4().hex)
    visit.belief.geometry.require_box(box)
    return visit


async def carry_out(
    visit: BoxVisit,
    override: Override | None,
    plan: Callable[[BoxVisit], Planned],
    work: Callable[[BoxVisit], Coroutine[Any, Any, None]],
) -> VisitOutcome:
    """Open the box where nothing speaks against it, locate its frames, do `work`, close it."""
    visit.enter(Phase.CHECK, "conditions, journal and plan are looked at")
    refused = await refusal(visit, override, plan)
    return refused or await run_to_an_end(visit, _in_open_box(visit, work))


def _planned(visit: BoxVisit) -> Planned:
    plan = plan_box(visit.context.robot, visit.box, visit.belief.push)
    return Planned(plan.open_time_s, plan.visit_time_s, tuple(plan.refusals()))


async def _in_open_box(visit: BoxVisit, work: Callable[[BoxVisit], Coroutine[Any, Any, None]]) -> None:
    await make_ready(visit)
    if must_close(visit):
        return
    try:
        await open_box(visit)
        await _work(visit, work)
        await close_box(visit)
    except NotOpened:
        return
    except JournalError as full:
        if not (visit.is_standing_open or visit.belief.is_forked):
            raise
        await _close_unjournaled(visit, full)


async def _work(visit: BoxVisit, work: Callable[[BoxVisit], Coroutine[Any, Any, None]]) -> None:
    """What was asked for; whatever keeps it from being done, the hooks are free afterwards."""
    try:
        if not must_close(visit):
            await locate_frames(visit)
            await work(visit)
    except RuleRefused as refused:  # nothing has moved: what is open can still be closed in order
        visit.alert("rule_broken", str(refused))
        await free_the_hooks(visit)
    except MotionStopped as stopped:
        if not stopped.is_guard:
            raise
        visit.alert("load_limit", f"the stack became too heavy on its way up ({stopped.result.reason})")
        await visit.arm()
        await free_the_hooks(visit)


async def _close_unjournaled(visit: BoxVisit, full: JournalError) -> None:
    """A disk that is full while a box is open: nothing has moved since the journal's last step. To close without writing is
    better than to stay open; recovery finds a machine that reaches nowhere, and a journal that wants it run."""
    visit.alert(
        "store_full", f"{full}; the box is closed without it: run 'bee recover' before the next visit"
    )
    visit.is_unjournaled = True
    await free_the_hooks(visit)
    await close_box(visit)


async def _inspect_frames(visit: BoxVisit) -> None:
    belief, robot = visit.belief, visit.context.robot
    reachable = frame_order(belief.frames_y_mm, belief.push, robot, visit.box)
    order = [number for number in reachable if may_take(visit, number, belief.push)]
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
    entry = visit.context.journal.last()
    visit.doubts_mm = {} if entry is None else told_axes(entry.belief)
    states = tower.state.axes
    lost = tuple(axis for axis in states if not states[axis].is_referenced or axis in visit.doubts_mm)
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
    await forget_places(visit)
    await wait_while_paused(visit)
    result = await run_with_pauses(visit, visit.context.tower.home(axes))
    if result.end is not MotionEnd.DONE:
        raise MotionStopped("home", result)
    if result.alert:
        visit.alert(result.alert, result.reason)
    await keep_rest(visit, result)
    visit.doubts_mm = {axis: mm for axis, mm in visit.doubts_mm.items() if axis not in axes}
    await visit.read_machine()
    visit.note(CLOSED_STEP, HOMED_NOTE)


def _against_homing(visit: BoxVisit) -> str:
    """Load cells, angles of the servos (where the board has forgotten them, those of the journal), belief.

    Entries that do not name their robot are of a time when a step that broke off lost what it had swung out.
    """
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
    is_certain = visit.is_clear_by_hand or entry is None or entry.is_closed or "robot" in entry.belief
    if unknown and not is_certain:
        return f"nobody knows whether {', '.join(unknown)} are stowed, and the journal does not end closed"
    return ""
