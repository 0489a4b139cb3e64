"""Jobs with frames beside inspecting: move one, take one out, put one in, close the gap. Each opens a box and closes it.

The gap of a full box is narrower than a frame: there a frame changes its place, as it always changes its box (R14), by way of
the service door, where a person holds it meanwhile.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from bee_robot.extraction.before_opening import Planned, known_places
from bee_robot.extraction.box_places import BoxSpace, in_order
from bee_robot.extraction.box_visit import BoxVisit
from bee_robot.extraction.context import Override, VisitContext, nothing_against, nothing_to_prepare
from bee_robot.extraction.frame_moves import HUNG_EASE_MM, NoRoom, make_room, move_within
from bee_robot.extraction.frame_moves import close_gap as pushes_to_wall
from bee_robot.extraction.frame_trial import Stuck
from bee_robot.extraction.frame_work import (
    Undone,
    alone,
    carry_over,
    hand_out_frame,
    places,
    push_all,
    receive_frame,
    space,
    verify,
)
from bee_robot.extraction.job_plan import JobDraft, Work, plan_job
from bee_robot.extraction.journal import UNREADABLE, JournalError
from bee_robot.extraction.visit import begin, carry_out
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.hive.inspection import EndState, EventKind, Phase, VisitOutcome
from bee_robot.rulebook import FrameTransfer, transfer_refusals

BACK, FRONT = "back", "front"
WALLS = {BACK: -1, FRONT: 1}


@dataclass(frozen=True)
class MoveFrame:
    """A frame to another place (counted from 1 at the back) of its box, or of `to_box`."""

    box: int
    frame: int
    to_place: int
    to_box: int | None = None

    @property
    def stays_in_box(self) -> bool:
        return self.to_box in (None, self.box)


# the jobs -------------------------------------------------------------------------------------------------------------


async def close_gap(
    context: VisitContext, box: int, wall: str, override: Override | None = None, inspection: str = ""
) -> VisitOutcome:
    """All frames to one wall ("back" or "front"), pushed along on their ears, so that the gap is at the other.

    Raises ValueError for a box or a wall that there is not.
    """
    if wall not in WALLS:
        raise ValueError(f"wall {wall!r}: frames go to {' or '.join(WALLS)}")
    visit = begin(context, box, inspection)

    def lay(known: dict[int, float], draft: JobDraft) -> None:
        draft.push(pushes_to_wall(known, space(visit), WALLS[wall]))
        draft.look()

    async def work(visit: BoxVisit) -> None:
        pushes = pushes_to_wall(places(visit), space(visit), WALLS[wall], alone(visit))
        await push_all(visit, pushes)
        await verify(visit, {push.frame: push.to_mm for push in pushes})

    return await _carry_out(visit, override, lay, work)


async def take_out_frame(
    context: VisitContext,
    box: int,
    frame: int,
    override: Override | None = None,
    *,
    transfer: FrameTransfer | None = None,
    photographs: bool = True,
    inspection: str = "",
) -> VisitOutcome:
    """A frame out of its box to a person at the service door; it is photographed first. `transfer`: where it goes to, if it
    leaves its hive (R17, R18). Raises ValueError for a box that there is not."""
    refusals = transfer_refusals(transfer) if transfer else []
    return await _take_out(begin(context, box, inspection), frame, override, photographs, refusals)


async def insert_frame(
    context: VisitContext,
    box: int,
    place: int,
    frame: int = 0,
    override: Override | None = None,
    *,
    inspection: str = "",
) -> VisitOutcome:
    """A frame from a person at the service door into its place (counted from 1 at the back). `frame`: its number from now on;
    0: the lowest that is free. A number that the last visit did not feel: that frame is gone, this one takes its place.
    Raises ValueError for a box that there is not."""
    return await _insert(begin(context, box, inspection), place, frame, override)


async def move_frame(
    context: VisitContext, move: MoveFrame, override: Override | None = None, *, inspection: str = ""
) -> VisitOutcome:
    """A frame to another place of its hive. Between boxes, and within a full one, a person holds it meanwhile.

    A move between boxes that was broken off after the frame was taken out goes on there when it is asked for again.
    Raises ValueError for boxes that there are not.
    """
    if move.stays_in_box:
        return await _move_within(begin(context, move.box, inspection), move, override)
    return await _move_between(context, move, override, inspection or uuid.uuid4().hex)


# how ------------------------------------------------------------------------------------------------------------------

Lay = Callable[[dict[int, float], JobDraft], None]
DoWork = Callable[[BoxVisit], Coroutine[Any, Any, None]]


async def _carry_out(
    visit: BoxVisit, override: Override | None, lay: Lay, work: DoWork, refusals: list[str] | None = None
) -> VisitOutcome:
    """`lay` says on a draft what `work` will do, as far as the journal knows where the frames are."""

    def plan(visit: BoxVisit) -> Planned:
        known = known_places(visit)
        try:
            planned = plan_job(visit.context.robot, visit.box, known, visit.belief.push, _laid(lay, known))
        except (NoRoom, Undone, ValueError) as why:
            return Planned(0.0, 0.0, (*(refusals or ()), str(why)))
        return replace(planned, refusals=(*(refusals or ()), *planned.refusals))

    async def work_or_tell(visit: BoxVisit) -> None:
        visit.enter(Phase.FRAMES, "the work with the frames begins")
        visit.undone = "the work was broken off"
        try:
            await work(visit)
            visit.undone = ""
        except (NoRoom, Undone, Stuck, ValueError) as why:
            if isinstance(why, Stuck):
                visit.alert("frame_stuck", str(why))
            visit.undone = str(why)
            visit.troubles.append(visit.undone)
            visit.tell(EventKind.PHASE, f"not done: {why}")

    visit.undone = "the work was not begun"
    return await carry_out(visit, override, plan, work_or_tell)


def _laid(lay: Lay, known: dict[int, float]) -> Work:
    return lambda draft: lay(known, draft)


def _require_frame(known: dict[int, float], frame: int, box: int) -> None:
    if frame not in known:
        numbers = ", ".join(str(number) for number in in_order(known))
        raise Undone(f"box {box} has no frame {frame}; it has, from the back: {numbers}")


async def _take_out(
    visit: BoxVisit, frame: int, override: Override | None, photographs: bool, refusals: list[str]
) -> VisitOutcome:
    def lay(known: dict[int, float], draft: JobDraft) -> None:
        _require_frame(known, frame, visit.box)
        draft.hand_out(frame, photographs)

    async def work(visit: BoxVisit) -> None:
        _require_frame(visit.belief.frames_y_mm, frame, visit.box)
        await hand_out_frame(visit, frame, photographs)

    return await _carry_out(visit, override, lay, work, refusals)


async def _insert(visit: BoxVisit, place: int, frame: int, override: Override | None) -> VisitOutcome:
    def room(known: dict[int, float], untouched: frozenset[int]) -> tuple[int, Any]:
        if not 1 <= place <= len(known) + 1:
            raise ValueError(f"place {place}: box {visit.box} has room for places 1 to {len(known) + 1}")
        if frame in known:
            raise ValueError(f"box {visit.box} has a frame {frame} already; give another number")
        number = frame or next(number for number in count(1) if number not in known)
        return number, make_room(known, space(visit), place - 1, untouched, HUNG_EASE_MM)

    def lay(known: dict[int, float], draft: JobDraft) -> None:
        known = {number: y for number, y in known.items() if number != frame or not _is_unfelt(visit, frame)}
        number, free = room(known, frozenset())
        draft.push(free.pushes)
        draft.receive(number, free.place_mm(HUNG_EASE_MM))
        draft.look()

    async def work(visit: BoxVisit) -> None:
        visit.belief.unfelt_mm.pop(frame, None)
        number, free = room(places(visit), alone(visit))
        await push_all(visit, free.pushes)
        await receive_frame(visit, number, free.place_mm(HUNG_EASE_MM))
        try:
            await verify(visit, {number: free.place_mm(HUNG_EASE_MM)})
        finally:
            visit.belief.unfelt_mm.pop(number, None)  # what hung by its pins is felt, or it is not there

    return await _carry_out(visit, override, lay, work)


def _is_unfelt(visit: BoxVisit, frame: int) -> bool:
    return frame in visit.belief.unfelt_mm


async def _move_within(visit: BoxVisit, move: MoveFrame, override: Override | None) -> VisitOutcome:
    """Carried over the others where the box has room for that; by way of the service door where it is full."""

    def is_full(known: dict[int, float]) -> bool:
        box = space(visit)
        return box.free_mm(len(known)) < box.pitch_mm

    def lay(known: dict[int, float], draft: JobDraft) -> None:
        _require_frame(known, move.frame, move.box)
        if not is_full(known):
            carry = move_within(known, space(visit), move.frame, move.to_place)
            draft.push(carry.room.pushes)
            draft.lift(move.frame)
            draft.put(move.frame, carry.to_mm)
        else:
            others = _others(known, move)
            free = make_room(others, space(visit), move.to_place - 1, (), HUNG_EASE_MM)
            draft.hand_out(move.frame, False)
            draft.push(free.pushes)
            draft.receive(move.frame, free.place_mm(HUNG_EASE_MM))
        draft.look()

    async def work(visit: BoxVisit) -> None:
        _require_frame(visit.belief.frames_y_mm, move.frame, move.box)
        if not is_full(places(visit)):
            carry = move_within(places(visit), space(visit), move.frame, move.to_place, alone(visit))
            await carry_over(visit, carry)
            await verify(visit, {move.frame: carry.to_mm})
            return
        make_room(_others(places(visit), move), space(visit), move.to_place - 1, alone(visit))
        await hand_out_frame(visit, move.frame, photographs=False)
        free = make_room(places(visit), space(visit), move.to_place - 1, alone(visit), HUNG_EASE_MM)
        await push_all(visit, free.pushes)
        await receive_frame(visit, move.frame, free.place_mm(HUNG_EASE_MM))
        await verify(visit, {move.frame: free.place_mm(HUNG_EASE_MM)})

    return await _carry_out(visit, override, lay, work)


def _others(known: dict[int, float], move: MoveFrame) -> dict[int, float]:
    """Where the others stand. Raises ValueError for a place that is none, or the one that the frame has."""
    order = in_order(known)
    if not 1 <= move.to_place <= len(order):
        raise ValueError(f"place {move.to_place}: the box has frames in places 1 to {len(order)}")
    if order[move.to_place - 1] == move.frame:
        raise ValueError(f"frame {move.frame} stands in place {move.to_place} already")
    return {number: y for number, y in known.items() if number != move.frame}


async def _move_between(
    context: VisitContext, move: MoveFrame, override: Override | None, inspection: str
) -> VisitOutcome:
    """Out of one box, then into the other; the journal of the first one keeps what is left to do."""
    to_box = move.to_box or move.box
    HiveGeometry(context.robot.hive, context.robot.mechanism).require_box(to_box)
    there = begin(context, to_box, inspection)
    out: VisitOutcome | None = None
    if not _is_with_person(context, move):
        visit = begin(context, move.box, inspection)
        visit.errand = {"frame": move.frame, "to_box": to_box, "to_place": move.to_place}
        refusals = _reasons_against_arrival(context, move, to_box)
        out = await _take_out(visit, move.frame, override, False, refusals)
        if out.end_state is EndState.HELD or out.refusals or out.undone or not out.was_opened:
            return out
        context = replace(context, reasons_against=nothing_against, prepare=nothing_to_prepare)
        there, override = begin(context, to_box, inspection), None
    outcome = await _insert(there, move.to_place, 0, override)
    left = outcome.undone or "; ".join(outcome.refusals)
    if left:
        outcome = replace(
            outcome,
            undone=f"frame {move.frame} of box {move.box} is with a person: {left}; ask for the same move again",
        )
    return outcome if out is None else _joined(out, outcome)


def _is_with_person(context: VisitContext, move: MoveFrame) -> bool:
    """Whether this very move was broken off with the frame in a person's hands."""
    try:
        entry = context.journal.last_closed(context.robot.hive.name, move.box)
        if entry is None or str(move.frame) in entry.belief["frames_y_mm"]:
            return False
        errand = entry.belief.get("errand", {})
        return bool(errand == {"frame": move.frame, "to_box": move.to_box, "to_place": move.to_place})
    except (JournalError, *UNREADABLE):
        return False


