"""What the rules are asked about: N samples of the machine and N situations of the hive, as arrays.

`MotionSample` and `Situation` are one of each in words, for people, traces and tests; `Block.of` and `Block.sample`,
`Block.situation` lead there and back. Columns: axes as in AXES, servos as in SERVOS, sides as in SIDES; the column of a
frame is its number less one. Machine frame and units as everywhere: mm, mm/s, mm/s², degrees, kg, s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

LIFTS = ("lift_left", "lift_right")
SCANS = ("scan_left", "scan_right")
SHUTTLES = ("shuttle_left", "shuttle_right")
AXES = LIFTS + SCANS + SHUTTLES
SERVOS = ("fork_left", "fork_right", "hook_left", "hook_right")
SIDES = ("left", "right")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class AxisSample:
    """One axis at one instant: mm, mm/s, mm/s² (signed)."""

    position_mm: float
    speed_mm_s: float = 0.0
    acceleration_mm_s2: float = 0.0


@dataclass(frozen=True)
class RestingFrame:
    """A frame that rests on its ears in the open box."""

    number: int
    y_mm: float


@dataclass(frozen=True)
class FrameOnHooks:
    """The frame whose pins the hooks hold. Heights of the top bar at both ends; `rests` while both ears stand on the rebate."""

    number: int
    y_mm: float
    top_left_mm: float
    top_right_mm: float
    rests: bool


@dataclass(frozen=True)
class Situation:
    """What stands where, as known to whoever checks: the twin knows it, a procedure believes it.

    `stack_bottom_mm`: lower edge of what stands on the forks, per side; None while nothing is on the forks.
    `lifted_load_kg`: load per side when the stack hung free; empty before. `contact_for_s`: for how long the load of a
    side has been below 70 % of that while lowering more than 5 mm above the rim. `swinging`: servos in motion.
    `cleats_mm`: heights of the cleats that a fork could meet now, the same on both sides.
    """

    box: int | None = None  # the box that is open or being opened
    rim_mm: float = 0.0
    engaged_mm: float = 0.0
    frame_top_mm: float = 0.0  # top bars of resting frames
    frame_height_mm: float = 279.0
    pitch_mm: float = 37.5
    reach_mm: float = 243.75  # how far along Y from the middle of its box a hanging frame is still above it
    is_open: bool = False
    other_open_box: int | None = None
    open_for_s: float = 0.0
    is_closing: bool = False
    stack_bottom_mm: Mapping[str, float] | None = None
    lifted_load_kg: Mapping[str, float] = field(default_factory=dict)
    is_peeling: bool = False
    contact_for_s: Mapping[str, float] = field(default_factory=dict)
    cleats_mm: tuple[float, ...] = ()
    frame: FrameOnHooks | None = None
    resting: tuple[RestingFrame, ...] = ()
    swinging: tuple[str, ...] = ()
    strobe_for_s: float = 0.0
    blocked_for_s: float = 0.0  # for how long door, e-stop or a lost heartbeat has forbidden motion


@dataclass(frozen=True)
class MotionSample:
    """The machine at one instant, in the words of the trace."""

    t_s: float
    axes: Mapping[str, AxisSample]
    servos_deg: Mapping[str, float]
    inputs: Mapping[str, bool]
    outputs: Mapping[str, float]
    loads_kg: Mapping[str, float]


@dataclass(frozen=True)
class Motions:
    """N samples of the machine: `t_s` (N), axes (N, 6), servos (N, 4), loads (N, 2); inputs and outputs (N) by name."""

    t_s: Floats
    position_mm: Floats
    speed_mm_s: Floats
    acceleration_mm_s2: Floats
    servos_deg: Floats
    is_swinging: Bools
    loads_kg: Floats
    inputs: Mapping[str, Bools] = field(default_factory=dict)
    outputs: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.t_s)

    def sample(self, index: int) -> MotionSample:
        axes = zip(AXES, self.position_mm[index], self.speed_mm_s[index], self.acceleration_mm_s2[index])
        return MotionSample(
            float(self.t_s[index]),
            {name: AxisSample(float(mm), float(speed), float(rate)) for name, mm, speed, rate in axes},
            dict(zip(SERVOS, self.servos_deg[index].tolist())),
            {name: bool(values[index]) for name, values in self.inputs.items()},
            {name: float(values[index]) for name, values in self.outputs.items()},
            dict(zip(SIDES, self.loads_kg[index].tolist())),
        )


def joined(parts: Sequence[Motions]) -> Motions:
    """Motions one after the other, with the inputs and outputs that all of them name."""
    named: dict[str, Any] = {
        what: {
            name: np.concatenate([getattr(part, what)[name] for part in parts])
            for name in getattr(parts[0], what)
            if all(name in getattr(part, what) for part in parts)
        }
        for what in ("inputs", "outputs")
    }
    arrays: dict[str, Any] = {
        part.name: np.concatenate([getattr(one, part.name) for one in parts])
        for part in fields(Motions)
        if part.name not in named
    }
    return Motions(**arrays, **named)


@dataclass(frozen=True)
class Situations:
    """N situations: every array is (N) or (N, 2) by side, where nothing else is said. Words as in Situation.

    `box`, `other_open_box`, `frame`: numbers, 0 is none. `stack_bottom_mm` and `lifted_load_kg` are nan where there is no
    stack, or none hung free. `cleats_mm` (N, 2, cleats) and `resting_y_mm` (N, frames) are nan where there is none.
    `frame_ends_mm`: heights of the top bar of `frame`; these and `frame_y_mm` mean nothing where `frame` is 0.
    """

    box: Ints
    rim_mm: Floats
    engaged_mm: Floats
    frame_top_mm: Floats
    frame_height_mm: Floats
    pitch_mm: Floats
    reach_mm: Floats
    is_open: Bools
    other_open_box: Ints
    open_for_s: Floats
    is_peeling: Bools
    is_closing: Bools
    stack_bottom_mm: Floats
    lifted_load_kg: Floats
    contact_for_s: Floats
    cleats_mm: Floats
    frame: Ints
    frame_y_mm: Floats
    frame_ends_mm: Floats
    frame_rests: Bools
    resting_y_mm: Floats
    strobe_for_s: Floats
    blocked_for_s: Floats

    def situation(self, index: int) -> Situation:
        """One of them in words; who swings is known to the motion (Block.situation)."""
        bottoms, lifted = self.stack_bottom_mm[index], self.lifted_load_kg[index]
        contact_s = dict(zip(SIDES, self.contact_for_s[index].tolist()))
        return Situation(
            box=int(self.box[index]) or None,
            rim_mm=float(self.rim_mm[index]),
            engaged_mm=float(self.engaged_mm[index]),
            frame_top_mm=float(self.frame_top_mm[index]),
            frame_height_mm=float(self.frame_height_mm[index]),
            pitch_mm=float(self.pitch_mm[index]),
            reach_mm=float(self.reach_mm[index]),
            is_open=bool(self.is_open[index]),
            other_open_box=int(self.other_open_box[index]) or None,
            open_for_s=float(self.open_for_s[index]),
            is_closing=bool(self.is_closing[index]),
            stack_bottom_mm=None if np.isnan(bottoms).any() else dict(zip(SIDES, bottoms.tolist())),
            lifted_load_kg={} if np.isnan(lifted).any() else dict(zip(SIDES, lifted.tolist())),
            is_peeling=bool(self.is_peeling[index]),
            contact_for_s={side: since_s for side, since_s in contact_s.items() if since_s > 0},
            cleats_mm=tuple(np.unique(self.cleats_mm[index][~np.isnan(self.cleats_mm[index])]).tolist()),
            frame=self._frame(index),
            resting=tuple(
                RestingFrame(number, y_mm)
                for number, y_mm in enumerate(self.resting_y_mm[index].tolist(), start=1)
                if y_mm == y_mm
            ),
            strobe_for_s=float(self.strobe_for_s[index]),
            blocked_for_s=float(self.blocked_for_s[index]),
        )

    def _frame(self, index: int) -> FrameOnHooks | None:
        if not self.frame[index]:
            return None
        left_mm, right_mm = self.frame_ends_mm[index].tolist()
        y_mm, rests = float(self.frame_y_mm[index]), bool(self.frame_rests[index])
        return FrameOnHooks(int(self.frame[index]), y_mm, left_mm, right_mm, rests)


T = TypeVar("T", Motions, Situations)


def _each(arrays: T, do: Any) -> T:
    """The same with every array changed."""
    changed: dict[str, Any] = {}
    for part in fields(arrays):
        value = getattr(arrays, part.name)
        changed[part.name] = (
            {name: do(array) for name, array in value.items()} if isinstance(value, Mapping) else do(value)
        )
    return replace(arrays, **changed)


@dataclass(frozen=True)
class Block:
    """Samples in the order of time, each with the situation of its instant."""

    motions: Motions
    situations: Situations

    def __len__(self) -> int:
        return len(self.motions)

    def part(self, which: slice | Bools) -> Block:
        """Some of the samples, in their order."""
        return Block(
            _each(self.motions, lambda array: array[which]),
            _each(self.situations, lambda array: array[which]),
        )

    def sample(self, index: int) -> MotionSample:
        return self.motions.sample(index)

    def situation(self, index: int) -> Situation:
        swinging = tuple(name for name, swings in zip(SERVOS, self.motions.is_swinging[index]) if swings)
        return replace(self.situations.situation(index), swinging=swinging)

    @classmethod
    def of(cls, *instants: tuple[MotionSample, Situation]) -> Block:
        """A block of instants in words; inputs and outputs that not all of them name are left out."""
        samples, situations = [sample for sample, _ in instants], [situation for _, situation in instants]
        return cls(_motions(samples, situations), _situations(situations))


def _motions(samples: Sequence[MotionSample], situations: Sequence[Situation]) -> Motions:
    def of_axes(what: str) -> Floats:
        return _floats([getattr(sample.axes[name], what) for name in AXES] for sample in samples)

    return Motions(
        t_s=_floats(sample.t_s for sample in samples),
        position_mm=of_axes("position_mm"),
        speed_mm_s=of_axes("speed_mm_s"),
        acceleration_mm_s2=of_axes("acceleration_mm_s2"),
        servos_deg=_floats([sample.servos_deg[name] for name in SERVOS] for sample in samples),
        is_swinging=np.array([[name in one.swinging for name in SERVOS] for one in situations], dtype=bool),
        loads_kg=_floats([sample.loads_kg[side] for side in SIDES] for sample in samples),
        inputs={
            name: np.array([sample.inputs[name] for sample in samples]) for name in _common(samples, "inputs")
        },
        outputs={
            name: _floats(sample.outputs[name] for sample in samples) for name in _common(samples, "outputs")
        },
    )


def _common(samples: Sequence[MotionSample], what: str) -> list[str]:
    named = [getattr(sample, what) for sample in samples]
    return [name for name in named[0] if all(name in one for one in named)] if named else []


def _situations(situations: Sequence[Situation]) -> Situations:
    cleats = max((len(one.cleats_mm) for one in situations), default=0)
    frames = max((frame.number for one in situations for frame in one.resting), default=0)
    on_hooks = [one.frame or FrameOnHooks(0, 0.0, 0.0, 0.0, True) for one in situations]
    nan = float("nan")
    return Situations(
        box=np.array([one.box or 0 for one in situations], dtype=np.int64),
        rim_mm=_floats(one.rim_mm for one in situations),
        engaged_mm=_floats(one.engaged_mm for one in situations),
        frame_top_mm=_floats(one.frame_top_mm for one in situations),
        frame_height_mm=_floats(one.frame_height_mm for one in situations),
        pitch_mm=_floats(one.pitch_mm for one in situations),
        reach_mm=_floats(one.reach_mm for one in situations),
        is_open=np.array([one.is_open for one in situations], dtype=bool),
        other_open_box=np.array([one.other_open_box or 0 for one in situations], dtype=np.int64),
        open_for_s=_floats(one.open_for_s for one in situations),
        is_peeling=np.array([one.is_peeling for one in situations], dtype=bool),
        is_closing=np.array([one.is_closing for one in situations], dtype=bool),
        stack_bottom_mm=_floats(_by_side(one.stack_bottom_mm or {}, nan) for one in situations),
        lifted_load_kg=_floats(_by_side(one.lifted_load_kg, nan) for one in situations),
        contact_for_s=_floats(_by_side(one.contact_for_s, 0.0) for one in situations),
        cleats_mm=_floats(
            [[*one.cleats_mm, *[nan] * (cleats - len(one.cleats_mm))]] * len(SIDES) for one in situations
        ).reshape(len(situations), len(SIDES), cleats),
        frame=np.array([frame.number for frame in on_hooks], dtype=np.int64),
        frame_y_mm=_floats(frame.y_mm for frame in on_hooks),
        frame_ends_mm=_floats([frame.top_left_mm, frame.top_right_mm] for frame in on_hooks),
        frame_rests=np.array([frame.rests for frame in on_hooks], dtype=bool),
        resting_y_mm=_floats(_row_of(one.resting, frames) for one in situations).reshape(
            len(situations), frames
        ),
        strobe_for_s=_floats(one.strobe_for_s for one in situations),
        blocked_for_s=_floats(one.blocked_for_s for one in situations),
    )


def _floats(values: Iterable[Any]) -> Floats:
    return np.array(list(values), dtype=np.float64)


def _by_side(values: Mapping[str, float], missing: float) -> list[float]:
    return [values.get(side, missing) for side in SIDES]


def _row_of(resting: Sequence[RestingFrame], columns: int) -> list[float]:
    row = [float("nan")] * columns
    for frame in resting:
        row[frame.number - 1] = frame.y_mm
    return row
