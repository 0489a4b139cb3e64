"""R1 to R20 as data: what each rule says, its limits, and who checks it. Source: "The reference machine", "The rulebook"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CHECKERS = ("twin", "procedure", "board", "transfer")
"""Who checks a rule: the twin on every simulated motion, the procedures before they ask, the board as far as it can
know, and whoever takes a frame to another hive. docs/design/visits.md names the tests."""

TWIN_AND_PROCEDURE = ("twin", "procedure")
EVERYWHERE = ("twin", "procedure", "board")


@dataclass(frozen=True)
class Rule:
    """One line of the rulebook. `limits` are in the units that their names say; `checked_by`: some of CHECKERS."""

    key: str
    says: str
    limits: Mapping[str, float] = field(default_factory=dict)
    checked_by: tuple[str, ...] = TWIN_AND_PROCEDURE


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
        Rule("R4", "no fork carries more than its limit", {"lifting_kg": 45, "peeling_kg": 60}, EVERYWHERE),
        Rule(
            "R5",
            "contact while lowering stops the stack",
            {"load_ratio": 0.7, "above_rim_mm": 5, "back_off_mm": 20, "reaction_s": 0.25},
            ("twin", "board"),  # by a guard that the procedure asks for: nobody plans to touch something
        ),
        Rule(
            "R6",
            "frames move gently up and down",
            {"lift_mm_s": 40, "lower_mm_s": 35, "set_down_mm_s": 3, "set_down_zone_mm": 20},
            EVERYWHERE,
        ),
        Rule("R7", "frames are not shaken", {"vertical_mm_s2": 80, "sideways_mm_s2": 400}, EVERYWHERE),
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
            # next_mm: from the next frame's pin, which decides where frames stand nearer than 37.5 mm: half the plate
            # (9.5 mm), and 2 mm for where frames and hook really are
            {
                "beside_mm": 26,
                "next_mm": 11.5,
                "position_mm": 1,
                "clear_mm": 8,
                "travel_mm": 8,
                "zone_mm": 5,
                "speed_mm_s": 8,
            },
        ),
        Rule(
            "R12",
            "forks swing only just below a cleat and unloaded; hooks only over an open box, high above its pins",
            {"fork_least_mm": 3, "fork_most_mm": 15, "fork_load_kg": 0.5, "hook_above_mm": 25},
            EVERYWHERE,
        ),
        Rule("R13", "lift and scan beam of a side keep apart", {"apart_mm": 119}, EVERYWHERE),
        Rule("R14", "one box open at a time; frame and stack stay above their own box"),
        Rule("R15", "a box is not open for long", {"planned_s": 600, "close_at_s": 900}),
        # the slowest ramp (scan beam, 40 mm/s at 80 mm/s²) and the board's reaction
        Rule("R16", "no motion while something forbids it", {"ramp_s": 0.6}, EVERYWHERE),
        Rule(
            "R17",
            "a frame with the queen, or not proven free of her, never leaves its hive",
            checked_by=("transfer",),
        ),
        Rule("R18", "no frame leaves a hive with a disease or robbing alert", checked_by=("transfer",)),
        Rule("R19", "white light only as a strobe", {"strobe_s": 0.25}, ("twin", "board")),
        Rule(
            "R20",
            "resting frames are nudged slowly, their ears peeled one at a time",
            # seated_mm: pin to the plate's centre bar when they touch (machine.md, "Mechanism")
            {"nudge_mm_s": 10, "ear_mm_s": 2, "ear_mm": 2, "seated_mm": 8},
        ),
    )
}


def limit(rule: str, name: str) -> float:
    """One number of the rulebook."""
    return RULES[rule].limits[name]
