"""What one look at one side of a frame found: numbers with their uncertainty and their provenance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bee_robot.hive.comb import Caste, CellClass


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


class FindingKind(Enum):
    """Things on a comb that are neither bees nor cells of the usual classes."""

    QUEEN_CELL = "queen_cell"
    VARROA = "varroa"


@dataclass(frozen=True)
class SeenBee:
    """A bee that was found. heading_rad: of her head, counter-clockwise from +x; None where it could not be told."""

    x_mm: float
    y_mm: float
    caste: Caste
    probability: float
    length_mm: float
    heading_rad: float | None = None


@dataclass(frozen=True)
class SeenCell:
    """A cell that was found. cell_class: None where a bee hides what is in it."""

    x_mm: float
    y_mm: float
    cell_class: CellClass | None
    probability: float


@dataclass(frozen=True)
class Finding:
    kind: FindingKind
    x_mm: float
    y_mm: float
    probability: float


@dataclass(frozen=True)
class FaceMap:
    """What was found, and where, on the straightened picture of a face.

    Coordinates are those of the face: origin in the middle of the comb, x to the right, y up, millimetres. The straightened
    picture has width_px x height_px pixels of mm_per_pixel; the face's origin is at (origin_x_px, origin_y_px) from its
    upper left corner. picture_sha256 names it, "" where it was not kept. Lengths are kept to 0.01 mm, probabilities
    to 0.001.
    """

    width_px: int
    height_px: int
    mm_per_pixel: float
    origin_x_px: float
    origin_y_px: float
    bees: tuple[SeenBee, ...]
    cells: tuple[SeenCell, ...]
    findings: tuple[Finding, ...] = ()
    picture_sha256: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Lists of columns: a face has thousands of cells."""
        return {
            "width_px": self.width_px,
            "height_px": self.height_px,
            "mm_per_pixel": self.mm_per_pixel,
            "origin_x_px": self.origin_x_px,
            "origin_y_px": self.origin_y_px,
            "picture_sha256": self.picture_sha256,
            "bees": {
                "x_mm": [round(bee.x_mm, 2) for bee in self.bees],
                "y_mm": [round(bee.y_mm, 2) for bee in self.bees],
                "caste": [bee.caste.value for bee in self.bees],
                "probability": [round(bee.probability, 3) for bee in self.bees],
                "length_mm": [round(bee.length_mm, 2) for bee in self.bees],
                "heading_rad": [
                    None if bee.heading_rad is None else round(bee.heading_rad, 2) for bee in self.bees
                ],
            },
            "cells": {
                "x_mm": [round(cell.x_mm, 2) for cell in self.cells],
                "y_mm": [round(cell.y_mm, 2) for cell in self.cells],
                "class": [cell.cell_class.value if cell.cell_class else None for cell in self.cells],
                "probability": [round(cell.probability, 3) for cell in self.cells],
            },
            "findings": {
                "kind": [finding.kind.value for finding in self.findings],
                "x_mm": [round(finding.x_mm, 2) for finding in self.findings],
                "y_mm": [round(finding.y_mm, 2) for finding in self.findings],
                "probability": [round(finding.probability, 3) for finding in self.findings],
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FaceMap:
        """Raises KeyError for a missing field, ValueError for an unknown class or columns of different lengths."""
        bees, cells, findings = data["bees"], data["cells"], data["findings"]
        return cls(
            width_px=int(data["width_px"]),
            height_px=int(data["height_px"]),
            mm_per_pixel=float(data["mm_per_pixel"]),
            origin_x_px=float(data["origin_x_px"]),
            origin_y_px=float(data["origin_y_px"]),
            picture_sha256=str(data["picture_sha256"]),
            bees=tuple(
                SeenBee(x, y, Caste(caste), p, length, heading)
                for x, y, caste, p, length, heading in _rows(
                    bees, "x_mm", "y_mm", "caste", "probability", "length_mm", "heading_rad"
                )
            ),
            cells=tuple(
                SeenCell(x, y, CellClass(name) if name is not None else None, p)
                for x, y, name, p in _rows(cells, "x_mm", "y_mm", "class", "probability")
            ),
            findings=tuple(
                Finding(FindingKind(kind), x, y, p)
                for kind, x, y, p in _rows(findings, "kind", "x_mm", "y_mm", "probability")
            ),
        )


def _rows(columns: Mapping[str, Any], *names: str) -> Iterable[tuple[Any, ...]]:
    chosen = [columns[name] for name in names]
    if len({len(column) for column in chosen}) > 1:
        raise ValueError(f"columns {', '.join(names)} have different lengths")
    return zip(*chosen)


@dataclass(frozen=True)
class FaceAnalysis:
    """One side of a frame, analysed.

    bees: number of bees seen on the comb. bee_coverage: share of the comb hidden by bees, 0 to 1.
    comb_area: comb in view, dm2. areas: dm2 by cell class, with what bees hide filled in from its
    neighbourhood. An estimate is None, and a class absent, when the method cannot know it; `warnings`
    then say why, in words for the beekeeper. map: every bee and cell that was found, None where the method finds none.
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
    map: FaceMap | None = None

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
            "map": self.map.to_dict() if self.map is not None else None,
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
            map=FaceMap.from_dict(data["map"]) if data.get("map") is not None else None,
        )
