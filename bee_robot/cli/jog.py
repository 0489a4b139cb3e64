"""`bee jog`: small steps of one axis or a pair, for a person beside the machine; each is judged by all rules first."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from bee_robot.cli import chosen_robot, inputs
from bee_robot.cli.chosen_robot import RobotAtHand
from bee_robot.cli.inputs import InputError
from bee_robot.cli.interrupts import Interrupts
from bee_robot.cli.keys import Keys
from bee_robot.cli.launching.start_order import StartError
from bee_robot.clock import wall_sleep
from bee_robot.configuration import AXIS_NAMES
from bee_robot.extraction.jog import MOST_MM
from bee_robot.nodes.graph_client import GraphError, JobHandle
from bee_robot.nodes.job_reports import JobResult

NAME = "jog"
HELP = "Move an axis, or a pair, in small steps by hand, under the same rules as a visit"

EXIT_REFUSED, EXIT_BAD_INPUT, EXIT_FAILED, EXIT_STOPPED = 1, 2, 3, 130
LOOK_S = 0.05
PAIRS = {kind: (f"{kind}_left", f"{kind}_right") for kind in ("lift", "scan", "shuttle")}
STEPS_MM = (0.5, 1.0, 2.0, 5.0, 10.0)
KEYS = """\
keys: l, s, y choose lift beams, scan beams, shuttles; left and right arrow one side of the pair, b both;
up and down arrow move by a step (for shuttles: to the front, to the back) as often as they are pressed, or held;
+ and - change the step; Esc ends. A key that comes while a step runs is dropped: nothing moves after you let go.
"""


@dataclass
class Choice:
    """What the next step moves."""

    kind: str = "lift"
    side: str = "both"
    step: int = 1

    @property
    def axes(self) -> tuple[str, ...]:
        return PAIRS[self.kind] if self.side == "both" else (f"{self.kind}_{self.side}",)

    @property
    def step_mm(self) -> float:
        return STEPS_MM[self.step]

    def press(self, key: str) -> float:
        """A key; how far to move for it, mm, 0 where it moves nothing."""
        if key in ("up", "down"):
            return self.step_mm if key == "up" else -self.step_mm
        kinds = {"l": "lift", "s": "scan", "y": "shuttle"}
        self.kind = kinds.get(key, self.kind)
        self.side = {"left": "left", "right": "right", "b": "both"}.get(key, self.side)
        self.step = max(0, min(len(STEPS_MM) - 1, self.step + {"+": 1, "-": -1}.get(key, 0)))
        return 0.0

    def __str__(self) -> str:
        side = "both" if self.side == "both" else self.side
        return f"{self.kind}, {side}, step {self.step_mm:g} mm"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        f"Without AXIS: with keys, on a terminal.\n{KEYS}\n"
        "exit status: 0 done; 1 refused, or it ended elsewhere: the reason is said; 2 bad input; 3 the robot did not come up;\n"
        "130 stopped by Ctrl-C."
    )
    parser.add_argument(
        "axis",
        nargs="?",
        choices=(*AXIS_NAMES, *PAIRS),
        metavar="AXIS",
        help=f"one of {', '.join(AXIS_NAMES)}; or a pair: {', '.join(PAIRS)}",
    )
    parser.add_argument(
        "distance",
        nargs="?",
        type=distance_mm,
        metavar="MM",
        help="up, or to the front: +5; the other way: -5",
    )
    parser.add_argument("--by", metavar="NAME", help="who, for the record (default: the user's name)")
    chosen_robot.add_arguments(parser)


def distance_mm(text: str) -> float:
    """argparse type of a step."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < abs(value) <= MOST_MM:
        raise argparse.ArgumentTypeError(f"'{text}' is no step of up to {MOST_MM:g} mm, like +5 or -0.5")
    return value


