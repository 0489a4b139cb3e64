"""The plant alone, without firmware: compiled from source, moved by hand step by step."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bee_robot.configuration import AXIS_NAMES, SERVO_NAMES, RobotConfiguration, load
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.sim.plant import Plant, PlantEvent
from bee_robot.sim.plant_mirror import MAX_LEVELS
from bee_robot.sim.plant_setup import fill

ROOT = Path(__file__).parents[3]
STRIDE_MM = 0.2
SOURCES = ROOT / "firmware" / "boards" / "host"


class EvenMasses:
    """A hive in which every frame weighs 2 kg and every box 6 kg."""

    def frame_mass_kg(self, box: int, frame: int) -> float:
        return 2.0

    def box_mass_kg(self, box: int) -> float:
        return 6.0


class Hands:
    """Moves the plant as a board would, and writes down what happens."""

    def __init__(self, library: ctypes.CDLL, robot: RobotConfiguration) -> None:
        self.library = library
        self.robot = robot
        self.geometry = HiveGeometry(robot.hive, robot.mechanism)
        self.plant = Plant(library)
        self.now_ns = 0
        self.events: list[PlantEvent] = []
        library.plant_motor_rail.argtypes = [ctypes.c_int, ctypes.c_uint64]
        library.plant_set_servo.argtypes = [ctypes.c_int, ctypes.c_int32, ctypes.c_uint64]
        library.plant_set_output.argtypes = [ctypes.c_int, ctypes.c_uint16, ctypes.c_uint64]
        library.plant_step.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_uint64]
        library.plant_advance.argtypes = [ctypes.c_uint64]
        parks = {name: axis.park_mm for name, axis in robot.axes.items()}
        fill(self.plant.world, robot, EvenMasses(), 1, parks)
        self.plant.world.load_noise_kg = 0.0
        self.plant.world.belt_backlash_mm = 0.0
        self.plant.world.belt_stiffness_kg_mm = 1e6
        self.place_frames()
        self.plant.power_on()
        self.motor_rail(True)

    def place_frames(self) -> None:
        """Frames exactly where the geometry says, no propolis: tests add what they are about."""
        for box in range(1, self.robot.hive.boxes + 1):
            for frame in range(1, self.geometry.frames_in(box) + 1):
                made = self.plant.world.frames[box - 1][frame - 1]
                made.y_mm = self.geometry.frame_y_mm(box, frame)
                made.ear_break_away_kg[0] = made.ear_break_away_kg[1] = 0.0
        for level in range(MAX_LEVELS):
            self.plant.world.seam_break_away_kg[level][0] = self.plant.world.seam_break_away_kg[level][1] = (
                0.0
            )

    def motor_rail(self, is_on: bool) -> None:
        self.library.plant_motor_rail(is_on, self.now_ns)

    def position_mm(self, axis: str) -> float:
        return float(self.plant.truth.position_mm[AXIS_NAMES.index(axis)])

    def glide(self, speed_mm_s: float, **to_mm: float) -> None:
        """As `move`, in strides of a millisecond: for those who feel how fast it goes."""
        self.move(speed_mm_s, stride_mm=speed_mm_s / 1000, **to_mm)

    def move(self, speed_mm_s: float = 20.0, *, stride_mm: float = STRIDE_MM, **to_mm: float) -> None:
        """All named axes together, in small even strides."""
        strides = max(
            (int(abs(goal - self.position_mm(axis)) / stride_mm) + 1 for axis, goal in to_mm.items()),
            default=1,
        )
        begin = {axis: self.position_mm(axis) for axis in to_mm}
        asked = {axis: round(begin[axis] * self.robot.axes[axis].steps_per_mm) for axis in to_mm}
        for stride in range(1, strides + 1):
            for axis, goal in to_mm.items():
                here_mm = begin[axis] + (goal - begin[axis]) * stride / strides
                wanted = round(here_mm * self.robot.axes[axis].steps_per_mm)
                direction = 1 if wanted > asked[axis] else -1
                for _ in range(abs(wanted - asked[axis])):
                    self.library.plant_step(AXIS_NAMES.index(axis), direction, self.now_ns)
                asked[axis] = wanted
            self.pause(stride_mm / speed_mm_s)

    def swing(self, **to_deg: float) -> None:
        """Ramps the pulse width in steps of a millisecond, as the board does."""
        begin = {servo: self.plant.truth.servo_deg[SERVO_NAMES.index(servo)] for servo in to_deg}
        slowest_deg_s = min(self.robot.servos[servo].speed_deg_s for servo in to_deg)
        for millisecond in range(1, int(90_000 / slowest_deg_s) + 20):
            for servo, angle in to_deg.items():
                reach = self.robot.servos[servo].speed_deg_s * millisecond / 1000
                way = max(-reach, min(reach, angle - begin[servo]))
                centideg = round(100 * (begin[servo] + way))
                self.library.plant_set_servo(SERVO_NAMES.index(servo), centideg, self.now_ns)
            self.pause(0.001)

    def pause(self, seconds: float) -> None:
        until_ns = self.now_ns + int(seconds * 1e9)
        stride_ns = 1_000_000 if seconds <= 1.0 else 10_000_000
        while self.now_ns < until_ns:
            self.now_ns = min(until_ns, self.now_ns + stride_ns)
            self.library.plant_advance(self.now_ns)
        self.events += self.plant.take_events()

    def happened(self) -> list[str]:
        return [event.name for event in self.events]

    def harm(self) -> list[str]:
        return [event.name for event in self.events if event.is_harm]

    def open_box(self, box: int, raise_mm: float = 400.0) -> None:
        """Forks under what stands on a box, and up with it, level; scan beams follow to the rim."""
        cleat_mm = self.geometry.cleat_mm(box + 1)
        self.move(lift_left=cleat_mm - 8, lift_right=cleat_mm - 8)
        self.swing(fork_left=90, fork_right=90)
        self.move(lift_left=cleat_mm + 6.5)
        self.move(lift_right=cleat_mm + 6.5)
        self.move(lift_left=cleat_mm + raise_mm, lift_right=cleat_mm + raise_mm)
        ready_mm = min(self.geometry.engaged_mm(box) + 30, cleat_mm + raise_mm - 120)
        self.move(scan_left=ready_mm, scan_right=ready_mm)

    def hooks_beside(self, box: int, y_mm: float, push: int) -> None:
        """Both hooks down beside the pins at y, ready to push towards `push` (+1 front, -1 back)."""
        engaged_mm = self.geometry.engaged_mm(box)
        self.move(shuttle_left=y_mm - push * 26, shuttle_right=y_mm - push * 26)
        self.swing(hook_left=90, hook_right=90)
        self.move(scan_left=engaged_mm, scan_right=engaged_mm)

    def take_hold(self, box: int, frame: int, push: int) -> None:
        y_mm = self.plant.truth.frames[box - 1][frame - 1].y_mm[0]
        self.hooks_beside(box, y_mm, push)
        self.move(shuttle_left=y_mm - push * 8, shuttle_right=y_mm - push * 8)


@pytest.fixture(scope="session")
def robot() -> RobotConfiguration:
    return load(ROOT / "config" / "robots" / "tower.yaml")


@pytest.fixture(scope="session")
def plant_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "a C compiler is needed: apt install build-essential"
    built = tmp_path_factory.mktemp("plant") / "libplant.so"
    sources = [str(path) for path in sorted(SOURCES.glob("plant*.c"))]
    flags = [
        "-std=c11",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fPIC",
        "-shared",
        "-I",
        str(ROOT / "firmware" / "core"),
    ]
    subprocess.run([compiler, *flags, *sources, "-o", str(built), "-lm"], check=True, timeout=60)
    return built


@pytest.fixture
def hands(plant_build: Path, tmp_path: Path, robot: RobotConfiguration) -> Iterator[Hands]:
    own = shutil.copy(plant_build, tmp_path / "libplant.so")
    yield Hands(ctypes.CDLL(own), robot)
