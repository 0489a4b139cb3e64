"""After anything that ended a visit early: read journal and machine, say what was found, then close or ask for help.

Never homes blindly. With a frame on the hooks or a stack on the forks, positions count only while their axes are still
referenced: screws keep them without power, belts do not.
"""

from __future__ import annotations

from dataclasses import dataclass

from bee_robot.alerts import ALERTS
from bee_robot.devices.tower import Axis, BoardState, Servo, TowerState
from bee_robot.extraction.belief import FORK, HOOK, LIFT, SCAN, SHUTTLE, SLOT_MM, HeldFrame, HiveBelief
from bee_robot.extraction.box_visit import BoxVisit, Held
from bee_robot.extraction.closing import ON_RIM_MM, STOWED_DEG, close_box, leave, release
from bee_robot.extraction.context import VisitContext
from bee_robot.extraction.ending import run_to_an_end
from bee_robot.extraction.frame_handling import plate_height_mm
from bee_robot.extraction.journal import CLOSED_STEP, JournalEntry
from bee_robot.extraction.visit import home_empty
from bee_robot.hive.inspection import EventKind, Phase, VisitOutcome
from bee_robot.rulebook import limit

FREE_LOAD_KG = 0.4
BOARD_STOPS = {
    BoardState.ESTOP: "estop",
    BoardState.LOST: "link_lost",
    BoardState.UNCONFIGURED: "board_configuration",
}


@dataclass(frozen=True)
class Found:
    """What journal and machine say together."""

    entry: JournalEntry | None
    state: TowerState

    def is_known(self, axes: tuple[Axis, ...]) -> bool:
        return all(self.state.axes[axis].is_referenced for axis in axes)

    def is_out(self, servos: tuple[Servo, ...]) -> bool:
        return any(self.state.servos_deg[servo] > STOWED_DEG for servo in servos)

    @property
    def forks_carry(self) -> bool:
        return any(load > FREE_LOAD_KG for load in self.state.loads_kg.values())


async def recover(context: VisitContext) -> VisitOutcome:
    """Close what is open, or hold with one instruction. Raises JournalError where the journal cannot be read."""
    entry = context.journal.last()
    belief = HiveBelief.from_dict(context.robot, entry.belief) if entry and not entry.is_closed else None
    box = belief.box if belief else (entry.box if entry else 1)
    visit = BoxVisit(context, box, entry.inspection if entry else "", belief)
    if entry is not None and belief is not None:
        _restore_open_time(visit, entry)
    visit.enter(Phase.RECOVER, _explain(entry))
    return await run_to_an_end(visit, _recover(visit, entry))


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


async def _recover(visit: BoxVisit, entry: JournalEntry | None) -> None:
    tower = visit.context.tower
    await tower.acquire_lease(visit.context.holder)
    _require_board(tower.state)
    found = Found(entry, tower.state)
    _require_known(visit, found)
    await visit.arm()
    visit.tell(EventKind.PHASE, f"found: {visit.belief.says()}")
    visit.belief.is_closing = True
    if found.is_out(tuple(HOOK.values())):
        await _free_the_hooks(visit)
    if found.is_out(tuple(FORK.values())):
        await _close(visit, found)
    await _home_the_rest(visit)
    if not found.is_out(tuple(FORK.values())):
        await visit.perform(visit.planner.stand_by())
        visit.belief.is_closing = False
        visit.belief.opened_s = None
        visit.note(CLOSED_STEP)


def _require_board(state: TowerState) -> None:
    key = BOARD_STOPS.get(state.board)
    if key is not None:
        raise Held(key, f"{ALERTS[key].what}: {state.stop_reason or state.board.value}")


