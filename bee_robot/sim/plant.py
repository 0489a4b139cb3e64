"""The plant: machine and hive behind the board, in C (firmware/boards/host/plant*.c), as Python sees it.

`World` and `Truth` mirror plant_world.h field by field and live inside the loaded library: reading and writing them
reads and writes the plant. Machine frame and units as there: X right, Y front, Z up, millimetres, kilograms, degrees.
"""

from __future__ import annotations

import ctypes
import random
from collections.abc import Mapping
from ctypes import c_double, c_int32, c_int64, c_uint32, c_uint64
from dataclasses import dataclass
from struct import Struct
from typing import Protocol

from bee_robot.configuration import AXIS_NAMES, SERVO_NAMES, RobotConfiguration
from bee_robot.hive.geometry import HiveGeometry

SIDES = ("left", "right")
OUTPUT_NAMES = ("strobe", "red_light", "fan", "heater")
MAX_BOXES, MAX_LEVELS, MAX_FRAMES = 5, 6, 12

# What the reference machine and its hive are like beyond the robot file. Stiffness, play and propolis are assumptions,
# chosen in the middle of what is plausible; there are no published break-away forces (facts/bees_and_frames.md).
OVERTRAVEL_MM = 3.0
FRAME_THICKNESS_MM = 28.0
TOP_BAR_DEPTH_MM = 25.0
HOOK_HALF_MM = 9.5
HOOK_WINDOW_MM = 1.5
PIN_HEAD_MM = 6.0
FORK_STIFFNESS_KG_MM = 250.0
HOOK_STIFFNESS_KG_MM = 100.0
HOOK_MAX_KG = 30.0
SEAM_BREAK_AWAY_KG = 4.0
SEAM_RELEASE_MM = 2.0
EAR_BREAK_AWAY_KG = 1.5
EAR_RELEASE_MM = 1.0
LOAD_NOISE_KG = 0.03
FRAME_SCATTER_MM = 0.5


class HiveMasses(Protocol):
    """What the plant asks of a hive world: masses in kg; boxes from 1 at the bottom, frames from 1 at the back."""

    def frame_mass_kg(self, box: int, frame: int) -> float: ...

    def box_mass_kg(self, box: int) -> float:
        """The box without its frames."""
        ...


class _Axis(ctypes.Structure):
    _fields_ = [
        (name, c_double) for name in ("steps_per_mm", "home_mm", "minimum_mm", "maximum_mm", "start_mm")
    ]


class FrameMade(ctypes.Structure):
    """A frame as it was put into the hive."""

    _fields_ = [
        ("y_mm", c_double),
        ("mass_kg", c_double),
        ("ear_break_away_kg", c_double * 2),
        ("is_present", c_int32),
        ("reserved", c_int32),
    ]


class World(ctypes.Structure):
    """plant_world_t: what the machine and the hive are made of, and what is wrong with them."""

    _fields_ = [
        ("axes", _Axis * len(AXIS_NAMES)),
        ("frames", FrameMade * MAX_FRAMES * MAX_BOXES),
        ("box_mass_kg", c_double * MAX_BOXES),
        ("lid_mass_kg", c_double),
        ("seam_break_away_kg", c_double * 2 * MAX_LEVELS),
        ("servo_speed_deg_s", c_double * len(SERVO_NAMES)),
        ("servo_start_deg", c_double * len(SERVO_NAMES)),
        ("counts_per_kg", c_double * 2),
        ("offset_counts", c_double * 2),
        *(
            (name, c_double)
            for name in (
                "overtravel_mm",
                "base_mm",
            )
        ),
        ("box_height_mm", c_double * MAX_BOXES),
        ("frame_height_mm", c_double * MAX_BOXES),
        *(
            (name, c_double)
            for name in (
                "cleat_above_bottom_mm",
                "lid_height_mm",
                "box_inner_depth_mm",
                "frame_top_below_rim_mm",
                "frame_thickness_mm",
                "top_bar_depth_mm",
                "pin_neck_above_frame_top_mm",
                "pin_sensor_behind_hook_mm",
                "pin_sensor_range_mm",
                "hook_travel_mm",
                "hook_seated_mm",
                "hook_half_mm",
                "hook_window_mm",
                "pin_head_mm",
                "beam_separation_mm",
                "fork_stiffness_kg_mm",
                "hook_stiffness_kg_mm",
                "hook_max_kg",
                "seam_release_mm",
                "ear_release_mm",
                "load_noise_kg",
            )
        ),
        ("obstruction_mm", c_double * 2),
        ("seed", c_uint32),
        ("boxes", c_int32),
        ("frames_in_box", c_int32 * MAX_BOXES),
        ("is_door_closed", c_int32),
        ("is_estop_ok", c_int32),
        ("is_axis_stuck", c_int32 * len(AXIS_NAMES)),
        ("steps_to_lose", c_int32 * len(AXIS_NAMES)),
        ("reserved", c_int32),
    ]


