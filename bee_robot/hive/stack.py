"""The hive of a robot file: its boxes bottom up, each with its own sizes.

A robot file says `boxes: 3` with the sizes of a box beside it, or lists the boxes bottom up where they differ. Both become
`stack`, one `BoxConfiguration` a box; nothing else of the project asks how the file said it. Millimetres, kilograms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_BOXES = 5
MOST_FRAMES = 12
LEAST_GAP_MM = (
    15.0  # a frame has to move aside by 10 mm before it goes up (machine.md, step 6), and not tightly
)

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
    frame_height_mm: Positive
    comb_width_mm: Positive
    comb_height_mm: Positive


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
                raise ValueError(
                    f"box {number}: {box.frames_per_box} frames of {box.frame_pitch_mm:g} mm leave a gap of {free_mm:g} "
                    f"mm in {self.box_inner_depth_mm:g} mm; the robot needs a gap of {LEAST_GAP_MM:g} mm or more"
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
    """The hive of a robot file with `stack` in place of `boxes` and the sizes of a box.

    What a box does not say, the hive says for all. Raises ValueError where `boxes` is neither a number nor a list.
    """
    boxes = data.get("boxes")
    if isinstance(boxes, bool) or not isinstance(boxes, (int, list)):
        raise ValueError(
            f"'boxes' is {boxes!r}; give how many there are, 1 to {MOST_BOXES}, or list them bottom up"
        )
    if isinstance(boxes, int) and not 1 <= boxes <= MOST_BOXES:
        raise ValueError(f"'boxes' is {boxes}; a hive has 1 to {MOST_BOXES} boxes")
    each = [{}] * boxes if isinstance(boxes, int) else boxes
    shared = {key: value for key, value in data.items() if key in OF_A_BOX}
    of_the_hive = {
        key: value for key, value in data.items() if key == "standard" or key not in OF_A_BOX | {"boxes"}
    }
    stack = [shared | box if isinstance(box, Mapping) else box for box in each]
    return of_the_hive | {"stack": stack}
