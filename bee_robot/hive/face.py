"""What one look at one side of a frame found: numbers with their uncertainty and their provenance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bee_robot.hive.comb import CellClass


@dataclass(frozen=True)
class Estimate:
    """A quantity with its 90 % interval: low <= value <= high, all in `unit`.

    `method` says in a few words how it was obtained, for a report that has to explain itself.
    Raises ValueError when the numbers are not finite or not in order.
    """

    value: float
    low: float
    high: float
    unit: str
    method: str

    def __post_init__(self) -> None:
        if not all(math.isfinite(number) for number in (self.value, self.low, self.high)):
            raise ValueError(f"estimate in {self.unit} is not finite: {self.low}, {self.value}, {self.high}")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"estimate out of order: {self.low} <= {self.value} <= {self.high} {self.unit}")

    def to_dict(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
            "method": self.method,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Estimate:
        return cls(
            float(data["value"]),
            float(data["low"]),
            float(data["high"]),
            str(data["unit"]),
            str(data["method"]),
        )


@dataclass(frozen=True)
class PictureSource:
    """Which photograph a result came from. `view` is "whole", "left_half" or "right_half"."""

    sha256: str
    width_px: int
    height_px: int
    view: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "sha256": self.sha256,
            "width_px": self.width_px,
            "height_px": self.height_px,
            "view": self.view,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PictureSource:
        return cls(str(data["sha256"]), int(data["width_px"]), int(data["height_px"]), str(data["view"]))


@dataclass(frozen=True)
class FaceAnalysis:
    """One side of a frame, analysed.

    bees: number of bees seen on the comb. bee_coverage: share of the comb hidden by bees, 0 to 1.
    comb_area: comb in view, dm2. areas: dm2 by cell class, with what bees hide filled in from its
    neighbourhood. An estimate is None, and a class absent, when the method cannot know it; `warnings`
    then say why, in words for the beekeeper.
    """

    bees: Estimate | None
    bee_coverage: Estimate | None
    comb_area: Estimate | None
    areas: Mapping[CellClass, Estimate]
    warnings: tuple[str, ...]
    pictures: tuple[PictureSource, ...]
    model: str
    model_version: str
    runtime_provider: str
    comb_found: bool = field(default=True)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` gives an equal object back."""
        return {
            "comb_found": self.comb_found,
            "bees": self.bees.to_dict() if self.bees else None,
            "bee_coverage": self.bee_coverage.to_dict() if self.bee_coverage else None,
            "comb_area": self.comb_area.to_dict() if self.comb_area else None,
            "areas": {cell_class.value: area.to_dict() for cell_class, area in self.areas.items()},
            "warnings": list(self.warnings),
            "pictures": [picture.to_dict() for picture in self.pictures],
            "model": self.model,
            "model_version": self.model_version,
            "runtime_provider": self.runtime_provider,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FaceAnalysis:
        """Raises KeyError for a missing field and ValueError for an unknown cell class or a bad estimate."""

        def estimate(name: str) -> Estimate | None:
            return Estimate.from_dict(data[name]) if data[name] is not None else None

        return cls(
            bees=estimate("bees"),
            bee_coverage=estimate("bee_coverage"),
            comb_area=estimate("comb_area"),
            areas={CellClass(name): Estimate.from_dict(area) for name, area in data["areas"].items()},
            warnings=tuple(data["warnings"]),
            pictures=tuple(PictureSource.from_dict(picture) for picture in data["pictures"]),
            model=str(data["model"]),
            model_version=str(data["model_version"]),
            runtime_provider=str(data["runtime_provider"]),
            comb_found=bool(data["comb_found"]),
        )
