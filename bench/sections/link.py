"""The serial link: round trips and goodput in virtual time with the wire modelled, and what the host's end of it costs.

`link.rtt_ms_p99` is taken while four axes step as fast as in a visit; the others say what they are taken at. Measured on the
controller's program in simavr where avr-gcc and simavr are here (`link.on_mega2560` 1), else on the same core
compiled for this machine (0). Heartbeats go out at random moments, so that every phase of telemetry is met.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from bee_robot.clock import RealClock, SteppedClock
from bee_robot.configuration import RobotConfiguration, load
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Axis, AxisMove, MotionEnd, MotionProgramme, Segment
from bee_robot.mcu.link_report import measure_goodput, quantile
from bee_robot.mcu.transport import PipeTransport
from bee_robot.sim.twin import Twin
from bee_robot.sim.virtual_time import run_virtual

ROOT = Path(__file__).resolve().parents[2]
ROBOT_FILE = ROOT / "config" / "robots" / "tower.yaml"
BUILD = ROOT / "build" / "firmware"
LIMITS = {
    "link.rtt_ms_p99": ("<=", 3.0),
    "link.rtt_ms_p99_115200": ("<=", 8.81),
    "link.goodput_pct": (">=", 80.0),
    "link.cpu_pct": ("<=", 5.0),
}
SEED = 11
SWEEPS = 3
AT_REST_S = 30.0
CPU_WALL_S = 10.0
T = TypeVar("T")

BOARD = """
import asyncio, sys
from bee_robot.configuration import load
from bee_robot.sim.pseudo_terminal import PacedTwin, PseudoTerminal
from bee_robot.sim.twin import Twin

class Empty:
    def frame_mass_kg(self, box, frame): return 0.0
    def box_mass_kg(self, box): return 0.0

twin = Twin(load(sys.argv[1]), Empty())
twin.power_on()
terminal = PseudoTerminal()
print(terminal.path, flush=True)
asyncio.run(PacedTwin(twin, terminal).run())
"""


class Empty:
    """A hive that weighs nothing."""

    def frame_mass_kg(self, box: int, frame: int) -> float:
        return 0.0

    def box_mass_kg(self, box: int) -> float:
        return 0.0


def measure() -> dict[str, float]:
    robot = load(ROBOT_FILE)
    is_controller = shutil.which("avr-gcc") is not None and Path("/usr/include/simavr/sim_avr.h").is_file()
    print(
        f"  on {'the mega2560 in simavr' if is_controller else 'the core compiled for this machine'}",
        flush=True,
    )
    moving = {baud: at_baud(robot, baud, is_controller, sweeping) for baud in (250000, 115200)}
    rest_s, goodput_pct = (
        at_baud(robot, 250000, is_controller, resting),
        at_baud(robot, 250000, is_controller, bulk),
    )
    million_s = at_baud(robot, 1000000, is_controller, resting)
    return {
        "link.on_mega2560": float(is_controller),
        "link.rtt_ms_p99": ms(quantile(moving[250000], 0.99)),
        "link.rtt_ms_median": ms(quantile(moving[250000], 0.5)),
        "link.rtt_ms_max": ms(max(moving[250000])),
        "link.rtt_ms_p99_at_rest": ms(quantile(rest_s, 0.99)),
        "link.rtt_ms_p99_115200": ms(quantile(moving[115200], 0.99)),
        "link.rtt_ms_p99_1m": ms(quantile(million_s, 0.99)),  # away from peak stepping
        "link.goodput_pct": round(goodput_pct, 1),
        "link.cpu_pct": round(cpu_pct(), 2),
    }


def ms(seconds: float) -> float:
    return round(1000 * seconds, 3)


def at_baud(
    robot: RobotConfiguration,
    baud: int,
    is_controller: bool,
    story: Callable[[SerialTower, SteppedClock], Awaitable[T]],
) -> T:
    """A story of a tower that is homed and ready, in virtual time, on a line of this speed."""
    robot = robot.model_copy(update={"serial": robot.serial.model_copy(update={"baud": baud})})
    library = built(baud) if is_controller else BUILD / "host" / "libbee_host.so"
    near_home = {name: axis.home_mm + 1 for name, axis in robot.axes.items()}
    twin = Twin(robot, Empty(), start_positions=near_home, library=library)
    clock = SteppedClock()
    pipe = PipeTransport(twin.write)
    twin.receiver = pipe.deliver
    twin.power_on()

    async def told() -> T:
        tower = await SerialTower.open(robot, pipe, clock, renews_itself=True)
        await tower.acquire_lease("bench")
        await tower.arm()
        require((await tower.home(tuple(Axis))).end)
        return await story(tower, clock)

    try:
        return run_virtual(told(), clock, twin)
    finally:
        twin.close()


def built(baud: int) -> Path:
    """The controller's program for this speed, and the library that runs it."""
    make = ["make", "-s", "-C", str(ROOT / "firmware")]
    subprocess.run([*make, "mega2560-bench"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*make, "mega2560", f"BAUD={baud}"], check=True, stdout=subprocess.DEVNULL)
    name = "bee_mega2560" + ("" if baud == 250000 else f"_{baud}")
    os.environ["BEE_MEGA2560_ELF"] = str(BUILD / "mega2560" / f"{name}.elf")
    return BUILD / "mega2560" / "libbee_mega2560.so"


