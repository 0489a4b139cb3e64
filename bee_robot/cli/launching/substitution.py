"""What `$(name argument ...)` stands for in launch files, as ROS 2 performs it.

Known: var, env, find-pkg-share, find-exec, dirname, filename, command, eval, not, and, or. Everything else is an error
that names it.
"""

from __future__ import annotations

import math
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from bee_robot.cli import locations
from bee_robot.cli.launching.lined_yaml import LaunchError
from bee_robot.cli.launching.template import Call, Template, parse

COMMAND_S = 60.0
"""What a `$(command ...)` gets; one that asks a question would otherwise hang the start."""
ON_STDERR = ("fail", "ignore", "warn", "capture")


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


def is_yes(text: str, what: str) -> bool:
    """A truth value as YAML writes it; unlike a condition, 1 and 0 are none. Raises LaunchError."""
    try:
        value = yaml.safe_load(text) if text else None
    except yaml.YAMLError:
        value = None
    if not isinstance(value, bool):
        raise LaunchError(f"{what} is '{text}'; it must be true or false")
    return value


def expand(text: str, scope: Scope) -> str:
    """The text with all substitutions performed. Raises LaunchError (without file and line, which the caller knows)."""
    return perform(parse(text), scope)


def perform(template: Template, scope: Scope) -> str:
    """The text that a template stands for. Raises LaunchError."""
    return "".join(piece if isinstance(piece, str) else _perform_call(piece, scope) for piece in template)


def command_words(text: str, scope: Scope) -> list[str]:
    """A command line in words. What a substitution stands for is never split: a path may hold spaces. Raises LaunchError."""
    words: list[str] = []
    is_open = False  # whether the next piece goes on with the last word
    for piece in parse(text):
        if isinstance(piece, Call):
            performed = _perform_call(piece, scope)
            words[-1:] = [words[-1] + performed] if is_open else [*words[-1:], performed]
            is_open = True
            continue
        try:
            tokens = shlex.split(piece)
        except ValueError as error:
            raise LaunchError(f"'{text}': {error}") from None
        if is_open and tokens and not piece[0].isspace():
            words[-1] += tokens.pop(0)
        words += tokens
        is_open = bool(words) and not piece[-1].isspace()
    return words


def _perform_call(call: Call, scope: Scope) -> str:
    if call.name not in _SUBSTITUTIONS:
        known = ", ".join(sorted(_SUBSTITUTIONS))
        raise LaunchError(f"unknown substitution '$({call.name} ...)'; known: {known}")
    least, most, substitution = _SUBSTITUTIONS[call.name]
    if not least <= len(call.arguments) <= most:
        wanted = str(least) if least == most else f"{least} or {most}"
        raise LaunchError(f"'{call.text}': {call.name} takes {wanted} arguments, not {len(call.arguments)}")
    return substitution([perform(argument, scope) for argument in call.arguments], scope)


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


def _executable(arguments: list[str], scope: Scope) -> str:
    found = shutil.which(arguments[0], path=scope.environment.get("PATH"))
    if found is None:
        raise LaunchError(f"executable '{arguments[0]}' is not on the PATH; install it, or correct its name")
    return found


def _search_path(scope: Scope) -> str:
    """Where commands are sought; at last beside this Python, where pip puts those of packages (xacro)."""
    return os.pathsep.join([scope.environment.get("PATH", os.defpath), str(Path(sys.executable).parent)])


def _command(arguments: list[str], scope: Scope) -> str:
    """Standard output of a command; as on ROS 2, it fails where the command writes to standard error."""
    line, on_stderr = arguments[0], arguments[1] if len(arguments) > 1 else "fail"
    if on_stderr not in ON_STDERR:
        raise LaunchError(f"'{on_stderr}' is no way to treat standard error; known: {', '.join(ON_STDERR)}")
    try:
        done = subprocess.run(
            shlex.split(line),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if on_stderr == "capture" else subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=COMMAND_S,
            check=False,
            env={**os.environ, "PATH": _search_path(scope)},
        )
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise LaunchError(f"the command '{line}' cannot be run: {reason}") from None
    said = " ".join((done.stderr or "").split())
    if done.returncode != 0:
        raise LaunchError(f"the command '{line}' failed with exit status {done.returncode}: {said}")
    if said and on_stderr == "fail":
        raise LaunchError(f"the command '{line}' wrote to standard error: {said}")
    if said and on_stderr == "warn":
        sys.stderr.write(f"{line}: {said}\n")
    return done.stdout


def _evaluated(arguments: list[str], scope: Scope) -> str:
    """A Python expression that sees the names of `math`. A launch file is a program: it starts what it likes anyway."""
    try:
        return str(eval(arguments[0], {}, dict(vars(math))))
    except Exception as error:  # noqa: BLE001 - whatever the expression raises
        raise LaunchError(f"'{arguments[0]}' cannot be evaluated: {error!r}") from None


def _logic(combine: Callable[[list[bool]], bool], name: str) -> Callable[[list[str], Scope], str]:
    def substitution(arguments: list[str], scope: Scope) -> str:
        return str(combine([is_yes(argument, f"an argument of '{name}'") for argument in arguments])).lower()

    return substitution


# name: least and most arguments, how it is done
_SUBSTITUTIONS: dict[str, tuple[int, int, Callable[[list[str], Scope], str]]] = {
    "var": (1, 2, _variable),
    "env": (1, 2, _environment),
    "find-pkg-share": (1, 1, _package_share),
    "find-exec": (1, 1, _executable),
    "dirname": (0, 0, lambda arguments, scope: os.fspath(scope.file.absolute().parent)),
    "filename": (0, 0, lambda arguments, scope: os.fspath(scope.file.absolute())),
    "command": (1, 2, _command),
    "eval": (1, 1, _evaluated),
    "not": (1, 1, _logic(lambda values: not values[0], "not")),
    "and": (2, 2, _logic(all, "and")),
    "or": (2, 2, _logic(any, "or")),
}
