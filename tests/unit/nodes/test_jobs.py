"""frame_extractor takes one job at a time, says why it takes no other, and hears what people say to the one that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from node_stage import TOWER, Stage, sent, until
from rclpy.action import ActionClient

from bee_robot.configuration import load
from bee_robot.devices.tower import Axis
from bee_robot.extraction.jog import JogEnd, JogOutcome
from bee_robot.hive.inspection import EndState, HiveOutcome, VisitOutcome
from bee_robot.nodes import job_messages, job_reports, qos, services
from bee_robot.nodes.frame_extractor import FrameExtractor
from bee_robot.nodes.job_runner import JobProgress
from bee_robot.nodes.job_table import JOBS
from bee_robot_interfaces import action
from bee_robot_interfaces.action import (
    CloseGap,
    InspectBox,
    InspectHive,
    JogTower,
    MoveFrame,
    Recover,
    TakeOutFrame,
)
from bee_robot_interfaces.msg import VisitState
from bee_robot_interfaces.srv import VisitControl

WORD = VisitControl.Request


class Person:
    """Asks for jobs and says words, from outside. Nothing moves: there is no tower, so a job waits for it until it is told
    to end."""

    def __init__(self, stage: Stage, node: FrameExtractor) -> None:
        self._node = node
        self._outside = stage.observer()
        self._clients: dict[type, ActionClient] = {}
        self._words = self._outside.create_client(VisitControl, "visit/control")
        self.goals: list[Any] = []
        self.states: list[VisitState] = []
        self._outside.create_subscription(
            VisitState, "visit/state", self.states.append, qos.of("visit/state")
        )

    def start(self, kind: Any, **goal: Any) -> Any:
        """The future of the result; `self.goals` keeps the handle."""
        client = self._clients.get(kind)
        if client is None:
            name = next(job.name for job in JOBS if job.action is kind)
            client = self._clients[kind] = ActionClient(self._outside, kind, name)
        until(client.server_is_ready, "the job is served")
        answer = sent(self._outside, lambda: client.send_goal_async(kind.Goal(**goal)))
        until(answer.done, "the goal is answered")
        assert answer.result().accepted, "a goal that is rejected has no words"
        self.goals.append(answer.result())
        return sent(self._outside, self.goals[-1].get_result_async)

    def cancel(self, goal: Any) -> None:
        answered = sent(self._outside, goal.cancel_goal_async)
        until(answered.done, "the cancel request is answered")

    def result(self, kind: Any, **goal: Any) -> Any:
        future = self.start(kind, **goal)
        until(future.done, "the job is over")
        return future.result().result

    def say(self, command: int, **words: str) -> Any:
        until(self._words.service_is_ready, "visit/control is there")
        request = WORD(command=command, **words)
        answer = sent(self._outside, lambda: self._words.call_async(request))
        until(answer.done, "visit/control answers")
        return answer.result()

    def is_asked(self, text: str) -> None:
        """The job asks for something."""
        self._node.bridge.call_soon(self._node.runner.control.ask, text)

    @property
    def state(self) -> VisitState:
        return self.states[-1]

    def until_state(self, **values: Any) -> None:
        def is_so() -> bool:
            return bool(self.states) and all(
                getattr(self.state, name) == value for name, value in values.items()
            )

        until(is_so, f"visit/state says {values}")


@pytest.fixture
def person(stage: Stage, tmp_path: Path) -> Person:
    node = stage.start(FrameExtractor, store=tmp_path)
    assert isinstance(node, FrameExtractor)
    return Person(stage, node)


def test_one_job_at_a_time_and_the_second_hears_whose_the_first_is(person: Person) -> None:
    person.until_state(is_busy=False, job="")
    first = person.start(InspectBox, box=2, by="Ann")
    person.until_state(is_busy=True, job="inspect_box", by="Ann", says="inspects box 2", box=2)
    for kind, goal in (
        (InspectHive, {}),
        (Recover, {}),
        (JogTower, {"axes": ["lift_left"], "distance": 0.001}),
    ):
        second = person.result(kind, **goal)
        assert second.error_code == job_messages.REFUSED
        assert "busy: it inspects box 2, as Ann asked" in second.error_msg
        assert "bee visit stop" in second.error_msg
    heard = person.say(WORD.STOP_AFTER_FRAME, by="Bert", because="visitors")
    assert heard.success
    until(first.done, "the first job ends")
    result = first.result().result
    assert (result.error_code, result.end_state) == (job_messages.REFUSED, "closed")
    assert result.error_msg == "nothing was begun: Bert: visitors"
    person.until_state(is_busy=False, job="inspect_box", end_state="closed")


@pytest.mark.parametrize(
    ("kind", "goal", "says"),
    [
        (InspectBox, {"box": 9}, "there is no box 9; hive hive_1, from the bottom, has 1 to 3"),
        (InspectBox, {"box": 0}, "there is no box 0"),
        (InspectBox, {"box": 1, "hive": "elsewhere"}, "stands at hive hive_1, not at 'elsewhere'"),
        (InspectHive, {"boxes": [3, 2, 3]}, "give every box once"),
        (InspectHive, {"boxes": [3, 4]}, "there is no box 4"),
        (MoveFrame, {"box": 1, "to_place": 3}, "frame 0"),
        (MoveFrame, {"box": 1, "frame": 2}, "to_place 0"),
        (MoveFrame, {"box": 1, "frame": 2, "to_place": 1, "to_box": 7}, "there is no box 7"),
        (TakeOutFrame, {"box": 1}, "frame 0"),
        (CloseGap, {"box": 1, "wall": "left"}, "wall 'left': frames go to back or front"),
        (JogTower, {"axes": ["crane"], "distance": 0.001}, "crane: there are lift_left"),
        (JogTower, {"axes": ["lift_left", "scan_left"], "distance": 0.001}, "of a kind"),
        (JogTower, {"axes": ["lift_left"], "distance": 0.5}, "at most 50 mm"),
        (JogTower, {"axes": ["lift_left"], "distance": float("nan")}, "a step of nan mm"),
        (Recover, {"hive_is_clear": True}, "give a name"),
    ],
)
def test_a_goal_that_makes_no_sense_is_refused_in_words(kind: Any, goal: dict[str, Any], says: str) -> None:
    (job,) = (job for job in JOBS if job.action is kind)
    assert says in job.against(kind.Goal(**goal), load(TOWER))


def test_words_reach_the_job_and_who_lets_it_move_has_a_name(person: Person) -> None:
    nobody = person.say(WORD.PAUSE)
    assert not nobody.success and "no job runs" in nobody.message
    first = person.start(InspectBox, box=1)
    person.until_state(is_busy=True)
    assert not person.say(WORD.RESUME, by="Ann").success, "nothing is paused"
    assert person.say(WORD.PAUSE, because="a child").success
    person.until_state(is_paused=True, paused_because="somebody: a child")
    assert "already" in person.say(WORD.PAUSE).message
    nameless = person.say(WORD.RESUME)
    assert not nameless.success and "who resumes?" in nameless.message
    assert person.say(WORD.RESUME, by="Ann").success
    person.until_state(is_paused=False, paused_because="")

    assert "asks for nothing" in person.say(WORD.ANSWER, by="Ann").message
    person.is_asked("Take the frame off.")
    person.until_state(asks="Take the frame off.")
    assert "who answers?" in person.say(WORD.ANSWER).message
    assert person.say(WORD.ANSWER, by="Ann").success
    assert not person.say(WORD.ANSWER, by="Bert").success, "it has its answer"

    assert person.say(WORD.SKIP_FRAME).success
    unknown = person.say(99)
    assert not unknown.success and "unknown command 99" in unknown.message
    assert person.say(WORD.STOP_NOW, by="Ann").success
    until(first.done, "the job ends")


def test_a_cancelled_goal_ends_and_a_stranger_does_not_end_it(person: Person) -> None:
    first = person.start(InspectBox, box=1)
    person.until_state(is_busy=True)
    refused = person.start(CloseGap, box=1, wall="front")
    until(refused.done, "the other goal is refused")
    person.cancel(person.goals[1])
    assert not first.done() and person.state.stop_because == ""
    person.cancel(person.goals[0])
    until(first.done, "the job ends")
    assert first.result().status == GoalStatus.STATUS_CANCELED
    assert first.result().result.error_msg == "nothing was begun: a person asked for it"


class TestTables:
    def test_every_job_has_its_row_among_the_actions(self) -> None:
        rows = {row.name: row.type for row in services.ACTIONS if row.by == "frame_extractor"}
        assert rows == {job.name: f"bee_robot_interfaces/action/{job.action.__name__}" for job in JOBS}

    def test_every_result_and_feedback_has_the_common_fields(self) -> None:
        for job in JOBS:
            kind = getattr(action, job.action.__name__)
            result = set(kind.Result.get_fields_and_field_types())
            assert {"error_code", "error_msg", "instruction"} <= result, job.name
            assert "text" in kind.Feedback.get_fields_and_field_types(), job.name
            assert "by" in kind.Goal.get_fields_and_field_types(), job.name


class TestMessages:
    def outcome(self, **more: Any) -> VisitOutcome:
        return VisitOutcome(
            **{"end_state": EndState.CLOSED, "inspection": "i", "hive": "h", "box": 2, **more}
        )

    @pytest.mark.parametrize(
        ("more", "code", "says"),
        [
            ({}, job_messages.NONE, ""),
            ({"end_state": EndState.HELD, "explanation": "it hangs"}, job_messages.HELD, "it hangs"),
            ({"refusals": ("rain", "wind")}, job_messages.REFUSED, "rain; wind"),
            ({"undone": "no room", "explanation": "windy"}, job_messages.UNDONE, "no room; windy"),
            ({"undone": "no room", "explanation": "no room; windy"}, job_messages.UNDONE, "no room; windy"),
            (
                {"end_state": EndState.HELD, "undone": "no room", "explanation": "it hangs"},
                job_messages.HELD,
                "no room; it hangs",
            ),
        ],
    )
    def test_how_a_job_ended_and_whether_it_did_what_it_was_asked_for(
        self, more: dict[str, Any], code: int, says: str
    ) -> None:
        values = job_messages.of_outcome(self.outcome(**more))
        assert (values["error_code"], values["error_msg"]) == (code, says)
        told = job_reports.job_result(job_messages.filled(MoveFrame.Result, values))
        assert (told.error_code, told.error) == (code, says)
        assert told.end_state == more.get("end_state", EndState.CLOSED).value

    def test_a_visit_to_several_boxes_tells_of_each(self) -> None:
        boxes = (
            self.outcome(box=3, inspection="a", open_time_s=100.0, visit_time_s=150.0),
            self.outcome(
                box=2, inspection="b", open_time_s=50.0, end_state=EndState.HELD, instruction="Look"
            ),
        )
        hive = HiveOutcome(EndState.HELD, "h", boxes, instruction="Look", visit_time_s=300.0)
        values = job_messages.of_hive(hive)
        told = job_reports.job_result(job_messages.filled(InspectHive.Result, values))
        assert (told.error_code, told.instruction, told.visit_time_s) == (job_messages.HELD, "Look", 300.0)
        assert [(box.box, box.inspection, box.error_code) for box in told.boxes] == [(3, "a", 0), (2, "b", 1)]
        assert told.open_time_s == 150.0

    def test_a_jog_tells_where_the_axes_are(self) -> None:
        done = JogOutcome(JogEnd.DONE, positions_mm={Axis.LIFT_LEFT: 612.5})
        told = job_reports.job_result(job_messages.filled(JogTower.Result, job_messages.of_jog(done)))
        assert told.error_code == 0 and told.positions_mm == pytest.approx({"lift_left": 612.5})

    def test_feedback_has_what_its_action_declares(self) -> None:
        progress = JobProgress(box=2, boxes_done=1, phase="frames", frame=4, open_time_s=5.0, text="frame 4")
        of_hive = job_messages.feedback(InspectHive.Feedback, progress)
        assert (of_hive.box, of_hive.boxes_done, of_hive.frame, of_hive.open_time) == (2, 1, 4, 5.0)
        assert job_messages.feedback(Recover.Feedback, progress).phase == "frames"
        assert job_messages.feedback(JogTower.Feedback, progress).text == "frame 4"