class FrameTruth(ctypes.Structure):
    """Where a frame is: along Y at its left and right pin, and how high each ear is above the rebate."""

    _fields_ = [("y_mm", c_double * 2), ("lift_mm", c_double * 2), ("freed_mm", c_double * 2)]


class Truth(ctypes.Structure):
    """plant_truth_t: what is going on in the plant."""

    _fields_ = [
        ("now_ns", c_uint64),
        ("steps", c_int64 * len(AXIS_NAMES)),
        ("lost_steps", c_uint64 * len(AXIS_NAMES)),
        ("events_lost", c_uint64),
        ("position_mm", c_double * len(AXIS_NAMES)),
        ("servo_deg", c_double * len(SERVO_NAMES)),
        ("servo_target_deg", c_double * len(SERVO_NAMES)),
        ("outputs", c_double * len(OUTPUT_NAMES)),
        ("load_kg", c_double * 2),
        ("edge_mm", c_double * 2),
        ("freed_mm", c_double * 2 * MAX_LEVELS),
        ("pressed_kg", c_double),
        ("frames", FrameTruth * MAX_FRAMES * MAX_BOXES),
        ("stack_level", c_int32),
        ("fork_level", c_int32 * 2),
        ("held", c_int32 * 2),
        ("pins", c_int32 * 2),
        ("is_rail_on", c_int32),
        ("is_swinging", c_int32 * len(SERVO_NAMES)),
    ]


class _Event(ctypes.Structure):
    _fields_ = [
        ("at_ns", c_uint64),
        ("value", c_double),
        ("position_mm", c_double * len(AXIS_NAMES)),
        ("servo_deg", c_double * len(SERVO_NAMES)),
        ("load_kg", c_double * 2),
        ("kind", c_int32),
        ("side", c_int32),
        ("level", c_int32),
        ("frame", c_int32),
    ]


_MOTION = Struct("<6d4d4d4d")
_FOUR = Struct("<4d")
_HOLDS = Struct("<12i")
_FRAME = Struct("<6d")

_HARMLESS = {
    1: "fork_{side}_swing_start",
    2: "fork_{side}_swing_end",
    3: "hook_{side}_swing_start",
    4: "hook_{side}_swing_end",
    5: "edge_{side}_leaves_rim",
    6: "edge_{side}_lands",
    7: "contact_{side}",
    8: "frame_engaged_{side}",
    9: "frame_released_{side}",
    10: "ear_{side}_free",
    11: "frame_hanging",
    12: "frame_set_down",
    13: "{output}_{onoff}",
    14: "motor_rail_{onoff}",
    15: "door_{openclosed}",
    16: "estop_{pressed}",
}
_HARM = {
    32: "crush_pin",
    33: "crush_top_bar",
    34: "frames_collide",
    35: "frame_meets_wall",
    36: "frame_meets_stack",
    37: "frame_dropped",
    38: "hook_meets_hive",
    39: "fork_meets_cleat",
    40: "forks_disagree",
    41: "stack_dropped",
    42: "beams_collide",
}
_NAMES = _HARMLESS | _HARM


@dataclass(frozen=True)
class PlantEvent:
    """Something that happened in the plant, with the machine at that instant.

    `value` is what the kind measures (mm, kg or 0..1). `level` is the box, or the level of the stack; `frame` counts
    from 1; both are 0 where they mean nothing, as `side` is "".
    """

    t_s: float
    name: str
    side: str
    level: int
    frame: int
    value: float
    is_harm: bool
    positions_mm: tuple[float, ...]
    servos_deg: tuple[float, ...]
    loads_kg: tuple[float, ...]

    def __str__(self) -> str:
        frame = f", frame {self.frame}" if self.frame else ""
        side = f" {self.side}" if self.side else ""
        return f"{self.name} at {self.t_s:.2f} s:{side} level {self.level}{frame}, {self.value:.4g}"


