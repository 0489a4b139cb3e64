"""What a verb is, how it says things and how it fails."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

PROGRAM = "<program>"
"""Stands for the program's name in messages: `see '<program> topic list'`."""


class ToolError(Exception):
    """It did not work: one line that says what, where and what to do. The exit status is 1."""


@dataclass(frozen=True)
class Verb:
    """`add_arguments` gets the verb's parser; `run` gives the exit status (None: 0)."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int | None]


def say(text: str = "") -> None:
    """A line on standard output."""
    sys.stdout.write(f"{text}\n")


def complain(text: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"{text}\n")


def positive_float(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("the value has to be greater than zero")
    return value


def positive_int(text: str) -> int:
    value = int(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("the value has to be a positive whole number")
    return value


def unsigned_int(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("the value has to be a whole number from 0")
    return value
