"""`bee doctor`: what is here, what is missing, what to do. Standard library only; runs where nothing is installed."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import bee_robot
from bee_robot.cli.checkup import Finding, State, examine

NAME = "doctor"
HELP = "Say what is here, what is missing and what to do"

EXIT_CANNOT_SIMULATE = 1
COLOURS = {State.OK: "32", State.MISSING: "31", State.ABSENT: "2", State.WARNING: "33"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file to check (default: the reference tower)"
    )
    parser.add_argument("--json", action="store_true", help="findings as JSON on standard output")


def run(arguments: argparse.Namespace) -> int:
    """0 when a simulated visit can run, 1 otherwise."""
    findings = examine(arguments.robot)
    blocking = [finding for finding in findings if finding.state is State.MISSING]
    if arguments.json:
        rows = [finding.as_json() for finding in findings]
        print(
            json.dumps(
                {"version": bee_robot.__version__, "can_simulate": not blocking, "findings": rows}, indent=2
            )
        )
    else:
        _print_all(findings, blocking)
    return EXIT_CANNOT_SIMULATE if blocking else 0


def _print_all(findings: list[Finding], blocking: list[Finding]) -> None:
    print(f"bee_robot {bee_robot.__version__} on Python {sys.version.split()[0]}, {sys.platform}")
    width = max(len(finding.name) for finding in findings)
    group = ""
    for finding, following in zip(findings, [*findings[1:], None]):
        if finding.group != group:
            group = finding.group
            print(f"\n{group}")
        print(f"  {_coloured(finding.state)} {finding.name:<{width}}  {finding.detail}")
        is_said_again = (
            following is not None and finding.group == following.group and finding.remedy == following.remedy
        )
        if finding.remedy and not is_said_again:
            print(f"  {'':7} {'':<{width}}  -> {finding.remedy}")
    print()
    if blocking:
        print(f"A simulated visit cannot run yet: {', '.join(finding.name for finding in blocking)}.")
    else:
        print("A simulated visit can run: bee inspect --sim --box 1")


def _coloured(state: State) -> str:
    text = f"{state.value:<7}"
    return f"\033[{COLOURS[state]}m{text}\033[0m" if sys.stdout.isatty() else text
