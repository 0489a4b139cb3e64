"""Hive standards (config/hive_standards.yaml): what a robot file may name instead of measuring. Checked when loaded.

Lengths in millimetres, masses in kilograms; width along the frames (X), depth across them (Y).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FILE = Path("config") / "hive_standards.yaml"
NOT_A_NUMBER = frozenset({"title", "footprint", "sources"})


class StandardError(ValueError):
    """The standards cannot be used, or the asked one is unknown. One line: what, where, what to do."""


class _Row(BaseModel):
    """A row of the file: every number has its source."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sources: dict[str, str]

    @model_validator(mode="after")
    def _each_number_has_a_source(self) -> _Row:
        numbers = set(type(self).model_fields) - NOT_A_NUMBER
        if numbers != set(self.sources):
            odd = ", ".join(sorted(numbers ^ set(self.sources)))
            raise ValueError(f"sources: exactly one for every number; look at {odd}")
        return self

    def numbers(self) -> dict[str, float]:
        """As a robot file would give them."""
        return self.model_dump(exclude=set(NOT_A_NUMBER))


class Footprint(_Row):
    """What boxes that may stand on each other have in common."""

    box_outer_width_mm: Annotated[float, Field(ge=200, le=700)]
    box_outer_depth_mm: Annotated[float, Field(ge=200, le=700)]
    box_inner_depth_mm: Annotated[float, Field(ge=150, le=650)]
    wall_mm: Annotated[float, Field(ge=8, le=80)]
    frame_pitch_mm: Annotated[float, Field(ge=32, le=45)]
    frame_top_below_rim_mm: Annotated[float, Field(ge=0, le=12)]

    @model_validator(mode="after")
    def _walls_fit(self) -> Footprint:
        if self.box_inner_depth_mm > self.box_outer_depth_mm - self.wall_mm:
            raise ValueError("box_inner_depth_mm: more than the outer depth leaves between the walls")
        return self


class BoxStandard(_Row):
    """A kind of box, and the frames made for it."""

    title: str = Field(min_length=1)
    footprint: str
    frames: Annotated[int, Field(ge=1, le=12)]
    box_height_mm: Annotated[float, Field(ge=100, le=400)]
    box_mass_kg: Annotated[float, Field(ge=0.5, le=20)]
    frame_width_mm: Annotated[float, Field(ge=200, le=500)]
    frame_height_mm: Annotated[float, Field(ge=100, le=400)]
    top_bar_mm: Annotated[float, Field(ge=220, le=550)]
    comb_width_mm: Annotated[float, Field(ge=180, le=480)]
    comb_height_mm: Annotated[float, Field(ge=70, le=380)]

    @model_validator(mode="after")
    def _parts_fit(self) -> BoxStandard:
        if not self.comb_width_mm < self.frame_width_mm < self.top_bar_mm:
            raise ValueError("comb_width_mm < frame_width_mm < top_bar_mm must hold")
        if not self.comb_height_mm <= self.frame_height_mm <= self.box_height_mm:
            raise ValueError("comb_height_mm <= frame_height_mm <= box_height_mm must hold")
        return self


class Standards(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    references: dict[str, str]
    footprints: dict[str, Footprint]
    boxes: dict[str, BoxStandard]

    @model_validator(mode="after")
    def _names(self) -> Standards:
        for name, box in self.boxes.items():
            if box.footprint not in self.footprints:
                raise ValueError(f"boxes.{name}: there is no footprint {box.footprint}")
            below_mm = self.footprints[box.footprint].frame_top_below_rim_mm
            if box.frame_height_mm + below_mm > box.box_height_mm:
                raise ValueError(f"boxes.{name}: its frames reach below its lower edge")
        for name, row in (*self.footprints.items(), *self.boxes.items()):
            unknown = set(row.sources.values()) - set(self.references)
            if unknown:
                raise ValueError(f"{name}: no such reference: {', '.join(sorted(unknown))}")
        return self

    def box(self, name: str) -> BoxStandard:
        """Raises StandardError, with the names that there are."""
        if name not in self.boxes:
            raise StandardError(
                f"hive standard {name!r} is unknown; known: {', '.join(self.boxes)} ('bee hives')"
            )
        return self.boxes[name]

    def footprint_of(self, name: str) -> Footprint:
        """Of a kind of box. Raises StandardError."""
        return self.footprints[self.box(name).footprint]

    def source_of(self, name: str, number: str) -> str:
        """Where a number of a kind of box, or of its footprint, is from. Raises StandardError."""
        box = self.box(name)
        return self.references[(box.sources | self.footprints[box.footprint].sources)[number]]


def checked(data: Any, where: str) -> Standards:
    """The content of a file of standards. Raises StandardError that names row and number."""
    if not isinstance(data, Mapping):
        raise StandardError(f"{where}: not a file of hive standards; see docs/hive_standards.md")
    try:
        return Standards.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        option = ".".join(str(part) for part in first["loc"]) or "(file)"
        raise StandardError(f"{where}: {option}: {first['msg']}; see docs/hive_standards.md") from None


def file() -> Path:
    """In the source tree, or in the share folder of an installed package. Raises StandardError."""
    prefixes = [prefix for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    installed = [Path(prefix) / "share" / "bee_robot" for prefix in (*prefixes, sys.prefix)]
    for folder in (Path(__file__).resolve().parents[2], *installed):
        if (folder / FILE).is_file():
            return folder / FILE
    raise StandardError(f"{FILE} is missing; install the package again")


@lru_cache(maxsize=1)
def standards() -> Standards:
    """All of them. Raises StandardError."""
    path = file()
    try:
        return checked(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
    except (OSError, yaml.YAMLError) as error:
        raise StandardError(f"{path}: cannot be read ({error}); install the package again") from None
