"""R1 to R5 and R12 to R16, R19: the stack on the forks, the servos, and the machine as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bee_robot.rulebook.block import AXES, LIFTS, SERVOS, SIDES, Block, Bools, Floats
from bee_robot.rulebook.readings import MM, RELATIVE, STANDS_MM_S, Reading
from bee_robot.rulebook.table import RULES, TOLERANCE

LIFT, SCAN, SHUTTLE = slice(0, 2), slice(2, 4), slice(4, 6)  # columns of the axes
FORK, HOOK = slice(0, 2), slice(2, 4)  # columns of the servos
_R1, _R2, _R3, _R4, _R5 = (RULES[f"R{n}"].limits for n in range(1, 6))
_R12, _R13, _R15, _R16, _R19 = (RULES[key].limits for key in ("R12", "R13", "R15", "R16", "R19"))


def _heights_mm(block: Block) -> Floats:
    """Lower edges above the rim, (N, 2); nan where nothing is on the forks."""
    return block.situations.stack_bottom_mm - block.situations.rim_mm[:, None]


def _least(of_sides: Floats) -> Floats:
    return np.minimum(of_sides[:, 0], of_sides[:, 1])


def _most(of_sides: Floats) -> Floats:
    return np.maximum(of_sides[:, 0], of_sides[:, 1])


def peel(block: Block) -> Iterator[Reading]:
    """R1. An edge within 6 mm of the rim rises at 1 mm/s at most, while the other edge stands.

    A stack that hangs free while it is closed backs off from something; it is not torn off the rim.
    """
    heights = _heights_mm(block)
    backs_off = block.situations.is_closing & (_least(heights) > MM)
    near = (heights < _R1["zone_mm"] - MM) & ~backs_off[:, None]
    if not near.any():
        return
    rising = np.maximum(0.0, block.motions.speed_mm_s[:, LIFT])
    for side, lift in enumerate(LIFTS):
        yield Reading("R1", lift, near[:, side], rising[:, side], _R1["speed_mm_s"], relative=RELATIVE)
    both = _least(rising)
    yield Reading(
        "R1", "both edges at once", near[:, 0] | near[:, 1], both, 0.0, slack=STANDS_MM_S, has_margin=False
    )


def landing(block: Block) -> Iterator[Reading]:
    """R2. The last 30 mm go at 2 mm/s at most; one edge is down before the other comes close."""
    heights = _heights_mm(block)
    near = (heights > MM) & (heights < _R2["zone_mm"] - MM)
    if not near.any():
        return
    speeds = block.motions.speed_mm_s[:, LIFT]
    for side, lift in enumerate(LIFTS):
        yield Reading("R2", lift, near[:, side], -speeds[:, side], _R2["speed_mm_s"], relative=RELATIVE)
    both_above = (_least(heights) > MM) & (_least(speeds) < -STANDS_MM_S)
    higher = _most(heights)
    yield Reading(
        "R2", "both edges land together", both_above, higher, _R2["lead_mm"], slack=MM, is_least=True
    )


def tilt(block: Block) -> Iterator[Reading]:
    """R3."""
    bottoms = block.situations.stack_bottom_mm
    apart = np.abs(bottoms[:, 0] - bottoms[:, 1])
    has_stack = ~np.isnan(apart)
    if has_stack.any():
        yield Reading("R3", "stack tilt", has_stack, apart, _R3["tilt_mm"], relative=RELATIVE)


def load(block: Block) -> Iterator[Reading]:
    """R4. Measured load per fork; what is too heavy to be lifted may still be let down."""
    everywhere = np.ones(len(block), dtype=bool)
    for side, name in enumerate(SIDES):
        rises = block.motions.speed_mm_s[:, side] > STANDS_MM_S
        most = np.where(rises & ~block.situations.is_peeling, _R4["lifting_kg"], _R4["peeling_kg"])
        loads = block.motions.loads_kg[:, side]
        yield Reading("R4", name, everywhere, loads, most, TOLERANCE["load_kg"], RELATIVE)


def contact(block: Block) -> Iterator[Reading]:
    """R5. Lowering goes on although a side has met something."""
    since_s = block.situations.contact_for_s
    for side, lift in enumerate(LIFTS):
        applies = (since_s[:, side] > 0) & (block.motions.speed_mm_s[:, side] < -STANDS_MM_S)
        if applies.any():
            yield Reading("R5", lift, applies, since_s[:, side], _R5["reaction_s"])


def swings(block: Block) -> Iterator[Reading]:
    """R12. Where forks and hooks may swing."""
    for column in np.flatnonzero(block.motions.is_swinging.any(axis=0)):
        servo, side = SERVOS[column], int(column) % len(SIDES)
        moves = block.motions.is_swinging[:, column]
        if column < HOOK.start:
            yield from _fork_swing(block, servo, side, moves)
        else:
            yield from _hook_swing(block, servo, side, moves)


def _fork_swing(block: Block, servo: str, side: int, moves: Bools) -> Iterator[Reading]:
    """The cleat that counts is the one that stands best: its distance is the nearest to the middle of what is allowed."""
    least, most = _R12["fork_least_mm"], _R12["fork_most_mm"]
    below = block.situations.cleats_mm[:, side] - block.motions.position_mm[:, side, None]
    off = np.where(np.isnan(below), np.inf, np.abs(below - (least + most) / 2))
    if off.shape[1]:
        nearest = np.take_along_axis(below, off.argmin(axis=1)[:, None], axis=1)[:, 0]
    else:
        nearest = np.full(len(block), np.inf)
    where = f"{servo} swings at a wrong height"
    yield Reading("R12", where, moves, nearest, least, slack=MM, is_least=True)
    yield Reading("R12", where, moves, nearest, most, slack=MM)
    loads = block.motions.loads_kg[:, side]
    slack = TOLERANCE["load_kg"]
    yield Reading("R12", f"{servo} swings under load", moves, loads, _R12["fork_load_kg"], slack)


def _hook_swing(block: Block, servo: str, side: int, moves: Bools) -> Iterator[Reading]:
    is_open = block.situations.is_open
    where = f"{servo} swings over a closed box"
    yield Reading("R12", where, moves, is_open.astype(np.float64), 1.0, is_least=True, has_margin=False)
    above = block.motions.position_mm[:, SCAN][:, side] - block.situations.engaged_mm
    least = _R12["hook_above_mm"]
    yield Reading("R12", f"{servo} swings too low", moves & is_open, above, least, slack=MM, is_least=True)


def beams_apart(block: Block) -> Iterator[Reading]:
    """R13."""
    everywhere = np.ones(len(block), dtype=bool)
    apart = block.motions.position_mm[:, LIFT] - block.motions.position_mm[:, SCAN]
    for side, name in enumerate(SIDES):
        where = f"lift_{name} above scan_{name}"
        yield Reading("R13", where, everywhere, apart[:, side], _R13["apart_mm"], slack=MM, is_least=True)


def one_box(block: Block) -> Iterator[Reading]:
    """R14. A hanging frame stays above its own box: not further beyond front or rear wall than half a frame's place."""
    s = block.situations
    opens = (s.is_open | s.is_peeling) & (s.other_open_box > 0)
    if opens.any():
        boxes = opens.astype(np.float64) + 1
        yield Reading(
            "R14",
            lambda index: f"box {s.other_open_box[index]} is open too",
            opens,
            boxes,
            1.0,
            has_margin=False,
        )
    hangs = (s.frame > 0) & ~s.frame_rests
    if not hangs.any():
        return
    shut = (hangs & ~s.is_open).astype(np.float64)
    yield Reading("R14", "a frame hangs and its box is not open", hangs, shut, 0.0, has_margin=False)
    aside = np.abs(s.frame_y_mm)
    yield Reading(
        "R14", lambda index: f"frame {s.frame[index]} beside its box", hangs, aside, s.reach_mm, slack=MM
    )


def open_time(block: Block) -> Iterator[Reading]:
    """R15. At 15 minutes closing has started."""
    s = block.situations
    applies = s.is_open & ~s.is_closing
    if applies.any():
        most = _R15["close_at_s"]
        yield Reading(
            "R15", lambda index: f"box {s.box[index]}", applies, s.open_for_s, most, relative=RELATIVE
        )


def forbidden_motion(block: Block) -> Iterator[Reading]:
    """R16. Axes stand once a ramp's time after motion was forbidden."""
    blocked = block.situations.blocked_for_s > _R16["ramp_s"]
    if not blocked.any():
        return
    speeds = np.abs(block.motions.speed_mm_s)
    for column, axis in enumerate(AXES):
        yield Reading("R16", axis, blocked, speeds[:, column], 0.0, slack=STANDS_MM_S, has_margin=False)


def white_light(block: Block) -> Iterator[Reading]:
    """R19."""
    for_s = block.situations.strobe_for_s
    if for_s.any():
        yield Reading("R19", "strobe", for_s > 0, for_s, _R19["strobe_s"], relative=RELATIVE)