def _require_known(visit: BoxVisit, found: Found) -> None:
    """Positions of whatever reaches into the hive must be certain."""
    hooks_out = found.is_out(tuple(HOOK.values()))
    forks_out = found.is_out(tuple(FORK.values())) or found.forks_carry
    journal_open = visit.belief.is_forked or max(visit.belief.edges_mm.values()) > ON_RIM_MM
    screws = (*LIFT.values(), *SCAN.values())
    if (hooks_out or forks_out or journal_open) and not found.is_known(screws):
        raise Held(
            "not_referenced",
            f"the board has forgotten where its beams are while they reach into the hive ({visit.belief.says()})",
            "Bring stack and frame down by hand, turning the screws, and stow forks and hooks",
        )
    if journal_open and not forks_out:
        raise Held(
            "not_referenced",
            f"the journal says that the forks carry, the machine says that they are stowed ({visit.belief.says()})",
            "Look which of both is true; where the box stands open, close it by hand",
        )


async def _free_the_hooks(visit: BoxVisit) -> None:
    """Set down what hangs, slide off what is held, up to where hooks may swing."""
    visit.enter(Phase.FRAMES, "the hooks come free")
    held = visit.belief.held or _frame_in_slot(visit)
    if held is None:
        return
    visit.belief.held = held
    visit.read_positions()
    if visit.belief.held is None:
        return
    _require_shuttles(visit, held)
    planner, belief = visit.planner, visit.belief
    plates_mm = plate_height_mm(visit)
    here_mm = belief.frames_y_mm[held.number]
    if held.rests:
        await visit.perform(planner.free_hooks(here_mm, held.pin_ahead_mm), f"frame {held.number}")
    elif plates_mm >= planner.clear_mm - 1.0:
        target_mm = _slot_for(visit, held.number)
        await visit.perform(
            planner.put_frame(target_mm, held.pin_ahead_mm, plates_mm), f"frame {held.number}"
        )
    else:
        down = planner.set_frame_down(here_mm, held.pin_ahead_mm, plates_mm)
        await visit.perform(down, f"frame {held.number}")


def _frame_in_slot(visit: BoxVisit) -> HeldFrame | None:
    """A frame whose pins stand in the slots although the journal was written before they did."""
    state = visit.context.tower.state
    if not all(state.axes[axis].is_referenced for axis in SHUTTLE.values()):
        return None
    y_mm = sum(state.axes[axis].position_mm for axis in SHUTTLE.values()) / 2
    near = [number for number, pin in visit.belief.frames_y_mm.items() if abs(pin - y_mm) < SLOT_MM]
    low = plate_height_mm(visit) < visit.planner.engaged_mm + 1.0
    return HeldFrame(near[0], visit.belief.frames_y_mm[near[0]] - y_mm) if near and low else None


def _require_shuttles(visit: BoxVisit, held: HeldFrame) -> None:
    state = visit.context.tower.state
    if not all(state.axes[axis].is_referenced for axis in SHUTTLE.values()):
        raise Held(
            "not_referenced",
            f"frame {held.number} is on the hooks and the shuttles have forgotten where they are",
            f"Take frame {held.number} off the hooks by hand and hang it into its place",
        )


def _slot_for(visit: BoxVisit, number: int) -> float:
    """The free place of a frame that hangs above its neighbours: where the visit would have put it, or where it was."""
    belief, robot = visit.belief, visit.context.robot
    others = [place for other, place in belief.frames_y_mm.items() if other != number]
    least_mm = robot.hive.frame_pitch_mm - limit("R10", "pitch_tolerance_mm")
    for is_gap_at_back in (belief.push > 0, belief.push < 0):
        place_mm = belief.geometry.frame_y_mm(number, gap_at_back=is_gap_at_back)
        if all(abs(place_mm - other) >= least_mm for other in others):
            return place_mm
    raise Held(
        "not_referenced",
        f"frame {number} hangs on the hooks and neither of its places is free",
        f"Make room for frame {number} in box {visit.box}",
    )


async def _close(visit: BoxVisit, found: Found) -> None:
    if visit.belief.is_open:
        if not visit.belief.lifted_load_kg:
            visit.belief.lifted_load_kg = dict(visit.context.tower.state.loads_kg)
        await close_box(visit)
        return
    await release(visit)
    await leave(visit)


async def _home_the_rest(visit: BoxVisit) -> None:
    lost = tuple(axis for axis, state in visit.context.tower.state.axes.items() if not state.is_referenced)
    if lost:
        await home_empty(visit, lost)
