"""What people say to a robot, and what it says to them: bee visit, frame, gap, jog; keys while a job runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from bee_robot.cli import visit
from bee_robot.cli.jog import Choice
from bee_robot.cli.main import main
from bee_robot.cli.progress import VisitView
from bee_robot.cli.simulated_person import do_what_is_asked
from bee_robot.cli.summary import VisitEnd, as_json, box_table, print_ending
from bee_robot.cli.visit import told
from bee_robot.cli.watching import Person
from bee_robot.devices.tower import Input
from bee_robot.nodes.graph_client import GraphError
from bee_robot.nodes.job_reports import BoxReport, JobResult, JobState

STATE = JobState(
    stamp_s=100.0,
    is_busy=True,
    job="take_out_frame",
    by="Ann",
    says="takes frame 4 out of box 2",
    box=2,
    frame=4,
    frames_total=10,
    phase="frames",
    text="frame 4 is taken",
    is_paused=False,
    paused_because="",
    stop_because="",
    asks="",
    is_open=True,
    open_time_s=75.0,
    open_limit_s=600.0,
    close_at_s=900.0,
    end_state="",
    instruction="",
    inspection="",
)


def text_of(printed: object, width: int = 100) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(printed)
    return capture.get()


class TestBadInput:
    @pytest.mark.parametrize(
        ("words", "says"),
        [
            ("frame move --box 1 --frame 2", "required: --to-place N"),
            ("frame take --box 1", "required: --frame N"),
            ("frame insert --box 1", "required: --place N"),
            ("frame take --box 1 --frame 2 --to-box 3", "--to-box does not belong to 'take'"),
            ("frame move --box 7 --frame 2 --to-place 1", "box 7 is unknown"),
            ("frame move --box 1 --frame 11 --to-place 1", "frame 11 is unknown: box 1 has frames 1 to 10"),
            ("frame move --box 1 --frame 1 --to-place 11", "place 11 is unknown"),
            ("frame move --box 1 --frame 1 --to-place 2 --to-box 4", "box 4 is unknown"),
            ("frame turn --box 1", "invalid choice: 'turn'"),
            ("gap close --box 9 --to front", "box 9 is unknown"),
            ("gap close --box 1 --to left", "invalid choice: 'left'"),
            ("gap close --box 1 --to front --override-by Ann", "go together"),
            ("gap close --box 1 --to front --speed 4", "--speed belongs to a simulation"),
            ("jog lift_left", "AXIS and MM go together"),
            ("jog lift_left 0", "'0' is no step"),
            ("jog lift_left 90", "no step of up to 50 mm"),
            ("jog crane +5", "invalid choice: 'crane'"),
            ("jog", "keys need a terminal"),
            ("visit stop --now now", "'now' belongs to 'answer'"),
            ("visit pause --now", "--now belongs to 'stop'"),
            ("visit pause --sim", "--sim belongs to 'answer'"),
            ("inspect --all --box 1", "not allowed with argument"),
            ("inspect --box 1 --box 5", "box 5 is unknown"),
        ],
    )
    def test_is_one_line_and_nothing_moves(
        self, words: str, says: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        try:
            status: object = main(words.split())
        except SystemExit as left:
            status = left.code
        error = capsys.readouterr().err
        assert status == 2 and says in error and error.count("\n") == 1

    def test_a_robot_that_does_not_answer_is_named(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(visit, "STATE_S", 0.3)
        assert main(["visit", "pause", "--namespace", "nobody"]) == 3
        error = capsys.readouterr().err.splitlines()[-1]
        assert "no frame_extractor of nobody answers" in error and "bee up tower" in error


class TestState:
    def test_a_job_that_runs(self) -> None:
        lines = told(STATE)
        assert lines[0] == "It takes frame 4 out of box 2, as Ann asked."
        assert "Frame 4 of 10." in lines
        assert "Box 2 is open since 1:15 of 10:00 planned; closing begins at 15:00." in lines

    def test_what_stands_in_its_way_and_what_it_asks_for(self) -> None:
        lines = told(replace(STATE, is_paused=True, paused_because="Bert: visitors", stop_because="rain"))
        assert any("PAUSED by Bert: visitors" in line and "bee visit resume" in line for line in lines)
        assert "It is ending: rain." in lines
        asks = told(replace(STATE, asks="Take it off."))
        assert "TO DO: Take it off. To answer: bee visit answer --by NAME." in asks

    def test_a_job_that_is_over(self) -> None:
        over = replace(STATE, is_busy=False, is_open=False, end_state="held", instruction="Look at the hive")
        assert told(over) == [
            "No job runs. The last one: it takes frame 4 out of box 2, as Ann asked; it ended held.",
            "To do: Look at the hive",
        ]
        assert told(replace(over, job="")) == ["No job has run since frame_extractor started."]


class TestPanel:
    def test_it_shows_box_pause_question_and_keys(self) -> None:
        view = VisitView("title", 600.0, 10, keys="p pause")
        view.take_job_state(
            replace(STATE, asks="Take it off.", is_paused=True, paused_because="Bert: visitors")
        )
        shown = text_of(view.render())
        assert "box 2:" in shown and "1:15 of 10:00" in shown and "p pause" in shown
        assert "TO DO: Take it off." in shown and "PAUSED by Bert: visitors" in shown

    def test_the_next_box_begins_with_no_frame_done(self) -> None:
        view = VisitView("title", 600.0, 10)
        view.take_job_state(STATE)
        view.frames_done = 10
        view.take_job_state(replace(STATE, box=1))
        assert view.frames_done == 0


class FakeClient:
    """Hears words and deeds. `closes`: whether the board sees the door close again."""

    def __init__(self, closes: bool = True) -> None:
        self.said: list[tuple[str, str]] = []
        self.done: list[str] = []
        self._closes, self._is_closed = closes, True

    def say(self, word: str, by: str, because: str = "", text: str = "") -> str:
        self.said.append((word, by))
        if word == "skip":
            raise GraphError("no job runs")
        return f"{word} heard"

    def do(self, deed: str) -> str:
        self.done.append(deed)
        if deed.endswith("_door"):
            self._is_closed = deed == "close_door" and self._closes
        if deed == "swap_frame" and not self._closes:
            raise GraphError("nothing hangs there")
        return deed

    def tower_state(self) -> object:
        class State:
            inputs = {Input.DOOR_CLOSED: self._is_closed}

        return State()


class FakeKeys:
    def __init__(self, *keys: str) -> None:
        self.is_there, self._keys = True, list(keys)

    def pressed(self, within_s: float = 0.0) -> list[str]:
        keys, self._keys = self._keys, []
        return keys


class Notes:
    """What a person is shown."""

    def __init__(self) -> None:
        self.view = VisitView("title", 600.0, 10)
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


class TestKeysOfAVisit:
    def press(self, *keys: str, is_sim: bool = False, **view: str) -> tuple[FakeClient, Notes]:
        client, notes = FakeClient(), Notes()
        for name, value in view.items():
            setattr(notes.view, name, value)
        Person(client, FakeKeys(*keys), "Ann", is_sim).look(notes)
        return client, notes

    def test_pause_resume_skip_and_stop(self) -> None:
        assert self.press("p")[0].said == [("pause", "Ann")]
        assert self.press("p", paused_because="Bert: visitors")[0].said == [("resume", "Ann")]
        client, notes = self.press("x", "s", "q")
        assert client.said == [("skip", "Ann"), ("stop", "Ann")]
        assert notes.lines == ["no job runs", "stop heard"], "a word that is not heard is said, and no more"

    def test_enter_answers_only_where_something_is_asked(self) -> None:
        assert self.press("enter")[0].said == []
        client, notes = self.press("enter", asks="Take it off.")
        assert client.said == [("answer", "Ann")] and client.done == []
        assert notes.lines[0] == "To do: Take it off. To answer: Enter"

    def test_in_a_simulation_the_person_at_the_door_is_simulated_too(self) -> None:
        client, _ = self.press("enter", asks="Take it off.", is_sim=True)
        assert client.done == ["open_door", "swap_frame", "close_door"]
        assert client.said == [("answer", "Ann")]

    def test_the_simulated_person_closes_the_door_whatever_happens(self) -> None:
        client = FakeClient(closes=False)
        with pytest.raises(GraphError, match="nothing hangs there"):
            do_what_is_asked(client)  # type: ignore[arg-type]
        assert client.done[-1] == "close_door"


class TestJogKeys:
    def test_arrows_move_what_was_chosen(self) -> None:
        choice = Choice()
        assert (choice.press("up"), choice.axes) == (1.0, ("lift_left", "lift_right"))
        for key in ("s", "left", "+", "+"):
            assert choice.press(key) == 0.0
        assert (choice.press("down"), choice.axes) == (-5.0, ("scan_left",))
        assert str(choice) == "scan, left, step 5 mm"
        choice.press("b")
        choice.press("y")
        assert choice.axes == ("shuttle_left", "shuttle_right")

    def test_the_step_has_a_least_and_a_most(self) -> None:
        choice = Choice()
        for _ in range(9):
            choice.press("-")
        assert choice.step_mm == 0.5
        for _ in range(9):
            choice.press("+")
        assert choice.step_mm == 10.0


class TestEnd:
    BOXES = (
        BoxReport(3, 0, "", "a", "closed", "", 10, 20, 470.0, 560.0),
        BoxReport(2, 1, "it hangs", "b", "held", "Look", 4, 8, 200.0, 300.0),
    )

    def test_a_row_for_every_box(self) -> None:
        shown = text_of(box_table(self.BOXES))
        assert "closed and safe" in shown and "it hangs" in shown and "7:50" in shown

    def test_json_has_every_box_with_its_report(self) -> None:
        result = JobResult(1, end_state="held", boxes=self.BOXES, faces=28)
        end = VisitEnd(result, (), ())
        assert end.inspections(1) == {3: "a", 2: "b"} and end.exit_status() == 1
        assert '"box": 3' in as_json(end, {})

    def test_closed_is_not_done(self) -> None:
        end = VisitEnd(JobResult(3, "no room beside frame 4", "closed", visit_time_s=9.0), (), ())
        assert end.exit_status() == 6
        console = Console(width=100)
        with console.capture() as capture:
            print_ending(end, console)
        assert "was not done" in capture.get() and "no room beside frame 4" in capture.get()
