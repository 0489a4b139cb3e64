"""`bee up`: start the processes of a robot, or of a console, and keep them up until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bee_robot.cli import up_arguments
from bee_robot.cli.inputs import InputError
from bee_robot.cli.interrupts import Interrupts
from bee_robot.cli.launching.launch_file import LaunchDescription
from bee_robot.cli.launching.log_folder import new_log_folder
from bee_robot.cli.launching.start_order import StartError
from bee_robot.cli.launching.supervisor import Exit, Supervisor
from bee_robot.cli.line_printer import LinePrinter
from bee_robot.cli.main import VerbParser
from bee_robot.cli.robot_processes import (
    EXTRACTOR,
    arguments_of,
    describe,
    known_robots,
    private_folder,
    require_free_names,
    started,
    table,
    wait_until_ready,
)
from bee_robot.clock import wall_s, wall_sleep
from bee_robot.nodes.graph_client import GraphClient, GraphError

NAME = "up"
HELP = "Start a robot's processes and keep them up"

EXIT_UNWELL, EXIT_BAD_INPUT, EXIT_FAILED, EXIT_AT_ONCE = 1, 2, 3, 130
LOOK_S = 0.1
US = "bee"
EXIT_STATUS = """\
exit status: 0 ended well when asked to (Ctrl-C, SIGTERM, closed terminal); 1 asked to end, but a process did not end
well; 2 bad input; 3 it did not come up, or ended because a process did that it cannot do without; 130 stopped at once
by a second signal.
"""


def run_words(words: list[str]) -> int:
    """The words after `bee up`. Options depend on the launch file. Returns the exit status (see EXIT_STATUS)."""
    try:
        parser = _parser(words)
        return run(parser.parse_intermixed_args(words))
    except InputError as error:
        return _complain(error, EXIT_BAD_INPUT)
    except (StartError, GraphError) as error:
        return _complain(error, EXIT_FAILED)


def check_words(words: list[str]) -> None:
    """Parse without running. SystemExit or InputError where the words make no sense."""
    try:
        _parser(words).parse_intermixed_args(words)
    except SystemExit as left:
        if left.code:  # not where help was asked for
            raise


def _complain(error: Exception, status: int) -> int:
    sys.stderr.write(f"bee up: {error}\n")
    return status


def _parser(words: list[str]) -> VerbParser:
    """The parser for the launch file that the words name; a general one where they name none. Raises InputError."""
    kind = _kind(words)
    parser = VerbParser(
        prog=f"bee {NAME} {kind}".rstrip(),
        description=f"{HELP}.",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "kind", metavar="KIND", help=f"which launch file: {', '.join(known_robots())}, or a path"
    )
    parser.add_argument(
        "-s", "--show-args", action="store_true", help="show the arguments of the launch file and end"
    )
    if not kind:
        parser.epilog = f"{EXIT_STATUS}\nThe options of one: bee up {'|'.join(known_robots())} --help"
        return parser
    declared = arguments_of(kind)
    up_arguments.add_options(parser, declared)
    parser.epilog = f"{up_arguments.epilog(table(kind).name, declared)}\n\n{EXIT_STATUS}"
    return parser


def _kind(words: list[str]) -> str:
    """The first word that is not an option's: which launch file."""
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    finder.add_argument("words", nargs="*")
    for name, option in up_arguments.OPTIONS.items():
        if option.metavar:
            finder.add_argument(f"--{name}", nargs="?")
        else:
            finder.add_argument(f"--{name}", action="store_true")
    try:
        found = finder.parse_known_intermixed_args(words)[0].words
    except argparse.ArgumentError:
        return ""
    return next((word for word in found if not word.startswith("-")), "")


def run(given: argparse.Namespace) -> int:
    """See EXIT_STATUS. Raises InputError, StartError, GraphError."""
    declared = arguments_of(given.kind)
    if given.show_args:
        print(up_arguments.listing(declared))
        return 0
    with private_folder() as run_dir:
        description = describe(given.kind, up_arguments.launch_arguments(given, declared, run_dir))
        label = description.values.get("namespace") or given.kind
        try:
            log_folder = new_log_folder(label)
        except OSError as error:
            raise InputError(
                f"the log folder cannot be made ({error.strerror}: {error.filename}); set BEE_LOG_DIR to another"
            ) from None
        return _Run(description, label, log_folder).until_end()


class _Run:
    """One robot, or console, from its start to its end."""

    def __init__(self, description: LaunchDescription, label: str, log_folder: Path) -> None:
        self._description, self._label, self._log_folder = description, label, log_folder
        self._interrupts = Interrupts()
        self._printer = LinePrinter()

    def until_end(self) -> int:
        with (
            self._interrupts,
            started(self._description, self._log_folder, self._printer) as supervisor,
        ):
            self._interrupts.when_second(supervisor.hurry)
            for message in self._description.messages:
                self._say(message)
            try:
                self._start(supervisor)
            except KeyboardInterrupt:
                return self._end(supervisor)
            died = self._watch(supervisor)
            ended = self._end(supervisor)
            return EXIT_FAILED if died and ended != EXIT_AT_ONCE else ended

    def _start(self, supervisor: Supervisor) -> None:
        began_s = wall_s()
        with GraphClient(self._description.values.get("namespace", "")) as client:
            require_free_names(client, self._description)
            wait_until_ready(client, supervisor, self._leave_if_asked, self._say)
        has_visits = any(node.executable == EXTRACTOR for node in self._description.nodes)
        next_step = " A visit: bee inspect --box 1." if has_visits else ""
        self._say(
            f"{self._label} is ready after {wall_s() - began_s:.1f} s.{next_step} End: Ctrl-C. "
            f"Logs: {self._log_folder}"
        )

    def _watch(self, supervisor: Supervisor) -> bool:
        """Until somebody asks for the end, or a process has died that cannot be done without: True then."""
        while not self._interrupts.count:
            for ended in supervisor.unexpected_exits():
                self._tell(ended, supervisor)
                if ended.ends_robot:
                    self._say(f"{self._label} is not whole without {ended.name}; ending the others in order")
                    return True
            wall_sleep(LOOK_S)
        return False

    def _tell(self, ended: Exit, supervisor: Supervisor) -> None:
        alarm = "ALERT: " if ended.is_given_up else ""
        self._say(f"{alarm}{ended}; {ended.consequence}. Its log: {supervisor.log_file(ended.name)}")

    def _leave_if_asked(self) -> None:
        if self._interrupts.count:
            raise KeyboardInterrupt

    def _end(self, supervisor: Supervisor) -> int:
        if self._interrupts.count:
            self._say("ending well: a running visit is closed first. Ctrl-C again stops at once")
        began_s = wall_s()
        supervisor.end()
        endings = supervisor.endings()
        self._say(f"ended in {wall_s() - began_s:.1f} s: {', '.join(map(str, endings))}")
        if self._interrupts.count > 1:
            return EXIT_AT_ONCE
        return 0 if all(ending.is_well for ending in endings) else EXIT_UNWELL

    def _say(self, text: str) -> None:
        self._printer(US, text)
