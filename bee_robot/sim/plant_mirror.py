"""plant_world.h field by field: what machine and hive are made of (World), what is going on in them (Truth).

Both live inside the loaded library (bee_robot.sim.plant): reading and writing them reads and writes the plant. What a field
means stands in plant_world.h. Millimetres, kilograms, degrees, °C; sides left and right; boxes and frames by index from 0.
"""

from __future__ import annotations

import ctypes
from ctypes import c_double, c_int32, c_int64, c_uint32, c_uint64

from bee_robot.configuration import AXIS_NAMES, SERVO_NAMES

SIDES = ("left", "right")
FACES = ("rear", "front")
OUTPUT_NAMES = ("strobe", "red_light", "fan", "heater")
THINGS = ("tool", "finger", "comb")  # what may lie on a rim
MAX_BOXES, MAX_LEVELS, MAX_FRAMES = 5, 6, 12


class AxisMade(ctypes.Structure):
    """plant_axis_t."""

    _fields_ = [
        (name, c_double) for name in ("steps_per_mm", "home_mm", "minimum_mm", "maximum_mm", "start_mm")
    ]


class FrameMade(ctypes.Structure):
    """A frame as it was put into the hive."""

    _fields_ = [
        ("y_mm", c_double),
        ("askew_mm", c_double),
        ("mass_kg", c_double),
        ("ear_break_away_kg", c_double * 2),
        ("burr_kg", c_double),
        ("burr_mm", c_double),
        ("bees", c_double * 2),
        ("is_present", c_int32),
        ("is_upside_down", c_int32),
        ("is_pin_missing", c_int32 * 2),
        ("origin_box", c_int32),
        ("origin_frame", c_int32),
    ]


class World(ctypes.Structure):
    """plant_world_t: what the machine and the hive are made of, and what is wrong with them."""

    _fields_ = [
        ("axes", AxisMade * len(AXIS_NAMES)),
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
                "belt_stiffness_kg_mm",
                "belt_backlash_mm",
                "belt_max_kg",
                "ear_friction",
                "fork_span_mm",
                "slide_tilt_mm",
                "seam_release_mm",
                "ear_release_mm",
                "load_noise_kg",
            )
        ),
        ("load_drift_kg_h", c_double * 2),
        ("load_zero_kg", c_double * 2),
        ("obstruction_mm", c_double * 2),
        *(
            (name, c_double)
            for name in (
                "obstruction_kg_mm",
                "comb_yields_kg",
                "finger_harm_kg",
                "air_c",
                "rim_bees",
                "rim_arrive_s",
                "rim_leave_s",
                "gentle_lift_mm_s",
                "gentle_lower_mm_s",
                "gentle_set_down_mm_s",
                "gentle_ear_mm_s",
                "gentle_nudge_mm_s",
                "gentle_hook_mm_s",
                "gentle_vertical_mm_s2",
                "gentle_sideways_mm_s2",
            )
        ),
        ("rail_back_ns", c_uint64),
        ("seed", c_uint32),
        ("boxes", c_int32),
        ("frames_in_box", c_int32 * MAX_BOXES),
        ("is_door_closed", c_int32),
        ("is_estop_ok", c_int32),
        ("is_axis_stuck", c_int32 * len(AXIS_NAMES)),
        ("steps_to_lose", c_int32 * len(AXIS_NAMES)),
        ("is_load_stuck", c_int32 * 2),
        ("is_pin_sensor_blind", c_int32 * 2),
        ("obstruction_kind", c_int32 * 2),
        ("queen_box", c_int32),
        ("queen_frame", c_int32),
        ("queen_face", c_int32),
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
        ("plate_y_mm", c_double * 2),
        ("bees_on_rim", c_double * 2),
        ("brood_c", c_double),
        ("brood_c_min", c_double),
        ("frames", FrameTruth * MAX_FRAMES * MAX_BOXES),
        ("stack_level", c_int32),
        ("fork_level", c_int32 * 2),
        ("held", c_int32 * 2),
        ("pins", c_int32 * 2),
        ("is_rail_on", c_int32),
        ("is_swinging", c_int32 * len(SERVO_NAMES)),
        ("is_burr_broken", c_int32 * MAX_FRAMES * MAX_BOXES),
        ("bees_crushed", c_int32),
        ("is_queen_lost", c_int32),
    ]


class RawEvent(ctypes.Structure):
    """plant_event_t."""

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
