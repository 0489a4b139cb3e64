"""`$(name argument ...)` in launch files, as ROS 2 writes it; may be nested, arguments may be quoted, `\\$` is a dollar.

Known: var, env, find-pkg-share, dirname, not, and, or. Everything else is an error that names it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bee_robot.cli import locations
from bee_robot.cli.launching.lined_yaml import LaunchError


@dataclass(frozen=True)
class Scope:
    """What substitutions see: launch configurations, the process environment, the file they stand in."""

    variables: Mapping[str, str]
    environment: Mapping[str, str]
    file: Path


def is_true(text: str, what: str) -> bool:
    """ROS 2's conditions: true, 1, false, 0, nothing else. Raises LaunchError."""
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.strip().lower() not in known:
        raise LaunchError(f"{what} is '{text}'; it must be true, 1, false or 0")
    return known[text.strip().lower()]


def expand(text: str, scope: Scope) -> str:
    """The text with all substitutions performed. Raises LaunchError (without file and line, which the caller knows)."""
    return _Reader(text, scope).read_until_end()


class _Reader:
    def __init__(self, text: str, scope: Scope) -> None:
        self._text, self._scope, self._at = text, scope, 0

    def read_until_end(self) -> str:
        parts: list[str] = []
        while self._at < len(self._text):
            parts.append(self._piece(self._text[self._at]))
        return "".join(parts)

    def _piece(self, character: str) -> str:
        """One character, an escaped one, or a whole substitution."""
        if self._text.startswith("$(", self._at):
            self._at += 2
            return self._substitution()
        if character == "\\" and self._at + 1 < len(self._text):
            self._at += 1
        self._at += 1
        return self._text[self._at - 1]

    def _substitution(self) -> str:
        words: list[str] = []
        while True:
            while self._here().isspace():
                self._at += 1
            if self._here() == ")":
                self._at += 1
                return _perform(words, self._scope)
            words.append(self._word())

    def _here(self) -> str:
        if self._at >= len(self._text):
            raise LaunchError(f"'{self._text}': a '$(' has no ')'")
        return self._text[self._at]

    def _word(self) -> str:
        quote = self._here() if self._here() in "'\"" else ""
        self._at += len(quote)
        parts: list[str] = []
        while True:
            character = self._here()
            if quote and character == quote:
                self._at += 1
                return "".join(parts)
            if not quote and (character.isspace() or character == ")"):
                return "".join(parts)
            parts.append(self._piece(character))


def _perform(words: list[str], scope: Scope) -> str:
    if not words:
        raise LaunchError("'$()' names no substitution")
    name, arguments = words[0], words[1:]
    if name not in _SUBSTITUTIONS:
        raise LaunchError(f"unknown substitution '$({name} ...)'; known: {', '.join(sorted(_SUBSTITUTIONS))}")
    least, most, perform = _SUBSTITUTIONS[name]
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} or {most}"
        raise LaunchError(f"'$({' '.join(words)})': {name} takes {wanted} arguments, not {len(arguments)}")
    return perform(arguments, scope)


def _variable(arguments: list[str], scope: Scope) -> str:
    if arguments[0] in scope.variables:
        return scope.variables[arguments[0]]
    if len(arguments) > 1:
        return arguments[1]
    raise LaunchError(
        f"no launch argument '{arguments[0]}' is declared; declare it with 'arg' or 'let' before its use"
    )


def _environment(arguments: list[str], scope: Scope) -> str:
    if arguments[0] in scope.environment:
        return scope.environment[arguments[0]]
    if len(arguments) > 1:
        return arguments[1]
    raise LaunchError(
        f"environment variable '{arguments[0]}' is not set; set it, or write $(env {arguments[0]} default)"
    )


def _package_share(arguments: list[str], scope: Scope) -> str:
    folder = locations.share_folder(arguments[0])
    if folder is None:
        raise LaunchError(f"package '{arguments[0]}' is not installed on this machine")
    return str(folder)


def _logic(combine: Callable[[list[bool]], bool], name: str) -> Callable[[list[str], Scope], str]:
    def perform(arguments: list[str], scope: Scope) -> str:
        return str(combine([is_true(argument, f"argument of '{name}'") for argument in arguments])).lower()

    return perform


# name: least and most arguments, how it is done
_SUBSTITUTIONS: dict[str, tuple[int, int, Callable[[list[str], Scope], str]]] = {
    "var": (1, 2, _variable),
    "env": (1, 2, _environment),
    "find-pkg-share": (1, 1, _package_share),
    "dirname": (0, 0, lambda arguments, scope: os.fspath(scope.file.resolve().parent)),
    "not": (1, 1, _logic(lambda values: not values[0], "not")),
    "and": (2, 2, _logic(all, "and")),
    "or": (2, 2, _logic(any, "or")),
}
