"""Comb: the classes of its cells, the bees on it, and one face of a frame as plain data.

A face has its own coordinates: origin in the middle of the comb, x to the right and y up as seen by
somebody who looks straight at that face, millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class CellClass(Enum):
    """What a beekeeper calls the content of a cell.

    OPEN is the coarse word of a method that sees an open cell without visible stores but cannot say
    whether it holds an egg, a larva or nothing; a finer method never uses it.
    """

    CAPPED_BROOD = "capped_brood"
    EGGS = "eggs"
    LARVAE = "larvae"
    POLLEN = "pollen"
    NECTAR = "nectar"
    HONEY = "honey"
    EMPTY = "empty"
    DRONE_BROOD = "drone_brood"
    OPEN = "open"


class Caste(Enum):
    WORKER = "worker"
    DRONE = "drone"
    QUEEN = "queen"


#: Middle of the body lengths in the field's tables, millimetres: worker 12 to 15, drone 15 to 17, queen 18 to 22.
BODY_LENGTH_MM = {Caste.WORKER: 13.5, Caste.DRONE: 16.0, Caste.QUEEN: 20.0}

CELL_PITCH_MM = 5.3  # centre to centre; between natural worker comb (5.2) and foundation (5.4)
CELL_AREA_MM2 = CELL_PITCH_MM**2 * 3**0.5 / 2
COMB_WIDTH_MM = 410.0
COMB_HEIGHT_MM = 279.0


@dataclass(frozen=True)
class CombSize:
    """Between the bars of a frame; by default the reference hive's."""

    width_mm: float = COMB_WIDTH_MM
    height_mm: float = COMB_HEIGHT_MM

    @property
    def tag_x_mm(self) -> float:
        """Middle of the tags on the end bars, right and left of the comb's middle."""
        return self.width_mm / 2 + 5.5

    @property
    def tag_y_mm(self) -> float:
        """Middle of the tags above the comb's middle: 60 mm, less where the end bar ends before."""
        return min(60.0, self.height_mm / 2 - 20.0)


REFERENCE_COMB = CombSize()

#: The order in which `CombFace.cell_class` indexes the classes.
CELL_CLASSES: tuple[CellClass, ...] = tuple(c for c in CellClass if c is not CellClass.OPEN)


#: What one cell holds, kg. Honey: 330 g/dm2 of comb with both sides at 411 cells/dm2 and side (Betts 1938); nectar is
#: thinner and less; bee bread and brood from the usual tables (0.17 g of bee bread; a pupa 0.13 g, larvae half of it).
CELL_CONTENT_KG: dict[CellClass, float] = {
    CellClass.HONEY: 0.00040,
    CellClass.NECTAR: 0.00022,
    CellClass.POLLEN: 0.00017,
    CellClass.CAPPED_BROOD: 0.00013,
    CellClass.DRONE_BROOD: 0.00030,
    CellClass.LARVAE: 0.00007,
}


class QueenCellKind(Enum):
    """A cup without content, one with egg or larva, a capped one, and one drawn from a worker cell in need."""

    PLAY_CUP = "play_cup"
    CHARGED = "charged"
    CAPPED = "capped"
    EMERGENCY = "emergency"


@dataclass(frozen=True)
class BeeOnComb:
    """One bee; heading is the direction of her head, radians counter-clockwise from +x of the face.

    x_mm, y_mm: middle of the body. carries_pollen: loads on the hind legs. has_mite: a varroa mite sits on her where it can
    be seen from above.
    """

    x_mm: float
    y_mm: float
    heading_rad: float
    caste: Caste
    length_mm: float
    carries_pollen: bool = False
    has_mite: bool = False


@dataclass(frozen=True)
class QueenCell:
    """x_mm, y_mm: where it is attached; it hangs down length_mm from there."""

    x_mm: float
    y_mm: float
    kind: QueenCellKind
    length_mm: float


@dataclass(frozen=True)
class BurrComb:
    """A ridge of wax across the comb or from it to a bar: middle, length, width, direction (counter-clockwise from +x)."""

    x_mm: float
    y_mm: float
    length_mm: float
    width_mm: float
    angle_rad: float


def _nothing() -> NDArray[Any]:
    return np.empty(0, np.float32)


@dataclass(frozen=True)
class CombFace:
    """One side of one frame: N cells and the bees that walk on them.

    cell_x_mm, cell_y_mm: float32 (N,), centres in face coordinates. cell_class: uint8 (N,), indices into
    CELL_CLASSES. frame_id is the number on the frame's tags; side is "rear" or "front". Where the bees have not built,
    there are no cells.

    cell_size_mm: float32 (N,), centre to centre; empty means CELL_PITCH_MM everywhere. cell_age_d: float32 (N,), days
    since the egg was laid, for brood, else NaN. cell_fill: float32 (N,), 0 to 1, how full of nectar or bee bread.
    cell_tint: uint8 (N,), which plant the bee bread comes from. Empty arrays: not known, the renderer chooses.
    wax_age: 0 new and pale, 1 dark after many broods. propolis: 0 to 1, how much of it is on the bars.
    """

    frame_id: int
    side: str
    cell_x_mm: NDArray[np.float32]
    cell_y_mm: NDArray[np.float32]
    cell_class: NDArray[np.uint8]
    bees: tuple[BeeOnComb, ...]
    width_mm: float = COMB_WIDTH_MM
    height_mm: float = COMB_HEIGHT_MM
    cell_size_mm: NDArray[np.float32] = field(default_factory=_nothing)
    cell_age_d: NDArray[np.float32] = field(default_factory=_nothing)
    cell_fill: NDArray[np.float32] = field(default_factory=_nothing)
    cell_tint: NDArray[np.uint8] = field(default_factory=_nothing)
    queen_cells: tuple[QueenCell, ...] = ()
    burr_comb: tuple[BurrComb, ...] = ()
    wax_age: float = 0.5
    propolis: float = 0.3

    def cells_of(self, cell_class: CellClass) -> int:
        """Number of cells of one class on this side."""
        return int((self.cell_class == CELL_CLASSES.index(cell_class)).sum())

    def area_dm2(self, cell_class: CellClass) -> float:
        return self.cells_of(cell_class) * CELL_AREA_MM2 / 1e4
