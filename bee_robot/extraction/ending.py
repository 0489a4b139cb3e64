"""No procedure ends otherwise than closed, or held with an instruction to a person."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine
from typing import Any

from bee_robot.alerts import ALERTS
from bee_robot.clock import wait_for
from bee_robot.devices.tower import MotionEnd, TowerError
from bee_robot.extraction.box_visit import BoxVisit, Held, MotionStopped
from bee_robot.extraction.journal import HELD_STEP, JournalError
from bee_robot.extraction.motion_check import RuleRefused
from bee_robot.hive.inspection import EndState, EventKind, Phase, VisitOutcome

STOP_WAIT_S = 5.0
STOP_WAIT_WALL_S = 15.0  # where robot time stands still, because the simulation is gone


async def run_to_an_end(visit: BoxVisit, work: Coroutine[Any, Any, None]) -> VisitOutcome:
    """Run `work` (which returns when the hive is closed). Whatever it raises becomes a held end with its instruction.

    A cancelled call stops the machine, writes the journal and raises CancelledError again.
    """
    task = asyncio.ensure_future(work)
    stop_now = asyncio.ensure_future(visit.context.control.wait_stop_now())
    try:
        await asyncio.wait({task, stop_now}, return_when=asyncio.FIRST_COMPLETED)
        outcome = _ended(visit, task) if task.done() else await _stopped_now(visit, task)
    except asyncio.CancelledError:
        await _cancel(visit, task)
        _hold(visit, "", "the visit was cancelled")
        raise
    finally:
        stop_now.cancel()
        await _let_go(visit)
    return outcome


def _ended(visit: BoxVisit, task: asyncio.Task[None]) -> VisitOutcome:
    try:
        task.result()
    except Held as held:
        return _hold(visit, held.alert, str(held), held.instruction)
    except MotionStopped as stopped:
        return _hold(visit, stopped.result.alert or _alert_of(stopped.result.end), str(stopped))
    except RuleRefused as refused:
        return _hold(visit, "rule_broken", str(refused))
    except TowerError as error:
        return _hold(visit, error.alert or "link_lost", str(error))
    except JournalError as error:
        return _hold(visit, "store_full", str(error))
    except asyncio.CancelledError:
        return _hold(visit, "", "the visit was cancelled")
    except Exception as error:  # noqa: BLE001 - an unknown fault must not leave a hive without an end state
        return _hold(visit, "", f"fault in the software: {type(error).__name__}: {error}")
    visit.count_phase(Phase.END)
    visit.tell(
        EventKind.END,
        f"box {visit.box} is closed and safe",
        end_state="closed",
        open_time_s=round(visit.open_time_s, 2),
    )
    return visit.outcome(EndState.CLOSED)


def _alert_of(end: MotionEnd) -> str:
    return "limit_refused" if end is MotionEnd.REFUSED else ""


async def _stopped_now(visit: BoxVisit, task: asyncio.Task[None]) -> VisitOutcome:
    because = visit.context.control.stop_now_because
    stopping = asyncio.ensure_future(visit.context.tower.stop(because))
    await asyncio.sleep(0)  # the stop is on its way before the motion is called off
    task.cancel()
    await _bounded(visit, asyncio.gather(task, stopping, return_exceptions=True))
    await _bounded(visit, visit.read_machine())
    return _hold(visit, "", f"stopped at once: {because}")


async def _cancel(visit: BoxVisit, task: asyncio.Task[None]) -> None:
    task.cancel()
    await _bounded(visit, asyncio.wait({task}))


async def _bounded(visit: BoxVisit, awaitable: Awaitable[object]) -> None:
    """Wait a few seconds at most. Whoever does not answer is out of reach: the board's own deadline stops the machine."""
    with contextlib.suppress(TowerError, asyncio.TimeoutError):
        await asyncio.wait_for(wait_for(visit.context.clock, awaitable, STOP_WAIT_S), STOP_WAIT_WALL_S)


def _hold(visit: BoxVisit, alert: str, explanation: str, instruction: str = "") -> VisitOutcome:
    what_is_open = "nobody knows what is open" if visit.has_lost_track else visit.belief.says()
    remedy = instruction or (ALERTS[alert].remedy if alert in ALERTS else "Look at the hive")
    if "recover" not in remedy:
        remedy = f"{remedy}; then run 'bee recover'"
    instruction = f"{remedy}. Now: {what_is_open}."
    visit.count_phase(Phase.END)
    if alert in ALERTS:
        visit.alert(alert, explanation)
    if visit.has_begun:  # otherwise nothing has moved, and the journal says how the visit before it ended
        with contextlib.suppress(JournalError):  # it still holds the step before; that is enough to recover
            visit.note(HELD_STEP, explanation)
    visit.tell(
        EventKind.END,
        instruction,
        end_state="held",
        open_time_s=round(visit.open_time_s, 2),
        explanation=explanation,
    )
    return visit.outcome(EndState.HELD, instruction, explanation)


async def _let_go(visit: BoxVisit) -> None:
    """Motors off (screws hold), lease free."""
    tower = visit.context.tower
    await _bounded(visit, tower.disarm("the visit is over"))
    await _bounded(visit, tower.release_lease())
