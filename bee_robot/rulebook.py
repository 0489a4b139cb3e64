"""The bee and human safety rulebook, R1 to R20, as data and predicates over a motion sample. No I/O.

Used by the twin on every simulated motion, by the procedures before they ask, and as the source of the board's limits.
Limits: design document "The reference machine", section "The rulebook".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

LIFTS = ("lift_left", "lift_right")
SCANS = ("scan_left", "scan_right")
SHUTTLES = ("shuttle_left", "shuttle_right")
SIDES = ("left", "right")


@dataclass(frozen=True)
class Rule:
    """One line of the rulebook. `limits` are in the units that their names say."""

    key: str
    says: str
    limits: Mapping[str, float] = field(default_factory=dict)


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
    `lifted_load_kg`: load per side when the stack hung free; 0 before. `contact_for_s`: for how long the load of a side
    has been below 70 % of that while lowering more than 5 mm above the rim. `swinging`: servos in motion.
    """

    box: int | None = None  # the box that is open or being opened
    rim_mm: float = 0.0
    engaged_mm: float = 0.0
    frame_top_mm: float = 0.0  # top bars of resting frames
    frame_height_mm: float = 279.0
    pitch_mm: float = 37.5
    is_open: bool = False
    other_open_box: int | None = None
    open_for_s: float = 0.0
    is_closing: bool = False
    stack_bottom_mm: Mapping[str, float] | None = None
    lifted_load_kg: Mapping[str, float] = field(default_factory=dict)
    is_peeling: bool = False
    contact_for_s: Mapping[str, float] = field(default_factory=dict)
    cleats_mm: tuple[float, ...] = ()  # heights of all cleats that a fork could meet now
    frame: FrameOnHooks | None = None
    resting: tuple[RestingFrame, ...] = ()
    swinging: tuple[str, ...] = ()
    strobe_for_s: float = 0.0
    may_move: bool = True  # heartbeat, lease, configuration and references are in order
    blocked_for_s: float = 0.0  # for how long door or e-stop (or may_move) has forbidden motion


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
class Violation:
    """A rule that was broken: where (axis, side or part), the value and the limit."""

    rule: str
    t_s: float
    where: str
    value: float
    limit: float
    says: str

    def __str__(self) -> str:
        return f"{self.rule} at {self.t_s:.2f} s: {self.where} {self.value:.4g}, limit {self.limit:.4g} ({self.says})"


# What a fair referee allows for step quantisation, load cell noise and the sampling of ramps. Never more than this.
TOLERANCE: Mapping[str, float] = {
    "relative": 0.02,  # of every limit
    "length_mm": 0.05,
    "speed_mm_s": 0.05,  # below this an axis counts as standing
    "load_kg": 0.5,
}

