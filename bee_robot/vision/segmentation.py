"""Which pixels of a rectified face are bees, and what the comb between them holds.

`FaceSegmenter` is the place where a detector network goes: everything before it finds and straightens
the comb, everything after it turns maps into numbers and drawings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CellClass
from bee_robot.vision.rectified_face import RectifiedFace

#: The index of a class in `FaceSegmentation.class_map`; OUTSIDE is wood, background or what the picture lacks.
MAP_CLASSES: tuple[CellClass, ...] = tuple(CellClass)
OUTSIDE = 255


@dataclass(frozen=True)
class FaceSegmentation:
    """Maps over a rectified face, all (H, W) like its picture.

    bee_score: float32, log odds that a pixel shows a bee. class_map: uint8, index into MAP_CLASSES of the
    comb there (under bees: filled in from beside them), or OUTSIDE. bee_count: number of bees and its
    relative 90 % error from a method that counts individuals, None where they follow from the covered area.
    """

    bee_score: NDArray[np.float32]
    class_map: NDArray[np.uint8]
    bee_count: tuple[float, float] | None = None


class FaceSegmenter(Protocol):
    """A model that reads a rectified face. name, version and provider go into every result."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def provider(self) -> str: ...

    @property
    def works_without_colour(self) -> bool: ...

    def segment(self, face: RectifiedFace) -> FaceSegmentation: ...
