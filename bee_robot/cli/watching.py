"""Watching a job until it is over: progress, keys, Ctrl-C, processes that die, and the analyses that come after."""

from __future__ import annotations

import queue
from dataclasses import dataclass

from rich.console import Console

from bee_robot.cli.chosen_robot import RobotAtHand
from bee_robot.cli.interrupts import Interrupts
from bee_robot.cli.keys import Keys
from bee_robot.cli.launching.supervisor import Supervisor
from bee_robot.cli.progress import Progress, VisitView
from bee_robot.cli.simulated_person import do_what_is_asked
from bee_robot.cli.summary import VisitEnd
from bee_robot.clock import wall_s, wall_sleep
from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import BoardState
from bee_robot.nodes.graph_client import GraphClient, GraphError, JobHandle
from bee_robot.nodes.job_reports import JobResult

LOOK_S = 0.1
KEYS = "p pause/resume, s skip frame, q stop after frame, Ctrl-C close and end"
SILENCE_S = 20.0
"""Wall time without a new state after which a robot counts as gone."""
LAST_WORDS_S = 30.0
"""What the procedure gets to end by itself after a process below it has died."""
ANALYSIS_S = 60.0
"""How long to wait for the next analysis when the hive is closed already."""
STOP_S = 5.0
STANDSTILL_S = 8.0
"""How long to stay when a process has died, so that the board sees the silence and stops; the twin waits 5 s for a host."""


@dataclass
class _Life:
    """Whether the robot still lives, seen from outside."""

    supervisor: Supervisor | None
    last_stamp_s: float = -1.0
    heard_s: float = 0.0
    died: str = ""
    deadline_s: float = float("inf")

    def look(self, client: GraphClient) -> list[str]:
        """What is new and should be said."""
        state = client.tower_state()
        if state is not None and state.stamp_s != self.last_stamp_s:
            self.last_stamp_s, self.heard_s = state.stamp_s, wall_s()
        said = []
        for ended in self.supervisor.unexpected_exits() if self.supervisor else []:
            said.append(f"{ended}; {ended.consequence}")
            if ended.ends_robot and not self.died:
                self.died = str(ended)
                self.deadline_s = wall_s() + (0.0 if ended.name == "frame_extractor" else LAST_WORDS_S)
        if not self.died and wall_s() - self.heard_s > SILENCE_S:
            self.died, self.deadline_s = f"the tower has been silent for {SILENCE_S:g} s", wall_s()
        return said

    def is_over(self) -> bool:
        return wall_s() >= self.deadline_s


class Person:
    """The person at the terminal: keys, and what the job asks of them. `is_sim`: hands and door are simulated, too."""

    def __init__(self, client: GraphClient, keys: Keys, by: str, is_sim: bool) -> None:
        self._client, self._keys, self._by, self._is_sim = client, keys, by, is_sim
        self._asked = ""

    def look(self, progress: Progress) -> None:
        """Wait for a key for LOOK_S at most, and do what it means."""
        view = progress.view
        if view.asks != self._asked:
            self._asked = view.asks
            if view.asks:
                progress.note(f"To do: {view.asks} To answer: {self._how_to_answer}")
        if not self._keys.is_there:
            wall_sleep(LOOK_S)
        for key in self._keys.pressed(LOOK_S):
            word = self._word(key, progress)
            if not word:
                continue
            try:
                if word == "answer" and self._is_sim:
                    for done in do_what_is_asked(self._client):
                        progress.note(f"the simulated person: {done}")
                progress.note(self._client.say(word, self._by, f"key {key}"))
            except GraphError as error:
                progress.note(str(error))

    @property
    def _how_to_answer(self) -> str:
        if self._keys.is_there:
            return "Enter" + (", and the simulated person does it first" if self._is_sim else "")
        return f"bee visit answer{' --sim' if self._is_sim else ''} --by NAME"

    def _word(self, key: str, progress: Progress) -> str:
        if key == "enter":
            return "answer" if progress.view.asks else ""
        if key == "p":
            return "resume" if progress.view.paused_because else "pause"
        return {"s": "skip", "q": "stop"}.get(key, "")


