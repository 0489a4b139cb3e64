"""Reads attributes of elements as strictly as ROS 2 does; every complaint names file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bee_robot.cli.launching.lined_yaml import LaunchError, Lined
from bee_robot.cli.launching.substitution import Scope, command_words, expand


class ElementReader:
    """What the walk through a launch file reads attributes with. `_path` is the file that is being read."""

    def __init__(self) -> None:
        self._path = Path()

    def _scope(self) -> Scope:
        """What substitutions see where the walk is."""
        return Scope({}, {}, self._path)

    def _truth(self, body: Lined, key: str, default: bool = False) -> bool:
        value = body.get(key, default)
        if not isinstance(value, bool):
            raise self._error(body.key_lines[key], f"'{key}' is true or false, without quotes")
        return value

    def _needed(self, body: Lined, kind: str, key: str) -> str:
        if key not in body:
            raise self._error(body.line, f"'{kind}' needs '{key}'")
        return self._text(body, key)

    def _plain(self, body: Lined, key: str) -> str:
        if key not in body:
            raise self._error(body.line, f"'{key}' is missing")
        if not isinstance(body[key], str):
            shown = str(body[key]).lower() if isinstance(body[key], bool) else body[key]
            raise self._error(body.key_lines[key], f"'{key}' is text: write it in quotes, \"{shown}\"")
        return str(body[key])

    def _text(self, body: Lined, key: str) -> str:
        text: str = self._expanded(body, key, expand)
        return text

    def _words(self, body: Lined, key: str) -> list[str]:
        words: list[str] = self._expanded(body, key, command_words) if key in body else []
        return words

    def _expanded(self, body: Lined, key: str, expander: Callable[[str, Scope], Any]) -> Any:
        plain = self._plain(body, key)
        try:
            return expander(plain, self._scope())
        except LaunchError as error:
            line = body.key_lines[key]
            raise error if str(self._path) in str(error) else self._error(line, str(error)) from None

    def _list(self, body: Lined, key: str, known: set[str]) -> list[Lined]:
        if key not in body:
            return []
        entries = body[key]
        if (
            not isinstance(entries, list)
            or not entries
            or not all(isinstance(each, Lined) for each in entries)
        ):
            raise self._error(body.key_lines[key], f"'{key}' is a list of mappings with at least one item")
        for entry in entries:
            self._refuse_unknown(key, entry, known)
        return entries

    def _pairs(self, body: Lined, key: str, first: str, second: str) -> list[tuple[str, str]]:
        entries = self._list(body, key, {first, second})
        return [(self._text(entry, first), self._text(entry, second)) for entry in entries]

    def _refuse_unknown(self, kind: str, body: Lined, known: frozenset[str] | set[str]) -> None:
        for key in body:
            if key not in known:
                raise self._error(
                    body.key_lines[key],
                    f"unknown attribute '{key}' of '{kind}'; known: {', '.join(sorted(known))}",
                )

    def _error(self, line: int, message: str) -> LaunchError:
        return LaunchError(f"{self._path}, line {line}: {message}")
