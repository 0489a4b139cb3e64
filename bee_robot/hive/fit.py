"""Whether a hive fits the machine of a robot file: reach of every axis, room between posts, cameras and hooks.

What does not fit is said in one line each: what, where, what to do. Weight is another matter (extraction/plan.py): how heavy
a stack is nobody knows before the forks weigh it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bee_robot.hive.geometry import HiveGeometry
from bee_robot.rulebook import limit

if TYPE_CHECKING:
    from bee_robot.configuration import RobotConfiguration

# Where parts of the machine are that no motion depends on (urdf/parts.yaml; a test compares).
POST_TO_FORK_TIP_MM = 109.0  # middle of a post to the middle of the prongs that reach under the cleats
FORK_TIP_CLEAR_MM = 2.0
CAMERA_HALF_MM = 19.0
CAMERA_CLEAR_MM = 1.0
POST_HALF_MM = 20.0
HOOK_ARM_ABOVE_PLATE_MM = 16.0
HOOK_ARM_HALF_MM = 3.0
PIN_HEAD_HALF_MM = 3.0
WOOD_BESIDE_PIN_MM = 3.0
TAG_BEYOND_COMB_MM = 9.5  # outer edge of the tags on the end bars
LEAST_BESIDE_MM = 16.0  # half the hook plate (9.5), half a pin's head, and what R11 leaves to place
SWEEP_BEYOND_MM = 4.0  # as in extraction/motion_plan.py
HEADROOM_MM = 20.0
PARKED_CLEAR_MM = 1.0  # beyond R13, for beams that stand
VIEW_OVERLAP_MM = 10.0  # both halves of a face show at least this much of its middle
FOCUS_MM = (200.0, 300.0)  # where a fixed lens focused at 240 mm is sharp enough; assumption


def misfits(robot: RobotConfiguration) -> list[str]:
    """One line for everything that does not fit; empty where the robot can visit every box of the hive."""
    geometry = HiveGeometry(robot.hive, robot.mechanism)
    found = [
        *_across(robot),
        *_hooks(robot, geometry),
        *_shuttles(robot, geometry),
        *_cameras(robot, geometry),
    ]
    for box in range(1, robot.hive.boxes + 1):
        found += [f"box {box}: {line}" for line in _heights(robot, geometry, box)]
    return found + [*_crown(robot)]


def _across(robot: RobotConfiguration) -> Iterator[str]:
    hive, skeleton = robot.hive, robot.skeleton
    widest_mm = 2 * (skeleton.post_x_mm - POST_TO_FORK_TIP_MM - FORK_TIP_CLEAR_MM)
    if hive.box_outer_width_mm > widest_mm:
        yield (
            f"boxes are {hive.box_outer_width_mm:g} mm wide, between the forks is room for {widest_mm:g}; "
            "the posts have to stand further apart (skeleton.post_x_mm)"
        )
    deepest_mm = 2 * (robot.mechanism.camera_y_mm - CAMERA_HALF_MM - CAMERA_CLEAR_MM)
    if hive.box_outer_depth_mm > deepest_mm:
        yield (
            f"boxes are {hive.box_outer_depth_mm:g} mm deep, between the frame cameras is room for {deepest_mm:g}; "
            "the cameras have to be mounted further out (mechanism.camera_y_mm)"
        )
    if robot.mechanism.camera_y_mm + CAMERA_HALF_MM > skeleton.post_y_mm:
        yield (
            f"cameras at {robot.mechanism.camera_y_mm:g} mm are beyond the beams between posts at "
            f"{skeleton.post_y_mm:g}; the posts have to stand further apart (skeleton.post_y_mm)"
        )


def _hooks(robot: RobotConfiguration, geometry: HiveGeometry) -> Iterator[str]:
    mechanism, hive = robot.mechanism, robot.hive
    arm_mm = HOOK_ARM_ABOVE_PLATE_MM - HOOK_ARM_HALF_MM
    lowest_mm = arm_mm + mechanism.pin_neck_above_frame_top_mm - FORK_TIP_CLEAR_MM
    if hive.frame_top_below_rim_mm > lowest_mm:
        yield (
            f"frames hang {hive.frame_top_below_rim_mm:g} mm below the rim; the hooks' arms reach over the wall down to "
            f"{lowest_mm:g}; give the frames higher rests (hive.frame_top_below_rim_mm)"
        )
    for number, box in enumerate(hive.stack, 1):
        ear_mm = box.top_bar_mm / 2 - PIN_HEAD_HALF_MM - WOOD_BESIDE_PIN_MM
        if mechanism.pin_x_mm > ear_mm:
            yield (
                f"box {number}: pins at {mechanism.pin_x_mm:g} mm are not on top bars of {box.top_bar_mm:g} mm; hooks "
                f"for pins at {ear_mm:g} mm or less are needed (mechanism.pin_x_mm)"
            )
        if geometry.hook_beside_pin_mm(number) < LEAST_BESIDE_MM:
            yield (
                f"box {number}: frames {geometry.frame_pitch_mm(number):g} mm apart leave no place for the hook between "
                f"two pins (R11); space them {LEAST_BESIDE_MM + limit('R11', 'next_mm'):g} mm or more"
            )


def _shuttles(robot: RobotConfiguration, geometry: HiveGeometry) -> Iterator[str]:
    needed_mm = max(shuttle_reach_mm(geometry, box) for box in range(1, robot.hive.boxes + 1))
    for name in ("shuttle_left", "shuttle_right"):
        axis = robot.axes[name]
        if axis.minimum_mm > -needed_mm or axis.maximum_mm < needed_mm:
            yield (
                f"frames at the walls need {name} to go from {-needed_mm:g} to {needed_mm:g} mm, it goes from "
                f"{axis.minimum_mm:g} to {axis.maximum_mm:g}; the belts have to be longer (axes.{name})"
            )


def shuttle_reach_mm(geometry: HiveGeometry, box: int) -> float:
    """How far from the middle the shuttles have to go for the frames at the walls of a box."""
    mechanism = geometry.mechanism
    outermost_mm = geometry.hive.box_inner_depth_mm / 2 - geometry.frame_pitch_mm(box) / 2
    sweep_mm = mechanism.pin_sensor_behind_hook_mm + mechanism.pin_sensor_range_mm + SWEEP_BEYOND_MM
    return outermost_mm + max(sweep_mm, geometry.hook_beside_pin_mm(box))


def _cameras(robot: RobotConfiguration, geometry: HiveGeometry) -> Iterator[str]:
    mechanism, distance_mm = robot.mechanism, robot.camera_distance_mm
    if not FOCUS_MM[0] <= distance_mm <= FOCUS_MM[1]:
        yield (
            f"the frame cameras see the comb from {distance_mm:g} mm; they are sharp from {FOCUS_MM[0]:g} to "
            f"{FOCUS_MM[1]:g} mm (mechanism.camera_y_mm)"
        )
    for name, camera in robot.cameras.items():
        width_mm = robot.view_width_mm(name)
        height_mm = width_mm * camera.height_px / camera.width_px
        if width_mm / 2 - mechanism.camera_x_mm < VIEW_OVERLAP_MM:
            yield (
                f"camera {name} does not see the middle of the comb; mount it further in (mechanism.camera_x_mm)"
            )
        for number, box in enumerate(robot.hive.stack, 1):
            side_mm = box.comb_width_mm / 2 + TAG_BEYOND_COMB_MM
            if mechanism.camera_x_mm + width_mm / 2 < side_mm:
                yield (
                    f"box {number}: camera {name} does not see the tags {side_mm:g} mm from the middle of the frame; "
                    f"mount it further out (mechanism.camera_x_mm is {mechanism.camera_x_mm:g})"
                )
            bottom_mm = mechanism.pin_neck_above_frame_top_mm + geometry.frame_height_mm(number)
            if mechanism.camera_below_hook_mm + height_mm / 2 < bottom_mm:
                yield (
                    f"box {number}: camera {name} does not see the lower end of frames of "
                    f"{geometry.frame_height_mm(number):g} mm; mount it lower (mechanism.camera_below_hook_mm is "
                    f"{mechanism.camera_below_hook_mm:g})"
                )


def _heights(robot: RobotConfiguration, geometry: HiveGeometry, box: int) -> Iterator[str]:
    yield from _lifting(robot, geometry, box)
    for side in ("left", "right"):
        yield from _reach(robot, geometry, box, side)


def _lifting(robot: RobotConfiguration, geometry: HiveGeometry, box: int) -> Iterator[str]:
    lift_mm, raise_mm = robot.frame_lift_mm(box), robot.raise_mm(box)
    least_mm = geometry.frame_height_mm(box) + limit("R10", "above_mm")
    if lift_mm < least_mm:
        yield (
            f"frames of {geometry.frame_height_mm(box):g} mm have to be lifted {least_mm:g} mm or more to pass over "
            f"their neighbours (R10), visit.frame_lift_mm is {lift_mm:g}; raise it or leave it out"
        )
    needed_mm = geometry.raise_mm(box, lift_mm)
    if raise_mm < needed_mm - HEADROOM_MM / 4:
        yield (
            f"frames are lifted {lift_mm:g} mm, so the stack has to be raised {needed_mm:g} mm (R8, R13), "
            f"visit.raise_mm is {raise_mm:g}; raise it or leave it out"
        )


def _reach(robot: RobotConfiguration, geometry: HiveGeometry, box: int, side: str) -> Iterator[str]:
    lift, scan = robot.axes[f"lift_{side}"], robot.axes[f"scan_{side}"]
    below_mm = geometry.cleat_mm(box + 1) - robot.mechanism.fork_below_cleat_mm
    above_mm = geometry.cleat_mm(box + 1) + robot.raise_mm(box) + limit("R5", "back_off_mm")
    apart_mm = limit("R13", "apart_mm") + PARKED_CLEAR_MM
    if below_mm < lift.minimum_mm:
        yield (
            f"lift_{side} has to go down to {below_mm:g} mm for the cleats above it, its minimum is "
            f"{lift.minimum_mm:g}; put the hive {lift.minimum_mm - below_mm:g} mm higher (hive.base_mm)"
        )
    if below_mm - scan.park_mm < apart_mm:
        yield (
            f"with the forks at {below_mm:g} mm, scan_{side} parked at {scan.park_mm:g} is too close (R13: "
            f"{limit('R13', 'apart_mm'):g} mm); put the hive {scan.park_mm + apart_mm - below_mm:g} mm higher "
            "(hive.base_mm) or park the scan beams lower"
        )
    if above_mm > lift.maximum_mm:
        yield (
            f"lift_{side} has to go up to {above_mm:g} mm, its maximum is {lift.maximum_mm:g}; use fewer or lower boxes "
            "or longer screws"
        )
    lifted_mm = geometry.engaged_mm(box) + max(robot.frame_lift_mm(box), robot.mechanism.hook_swing_mm)
    if lifted_mm > scan.maximum_mm:
        yield (
            f"scan_{side} has to go up to {lifted_mm:g} mm, its maximum is {scan.maximum_mm:g}; use fewer or lower boxes "
            "or longer screws"
        )
    if geometry.engaged_mm(box) < scan.minimum_mm:
        yield (
            f"scan_{side} has to go down to {geometry.engaged_mm(box):g} mm, its minimum is {scan.minimum_mm:g}; put the "
            "hive higher (hive.base_mm)"
        )


def _crown(robot: RobotConfiguration) -> Iterator[str]:
    most_mm = max(robot.raise_mm(box) for box in range(1, robot.hive.boxes + 1)) + limit("R5", "back_off_mm")
    needed_mm = most_mm + robot.hive.lid_height_mm + 2 * POST_HALF_MM + HEADROOM_MM
    if robot.skeleton.crown_above_rim_mm < needed_mm:
        yield (
            f"the raised stack with its lid meets the crown: it needs {needed_mm:g} mm above the rim of the top box, the "
            f"crown is {robot.skeleton.crown_above_rim_mm:g} above it; higher posts are needed "
            "(skeleton.crown_above_rim_mm)"
        )
