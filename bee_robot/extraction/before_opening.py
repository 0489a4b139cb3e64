"""What is looked at before a box is opened: the journal, what it remembers, preparations, conditions and the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bee_robot.extraction.box_places import BoxSpace
from bee_robot.extraction.box_visit import BoxVisit
from bee_robot.extraction.context import Override
from bee_robot.extraction.journal import OVERRIDE_STEP, UNREADABLE, JournalError
from bee_robot.extraction.locating import push_direction
from bee_robot.hive.inspection import EndState, EventKind, VisitOutcome


@dataclass(frozen=True)
class Planned:
    """How long a box is to be open and the whole job to last; `refusals`: why it must not begin."""

    open_time_s: float
    visit_time_s: float
    refusals: tuple[str, ...] = ()


async def refusal(
    visit: BoxVisit, override: Override | None, plan: Callable[[BoxVisit], Planned]
) -> VisitOutcome | None:
    """Why the box is not opened now, as an outcome: closed, or held where it is feared to be open. None: it may be opened.

    `plan` is asked once the visit remembers where the frames are.
    """
    feared = feared_open(visit)
    if not feared:
        remember_frames(visit)
    unprepared = [] if feared or override is not None else await _prepare(visit)
    refusals = unprepared + _reasons_against(visit, override, plan)
    if feared:
        return _refuse_held(visit, [feared, *refusals])
    return _refuse(visit, refusals) if refusals else None


def remember_frames(visit: BoxVisit) -> None:
    """Where the last visit left the frames, and which way it worked. What cannot be read is found by the pin sensors."""
    hive = visit.context.robot.hive.name
    try:
        entry = visit.context.journal.last_closed(hive, visit.box)
        if entry is None:
            return
        places_mm = {int(number): float(y_mm) for number, y_mm in entry.belief["frames_y_mm"].items()}
        unfelt = entry.belief.get("unfelt_mm", {})
        unfelt_mm = {int(number): float(y_mm) for number, y_mm in unfelt.items()}
        last_push = int(entry.belief["push"])
    except (JournalError, *UNREADABLE) as error:
        visit.tell(
            EventKind.PHASE,
            f"the journal does not say where the frames of box {visit.box} are ({error}); the pin sensors look for them",
        )
        return
    visit.belief.frames_y_mm, visit.belief.unfelt_mm = places_mm, unfelt_mm
    visit.belief.push = push_direction(visit.context.robot, visit.box, places_mm, last_push)


def known_places(visit: BoxVisit) -> dict[int, float]:
    """Where frames stand, or may stand, by the journal; a box that nobody has visited counts as full."""
    belief = visit.belief
    if not belief.frames_y_mm and not belief.unfelt_mm:
        remember_frames(visit)
    if belief.frames_y_mm or belief.unfelt_mm:
        return belief.frames_y_mm | belief.unfelt_mm
    space = BoxSpace.of(visit.context.robot, visit.box)
    return {place: space.grid_mm(place, gap_at_back=belief.push < 0) for place in range(1, space.frames + 1)}


def feared_open(visit: BoxVisit) -> str:
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


def _reasons_against(
    visit: BoxVisit, override: Override | None, plan: Callable[[BoxVisit], Planned]
) -> list[str]:
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
    planned = plan(visit)
    visit.tell(
        EventKind.PLAN,
        f"planned: open for {planned.open_time_s:.0f} s, visit {planned.visit_time_s:.0f} s",
        open_time_s=round(planned.open_time_s, 1),
        visit_time_s=round(planned.visit_time_s, 1),
    )
    return [*refusals, *planned.refusals]


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