def run(arguments: argparse.Namespace) -> int:
    """0 done; 1 refused or elsewhere; 2 bad input; 3 the robot did not come up; 130 stopped."""
    console = Console()
    try:
        if (arguments.axis is None) != (arguments.distance is None):
            raise InputError("AXIS and MM go together, like lift +5; with keys: give neither")
        with Keys() as keys:
            if arguments.axis is None and not keys.is_there:
                raise InputError("keys need a terminal; without one give AXIS and MM, like lift_left +5")
        chosen = chosen_robot.checked(arguments, "jog")
        by = arguments.by or inputs.user_name()
        with Interrupts() as interrupts, chosen_robot.at_hand(chosen, interrupts, console) as hand:
            jogging = Jogging(hand, interrupts, console, by)
            if hand.is_sim:
                jogging.find_end_stops()
            if arguments.axis is None:
                return jogging.with_keys()
            axes = PAIRS.get(arguments.axis, (arguments.axis,))
            return jogging.status_of(jogging.step(axes, arguments.distance))
    except InputError as error:
        sys.stderr.write(f"bee jog: {error}\n")
        return EXIT_BAD_INPUT
    except (StartError, GraphError) as error:
        sys.stderr.write(f"bee jog: {error}\n")
        return EXIT_FAILED


class Jogging:
    """Steps of one person. Nothing is queued: the next step begins when the one before is over."""

    def __init__(self, hand: RobotAtHand, interrupts: Interrupts, console: Console, by: str) -> None:
        self._hand, self._interrupts, self._console, self._by = hand, interrupts, console, by

    def find_end_stops(self) -> None:
        """A board that was just started does not know where its axes are. Not for a real one: it may be held, with something
        in its hands, and recovery would go on with that."""
        with self._console.status("looking for the end stops of the axes"):
            result = self._wait(self._hand.client.start("recover", by=self._by))
        if result.error_code:
            raise GraphError(f"{result.error}. {result.instruction}")

    def _wait(self, handle: JobHandle) -> JobResult:
        """Until it is over; Ctrl-C stops the motion."""
        is_stopped = False
        while not handle.done():
            if self._interrupts.count and not is_stopped:
                is_stopped = True
                handle.stop_now("a person pressed Ctrl-C while jogging")
            wall_sleep(LOOK_S)
        return handle.result()

    def with_keys(self) -> int:
        choice = Choice()
        self._console.print(KEYS, highlight=False)
        with Keys() as keys, self._console.status(str(choice)) as status:
            while keys.is_there and not self._interrupts.count:
                for key in keys.pressed(LOOK_S)[:1]:  # the others came while a step ran
                    if key in ("escape", "q"):
                        return 0
                    by_mm = choice.press(key)
                    status.update(str(choice))
                    if by_mm:
                        self._try(choice.axes, by_mm)
                        keys.pressed()  # dropped
        return EXIT_STOPPED if self._interrupts.count else 0

    def _try(self, axes: tuple[str, ...], by_mm: float) -> None:
        """A refused step is said and the next one may come."""
        try:
            self.step(axes, by_mm)
        except GraphError as error:
            self._console.print(Text(str(error), style="yellow"), soft_wrap=True)

    def step(self, axes: tuple[str, ...], by_mm: float) -> JobResult:
        """One step, until it is over. Raises GraphError where the robot is busy or gone. Ctrl-C stops the motion."""
        handle = self._hand.client.start("jog_tower", axes=list(axes), distance=by_mm / 1000.0, by=self._by)
        result = self._wait(handle)
        self._tell(axes, by_mm, result)
        return result

    def _tell(self, axes: tuple[str, ...], by_mm: float, result: JobResult) -> None:
        places = ", ".join(
            f"{axis} {result.positions_mm[axis]:.2f} mm" for axis in axes if axis in result.positions_mm
        )
        style = "" if result.error_code == 0 else "yellow"
        said = f"{by_mm:+g} mm: {places}" if places else f"{by_mm:+g} mm"
        if result.error:
            said = f"{said}: {result.error}"
        self._console.print(Text(said, style=style), soft_wrap=True)
        if result.instruction:
            self._console.print(Text(f"To do: {result.instruction}", style="bold red"), soft_wrap=True)

    def status_of(self, result: JobResult) -> int:
        if self._interrupts.count:
            return EXIT_STOPPED
        return 0 if result.error_code == 0 else EXIT_REFUSED