RULES: dict[str, Rule] = {
    rule.key: rule
    for rule in (
        Rule(
            "R1",
            "peel one edge at a time, slowly, over the first millimetres",
            {"zone_mm": 6, "speed_mm_s": 1},
        ),
        Rule(
            "R2",
            "the stack lands slowly, one edge before the other",
            {"zone_mm": 30, "speed_mm_s": 2, "lead_mm": 2},
        ),
        Rule("R3", "the stack stays level", {"tilt_mm": 35}),
        Rule("R4", "no fork carries more than its limit", {"lifting_kg": 45, "peeling_kg": 60}),
        Rule(
            "R5",
            "contact while lowering stops the stack",
            {"load_ratio": 0.7, "above_rim_mm": 5, "back_off_mm": 20, "reaction_s": 0.25},
        ),
        Rule(
            "R6",
            "frames move gently up and down",
            {"lift_mm_s": 40, "lower_mm_s": 35, "set_down_mm_s": 3, "set_down_zone_mm": 20},
        ),
        Rule("R7", "frames are not shaken", {"vertical_mm_s2": 80, "sideways_mm_s2": 400}),
        Rule("R8", "a lifted frame keeps away from the bees under the stack", {"clearance_mm": 40}),
        Rule("R9", "frames stay vertical", {"scan_apart_mm": 3, "shuttle_apart_mm": 1}),
        Rule(
            "R10",
            "a hanging frame moves sideways only above its neighbours or into free space",
            {"above_mm": 10, "pitch_tolerance_mm": 0.5},
        ),
        Rule(
            "R11",
            "hooks come down beside a pin, gently",
            # beside_mm, travel_mm: where the hook comes down and from which height it is among the pins (machine.md,
            # "Mechanism"); clear_mm: half an M5 screw head and half the plate's end bar, to any pin
            {"beside_mm": 26, "position_mm": 1, "clear_mm": 8, "travel_mm": 8, "zone_mm": 5, "speed_mm_s": 8},
        ),
        Rule(
            "R12",
            "forks swing only just below a cleat and unloaded; hooks only over an open box, high above its pins",
            {"fork_least_mm": 3, "fork_most_mm": 15, "fork_load_kg": 0.5, "hook_above_mm": 25},
        ),
        Rule("R13", "lift and scan beam of a side keep apart", {"apart_mm": 119}),
        Rule("R14", "one box open at a time; frame and stack stay above their own box"),
        Rule("R15", "a box is not open for long", {"planned_s": 600, "close_at_s": 900}),
        # the slowest ramp (scan beam, 40 mm/s at 80 mm/s²) and the board's reaction
        Rule("R16", "no motion while something forbids it", {"ramp_s": 0.6}),
        Rule("R17", "a frame with the queen, or not proven free of her, never leaves its hive"),
        Rule("R18", "no frame leaves a hive with a disease or robbing alert"),
        Rule("R19", "white light only as a strobe", {"strobe_s": 0.25}),
        Rule(
            "R20",
            "resting frames are nudged slowly, their ears peeled one at a time",
            # seated_mm: pin to the plate's centre bar when they touch (machine.md, "Mechanism")
            {"nudge_mm_s": 10, "ear_mm_s": 2, "ear_mm": 2, "seated_mm": 8},
        ),
    )
}

Predicate = Callable[[MotionSample, Situation], Iterator[Violation]]


def limit(rule: str, name: str) -> float:
    """One number of the rulebook."""
    return RULES[rule].limits[name]


def _broken(rule: str, sample: MotionSample, where: str, value: float, allowed: float) -> Violation:
    return Violation(rule, sample.t_s, where, value, allowed, RULES[rule].says)


def _above(value: float, allowed: float, slack: float = 0.0) -> bool:
    return value > allowed * (1 + _RELATIVE) + slack


_RELATIVE = TOLERANCE["relative"]
_MM = TOLERANCE["length_mm"]
_STANDS = TOLERANCE["speed_mm_s"]
_R1, _R2, _R3, _R4, _R5 = (RULES[f"R{n}"].limits for n in range(1, 6))
_R6, _R7, _R8, _R9, _R10 = (RULES[f"R{n}"].limits for n in range(6, 11))
_R11, _R12, _R13 = (RULES[f"R{n}"].limits for n in range(11, 14))
_R15, _R16, _R19, _R20 = (RULES[key].limits for key in ("R15", "R16", "R19", "R20"))


