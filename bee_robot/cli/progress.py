"""What a visit looks like while it runs: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bee_robot.devices.tower import BoardState, Side, TowerState
from bee_robot.hive.inspection import EventKind, Phase, VisitEvent
from bee_robot.nodes.job_reports import FaceNotice, JobState

EVENTS_SHOWN = 6
BAR_WIDTH = 36
BOARD_COLOURS = {
    BoardState.ARMED: "green",
    BoardState.MOVING: "green",
    BoardState.HOLDING: "yellow",
    BoardState.DISARMED: "yellow",
    BoardState.UNCONFIGURED: "yellow",
}
PHASE_WORDS = {
    Phase.CHECK: "may we?",
    Phase.PREPARE: "forks under the box above",
    Phase.PEEL: "peeling the box above",
    Phase.RAISE: "raising the stack",
    Phase.LOCATE: "locating frames",
    Phase.FRAMES: "inspecting frames",
    Phase.LOWER: "lowering the stack",
    Phase.LOOK: "looking for bees on the rim",
    Phase.CLOSE: "closing",
    Phase.LEAVE: "leaving",
    Phase.RECOVER: "recovering",
    Phase.END: "end",
}


def minutes(duration_s: float) -> str:
    return f"{int(duration_s) // 60}:{int(duration_s) % 60:02d}"


@dataclass
class VisitView:
    """Everything that the panel shows, gathered from events and states. Times in seconds of robot time. `keys`: which keys
    do what, "" where there is no terminal to press them."""

    title: str
    open_limit_s: float
    frames_total: int
    keys: str = ""
    activity: str = "starting"
    box: int = 0
    frame: int = 0
    frames_done: int = 0
    open_time_s: float = 0.0
    began_s: float | None = None
    now_s: float = 0.0
    is_open: bool = False
    is_over: bool = False
    faces_taken: int = 0
    state: TowerState | None = None
    faces: list[FaceNotice] = field(default_factory=list)
    violations: int = 0
    paused_because: str = ""
    stop_because: str = ""
    asks: str = ""
    last_events: deque[str] = field(default_factory=lambda: deque(maxlen=EVENTS_SHOWN))

    def take_event(self, event: VisitEvent) -> str:
        """Note an event; returns its line."""
        self.began_s = event.t_s if self.began_s is None else self.began_s
        self.now_s = max(self.now_s, event.t_s)
        self.is_over = event.kind is EventKind.END
        self.activity = PHASE_WORDS[event.phase]
        self.frames_total = event.frames_total or self.frames_total
        self.frame = event.frame
        if event.kind is EventKind.FRAME_DONE:
            self.frames_done += 1
        elif event.kind is EventKind.FACE and event.data.get("pictures"):
            self.faces_taken += 1
        elif event.kind is EventKind.OPENED:
            self.is_open = True
        elif event.kind is EventKind.CLOSED:
            self.is_open = False
        line = f"{self.visit_time_s:7.1f} s  {event.text or self.activity}"
        self.last_events.append(line)
        return line

    def take_job_state(self, state: JobState) -> None:
        """Of the job that runs."""
        if self.box and state.box != self.box:
            self.frames_done = 0
        self.box = state.box
        self.open_time_s = state.open_time_s
        self.open_limit_s = state.open_limit_s or self.open_limit_s
        self.paused_because = state.paused_because if state.is_paused else ""
        self.stop_because, self.asks = state.stop_because, state.asks

    def take_state(self, state: TowerState) -> None:
        self.state = state
        if not self.is_over:
            self.now_s = max(self.now_s, state.stamp_s)

    def note(self, text: str) -> str:
        line = f"{self.visit_time_s:7.1f} s  {text}"
        self.last_events.append(line)
        return line

    @property
    def last_step(self) -> str:
        """The last event's words, without its time."""
        return self.last_events[-1].partition(" s  ")[2] if self.last_events else "none"

    @property
    def visit_time_s(self) -> float:
        return 0.0 if self.began_s is None else self.now_s - self.began_s

    def render(self) -> RenderableType:
        rows = Table.grid(padding=(0, 2))
        rows.add_column(style="dim", width=8)
        rows.add_column(width=28)
        rows.add_column(width=BAR_WIDTH)
        rows.add_row("phase", self._phase_text(), f"visit time {minutes(self.visit_time_s)}")
        rows.add_row("frame", self._frame_text(), _bar(self.frames_done, self.frames_total, "cyan"))
        rows.add_row(
            "open", self._open_text(), _bar(self.open_time_s, self.open_limit_s, self._open_colour())
        )
        rows.add_row(
            "loads", self._loads_text(), f"faces {self.faces_taken} photographed, {len(self.faces)} analysed"
        )
        rows.add_row("board", self._board_text(), self._link_text())
        events = Text("\n".join(self.last_events), style="dim", no_wrap=True, overflow="ellipsis")
        colour = "red" if self.violations else "yellow" if self.is_open else "green"
        lines = [rows, *self._words_to_a_person(), Text(""), events]
        return Panel(
            Group(*lines),
            title=self.title,
            title_align="left",
            subtitle=self.keys or None,
            subtitle_align="left",
            border_style=colour,
            width=88,
        )

    def _phase_text(self) -> Text:
        where = f"box {self.box}: " if self.box else ""
        return Text(f"{where}{self.activity}", style="bold")

    def _words_to_a_person(self) -> list[RenderableType]:
        said: list[RenderableType] = []
        if self.asks:
            said.append(Text(f"TO DO: {self.asks}", style="bold red"))
        if self.paused_because:
            said.append(Text(f"PAUSED by {self.paused_because}", style="bold yellow"))
        if self.stop_because:
            said.append(Text(f"ENDING: {self.stop_because}", style="yellow"))
        return said

    def _frame_text(self) -> str:
        return (
            f"{self.frame} ({self.frames_done} of {self.frames_total} done)"
            if self.frame
            else f"{self.frames_done} of {self.frames_total} done"
        )

    def _open_text(self) -> Text:
        said = "open" if self.is_open else "closed"
        return Text(
            f"{minutes(self.open_time_s)} of {minutes(self.open_limit_s)}, {said}", style=self._open_colour()
        )

    def _open_colour(self) -> str:
        share = self.open_time_s / self.open_limit_s if self.open_limit_s else 0.0
        return "green" if share < 0.75 else "yellow" if share < 1.0 else "red"

    def _loads_text(self) -> str:
        if self.state is None:
            return "-"
        loads = self.state.loads_kg
        return f"left {loads[Side.LEFT]:.1f} kg, right {loads[Side.RIGHT]:.1f} kg"

    def _board_text(self) -> Text:
        if self.state is None:
            return Text("no answer yet", style="yellow")
        reason = f": {self.state.stop_reason}" if self.state.stop_reason else ""
        return Text(f"{self.state.board.value}{reason}", style=BOARD_COLOURS.get(self.state.board, "red"))

    def _link_text(self) -> str:
        if self.state is None:
            return ""
        broken = f", {self.violations} rules broken" if self.violations else ""
        return f"link {self.state.link_round_trip_ms:.1f} ms, {self.state.link_errors} errors{broken}"


def _bar(done: float, total: float, colour: str) -> ProgressBar:
    return ProgressBar(
        total=max(total, 1e-9),
        completed=min(done, total),
        width=BAR_WIDTH,
        complete_style=colour,
        finished_style=colour,
    )


class Progress:
    """Shows a view while it is entered. On a terminal a panel that is drawn again and again; elsewhere a line an event."""

    def __init__(self, view: VisitView, console: Console) -> None:
        self.view = view
        self._console = console
        self._live = (
            Live(view.render(), console=console, refresh_per_second=8) if console.is_terminal else None
        )

    def __enter__(self) -> Progress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.update(self.view.render(), refresh=True)
            self._live.stop()

    def event(self, event: VisitEvent) -> None:
        self._show_line(self.view.take_event(event))

    def note(self, text: str) -> None:
        """Something that a person should read, said once."""
        self._show_line(self.view.note(text))

    def refresh(self) -> None:
        if self._live is not None:
            self._live.update(self.view.render())

    def _show_line(self, line: str) -> None:
        if self._live is None:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
