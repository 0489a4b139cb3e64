"""What SAFETY.md draws is what the tests in C ask of the firmware, and what the fuzzers' judge allows."""

from __future__ import annotations

import re
from pathlib import Path

from bee_robot.mcu import messages as m

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
UNDER_WAY = ("moving", "holding")
FIRST_REFUSAL = 32
"""Causes below are those of stops."""
Edge = tuple[str, str]


def drawn() -> set[Edge]:
    """Arrows of the diagram between states."""
    diagram = (FIRMWARE / "SAFETY.md").read_text(encoding="utf-8").split("```")[1]
    return set(re.findall(r"^ *(\w+) --> (\w+):", diagram, re.MULTILINE))


def relays_written() -> dict[str, str]:
    """State -> open or closed, of the table of states."""
    text = (FIRMWARE / "SAFETY.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| (\w+) \| (open|closed) \|", text, re.MULTILINE))


def columns_in_c() -> dict[str, str]:
    source = (FIRMWARE / "tests" / "safety_table.c").read_text(encoding="utf-8")
    declared = source.split("columns[COLUMNS] = {")[1].split("};")[0]
    return dict(re.findall(r'\{"(\w+)", "(open|closed)"\}', declared))


def rows_in_c() -> list[tuple[str, list[str]]]:
    """Name of each event, and its cells."""
    source = (FIRMWARE / "tests" / "safety_table.c").read_text(encoding="utf-8")
    body = source.split("table[] = {")[1]
    rows = []
    for line in body.splitlines():
        texts = re.findall(r'"([^"]*)"', line)
        if line.startswith("{"):
            rows.append((texts[0], texts[1:]))
    return rows


def reached(state: str, cell: str) -> set[str]:
    """States in which the board is in the end, after what a cell of the table says."""
    kind, _, cause = cell.partition(" ")
    if kind in {".", ".o", ".u"} or cell.startswith("!"):
        return set()
    if kind == "0":
        return {"estop"}
    if kind in {"1", "1o"}:
        return {"disarmed" if cause == "disarm_asked" else "stopped"}
    return {cell}


def transitions_in_c() -> set[Edge]:
    columns = list(columns_in_c())
    edges = set()
    for name, cells in rows_in_c():
        assert len(cells) == len(columns), name
        if name == "power on":
            continue
        for column, cell in zip(columns, cells, strict=True):
            for state in UNDER_WAY if column == "braking" else (column,):
                edges |= {(state, end) for end in reached(state, cell)}
    return edges


def allowed_by_the_judge() -> set[Edge]:
    source = (FIRMWARE / "tests" / "fuzz" / "judge.c").read_text(encoding="utf-8")
    edges = set()
    for start, targets in re.findall(r"\[STATE_(\w+)\] = ((?:TO\(\w+\)[ |\n]*)+)", source):
        edges |= {(start.lower(), end.lower()) for end in re.findall(r"TO\((\w+)\)", targets)}
    return edges


def test_the_diagram_shows_every_transition_that_is_tested_and_no_other() -> None:
    assert len(drawn()) > 15
    assert transitions_in_c() == drawn()


def test_the_fuzzers_allow_what_is_drawn_and_no_more() -> None:
    assert allowed_by_the_judge() == drawn()


def test_the_relay_is_closed_where_the_document_says() -> None:
    columns = columns_in_c()
    assert columns.pop("braking") == "closed"
    assert columns == relays_written()


def test_every_stop_cause_and_every_event_is_in_the_table() -> None:
    stops = {cause.name.lower() for cause in m.Cause if 0 < cause < FIRST_REFUSAL}
    cells = {cell for _, row in rows_in_c() for cell in row}
    assert {cell.partition(" ")[2] for cell in cells if " " in cell} == stops
