"""R6 to R11 and R20: what the hooks do to a frame and to the pins around it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bee_robot.rulebook.block import SCANS, SHUTTLES, Block, Bools, Floats
from bee_robot.rulebook.readings import MM, RELATIVE, STANDS_MM_S, Reading
from bee_robot.rulebook.stack_rules import HOOK, SCAN, SHUTTLE
from bee_robot.rulebook.table import RULES

HOOK_STOWED_DEG = 1.0
_R6, _R7, _R8, _R9, _R10, _R11 = (RULES[f"R{n}"].limits for n in range(6, 12))
_R20 = RULES["R20"].limits


def _hangs(block: Block) -> Bools:
    return (block.situations.frame > 0) & ~block.situations.frame_rests


def _tops_mm(block: Block) -> Floats:
    """Both ends of the top bar above those of resting frames, (N, 2)."""
    return block.situations.frame_ends_mm - block.situations.frame_top_mm[:, None]


def frame_speed(block: Block) -> Iterator[Reading]:
    """R6. Speed of a hanging frame up, down and over the last 20 mm."""
    hangs = _hangs(block)
    if not hangs.any():
        return
    speeds = block.motions.speed_mm_s[:, SCAN]
    setting_down = _tops_mm(block) < _R6["set_down_zone_mm"] - MM
    lower = np.where(setting_down, _R6["set_down_mm_s"], _R6["lower_mm_s"])
    for side, scan in enumerate(SCANS):
        yield Reading("R6", scan, hangs, speeds[:, side], _R6["lift_mm_s"], relative=RELATIVE)
        yield Reading("R6", scan, hangs, -speeds[:, side], lower[:, side], relative=RELATIVE)


def frame_acceleration(block: Block) -> Iterator[Reading]:
    """R7. Acceleration of a hanging frame."""
    hangs = _hangs(block)
    if not hangs.any():
        return
    for axes, columns, most in (
        (SCANS, SCAN, _R7["vertical_mm_s2"]),
        (SHUTTLES, SHUTTLE, _R7["sideways_mm_s2"]),
    ):
        rates = np.abs(block.motions.acceleration_mm_s2[:, columns])
        for side, axis in enumerate(axes):
            yield Reading("R7", axis, hangs, rates[:, side], most, relative=RELATIVE)


def stack_clearance(block: Block) -> Iterator[Reading]:
    """R8. Frame top to the lower edge of the stack, where bees hang."""
    s = block.situations
    clearance = s.stack_bottom_mm.min(axis=1) - s.frame_ends_mm.max(axis=1)
    applies = _hangs(block) & ~np.isnan(clearance)
    if applies.any():
        yield Reading(
            "R8",
            lambda index: f"frame {s.frame[index]}",
            applies,
            clearance,
            _R8["clearance_mm"],
            slack=MM,
            is_least=True,
        )


def frame_vertical(block: Block) -> Iterator[Reading]:
    """R9. Both hooks hold a frame at the same height and the same place."""
    holds = block.situations.frame > 0
    if not holds.any():
        return
    for (left, right), columns, name in (
        (SCANS, SCAN, "scan_apart_mm"),
        (SHUTTLES, SHUTTLE, "shuttle_apart_mm"),
    ):
        positions = block.motions.position_mm[:, columns]
        apart = np.abs(positions[:, 0] - positions[:, 1])
        yield Reading("R9", f"{left} and {right} apart", holds, apart, _R9[name], MM, RELATIVE)


def sideways(block: Block) -> Iterator[Reading]:
    """R10. A hanging frame that moves along Y is above its neighbours or keeps the pitch to each of them."""
    s = block.situations
    moves = _hangs(block) & (np.abs(block.motions.speed_mm_s[:, SHUTTLE]).max(axis=1) > STANDS_MM_S)
    bottom_mm = s.frame_ends_mm.min(axis=1) - s.frame_height_mm
    low = moves & (bottom_mm < s.frame_top_mm + _R10["above_mm"] - MM)
    if not low.any() or not s.resting_y_mm.shape[1]:
        return
    numbers = np.arange(1, s.resting_y_mm.shape[1] + 1)
    apart = np.abs(s.resting_y_mm - s.frame_y_mm[:, None])
    apart = np.where(np.isnan(apart) | (numbers == s.frame[:, None]), np.inf, apart)
    other = apart.argmin(axis=1)
    nearest = np.take_along_axis(apart, other[:, None], axis=1)[:, 0]
    yield Reading(
        "R10",
        lambda index: f"frame {s.frame[index]} beside frame {numbers[other[index]]}",
        low & np.isfinite(nearest),
        nearest,
        s.pitch_mm - _R10["pitch_tolerance_mm"],
        slack=MM,
        is_least=True,
    )


def hook_landing(block: Block) -> Iterator[Reading]:
    """R11. An empty hook that comes down among the pins stands beside one, and is slow over the last 5 mm."""
    s, m = block.situations, block.motions
    empty = (s.frame == 0) & ~np.isnan(s.resting_y_mm).all(axis=1)
    if not empty.any():
        return
    for side, (scan, shuttle) in enumerate(zip(SCANS, SHUTTLES)):
        above_mm = m.position_mm[:, SCAN][:, side] - s.engaged_mm
        down_mm_s = -m.speed_mm_s[:, SCAN][:, side]
        is_out = m.servos_deg[:, HOOK][:, side] >= HOOK_STOWED_DEG
        among = empty & is_out & (down_mm_s > STANDS_MM_S) & (above_mm < _R11["travel_mm"] - MM)
        if not among.any():
            continue
        last = among & (above_mm < _R11["zone_mm"] - MM)
        yield Reading("R11", scan, last, down_mm_s, _R11["speed_mm_s"], relative=RELATIVE)
        beside_mm = np.minimum(_R11["beside_mm"], s.pitch_mm - _R11["next_mm"])
        yield from _hook_place(shuttle, among, m.position_mm[:, SHUTTLE][:, side], s.resting_y_mm, beside_mm)


def _hook_place(
    shuttle: str, among: Bools, y_mm: Floats, pins_mm: Floats, beside_mm: Floats
) -> Iterator[Reading]:
    distances = np.abs(pins_mm - y_mm[:, None])
    distances = np.where(np.isnan(distances), np.inf, distances)
    off_mm = np.abs(distances - beside_mm[:, None]).min(axis=1)
    yield Reading("R11", f"{shuttle} beside no pin", among, off_mm, _R11["position_mm"], MM, RELATIVE)
    nearest = distances.min(axis=1)
    yield Reading("R11", f"{shuttle} on a pin", among, nearest, _R11["clear_mm"], slack=MM, is_least=True)


def ears(block: Block) -> Iterator[Reading]:
    """R20. Speed of a nudge; speed and order of the ears when a frame is peeled off its rests."""
    holds = block.situations.frame > 0
    if not holds.any():
        return
    yield from _nudge(block, holds & block.situations.frame_rests)
    low = holds[:, None] & (_tops_mm(block) < _R20["ear_mm"] - MM)
    rising = block.motions.speed_mm_s[:, SCAN]
    for side, scan in enumerate(SCANS):
        yield Reading("R20", scan, low[:, side], rising[:, side], _R20["ear_mm_s"], relative=RELATIVE)
    both = np.minimum(rising[:, 0], rising[:, 1])
    yield Reading(
        "R20", "both ears at once", low[:, 0] | low[:, 1], both, 0.0, slack=STANDS_MM_S, has_margin=False
    )


def _nudge(block: Block, rests: Bools) -> Iterator[Reading]:
    """The bar pushes the pin where they touch and it moves towards the pin; sliding off is no nudge."""
    for side, shuttle in enumerate(SHUTTLES):
        speed = block.motions.speed_mm_s[:, SHUTTLE][:, side]
        to_pin_mm = block.situations.frame_y_mm - block.motions.position_mm[:, SHUTTLE][:, side]
        touches = np.abs(to_pin_mm) < _R20["seated_mm"] + MM
        pushes = rests & touches & (to_pin_mm * speed > 0)
        yield Reading("R20", shuttle, pushes, np.abs(speed), _R20["nudge_mm_s"], relative=RELATIVE)
