"""Lines of several processes on one screen, the name before each, in a colour of its own on a terminal."""

from __future__ import annotations

import os
import re
import sys
import threading

COLOURS = ("36", "33", "32", "35", "34", "31", "96", "93", "92", "95", "94", "91")
_SAFE_COLOUR = r"\x1b\[[0-9;]*m"
_CONTROL = re.compile(rf"({_SAFE_COLOUR})|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
RESET = "\033[0m"


def printable(line: str) -> str:
    """A line that cannot move the cursor or clear the screen: of control characters only colours and tabs are kept."""
    shown = _CONTROL.sub(lambda found: found[1] or f"\\x{ord(found[0]):02x}", line)
    return shown + RESET if "\033[" in shown else shown


class LinePrinter:
    """Writes whole lines to standard output, from any thread. Once nobody reads any more, it is silent."""

    def __init__(self) -> None:
        self._is_coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, str] = {}
        self._writing = threading.Lock()
        self._is_silent = False
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")  # a character that the screen does not have

    def __call__(self, name: str, line: str) -> None:
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        prefix = f"\033[{colour}m[{name}]{RESET}" if self._is_coloured else f"[{name}]"
        with self._writing:
            if self._is_silent:
                return
            try:
                sys.stdout.write(f"{prefix} {printable(line)}\n")
                sys.stdout.flush()
            except OSError:
                # The reader has left (a pipe, a terminal); that must not end a robot.
                self._is_silent = True
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