def _named(raw: _Event) -> PlantEvent:
    has_side = raw.kind != 13 and raw.side >= 0
    side = SIDES[raw.side] if has_side else ""
    name = _NAMES[raw.kind].format(
        side=side,
        output=OUTPUT_NAMES[raw.side] if raw.kind == 13 else "",
        onoff="on" if raw.value else "off",
        openclosed="closed" if raw.value else "open",
        pressed="released" if raw.value else "pressed",
    )
    return PlantEvent(
        raw.at_ns * 1e-9,
        name,
        side,
        raw.level,
        raw.frame,
        raw.value,
        raw.kind in _HARM,
        tuple(raw.position_mm),
        tuple(raw.servo_deg),
        tuple(raw.load_kg),
    )


def _box_of(whole: memoryview, offset: int, one: type[ctypes.Structure], index: int) -> memoryview:
    """The part of a structure that holds the frames of one box."""
    size = ctypes.sizeof(one) * MAX_FRAMES
    return whole[offset + index * size : offset + (index + 1) * size]


class PlantMismatch(Exception):
    """The library was built from another plant_world.h than this module mirrors."""


class Plant:
    """The plant inside a loaded library. `world` and `truth` are live views."""

    def __init__(self, library: ctypes.CDLL) -> None:
        for name, mirror in (("world", World), ("truth", Truth), ("event", _Event)):
            size = getattr(library, f"plant_{name}_size")()
            if size != ctypes.sizeof(mirror):
                raise PlantMismatch(
                    f"plant_{name}: {size} bytes in the library, {ctypes.sizeof(mirror)} in bee_robot/sim/plant.py; "
                    "run 'make firmware' to build the library from this source"
                )
        library.plant_world.restype = ctypes.POINTER(World)
        library.plant_truth.restype = ctypes.POINTER(Truth)
        library.plant_take_events.argtypes = [ctypes.c_void_p, c_int32]
        library.plant_take_events.restype = c_int32
        for name in ("plant_power_on", "plant_world_changed"):
            getattr(library, name).restype = None
        self.world: World = library.plant_world().contents
        self.truth: Truth = library.plant_truth().contents
        self._library = library
        self._events = (_Event * 64)()
        truth_bytes, world_bytes = memoryview(self.truth).cast("B"), memoryview(self.world).cast("B")
        self._motion = truth_bytes[Truth.position_mm.offset :]
        self._edges = truth_bytes[Truth.load_kg.offset :]
        self._holds = truth_bytes[Truth.stack_level.offset :]
        self._boxes = [
            (
                _box_of(truth_bytes, Truth.frames.offset, FrameTruth, box),
                _box_of(world_bytes, World.frames.offset, FrameMade, box),
            )
            for box in range(MAX_BOXES)
        ]

    def power_on(self) -> None:
        """Everything stands as `world` says; time is zero."""
        self._library.plant_power_on()

    def world_changed(self) -> None:
        """Call after writing to `world`: weights, door and e-stop take effect."""
        self._library.plant_world_changed()

    def motion(self) -> tuple[float, ...]:
        """`position_mm` (6), `servo_deg` (4), `servo_target_deg` (4) and `outputs` (4) of the truth, at the price of one."""
        return _MOTION.unpack_from(self._motion)

    def loads_and_edges(self) -> tuple[float, float, float, float]:
        """`load_kg` and `edge_mm` of the truth, left and right."""
        return _FOUR.unpack_from(self._edges)

    def holds(self) -> tuple[int, ...]:
        """`stack_level`, `fork_level` (2), `held` (2), `pins` (2), `is_rail_on` and `is_swinging` (4) of the truth."""
        return _HOLDS.unpack_from(self._holds)

    def frame(self, box: int, number: int) -> tuple[float, ...]:
        """`y_mm`, `lift_mm` and `freed_mm` of a frame, left and right."""
        return _FRAME.unpack_from(self._boxes[box - 1][0], (number - 1) * _FRAME.size)

    def has_frame(self, box: int, number: int) -> bool:
        """Whether the frame is in the hive at all."""
        offset = (number - 1) * ctypes.sizeof(FrameMade) + FrameMade.is_present.offset
        return self._boxes[box - 1][1][offset] != 0

    def box_bytes(self, box: int) -> tuple[bytes, bytes]:
        """All that is known of the frames of a box, as bytes: the same bytes mean that no frame has changed."""
        truth, made = self._boxes[box - 1]
        return bytes(truth), bytes(made)

    def take_events(self) -> list[PlantEvent]:
        """What happened since the last call, in order."""
        events: list[PlantEvent] = []
        while count := self._library.plant_take_events(self._events, len(self._events)):
            events.extend(_named(raw) for raw in self._events[:count])
        return events


