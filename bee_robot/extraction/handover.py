"""A person at the service door: asked, waited for, and what the machine does once the door is closed again.

The open door cuts the motor rail in hardware. Screws keep their places; belts have to be referenced anew.
"""

from __future__ import annotations

from bee_robot.alerts import ALERTS
from bee_robot.devices.tower import BoardState, Input, MotionEnd, TowerError
from bee_robot.extraction.belief import SHUTTLE
from bee_robot.extraction.box_visit import SCREWS, BoxVisit, Held, MotionStopped
from bee_robot.extraction.control import CANCEL
from bee_robot.extraction.freeing import take_off_by_hand
from bee_robot.extraction.journal import ANSWER_STEP
from bee_robot.extraction.motion_plan import MotionPlanner
from bee_robot.extraction.opening import must_close
from bee_robot.extraction.pausing import LOOK_PERIOD_S, change_or, run_with_pauses, wait_while_paused
from bee_robot.extraction.service_motion import ServicePlanner
from bee_robot.extraction.telling_places import learn_belts
from bee_robot.hive.inspection import EventKind

ABOVE_SLACK_MM = 1.0


async def ask_person(visit: BoxVisit, text: str) -> bool:
    """Ask for something to be done at the service door, and wait. Ends with the door closed.

    False: it was not done (a person says CANCEL, or somebody, the weather or the open time ends the job before the door was
    opened). Once the door was open nothing but an answer ends the wait: somebody may have a hand in the hive. Raises
    TowerError where the board is lost.
    """
    control = visit.context.control
    _ask(visit, text)
    was_open = False
    try:
        while True:
            was_open = was_open or not visit.knows(SHUTTLE.values())
            _require_link(visit)
            answer = control.take_answer()
            again = "" if answer is None else _not_yet(visit, answer, was_open)
            if answer is not None and not again:
                said = f"{control.answered_by or 'a person'} says: {answer or 'done'}"
                visit.tell(EventKind.ANSWERED, said)
                visit.remark(ANSWER_STEP, said)
                return answer != CANCEL
            if again:
                _ask(visit, f"{again} {text}")
            if not was_open and must_close(visit):
                return False
            visit.pause.look_at_the_time()
            await change_or(visit, LOOK_PERIOD_S)
    finally:
        if control.asks:
            control.ask("")


def _ask(visit: BoxVisit, text: str) -> None:
    visit.tell(EventKind.ASKED, text)
    visit.context.control.ask(text)


def _require_link(visit: BoxVisit) -> None:
    state = visit.context.tower.state
    if state.board is BoardState.LOST:
        raise TowerError(f"{ALERTS['link_lost'].what}: {state.stop_reason}", "link_lost")


def _not_yet(visit: BoxVisit, answer: str, was_open: bool) -> str:
    """Why an answer cannot be right yet; empty: it may be."""
    inputs = visit.context.tower.state.inputs
    if not inputs.get(Input.DOOR_CLOSED, False):
        return "The door is open: close it and answer again."
    if not inputs.get(Input.ESTOP_OK, False):
        return "The e-stop is pressed: release it and answer again."
    if answer != CANCEL and not was_open:
        return "The door has not been opened yet."
    return ""


async def come_back(visit: BoxVisit) -> None:
    """Motors on again after the door was open. Empty hooks high above the frames: the belts find their end stops. With a frame
    on them they must not (R14): the board is told where they were, give or take what a belt may creep, until `find_belts`.

    Raises Held where neither may be.
    """
    await visit.arm()
    if visit.knows(SHUTTLE.values()):
        return
    if visit.belief.held is None:
        await _home_belts(visit)
        return
    await learn_belts(visit)
    if not visit.knows(SHUTTLE.values()):
        raise Held(
            "not_referenced",
            f"frame {visit.belief.held.number} is on the hooks and nobody knows where the shuttles are",
            take_off_by_hand(visit, visit.belief.held.number),
        )


async def find_belts(visit: BoxVisit) -> None:
    """Belts that were told where they are find their end stops, with free hooks above the frames."""
    if visit.planner.doubt.shuttle_mm:
        await visit.perform(ServicePlanner.of(visit.planner).hooks_up())
        await _home_belts(visit)


async def _home_belts(visit: BoxVisit) -> None:
    if not visit.knows(SCREWS) or visit.plates_mm() < visit.planner.clear_mm - ABOVE_SLACK_MM:
        raise Held(
            "not_referenced",
            "the shuttles have forgotten where they are, and the hooks are not above the frames",
            "Swing both hooks in by hand",
        )
    await wait_while_paused(visit)
    visit.note("home the shuttles")
    result = await run_with_pauses(visit, visit.context.tower.home(tuple(SHUTTLE.values())))
    if result.end is not MotionEnd.DONE:
        raise MotionStopped("home the shuttles", result)
    visit.doubts_mm = {axis: mm for axis, mm in visit.doubts_mm.items() if axis not in SHUTTLE.values()}
    visit.planner = MotionPlanner(visit.context.robot, visit.box)
    await visit.read_machine()
