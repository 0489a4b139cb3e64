"""What a visit that broke off has left behind, for people: from journal, kept places and sensors. Nothing moves with it."""

from __future__ import annotations

from bee_robot.alerts import ALERTS
from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import BoardState, Input, TowerState
from bee_robot.extraction.belief import HiveBelief
from bee_robot.extraction.closing import FREE_LOAD_KG
from bee_robot.extraction.journal import UNREADABLE, Journal, JournalEntry
from bee_robot.extraction.whereabouts import KeptPlaces, proven_places


def explain(entry: JournalEntry | None) -> str:
    """What the journal ends with."""
    if entry is None:
        return "the journal is empty: nothing has been opened"
    if entry.is_closed:
        return f"the journal says that box {entry.box} was closed in order"
    note = f" ({entry.note})" if entry.note else ""
    return f"the journal ends with '{entry.step}' at box {entry.box}{note}"


def findings(robot: RobotConfiguration, journal: Journal, state: TowerState | None) -> str:
    """One line about a hive that was left open: journal, machine, what to do; empty where nothing is open.

    `state` None: nobody tells how the machine is. Raises JournalError.
    """
    entry = journal.last()
    if entry is None or entry.is_closed:
        return ""
    try:
        left = _left(HiveBelief.from_dict(robot, entry.belief))
    except UNREADABLE as error:
        left = f"what the machine holds cannot be read ({type(error).__name__}: {error})"
    since = f"{entry.hive} was left at {entry.written_utc:%Y-%m-%d %H:%M} UTC: {explain(entry)}; before it, {left}"
    if state is None:
        return f"{since}; nobody tells how the machine is. Run 'bee recover'"
    against = _against_recovery(state)
    machine = "; ".join([*_machine(state), *_forgotten(journal, state)])
    return f"{since}. The machine: {machine or 'it knows where it is, and carries nothing'}. {against}Run 'bee recover'"


def _left(belief: HiveBelief) -> str:
    """The journal does not keep how high a frame hangs."""
    held, belief.held = belief.held, None
    return belief.says() + (f"; frame {held.number} is on the hooks" if held else "")


def _machine(state: TowerState) -> list[str]:
    loads = [
        f"{kg:.1f} kg on the {side.value} fork" for side, kg in state.loads_kg.items() if kg > FREE_LOAD_KG
    ]
    out = [servo.value for servo, angle in state.servos_deg.items() if angle > 1.0]  # nan is not
    return [*loads, *([f"{', '.join(out)} not stowed"] if out else [])]


def _forgotten(journal: Journal, state: TowerState) -> list[str]:
    """Which axes the board has forgotten, and how well that is known otherwise."""
    lost = [axis for axis, one in state.axes.items() if not one.is_referenced]
    if not lost:
        return []
    record = journal.kept_places()
    try:
        kept = KeptPlaces.from_dict(record) if record else None
    except UNREADABLE:
        kept = None
    proven = proven_places(state.axes, kept)
    said = [
        f"{axis.value} (to {proven[axis].doubt_mm:.1f} mm)" if axis in proven else f"{axis.value} (by nobody)"
        for axis in lost
    ]
    return [f"the board has forgotten places that are known otherwise: {', '.join(said)}"]


def _against_recovery(state: TowerState) -> str:
    """What a person has to see to before anything can move."""
    if state.board is BoardState.LOST:
        return f"{ALERTS['link_lost'].what}. {ALERTS['link_lost'].remedy}. "
    given = (("estop", Input.ESTOP_OK), ("door_open", Input.DOOR_CLOSED))
    return "".join(f"{ALERTS[key].what}. " for key, one in given if not state.inputs.get(one, False))
