"""Kills a visit at an instant, in seven ways, and judges how it ends after recovery.

One whole visit runs in this process on virtual time. At every instant the process forks one child per fault: the child has
machine, hive, firmware and host as they are, lets the fault happen, mends its cause, starts host and board again, recovers,
and judges the end by what the plant knows. The parent goes on to the next instant.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import random
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bee_robot.configuration import AXIS_NAMES, RobotConfiguration
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Axis
from bee_robot.extraction.context import VisitContext
from bee_robot.extraction.journal import PLACES_SUFFIX, Journal
from bee_robot.extraction.recovery import ByHand, recover
from bee_robot.extraction.visit import inspect_box
from bee_robot.extraction.workbench import Workbench
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.hive.inspection import EndState, VisitOutcome

FAULTS = ("extractor_killed", "driver_killed", "board_reset", "estop", "door", "power_loss", "cable")
HOST_LIVES = ("board_reset", "estop", "door", "cable")
MOTORS_LOSE_POWER = ("board_reset", "estop", "door", "power_loss")
MOST_AFTER_STARTS_S = 0.25
NOTICED_S = 3.0  # whatever is gone: the board's deadline, the lease and every ramp are over then
CREEP_PIECES = 10
CREEP_MM, CREEP_APART_MM = 2.0, 0.3  # of belts without power
CREEP_WITH_FRAME_MM, CREEP_APART_WITH_FRAME_MM = 0.4, 0.1  # its mass and its neighbours hold them
CUT_S = 0.05
HELPS_AFTER_S = 60.0
LONGEST_RECOVERY_S = 120.0
KEPT, SCRAP, AGAIN = "journal.sqlite", "scrap.sqlite", "again.sqlite"
THICKNESS_MM = 28.0
STOWED_DEG, AT_MM = 1.0, 0.1
RESTS_MM = 0.05  # as in plant_frames.c


@dataclass(frozen=True)
class KillEnd:
    """How one kill point ended. `end`: of the recovery; `wrong`: what must not be, empty where all is well; `by_hand`: how it
    ended after a person had done what the instruction says, empty where nobody was needed."""

    at_s: float
    fault: str
    step: str
    end: str
    instruction: str
    explanation: str
    wrong: tuple[str, ...]
    violations: int
    by_hand: str = ""

    def __str__(self) -> str:
        what = "; ".join(self.wrong) or self.explanation
        return f"{self.at_s:8.3f} s {self.fault:<16} in '{self.step}': {self.end} {what}"


class Severed:
    """A tower in the hands of a process that dies: from then on no call of it has an effect or comes back."""

    def __init__(self, tower: SerialTower) -> None:
        self._tower = tower
        self.is_dead = False

    @property
    def state(self) -> Any:
        return self._tower.state

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._tower, name)

        async def until_dead(*arguments: Any) -> Any:
            if not self.is_dead:
                try:
                    result = await call(*arguments)
                except Exception:
                    if not self.is_dead:
                        raise
                else:
                    if not self.is_dead:
                        return result
            await asyncio.get_running_loop().create_future()

        return until_dead


def programme_starts_s(robot: RobotConfiguration, seed: int) -> tuple[list[float], float]:
    """Robot times at which the steps of a visit are journaled, and when it ends: the visit is the same every time."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(robot, Path(folder), seed=seed)
        outcome = bench.inspect(1)
        journal = Journal(bench.journal_path, bench.clock)
        starts_s = [entry.robot_s for entry in journal.of_inspection(outcome.inspection)]
        journal.close()
        ends_s = bench.clock.now_s()
        bench.close()
    return starts_s, ends_s


