"""`bee flash`: put the firmware of this source tree onto a board. Builds, asks the board for its state, runs avrdude."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bee_robot.cli import inputs, locations
from bee_robot.cli.inputs import InputError
from bee_robot.clock import RealClock, wall_s
from bee_robot.mcu import messages as m
from bee_robot.mcu.link_report import RESET_TEXT, board_kind_name
from bee_robot.mcu.probe import Answer, probe
from bee_robot.mcu.transport import SerialTransport, TransportError

NAME = "flash"
HELP = "Put the firmware of this source tree onto a board"

EXIT_FAILED, EXIT_BAD_INPUT, EXIT_NOT_INSTALLED = 1, 2, 3
AVRDUDE_BAUD = 115200  # of the boot loader
USUAL_BAUD = 250000
LOOK_S = 3.0
WELCOME_S = 10.0  # the boot loader waits for another program for a second or two before it starts this one
IN_USE = (m.State.ARMED, m.State.MOVING, m.State.HOLDING)


@dataclass(frozen=True)
class Board:
    """How one kind of board is built and programmed. Its firmware is compiled for one speed of the serial line."""

    name: str
    kind: m.BoardKind
    part: str
    programmer: str

    def image(self, baud: int) -> Path:
        """What is written, in the source tree; firmware/Makefile names it."""
        suffix = "" if baud == USUAL_BAUD else f"_{baud}"
        name = f"bee_{self.name}{suffix}.hex"
        return locations.SOURCE_TREE / "build" / "firmware" / self.name / name


BOARDS = {"mega2560": Board("mega2560", m.BoardKind.MEGA2560, "atmega2560", "wiring")}


class FlashError(Exception):
    """The board was not flashed, or does not answer afterwards: what, why, what to do, in one line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--board", choices=sorted(BOARDS), default="mega2560", help="kind of board (default: mega2560)"
    )
    parser.add_argument("--port", metavar="DEVICE", help="port of the board (default: the robot file's)")
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file (default: the reference tower)"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")


def run(arguments: argparse.Namespace) -> int:
    """0 when the board runs the firmware, 1 when flashing failed, 2 for bad input, 3 where a tool is missing."""
    board = BOARDS[arguments.board]
    try:
        path, robot = inputs.robot_file(arguments.robot)
        if not (locations.SOURCE_TREE / "firmware" / "Makefile").is_file():
            raise InputError("the firmware's source is not here; run 'bee flash' from the source folder")
        port, baud = arguments.port or robot.serial.port, robot.serial.baud
        if arguments.dry_run:
            print("\n".join(plan(board, port, baud)))
        _require_port(port, f"{path}, serial.port" if not arguments.port else "--port")
        _require_tool("avrdude")
        return 0 if arguments.dry_run else _flash(board, port, baud)
    except ToolMissing as error:
        sys.stderr.write(f"bee flash: {error}\n")
        return EXIT_NOT_INSTALLED
    except (InputError, TransportError) as error:
        sys.stderr.write(f"bee flash: {error}\n")
        return EXIT_BAD_INPUT
    except FlashError as error:
        sys.stderr.write(f"bee flash: {error}\n")
        return EXIT_FAILED


class ToolMissing(Exception):
    """A program that has to be here is not."""


def _require_port(port: str, source: str) -> None:
    if not Path(port).exists():
        raise InputError(
            f"serial port {port} is not there ({source}); plug the board in, or name another with --port"
        )
    if not os.access(port, os.R_OK | os.W_OK):
        raise InputError(
            f"serial port {port} may not be opened; add yourself to its group (usermod -aG dialout $USER)"
        )


def _require_tool(name: str) -> None:
    if shutil.which(name) is None:
        raise ToolMissing(f"{name} is not installed; apt-get install {name}")


def build_command(board: Board, baud: int) -> list[str]:
    folder = locations.SOURCE_TREE / "firmware"
    return ["make", "--no-print-directory", "-C", str(folder), board.name, f"BAUD={baud}"]


