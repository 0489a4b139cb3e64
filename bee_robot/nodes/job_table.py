"""Every job of frame_extractor in one table: its action, what its goal asks for in words, what is against it, who does it.

A new job gets a row here, one in services.py, and its action in bee_robot_interfaces.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bee_robot.cloud.errors import StoreError
from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import TowerError
from bee_robot.extraction.context import Override, VisitContext
from bee_robot.extraction.hive_visit import inspect_hive
from bee_robot.extraction.journal import JournalError
from bee_robot.extraction.recovery import ByHand, recover
from bee_robot.extraction.visit import inspect_box
from bee_robot.hive.inspection import EndState, HiveOutcome, VisitOutcome
from bee_robot.nodes.job_messages import of_hive, of_outcome
from bee_robot.nodes.job_runner import Job, JobRunner
from bee_robot_interfaces.action import InspectBox, InspectHive, Recover

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
        by, reason = getattr(goal, "override_by", ""), getattr(goal, "override_reason", "")
        override = Override(by, reason) if by or reason else None
        return Job(self.name, self.says(goal), goal.by, getattr(goal, "box", 0), override)


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
    outcome = await inspect_box(context, goal.box, runner.job.override if runner.job else None, inspection)
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
        runner.job.override if runner.job else None,
        begin_box=lambda box: runner.begin_record(box, done, count),
        end_box=end_box,
    )


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
    JobKind(
        "recover",
        Recover,
        lambda goal: "recovers what a former visit left open",
        _against_recovery,
        _recover,
        end_if_not_begun=EndState.HELD,
    ),
)
