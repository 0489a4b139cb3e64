"""`bee link`: how good the link to a board is. Says hello and listens; nothing moves and no configuration is changed."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from bee_robot.cli import inputs
from bee_robot.cli.inputs import InputError
from bee_robot.clock import Clock, RealClock, SteppedClock
from bee_robot.configuration import AXIS_NAMES, RobotConfiguration
from bee_robot.mcu import messages as m
from bee_robot.mcu.client import Client
from bee_robot.mcu.link import LinkError
from bee_robot.mcu.link_report import (
    BITS_A_BYTE,
    RESET_TEXT,
    Figure,
    Snapshot,
    link_figures,
    measure_goodput,
)
from bee_robot.mcu.transport import PipeTransport, SerialTransport, Transport, TransportError

NAME = "link"
HELP = "Measure the link to the board: round trip, bytes, errors, clocks"

EXIT_NO_LINK, EXIT_BAD_INPUT = 1, 2
HEARTBEAT_S = 0.02
CONNECT_S = 5.0  # a board that opening its port resets stays in its boot loader for a second or two
LONGEST_S = 3600.0
SIM_PORT = "simulated"


class _Empty:
    """A hive that weighs nothing: nothing is lifted here."""

    def frame_mass_kg(self, box: int, frame: int) -> float:
        return 0.0

    def box_mass_kg(self, box: int) -> float:
        return 0.0


def seconds(text: str) -> float:
    """argparse type of --seconds."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.5 <= value <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0.5 to {LONGEST_S:g}")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file (default: the reference tower)"
    )
    parser.add_argument("--port", metavar="DEVICE", help="port of the board (default: the robot file's)")
    parser.add_argument("--seconds", type=seconds, default=5.0, metavar="N", help="how long (default: 5)")
    parser.add_argument(
        "--sim", action="store_true", help="measure the simulated board, in simulated time, instead"
    )
    parser.add_argument("--json", action="store_true", help="figures as JSON on standard output")


def run(arguments: argparse.Namespace) -> int:
    """0 when a board answered, 1 when none did or it speaks another protocol, 2 for bad input."""
    try:
        path, robot = inputs.robot_file(arguments.robot)
        if arguments.sim and arguments.port:
            raise InputError("--port names a board, --sim simulates one; give one of them")
        if arguments.sim:
            port, figures = SIM_PORT, simulated(robot, arguments.seconds)
        else:
            port = arguments.port or inputs.serial_port(robot, path)
            figures = asyncio.run(_on_port(port, robot.serial.baud, arguments.seconds))
    except (InputError, TransportError) as error:
        sys.stderr.write(f"bee link: {error}\n")
        return EXIT_BAD_INPUT
    except LinkError as error:
        sys.stderr.write(f"bee link: {error}\n")
        return EXIT_NO_LINK
    figures = {"port": port, "baud": robot.serial.baud, **figures}
    print(json.dumps(figures, indent=2) if arguments.json else "\n".join(page(figures)))
    return 0


async def _on_port(port: str, baud: int, duration_s: float) -> dict[str, Figure]:
    transport = SerialTransport(port, baud)
    try:
        return await measure(transport, RealClock(), baud, duration_s)
    finally:
        transport.close()


def simulated(robot: RobotConfiguration, duration_s: float) -> dict[str, Figure]:
    """The firmware for this machine over a line of the robot's speed, in virtual time. Raises InputError."""
    from bee_robot.sim.twin import Twin, TwinError
    from bee_robot.sim.virtual_time import run_virtual

    try:
        twin = Twin(robot, _Empty())
    except TwinError as error:
        raise InputError(str(error)) from None
    clock = SteppedClock()
    twin.power_on()
    pipe = PipeTransport(twin.write)
    twin.receiver = pipe.deliver
    try:
        return run_virtual(measure(pipe, clock, robot.serial.baud, duration_s), clock, twin)
    finally:
        twin.close()


async def measure(transport: Transport, clock: Clock, baud: int, duration_s: float) -> dict[str, Figure]:
    """Figures of the board behind a transport after listening for a while. Raises LinkError."""
    lost: list[str] = []
    client = Client(transport, clock, on_lost=lost.append)
    await client.connect(CONNECT_S)
    try:
        async with _beating(client, clock):
            before = Snapshot.take(client.statistics, clock.now_s())
            await clock.sleep(duration_s)
            to_board, from_board = before.rates(Snapshot.take(client.statistics, clock.now_s()))
            figures = link_figures(client)
            figures |= _machine(client.status)
            goodput = await measure_goodput(client, clock)
    finally:
        client.close()
    if lost:
        raise LinkError(lost[0])
    return {
        **figures,
        "seconds": duration_s,
        "bytes_per_s_to_board": round(to_board, 1),
        "bytes_per_s_from_board": round(from_board, 1),
        "goodput_bytes_per_s": round(goodput.bytes_per_s, 1),
        "goodput_pct": round(goodput.share_pct(baud), 1),
        "goodput_bytes_per_packet": round(goodput.bytes_per_packet, 1),
    }


