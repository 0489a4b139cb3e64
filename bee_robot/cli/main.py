"""The command line's entry point. Standard library only: `bee doctor` has to run where nothing is installed.

A verb's file is imported when it is asked for; its NAME and HELP are read from its text for the list.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import bee_robot

EXIT_BAD_INPUT = 2
EXIT_NOT_INSTALLED = 3
DESCRIPTION = "Robots that inspect honey-bee colonies: simulate, run, look at results."
FIRST_STEPS = """\
first steps:
  bee doctor                      what is here, what is missing, what to do
  bee inspect --sim --box 1       visit a box of the simulated tower
  bee up tower --sim              the same robot, staying up
  bee VERB --help                 the options of a verb
"""


@dataclass(frozen=True)
class Verb:
    name: str
    help: str
    module: str


def verbs() -> list[Verb]:
    """Every verb, found by its file, none of them imported."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        texts = _constants(path)
        if "NAME" in texts and "HELP" in texts:
            found.append(Verb(texts["NAME"], texts["HELP"], f"{__package__}.{path.stem}"))
    return sorted(found, key=lambda verb: verb.name)


def _constants(path: Path) -> dict[str, str]:
    """NAME and HELP as the file assigns them at its top level."""
    texts = {}
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            for target in statement.targets:
                if isinstance(target, ast.Name) and isinstance(statement.value.value, str):
                    texts[target.id] = statement.value.value
    return {name: text for name, text in texts.items() if name in ("NAME", "HELP")}


class VerbParser(argparse.ArgumentParser):
    """argparse whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: {message}; see {self.prog} --help\n")


def _overview(known: list[Verb]) -> str:
    width = max((len(verb.name) for verb in known), default=0)
    lines = [f"  {verb.name:<{width}}  {verb.help}" for verb in known]
    return "\n".join(["usage: bee VERB [options]", "", DESCRIPTION, "", "verbs:", *lines, "", FIRST_STEPS])


def _complain(message: str) -> int:
    sys.stderr.write(f"bee: {message}\n")
    return EXIT_BAD_INPUT


def _missing_package(error: ModuleNotFoundError, verb: Verb) -> int:
    package = (error.name or "").partition(".")[0]
    is_ours = package in ("", bee_robot.__name__) or importlib.util.find_spec(package) is not None
    if is_ours:  # a fault in the software, not a missing package
        raise error
    if package in ("rclpy", "bee_robot_interfaces"):
        sys.stderr.write(f"bee {verb.name}: {error}\n")  # the import switch names the remedy
        return EXIT_NOT_INSTALLED
    sys.stderr.write(
        f"bee {verb.name}: the Python package '{package}' is not installed for {sys.executable}; "
        "run 'make setup' in the source folder and use .venv/bin/bee, or see 'bee doctor'\n"
    )
    return EXIT_NOT_INSTALLED


def main(arguments: list[str] | None = None) -> int:
    """Run one verb. Returns its exit status; 2 for bad input, 3 where a package is missing."""
    given = sys.argv[1:] if arguments is None else arguments
    known = verbs()
    if not given or given[0] in ("-h", "--help", "help"):
        print(_overview(known), end="")
        return 0
    if given[0] in ("-V", "--version"):
        print(f"bee_robot {bee_robot.__version__} (ROS: {bee_robot.ros_runtime().kind})")
        return 0
    verb = next((verb for verb in known if verb.name == given[0]), None)
    if verb is None:
        return _complain(f"unknown verb '{given[0]}'; known: {', '.join(v.name for v in known)} (bee --help)")
    try:
        module = importlib.import_module(verb.module)
        if hasattr(module, "run_words"):  # a verb with verbs of its own
            return int(module.run_words(given[1:]))
        parser = VerbParser(prog=f"bee {verb.name}", description=f"{verb.help}.", allow_abbrev=False)
        module.add_arguments(parser)
        # argparse forgets "--" when options and other words are mixed
        parse = parser.parse_args if "--" in given else parser.parse_intermixed_args
        return int(module.run(parse(given[1:])))
    except ModuleNotFoundError as error:
        return _missing_package(error, verb)
    except BrokenPipeError:  # the reader of our output left: | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
