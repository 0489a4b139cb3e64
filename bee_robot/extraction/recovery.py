"""After anything that ended a visit early: read journal and machine, say what was found, then close or ask for help.

Never homes blindly. With a frame on the hooks or a stack on the forks, positions count only while their axes are still
referenced, or while somebody can prove where they are (whereabouts.py): the board is told so, and moves slowly.
"""

from __future__ import annotations

from dataclasses import dataclass

from bee_robot.alerts import ALERTS
from bee_robot.devices.tower import Axis, BoardState, Input, Servo, TowerState
from bee_robot.extraction.before_opening import remember_frames
from bee_robot.extraction.belief import FORK, HOOK, HiveBelief
from bee_robot.extraction.box_visit import BoxVisit, Held
from bee_robot.extraction.closing import close_box, leave, release
from bee_robot.extraction.context import VisitContext
from bee_robot.extraction.ending import run_to_an_end
from bee_robot.extraction.findings import explain
from bee_robot.extraction.freeing import free_the_hooks
from bee_robot.extraction.journal import BY_HAND_STEP, CLOSED_STEP, UNREADABLE, JournalEntry, JournalError
from bee_robot.extraction.motion_check import RuleRefused
from bee_robot.extraction.motion_plan import MotionPlanner
from bee_robot.extraction.place_keeping import keep_stowed
from bee_robot.extraction.telling_places import carries, close_by_hand, learn_belts, learn_screws
from bee_robot.extraction.visit import home_empty
from bee_robot.extraction.whereabouts import FrameJob, told_axes
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
    stranger = _of_another(context, entry)
    if stranger and not is_clear:
        return await _foreign(BoxVisit(context, 1, ""), stranger)
    box = entry.box if entry is not None and 1 <= entry.box <= context.robot.hive.boxes else 1
    inspection = entry.inspection if entry is not None else ""
    if entry is None or entry.is_closed or is_clear:
        visit = BoxVisit(context, box, inspection)
        remember_frames(visit)
        visit.doubts_mm = told_axes(entry.belief) if entry is not None else {}
    else:
        try:
            visit = _as_left(context, entry)
        except UNREADABLE as error:
            because = f"the last entry of the journal ('{entry.step}') makes no sense: {type(error).__name__} {error}"
            return await _unreadable(BoxVisit(context, box, inspection), because)
    visit.enter(Phase.RECOVER, explain(entry))
    return await run_to_an_end(visit, _recover_or_ask(visit, by_hand))


def _as_left(context: VisitContext, entry: JournalEntry) -> BoxVisit:
    """The visit that did not end, as the journal's last entry has it. Raises one of UNREADABLE."""
    visit = BoxVisit(context, entry.box, entry.inspection, HiveBelief.from_dict(context.robot, entry.belief))
    _restore_open_time(visit, entry)
    visit.errand = dict(entry.belief.get("errand", {}))
    kept = visit.kept_places()
    visit.maybe_out = kept.out if kept else frozenset(Servo(name) for name in entry.belief["out"])
    visit.servos_deg = {servo: 90.0 if servo in visit.maybe_out else 0.0 for servo in Servo}
    visit.doubts_mm = told_axes(entry.belief)
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


def _of_another(context: VisitContext, entry: JournalEntry | None) -> str:
    """Whose the journal's last entry is, where it is not of this robot at this hive; empty where it is."""
    if entry is None or entry.is_closed:
        return ""
    robot = entry.belief.get("robot", context.robot.robot) if isinstance(entry.belief, dict) else None
    if entry.hive != context.robot.hive.name:
        return f"hive '{entry.hive}', and the robot file is of '{context.robot.hive.name}'"
    if robot is not None and robot != context.robot.robot:
        return f"robot '{robot}', and the robot file is of '{context.robot.robot}'"
    return ""


async def _foreign(visit: BoxVisit, whose: str) -> VisitOutcome:
    """Nothing moves: what the journal says is not about this machine."""

    async def hold() -> None:
        raise Held(
            "",
            f"the journal's last entry is of {whose}",
            "Run 'bee recover --robot FILE' with the robot file of that visit; where the hive is closed and the machine stowed, "
            "run 'bee recover --hive-is-clear --by NAME'",
        )

    visit.has_lost_track = True
    visit.enter(Phase.RECOVER, "the journal is not about this machine")
    return await run_to_an_end(visit, hold())


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


