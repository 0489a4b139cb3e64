"""After anything that ended a visit early: read journal and machine, say what was found, then close or ask for help.

Never homes blindly. With a frame on the hooks or a stack on the forks, positions count only while their axes are still
referenced: screws keep them without power, belts do not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bee_robot.alerts import ALERTS
from bee_robot.devices.tower import BoardState, Input, Servo, TowerState
from bee_robot.extraction.before_opening import remember_frames
from bee_robot.extraction.belief import FORK, HOOK, SHUTTLE, HiveBelief
from bee_robot.extraction.box_visit import SCREWS, BoxVisit, Held
from bee_robot.extraction.closing import FREE_LOAD_KG, close_box, leave, release
from bee_robot.extraction.context import VisitContext
from bee_robot.extraction.ending import run_to_an_end
from bee_robot.extraction.freeing import free_the_hooks
from bee_robot.extraction.journal import CLOSED_STEP, UNREADABLE, JournalEntry, JournalError
from bee_robot.extraction.visit import home_empty
from bee_robot.extraction.whereabouts import FrameJob
from bee_robot.hive.inspection import EventKind, Phase, VisitOutcome


@dataclass(frozen=True)
class ByHand:
    """What a named person has done at the hive since the machine held.

    `frame_is_off`: the frame that hung on the hooks hangs in its place again. `hive_is_clear`: the hive is closed, forks and
    hooks are stowed, nothing reaches into it.
    """

    by: str
    frame_is_off: bool = False
    hive_is_clear: bool = False


async def recover(context: VisitContext, by_hand: ByHand | None = None) -> VisitOutcome:
    """Close what is open, or hold with one instruction. A journal that cannot be read ends held too, until a named person
    says that the hive is clear."""
    is_clear = by_hand is not None and by_hand.hive_is_clear
    try:
        entry = context.journal.last()
    except JournalError as error:
        if not is_clear:
            return await _unreadable(BoxVisit(context, 1, ""), str(error))
        entry = None
    box = entry.box if entry is not None and 1 <= entry.box <= context.robot.hive.boxes else 1
    inspection = entry.inspection if entry is not None else ""
    if entry is None or entry.is_closed or is_clear:
        visit = BoxVisit(context, box, inspection)
        remember_frames(visit)
    else:
        try:
            visit = _as_left(context, entry)
        except UNREADABLE as error:
            because = f"the last entry of the journal ('{entry.step}') makes no sense: {type(error).__name__} {error}"
            return await _unreadable(BoxVisit(context, box, inspection), because)
    visit.enter(Phase.RECOVER, _explain(entry))
    return await run_to_an_end(visit, _recover(visit, by_hand))


def _as_left(context: VisitContext, entry: JournalEntry) -> BoxVisit:
    """The visit that did not end, as the journal's last entry has it. Raises one of UNREADABLE."""
    visit = BoxVisit(context, entry.box, entry.inspection, HiveBelief.from_dict(context.robot, entry.belief))
    _restore_open_time(visit, entry)
    visit.errand = dict(entry.belief.get("errand", {}))
    visit.maybe_out = frozenset(Servo(name) for name in entry.belief["out"])
    job = entry.belief.get("job")
    visit.unfinished = FrameJob.from_dict(job) if job else None
    held = visit.belief.held
    for number in [held.number if held else None, visit.unfinished.frame if visit.unfinished else None]:
        if number is not None and number not in visit.belief.frames_y_mm:
            raise ValueError(f"frame {number} is on the hooks and nowhere in box {entry.box}")
    return visit


def visit_as_left(context: VisitContext) -> BoxVisit:
    """What the journal's last entry speaks of: an open box with all that it holds, or the last one that was closed.

    Raises JournalError, or one of UNREADABLE.
    """
    entry = context.journal.last()
    if entry is not None and not entry.is_closed:
        return _as_left(context, entry)
    box = entry.box if entry is not None and 1 <= entry.box <= context.robot.hive.boxes else 1
    visit = BoxVisit(context, box, "")
    remember_frames(visit)
    return visit


async def _unreadable(visit: BoxVisit, because: str) -> VisitOutcome:
    """Nothing moves: nobody knows what the machine holds."""

    async def hold() -> None:
        raise Held(
            "",
            because,
            "Close the hive by hand, stow forks and hooks, then run 'bee recover --hive-is-clear --by NAME'",
        )

    visit.has_lost_track = True
    visit.enter(Phase.RECOVER, "the journal does not say what was done last")
    return await run_to_an_end(visit, hold())