def _machine(status: m.Status) -> dict[str, Figure]:
    """State and inputs, for whoever presses them one after the other."""
    pressed = [name for number, name in enumerate(AXIS_NAMES) if status.end_stops >> number & 1]
    felt = [side for number, side in enumerate(("left", "right")) if status.inputs >> (2 + number) & 1]
    return {
        "state": m.State(status.state).name.lower(),
        "door": "closed" if status.inputs & 1 else "open",
        "estop": "released" if status.inputs & 2 else "pressed",
        "pins_felt": " ".join(felt),
        "end_stops_pressed": " ".join(pressed),
    }


@contextlib.asynccontextmanager
async def _beating(client: Client, clock: Clock) -> AsyncIterator[None]:
    async def beat() -> None:
        while True:
            client.heartbeat()
            await clock.sleep(HEARTBEAT_S)

    heart = asyncio.ensure_future(beat())
    try:
        yield
    finally:
        heart.cancel()


def page(figures: dict[str, Figure]) -> list[str]:
    """The figures for people, one subject a line."""
    rows: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
        ("port", lambda f: f"{f['port']} at {f['baud']} baud"),
        ("board", lambda f: f"{f['board']}, {f['state']}, protocol {f['protocol']} (schema {f['schema']})"),
        ("inputs", _inputs),
        ("configuration", lambda f: f"accepted, checksum {f['configuration']}" if f["configuration"] else "none"),
        ("last reset", _reset),
        ("round trip", _round_trip),
        ("bytes", _bytes),
        ("goodput", _goodput),
        ("errors, host", lambda f: _counts(f, "host_", "packets_resent", "bad_packets", "repeated", "unknown")),
        ("errors, board", _board_errors),
        ("board itself", _board_itself),
        ("clocks", _clocks),
    )  # fmt: skip
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {tell(figures)}" for name, tell in rows]


def _inputs(figures: dict[str, Any]) -> str:
    pins, stops = figures["pins_felt"] or "none", figures["end_stops_pressed"] or "none"
    return f"door {figures['door']}, e-stop {figures['estop']}, pins felt: {pins}, end stops pressed: {stops}"


def _reset(figures: dict[str, Any]) -> str:
    texts = {cause.name.lower(): text for cause, text in RESET_TEXT.items()}
    return f"{texts.get(figures['reset_cause'], figures['reset_cause'])}; {figures['boots']} power-ons and resets"


def _round_trip(figures: dict[str, Any]) -> str:
    if not figures["round_trips"]:
        return "no heartbeat came back"
    least, median, most = (figures[f"round_trip_ms_{name}"] for name in ("min", "median", "p99"))
    count = figures["round_trips"]
    return f"min {least:.2f} ms, median {median:.2f} ms, p99 {most:.2f} ms ({count} heartbeats in {figures['seconds']:g} s)"


def _bytes(figures: dict[str, Any]) -> str:
    raw = figures["baud"] / BITS_A_BYTE
    there, back = figures["bytes_per_s_to_board"], figures["bytes_per_s_from_board"]
    return (
        f"to the board {there:,.0f} /s ({100 * there / raw:.1f} % of the line), from it {back:,.0f} /s "
        f"({100 * back / raw:.1f} %)"
    )


def _goodput(figures: dict[str, Any]) -> str:
    return (
        f"to the board {figures['goodput_bytes_per_s']:,.0f} bytes of messages/s, {figures['goodput_pct']:.1f} % of "
        f"the line, {figures['goodput_bytes_per_packet']:.0f} a packet"
    )


def _counts(figures: dict[str, Any], prefix: str, *names: str) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {figures[prefix + name]}" for name in names)


def _board_errors(figures: dict[str, Any]) -> str:
    if figures["board_packets"] is None:
        return "the board has not said yet; it does once a second"
    names = ("bad_packets", "gaps", "resent", "telemetry_skipped", "unknown", "bytes_lost")
    return _counts(figures, "board_", *names) + " (since its reset)"


def _board_itself(figures: dict[str, Any]) -> str:
    if figures["board_packets"] is None:
        return "the board has not said yet"
    free = figures["board_stack_free"]
    stack = (
        f"{free} bytes of stack never used" if free or figures["board"] != "host" else "stack not measured"
    )
    return f"at most {figures['board_poll_us_max'] / 1000:.2f} ms between two polls, {stack}"


def _clocks(figures: dict[str, Any]) -> str:
    if figures["clock_offset_s"] is None:
        return "not related: no heartbeat came back"
    return (
        f"host is the board's {figures['clock_offset_s']:+.6f} s, within {figures['clock_uncertainty_ms']:.2f} ms; "
        f"drift {figures['clock_drift_ppm']:+.0f} ppm, within {figures['clock_drift_uncertainty_ppm']:.0f}"
    )
