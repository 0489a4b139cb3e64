"""What is said when a visit is over: a table of the frames, how it ended, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bee_robot.cli.progress import minutes
from bee_robot.console import report_words as words
from bee_robot.console.report_measures import BROOD, add, kilograms
from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate, FaceAnalysis
from bee_robot.nodes.job_reports import UNDONE, BoxReport, FaceNotice, JobResult
from bee_robot.rulebook import Violation

FACES = ("rear", "front")
FOOD = (CellClass.HONEY, CellClass.NECTAR)


@dataclass(frozen=True)
class VisitEnd:
    """A visit that is over. `is_stopped_at_once`: a second Ctrl-C; `reports`: by box, of those that could be written."""

    result: JobResult
    faces: Sequence[FaceNotice]
    violations: Sequence[Violation]
    is_interrupted: bool = False
    is_stopped_at_once: bool = False
    reports: Mapping[int, Path] = field(default_factory=dict)

    def with_reports(self, reports: Mapping[int, Path]) -> VisitEnd:
        return replace(self, reports=reports)

    def inspections(self, only_box: int) -> dict[int, str]:
        """Ids in the local store by box; `only_box` where one was asked for. "" where nobody has told it."""
        if self.result.boxes:
            return {each.box: each.inspection for each in self.result.boxes if not each.is_refused}
        return {only_box: self.result.inspection}

    @property
    def rule_violations(self) -> int:
        """Whoever saw more: the procedure may have missed the last ones."""
        return max(self.result.rule_violations, len(self.violations))

    @property
    def is_refused(self) -> bool:
        """Nothing was opened; a refusal because the hive may be open already counts as held."""
        return self.result.is_refused

    def exit_status(self) -> int:
        """0 closed and safe; 1 held; 4 closed, but a rule was broken; 5 refused; 6 closed, but what was asked for was not
        done; 130 interrupted."""
        if self.is_interrupted:
            return 130
        if self.is_refused:
            return 5
        if self.result.end_state != "closed":
            return 1
        if self.rule_violations:
            return 4
        return 6 if self.result.error_code == UNDONE else 0


def frame_table(faces: Iterable[FaceNotice], frames_total: int, of_box: int = 0) -> Table:
    """One row a frame: bees on either face, brood in dm² and honey with nectar in kg of both, with 90 % intervals."""
    by_frame: dict[int, dict[str, FaceNotice]] = {}
    for notice in faces:
        by_frame.setdefault(notice.frame, {})[notice.face] = notice
    told = {kind for seen in by_frame.values() for a in _analyses(seen.values()) for kind in a.areas}
    brood = "brood" if told & {CellClass.LARVAE, CellClass.EGGS} else "capped brood"
    # fits 80 columns
    title = "What is on the frames, with 90 % intervals; stores are honey and nectar"
    title = f"Box {of_box}, with 90 % intervals; stores are honey and nectar" if of_box else title
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 0, 0, 1)
    )
    for heading in ("frame", "bees rear", "bees front", f"{brood} dm²", "stores kg"):
        table.add_column(heading, justify="right", no_wrap=True)
    for frame in range(1, frames_total + 1):
        seen = by_frame.get(frame, {})
        analyses = _analyses(seen.values())
        food = [kilograms(a.areas[kind], kind) for a in analyses for kind in FOOD if kind in a.areas]
        area = [a.areas[kind] for a in analyses for kind in BROOD if kind in a.areas]
        table.add_row(str(frame), *[_bees(seen.get(face)) for face in FACES], _sum(area), _sum(food))
    return table


def _analyses(notices: Iterable[FaceNotice]) -> list[FaceAnalysis]:
    return [analysis for analysis in map(_analysis, notices) if analysis is not None]


def _analysis(notice: FaceNotice) -> FaceAnalysis | None:
    return FaceAnalysis.from_dict(notice.analysis) if notice.analysis and not notice.error else None


def _bees(notice: FaceNotice | None) -> Text:
    if notice is None:
        return Text("no picture", style="dim")
    analysis = _analysis(notice)
    if analysis is None:
        return Text("not analysed", style="yellow")
    return _sum([analysis.bees] if analysis.bees else [])


def _sum(estimates: Iterable[Estimate]) -> Text:
    """Rounded as in the report."""
    total = add(estimates)
    if total is None:
        return Text("unknown", style="dim")
    interval = words.estimate_interval(total.estimate).replace(" to ", "–")
    return Text(f"{words.estimate_number(total.estimate)} ({interval})".replace("\u202f", ""))


def box_table(boxes: Iterable[BoxReport]) -> Table:
    """One row a box, in the order of the visits."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 0, 0, 1))
    for heading in ("box", "frames", "faces", "open", "visit"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("how it ended")
    for each in boxes:
        how = each.error or each.instruction or each.end_state
        table.add_row(
            str(each.box),
            str(each.frames_inspected),
            str(each.faces),
            minutes(each.open_time_s),
            minutes(each.visit_time_s),
            Text(how if each.error_code else "closed and safe"),
        )
    return table


def print_summary(end: VisitEnd, only_box: int, frames_of: Callable[[int], int], console: Console) -> None:
    """`only_box`: where one was asked for; `frames_of`: how many frames a box has room for."""
    result = end.result
    for each in result.boxes:
        if each.faces:
            faces = [face for face in end.faces if face.inspection == each.inspection]
            console.print(frame_table(faces, frames_of(each.box), each.box))
    if result.boxes:
        console.print(box_table(result.boxes))
    elif result.faces:
        console.print(frame_table(end.faces, frames_of(only_box)))
    print_ending(end, console)


def print_ending(end: VisitEnd, console: Console) -> None:
    """How a job ended, and what is to be done."""
    result = end.result
    console.print(_headline(end))
    if result.error:
        console.print(result.error, markup=False, soft_wrap=True)
    if result.instruction:
        console.print(Text(f"To do: {result.instruction}", style="bold red"), soft_wrap=True)
    for violation in end.violations:
        console.print(
            Text(f"Rule {violation.rule} broken at {violation.t_s:.1f} s: {violation.says}", style="red")
        )
    if result.visit_time_s and not end.is_refused:
        seen = f"{result.frames_inspected} frames, {result.faces} faces; " if result.frames_inspected else ""
        console.print(
            f"{seen}open for {minutes(result.open_time_s)}, "
            f"visit {minutes(result.visit_time_s)}; {end.rule_violations} rules broken",
            highlight=False,
        )
    for number, report in end.reports.items():
        which = f" of box {number}" if len(end.reports) > 1 else ""
        console.print(f"Report{which}: {report}", markup=False, highlight=False, soft_wrap=True)


def _headline(end: VisitEnd) -> Text:
    if end.is_stopped_at_once:
        return Text("Stopped at once.", style="bold red")
    if end.is_refused:
        return Text("Nothing was opened.", style="bold yellow")
    if end.result.end_state != "closed":
        return Text("HELD: the machine stands and waits for a person.", style="bold red")
    if end.is_interrupted:
        return Text("Interrupted; the hive is closed and safe.", style="bold yellow")
    if end.result.error_code == UNDONE:
        return Text("Closed and safe, but what was asked for was not done.", style="bold yellow")
    return Text("Closed and safe.", style="bold green" if not end.rule_violations else "bold yellow")


def as_json(end: VisitEnd, more: Mapping[str, Any]) -> str:
    """The content of --json; names as the README documents them. Times in seconds of robot time."""
    result = end.result
    return json.dumps(
        {
            "end_state": result.end_state,
            "frames_inspected": result.frames_inspected,
            "faces": result.faces,
            "open_time_s": round(result.open_time_s, 3),
            "visit_time_s": round(result.visit_time_s, 3),
            "rule_violations": end.rule_violations,
            "report": str(next(iter(end.reports.values()))) if end.reports else None,
            "inspection": result.inspection,
            "instruction": result.instruction,
            "explanation": result.error,
            "faces_analysed": sum(1 for notice in end.faces if not notice.error),
            "interrupted": end.is_interrupted,
            "exit_status": end.exit_status(),
            "violations": [
                {
                    "rule": v.rule,
                    "t_s": v.t_s,
                    "where": v.where,
                    "value": v.value,
                    "limit": v.limit,
                    "says": v.says,
                }
                for v in end.violations
            ],
            **({"boxes": [_box_as_json(each, end) for each in result.boxes]} if result.boxes else {}),
            **more,
        },
        indent=2,
    )


def _box_as_json(each: BoxReport, end: VisitEnd) -> dict[str, Any]:
    report = end.reports.get(each.box)
    return {
        "box": each.box,
        "end_state": each.end_state,
        "frames_inspected": each.frames_inspected,
        "faces": each.faces,
        "open_time_s": round(each.open_time_s, 3),
        "visit_time_s": round(each.visit_time_s, 3),
        "report": str(report) if report else None,
        "inspection": each.inspection,
        "instruction": each.instruction,
        "explanation": each.error,
    }
