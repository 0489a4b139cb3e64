"""Fills a plant's world: the machine of a robot file, its hive with colony, and a seeded share of chance."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from bee_robot.configuration import AXIS_NAMES, SERVO_NAMES, RobotConfiguration
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.rulebook import limit
from bee_robot.sim.bees_on_comb import SideBees
from bee_robot.sim.plant_mirror import FACES, SIDES, AxisMade, World

# What the reference machine and its hive are like beyond the robot file. Stiffness, play and propolis are assumptions,
# chosen in the middle of what is plausible; there are no published break-away forces (facts/bees_and_frames.md). The belt is
# a 9 mm GT2, the shuttle's motor a NEMA17 of 0.5 Nm on a pulley of 40 mm a turn.
OVERTRAVEL_MM = 3.0
FRAME_THICKNESS_MM = 28.0
TOP_BAR_DEPTH_MM = 25.0
HOOK_HALF_MM = 9.5
HOOK_WINDOW_MM = 1.5
PIN_HEAD_MM = 6.0
FORK_STIFFNESS_KG_MM = 250.0
HOOK_STIFFNESS_KG_MM = 100.0
HOOK_MAX_KG = 30.0
BELT_STIFFNESS_KG_MM = 5.0
BELT_BACKLASH_MM = 0.06
BELT_MAX_KG = 8.0
EAR_FRICTION = 0.4  # wood on wood
SLIDE_TILT_MM = 60.0  # a slope of 1 in 8: well-worn steel on steel begins to slide
OBSTRUCTION_KG_MM = 3.0  # a finger, or comb before it yields
COMB_YIELDS_KG = 3.0
FINGER_HARM_KG = 14.0  # 140 N: ISO/TS 15066:2016, table A.2, hands and fingers, quasi-static
AIR_C = 20.0
SEAM_BREAK_AWAY_KG = 4.0
SEAM_RELEASE_MM = 2.0
EAR_BREAK_AWAY_KG = 1.5
EAR_RELEASE_MM = 1.0
LOAD_NOISE_KG = 0.03
FRAME_SCATTER_MM = 0.5
RIM_BEES = 20.0  # on each half of the rim after a while; a strong colony in good weather
RIM_ARRIVE_S = 60.0
RIM_LEAVE_S = 2.0


class HiveMasses(Protocol):
    """What the plant asks of a hive world: masses in kg; boxes from 1 at the bottom, frames from 1 at the back."""

    def frame_mass_kg(self, box: int, frame: int) -> float: ...

    def box_mass_kg(self, box: int) -> float:
        """The box without its frames."""
        ...


@runtime_checkable
class HiveBees(Protocol):
    """What a hive world with bees in it tells the plant besides."""

    def bees_on(self, box: int, frame: int, side: str) -> SideBees:
        """How many are on the "rear" or "front" side of a frame, and whether the queen is among them."""
        ...


def _fill_machine(world: World, robot: RobotConfiguration, start_mm: Mapping[str, float]) -> None:
    for index, name in enumerate(AXIS_NAMES):
        axis = robot.axes[name]
        world.axes[index] = AxisMade(
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
    world.belt_stiffness_kg_mm, world.belt_backlash_mm = BELT_STIFFNESS_KG_MM, BELT_BACKLASH_MM
    world.belt_max_kg = BELT_MAX_KG
    world.load_noise_kg = LOAD_NOISE_KG
    world.is_door_closed = world.is_estop_ok = 1


def _fill_what_bees_bear(world: World) -> None:
    world.gentle_lift_mm_s = limit("R6", "lift_mm_s")
    world.gentle_lower_mm_s = limit("R6", "lower_mm_s")
    world.gentle_set_down_mm_s = limit("R6", "set_down_mm_s")
    world.gentle_ear_mm_s = limit("R20", "ear_mm_s")
    world.gentle_nudge_mm_s = limit("R20", "nudge_mm_s")
    world.gentle_hook_mm_s = limit("R11", "speed_mm_s")
    world.gentle_vertical_mm_s2 = limit("R7", "vertical_mm_s2")
    world.gentle_sideways_mm_s2 = limit("R7", "sideways_mm_s2")


def _fill_bees(world: World, bees: HiveBees) -> None:
    for box in range(1, world.boxes + 1):
        for frame in range(1, world.frames_in_box[box - 1] + 1):
            for index, face in enumerate(FACES):
                on_face = bees.bees_on(box, frame, face)
                world.frames[box - 1][frame - 1].bees[index] = on_face.number
                if on_face.queen_at is not None:
                    world.queen_box, world.queen_frame, world.queen_face = box, frame, index
    world.rim_bees, world.rim_arrive_s, world.rim_leave_s = RIM_BEES, RIM_ARRIVE_S, RIM_LEAVE_S


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
    world.fork_span_mm, world.slide_tilt_mm = hive.box_outer_width_mm, SLIDE_TILT_MM
    world.ear_friction = EAR_FRICTION
    world.obstruction_kg_mm, world.comb_yields_kg = OBSTRUCTION_KG_MM, COMB_YIELDS_KG
    world.finger_harm_kg = FINGER_HARM_KG
    world.air_c = AIR_C
    world.rim_arrive_s = world.rim_leave_s = 1.0
    world.seam_release_mm, world.ear_release_mm = SEAM_RELEASE_MM, EAR_RELEASE_MM
    for level in range(1, hive.boxes + 2):
        for side in range(2):
            world.seam_break_away_kg[level - 1][side] = SEAM_BREAK_AWAY_KG * chance.uniform(0.5, 1.5)
    for box in range(1, hive.boxes + 1):
        world.box_mass_kg[box - 1] = masses.box_mass_kg(box)
        for frame in range(1, world.frames_in_box[box - 1] + 1):
            made = world.frames[box - 1][frame - 1]
            made.is_present, made.origin_box, made.origin_frame = 1, box, frame
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
    _fill_what_bees_bear(world)
    if isinstance(masses, HiveBees):
        _fill_bees(world, masses)