def _reasons_against_arrival(context: VisitContext, move: MoveFrame, to_box: int) -> list[str]:
    """A frame leaves its box only where the other one has room for it, as far as the journal knows."""
    there = BoxVisit(context, to_box, "")
    known = known_places(there)
    here_mm, there_mm = (context.robot.geometry.frame_height_mm(box) for box in (move.box, to_box))
    if here_mm != there_mm:
        return [
            f"box {to_box}: its frames are {there_mm:g} mm high, those of box {move.box} {here_mm:g}; choose another"
        ]
    try:
        if not 1 <= move.to_place <= len(known) + 1:
            raise ValueError(f"place {move.to_place}: it has room for places 1 to {len(known) + 1}")
        make_room(known, BoxSpace.of(context.robot, to_box), move.to_place - 1)
    except (NoRoom, ValueError) as why:
        return [f"box {to_box}: {why}"]
    return []


def _joined(out: VisitOutcome, there: VisitOutcome) -> VisitOutcome:
    """Both halves of a move as one outcome: it ended as the second half did."""
    return replace(
        there,
        alert=out.alert or there.alert,
        explanation="; ".join(said for said in (out.explanation, there.explanation) if said),
        frames=out.frames + there.frames,
        was_opened=True,
        open_time_s=out.open_time_s + there.open_time_s,
        visit_time_s=out.visit_time_s + there.visit_time_s,
    )