def flash_command(board: Board, port: str, baud: int) -> list[str]:
    """-D: the boot loader erases as it writes, and cannot erase the whole chip."""
    command = ["avrdude", "-p", board.part, "-c", board.programmer, "-P", port, "-b", str(AVRDUDE_BAUD)]
    return [*command, "-D", "-U", f"flash:w:{board.image(baud)}:i"]


def plan(board: Board, port: str, baud: int) -> list[str]:
    """What `bee flash` does, in its order."""
    unwanted = ", ".join(state.name.lower() for state in IN_USE)
    return [
        f"1. build:  {shlex.join(build_command(board, baud))}",
        f"2. ask:    the board on {port} for its state; nothing is done while it is {unwanted}, or while another "
        "program has the port",
        f"3. write:  {shlex.join(flash_command(board, port, baud))}",
        f"4. look:   until the board says that it is a {board.name} of protocol {m.PROTOCOL_VERSION} "
        f"(schema {m.PROTOCOL_SCHEMA:08x})",
    ]


def _flash(board: Board, port: str, baud: int) -> int:
    built = subprocess.run(build_command(board, baud), check=False)
    if built.returncode:
        raise FlashError(
            f"the firmware for {board.name} was not built; the lines above say why (tools/debian_packages lists what it needs)"
        )
    if not board.image(baud).is_file():
        raise FlashError(
            f"{board.image(baud)} was not built, though make found nothing wrong; run 'make clean' and try again"
        )
    _require_idle(asyncio.run(_ask(port, baud, LOOK_S)), board, port)
    command = flash_command(board, port, baud)
    print(f"flash: {shlex.join(command)}", flush=True)
    if subprocess.run(command, check=False).returncode:
        raise FlashError(
            f"avrdude failed; the lines above say why. The board may have half a program now: flash it again before use ({port})"
        )
    print(_welcome(board, port, baud))
    return 0


async def _ask(port: str, baud: int, timeout_s: float) -> Answer | None:
    transport = SerialTransport(port, baud)
    try:
        return await probe(transport, RealClock(), timeout_s)
    finally:
        transport.close()


def _require_idle(answer: Answer | None, board: Board, port: str) -> None:
    """Raises FlashError where the board is in use, or is no such board."""
    if answer is None:
        print(f"flash: nothing of ours answers on {port}; a new board does not", flush=True)
        return
    if answer.welcome is None:
        print(f"flash: {port} speaks protocol {answer.protocol} (schema {answer.schema:08x}) now", flush=True)
        return
    if answer.welcome.board_kind != board.kind:
        raise FlashError(
            f"the board on {port} is a {board_kind_name(answer.welcome.board_kind)}, the firmware is for a "
            f"{board_kind_name(board.kind)}; give another --port or --board"
        )
    if answer.welcome.state in IN_USE:
        raise FlashError(
            f"the board on {port} is {m.State(answer.welcome.state).name.lower()}; end what moves it and disarm first"
        )
    print(f"flash: the board on {port} is {m.State(answer.welcome.state).name.lower()}", flush=True)


def _welcome(board: Board, port: str, baud: int) -> str:
    """What the board says now. Raises FlashError where that is not what was flashed."""
    end_s = wall_s() + WELCOME_S
    answer = None
    while answer is None and wall_s() < end_s:
        answer = asyncio.run(_ask(port, baud, LOOK_S))
    if answer is None:
        raise FlashError(f"flashed, but nothing answers on {port} within {WELCOME_S:g} s; look at 'bee link'")
    welcome = answer.welcome
    if welcome is None or welcome.board_kind != board.kind:
        raise FlashError(
            f"flashed, but the board speaks protocol {answer.protocol} (schema {answer.schema:08x}), not "
            f"{m.PROTOCOL_VERSION} (schema {m.PROTOCOL_SCHEMA:08x}) of a {board.name}; was another file flashed?"
        )
    reset = RESET_TEXT[m.ResetCause(welcome.reset_cause)]
    return (
        f"flash: done. A {board.name} welcomes: protocol {welcome.protocol} (schema {welcome.schema:08x}), "
        f"{m.State(welcome.state).name.lower()}, last reset by {reset}. Now: bee link, then bee doctor"
    )