def peel(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R1. An edge within 6 mm of the rim rises at 1 mm/s at most, while the other edge stands."""
    bottoms = situation.stack_bottom_mm
    if bottoms is None:
        return
    backs_off = situation.is_closing and min(bottoms.values()) - situation.rim_mm > _MM
    if backs_off:  # the stack hangs free; it is being taken away from something, not torn off the rim
        return
    rising = [(lift, max(0.0, sample.axes[lift].speed_mm_s)) for lift in LIFTS]
    in_zone = [bottoms[side] - situation.rim_mm < _R1["zone_mm"] - _MM for side in SIDES]
    for (lift, speed), near in zip(rising, in_zone):
        if near and _above(speed, _R1["speed_mm_s"]):
            yield _broken("R1", sample, lift, speed, _R1["speed_mm_s"])
    if any(in_zone) and min(speed for _, speed in rising) > _STANDS:
        yield _broken("R1", sample, "both edges at once", min(speed for _, speed in rising), 0.0)


def landing(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R2. The last 30 mm go at 2 mm/s at most; one edge is down before the other comes close."""
    bottoms = situation.stack_bottom_mm
    if bottoms is None:
        return
    heights = [bottoms[side] - situation.rim_mm for side in SIDES]
    speeds = [sample.axes[lift].speed_mm_s for lift in LIFTS]
    for lift, height, speed in zip(LIFTS, heights, speeds):
        if _MM < height < _R2["zone_mm"] - _MM and _above(-speed, _R2["speed_mm_s"]):
            yield _broken("R2", sample, lift, -speed, _R2["speed_mm_s"])
    both_near = min(heights) > _MM and max(heights) < _R2["lead_mm"] - _MM
    if both_near and min(speeds) < -_STANDS:
        yield _broken("R2", sample, "both edges land together", max(heights), _R2["lead_mm"])


def tilt(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R3."""
    bottoms = situation.stack_bottom_mm
    if bottoms is not None:
        apart = abs(bottoms["left"] - bottoms["right"])
        if _above(apart, _R3["tilt_mm"]):
            yield _broken("R3", sample, "stack tilt", apart, _R3["tilt_mm"])


def load(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R4. Measured load per fork; what is too heavy to be lifted may still be let down."""
    for side, lift in zip(SIDES, LIFTS):
        is_lifted = sample.axes[lift].speed_mm_s > _STANDS and not situation.is_peeling
        most = _R4["lifting_kg"] if is_lifted else _R4["peeling_kg"]
        if _above(sample.loads_kg[side], most, TOLERANCE["load_kg"]):
            yield _broken("R4", sample, side, sample.loads_kg[side], most)


def contact(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R5. Lowering goes on although a side has met something."""
    for side, lift in zip(SIDES, LIFTS):
        since_s = situation.contact_for_s.get(side, 0.0)
        if since_s > _R5["reaction_s"] and sample.axes[lift].speed_mm_s < -_STANDS:
            yield _broken("R5", sample, lift, since_s, _R5["reaction_s"])


def frame_speed(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R6. Speed of a hanging frame up, down and over the last 20 mm."""
    frame = situation.frame
    if frame is None or frame.rests:
        return
    for scan, top_mm in zip(SCANS, (frame.top_left_mm, frame.top_right_mm)):
        speed = sample.axes[scan].speed_mm_s
        if _above(speed, _R6["lift_mm_s"]):
            yield _broken("R6", sample, scan, speed, _R6["lift_mm_s"])
        setting_down = top_mm - situation.frame_top_mm < _R6["set_down_zone_mm"] - _MM
        most = _R6["set_down_mm_s"] if setting_down else _R6["lower_mm_s"]
        if _above(-speed, most):
            yield _broken("R6", sample, scan, -speed, most)


def frame_acceleration(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R7. Acceleration of a hanging frame."""
    if situation.frame is None or situation.frame.rests:
        return
    for axes, most in ((SCANS, _R7["vertical_mm_s2"]), (SHUTTLES, _R7["sideways_mm_s2"])):
        for axis in axes:
            acceleration = abs(sample.axes[axis].acceleration_mm_s2)
            if _above(acceleration, most):
                yield _broken("R7", sample, axis, acceleration, most)


def stack_clearance(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R8. Frame top to the lower edge of the stack, where bees hang."""
    frame, bottoms = situation.frame, situation.stack_bottom_mm
    if frame is None or frame.rests or bottoms is None:
        return
    clearance = min(bottoms.values()) - max(frame.top_left_mm, frame.top_right_mm)
    if clearance < _R8["clearance_mm"] - _MM:
        yield _broken("R8", sample, f"frame {frame.number}", clearance, _R8["clearance_mm"])


def frame_vertical(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R9. Both hooks hold a frame at the same height and the same place."""
    if situation.frame is None:
        return
    for (left, right), name in ((SCANS, "scan_apart_mm"), (SHUTTLES, "shuttle_apart_mm")):
        apart = abs(sample.axes[left].position_mm - sample.axes[right].position_mm)
        if _above(apart, _R9[name], _MM):
            yield _broken("R9", sample, f"{left} and {right} apart", apart, _R9[name])


def sideways(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R10. A hanging frame that moves along Y is above its neighbours or keeps the pitch to each of them."""
    frame = situation.frame
    if frame is None or frame.rests:
        return
    if max(abs(sample.axes[shuttle].speed_mm_s) for shuttle in SHUTTLES) <= _STANDS:
        return
    bottom_mm = min(frame.top_left_mm, frame.top_right_mm) - situation.frame_height_mm
    if bottom_mm >= situation.frame_top_mm + _R10["above_mm"] - _MM:
        return
    least = situation.pitch_mm - _R10["pitch_tolerance_mm"]
    for other in situation.resting:
        apart = abs(other.y_mm - frame.y_mm)
        if other.number != frame.number and apart < least - _MM:
            yield _broken("R10", sample, f"frame {frame.number} beside frame {other.number}", apart, least)


def hook_landing(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R11. An empty hook that comes down among the pins stands beside one, and is slow over the last 5 mm."""
    if situation.frame is not None or not situation.resting:
        return
    for side, scan, shuttle in zip(SIDES, SCANS, SHUTTLES):
        above_mm = sample.axes[scan].position_mm - situation.engaged_mm
        down_mm_s = -sample.axes[scan].speed_mm_s
        if (
            sample.servos_deg[f"hook_{side}"] < 1.0
            or down_mm_s <= _STANDS
            or above_mm >= _R11["travel_mm"] - _MM
        ):
            continue
        if above_mm < _R11["zone_mm"] - _MM and _above(down_mm_s, _R11["speed_mm_s"]):
            yield _broken("R11", sample, scan, down_mm_s, _R11["speed_mm_s"])
        yield from _hook_place(sample, situation, shuttle)


def _hook_place(sample: MotionSample, situation: Situation, shuttle: str) -> Iterator[Violation]:
    y_mm = sample.axes[shuttle].position_mm
    distances = [abs(pin.y_mm - y_mm) for pin in situation.resting]
    off_mm = min(abs(distance - _R11["beside_mm"]) for distance in distances)
    if _above(off_mm, _R11["position_mm"], _MM):
        yield _broken("R11", sample, f"{shuttle} beside no pin", off_mm, _R11["position_mm"])
    if min(distances) < _R11["clear_mm"] - _MM:
        yield _broken("R11", sample, f"{shuttle} on a pin", min(distances), _R11["clear_mm"])


def swings(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R12. Where forks and hooks may swing."""
    for servo in situation.swinging:
        part, side = servo.split("_")
        if part == "fork":
            yield from _fork_swing(sample, situation, side)
        else:
            above_mm = sample.axes[f"scan_{side}"].position_mm - situation.engaged_mm
            if not situation.is_open:
                yield _broken("R12", sample, f"{servo} swings over a closed box", 0.0, 1.0)
            elif above_mm < _R12["hook_above_mm"] - _MM:
                yield _broken("R12", sample, f"{servo} swings too low", above_mm, _R12["hook_above_mm"])


def _fork_swing(sample: MotionSample, situation: Situation, side: str) -> Iterator[Violation]:
    height_mm = sample.axes[f"lift_{side}"].position_mm
    least, most = _R12["fork_least_mm"] - _MM, _R12["fork_most_mm"] + _MM
    below = [cleat - height_mm for cleat in situation.cleats_mm]
    if not any(least <= distance <= most for distance in below):
        nearest = min(below, key=abs, default=float("inf"))
        wanted = _R12["fork_least_mm"] if nearest < least else _R12["fork_most_mm"]
        yield _broken("R12", sample, f"fork_{side} swings at a wrong height", nearest, wanted)
    if sample.loads_kg[side] > _R12["fork_load_kg"] + TOLERANCE["load_kg"]:
        yield _broken(
            "R12", sample, f"fork_{side} swings under load", sample.loads_kg[side], _R12["fork_load_kg"]
        )


def beams_apart(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R13."""
    for lift, scan in zip(LIFTS, SCANS):
        apart = sample.axes[lift].position_mm - sample.axes[scan].position_mm
        if apart < _R13["apart_mm"] - _MM:
            yield _broken("R13", sample, f"{lift} above {scan}", apart, _R13["apart_mm"])


def one_box(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R14."""
    if situation.other_open_box is not None and (situation.is_open or situation.is_peeling):
        yield _broken("R14", sample, f"box {situation.other_open_box} is open too", 2.0, 1.0)
    hangs = situation.frame is not None and not situation.frame.rests
    if hangs and not situation.is_open:
        yield _broken("R14", sample, "a frame hangs and its box is not open", 1.0, 0.0)


def open_time(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R15. At 15 minutes closing has started."""
    if situation.is_open and not situation.is_closing and _above(situation.open_for_s, _R15["close_at_s"]):
        yield _broken("R15", sample, f"box {situation.box}", situation.open_for_s, _R15["close_at_s"])


def forbidden_motion(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R16. Axes stand once a ramp's time after motion was forbidden."""
    if situation.blocked_for_s <= _R16["ramp_s"]:
        return
    for name, axis in sample.axes.items():
        if abs(axis.speed_mm_s) > _STANDS:
            yield _broken("R16", sample, name, abs(axis.speed_mm_s), 0.0)


def white_light(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R19."""
    if _above(situation.strobe_for_s, _R19["strobe_s"]):
        yield _broken("R19", sample, "strobe", situation.strobe_for_s, _R19["strobe_s"])


def ears(sample: MotionSample, situation: Situation) -> Iterator[Violation]:
    """R20. Speed of a nudge; speed and order of the ears when a frame is peeled off its rests."""
    frame = situation.frame
    if frame is None:
        return
    if frame.rests:
        yield from _nudge(sample, frame)
    tops = (frame.top_left_mm, frame.top_right_mm)
    low = [top - situation.frame_top_mm < _R20["ear_mm"] - _MM for top in tops]
    rising = [sample.axes[scan].speed_mm_s for scan in SCANS]
    for scan, is_low, speed in zip(SCANS, low, rising):
        if is_low and _above(speed, _R20["ear_mm_s"]):
            yield _broken("R20", sample, scan, speed, _R20["ear_mm_s"])
    if any(low) and min(rising) > _STANDS:
        yield _broken("R20", sample, "both ears at once", min(rising), 0.0)


def _nudge(sample: MotionSample, frame: FrameOnHooks) -> Iterator[Violation]:
    """The bar pushes the pin where they touch and it moves towards the pin; sliding off is no nudge."""
    for shuttle in SHUTTLES:
        axis = sample.axes[shuttle]
        to_pin_mm = frame.y_mm - axis.position_mm
        touches = abs(to_pin_mm) < _R20["seated_mm"] + _MM
        pushes = to_pin_mm * axis.speed_mm_s > 0
        if touches and pushes and _above(abs(axis.speed_mm_s), _R20["nudge_mm_s"]):
            yield _broken("R20", sample, shuttle, abs(axis.speed_mm_s), _R20["nudge_mm_s"])


PREDICATES: Mapping[str, Predicate] = {
    "R1": peel,
    "R2": landing,
    "R3": tilt,
    "R4": load,
    "R5": contact,
    "R6": frame_speed,
    "R7": frame_acceleration,
    "R8": stack_clearance,
    "R9": frame_vertical,
    "R10": sideways,
    "R11": hook_landing,
    "R12": swings,
    "R13": beams_apart,
    "R14": one_box,
    "R15": open_time,
    "R16": forbidden_motion,
    "R19": white_light,
    "R20": ears,
}
"""Rules that a motion can break. R17 and R18 concern frames that leave their hive: `transfer_refusals`."""


def check(sample: MotionSample, situation: Situation) -> list[Violation]:
    """Every rule that the machine breaks at this instant; empty when all is well."""
    return [violation for predicate in PREDICATES.values() for violation in predicate(sample, situation)]


@dataclass(frozen=True)
class FrameTransfer:
    """A frame that somebody wants to take to another hive. `queen_seen` None: nobody has looked at both faces.

    `alerts`: what the hive is under at the moment; "disease" and "robbing" count here.
    """

    frame: int
    from_hive: str
    to_hive: str
    queen_seen: bool | None
    queen_free_proven: bool
    alerts: frozenset[str] = frozenset()


def keeps_queen(transfer: FrameTransfer) -> bool:
    """R17: the frame stays in its hive, or is proven free of the queen."""
    if transfer.from_hive == transfer.to_hive:
        return True
    return transfer.queen_seen is False and transfer.queen_free_proven


def spreads_no_disease(transfer: FrameTransfer) -> bool:
    """R18: the frame stays in its hive, or its hive has neither a disease nor a robbing alert."""
    return transfer.from_hive == transfer.to_hive or not transfer.alerts & {"disease", "robbing"}


def transfer_refusals(transfer: FrameTransfer) -> list[str]:
    """Rules that forbid a transfer, in words; empty: it may go."""
    refusals = []
    if not keeps_queen(transfer):
        refusals.append(f"R17: frame {transfer.frame} of {transfer.from_hive}: {RULES['R17'].says}")
    if not spreads_no_disease(transfer):
        refusals.append(f"R18: {transfer.from_hive}: {RULES['R18'].says}")
    return refusals
