"""Finds the verb that a command line names and runs it."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from typing import NoReturn

from bee_robot.embedded_ros.tools.verb import PROGRAM, ToolError, Verb, complain, say

EXIT_FAILED = 1
EXIT_USAGE = 2
GROUPS = {
    "action": "list, info, type, find, send_goal",
    "interface": "show, list, package, packages, proto",
    "lifecycle": "nodes, get, set, list",
    "node": "list, info",
    "param": "list, get, set, describe, dump, load, delete",
    "service": "list, type, info, find, call",
    "topic": "list, info, type, find, echo, hz, bw, delay, pub",
}
"""Groups with their verbs; a test compares."""


class _Parser(argparse.ArgumentParser):
    """argparse whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def verbs_of(group: str) -> tuple[Verb, ...]:
    module = importlib.import_module(f"{__package__}.{group}")
    found: tuple[Verb, ...] = module.VERBS
    return found


def parse(words: list[str], program: str) -> tuple[Verb, argparse.Namespace] | int:
    """The verb and its arguments; or an exit status where help was asked for or the words make no sense."""
    if not words or words[0] in ("-h", "--help"):
        width = max(map(len, GROUPS))
        groups = "\n".join(f"  {group:<{width}}  {verbs}" for group, verbs in GROUPS.items())
        say(f"usage: {program} GROUP VERB [options]\n\ngroups and their verbs:\n{groups}")
        say(f"\n'{program} GROUP VERB --help' shows the options of a verb; they are those of ros2.")
        return 0
    group = words[0]
    if group not in GROUPS:
        return _unknown(f"{program}: unknown group '{group}'", list(GROUPS))
    verbs = verbs_of(group)
    if len(words) == 1 or words[1] in ("-h", "--help"):
        width = max(len(each.name) for each in verbs)
        say(f"usage: {program} {group} VERB [options]\n\nverbs:")
        for each in verbs:
            say(f"  {each.name:<{width}}  {each.help}")
        return 0
    verb = next((each for each in verbs if each.name == words[1]), None)
    if verb is None:
        return _unknown(f"{program} {group}: unknown verb '{words[1]}'", [v.name for v in verbs])
    parser = _Parser(prog=f"{program} {group} {verb.name}", description=f"{verb.help}.", allow_abbrev=False)
    verb.add_arguments(parser)
    # argparse forgets "--" when options and other words are mixed
    read = parser.parse_args if "--" in words else parser.parse_intermixed_args
    return verb, read(words[2:])


def _unknown(what: str, known: list[str]) -> int:
    complain(f"{what}; known: {', '.join(known)}")
    return EXIT_USAGE


def main(words: list[str], program: str = "ros2") -> int:
    """Run one command. Exit status: 0 it worked, 1 it did not, 2 the words make no sense or Ctrl-C."""
    parsed = parse(words, program)
    if isinstance(parsed, int):
        return parsed
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)  # who reads a pipe sees each message at once
    verb, args = parsed
    try:
        return verb.run(args) or 0
    except KeyboardInterrupt:
        return int(signal.SIGINT)
    except (ToolError, RuntimeError) as error:
        complain(f"{program} {words[0]} {words[1]}: {error}".replace(PROGRAM, program))
        return EXIT_FAILED