def instants_s(starts_s: Sequence[float], ends_s: float, count: int, seed: int = 1) -> list[float]:
    """`count` distinct instants in order: a third of them soon after a programme began, the others one in each of as many
    equal parts of the visit."""
    chance = random.Random(seed)
    soon = min(count // 3, 2 * len(starts_s))
    picked = {
        round(chance.choice(starts_s) + chance.uniform(0.002, MOST_AFTER_STARTS_S), 3) for _ in range(soon)
    }
    begins_s = starts_s[0]
    while len(picked) < count:
        parts = count - soon
        for part in range(parts):
            if len(picked) < count:
                share = (part + chance.random()) / parts
                picked.add(round(begins_s + share * (ends_s - begins_s), 3))
    return sorted(picked)


def copy_journal(journal: Journal, folder: Path, name: str) -> None:
    """The files as they are on disk at this instant. A parent copies them before it forks and goes on writing: one copy for
    whoever recovers, one for a process that is dead and does not know it."""
    for suffix in (".sqlite", ".sqlite-wal", PLACES_SUFFIX):
        source = journal.path.with_suffix(suffix)
        if source.exists():
            shutil.copyfile(source, (folder / name).with_suffix(suffix))


class Kills:
    """One visit and all its ends. `run` returns them in no special order."""

    def __init__(self, robot: RobotConfiguration, seed: int = 1, at_once: int = 2) -> None:
        self._robot = robot
        self._seed = seed
        self._at_once = at_once
        self._children: dict[int, tuple[int, float, str]] = {}
        self._ends: list[KillEnd] = []
        self._is_child = False

    def run(self, points: Iterable[tuple[float, str]], says: bool = False) -> list[KillEnd]:
        """`points`: (instant in s of robot time, fault)."""
        self._says = says
        self._folder = Path(tempfile.mkdtemp(prefix="bee_kills_"))
        self._bench = Workbench(self._robot, self._folder / "visit", seed=self._seed)
        try:
            self._bench.run(lambda context: self._visit(context, sorted(points)))
            while self._children:
                self._reap()
        finally:
            self._bench.close()
            shutil.rmtree(self._folder, ignore_errors=True)
        return self._ends

    async def _visit(self, context: VisitContext, points: list[tuple[float, str]]) -> None:
        tower = Severed(context.tower)  # type: ignore[arg-type]
        visit = asyncio.ensure_future(inspect_box(replace(context, tower=tower), 1))
        clock = self._bench.clock
        for at_s, fault in points:
            if at_s > clock.now_s():
                await clock.sleep(at_s - clock.now_s())
            folder = Path(tempfile.mkdtemp(dir=self._folder))
            for name in (KEPT, SCRAP):
                copy_journal(context.journal, folder, name)
            if self._fork(at_s, fault):
                await self._end_as_child(at_s, fault, context, tower, visit, folder)
        await visit

    # processes

    def _fork(self, at_s: float, fault: str) -> bool:
        """True in the child."""
        while len(self._children) >= self._at_once:
            self._reap()
        sys.stdout.flush()
        loop = asyncio.get_running_loop()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            asyncio._set_running_loop(loop)  # a forked process has none until somebody says so
            os.close(reading)
            self._pipe = writing
            return True
        os.close(writing)
        self._children[child] = (reading, at_s, fault)
        return False

    def _reap(self) -> None:
        child = next(iter(self._children))
        reading, at_s, fault = self._children.pop(child)
        with os.fdopen(reading, "rb") as pipe:
            content = pipe.read()
        _, status = os.waitpid(child, 0)
        if content:
            end: KillEnd = pickle.loads(content)
        else:
            end = KillEnd(at_s, fault, "?", "none", "", "", (f"the child died with status {status}",), 0)
        self._ends.append(end)
        if self._says or end.wrong:
            print(end, flush=True)

    async def _end_as_child(
        self,
        at_s: float,
        fault: str,
        context: VisitContext,
        tower: Severed,
        visit: asyncio.Future[Any],
        folder: Path,
    ) -> None:
        """Never returns: whatever becomes of it, the child writes its end and leaves at once."""
        status = 1
        try:
            child = Child(self._bench, folder, random.Random(f"{at_s}{fault}"))
            end = await child.live(at_s, fault, context, tower, visit)
            with os.fdopen(self._pipe, "wb") as pipe:
                pipe.write(pickle.dumps(end))
            status = 0
        except BaseException:  # noqa: BLE001 - the parent's frames are on this stack: nothing may get back to them
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


class Child:
    """One world that goes its own way from an instant on."""

    def __init__(self, bench: Workbench, folder: Path, chance: random.Random) -> None:
        self._bench = bench
        self._folder = folder
        self._chance = chance
        self._cuts_s: tuple[float, ...] = ()

    async def live(
        self, at_s: float, fault: str, context: VisitContext, tower: Severed, visit: asyncio.Future[Any]
    ) -> KillEnd:
        """`fault`: one of FAULTS, or two with a plus: the second one meets the recovery from the first."""
        first, _, second = fault.partition("+")
        self._take_journal(context.journal, host_lives=first in HOST_LIVES)
        step = self._last_step()
        again, faults_s = await self._suffer(first, tower, visit), [at_s]
        if second:
            tower = Severed(again.tower)  # type: ignore[arg-type]
            recovery = asyncio.ensure_future(recover(replace(again, tower=tower)))
            await self._while_running(recovery, self._chance.uniform(0.05, LONGEST_RECOVERY_S))
            faults_s.append(self._bench.clock.now_s())
            if second not in HOST_LIVES:
                copy_journal(again.journal, self._folder, AGAIN)
                self._bench.journal_path = self._folder / AGAIN
            again = await self._suffer(second, tower, recovery)
        outcome = await recover(again)
        again.journal.close()
        self._cuts_s = tuple(faults_s)
        wrong, by_hand = self._judge(outcome), ""
        if outcome.end_state is EndState.HELD and not wrong:
            by_hand, more = await self._person_helps(outcome)
            wrong += more
        shutil.rmtree(self._folder, ignore_errors=True)
        return KillEnd(
            at_s,
            fault,
            step,
            outcome.end_state.value,
            outcome.instruction,
            outcome.explanation,
            tuple(wrong),
            len(self._offences()),
            by_hand,
        )

    async def _suffer(self, fault: str, tower: Severed, running: asyncio.Future[Any]) -> VisitContext:
        """The fault and the mending of its cause; then host and board are there again."""
        await getattr(self, f"_{fault}")(tower, running)
        if fault == "extractor_killed":
            return self._bench.new_process()
        return await self._bench.connect()

    async def _while_running(self, task: asyncio.Future[Any], most_s: float) -> None:
        nap = asyncio.ensure_future(self._bench.clock.sleep(most_s))
        await asyncio.wait({task, nap}, return_when=asyncio.FIRST_COMPLETED)
        nap.cancel()

    # the journal: a connection of SQLite must not be used across a fork

    def _take_journal(self, journal: Journal, host_lives: bool) -> None:
        self._bench.journal_path = self._folder / KEPT
        journal.move_to(self._folder / (KEPT if host_lives else SCRAP))

    def _last_step(self) -> str:
        journal = Journal(self._bench.journal_path, self._bench.clock)
        entries = [entry for entry in journal.newest(5) if entry.step != "held"]
        journal.close()
        return entries[0].step if entries else ""

    # faults, and the mending of their causes

    async def _extractor_killed(self, tower: Severed, visit: asyncio.Future[Any]) -> None:
        """The driver lives: it notices that nobody renews the lease."""
        assert self._bench.tower is not None
        tower.is_dead = True
        self._bench.tower.renews_itself = False
        await self._bench.clock.sleep(NOTICED_S)
        self._bench.tower.renews_itself = True

    async def _driver_killed(self, tower: Severed, visit: asyncio.Future[Any]) -> None:
        tower.is_dead = self._bench.is_cable_pulled = True
        await self._bench.clock.sleep(NOTICED_S)
        self._bench.is_cable_pulled = False

    async def _power_loss(self, tower: Severed, visit: asyncio.Future[Any]) -> None:
        tower.is_dead = self._bench.is_cable_pulled = True
        self._bench.twin.reset_board()
        self._creep()
        await self._bench.clock.sleep(NOTICED_S)
        self._bench.is_cable_pulled = False

    async def _board_reset(self, tower: Severed, visit: asyncio.Future[Any]) -> None:
        self._bench.twin.reset_board()
        self._creep()
        await visit
        await self._bench.clock.sleep(NOTICED_S)

    async def _estop(self, tower: Severed, visit: asyncio.Future[Any]) -> None:
        self._bench.twin.knobs.estop_pressed = True
        self._creep()
        await visit
        await self._bench.clock.sleep(NOTICED_S)
        self._bench.twin.knobs.estop_pressed = False

    async def _door(self, tower: Severed, visit: asyncio.Future[Any]) -> None:
        self._bench.twin.knobs.door_open = True
        self._creep()
        await visit
        await self._bench.clock.sleep(NOTICED_S)
        self._bench.twin.knobs.door_open = False

    async def _cable(self, tower: Severed, visit: asyncio.Future[Any]) -> None:
        self._bench.is_cable_pulled = True
        await visit
        await self._bench.clock.sleep(NOTICED_S)
        self._bench.is_cable_pulled = False

    def _creep(self) -> None:
        has_frame = any(self._bench.twin.truth().held)
        most_mm, apart_mm = (
            (CREEP_WITH_FRAME_MM, CREEP_APART_WITH_FRAME_MM) if has_frame else (CREEP_MM, CREEP_APART_MM)
        )
        both_mm = self._chance.uniform(-most_mm, most_mm)
        ways_mm = {
            axis: both_mm + self._chance.uniform(-apart_mm, apart_mm) / 2
            for axis in ("shuttle_left", "shuttle_right")
        }
        for _ in range(CREEP_PIECES):
            for axis, way_mm in ways_mm.items():
                self._bench.twin.knobs.creep(axis, way_mm / CREEP_PIECES)

    # judgement

    def _offences(self) -> list[str]:
        """What the referee found, but for how hard the hardware stops a moving frame when it cuts the motors (R7): that is no
        motion which anybody asked for."""
        violations = [
            one
            for one in self._bench.referee.violations
            if not (
                one.worst.rule == "R7" and any(abs(one.worst.t_s - cut_s) < CUT_S for cut_s in self._cuts_s)
            )
        ]
        return [str(one) for one in (*violations, *self._bench.referee.harm)]

    def _judge(self, outcome: VisitOutcome) -> list[str]:
        wrong = self._offences()
        if outcome.end_state is EndState.HELD:
            return wrong if outcome.instruction.strip() else [*wrong, "held without an instruction"]
        return wrong + self._not_closed()

    def _not_closed(self) -> list[str]:
        """What the plant knows against a hive that is said to be closed and safe."""
        truth, world, wrong = self._bench.twin.truth(), self._bench.twin.plant.world, []
        if max(truth.edge_mm) > 0.0:
            wrong.append(f"the stack is raised by {max(truth.edge_mm):.2f} mm")
        if any(truth.held):
            wrong.append(f"a hook holds frame {max(truth.held)}")
        out = [f"{angle:.0f}" for angle in truth.servo_deg if angle > STOWED_DEG]
        if out:
            wrong.append(f"forks or hooks are out ({', '.join(out)} degrees)")
        wrong += self._frames_amiss(truth, world)
        assert self._bench.tower is not None
        for index, name in enumerate(AXIS_NAMES):
            state = self._bench.tower.state.axes[Axis(name)]
            if not state.is_referenced or abs(state.position_mm - truth.position_mm[index]) > AT_MM:
                wrong.append(f"{name} is at {truth.position_mm[index]:.2f} and says {state.position_mm:.2f}")
        return wrong

    def _frames_amiss(self, truth: Any, world: Any) -> list[str]:
        wrong, pitch_mm = [], []
        frames = truth.frames[0]
        count = self._robot_frames
        for index in range(count):
            if max(frames[index].lift_mm) > RESTS_MM:
                wrong.append(f"frame {index + 1} does not rest")
            pitch_mm.append(sum(frames[index].y_mm) / 2)
        room_mm = (world.box_inner_depth_mm - THICKNESS_MM) / 2
        wrong += [f"frame {i + 1} stands in the wall" for i, y in enumerate(pitch_mm) if abs(y) > room_mm]
        for index, (one, other) in enumerate(zip(pitch_mm, pitch_mm[1:])):
            if other - one < THICKNESS_MM:
                wrong.append(f"frames {index + 1} and {index + 2} stand in each other")
        return wrong

    @property
    def _robot_frames(self) -> int:
        robot = self._bench.robot
        return HiveGeometry(robot.hive, robot.mechanism).frames_in(1)

    # a person

    async def _person_helps(self, outcome: VisitOutcome) -> tuple[str, list[str]]:
        """Does what the instruction says; then the hive must be closed."""
        frame_only = "--frame-is-off" in outcome.instruction
        if not frame_only and "--hive-is-clear" not in outcome.instruction:
            return "", ["the instruction names nothing that a person can do and tell"]
        if frame_only:
            self._take_frame_off(swing_in="swing both hooks in" in outcome.instruction)
        else:
            self._close_by_hand()
        await self._bench.clock.sleep(HELPS_AFTER_S)
        again = self._bench.new_process()
        by_hand = ByHand("Mari", frame_is_off=frame_only, hive_is_clear=not frame_only)
        ended = await recover(again, by_hand)
        again.journal.close()
        wrong = self._judge(ended)
        if ended.end_state is not EndState.CLOSED:
            wrong.append(f"held again after a person helped: {ended.explanation}")
        return ended.end_state.value, wrong

    def _take_frame_off(self, swing_in: bool) -> None:
        truth = self._bench.twin.truth()
        for side in range(2):
            number, truth.held[side] = truth.held[side], 0
            if number:
                truth.frames[0][number - 1].lift_mm[side] = 0.0
                truth.frames[0][number - 1].y_mm[side] = self._gap_mm(number)
            if swing_in:
                truth.servo_deg[2 + side] = truth.servo_target_deg[2 + side] = 0.0

    def _gap_mm(self, number: int) -> float:
        """Where a person hangs a frame: in the middle of its room."""
        frames, count = self._bench.twin.truth().frames[0], self._robot_frames
        half_mm = self._bench.robot.hive.box_inner_depth_mm / 2
        pitch_mm = self._bench.twin.plant.world.box_inner_depth_mm / count
        below = sum(frames[number - 2].y_mm) / 2 if number > 1 else -half_mm - pitch_mm / 2
        above = sum(frames[number].y_mm) / 2 if number < count else half_mm + pitch_mm / 2
        return float((below + above) / 2)

    def _close_by_hand(self) -> None:
        """Turns the screws until the stack stands, hangs the frame back, stows forks and hooks."""
        truth = self._bench.twin.truth()
        self._take_frame_off(swing_in=True)
        truth.stack_level = 0
        for side in range(2):
            truth.edge_mm[side] = truth.load_kg[side] = 0.0
            truth.fork_level[side] = 0
            truth.servo_deg[side] = truth.servo_target_deg[side] = 0.0
        self._bench.twin.plant.world_changed()
