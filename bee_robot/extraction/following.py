"""How a belief follows the machine's motion: forks under cleats, hooks round pins, bars that push pins. Kinematics alone.

Works on whole motions: what is believed at every sample comes out as the rulebook's Situations, and what is believed at the
last one stays in the belief.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bee_robot.devices.tower import Side
from bee_robot.rulebook import Motions, Situations
from bee_robot.rulebook.block import Bools, Floats, Ints

if TYPE_CHECKING:
    from bee_robot.extraction.belief import HiveBelief

LIFT, SCAN, SHUTTLE = slice(0, 2), slice(2, 4), slice(4, 6)  # columns of the axes
FORK, HOOK = slice(0, 2), slice(2, 4)  # columns of the servos

ENGAGED_DEG = 80.0
AT_NECK_MM = 0.5  # the plate slides round a neck within this of the engaged height
SLOT_MM = (
    10.0  # a pin nearer to the centre bar than half the plate is in its slot; the next pin stays 11 away
)
RESTS_MM = 0.02


@dataclass
class HeldFrame:
    """A frame whose pins stand in the hooks' slots. `pin_ahead_mm`: pin minus centre bar along Y."""

    number: int
    pin_ahead_mm: float
    left_mm: float = 0.0  # ears above their rests
    right_mm: float = 0.0

    @property
    def rests(self) -> bool:
        return max(self.left_mm, self.right_mm) <= RESTS_MM