def require(end: MotionEnd) -> None:
    if end is not MotionEnd.DONE:
        raise SystemExit(f"bench: a motion ended {end.value}")


async def resting(tower: SerialTower, clock: SteppedClock) -> list[float]:
    """Round trips with telemetry at 100 Hz and nothing moving."""
    return await round_trips(tower, clock, clock.sleep(AT_REST_S))


async def sweeping(tower: SerialTower, clock: SteppedClock) -> list[float]:
    """Round trips while four axes step as fast as in a visit: 16, 16, 6.4 and 6.4 thousand steps a second."""
    await go(tower, lift_left=900.0, lift_right=900.0)

    async def sweeps() -> None:
        for _ in range(SWEEPS):
            await go(tower, scan_left=760.0, scan_right=760.0, shuttle_left=235.0, shuttle_right=235.0)
            await go(tower, scan_left=380.0, scan_right=380.0, shuttle_left=-235.0, shuttle_right=-235.0)

    return await round_trips(tower, clock, sweeps())


async def go(tower: SerialTower, **targets_mm: float) -> None:
    limits = load(ROBOT_FILE).axes
    axes = {
        Axis(name): AxisMove(mm, limits[name].max_speed_mm_s, limits[name].max_acceleration_mm_s2)
        for name, mm in targets_mm.items()
    }
    require((await tower.move(MotionProgramme("bench", (Segment("go", axes),)))).end)


async def round_trips(tower: SerialTower, clock: SteppedClock, meanwhile: Awaitable[None]) -> list[float]:
    tower.statistics.round_trips_s.clear()
    chance, work = random.Random(SEED), asyncio.ensure_future(meanwhile)
    while not work.done():
        await clock.sleep(chance.uniform(0.015, 0.045))
        tower.client.heartbeat()
    await work
    return list(tower.statistics.round_trips_s)


async def bulk(tower: SerialTower, clock: SteppedClock) -> float:
    """Share of the line, in percent, that programmes to be checked fill with messages."""
    goodput = await measure_goodput(tower.client, clock, segments=1000)
    if goodput.bytes_per_packet < 48:
        raise SystemExit(f"bench: only {goodput.bytes_per_packet:.1f} bytes of messages a packet")
    return goodput.share_pct(250000)


def cpu_pct() -> float:
    """Processor time of this process while it feeds a board behind a pseudo-terminal that tells its state 100 times a second."""
    board = subprocess.Popen(
        [sys.executable, "-c", BOARD, str(ROBOT_FILE)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert board.stdout is not None
        return asyncio.run(listening(board.stdout.readline().strip()))
    finally:
        board.terminate()
        board.wait()


async def listening(port: str) -> float:
    clock = RealClock()
    tower = await SerialTower.open(load(ROBOT_FILE), port, clock, renews_itself=True)
    received, began, began_s = tower.statistics.received, os.times(), clock.now_s()
    await clock.sleep(CPU_WALL_S)
    spent, wall_s = os.times(), clock.now_s() - began_s
    packets = tower.statistics.received - received
    await tower.close("measured")
    if packets < 2 * 90 * wall_s:
        raise SystemExit(
            f"bench: only {packets / wall_s:.0f} packets a second came; telemetry is two at 100 Hz"
        )
    return 100 * (spent.user + spent.system - began.user - began.system) / wall_s