def _fill_machine(world: World, robot: RobotConfiguration, start_mm: Mapping[str, float]) -> None:
    for index, name in enumerate(AXIS_NAMES):
        axis = robot.axes[name]
        world.axes[index] = _Axis(
            axis.steps_per_mm, axis.home_mm, axis.minimum_mm, axis.maximum_mm, start_mm[name]
        )
    for index, name in enumerate(SERVO_NAMES):
        world.servo_speed_deg_s[index] = robot.servos[name].speed_deg_s
    for index, side in enumerate(SIDES):
        world.counts_per_kg[index] = robot.load_cells[side].counts_per_kg  # type: ignore[index]
        world.offset_counts[index] = robot.load_cells[side].offset_counts  # type: ignore[index]
    for name in (
        "pin_neck_above_frame_top_mm",
        "pin_sensor_behind_hook_mm",
        "pin_sensor_range_mm",
        "hook_travel_mm",
        "hook_seated_mm",
        "beam_separation_mm",
    ):
        setattr(world, name, getattr(robot.mechanism, name))
    world.overtravel_mm = OVERTRAVEL_MM
    world.hook_half_mm = HOOK_HALF_MM
    world.hook_window_mm = HOOK_WINDOW_MM
    world.fork_stiffness_kg_mm = FORK_STIFFNESS_KG_MM
    world.hook_stiffness_kg_mm = HOOK_STIFFNESS_KG_MM
    world.hook_max_kg = HOOK_MAX_KG
    world.load_noise_kg = LOAD_NOISE_KG
    world.is_door_closed = world.is_estop_ok = 1


def _fill_hive(world: World, robot: RobotConfiguration, masses: HiveMasses, seed: int) -> None:
    hive = robot.hive
    geometry = HiveGeometry(hive, robot.mechanism)
    chance = random.Random(seed)
    world.boxes = hive.boxes
    for box in range(1, hive.boxes + 1):
        world.box_height_mm[box - 1] = geometry.box_height_mm(box)
        world.frame_height_mm[box - 1] = geometry.frame_height_mm(box)
        world.frames_in_box[box - 1] = geometry.frames_in(box)
    for name in (
        "base_mm",
        "cleat_above_bottom_mm",
        "lid_height_mm",
        "lid_mass_kg",
        "box_inner_depth_mm",
        "frame_top_below_rim_mm",
    ):
        setattr(world, name, getattr(hive, name))
    world.frame_thickness_mm = FRAME_THICKNESS_MM
    world.top_bar_depth_mm = TOP_BAR_DEPTH_MM
    world.pin_head_mm = PIN_HEAD_MM
    world.seam_release_mm, world.ear_release_mm = SEAM_RELEASE_MM, EAR_RELEASE_MM
    for level in range(1, hive.boxes + 2):
        for side in range(2):
            world.seam_break_away_kg[level - 1][side] = SEAM_BREAK_AWAY_KG * chance.uniform(0.5, 1.5)
    for box in range(1, hive.boxes + 1):
        world.box_mass_kg[box - 1] = masses.box_mass_kg(box)
        for frame in range(1, world.frames_in_box[box - 1] + 1):
            made = world.frames[box - 1][frame - 1]
            made.is_present = 1
            made.mass_kg = masses.frame_mass_kg(box, frame)
            made.y_mm = geometry.frame_y_mm(box, frame) + chance.uniform(-FRAME_SCATTER_MM, FRAME_SCATTER_MM)
            for side in range(2):
                made.ear_break_away_kg[side] = EAR_BREAK_AWAY_KG * chance.uniform(0.5, 1.5)


def fill(
    world: World, robot: RobotConfiguration, masses: HiveMasses, seed: int, start_mm: Mapping[str, float]
) -> None:
    """Write machine, hive and a seeded share of chance (propolis, scatter of frames) into a plant's world."""
    ctypes.memset(ctypes.byref(world), 0, ctypes.sizeof(world))
    world.seed = seed & 0xFFFFFFFF
    _fill_machine(world, robot, start_mm)
    _fill_hive(world, robot, masses, seed)
