"""Where the machine stands after something broke off, and what it holds: from the journal's last step, from the places kept
while it moved, and from what is left of the sensors. Pure.

Screws stay where they are without power; how far one may have gone since it was last looked at follows from the programme.
A belt may have crept. A take begins at travel height beside the pins and goes higher only with the frame; a put ends by
sliding off it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bee_robot.configuration import MechanismConfiguration
from bee_robot.devices.tower import Axis, AxisState, Servo
from bee_robot.extraction.belief import LIFT, SCAN, SHUTTLE
from bee_robot.extraction.following import SLOT_MM, HeldFrame
from bee_robot.extraction.journal import UNREADABLE

AT_TRAVEL_MM = 0.1
AT_LIFT_MM = 0.5
BELT_UNCERTAIN_MM = 3.0  # a belt without power may have crept, and its carriage coasted

MOST_DOUBT_MM: Mapping[str, float] = {
    # a stack is set down one edge 5 mm before the other (R2: 2), and forks swing 3 to 15 mm below a cleat (R12)
    "stack": 1.0,
    # forks that carry nothing below a closed hive only have to swing where they may, 8 mm below the cleats
    "forks": 4.5,
    # a frame is set down while the plates' slots (1.25 mm play round a neck) neither press nor lift
    "hanging": 0.5,
    # free hooks only go up, and swing higher by as much
    "free hooks": 10.0,
    # beams that carry nothing and reach nowhere go down to their parks, which are 40 mm above the end stops
    "beams": 25.0,
    # what a frame needs beside it to be set down between its neighbours, and a hook to stand between two pins
    "belts": 8.0,
}
"""How far the place of an axis may be in doubt for what recovery does with it, mm either way."""

ANYWHERE_MM = 1000.0

FREE_SEGMENTS = frozenset(
    {
        "beside the pins",
        "hooks come down",
        "hooks land",
        "before the pins",
        "over the pins",
        "up from the pins",
        "up from the frames",
        "hooks in",
    }
)
"""Segments in which no pin stands in a hook's slot, of programmes that take or put a frame."""

HANGING_SEGMENTS = frozenset(
    {"lift", "carry to the photo spot", "settle", "up over the neighbours", "carry over the gap", "lower"}
)
"""Segments in which a frame hangs on the hooks."""

THROUGH_TRAVEL_SEGMENTS = HANGING_SEGMENTS | {"peel the right ear", "set down"}
"""Those, and the ones before and after them: whoever is at travel height in one of these has a frame."""


@dataclass(frozen=True)
class FrameJob:
    """What a programme was about: the frame, its place when a take began or where a put ends (mm along Y), the direction in
    which it is pushed (-1 back, +1 front; its pin sits on that side of the centre bar), by how much, and whether it hangs on
    the hooks at any time."""

    frame: int
    place_mm: float
    push: int
    nudge_mm: float = 0.0
    hangs: bool = True

    def to_dict(self) -> dict[str, float]:
        return {
            "frame": self.frame,
            "place_mm": round(self.place_mm, 3),
            "push": self.push,
            "nudge_mm": round(self.nudge_mm, 3),
            "hangs": self.hangs,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, float]) -> FrameJob:
        frame, push, hangs = int(data["frame"]), int(data["push"]), bool(data.get("hangs", True))
        return cls(frame, float(data["place_mm"]), push, float(data["nudge_mm"]), hangs)


# where axes stand ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """An axis stands somewhere between two places, mm."""

    low_mm: float
    high_mm: float

    @property
    def middle_mm(self) -> float:
        return (self.low_mm + self.high_mm) / 2

    @property
    def doubt_mm(self) -> float:
        return (self.high_mm - self.low_mm) / 2

    def wider(self, by_mm: float) -> Span:
        return Span(self.low_mm - by_mm, self.high_mm + by_mm)


@dataclass(frozen=True)
class KeptPlaces:
    """Where each axis is, or may have come to before whatever breaks a programme off has stopped it.

    `step`: name of the programme; `segments`: those of it that may be under way, empty where it rests or nobody knows; `out`:
    servos that may not be stowed.
    """

    step: str
    spans: Mapping[Axis, Span]
    segments: tuple[str, ...] = ()
    out: frozenset[Servo] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        spans = {
            axis.value: [round(span.low_mm, 3), round(span.high_mm, 3)] for axis, span in self.spans.items()
        }
        out = sorted(servo.value for servo in self.out)
        return {"step": self.step, "segments": list(self.segments), "spans_mm": spans, "out": out}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> KeptPlaces:
        """Raises one of `journal.UNREADABLE` where something else has written it."""
        spans = {Axis(name): Span(float(low), float(high)) for name, (low, high) in data["spans_mm"].items()}
        out = frozenset(Servo(name) for name in data["out"])
        return cls(str(data["step"]), spans, tuple(str(name) for name in data["segments"]), out)


def counts_belt(states: Mapping[Axis, AxisState], told: Container[Axis], belt: Axis) -> bool:
    """Whether the board's count of an unreferenced belt is right but for what the belt has crept: it has lost power at the
    motors alone. A restarted board has forgotten its screws; where those were told, the belt must have been told too."""
    screws = (*LIFT.values(), *SCAN.values())
    knows_screws = all(states[axis].is_referenced for axis in screws)
    return knows_screws and (belt in told or not any(axis in told for axis in screws))


