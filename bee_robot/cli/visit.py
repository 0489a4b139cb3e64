"""`bee visit`: a word to the job that runs, from any terminal: pause, resume, skip, stop, answer; and what it is at."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bee_robot.cli import inputs
from bee_robot.cli.inputs import InputError
from bee_robot.cli.progress import minutes
from bee_robot.cli.simulated_person import do_what_is_asked
from bee_robot.clock import wall_s, wall_sleep
from bee_robot.nodes.graph_client import GraphClient, GraphError
from bee_robot.nodes.job_reports import JobState

NAME = "visit"
HELP = "Pause, resume, skip a frame, stop or answer the job that runs; say what it is at"

EXIT_NOT_HEARD, EXIT_BAD_INPUT, EXIT_FAILED = 1, 2, 3
STATE_S = 5.0
ACTIONS = {
    "state": "what runs, for whom, how far it is, what it asks for",
    "pause": "come to rest where the machine may rest; nothing resumes by itself",
    "resume": "go on with what is paused",
    "skip": "put the frame in hand back without photographs, or leave out the next one",
    "stop": "set the frame in hand down, then close the hive; --now: stop all motion at once, whatever is open",
    "answer": "what the job asks a person to do is done; 'answer cancel': it will not be done, undo it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    lines = [f"  {name:<7} {what}" for name, what in ACTIONS.items()]
    parser.epilog = "\n".join(
        [
            "actions:",
            *lines,
            "",
            "Anybody may pause, skip and stop. Who resumes or answers lets the machine move, and is kept by name.",
            "exit status: 0 heard; 1 not heard, the reason is said; 2 bad input; 3 no robot answers.",
        ]
    )
    parser.add_argument("action", choices=tuple(ACTIONS), metavar="ACTION", help=", ".join(ACTIONS))
    parser.add_argument("text", nargs="?", default="", metavar="TEXT", help="answer: 'cancel', or nothing")
    parser.add_argument("--now", action="store_true", help="stop: at once")
    parser.add_argument(
        "--sim", action="store_true", help="answer: let the simulated person do first what is asked"
    )
    parser.add_argument("--by", metavar="NAME", help="who says so (default: the user's name)")
    parser.add_argument("--because", default="", metavar="TEXT", help="why; kept in the journal")
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file (default: the reference tower)"
    )
    parser.add_argument(
        "--namespace", metavar="NAME", help="namespace of its nodes (default: the robot's name)"
    )


def run(arguments: argparse.Namespace) -> int:
    """0 heard; 1 not heard; 2 bad input; 3 no robot answers."""
    verb = f"bee visit {arguments.action}"
    try:
        _check(arguments)
        _, robot = inputs.robot_file(arguments.robot)
        namespace = arguments.namespace if arguments.namespace is not None else robot.robot
    except InputError as error:
        sys.stderr.write(f"{verb}: {error}\n")
        return EXIT_BAD_INPUT
    with GraphClient(namespace) as client:
        try:
            state = _state(client, namespace)
        except GraphError as error:
            sys.stderr.write(f"{verb}: {error}\n")
            return EXIT_FAILED
        if arguments.action == "state":
            print("\n".join(told(state)))
            return 0
        return _say(client, verb, arguments)


def _check(given: argparse.Namespace) -> None:
    if given.now and given.action != "stop":
        raise InputError(f"--now belongs to 'stop', not to '{given.action}'")
    if given.sim and (given.action != "answer" or given.text):
        raise InputError("--sim belongs to 'answer', where the simulated person does what is asked")
    if given.text and given.action != "answer":
        raise InputError(
            f"'{given.text}' belongs to 'answer', not to '{given.action}'; a reason: --because TEXT"
        )


def _state(client: GraphClient, namespace: str) -> JobState:
    """What frame_extractor says of itself. Raises GraphError where it says nothing."""
    until_s = wall_s() + STATE_S
    while (state := client.job_state()) is None:
        if wall_s() > until_s:
            raise GraphError(
                f"no frame_extractor of {namespace or 'this graph'} answers within {STATE_S:g} s; is the robot up? "
                "(bee up tower, or --namespace NAME)"
            )
        wall_sleep(0.02)
    return state


def _say(client: GraphClient, verb: str, given: argparse.Namespace) -> int:
    word = "stop_now" if given.now else given.action
    try:
        if given.sim:
            print("\n".join(do_what_is_asked(client)))
        print(client.say(word, given.by or inputs.user_name(), given.because, given.text))
    except GraphError as error:
        sys.stderr.write(f"{verb}: {error}\n")
        return EXIT_NOT_HEARD
    return 0


def told(state: JobState) -> list[str]:
    """A state in lines for people."""
    if not state.job:
        return ["No job has run since frame_extractor started."]
    whose = f", as {state.by} asked" if state.by else ""
    if not state.is_busy:
        lines = [
            f"No job runs. The last one: it {state.says}{whose}; it ended {state.end_state or 'refused'}."
        ]
        return [*lines, f"To do: {state.instruction}"] if state.instruction else lines
    lines = [f"It {state.says}{whose}.", f"Phase {state.phase or 'start'}: {state.text}"]
    if state.frame:
        lines.append(f"Frame {state.frame} of {state.frames_total}.")
    if state.is_open:
        which = f"Box {state.box}" if state.box else "A box"
        lines.append(
            f"{which} is open since {minutes(state.open_time_s)} of {minutes(state.open_limit_s)} planned; "
            f"closing begins at {minutes(state.close_at_s)}."
        )
    if state.is_paused:
        lines.append(f"PAUSED by {state.paused_because}; it goes on with 'bee visit resume'.")
    if state.asks:
        lines.append(f"TO DO: {state.asks} To answer: bee visit answer --by NAME.")
    if state.stop_because:
        lines.append(f"It is ending: {state.stop_because}.")
    return lines