def _believe_person(visit: BoxVisit, by_hand: ByHand) -> None:
    visit.is_clear_by_hand = by_hand.hive_is_clear
    if by_hand.frame_is_off:
        visit.belief.held = visit.unfinished = None
    done = "the hive is closed and clear" if by_hand.hive_is_clear else "the frame is off the hooks"
    visit.note("by hand", f"{by_hand.by}: {done}")
    visit.tell(EventKind.PHASE, f"{by_hand.by} says: {done}")


def _restore_open_time(visit: BoxVisit, entry: JournalEntry) -> None:
    """Robot time may have begun anew; the calendar tells how long the box has been open."""
    opened_s = entry.belief["opened_s"]
    if opened_s is not None:
        clock = visit.context.clock
        since_s = (clock.utc() - entry.written_utc).total_seconds() + entry.robot_s - opened_s
        visit.opened_s = visit.belief.opened_s = clock.now_s() - since_s


def _explain(entry: JournalEntry | None) -> str:
    if entry is None:
        return "the journal is empty: nothing has been opened"
    if entry.is_closed:
        return f"the journal says that box {entry.box} was closed in order"
    return (
        f"the journal ends with '{entry.step}' at box {entry.box}{f' ({entry.note})' if entry.note else ''}"
    )


async def _recover(visit: BoxVisit, by_hand: ByHand | None) -> None:
    if by_hand is not None:
        _believe_person(visit, by_hand)
    tower = visit.context.tower
    await tower.acquire_lease(visit.context.holder)
    _require_board(tower.state)
    await visit.read_machine()
    _require_screws(visit)
    await visit.arm()
    visit.planner = replace(visit.planner, moves_shuttles=visit.knows(SHUTTLE.values()))
    visit.tell(EventKind.PHASE, f"found: {visit.belief.says()}")
    visit.belief.is_closing = True
    if visit.reaches(HOOK.values()):
        await free_the_hooks(visit)
    if visit.reaches(FORK.values()):
        await _close(visit)
    await _home_the_rest(visit)
    visit.planner = replace(visit.planner, moves_shuttles=True)
    await visit.perform(visit.planner.stand_by(visit.forks_mm()))
    visit.belief.is_closing = False
    visit.belief.opened_s = None
    visit.note(CLOSED_STEP)


def _require_board(state: TowerState) -> None:
    if state.board is BoardState.LOST:
        raise Held("link_lost", f"{ALERTS['link_lost'].what}: {state.stop_reason}")
    for key, given in (("estop", Input.ESTOP_OK), ("door_open", Input.DOOR_CLOSED)):
        if not state.inputs.get(given, False):
            raise Held(key, ALERTS[key].what)


def _require_screws(visit: BoxVisit) -> None:
    """Positions of whatever reaches into the hive must be certain, and journal and machine must not contradict."""
    belief, loads_kg = visit.belief, visit.context.tower.state.loads_kg
    reaching = visit.reaches((*FORK.values(), *HOOK.values()))
    carries = any(load > FREE_LOAD_KG for load in loads_kg.values())
    if (reaching or carries or belief.is_open or belief.is_forked) and not visit.knows(SCREWS):
        raise Held(
            "not_referenced",
            f"the board has forgotten where its beams are while they reach into the hive ({belief.says()})",
            "Bring stack and frame down by hand, turning the screws, and stow forks and hooks",
        )
    if carries and not visit.reaches(FORK.values()):
        raise Held(
            "not_referenced",
            "the forks carry a load and the machine says that they are stowed",
            "Look which of both is true; where the box stands open, close it by hand",
        )


async def _close(visit: BoxVisit) -> None:
    if visit.belief.is_open:
        if not visit.belief.lifted_load_kg:
            visit.belief.lifted_load_kg = dict(visit.context.tower.state.loads_kg)
        await close_box(visit)
        return
    await release(visit)
    await leave(visit)


async def _home_the_rest(visit: BoxVisit) -> None:
    axes = visit.context.tower.state.axes
    lost = tuple(axis for axis, state in axes.items() if not state.is_referenced)
    if lost:
        await home_empty(visit, lost)
