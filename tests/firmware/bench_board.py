"""The firmware with a bench plant that tests set by hand, in virtual time.

`BenchBoard` has the face of `bee_robot.sim.twin.Twin` that `run_virtual` needs. Positions of the bench are in steps
above the end stops.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from ctypes import c_double, c_int, c_int32, c_uint32, c_uint64
from pathlib import Path
from typing import Any, TypeVar

from bee_robot.clock import SteppedClock
from bee_robot.configuration import RobotConfiguration, load
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Axis, AxisMove, MotionProgramme, Segment, Servo
from bee_robot.mcu.transport import PipeTransport
from bee_robot.sim.virtual_time import run_virtual

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
AXES = tuple(Axis)


def build_bench() -> Path:
    subprocess.run(["make", "-s", "-C", str(ROOT / "firmware"), "bench"], check=True, timeout=120)
    return ROOT / "build" / "firmware" / "test" / "libbee_bench.so"


def build_mega2560_bench() -> Path:
    subprocess.run(["make", "-s", "-C", str(ROOT / "firmware"), "mega2560-bench"], check=True, timeout=300)
    return ROOT / "build" / "firmware" / "mega2560" / "libbee_mega2560_bench.so"


def robot_file() -> RobotConfiguration:
    return load(ROOT / "config" / "robots" / "tower.yaml")


class BenchBoard:
    def __init__(self, library: Path) -> None:
        with tempfile.NamedTemporaryFile(suffix=".so") as copy:
            shutil.copyfile(library, copy.name)
            self.c = ctypes.CDLL(copy.name)
        self.c.host_advance.restype = c_uint64
        self.c.host_advance.argtypes = [c_uint64]
        self.c.host_power_on.argtypes = [c_uint64]
        self.c.host_last_heartbeat_ns.restype = c_uint64
        self.c.host_uart_write.argtypes = [ctypes.c_char_p, c_uint32]
        self.c.host_uart_read.argtypes = [ctypes.c_char_p, c_uint32]
        self.c.bench_position.restype = c_int32
        self.c.bench_pair_apart.restype = c_int32
        self.c.bench_pulses.restype = c_uint64
        self.c.bench_last_pulse_ns.restype = c_uint64
        self.receiver: Callable[[bytes], None] | None = None
        self.corrupt_in: Callable[[bytes], bytes] = bytes
        self.corrupt_out: Callable[[bytes], bytes] = bytes
        self._buffer = ctypes.create_string_buffer(8192)
        self.now_ns = 0
        self.c.bench_reset()
        self.c.host_return_on_bytes(1)
        self.c.host_power_on(0)

    # the face of a Twin

    @property
    def now_s(self) -> float:
        return self.now_ns / 1e9

    def advance_to(self, t_s: float) -> float:
        self.now_ns = self.c.host_advance(max(self.now_ns, round(t_s * 1e9)))
        return self.now_s

    def read(self) -> bytes:
        count = self.c.host_uart_read(self._buffer, 8192)
        return self.corrupt_in(self._buffer.raw[:count])

    def write(self, data: bytes) -> None:
        data = self.corrupt_out(data)
        self.c.host_uart_write(data, len(data))

    # what a test does to the machine

    def power_cycle(self) -> None:
        self.c.host_power_on(self.now_ns)

    def place_mm(self, robot: RobotConfiguration, axis: Axis, mm: float) -> None:
        values = robot.axes[axis.value]
        self.c.bench_place(AXES.index(axis), round((mm - values.home_mm) * values.steps_per_mm))

    def true_steps(self, axis: Axis) -> int:
        return int(self.c.bench_position(AXES.index(axis)))

    def true_mm(self, robot: RobotConfiguration, axis: Axis) -> float:
        values = robot.axes[axis.value]
        return values.home_mm + self.true_steps(axis) / values.steps_per_mm

    def profile(self, axis: Axis) -> tuple[float, float]:
        """Commanded speed in steps/s and acceleration in steps/s²."""
        speed, acceleration = c_double(), c_double()
        self.c.host_axis_profile(AXES.index(axis), ctypes.byref(speed), ctypes.byref(acceleration))
        return speed.value, acceleration.value

    def pulse_times_ns(self, capacity: int = 2_000_000) -> list[int]:
        times = (c_uint64 * capacity)()
        count = self.c.bench_recorded(times, c_int(capacity))
        return list(times[: min(count, capacity)])

    def set_load_kg(self, side: int, kg: float, counts_per_kg: float = 20000) -> None:
        self.c.bench_set_load(side, c_int32(round(kg * counts_per_kg)))

    def set_pins(self, side: int, steps: list[int], reach: int) -> None:
        self.c.bench_set_pins(side, (c_int32 * len(steps))(*steps), len(steps), c_int32(reach))


class Scene:
    """A tower on a bench board, homed or not, inside a running virtual loop."""

    def __init__(self, board: BenchBoard, robot: RobotConfiguration, clock: SteppedClock) -> None:
        self.board, self.robot, self.clock = board, robot, clock
        self.pipe = PipeTransport(board.write)
        board.receiver = self.pipe.deliver
        self.tower: SerialTower

    async def open(self) -> SerialTower:
        self.tower = await SerialTower.open(self.robot, self.pipe, self.clock, renews_itself=True)
        return self.tower

    async def ready(self) -> SerialTower:
        """Connected, leased, armed and homed."""
        await self.open()
        await self.tower.acquire_lease("test")
        await self.tower.arm()
        result = await self.tower.home(AXES)
        assert result.end.value == "done", result
        return self.tower

    async def go(self, **targets_mm: float) -> Any:
        """Move axes by name at full speed, all at once."""
        return await self.tower.move(programme(self.full_speed(**targets_mm)))

    def full_speed(self, name: str = "go", **targets_mm: float) -> Segment:
        return Segment(name, {Axis(axis): self.move(Axis(axis), mm) for axis, mm in targets_mm.items()})

    def move(self, axis: Axis, mm: float, speed_mm_s: float | None = None) -> AxisMove:
        values = self.robot.axes[axis.value]
        return AxisMove(mm, speed_mm_s or values.max_speed_mm_s, values.max_acceleration_mm_s2)


def programme(*segments: Segment) -> MotionProgramme:
    return MotionProgramme("test", segments)


def run(
    library: Path,
    story: Callable[[Scene], Awaitable[T]],
    robot: RobotConfiguration | None = None,
    limit_s: float = 2000,
) -> T:
    """Tell a story to a tower on a fresh bench board, in virtual time."""

    async def tell(scene: Scene) -> T:
        return await story(scene)

    clock = SteppedClock()
    scene = Scene(BenchBoard(library), robot or robot_file(), clock)
    return run_virtual(tell(scene), clock, scene.board, limit_s)  # type: ignore[arg-type]


__all__ = ["AXES", "BenchBoard", "Scene", "Servo", "build_bench", "programme", "robot_file", "run"]
