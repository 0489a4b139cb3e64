"""What was found on a face as compact drawing data: SVG paths in tenths of a millimetre of the straightened picture.

A cell is a point of a path that is drawn with round or square ends (seven bytes a cell; a point is a tenth of a
millimetre long, because paper shows no square ends of nothing), a bee a line from tail to head. The same
paths serve the drawing over the picture and the cell map beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bee_robot.hive.comb import Caste, CellClass
from bee_robot.hive.face import FaceMap, Finding, FindingKind, SeenBee

UNITS_PER_MM = 10.0
HIDDEN = "hidden"
BODY_DRAWN = 0.8  # of a bee's length; the round ends of the line make up for the rest


@dataclass(frozen=True)
class Mark:
    """Something single: where, and how sure, 0 to 1."""

    x: int
    y: int
    probability: float


@dataclass(frozen=True)
class CellLayer:
    """Cells of one class ("hidden": under a bee) as the points of a path."""

    kind: str
    path: str
    count: int


@dataclass(frozen=True)
class Overlay:
    """width, height: of the drawing, which is that of the picture. workers, drones: bodies and heads of the bees; a bee whose
    heading is not known is only a point. comb: x, y, width and height around the cells, with a margin."""

    width: int
    height: int
    comb: tuple[int, int, int, int]
    cells: tuple[CellLayer, ...]
    workers: str
    worker_heads: str
    drones: str
    drone_heads: str
    bees: int
    queens: tuple[Mark, ...]
    queen_cells: tuple[Mark, ...]
    mites: tuple[Mark, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """Cells by kind."""
        return {layer.kind: layer.count for layer in self.cells}


@dataclass(frozen=True)
class _Grid:
    """From millimetres of the face to units of the drawing."""

    face_map: FaceMap

    def place(self, x_mm: float, y_mm: float) -> tuple[int, int]:
        scale = self.face_map.mm_per_pixel
        x = (x_mm + self.face_map.origin_x_px * scale) * UNITS_PER_MM
        y = (self.face_map.origin_y_px * scale - y_mm) * UNITS_PER_MM
        return round(x), round(y)


def draw(face_map: FaceMap) -> Overlay:
    grid = _Grid(face_map)
    scale = face_map.mm_per_pixel * UNITS_PER_MM
    width, height = round(face_map.width_px * scale), round(face_map.height_px * scale)
    by_kind: dict[str, list[tuple[int, int]]] = {}
    for cell in face_map.cells:
        kind = cell.cell_class.value if cell.cell_class is not None else HIDDEN
        by_kind.setdefault(kind, []).append(grid.place(cell.x_mm, cell.y_mm))
    order = [*(c.value for c in CellClass), HIDDEN]
    workers = [bee for bee in face_map.bees if bee.caste is Caste.WORKER]
    drones = [bee for bee in face_map.bees if bee.caste is Caste.DRONE]
    return Overlay(
        width=width,
        height=height,
        comb=_around([point for points in by_kind.values() for point in points], width, height),
        cells=tuple(
            CellLayer(kind, _points(by_kind[kind]), len(by_kind[kind])) for kind in order if kind in by_kind
        ),
        workers=_bodies(grid, workers),
        worker_heads=_heads(grid, workers),
        drones=_bodies(grid, drones),
        drone_heads=_heads(grid, drones),
        bees=len(face_map.bees),
        queens=tuple(_mark(grid, bee) for bee in face_map.bees if bee.caste is Caste.QUEEN),
        queen_cells=_marks(grid, face_map, FindingKind.QUEEN_CELL),
        mites=_marks(grid, face_map, FindingKind.VARROA),
    )


def _mark(grid: _Grid, thing: SeenBee | Finding) -> Mark:
    return Mark(*grid.place(thing.x_mm, thing.y_mm), round(thing.probability, 2))


def _marks(grid: _Grid, face_map: FaceMap, kind: FindingKind) -> tuple[Mark, ...]:
    return tuple(_mark(grid, finding) for finding in face_map.findings if finding.kind is kind)


def _points(points: Iterable[tuple[int, int]]) -> str:
    """Row by row, each relative to the one before it: numbers stay short."""
    path, before = "", (0, 0)
    for x, y in sorted(points, key=lambda point: (round(point[1] / 46), point[0])):
        path += f"m{x - before[0]}{_next(y - before[1])}h1"
        before = (x + 1, y)
    return path


def _next(number: int) -> str:
    """A minus sign separates numbers as well as a blank does."""
    return f"{number}" if number < 0 else f" {number}"


def _ends(grid: _Grid, bee: SeenBee) -> tuple[int, int, int, int] | None:
    """Tail and head; None without a heading."""
    if bee.heading_rad is None:
        return None
    reach_mm = BODY_DRAWN * bee.length_mm / 2
    dx, dy = reach_mm * math.cos(bee.heading_rad), reach_mm * math.sin(bee.heading_rad)
    return (*grid.place(bee.x_mm - dx, bee.y_mm - dy), *grid.place(bee.x_mm + dx, bee.y_mm + dy))


def _bodies(grid: _Grid, bees: Iterable[SeenBee]) -> str:
    path = ""
    for bee in bees:
        ends = _ends(grid, bee)
        if ends is not None:
            path += f"M{ends[0]} {ends[1]}l{ends[2] - ends[0]}{_next(ends[3] - ends[1])}"
    return path


def _heads(grid: _Grid, bees: Iterable[SeenBee]) -> str:
    path = ""
    for bee in bees:
        ends = _ends(grid, bee)
        x, y = ends[2:] if ends is not None else grid.place(bee.x_mm, bee.y_mm)
        path += f"M{x} {y}h1"
    return path


def _around(points: list[tuple[int, int]], width: int, height: int) -> tuple[int, int, int, int]:
    """What the cell map shows: the cells with a margin, or the whole picture where there are none."""
    if not points:
        return 0, 0, width, height
    margin = 60
    left, right = min(x for x, _ in points) - margin, max(x for x, _ in points) + margin
    top, bottom = min(y for _, y in points) - margin, max(y for _, y in points) + margin
    return left, top, right - left, bottom - top
