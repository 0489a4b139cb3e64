"""The table of who checks which rule is that of the code, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bee_robot.rulebook import RULES

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "design" / "visits.md"
ROW = re.compile(r"^\| (R\d+) \| ([a-z, ]+) \| (.+) \|$", re.MULTILINE)
OWN_FILES = {
    "transfer": {"test_rulebook.py"},
    "twin": {"test_rulebook.py"},
    "procedure": {"test_rules_of_a_plan.py", "test_motion_check.py"},
}


def rows() -> dict[str, tuple[tuple[str, ...], list[str]]]:
    """Rule -> who checks it, tests as file::function."""
    found = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {
        rule: (tuple(who.split(", ")), re.findall(r"`([\w.]+::\w+)`", tests)) for rule, who, tests in found
    }


def functions_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_table_names_every_rule_once_and_who_checks_it() -> None:
    assert {rule: who for rule, (who, _) in rows().items()} == {
        key: rule.checked_by for key, rule in RULES.items()
    }
    assert len(ROW.findall(PAGE.read_text(encoding="utf-8"))) == len(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_every_checker_of_a_rule_has_a_test_that_exists(rule: str) -> None:
    checkers, named = rows()[rule]
    files = set()
    for test in named:
        file, function = test.split("::")
        (path,) = (ROOT / "tests").rglob(file)
        assert function in functions_in(path), test
        files.add(path.name)
    boards_own = {path.name for path in (ROOT / "tests" / "firmware").glob("test_*.py")}
    for checker, own in {**OWN_FILES, "board": boards_own}.items():
        if checker in checkers:
            assert files & own, f"no test shows that the {checker} catches {rule}"
    assert ("board" in checkers) == bool(files & boards_own)
