"""Comb: the classes of its cells, the bees on it, and one face of a frame as plain data.

A face has its own coordinates: origin in the middle of the comb, x to the right and y up as seen by
somebody who looks straight at that face, millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

#: The order in which `CombFace.cell_class` indexes the classes.
CELL_CLASSES: tuple[CellClass, ...] = tuple(c for c in CellClass if c is not CellClass.OPEN)


@dataclass(frozen=True)
class BeeOnComb:
    """One bee; heading is the direction of her head, radians counter-clockwise from +x of the face."""

    x_mm: float
    y_mm: float
    heading_rad: float
    caste: Caste
    length_mm: float


@dataclass(frozen=True)
class CombFace:
    """One side of one frame: N cells and the bees that walk on them.

    cell_x_mm, cell_y_mm: float32 (N,), centres in face coordinates. cell_class: uint8 (N,), indices into
    CELL_CLASSES. frame_id is the number on the frame's tags; side is "rear" or "front".
    """

    frame_id: int
    side: str
    cell_x_mm: NDArray[np.float32]
    cell_y_mm: NDArray[np.float32]
    cell_class: NDArray[np.uint8]
    bees: tuple[BeeOnComb, ...]
    width_mm: float = COMB_WIDTH_MM
    height_mm: float = COMB_HEIGHT_MM

    def cells_of(self, cell_class: CellClass) -> int:
        """Number of cells of one class on this side."""
        return int((self.cell_class == CELL_CLASSES.index(cell_class)).sum())

    def area_dm2(self, cell_class: CellClass) -> float:
        return self.cells_of(cell_class) * CELL_AREA_MM2 / 1e4
