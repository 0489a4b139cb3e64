"""A pause: at once where the board can hold, otherwise at the end of its programme; and it lasts until somebody resumes.

Not even the open time (R15) ends a pause: whoever paused may have a hand in the hive. It is told, and told again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from bee_robot.alerts import ALERTS
from bee_robot.devices.tower import BoardState, Input, MotionResult, TowerError
from bee_robot.extraction.journal import PAUSED_STEP, RESUMED_STEP
from bee_robot.hive.inspection import EventKind

if TYPE_CHECKING:
    from bee_robot.extraction.box_visit import BoxVisit

LOOK_PERIOD_S = 1.0
HOLD_AGAIN_S = 0.1  # a programme that has not begun on the board cannot be held yet


class Pause:
    """The pauses of one visit: when one began, which alerts it has caused."""

    def __init__(self, visit: BoxVisit) -> None:
        self._visit = visit
        self._is_told = False
        self._alerted_s: set[float] = set()

    def begin(self) -> None:
        control = self._visit.context.control
        if self._is_told or not control.is_paused:
            return
        self._is_told = True
        self._visit.tell(EventKind.PAUSED, f"paused: {control.pause_because}")
        self._visit.remark(PAUSED_STEP, control.pause_because)

    def end(self) -> None:
        if self._is_told:
            self._is_told = False
            said = f"{self._visit.context.control.resumed_by or 'somebody'} resumed"
            self._visit.tell(EventKind.RESUMED, said)
            self._visit.remark(RESUMED_STEP, said)

    def look_at_the_time(self) -> None:
        """Alerts while a person keeps a box open for longer than it should be (R15); each once."""
        visit = self._visit
        limits = visit.context.robot.visit
        for limit_s, what in (
            (limits.open_planned_max_s, "the box is paused open for longer than planned"),
            (limits.open_close_at_s, "the box should be closing now, and is paused"),
        ):
            if visit.open_time_s >= limit_s and visit.is_standing_open and limit_s not in self._alerted_s:
                self._alerted_s.add(limit_s)
                visit.alert("paused_long", f"{what}: open for {visit.open_time_s:.0f} s")


def lost_machine(visit: BoxVisit) -> TowerError | None:
    """What ends a wait for a person early: a machine that nobody reaches or that has stopped by itself."""
    state = visit.context.tower.state
    if state.board is BoardState.LOST:
        return TowerError(f"{ALERTS['link_lost'].what}: {state.stop_reason}", "link_lost")
    for alert, given in (("estop", Input.ESTOP_OK), ("door_open", Input.DOOR_CLOSED)):
        if not state.inputs.get(given, False):
            return TowerError(ALERTS[alert].what, alert)
    if state.board in (BoardState.STOPPED, BoardState.ESTOP):
        return TowerError(f"{ALERTS['not_armed'].what}: {state.stop_reason}", "not_armed")
    return None


async def wait_while_paused(visit: BoxVisit) -> None:
    """Between two programmes. Raises TowerError where the machine is lost meanwhile."""
    control = visit.context.control
    while control.is_paused:
        visit.pause.begin()
        visit.pause.look_at_the_time()
        lost = lost_machine(visit)
        if lost is not None:
            raise lost
        await change_or(visit, LOOK_PERIOD_S)
    visit.pause.end()


async def change_or(visit: BoxVisit, timeout_s: float, *others: asyncio.Future[Any]) -> None:
    """Until somebody says something to the job, one of `others` is done, or so much time has passed."""
    waits = [
        asyncio.ensure_future(visit.context.control.wait_change()),
        asyncio.ensure_future(visit.context.clock.sleep(timeout_s)),
    ]
    try:
        await asyncio.wait([*waits, *others], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def run_with_pauses(visit: BoxVisit, motion: Coroutine[Any, Any, MotionResult]) -> MotionResult:
    """Run a motion of the tower; hold it while the visit is paused. A cancelled call cancels the motion."""
    task = asyncio.ensure_future(motion)
    try:
        await _follow(visit, task)
    except BaseException:  # whatever it is, no motion goes on with nobody who waits for it
        task.cancel()
        await asyncio.wait({task})
        raise
    return task.result()


async def _follow(visit: BoxVisit, task: asyncio.Future[MotionResult]) -> None:
    control, tower = visit.context.control, visit.context.tower
    is_holding = False
    while not task.done():
        if control.is_paused:
            is_holding = is_holding or await _hold(visit)
            visit.pause.look_at_the_time()
            await change_or(visit, LOOK_PERIOD_S if is_holding else HOLD_AGAIN_S, task)
        elif is_holding:
            await tower.resume()
            is_holding = False
            visit.pause.end()
        else:
            changed = asyncio.ensure_future(control.wait_change())
            waits: set[asyncio.Future[Any]] = {task, changed}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()


async def _hold(visit: BoxVisit) -> bool:
    """Whether the board holds its programme. Where it has nothing that it could hold, the pause comes at its end."""
    visit.pause.begin()
    with contextlib.suppress(TowerError):
        await visit.context.tower.hold(visit.context.control.pause_because)
        return True
    return False
