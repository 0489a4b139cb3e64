"""What a photograph cannot tell, in words for the beekeeper: each with the reason."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from bee_robot.hive.comb import Caste
from bee_robot.hive.face import FaceAnalysis
from bee_robot.vision.bee_detector import BeeBox
from bee_robot.vision.measures import CELL_PX_FOR_EGGS_ELSEWHERE
from bee_robot.vision.photograph import Picture

MITE_BEE_PX = 90.0  # side of a box as large as the bee: a mite, 1.6 mm wide, then has about 10 px
MANY_HIDDEN = 0.15  # share of the comb
BLURRED = 0.24  # sharpness; photographs have 0.4 to 0.7, after a blur of 2 px 0.16 to 0.22
BURNT_LEVEL, BURNT_SHARE = 250, 0.08
DARK_LEVEL = 60.0
QUEEN_PROBABILITY = 0.5


@dataclass(frozen=True)
class Limit:
    """what: cannot be known; why: and what would help."""

    what: str
    why: str


def limits_of(
    picture: Picture,
    is_frame: bool,
    boxes: tuple[BeeBox, ...],
    face: FaceAnalysis | None,
    cell_px: float | None,
) -> tuple[Limit, ...]:
    """Everything that this photograph leaves open, the most important first. cell_px: width of a cell in the file."""
    limits = [*_of_the_picture(picture), *_of_comb(is_frame, face, cell_px), _of_the_queen(boxes)]
    limits += _of_mites(boxes)
    if face is not None:
        limits += [Limit("some of the numbers", warning) for warning in face.warnings]
    return tuple(limits)


def sharpness(picture: Picture) -> float:
    """Contrast between neighbouring pixels as a share of that over three pixels, both as standard deviations."""
    grey = cv2.cvtColor(picture.bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 1.0)
    coarse = grey - cv2.GaussianBlur(grey, (0, 0), 3.0)
    return float(fine.std() / max(float(coarse.std()), 1e-6))


def _of_the_picture(picture: Picture) -> list[Limit]:
    limits = []
    grey = cv2.cvtColor(picture.bgr[::2, ::2], cv2.COLOR_BGR2GRAY)
    if sharpness(picture) < BLURRED:
        limits.append(
            Limit("small things", "the picture is blurred: hold still, focus on the comb, more light")
        )
    burnt = float((grey >= BURNT_LEVEL).mean())
    if burnt > BURNT_SHARE:
        limits.append(
            Limit(
                "what is in the brightest parts",
                f"{100 * burnt:.0f} % of the picture is burnt out: less light",
            )
        )
    if float(grey.mean()) < DARK_LEVEL:
        limits.append(Limit("what is in the shadows", "the picture is dark: more light, from the side"))
    if not picture.has_colour:
        limits.append(Limit("what the cells hold", "the picture has no colours: photograph it in colour"))
    return limits


def _of_comb(is_frame: bool, face: FaceAnalysis | None, cell_px: float | None) -> list[Limit]:
    if face is None or cell_px is None:
        return [
            Limit("brood, stores and sizes", "no comb was recognised, and nothing else of known size"),
            Limit(
                "how many bees the colony has", "only those in the picture are counted; most are elsewhere"
            ),
        ]
    limits = []
    if not is_frame:
        limits.append(
            Limit("the rest of the frame", "this is a part of it: step back until all four bars show")
        )
    limits.append(Limit("the other side of the frame", "it needs a photograph of its own"))
    if cell_px < CELL_PX_FOR_EGGS_ELSEWHERE:
        limits.append(
            Limit(
                "eggs",
                f"a cell is {cell_px:.0f} px wide here, eggs need {CELL_PX_FOR_EGGS_ELSEWHERE:.0f} px: come closer",
            )
        )
    if face.bee_coverage is not None and face.bee_coverage.value > MANY_HIDDEN:
        limits.append(
            Limit(
                "what is under the bees",
                f"they hide {100 * face.bee_coverage.value:.0f} % of the comb; it is filled in from beside them",
            )
        )
    return limits


def _of_the_queen(boxes: tuple[BeeBox, ...]) -> Limit:
    queens = [b for b in boxes if b.kind is Caste.QUEEN and b.probability >= QUEEN_PROBABILITY]
    if queens:
        return Limit(
            "whether the queen is there",
            f"{len(queens)} bee{'s look' if len(queens) > 1 else ' looks'} like a queen: check by eye",
        )
    return Limit("whether there is a queen", "none was seen, which does not mean that there is none")


def _of_mites(boxes: tuple[BeeBox, ...]) -> list[Limit]:
    largest = max((box.size_px for box in boxes), default=0.0)
    if not boxes:
        return []
    if largest < MITE_BEE_PX:
        return [Limit("mites", f"a bee is {largest:.0f} px large at most, too small to show a mite")]
    return [Limit("mites", "they are not looked for in single photographs; most sit under bees and in cells")]
