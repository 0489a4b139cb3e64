"""What is said when a visit is over: a table of the frames, how it ended, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bee_robot.cli.progress import minutes
from bee_robot.console.report_facts import BROOD, STORES
from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate, FaceAnalysis
from bee_robot.nodes.graph_client import FaceNotice, InspectionResult
from bee_robot.rulebook import Violation

FACES = ("rear", "front")


@dataclass(frozen=True)
class VisitEnd:
    """A visit that is over. `is_stopped_at_once`: a second Ctrl-C; `report` None where none could be written."""

    result: InspectionResult
    faces: Sequence[FaceNotice]
    violations: Sequence[Violation]
    is_interrupted: bool = False
    is_stopped_at_once: bool = False
    report: Path | None = None

    def with_report(self, report: Path) -> VisitEnd:
        return replace(self, report=report)

    @property
    def rule_violations(self) -> int:
        """Whoever saw more: the procedure may have missed the last ones."""
        return max(self.result.rule_violations, len(self.violations))

    @property
    def is_refused(self) -> bool:
        """Nothing was opened; a refusal because the hive may be open already counts as held."""
        return self.result.error_code == 2 and self.result.end_state == "closed"

    def exit_status(self) -> int:
        """0 closed and safe; 1 held; 4 closed, but a rule was broken; 5 refused; 130 interrupted."""
        if self.is_interrupted:
            return 130
        if self.is_refused:
            return 5
        if self.result.end_state != "closed":
            return 1
        return 4 if self.rule_violations else 0


def frame_table(faces: Iterable[FaceNotice], frames_total: int) -> Table:
    """One row a frame: bees on either face with their 90 % interval, brood and stores of both in dm²."""
    by_frame: dict[int, dict[str, FaceNotice]] = {}
    for notice in faces:
        by_frame.setdefault(notice.frame, {})[notice.face] = notice
    table = Table(title="What is on the frames (90 % intervals in brackets)", title_justify="left")
    for heading in ("frame", "bees rear", "bees front", "brood dm²", "stores dm²"):
        table.add_column(heading, justify="right", no_wrap=True)
    for frame in range(1, frames_total + 1):
        seen = by_frame.get(frame, {})
        bees = [_bees(seen.get(face)) for face in FACES]
        areas = [_area(seen.values(), classes) for classes in (BROOD, STORES)]
        table.add_row(str(frame), *bees, *areas)
    return table


def _analysis(notice: FaceNotice) -> FaceAnalysis | None:
    return FaceAnalysis.from_dict(notice.analysis) if notice.analysis and not notice.error else None


def _bees(notice: FaceNotice | None) -> Text:
    if notice is None:
        return Text("no picture", style="dim")
    analysis = _analysis(notice)
    if analysis is None:
        return Text("not analysed", style="yellow")
    return Text(interval(analysis.bees, 0)) if analysis.bees else Text("unknown", style="dim")


def _area(notices: Iterable[FaceNotice], classes: Sequence[CellClass]) -> Text:
    found = [
        analysis.areas[kind]
        for analysis in filter(None, map(_analysis, notices))
        for kind in classes
        if kind in analysis.areas
    ]
    if not found:
        return Text("unknown", style="dim")
    value, low, high = (sum(getattr(area, part) for area in found) for part in ("value", "low", "high"))
    return Text(f"{value:.1f} ({low:.1f}–{high:.1f})")


def interval(estimate: Estimate, digits: int) -> str:
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f}–{estimate.high:.{digits}f})"


def print_summary(end: VisitEnd, frames_total: int, console: Console) -> None:
    result = end.result
    if result.faces:
        console.print(frame_table(end.faces, frames_total))
    console.print(_headline(end))
    if result.error:
        console.print(result.error, markup=False, soft_wrap=True)
    if result.instruction:
        console.print(Text(f"To do: {result.instruction}", style="bold red"), soft_wrap=True)
    for violation in end.violations:
        console.print(
            Text(f"Rule {violation.rule} broken at {violation.t_s:.1f} s: {violation.says}", style="red")
        )
    if result.frames_inspected:
        console.print(
            f"{result.frames_inspected} frames, {result.faces} faces; open for {minutes(result.open_time_s)}, "
            f"visit {minutes(result.visit_time_s)}; {end.rule_violations} rules broken",
            highlight=False,
        )
    if end.report is not None:
        console.print(f"Report: {end.report}", markup=False, highlight=False, soft_wrap=True)


def _headline(end: VisitEnd) -> Text:
    if end.is_stopped_at_once:
        return Text("Stopped at once.", style="bold red")
    if end.is_refused:
        return Text("Nothing was opened.", style="bold yellow")
    if end.result.end_state != "closed":
        return Text("HELD: the machine stands and waits for a person.", style="bold red")
    if end.is_interrupted:
        return Text("Interrupted; the hive is closed and safe.", style="bold yellow")
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
            "report": str(end.report) if end.report else None,
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
            **more,
        },
        indent=2,
    )
