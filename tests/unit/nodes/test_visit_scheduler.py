"""visit_scheduler asks for what is due, overrides nothing, and remembers what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from node_stage import TOWER, Stage, until
from rclpy.action import ActionServer

from bee_robot.apiary.schedule_store import ScheduleStore
from bee_robot.apiary.visit_schedule import Attempt, End, Rule
from bee_robot.clock import SteppedClock
from bee_robot.extraction.journal import CLOSED_STEP, Journal
from bee_robot.nodes import visit_scheduler
from bee_robot.nodes.visit_scheduler import VisitScheduler
from bee_robot_interfaces.action import InspectBox, InspectHive
from bee_robot_interfaces.msg import BoxResult


@pytest.fixture
def robot_file(tmp_path: Path) -> Path:
    """A tower whose hive may be opened at any hour: the test runs at any hour."""
    robot = yaml.safe_load(TOWER.read_text(encoding="utf-8"))
    robot["conditions"] |= {"from_hour": 0, "to_hour": 24}
    path = tmp_path / "robot.yaml"
    path.write_text(yaml.safe_dump(robot), encoding="utf-8")
    return path


@pytest.fixture
def schedule(tmp_path: Path) -> ScheduleStore:
    return ScheduleStore(tmp_path)


@pytest.fixture
def start(
    stage: Stage, robot_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Any]:
    monkeypatch.setattr(visit_scheduler, "LOOK_S", 0.05)
    return lambda: stage.start(VisitScheduler, robot_file=robot_file, store=tmp_path)


def every_9_days(*boxes: int) -> Rule:
    """Due since last midnight."""
    local = datetime.now(timezone.utc) + timedelta(hours=3)
    return Rule(0, boxes, time(0, 0), every_days=9, first_day=local.date())


class Extractor:
    """Answers goals with the results that it is given, and remembers them."""

    def __init__(self, stage: Stage, box: InspectBox.Result, hive: InspectHive.Result | None = None) -> None:
        self.goals: list[Any] = []
        node = stage.observer("frame_extractor")
        answers = {
            "inspect_box": (InspectBox, box),
            "inspect_hive": (InspectHive, hive or InspectHive.Result()),
        }
        self._servers = [
            ActionServer(node, action, name, self._answer(result))
            for name, (action, result) in answers.items()
        ]

    def _answer(self, result: Any) -> Callable[[Any], Any]:
        def execute(handle: Any) -> Any:
            self.goals.append(handle.request)
            handle.succeed()
            return result

        return execute


def test_a_visit_that_is_due_is_asked_for_once(stage: Stage, schedule: ScheduleStore, start: Any) -> None:
    schedule.add(every_9_days(2))
    extractor = Extractor(stage, InspectBox.Result(end_state="closed", open_time=400.0))
    start()
    until(
        lambda: [each.end for each in schedule.attempts()] == [End.BEGUN, End.VISITED], "the visit is noted"
    )
    (goal,) = extractor.goals
    assert (goal.box, goal.by, goal.override_by, goal.override_reason) == (2, "schedule", "", "")


def test_what_conditions_forbid_is_kept_with_its_reason(
    stage: Stage, schedule: ScheduleStore, start: Any
) -> None:
    schedule.add(every_9_days(2))
    refused = InspectBox.Result(
        error_code=InspectBox.Result.REFUSED, error_msg="it rains", end_state="closed"
    )
    extractor = Extractor(stage, refused)
    node = start()
    until(lambda: [each.end for each in schedule.attempts()][-1:] == [End.REFUSED], "the refusal is noted")
    assert schedule.attempts()[-1].text == "it rains" and len(extractor.goals) == 1
    status = visit_scheduler.Status()
    node._look(status)
    assert "refused: it rains" in status.message and status.values["rules"] == 1


def test_boxes_that_are_due_together_are_one_visit_from_the_top_down(
    stage: Stage, schedule: ScheduleStore, start: Any
) -> None:
    schedule.add(every_9_days(1))
    schedule.add(every_9_days(3))
    held = InspectHive.Result(
        error_code=InspectHive.Result.HELD,
        instruction="look between the boxes",
        boxes=[BoxResult(box=3, open_time=400.0), BoxResult(box=1, open_time=60.0)],
    )
    extractor = Extractor(stage, InspectBox.Result(), held)
    start()
    until(lambda: len(schedule.attempts()) == 4, "both rules are noted")
    (goal,) = extractor.goals
    assert list(goal.boxes) == [3, 1]
    assert {(each.rule, each.text) for each in schedule.attempts() if each.end is End.HELD} == {
        (1, "look between the boxes"),
        (2, "look between the boxes"),
    }


@pytest.mark.parametrize(("was_visited", "end"), [(True, End.VISITED), (False, End.REFUSED)])
def test_a_scheduler_that_was_killed_amid_a_visit_reads_the_journal(
    stage: Stage, schedule: ScheduleStore, start: Any, tmp_path: Path, was_visited: bool, end: End
) -> None:
    rule = schedule.add(every_9_days(2))
    begun_utc = datetime.now(timezone.utc) - timedelta(minutes=1)
    local_day = (begun_utc + timedelta(hours=3)).date()
    schedule.note(Attempt(rule.id, begun_utc, local_day, End.BEGUN))
    if was_visited:
        journal = Journal(tmp_path / "journal.sqlite", SteppedClock(0.0, begun_utc + timedelta(seconds=30)))
        journal.write(CLOSED_STEP, inspection="i", hive="hive_1", box=2, belief={})
        journal.close()
    extractor = Extractor(stage, InspectBox.Result())
    start()
    until(lambda: len(schedule.attempts()) >= 2, "the end is noted")
    assert schedule.attempts()[1].end is end
    assert len(extractor.goals) == 0
