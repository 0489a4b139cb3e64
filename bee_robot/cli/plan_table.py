"""What `bee plan` prints: moves with their durations, phases against their bound, rules with their margins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from bee_robot.extraction.motion_profile import TimedSegment
from bee_robot.extraction.plan import PlannedStep, VisitPlan
from bee_robot.rulebook import RULES

WAITING = "(waiting)"
PIPED_WIDTH = 130
UNTOUCHED = {
    "R5": "the forks feel it when it happens",
    "R10": "a hanging frame moves sideways above all others",
    "R14": "one box is opened",
    "R16": "the machine is asked before it moves",
    "R17": "no frame leaves the hive",
    "R18": "no frame leaves the hive",
    "R19": "the board ends every flash",
}


@dataclass(frozen=True)
class Move:
    """One segment of the plan. `at_s`: since the visit began; `moves`: what moves whereto, in words."""

    at_s: float
    phase: str
    frame: int
    programme: str
    name: str
    duration_s: float
    moves: str

    def as_data(self) -> dict[str, Any]:
        return {
            "at_s": round(self.at_s, 2),
            "phase": self.phase,
            "frame": self.frame or None,
            "programme": self.programme,
            "move": self.name,
            "duration_s": round(self.duration_s, 2),
            "to": self.moves,
        }


def lines_of(plan: VisitPlan) -> list[Move]:
    """Every move in order; what a step waits for is a move of its own."""
    found: list[Move] = []
    began_s = 0.0
    for step in plan.steps:
        for timed in step.motion.segments:
            found.append(
                _move(step, began_s + timed.begin_s, timed.segment.name, timed.duration_s, _to(timed))
            )
        if step.waits_s:
            found.append(_move(step, began_s + step.motion.duration_s, WAITING, step.waits_s, ""))
        began_s += step.duration_s
    return found


def _move(step: PlannedStep, at_s: float, name: str, duration_s: float, moves: str) -> Move:
    return Move(at_s, step.phase.value, step.frame, step.motion.programme.name, name, duration_s, moves)


def _to(timed: TimedSegment) -> str:
    """Both sides going to one place are said once."""
    places: dict[tuple[str, str], list[str]] = {}
    targets = [(axis.value, f"{move.position_mm:.1f} mm") for axis, move in timed.segment.axes.items()]
    targets += [(servo.value, f"{angle:.0f}°") for servo, angle in timed.segment.servos_deg.items()]
    for name, place in targets:
        part, _, side = name.partition("_")
        places.setdefault((part, place), []).append(side)
    return ", ".join(
        f"{part if len(sides) == 2 else f'{part} {sides[0]}'} {place}"
        for (part, place), sides in places.items()
    )


def show(plan: VisitPlan, bound: VisitPlan, *, with_moves: bool) -> None:
    """Print it all; refusals last, where they are read."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    if with_moves:
        console.print(_moves_table(lines_of(plan)))
    console.print(_phases_table(plan, bound))
    console.print(_rules_table(plan))
    share = plan.open_time_s / bound.open_time_s
    console.print(
        f"Box {plan.box} of {plan.robot.hive.name} is open for {plan.open_time_s:.0f} s (limit "
        f"{plan.robot.visit.open_planned_max_s:.0f} s); {bound.open_time_s:.0f} s is the least that the rules allow for this "
        f"work, {share:.2f} times that is planned. The whole visit takes {plan.visit_time_s:.0f} s."
    )
    for warning in plan.warnings():
        console.print(f"Mind: {warning}", style="yellow")
    for refusal in plan.refusals():
        console.print(f"Refused: {refusal}", style="bold red")


def _moves_table(moves: Sequence[Move]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name, justify in (
        ("at s", "right"),
        ("takes s", "right"),
        ("frame", "right"),
        ("move", "left"),
        ("to", "left"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    phase = ""
    for move in moves:
        if move.phase != phase:
            phase = move.phase
            table.add_row("", "", "", f"[bold]{phase}[/bold]", "")
        frame = str(move.frame) if move.frame else ""
        table.add_row(f"{move.at_s:.1f}", f"{move.duration_s:.2f}", frame, move.name, move.moves)
    return table


def _phases_table(plan: VisitPlan, bound: VisitPlan) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("phase", "planned s", "bound s"):
        table.add_column(name, justify="left" if name == "phase" else "right")
    least = bound.by_phase_s()
    for phase, seconds in plan.by_phase_s().items():
        table.add_row(phase, f"{seconds:.1f}", f"{least[phase]:.1f}")
    table.add_row("open", f"{plan.open_time_s:.1f}", f"{bound.open_time_s:.1f}", style="bold")
    return table


def _rules_table(plan: VisitPlan) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("rule", "says", "nearest", "limit", "margin", "where"):
        table.add_column(name, justify="left" if name in ("rule", "says", "where") else "right")
    margins = plan.margins()
    for key, rule in RULES.items():
        margin = margins.get(key)
        if margin is None:
            table.add_row(key, rule.says, "", "", "", UNTOUCHED.get(key, "not touched by this plan"))
        else:
            table.add_row(
                key,
                rule.says,
                f"{margin.value:.4g}",
                f"{margin.limit:.4g}",
                f"{margin.margin_share:.1%}",
                margin.where,
            )
    return table
