"""The hive of a robot file: its boxes bottom up, each with its own sizes.

A robot file says `boxes: 3` or lists the boxes bottom up. What it does not say is that of the hive standard which it names
(standards.py); numbers beside `standard` are about boxes of that standard. All of it becomes `stack`, one
`BoxConfiguration` a box; nothing else of the project asks how the file said it. Millimetres, kilograms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bee_robot.hive.comb import CombSize
from bee_robot.hive.standards import BoxStandard, standards

MOST_BOXES = 5
MOST_FRAMES = 12
LEAST_GAP_MM = (
    15.0  # a frame has to move aside by 10 mm before it goes up (machine.md, step 6), and not tightly
)
TOP_BAR_MM = (
    20.0  # how high it is (urdf/parts.yaml); the reference hive's comb is said to be as high as its frames
)

# Hardware that the robot brings to every hive (machine.md, "Box hardware" and "Reference hive").
HARDWARE = {"base_mm": 350.0, "cleat_above_bottom_mm": 25.0, "lid_height_mm": 80.0, "lid_mass_kg": 4.0}

Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A part of a file: frozen, no unknown keys, no infinite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BoxConfiguration(Section):
    """One box and the frames that it is made for."""

    standard: str
    frames_per_box: int = Field(ge=1, le=MOST_FRAMES)
    box_height_mm: Positive
    box_mass_kg: Positive
    frame_pitch_mm: float = Field(ge=25, le=60)
    frame_width_mm: Positive
    frame_height_mm: Positive
    top_bar_mm: Positive
    comb_width_mm: Positive
    comb_height_mm: Positive

    @model_validator(mode="after")
    def _parts_fit(self) -> BoxConfiguration:
        if not self.comb_width_mm <= self.frame_width_mm <= self.top_bar_mm:
            raise ValueError(
                f"comb_width_mm {self.comb_width_mm:g} <= frame_width_mm {self.frame_width_mm:g} <= top_bar_mm "
                f"{self.top_bar_mm:g} must hold"
            )
        if self.comb_height_mm > self.frame_height_mm:
            raise ValueError(
                f"comb_height_mm {self.comb_height_mm:g} is more than frame_height_mm {self.frame_height_mm:g}"
            )
        return self

    @property
    def comb(self) -> CombSize:
        return CombSize(self.comb_width_mm, self.comb_height_mm)

    @property
    def comb_below_frame_top_mm(self) -> float:
        """From the top of the top bar to the middle of the comb."""
        return min(TOP_BAR_MM, self.frame_height_mm - self.comb_height_mm) + self.comb_height_mm / 2


OF_A_BOX = frozenset(BoxConfiguration.model_fields)


class HiveConfiguration(Section):
    """Geometry of the hive that the tower stands around, heights above the ground. `stack`: its boxes bottom up."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    standard: str
    base_mm: float = Field(gt=0)
    box_outer_width_mm: Positive
    box_outer_depth_mm: Positive
    box_inner_depth_mm: Positive
    wall_mm: Positive
    cleat_above_bottom_mm: Positive
    lid_height_mm: Positive
    lid_mass_kg: Positive
    frame_top_below_rim_mm: float = Field(ge=0)
    stack: tuple[BoxConfiguration, ...] = Field(min_length=1, max_length=MOST_BOXES)

    @model_validator(mode="before")
    @classmethod
    def _boxes_as_stack(cls, data: Any) -> Any:
        return stacked(data) if isinstance(data, Mapping) and "stack" not in data else data

    @model_validator(mode="after")
    def _frames_fit(self) -> HiveConfiguration:
        for number, box in enumerate(self.stack, 1):
            free_mm = self.box_inner_depth_mm - box.frames_per_box * box.frame_pitch_mm
            if free_mm < LEAST_GAP_MM:
                most = int((self.box_inner_depth_mm - LEAST_GAP_MM) // box.frame_pitch_mm)
                raise ValueError(
                    f"box {number}: {box.frames_per_box} frames of {box.frame_pitch_mm:g} mm leave a gap of {free_mm:g} "
                    f"mm in {self.box_inner_depth_mm:g} mm; the robot needs a gap of {LEAST_GAP_MM:g} mm or more: "
                    f"use {most} frames"
                )
            room_mm = box.box_height_mm - self.frame_top_below_rim_mm
            if box.frame_height_mm > room_mm:
                raise ValueError(
                    f"box {number}: frames of {box.frame_height_mm:g} mm reach below a box that leaves them {room_mm:g} "
                    "mm; give a higher box or other frames"
                )
        return self

    @property
    def boxes(self) -> int:
        """How many."""
        return len(self.stack)

    def box(self, number: int) -> BoxConfiguration:
        """Boxes count from 1 at the bottom. Raises ValueError, with the remedy, where the hive has no such box."""
        if not 1 <= number <= self.boxes:
            raise ValueError(
                f"hive {self.name} has no box {number}; it has boxes 1 (bottom) to {self.boxes}: give one of them"
            )
        return self.stack[number - 1]

    def says(self) -> str:
        """Its boxes bottom up, for a person: "3 boxes of 10 frames", "boxes of 10, 10 and 9 frames"."""
        frames = [box.frames_per_box for box in self.stack]
        if len(set(frames)) == 1:
            return f"{self.boxes} box{'es' if self.boxes > 1 else ''} of {frames[0]} frames"
        return f"boxes of {', '.join(map(str, frames[:-1]))} and {frames[-1]} frames"

    @property
    def most_frames(self) -> int:
        """Of the box with the most."""
        return max(box.frames_per_box for box in self.stack)


def stacked(data: Mapping[str, Any]) -> dict[str, Any]:
    """The hive of a robot file with `stack` in place of `boxes` and the sizes of a box, gaps filled from the standards.

    Raises ValueError where `boxes` is neither a number nor a list, or boxes do not go on each other.
    """
    listed = _listed(data.get("boxes"))
    own = data.get("standard", listed[0].get("standard", ""))
    names = [box.get("standard", own) if isinstance(box, Mapping) else own for box in listed]
    footprint = _footprint(own, names)
    given = {key: value for key, value in data.items() if key not in OF_A_BOX | {"boxes"}}
    pitch = {"frame_pitch_mm": footprint.pop("frame_pitch_mm")} if footprint else {}
    hive = HARDWARE | footprint | given | {"standard": own}
    about_own = {key: value for key, value in data.items() if key in OF_A_BOX and key != "standard"}
    stack = []
    for name, box in zip(names, listed):
        here = (about_own if name == own else {}) | (box if isinstance(box, Mapping) else {})
        stack.append(_sizes(name, pitch | here, hive.get("box_inner_depth_mm")))
    return hive | {"stack": stack}


def _listed(boxes: Any) -> list[dict[str, Any]]:
    """One mapping a box, whatever form the file has."""
    if isinstance(boxes, int) and not isinstance(boxes, bool):
        if not 1 <= boxes <= MOST_BOXES:
            raise ValueError(f"'boxes' is {boxes}; a hive has 1 to {MOST_BOXES} boxes")
        return [{}] * boxes
    if not isinstance(boxes, list):
        raise ValueError(
            f"'boxes' is {boxes!r}; give how many there are, 1 to {MOST_BOXES}, or list them bottom up"
        )
    if not 1 <= len(boxes) <= MOST_BOXES:
        raise ValueError(f"'boxes' lists {len(boxes)}; a hive has 1 to {MOST_BOXES} boxes")
    listed = [_as_mapping(box) for box in boxes]
    for number, box in enumerate(listed, 1):
        if not isinstance(box, Mapping):
            raise ValueError(
                f"box {number} is {box!r}; give the name of a standard, or a mapping of its numbers"
            )
        unknown = set(box) - OF_A_BOX
        if unknown:
            raise ValueError(
                f"box {number}: unknown option '{sorted(unknown)[0]}'; a box has {', '.join(sorted(OF_A_BOX))}"
            )
    return listed


def _as_mapping(box: Any) -> Any:
    """`zander` and `{standard: zander, frames: 9}` as a robot file's own options; whatever else as it is."""
    if isinstance(box, str):
        return {"standard": box}
    if isinstance(box, Mapping) and "frames" in box and "frames_per_box" not in box:
        return {"frames_per_box" if key == "frames" else key: value for key, value in box.items()}
    return box


def _footprint(own: Any, names: list[Any]) -> dict[str, float]:
    """What all these boxes share; nothing is known of a standard of the user's own."""
    known = standards()
    shared = {name: known.box(name).footprint for name in (own, *names) if name in known.boxes}
    if len(set(shared.values())) > 1:
        first, *others = shared
        other = next(name for name in others if shared[name] != shared[first])
        raise ValueError(
            f"a {other} box does not go on a {first} box; use boxes of one footprint ('bee hives')"
        )
    return known.footprints[next(iter(shared.values()))].numbers() if shared else {}


def _sizes(name: Any, given: Mapping[str, Any], inner_depth_mm: Any) -> dict[str, Any]:
    """One box: the numbers of its standard, and what the file says instead. With as many frames as it is made for, or as
    leave the robot the gap that it needs."""
    known = standards()
    if name not in known.boxes:
        missing = sorted(OF_A_BOX - set(given) - {"standard"})
        if missing:
            raise ValueError(
                f"standard {name!r} is not known here, so the file has to give {', '.join(missing)}; known: "
                f"{', '.join(known.boxes)} ('bee hives')"
            )
        return dict(given) | {"standard": name}
    sizes = {"standard": name} | _of_standard(known.box(name)) | dict(given)
    if "frames_per_box" not in sizes:
        most = known.box(name).frames
        numbers = (inner_depth_mm, sizes["frame_pitch_mm"])
        if all(isinstance(number, (int, float)) and number > 0 for number in numbers):
            most = min(most, int((numbers[0] - LEAST_GAP_MM) // numbers[1]))
        sizes["frames_per_box"] = most
    return sizes


def _of_standard(box: BoxStandard) -> dict[str, float]:
    numbers = box.numbers()
    del numbers["frames"]
    return numbers