def _runs(flags: Bools, begin: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """(begin, end, flag) of each run of equal flags between two indices."""
    turns = np.flatnonzero(flags[begin + 1 : end] != flags[begin : end - 1]) + begin + 1
    edges = [begin, *turns.tolist(), end]
    for first, last in zip(edges, edges[1:]):
        yield first, last, bool(flags[first])


def _first(flags: Bools) -> int | None:
    """Index of the first that holds."""
    found = int(np.argmax(flags)) if len(flags) else 0
    return found if len(flags) and flags[found] else None


class _Hooks:
    """Follows the hooks over samples 0 to N: which frame they hold, where all frames stand. (F: frames of the box.)"""

    def __init__(self, belief: HiveBelief, motions: Motions) -> None:
        count, numbers = len(motions), list(belief.frames_y_mm)
        self.held = belief.held
        self.number: Ints = np.zeros(count, dtype=np.int64)
        self.ends_mm: Floats = np.zeros((count, 2))
        self.columns = {number: column for column, number in enumerate(numbers)}
        self.frames_y_mm: Floats = np.tile([belief.frames_y_mm[number] for number in numbers], (count, 1))
        self._plates_mm = motions.position_mm[:, SCAN] - belief.engaged_mm
        self._at_neck = np.abs(self._plates_mm).max(axis=1) <= AT_NECK_MM
        self._y_mm = motions.position_mm[:, SHUTTLE].mean(axis=1)
        self._seated_mm = belief.robot.mechanism.hook_seated_mm

    def follow(self, is_out: Bools) -> None:
        """`is_out`: both hooks reach over an open box."""
        for begin, end, are_out in _runs(is_out, 0, len(is_out)):
            if not are_out:
                self.held = None
            while are_out and begin < end:
                begin = (
                    self._find_pin(begin, end) if self.held is None else self._carry(self.held, begin, end)
                )

    def _find_pin(self, begin: int, end: int) -> int:
        """The first sample at which a pin comes into the slots; the one after it, or the end."""
        off_mm = np.abs(self.frames_y_mm[begin] - self._y_mm[begin:end, None])
        in_slot = self._at_neck[begin:end, None] & (off_mm < SLOT_MM)
        found = _first(in_slot.any(axis=1))
        if found is None:
            return end
        at = begin + found
        number = next(number for number, column in self.columns.items() if in_slot[found, column])
        self.held = HeldFrame(number, float(self.frames_y_mm[at, self.columns[number]] - self._y_mm[at]))
        self.number[at] = number
        return at + 1

    def _carry(self, held: HeldFrame, begin: int, end: int) -> int:
        """Until the hooks let the frame go, or the end."""
        self.ends_mm[begin:end] = np.maximum(0.0, self._plates_mm[begin:end])
        rests = self.ends_mm.max(axis=1) <= RESTS_MM
        for first, last, is_resting in _runs(rests, begin, end):
            self.number[first:last] = held.number
            held.left_mm, held.right_mm = self.ends_mm[last - 1].tolist()
            if not is_resting:
                self._place(held, first, self._y_mm[first:last] + held.pin_ahead_mm)
            while is_resting and first < last:
                first = self._push(held, first, last)
                if self.held is None:  # the sample before found the pin outside
                    self.number[first - 1 : last] = 0
                    return first
        return end

    def _push(self, held: HeldFrame, begin: int, end: int) -> int:
        """A bar slides in its slot, and pushes the pin once they touch. Returns where it let go, or the end."""
        column = self.columns[held.number]
        sign = 1.0 if held.pin_ahead_mm > 0 else -1.0
        pin_mm = self.frames_y_mm[begin, column]
        bar_mm = sign * (self._y_mm[begin:end] + sign * self._seated_mm)  # where the pin must at least be
        pins_mm = np.maximum.accumulate(np.maximum(bar_mm, sign * pin_mm))
        before_mm = np.concatenate(([sign * pin_mm], pins_mm[:-1]))
        jump = _first(bar_mm - before_mm >= 2 * self._seated_mm)
        if jump is not None:  # nobody saw the way: the bar is beyond the pin, not behind it
            pins_mm[jump:] = before_mm[jump]
        ahead_mm = sign * pins_mm - self._y_mm[begin:end]
        leaves = _first(np.abs(ahead_mm) > SLOT_MM)
        stop = 1 + min(at for at in (leaves, jump, end - begin - 1) if at is not None)
        self._place(held, begin, sign * pins_mm[:stop])
        held.pin_ahead_mm = float(ahead_mm[stop - 1])
        if leaves == stop - 1:
            self.held = None
        return begin + stop

    def _place(self, held: HeldFrame, begin: int, y_mm: Floats) -> None:
        """The frame goes through these places and stays at the last one."""
        column = self.columns[held.number]
        self.frames_y_mm[begin : begin + len(y_mm), column] = y_mm
        self.frames_y_mm[begin + len(y_mm) :, column] = y_mm[-1]


def follow(belief: HiveBelief, motions: Motions) -> Situations:
    """The machine has gone through these samples: the belief is that of the last one, and this what it was at each."""
    count, geometry, box, nan = len(motions), belief.geometry, belief.box, np.nan
    is_in = motions.servos_deg[:, FORK] > ENGAGED_DEG
    edges_mm = np.where(is_in, np.maximum(0.0, motions.position_mm[:, LIFT] - belief.cleat_mm), 0.0)
    is_open = edges_mm.max(axis=1) > RESTS_MM
    hooks = _Hooks(belief, motions)
    hooks.follow(is_open & (motions.servos_deg[:, HOOK] > ENGAGED_DEG).all(axis=1))
    belief.held = hooks.held
    belief.frames_y_mm = {n: float(hooks.frames_y_mm[-1, column]) for n, column in hooks.columns.items()}
    belief.is_forked = bool(is_in[-1].any())
    belief.edges_mm = dict(zip(Side, edges_mm[-1].tolist()))
    frame_top_mm = geometry.frame_top_mm(box)
    zeros, lifted = np.zeros(count), [belief.lifted_load_kg.get(side, nan) for side in Side]
    has_stack = is_open & is_in.any(axis=1)
    return Situations(
        box=np.full(count, box),
        rim_mm=np.full(count, belief.rim_mm),
        engaged_mm=np.full(count, belief.engaged_mm),
        frame_top_mm=np.full(count, frame_top_mm),
        frame_height_mm=np.full(count, geometry.frame_height_mm(box)),
        pitch_mm=np.full(count, geometry.frame_pitch_mm(box)),
        reach_mm=np.full(count, geometry.frame_reach_mm(box)),
        is_open=is_open,
        other_open_box=np.zeros(count, dtype=np.int64),
        open_for_s=zeros if belief.opened_s is None else np.maximum(0.0, motions.t_s - belief.opened_s),
        is_peeling=np.full(count, belief.is_peeling),
        is_closing=np.full(count, belief.is_closing),
        stack_bottom_mm=np.where(has_stack[:, None], belief.rim_mm + edges_mm, nan),
        lifted_load_kg=np.tile(lifted, (count, 1)),
        contact_for_s=np.zeros((count, 2)),
        cleats_mm=_cleats_mm(belief, edges_mm),
        frame=hooks.number,
        frame_y_mm=_frame_y_mm(hooks),
        frame_ends_mm=frame_top_mm + hooks.ends_mm,
        frame_rests=hooks.ends_mm.max(axis=1) <= RESTS_MM,
        resting_y_mm=_resting_y_mm(hooks, is_open),
        strobe_for_s=zeros,
        blocked_for_s=zeros,
    )


def _cleats_mm(belief: HiveBelief, edges_mm: Floats) -> Floats:
    """Cleats of the stack move with its edges, (N, 2, cleats)."""
    levels = range(1, belief.geometry.lid_level + 1)
    at_rest = np.array([belief.geometry.cleat_mm(level) for level in levels])
    is_raised = np.array([level > belief.box for level in levels])
    return np.asarray(at_rest + np.where(is_raised, edges_mm[:, :, None], 0.0))


def _frame_y_mm(hooks: _Hooks) -> Floats:
    """Place of the held frame; 0 where none is held."""
    y_mm = np.zeros(len(hooks.number))
    for number, column in hooks.columns.items():
        is_it = hooks.number == number
        y_mm[is_it] = hooks.frames_y_mm[is_it, column]
    return y_mm


def _resting_y_mm(hooks: _Hooks, is_open: Bools) -> Floats:
    """Places of the frames that no hook holds, by number (N, most)."""
    places = np.full((len(hooks.number), max(hooks.columns, default=0)), np.nan)
    for number, column in hooks.columns.items():
        rests = is_open & (hooks.number != number)
        places[rests, number - 1] = hooks.frames_y_mm[rests, column]
    return places
