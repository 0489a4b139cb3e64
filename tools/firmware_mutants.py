#!/usr/bin/env python3
"""Breaks a file of the firmware in every place, one at a time, and asks its tests in C whether they notice.

A mutant changes one comparison, logical or arithmetic operator, condition, constant or limit, or leaves out one
statement, one initialiser or one assignment. Mutants that the tests do not notice are listed by line; none is left out.

    tools/firmware_mutants.py safety            all mutants of firmware/core/safety.c
    tools/firmware_mutants.py limits --line 40  those of one line
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
CC = os.environ.get("CC", "cc")
FLAGS = ("-std=c11", "-O0", "-w", "-Icore", "-Iboards/host", "-Itests")
SANITIZE = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
"""A loop that runs one too far is seen where it reads, not only where it does harm."""
TIMEOUT_S = 5.0
BESIDE = (
    "core/programme_report.c",
    "core/settings.c",
    "core/profile.c",
    "core/packet.c",
    "core/messages.c",
    "tests/neighbours.c",
)
TESTS = {
    "safety": ("core/limits.c", "tests/safety_table.c", "tests/test_safety.c"),
    "limits": ("core/safety.c", "tests/test_limits.c"),
}

COMPARISONS = {
    "==": ("!=",),
    "!=": ("==",),
    "<": ("<=", ">", ">="),
    "<=": ("<", ">", ">="),
    ">": (">=", "<", "<="),
    ">=": (">", "<", "<="),
}
OPERATORS = {
    "&&": ("||",),
    "||": ("&&",),
    "|=": ("&=", "="),
    "&=": ("|=", "="),
    "<<": (">>",),
    ">>": ("<<",),
    "++": ("--",),
    "--": ("++",),
    "/": ("*",),
    "%": ("/",),
    "|": ("&",),
}
TOKEN = re.compile(r"->|\|\||&&|[=!<>|&+\-*/%]=|<<|>>|\+\+|--|[!~<>|&+\-*/%?]")
NUMBER = re.compile(r"\b(0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?)([uUlLfF]*)\b")
CONSTANT = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b(?!\s*\()")
CHAINED = re.compile(r"\b\w+ = (?=\w+ = )|(?<== )\w+ = ")
INITIALISER = re.compile(r"(?:(?<=[{,])|^)[ \t]*\.\w+ = [^,{}()]*(?:\([^()]*\)[^,{}()]*)?,", re.MULTILINE)
EXPRESSION = re.compile(
    r"(?:\*?[A-Za-z_][\w.\[\]]*(?:->[\w.\[\]]+)*\s*(?:[|&+\-]?=(?!=)|\(|\+\+|--))|(?:return;)"
)
NO_STATEMENT = re.compile(
    r"(?:return\b(?!;)|case\b|default\b|break\b|continue\b|struct\b|typedef\b|static\b|enum\b|#)"
)


@dataclass(frozen=True)
class Mutant:
    """`text[start:end]` of the source becomes `new`."""

    start: int
    end: int
    new: str
    line: int
    what: str


def masked(text: str) -> str:
    """The source with comments, strings and includes blanked; every character stays at its place."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match.group())

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|^#include[^\n]*', blank, text, flags=re.S | re.M)


