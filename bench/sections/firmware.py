"""The controller: its program for the ATmega2560 in simavr, cycle by cycle; and the proof of the core.

Cycle counts do not depend on the machine. Everything is alive while it is measured: ramps worked out on the board, telemetry
at 100 Hz, heartbeats, load cells. A rate counts if the motion ends where it should, every pulse is at least 2.5 us high and
low (40 cycles), no byte is lost and the measured rate is the one asked for to 0.1 %.
"""

from __future__ import annotations

import asyncio
import ctypes
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "firmware"), str(ROOT / "tools"), str(ROOT / "bench")]

import firmware_size  # noqa: E402
from bench_board import AXES, BenchBoard, Scene, build_mega2560_bench, robot_file, run  # noqa: E402
from scoring import firmware_proof  # noqa: E402

from bee_robot.configuration import RobotConfiguration  # noqa: E402
from bee_robot.devices.tower import Axis, BoardState, MotionEnd  # noqa: E402

LIMITS = {
    "firmware.mega2560.steps_per_s_1axis": (">=", 160000.0),
    "firmware.mega2560.steps_per_s_3axis": (">=", 120000.0),
    "firmware.mega2560.steps_per_s_4axis": (">=", 120000.0),
    "firmware.mega2560.cpu_pct_at_visit_peak": ("<=", 50.0),
    "firmware.mega2560.step_jitter_us_p99": ("<=", 15.0),
    "firmware.mega2560.stop_latency_us_max": ("<=", 1000.0),
    "firmware.mega2560.flash_pct": ("<=", 50.0),
    "firmware.mega2560.ram_pct": ("<=", 60.0),
    "firmware.mutants_killed_pct": (">=", 100.0),
    "firmware.fuzz_findings": ("<=", 0.0),
}
ELF = ROOT / "build" / "firmware" / "mega2560" / "bee_mega2560.elf"
CYCLES_PER_US = 16
PULSE_CYCLES = 40
PULSES_KEPT = 4_000_000
STOPS = 40
FUZZ_S = 60.0
SEED = 5
# steps per mm, mm/s, mm/s², travel in mm: the axes of the trials, from home on. The sums are those of full speed.
SHARES_1 = {Axis.SHUTTLE_LEFT: 1.0}
SHARES_3 = {Axis.SHUTTLE_LEFT: 0.5, Axis.SHUTTLE_RIGHT: 0.3, Axis.LIFT_LEFT: 0.2}
SHARES_4 = {Axis.SHUTTLE_LEFT: 0.4, Axis.SHUTTLE_RIGHT: 0.27, Axis.LIFT_LEFT: 0.2, Axis.LIFT_RIGHT: 0.13}
STEPS_PER_MM = 1000
CANDIDATES = (
    170,
    165,
    160,
    157,
    155,
    152,
    150,
    145,
    140,
    135,
    130,
    125,
    120,
    110,
    100,
)  # thousands of steps a second
CRUISE_S = 1.5


@dataclass(frozen=True)
class Seen:
    """What was measured at an even speed. `rates`: steps/s by axis; `jitter_us`: of every pulse, from its ideal place."""

    is_good: bool
    rates: Mapping[Axis, float]
    jitter_us: np.ndarray
    cpu_pct: float


def _declare(board: BenchBoard) -> None:
    for name in ("mega_cycles", "mega_sleep_cycles", "mega_last_pulse_cycle"):
        getattr(board.c, name).restype = ctypes.c_uint64


def _robot(rates: Mapping[Axis, float]) -> RobotConfiguration:
    """The reference robot with finer axes: those named make STEPS_PER_MM at full speed."""
    robot = robot_file()
    axes = dict(robot.axes)
    for axis, rate in rates.items():
        axes[axis.value] = axes[axis.value].model_copy(
            update={
                "steps_per_mm": STEPS_PER_MM,
                "max_speed_mm_s": rate / STEPS_PER_MM,
                "max_acceleration_mm_s2": 400.0,
            }
        )
    return robot.model_copy(update={"axes": axes})


def _pulses(board: BenchBoard, axis: int, cycles: tuple[int, int]) -> np.ndarray:
    """Cycles of the rising edges of an axis between two cycles."""
    axes = (ctypes.c_uint8 * PULSES_KEPT)()
    directions = (ctypes.c_int8 * PULSES_KEPT)()
    stamps = (ctypes.c_uint64 * PULSES_KEPT)()
    count = min(board.c.mega_recorded_pulses(axes, directions, stamps, PULSES_KEPT), PULSES_KEPT)
    of_axis = np.frombuffer(axes, np.uint8)[:count] == axis
    seen = np.frombuffer(stamps, np.uint64)[:count][of_axis]
    return seen[(seen > cycles[0]) & (seen < cycles[1])].astype(np.float64)


def _jitter_us(pulses: np.ndarray) -> np.ndarray:
    """Distance of each pulse from a line through all of them."""
    numbers = np.arange(len(pulses))
    offsets = pulses - pulses[0]
    return np.abs(offsets - np.polyval(np.polyfit(numbers, offsets, 1), numbers)) / CYCLES_PER_US


def _shortest(board: BenchBoard, axis: int) -> int:
    high, low, settled = ctypes.c_uint32(), ctypes.c_uint32(), ctypes.c_uint32()
    board.c.mega_pulse_minimum(axis, ctypes.byref(high), ctypes.byref(low), ctypes.byref(settled))
    return min(high.value, low.value)