def proven_places(
    states: Mapping[Axis, AxisState], kept: KeptPlaces | None, told: Container[Axis] = ()
) -> dict[Axis, Span]:
    """Where axes stand that the board has forgotten, as far as somebody can prove it: by the board's count of a belt, or by
    what was kept. `told`: axes that were told their places and have not homed since."""
    proven = {}
    for axis in (axis for axis, state in states.items() if not state.is_referenced):
        is_belt = axis in SHUTTLE.values()
        if is_belt and counts_belt(states, told, axis):
            place_mm = states[axis].position_mm
            proven[axis] = Span(place_mm, place_mm).wider(BELT_UNCERTAIN_MM)
        elif kept is not None and axis in kept.spans:
            proven[axis] = kept.spans[axis].wider(BELT_UNCERTAIN_MM if is_belt else 0.0)
    return proven


def told_axes(belief: Mapping[str, Any]) -> dict[Axis, float]:
    """Axes that a recovery told where they are and that have not homed since, by the journal's last entry, and how far they
    may be off (mm). What cannot be read counts as nothing: the board itself lets such axes move slowly only."""
    try:
        return {Axis(name): float(mm) for name, mm in belief.get("told", {}).items()}
    except UNREADABLE:
        return {}


@dataclass(frozen=True)
class Doubt:
    """How far the machine may stand from where it is believed to stand, mm either way."""

    lift_mm: float = 0.0
    scan_mm: float = 0.0
    shuttle_mm: float = 0.0

    @classmethod
    def of(cls, doubts_mm: Mapping[Axis, float]) -> Doubt:
        return cls(
            *(
                max((doubts_mm.get(axis, 0.0) for axis in axes.values()), default=0.0)
                for axes in (LIFT, SCAN, SHUTTLE)
            )
        )


# what the hooks hold -------------------------------------------------------------------------------------------------


class UnclearGripError(Exception):
    """Nobody can say whether the hooks hold a frame."""


@dataclass(frozen=True)
class Plates:
    """Where the hook plates stand: above the engaged height, along Y; how far each may be wrong."""

    above_engaged_mm: float
    y_mm: float
    doubt_y_mm: float = 0.0
    doubt_z_mm: float = 0.0


def held_after(
    job: FrameJob, plates: Plates, mechanism: MechanismConfiguration, segments: Iterable[str] = ()
) -> tuple[HeldFrame, float] | None:
    """The frame on the hooks and its place along Y, or None. In doubt whether a pin stands in a slot, it does.

    `segments`: those that may have been under way, where somebody knows. Raises UnclearGripError where plates pass a pin
    at travel height and nobody knows whether over it or with it, or how high they are.
    """
    ahead_mm = job.push * mechanism.hook_seated_mm
    onto_pin_mm = (
        plates.y_mm - (job.place_mm - ahead_mm)
    ) * job.push  # 0: bar touches pin; below: not there yet
    if not _is_held(job, plates, onto_pin_mm, mechanism, frozenset(segments)):
        return None
    is_high = plates.above_engaged_mm > mechanism.hook_travel_mm
    y_mm = plates.y_mm + ahead_mm if is_high or onto_pin_mm > 0 else job.place_mm
    held = HeldFrame(job.frame, y_mm - plates.y_mm)
    held.left_mm = held.right_mm = max(0.0, plates.above_engaged_mm)
    return held, y_mm


def _is_held(
    job: FrameJob,
    plates: Plates,
    onto_pin_mm: float,
    mechanism: MechanismConfiguration,
    segments: frozenset[str],
) -> bool:
    """Higher than travel height only with the frame; lower where the pin stands in the slot. About travel height hooks pass
    over the pins and lift frames through it: what was under way tells."""
    if segments and segments <= FREE_SEGMENTS:
        return False
    if segments and segments <= HANGING_SEGMENTS:
        return True
    lowest_mm = plates.above_engaged_mm - plates.doubt_z_mm - mechanism.hook_travel_mm
    highest_mm = plates.above_engaged_mm + plates.doubt_z_mm - mechanism.hook_travel_mm
    answers = set()
    if highest_mm > AT_TRAVEL_MM:
        answers.add(job.hangs)
    if lowest_mm <= AT_TRAVEL_MM and highest_mm >= -AT_TRAVEL_MM:
        answers.add(_is_held_at_travel(job, plates, onto_pin_mm, segments))
    if lowest_mm < -AT_TRAVEL_MM:
        enters_mm = mechanism.hook_seated_mm - SLOT_MM - plates.doubt_y_mm
        answers.add(enters_mm < onto_pin_mm <= job.nudge_mm + AT_LIFT_MM + plates.doubt_y_mm)
    if len(answers) > 1:
        raise UnclearGripError
    return answers.pop()


def _is_held_at_travel(job: FrameJob, plates: Plates, onto_pin_mm: float, segments: frozenset[str]) -> bool:
    if not job.hangs or abs(onto_pin_mm - job.nudge_mm) > AT_LIFT_MM + plates.doubt_y_mm:
        return False
    is_in_doubt = not segments <= THROUGH_TRAVEL_SEGMENTS if segments else plates.doubt_y_mm > 0.0
    if is_in_doubt:
        raise UnclearGripError
    return True


def slide_off_mm(pin_mm: float, pin_ahead_mm: float, pins_mm: Iterable[float], beside_mm: float) -> float:
    """Where the plates go to come off a pin (mm along Y): beside it as ever, but no further than half way to the next pin
    behind them, so that a hook whose place is in doubt meets neither."""
    away = -1 if pin_ahead_mm > 0 else 1
    behind_mm = [(pin - pin_mm) * away for pin in pins_mm if (pin - pin_mm) * away > 0]
    return pin_mm + away * min([beside_mm, *(mm / 2 for mm in behind_mm)])