def closing(code: str, opening: int) -> int:
    """Index of the parenthesis that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if depth == 0:
            return at
    raise ValueError("a parenthesis is not closed")


class Source:
    """Finds every place of one file that can be broken."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="utf-8")
        self.code = masked(self.text)

    def _mutant(self, start: int, end: int, new: str, kind: str) -> Mutant:
        old = " ".join(self.text[start:end].split())
        line = self.text.count("\n", 0, start) + 1
        return Mutant(start, end, new, line, f"{kind}: '{old}' -> '{new.strip()}'")

    def mutants(self) -> list[Mutant]:
        found = [
            *self._operators(),
            *self._numbers(),
            *self._conditions(),
            *self._statements(),
            *self._pieces(),
        ]
        return sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.new))

    def _operators(self) -> Iterator[Mutant]:
        for match in TOKEN.finditer(self.code):
            token, start, end = match.group(), match.start(), match.end()
            before, after = self.code[:start].rstrip()[-1:], self.code[end : end + 1]
            is_binary = before.isalnum() or before in {"_", ")", "]"}
            if token in COMPARISONS:
                news: tuple[str, ...] = COMPARISONS[token]
            elif token in {"!", "~"}:
                news = (" ",)
            elif token == "?":
                news = ("|| 1 ?", "&& 0 ?")
            elif token in {"+", "-"}:
                news = ("-" if token == "+" else "+",) if is_binary else (" ",)
            elif token == "*" and is_binary and after == " " and self.code[start - 1] == " ":
                news = ("/",)
            elif token == "&" and is_binary and after == " ":
                news = ("|",)
            else:
                news = OPERATORS.get(token, ())
            for new in news:
                yield self._mutant(start, end, new, "operator")

    def _numbers(self) -> Iterator[Mutant]:
        for match in NUMBER.finditer(self.code):
            digits = match.group(1)
            number = float(digits) if "." in digits else int(digits, 0)
            for new in dict.fromkeys((number + 1, number - 1, 0)):
                if new != number:
                    yield self._mutant(match.start(), match.end(), f" {new}", "number")
        for match in CONSTANT.finditer(self.code):
            begin = self.code.rfind("\n", 0, match.start()) + 1
            if not self.code[begin : match.start()].lstrip().startswith("#"):
                yield self._mutant(match.start(), match.end(), f"({match.group()} + 1)", "constant")
                yield self._mutant(match.start(), match.end(), f"({match.group()} - 1)", "constant")
        for match in re.finditer(r"\b(true|false)\b", self.code):
            other = "false" if match.group() == "true" else "true"
            yield self._mutant(match.start(), match.end(), other, "constant")

    def _conditions(self) -> Iterator[Mutant]:
        for match in re.finditer(r"\b(if|while) \(", self.code):
            start, end = match.end(), closing(self.code, match.end() - 1)
            yield self._mutant(start, end, "0", "condition")
            if match.group(1) == "if":
                yield self._mutant(start, end, "1", "condition")

    def _statements(self) -> Iterator[Mutant]:
        start = depth = 0
        for at, character in enumerate(self.code):
            depth += {"(": 1, ")": -1}.get(character, 0)
            if depth or character not in ";{}":
                continue
            if character == ";":
                begin = self._after_headers(start, at)
                piece = self.code[begin : at + 1]
                if EXPRESSION.match(piece) and not NO_STATEMENT.match(piece):
                    yield self._mutant(begin, at, "", "left out")
            start = at + 1

    def _after_headers(self, start: int, end: int) -> int:
        """Where the statement itself begins, behind `if (...)`, `else` and `for (...)`."""
        while True:
            match = re.compile(
                r"\s*(?:else\b|(?:if|for|while|switch) (?=\()|(?:case [\w ]+|default):)?"
            ).match(self.code, start, end)
            assert match is not None
            if match.end() == start:
                return start
            start = match.end()
            if self.code[start] == "(" and re.search(r"\b(if|for|while|switch) $", self.code[:start]):
                start = closing(self.code, start) + 1

    def _pieces(self) -> Iterator[Mutant]:
        for match in CHAINED.finditer(self.code):
            yield self._mutant(match.start(), match.end(), "", "left out")
        for match in INITIALISER.finditer(self.code):
            yield self._mutant(match.start(), match.end(), "", "left out")

    def broken(self, mutant: Mutant) -> str:
        return self.text[: mutant.start] + mutant.new + self.text[mutant.end :]


class Workshop:
    """Compiles mutants of one file and runs its tests against them."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        self.objects = [self._compiled(FIRMWARE / path) for path in (*TESTS[name], *BESIDE)]

    def _compiled(self, source: Path) -> str:
        target = str(self.folder / f"{source.stem}.o")
        subprocess.run(
            [CC, *FLAGS, *SANITIZE, "-c", "-o", target, str(source)], cwd=FIRMWARE, check=True, timeout=60
        )
        return target

    def verdict(self, text: str) -> str:
        """'killed', 'survived', or 'invalid' for what the compiler refuses."""
        source, binary = self.folder / "mutant.c", str(self.folder / "mutant")
        source.write_text(text, encoding="utf-8")
        command = [CC, *FLAGS, *SANITIZE, "-o", binary, str(source), *self.objects, "-lm"]
        if subprocess.run(command, cwd=FIRMWARE, capture_output=True, timeout=60).returncode:
            return "invalid"
        try:
            done = subprocess.run([binary], capture_output=True, timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return "killed"
        return "killed" if done.returncode else "survived"


def judged(name: str, line: int | None = None) -> dict[str, list[Mutant]]:
    """Mutants of firmware/core/<name>.c by verdict. Raises RuntimeError if the tests fail before anything is broken."""
    source = Source(FIRMWARE / "core" / f"{name}.c")
    found: dict[str, list[Mutant]] = {"killed": [], "survived": [], "invalid": []}
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(name, Path(folder))
        if workshop.verdict(source.text) != "survived":
            raise RuntimeError(f"the tests of {name}.c fail even though nothing is broken")
        for mutant in source.mutants():
            if line in (None, mutant.line):
                found[workshop.verdict(source.broken(mutant))].append(mutant)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", choices=sorted(TESTS))
    parser.add_argument("--line", type=int, help="only mutants of this line")
    parser.add_argument("--json", action="store_true", help="counts only, for programs")
    parser.add_argument("--list", action="store_true", help="show the mutants, run nothing")
    asked = parser.parse_args()
    if asked.list:
        for mutant in Source(FIRMWARE / "core" / f"{asked.name}.c").mutants():
            print(f"core/{asked.name}.c:{mutant.line}: {mutant.what}")
        return 0
    found = judged(asked.name, asked.line)
    if asked.json:
        print(json.dumps({verdict: len(mutants) for verdict, mutants in found.items()}))
        return 0
    for mutant in found["survived"]:
        print(f"core/{asked.name}.c:{mutant.line}: survived: {mutant.what}")
    counts = {verdict: len(mutants) for verdict, mutants in found.items()}
    print(f"{counts['killed']} killed, {counts['survived']} survived, {counts['invalid']} do not compile")
    return 1 if found["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())