async def _believe_person(visit: BoxVisit, by_hand: ByHand) -> None:
    visit.is_clear_by_hand = by_hand.hive_is_clear
    if by_hand.frame_is_off:
        visit.belief.held = visit.unfinished = None
        visit.servos_deg.update(dict.fromkeys(HOOK.values(), 0.0))  # unless the board knows better
    await keep_stowed(visit, Servo if by_hand.hive_is_clear else HOOK.values())
    done = "the hive is closed and clear" if by_hand.hive_is_clear else "the frame is off the hooks"
    visit.note(BY_HAND_STEP, f"{by_hand.by}: {done}")
    visit.tell(EventKind.PHASE, f"{by_hand.by} says: {done}")


def _restore_open_time(visit: BoxVisit, entry: JournalEntry) -> None:
    """Robot time may have begun anew; the calendar tells how long the box has been open."""
    opened_s = entry.belief["opened_s"]
    if opened_s is not None:
        clock = visit.context.clock
        since_s = (clock.utc() - entry.written_utc).total_seconds() + entry.robot_s - opened_s
        visit.opened_s = visit.belief.opened_s = clock.now_s() - since_s


async def _recover_or_ask(visit: BoxVisit, by_hand: ByHand | None) -> None:
    try:
        await _recover(visit, by_hand)
    except RuleRefused as refused:  # nothing has moved, and there is no other way out
        raise Held("rule_broken", str(refused), close_by_hand(visit)) from None


async def _recover(visit: BoxVisit, by_hand: ByHand | None) -> None:
    if by_hand is not None:
        await _believe_person(visit, by_hand)
    await visit.context.tower.acquire_lease(visit.context.holder)
    _require_board(visit.context.tower.state)
    await visit.read_machine()
    if by_hand is not None and by_hand.hive_is_clear:
        _require_stowed(visit)
    _require_agreement(visit)
    await visit.arm()
    await learn_screws(visit)
    visit.tell(EventKind.PHASE, f"found: {visit.belief.says()}")
    visit.tell(EventKind.PHASE, f"will: {_intends(visit)}")
    visit.belief.is_closing = True
    if visit.reaches(HOOK.values()):
        await learn_belts(visit)
        await free_the_hooks(visit)
    if visit.reaches(FORK.values()):
        await _close(visit)
    await _home_the_rest(visit)
    visit.planner = MotionPlanner(visit.context.robot, visit.box)
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


def _require_stowed(visit: BoxVisit) -> None:
    """A board that holds a servo out swings it out again as soon as it is armed, wherever a person has put it."""
    out = visit.reaches(Servo)
    if out:
        raise Held(
            "",
            f"the board would swing {', '.join(servo.value for servo in out)} out again",
            "Switch the robot off and on; then run 'bee recover --hive-is-clear --by NAME'",
        )


def _require_agreement(visit: BoxVisit) -> None:
    """Journal and machine must not contradict each other."""
    if carries(visit) and not visit.reaches(FORK.values()):
        raise Held(
            "not_referenced",
            "the forks carry a load and the machine says that they are stowed",
            "Look which of both is true; where the box stands open, close it by hand",
        )


def _intends(visit: BoxVisit) -> str:
    """What recovery does next, for a person."""
    held, steps = visit.belief.held, []
    if held is not None:
        steps.append(f"{'leave' if held.rests else 'set down'} frame {held.number}")
    if visit.reaches(HOOK.values()):
        steps.append("swing the hooks in")
    if visit.belief.is_open:
        steps.append(f"lower the stack and close box {visit.box}")
    if visit.reaches(FORK.values()):
        steps.append("take the forks out")
    if _lost(visit):
        steps.append(f"home {', '.join(axis.value for axis in _lost(visit))}")
    return ", ".join([*steps, "park"])


async def _close(visit: BoxVisit) -> None:
    stands_unsure = visit.planner.doubt.lift_mm > 0.0 and carries(visit)
    if visit.belief.is_open or stands_unsure:
        if not visit.belief.lifted_load_kg:
            visit.belief.lifted_load_kg = dict(visit.context.tower.state.loads_kg)
        await close_box(visit)
        return
    await release(visit)
    await leave(visit)


def _lost(visit: BoxVisit) -> tuple[Axis, ...]:
    """Axes that have to find their places: the board has forgotten them, or was only told."""
    axes = visit.context.tower.state.axes
    return tuple(axis for axis, state in axes.items() if not state.is_referenced or axis in visit.doubts_mm)


async def _home_the_rest(visit: BoxVisit) -> None:
    lost = _lost(visit)
    if lost:
        await home_empty(visit, lost)
