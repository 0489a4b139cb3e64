"""Text with `$(name argument ...)` in it, taken apart by the grammar of ROS 2 launch files.

Arguments are parted by single spaces; an argument may be quoted, and then hold spaces; substitutions nest; a backslash
makes the next character plain. Within quotes the other kind of quote is plain text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bee_robot.cli.launching.lined_yaml import LaunchError

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
ESCAPED = re.compile(r"\\(.)")
ESCAPABLE_IN_ARGUMENTS = tuple("()$'\"")


@dataclass(frozen=True)
class Call:
    """One substitution: its name, and each argument as a template of its own. `text`: as it was written."""

    name: str
    arguments: tuple[Template, ...]
    text: str


Template = tuple["str | Call", ...]
"""Plain texts (escapes resolved) and calls, in order."""


def parse(text: str) -> Template:
    """Take a text apart. Raises LaunchError (without file and line, which the caller knows)."""
    return _Reader(text).until_end()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def until_end(self) -> Template:
        return self._pieces(None)

    def _pieces(self, quote: str | None) -> Template:
        """Up to the end of the text, or to the quote that closes it."""
        pieces: list[str | Call] = []
        begun = self._at
        while self._at < len(self._text) and self._text[self._at] != quote:
            if self._text.startswith("$(", self._at):
                _add_text(pieces, self._text[begun : self._at])
                pieces.append(self._call(quote))
                begun = self._at
            else:
                is_escape = self._text[self._at] == "\\" and self._next() in ("$", quote)
                self._at += 2 if is_escape else 1
        self._at = min(self._at, len(self._text))
        _add_text(pieces, self._text[begun : self._at])
        return tuple(pieces)

    def _call(self, quote: str | None) -> Call:
        begun = self._at
        self._at += 2
        name = NAME.match(self._text, self._at)
        if name is None:
            if self._text[self._at : self._at + 1] == ")":
                raise LaunchError("'$()' names no substitution")
            raise self._error("a name follows '$(' at once")
        self._at = name.end()
        arguments = []
        while self._here() == " ":
            self._at += 1
            arguments.append(self._argument(quote))
        if self._here() != ")":
            raise self._error(f"'{self._here()}' is not expected after '{self._text[begun : self._at]}'")
        self._at += 1
        return Call(name.group(), tuple(arguments), self._text[begun : self._at])

    def _argument(self, quote: str | None) -> Template:
        if quote is None and self._here() in "'\"":
            own = self._here()
            self._at += 1
            pieces = self._pieces(own)
            self._here()  # the closing quote
            self._at += 1
            return pieces
        pieces = self._word(quote)
        if not pieces:
            raise self._error(
                "arguments are parted by one space; one that is empty or holds spaces is quoted"
            )
        return pieces

    def _word(self, quote: str | None) -> Template:
        """An argument that is not quoted. Quotes in it are plain where a quoted text surrounds it, but not its own."""
        pieces: list[str | Call] = []
        begun = self._at
        while self._here() not in " )":
            character = self._here()
            if self._text.startswith("$(", self._at):
                _add_text(pieces, self._text[begun : self._at])
                pieces.append(self._call(quote))
                begun = self._at
            elif character == "\\" and self._next() in ESCAPABLE_IN_ARGUMENTS:
                self._at += 2
            elif character == "(" or character == quote or (quote is None and character in "'\""):
                raise self._error(f"write \\{character} for a '{character}' that is plain text")
            else:
                self._at += 1
        _add_text(pieces, self._text[begun : self._at])
        return tuple(pieces)

    def _here(self) -> str:
        if self._at >= len(self._text):
            raise self._error("a '$(' has no ')', or a quoted argument no end")
        return self._text[self._at]

    def _next(self) -> str:
        return self._text[self._at + 1 : self._at + 2]

    def _error(self, says: str) -> LaunchError:
        return LaunchError(f"'{self._text}': {says}")


def _add_text(pieces: list[str | Call], text: str) -> None:
    if text:
        pieces.append(ESCAPED.sub(r"\1", text))
