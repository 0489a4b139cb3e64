"""Every job of frame_extractor in one table: its action, what its goal asks for in words, what is against it, who does it.

A new job gets a row here, one in services.py, and its action in bee_robot_interfaces.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bee_robot.cloud.errors import StoreError
from bee_robot.configuration import AXIS_NAMES, RobotConfiguration
from bee_robot.devices.tower import Axis, TowerError
from bee_robot.extraction import frame_jobs
from bee_robot.extraction.context import Override, VisitContext
from bee_robot.extraction.hive_visit import inspect_hive
from bee_robot.extraction.jog import MOST_MM, JogOutcome, jog
from bee_robot.extraction.journal import JournalError
from bee_robot.extraction.recovery import ByHand, recover
from bee_robot.extraction.visit import inspect_box
from bee_robot.hive.inspection import EndState, HiveOutcome, VisitOutcome
from bee_robot.nodes.job_messages import of_hive, of_jog, of_outcome
from bee_robot.nodes.job_runner import Job, JobRunner
from bee_robot_interfaces.action import (
    CloseGap,
    InsertFrame,
    InspectBox,
    InspectHive,
    JogTower,
    MoveFrame,
    Recover,
    TakeOutFrame,
)

NOT_BEGUN = (TowerError, StoreError, JournalError)
"""What a job raises that could not begin; nothing has moved."""


@dataclass(frozen=True)
class JobKind:
    """A row. `against`: why a goal makes no sense here ("" where it does). `answer`: the fields of the result.
    `end_if_not_begun`: the end state where something was missing before anything moved."""

    name: str
    action: Any
    says: Callable[[Any], str]
    against: Callable[[Any, RobotConfiguration], str]
    work: Callable[[JobRunner, Any, VisitContext], Awaitable[Any]]
    answer: Callable[[Any], dict[str, Any]] = of_outcome
    end_if_not_begun: EndState = EndState.CLOSED

    def job(self, goal: Any) -> Job:
        box = 0 if getattr(goal, "to_box", 0) else getattr(goal, "box", 0)  # 0: more than one
        by, reason = getattr(goal, "override_by", ""), getattr(goal, "override_reason", "")
        override = Override(by, reason) if by or reason else None
        return Job(self.name, self.says(goal), goal.by, box, override)


# inspecting


def _against_box(goal: Any, robot: RobotConfiguration) -> str:
    hive = robot.hive
    if goal.hive not in ("", hive.name):
        return f"{robot.robot} stands at hive {hive.name}, not at {goal.hive!r}; name that one, or none"
    return _against_number("box", goal.box, hive.boxes, f"hive {hive.name}, from the bottom")


def _against_number(what: str, number: int, most: int, where: str) -> str:
    return "" if 1 <= number <= most else f"there is no {what} {number}; {where}, has 1 to {most}"


async def _inspect_box(runner: JobRunner, goal: Any, context: VisitContext) -> VisitOutcome:
    inspection = runner.begin_record(goal.box)
    outcome = await inspect_box(context, goal.box, _override(runner), inspection)
    runner.end_record(outcome)
    return outcome


def _against_boxes(goal: Any, robot: RobotConfiguration) -> str:
    boxes = list(goal.boxes)
    if len(set(boxes)) < len(boxes):
        return f"boxes {', '.join(map(str, boxes))}: give every box once"
    against = (_against_box(_BoxOf(goal.hive, box), robot) for box in boxes or [1])
    return next(filter(None, against), "")


@dataclass(frozen=True)
class _BoxOf:
    hive: str
    box: int


def _boxes(goal: Any) -> str:
    return f"inspects boxes {', '.join(map(str, goal.boxes))}" if goal.boxes else "inspects all boxes"


async def _inspect_hive(runner: JobRunner, goal: Any, context: VisitContext) -> HiveOutcome:
    count = len(goal.boxes) or context.robot.hive.boxes
    done = 0
    runner.conditions.begin(count)

    def end_box(outcome: VisitOutcome) -> None:
        nonlocal done
        done += 1
        runner.end_record(outcome)

    return await inspect_hive(
        context,
        list(goal.boxes),
        _override(runner),
        begin_box=lambda box: runner.begin_record(box, done, count),
        end_box=end_box,
    )


# frames


def _against_frame(goal: Any, robot: RobotConfiguration) -> str:
    return _against_box(goal, robot) or ("" if goal.frame else "frame 0: frames count from 1 at the back")


def _against_move(goal: Any, robot: RobotConfiguration) -> str:
    against = _against_frame(goal, robot) or ("" if goal.to_place else "to_place 0: places count from 1")
    return against or (_against_box(_BoxOf(goal.hive, goal.to_box), robot) if goal.to_box else "")


def _against_place(goal: Any, robot: RobotConfiguration) -> str:
    return _against_box(goal, robot) or ("" if goal.place else "place 0: places count from 1 at the back")


def _against_wall(goal: Any, robot: RobotConfiguration) -> str:
    walls = " or ".join(frame_jobs.WALLS)
    return _against_box(goal, robot) or (
        "" if goal.wall in frame_jobs.WALLS else f"wall {goal.wall!r}: frames go to {walls}"
    )


def _move(goal: Any) -> str:
    where = f"place {goal.to_place}{f' of box {goal.to_box}' if goal.to_box else ''}"
    return f"moves frame {goal.frame} of box {goal.box} to {where}"


def _override(runner: JobRunner) -> Override | None:
    return runner.job.override if runner.job is not None else None


async def _move_frame(runner: JobRunner, goal: Any, context: VisitContext) -> VisitOutcome:
    move = frame_jobs.MoveFrame(goal.box, goal.frame, goal.to_place, goal.to_box or None)
    return await frame_jobs.move_frame(context, move, _override(runner))


async def _take_out_frame(runner: JobRunner, goal: Any, context: VisitContext) -> VisitOutcome:
    inspection = runner.begin_record(goal.box)  # it is photographed
    outcome = await frame_jobs.take_out_frame(
        context, goal.box, goal.frame, _override(runner), inspection=inspection
    )
    runner.end_record(outcome)
    return outcome


async def _insert_frame(runner: JobRunner, goal: Any, context: VisitContext) -> VisitOutcome:
    return await frame_jobs.insert_frame(context, goal.box, goal.place, goal.frame, _override(runner))


async def _close_gap(runner: JobRunner, goal: Any, context: VisitContext) -> VisitOutcome:
    return await frame_jobs.close_gap(context, goal.box, goal.wall, _override(runner))


# by hand


def _against_jog(goal: Any, robot: RobotConfiguration) -> str:
    unknown = [name for name in goal.axes if name not in AXIS_NAMES]
    if unknown or not goal.axes:
        return f"axes {', '.join(unknown) or 'none'}: there are {', '.join(AXIS_NAMES)}"
    sides = {name.rpartition("_")[0] for name in goal.axes}
    if len(sides) > 1 or len(set(goal.axes)) < len(goal.axes):
        return f"axes {', '.join(goal.axes)}: give one, or the left and the right one of a kind"
    if not 0 < abs(goal.distance) * 1000.0 <= MOST_MM:  # not a number is no step either
        return f"a step of {goal.distance * 1000.0:g} mm: at most {MOST_MM:g} mm, and more than none"
    return ""


async def _jog(runner: JobRunner, goal: Any, context: VisitContext) -> JogOutcome:
    return await jog(context, tuple(map(Axis, goal.axes)), goal.distance * 1000.0, goal.by)


# recovering


def _against_recovery(goal: Any, robot: RobotConfiguration) -> str:
    return (
        "who did it by hand? give a name" if (goal.frame_is_off or goal.hive_is_clear) and not goal.by else ""
    )


async def _recover(runner: JobRunner, goal: Any, context: VisitContext) -> VisitOutcome:
    is_by_hand = goal.frame_is_off or goal.hive_is_clear
    by_hand = ByHand(goal.by, goal.frame_is_off, goal.hive_is_clear) if is_by_hand else None
    runner.resume_record()
    outcome = await recover(context, by_hand)
    runner.end_record(outcome)
    return outcome


JOBS: tuple[JobKind, ...] = (
    JobKind("inspect_box", InspectBox, lambda goal: f"inspects box {goal.box}", _against_box, _inspect_box),
    JobKind("inspect_hive", InspectHive, _boxes, _against_boxes, _inspect_hive, of_hive),
    JobKind("move_frame", MoveFrame, _move, _against_move, _move_frame),
    JobKind(
        "take_out_frame",
        TakeOutFrame,
        lambda goal: f"takes frame {goal.frame} out of box {goal.box}",
        _against_frame,
        _take_out_frame,
    ),
    JobKind(
        "insert_frame",
        InsertFrame,
        lambda goal: f"inserts a frame at place {goal.place} of box {goal.box}",
        _against_place,
        _insert_frame,
    ),
    JobKind(
        "close_gap",
        CloseGap,
        lambda goal: f"pushes the frames of box {goal.box} to the {goal.wall}",
        _against_wall,
        _close_gap,
    ),
    JobKind(
        "jog_tower",
        JogTower,
        lambda goal: f"jogs {', '.join(goal.axes)} by {goal.distance * 1000.0:+g} mm",
        _against_jog,
        _jog,
        of_jog,
    ),
    JobKind(
        "recover",
        Recover,
        lambda goal: "recovers what a former visit left open",
        _against_recovery,
        _recover,
        end_if_not_begun=EndState.HELD,
    ),
)