class _Watch:
    def __init__(
        self,
        client: GraphClient,
        handle: JobHandle,
        interrupts: Interrupts,
        progress: Progress,
        person: Person,
    ) -> None:
        self._client, self._handle = client, handle
        self._interrupts, self._progress, self._person = interrupts, progress, person
        self._is_cancelled = self.is_stopped = False

    def take(self) -> None:
        """Everything that has come since the last call, onto the screen."""
        view = self._progress.view
        for event in _drained(self._client.events):
            self._progress.event(event)
        view.faces.extend(_drained(self._client.faces))
        job = self._client.job_state()
        if job is not None and job.is_busy:
            view.take_job_state(job)
        state = self._client.tower_state()
        if state is not None:
            if state.stop_reason and (view.state is None or state.stop_reason != view.state.stop_reason):
                self._progress.note(f"the board is {state.board.value}: {state.stop_reason}")
            view.take_state(state)
        view.violations = len(self._client.violations)
        self._progress.refresh()

    def until_done(self, life: _Life) -> JobResult:
        """Until the visit has ended, or the robot is gone: then it counts as held."""
        life.heard_s = wall_s()
        while not self._handle.done():
            for text in life.look(self._client):
                self._progress.note(text)
            if life.is_over():
                if life.supervisor is not None:
                    life.supervisor.hurry()  # nobody is left to end anything well
                return self._held(life.died)
            self._obey()
            if self.is_stopped:
                break
            self.take()
            self._person.look(self._progress)
        if self.is_stopped:
            self._wait_for_answer()
        self.take()
        if not self._handle.done():
            return self._held("everything was stopped at once")
        result = self._handle.result()
        return result if result.end_state else self._held("frame_extractor failed, its log says why")

    def wait_for_standstill(self, life: _Life) -> None:
        """After a process has died: until the tower says that it stands, or for as long as a board needs to stop."""
        until_s = wall_s() + STANDSTILL_S
        while life.died and wall_s() < until_s:
            life.look(self._client)
            self.take()
            state = self._client.tower_state()
            is_fresh = wall_s() - life.heard_s < 1.0
            if is_fresh and state is not None and state.board in (BoardState.STOPPED, BoardState.DISARMED):
                return
            wall_sleep(LOOK_S)

    def _obey(self) -> None:
        if self._interrupts.count and not self._is_cancelled:
            self._is_cancelled = True
            self._progress.note(
                "Ctrl-C: the frame is set down and the hive closed first; again stops at once"
            )
            try:
                self._handle.cancel()
            except GraphError as error:
                self._progress.note(str(error))
        if self._interrupts.count > 1 and not self.is_stopped:
            self.is_stopped = True
            try:
                self._handle.stop_now("a person pressed Ctrl-C twice")
            except GraphError as error:
                self._progress.note(str(error))

    def _wait_for_answer(self) -> None:
        until_s = wall_s() + STOP_S
        while not self._handle.done() and wall_s() < until_s:
            wall_sleep(LOOK_S)

    def _held(self, why: str) -> JobResult:
        """The result that nobody is left to give."""
        view = self._progress.view
        stands = f"The box is open (last step: {view.last_step})" if view.is_open else "The box is closed"
        return JobResult(
            error_code=1,
            error=f"{why}; nobody could end the visit",
            inspection="",
            end_state="held",
            instruction=f"{stands}. Look at hive and machine, and close the hive by hand before anything moves again.",
            frames_inspected=view.frames_done,
            faces=view.faces_taken,
            open_time_s=view.open_time_s,
            visit_time_s=view.visit_time_s,
            rule_violations=view.violations,
        )

    def wait_for_analyses(self, expected: int) -> None:
        """The hive is closed; what is missing are numbers. Leaves early at Ctrl-C or when none come any more."""
        count, since_s = -1, wall_s()
        while len(self._progress.view.faces) < expected and not self.is_stopped:
            before = self._interrupts.count
            self.take()
            if len(self._progress.view.faces) != count:
                count, since_s = len(self._progress.view.faces), wall_s()
            if wall_s() - since_s > ANALYSIS_S or self._interrupts.count > max(
                before, int(self._is_cancelled)
            ):
                self._progress.note(
                    f"{expected - count} faces are not analysed; their photographs are in the store"
                )
                return
            self._progress.view.activity = "analysing photographs"
            wall_sleep(LOOK_S)
        self.take()


def watch_job(
    hand: RobotAtHand,
    handle: JobHandle,
    interrupts: Interrupts,
    title: str,
    robot: RobotConfiguration,
    console: Console,
    by: str,
) -> VisitEnd:
    """Show a running job until it and its analyses are over. Ctrl-C once ends it well, twice at once. `by`: who watches, and
    may press keys."""
    client = hand.client
    view = VisitView(title, robot.visit.open_planned_max_s, robot.hive.most_frames)
    with Keys() as keys, Progress(view, console) as progress:
        view.keys = KEYS if keys.is_there else ""
        watch = _Watch(client, handle, interrupts, progress, Person(client, keys, by, hand.is_sim))
        life = _Life(hand.supervisor)
        result = watch.until_done(life)
        watch.wait_for_standstill(life)
        watch.wait_for_analyses(result.faces if result.end_state == "closed" else 0)
        view.activity = "closed" if result.end_state == "closed" else "held"
        progress.refresh()
    return VisitEnd(
        result, tuple(view.faces), tuple(client.violations), interrupts.count > 0, watch.is_stopped
    )


def _drained(things: queue.Queue) -> list:  # type: ignore[type-arg]
    found = []
    while True:
        try:
            found.append(things.get_nowait())
        except queue.Empty:
            return found