async def _cruise(scene: Scene, targets_mm: Mapping[Axis, float], ramp_s: float) -> Seen:
    board = scene.board
    _declare(board)
    board.c.mega_record_pulses(0xFF)
    running = asyncio.ensure_future(scene.go(**{axis.value: mm for axis, mm in targets_mm.items()}))
    await scene.clock.sleep(ramp_s)
    begin, slept = board.c.mega_cycles(), board.c.mega_sleep_cycles()
    await scene.clock.sleep(CRUISE_S)
    end, slept = board.c.mega_cycles(), board.c.mega_sleep_cycles() - slept
    result = await running
    rates, jitter = {}, []
    is_good = result.end is MotionEnd.DONE and board.c.mega_uart_overruns() == 0
    for axis in targets_mm:
        number = AXES.index(axis)
        pulses = _pulses(board, number, (begin, end))
        if len(pulses) < 100:
            return Seen(False, {}, np.zeros(1), 100.0)
        rates[axis] = (len(pulses) - 1) / (pulses[-1] - pulses[0]) * CYCLES_PER_US * 1e6
        jitter.append(_jitter_us(pulses))
        is_good &= _shortest(board, number) >= PULSE_CYCLES
    return Seen(is_good, rates, np.concatenate(jitter), 100 * (1 - slept / (end - begin)))


def _trial(library: Path, rates: Mapping[Axis, float]) -> Seen:
    robot = _robot(rates)

    async def story(scene: Scene) -> Seen:
        await scene.ready()
        ramp_s = 0.7
        targets = {
            axis: robot.axes[axis.value].home_mm + rate / STEPS_PER_MM * (ramp_s + CRUISE_S + 0.3)
            for axis, rate in rates.items()
        }
        return await _cruise(scene, targets, ramp_s)

    try:
        return run(library, story, robot, limit_s=4000)
    except AssertionError:  # not even homed
        return Seen(False, {}, np.zeros(1), 100.0)


def _fastest(library: Path, shares: Mapping[Axis, float]) -> float:
    """Highest sum of steps/s that the board keeps up for a while; 0 if none of the candidates."""
    for thousands in CANDIDATES:
        asked = {axis: 1000.0 * thousands * share for axis, share in shares.items()}
        seen = _trial(library, asked)
        if seen.is_good and all(abs(seen.rates[axis] / rate - 1) < 1e-3 for axis, rate in asked.items()):
            return sum(seen.rates.values())
    return 0.0


def _visit_peak(library: Path) -> Seen:
    """Both scan beams at 16 kHz and both shuttles at 6.4 kHz."""

    async def story(scene: Scene) -> Seen:
        await scene.ready()
        await scene.go(lift_left=900, lift_right=900)
        sides = (Axis.SCAN_LEFT, Axis.SCAN_RIGHT)
        targets = {**dict.fromkeys(sides, 490.0), Axis.SHUTTLE_LEFT: -40.0, Axis.SHUTTLE_RIGHT: -40.0}
        return await _cruise(scene, targets, 0.8)

    return run(library, story, robot_file(), limit_s=4000)


def _stop_latencies_us(library: Path) -> list[float]:
    """From the edge of door or e-stop to the last step pulse, at random moments of a motion at visit peak."""
    chance = random.Random(SEED)
    latencies = []

    async def story(scene: Scene) -> None:
        board = scene.board
        _declare(board)
        await scene.ready()
        await scene.go(lift_left=900, lift_right=900)
        for number in range(STOPS):
            way = 1 if number % 2 else -1
            targets = {"scan_left": 440 + 40 * way, "scan_right": 440 + 40 * way}
            targets |= {"shuttle_left": 100.0 * way, "shuttle_right": 100.0 * way}
            running = asyncio.ensure_future(scene.go(**targets))
            await scene.clock.sleep(chance.uniform(0.6, 1.0))
            opens = board.c.bench_set_door if number % 3 == 0 else board.c.bench_set_estop
            opens(0)
            edge = board.c.mega_cycles()
            await running
            await scene.clock.sleep(0.05)
            last = board.c.mega_last_pulse_cycle(-1)
            latencies.append(max(0.0, (last - edge) / CYCLES_PER_US))
            assert scene.tower.state.board is BoardState.ESTOP
            opens(1)
            await scene.clock.sleep(0.05)
            await scene.tower.arm()
            await scene.tower.home((Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT))

    run(library, story, robot_file(), limit_s=4000)
    return latencies


def _controller() -> dict[str, float]:
    library = build_mega2560_bench()
    size = firmware_size.sizes(ELF)
    peak = _visit_peak(library)
    figures = {
        "firmware.mega2560.flash_pct": size.flash_pct,
        "firmware.mega2560.ram_pct": size.ram_pct,
        "firmware.mega2560.cpu_pct_at_visit_peak": peak.cpu_pct,
        "firmware.mega2560.step_jitter_us_p99": float(np.percentile(peak.jitter_us, 99)),
        "firmware.mega2560.stop_latency_us_max": max(_stop_latencies_us(library)),
    }
    for name, shares in (("1axis", SHARES_1), ("3axis", SHARES_3), ("4axis", SHARES_4)):
        figures[f"firmware.mega2560.steps_per_s_{name}"] = _fastest(library, shares)
    return figures


def measure() -> dict[str, float]:
    """Without avr-gcc and simavr, only what the core's own compilation can show."""
    figures: dict[str, float] = {}
    if shutil.which("avr-gcc") and Path("/usr/include/simavr/sim_avr.h").is_file():
        figures |= _controller()
    else:
        print(
            "  the controller is left out: gcc-avr, avr-libc and libsimavr-dev are missing (tools/debian_packages)"
        )
    subprocess.run(["make", "-s", "-C", str(ROOT / "firmware"), "host"], check=True)
    return figures | firmware_proof.mutants_killed() | firmware_proof.fuzzed(FUZZ_S)
