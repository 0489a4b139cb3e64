"""The definitions in bee_robot_interfaces as `ros2 interface show` prints them: everything is explained, with its unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path for path in (ROOT / "bee_robot_interfaces").rglob("*") if path.suffix in (".msg", ".srv", ".action")
)
# Words that say what a number is measured in; the comment of every float has one.
UNITS = re.compile(
    r"(^|\W)(m|m/s|m/s\^2|mm/h|rad|s|kg|kg/s|percent|degrees Celsius|0 to 1|number of \w+|unit|pixels)(\W|$)"
)
CONSTANT_OR_FIELD = re.compile(r"^(?P<type>[\w/]+(?:<=\d+)?(?:\[[^\]]*\])?)\s+(?P<name>\w+)")


@dataclass(frozen=True)
class Line:
    """A field or a constant, and what is said about it."""

    type: str
    name: str
    comment: str


def fields(path: Path) -> list[Line]:
    found = []
    for text in path.read_text(encoding="utf-8").splitlines():
        definition, _, comment = text.partition("#")
        match = CONSTANT_OR_FIELD.match(definition)
        if match:
            found.append(Line(match["type"], match["name"], comment.strip()))
    return found


def test_all_definitions_are_looked_at() -> None:
    assert {path.suffix for path in FILES} == {".msg", ".srv", ".action"}
    assert all(fields(path) for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_definition_begins_with_a_sentence(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert re.match(r"# [A-Z].*[.:]", first), (
        f"{path.name} begins with {first!r}; say in a sentence what it is for"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_field_is_explained(path: Path) -> None:
    assert not [line.name for line in fields(path) if not line.comment]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_number_that_is_measured_has_its_unit(path: Path) -> None:
    measured = [line for line in fields(path) if line.type.startswith("float")]
    assert not [f"{line.name}: {line.comment}" for line in measured if not UNITS.search(line.comment)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_lines_fit_on_a_screen(path: Path) -> None:
    assert max(len(line) for line in path.read_text(encoding="utf-8").splitlines()) <= 120
