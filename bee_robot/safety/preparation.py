"""Warming the cabinet before a visit that only a cold cabinet stands against (machine.md, "May we?": 10 to 15 °C outside
are enough with the cabinet warm), and keeping it warm while the hive is open.

The heater belongs to the board. It is on only while the motion lease is held and renewed: where this process dies the board
hears no heartbeat and switches the heater off by itself, and a driver that frees a lease does so, too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from bee_robot.clock import Clock
from bee_robot.devices.tower import Output, Tower, TowerError
from bee_robot.hive.inspection import EventKind, Phase, VisitEvent
from bee_robot.safety.conditions import Quantity, Verdict
from bee_robot.safety.gate import Gate

LOOK_S = 2.0
TELL_S = 30.0
RATE_OVER_S = 120.0
HYSTERESIS_C = 1.5


class Control(Protocol):
    """Who may end a visit early (extraction.context.VisitControl)."""

    stop_because: str
    stop_now_because: str


class Visit(Protocol):
    """What of a visit is needed (extraction.context.VisitContext)."""

    @property
    def tower(self) -> Tower: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def control(self) -> Control: ...
    @property
    def events(self) -> Callable[[VisitEvent], None]: ...
    @property
    def holder(self) -> str: ...


class CabinetHeating:
    """Give `prepare` to the visit's context, and await `end` when the visit is over, however it ended."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._settings = gate.robot.preparation
        self._warm_c = gate.robot.conditions.cabinet_warm_c
        self._tower: Tower | None = None
        self._holder = ""
        self._keeping: asyncio.Task[None] | None = None

    # before

    async def prepare(self, visit: Visit) -> list[str]:
        """Warm the cabinet where nothing else stands against a visit; returns why that was given up. Where something else
        does, or nothing at all, nothing is warmed: the gate has its say afterwards."""
        verdict = self._gate.look()
        if not self._settings.warms_cabinet or not self._is_cool(verdict) or _other_reasons(verdict):
            return []
        await self._stop_keeping()
        await self._take(visit)
        given_up = await self._warm(visit)
        if given_up or not self._settings.keeps_warm:
            await self._heat(0.0)
        else:
            self._keeping = asyncio.ensure_future(self._keep_warm(visit.tower, visit.clock))
        return [given_up] if given_up else []

    async def _take(self, visit: Visit) -> None:
        self._tower = visit.tower
        await visit.tower.acquire_lease(visit.holder)
        self._holder = visit.holder

    async def _warm(self, visit: Visit) -> str:
        """Until the cabinet is warm; why not, where it does not get so."""
        clock = visit.clock
        began_s = told_s = clock.now_s()
        seen: list[tuple[float, float]] = []
        while True:
            verdict, cabinet, now_s = self._gate.look(), self._gate.cabinet(), clock.now_s()
            stopped = visit.control.stop_now_because or visit.control.stop_because
            if stopped:
                return f"the cabinet was not warmed to the end: {stopped}"
            if cabinet is None or _other_reasons(verdict):
                return "the cabinet was not warmed to the end: more stands against a visit now"
            if verdict.may_open:
                if seen:
                    self._tell(visit, f"the cabinet is warm: {cabinet.value:.1f} °C")
                return ""
            seen.append((now_s, cabinet.value))
            given_up = self._too_slow(seen, began_s, now_s)
            if given_up:
                return given_up
            if len(seen) == 1 or now_s - told_s >= TELL_S:
                told_s = now_s
                self._tell(visit, self._progress(seen))
            await self._heat(self._settings.heater)  # again and again: a board that was reset forgets it
            await clock.sleep(LOOK_S)

    def _too_slow(self, seen: list[tuple[float, float]], began_s: float, now_s: float) -> str:
        here_c, settings = seen[-1][1], self._settings
        if now_s - began_s > settings.gives_up_after_s:
            return (
                f"the cabinet has {here_c:.1f} °C of {self._warm_c:g} °C after {(now_s - began_s) / 60:.0f} min of heating; "
                "wait for warmer weather"
            )
        before = [c for at_s, c in seen if at_s <= now_s - settings.rise_within_s]
        if before and here_c < before[-1] + settings.rise_c:
            return (
                f"the cabinet stays at {here_c:.1f} °C in spite of {settings.rise_within_s / 60:.0f} min of heating; look at "
                "the heater, its fuse and the cabinet's doors"
            )
        return ""

    def _progress(self, seen: list[tuple[float, float]]) -> str:
        now_s, here_c = seen[-1]
        text = f"the cabinet is being warmed: {here_c:.1f} of {self._warm_c:g} °C"
        then_s, then_c = next(each for each in seen if each[0] >= now_s - RATE_OVER_S)
        if now_s - then_s < RATE_OVER_S / 4 or here_c <= then_c:
            return text
        left_min = (self._warm_c - here_c) / ((here_c - then_c) / (now_s - then_s)) / 60
        return f"{text}, about {max(1.0, left_min):.0f} min more"

    # during

    async def _keep_warm(self, tower: Tower, clock: Clock) -> None:
        """Between warm and a little warmer; off where nobody says how warm it is. Only while the visit has its lease: without
        one nobody would switch the heater off for a process that has died."""
        is_on = True
        while True:
            cabinet = self._gate.cabinet()
            if cabinet is None or cabinet.value >= self._warm_c + HYSTERESIS_C:
                is_on = False
            elif cabinet.value <= self._warm_c + HYSTERESIS_C / 2:
                is_on = True
            with contextlib.suppress(TowerError):  # the visit itself deals with a board that does not answer
                if tower.state.lease_holder == self._holder:
                    await self._heat(self._settings.heater if is_on else 0.0)
            await clock.sleep(LOOK_S)

    async def _stop_keeping(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
            self._keeping = None

    # after

    async def end(self) -> None:
        """Heater off, lease free. Once for each `prepare`, whatever came of it; raises nothing."""
        await self._stop_keeping()
        tower, self._tower = self._tower, None
        if tower is None:
            return
        with contextlib.suppress(TowerError):  # out of reach: the board switches it off by itself
            await tower.set_output(Output.HEATER, 0.0)
        with contextlib.suppress(TowerError):
            await tower.release_lease()  # that of the visit, where it has not given it back already

    # what is

    async def _heat(self, share: float) -> None:
        assert self._tower is not None
        await self._tower.set_output(Output.HEATER, share)

    def _is_cool(self, verdict: Verdict) -> bool:
        """Whether it is so cool outside that the cabinet has to be warm, and not so cold that this would not help."""
        limits = self._gate.robot.conditions
        outside = verdict.readings.get(Quantity.OUTSIDE_C)
        return (
            outside is not None and limits.outside_min_with_warm_cabinet_c <= outside < limits.outside_min_c
        )

    def _tell(self, visit: Visit, text: str) -> None:
        visit.events(VisitEvent(visit.clock.now_s(), EventKind.PHASE, Phase.CHECK, 0, 0, text))


def _other_reasons(verdict: Verdict) -> list[str]:
    """What stands against a visit besides a cabinet that is known to be cold."""
    return [
        finding.against
        for finding in verdict.findings
        if finding.against and not (finding.name == Quantity.CABINET_C.value and finding.is_known)
    ]
