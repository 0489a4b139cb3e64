"""How a colony uses one side of a comb: brood in an ellipse, bee bread and nectar around it, honey above.

Shares follow labelled frames (facts: capped brood 18 %, larvae 11 %, eggs 8 %, honey 7 %, nectar 7 %, bee
bread 5 %, empty 44 % on average) and the equilibrium capped : open : eggs = 4 : 2 : 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import (
    BODY_LENGTH_MM,
    CELL_CLASSES,
    CELL_PITCH_MM,
    COMB_HEIGHT_MM,
    COMB_WIDTH_MM,
    BeeOnComb,
    Caste,
    CellClass,
    CombFace,
)

FULL_NEST_HALF_AXES_MM = (185.0, 125.0)
NEST_CENTRE_Y_MM = -12.0
#: Squared radius of the nest up to which a cell is capped, holds a larva, holds an egg: areas 4 : 2 : 1.
CAPPED_TO, LARVAE_TO = 4 / 7, 6 / 7
POLLEN_RADIUS, NECTAR_RADIUS = 1.22, 1.5
BEE_SPACING_MM = 8.6  # of the places where bees may stand; a full comb has about 115 bees on a dm2
DRONE_SHARE = 0.02

Field = NDArray[np.float32]


def lay_out_face(
    rng: np.random.Generator,
    *,
    frame_id: int,
    side: str,
    brood: float,
    stores: float,
    has_queen: bool = False,
) -> CombFace:
    """One side of a comb. brood, stores: 0 to about 1, how far the nest and the honey reach over it."""
    x, y = hexagonal_lattice(COMB_WIDTH_MM, COMB_HEIGHT_MM)
    nest = _nest_radius(rng, x, y, brood)
    classes = _classes(rng, x, y, nest, stores)
    return CombFace(
        frame_id=frame_id,
        side=side,
        cell_x_mm=x,
        cell_y_mm=y,
        cell_class=classes,
        bees=_bees(rng, brood, has_queen),
    )


def hexagonal_lattice(width_mm: float, height_mm: float) -> tuple[Field, Field]:
    """Centres of cells whose walls stand upright in rows, within a comb centred at the origin."""
    row_mm = CELL_PITCH_MM * 3**0.5 / 2
    rows = int((height_mm - CELL_PITCH_MM) / row_mm) + 1
    columns = int((width_mm - 1.5 * CELL_PITCH_MM) / CELL_PITCH_MM) + 1
    row, column = np.mgrid[:rows, :columns]
    x = (column + 0.5 * (row % 2)) * CELL_PITCH_MM
    y = row * row_mm
    return (x - x.max() / 2).ravel().astype(np.float32), (y - y.max() / 2).ravel().astype(np.float32)


def _wander(rng: np.random.Generator, x: Field, y: Field, wavelength_mm: float) -> Field:
    """A smooth random field of about unit deviation."""
    field = np.zeros_like(x)
    for _ in range(5):
        direction, phase = rng.uniform(0, 2 * np.pi, 2)
        wave = 2 * np.pi / (wavelength_mm * rng.uniform(0.6, 1.6))
        field += np.sin(wave * (x * np.cos(direction) + y * np.sin(direction)) + phase).astype(np.float32)
    return field * np.float32((2 / 5) ** 0.5)


def _nest_radius(rng: np.random.Generator, x: Field, y: Field, brood: float) -> Field:
    """1 on the edge of the brood nest, less inside; large everywhere on a comb without brood."""
    if brood < 0.05:
        return np.full_like(x, 10.0)
    size = np.sqrt(brood) * rng.uniform(0.92, 1.05)
    half_width, half_height = (size * axis for axis in FULL_NEST_HALF_AXES_MM)
    centre_x = rng.normal(0, 10)
    radius = np.hypot((x - centre_x) / half_width, (y - NEST_CENTRE_Y_MM) / half_height)
    return np.asarray(radius * (1 + 0.07 * _wander(rng, x, y, 130.0)), np.float32)


def _classes(rng: np.random.Generator, x: Field, y: Field, nest: Field, stores: float) -> NDArray[np.uint8]:
    def index(cell_class: CellClass) -> int:
        return CELL_CLASSES.index(cell_class)

    chance = rng.random((3, x.size))
    patches = _wander(rng, x, y, 45.0) + rng.normal(0, 0.25, x.size)  # neighbours are used alike
    age = nest**2 + 0.10 * _wander(rng, x, y, 60.0) + rng.normal(0, 0.03, x.size)
    classes = np.full(x.size, index(CellClass.EMPTY), np.uint8)
    height = y / COMB_HEIGHT_MM + 0.5 + 0.05 * _wander(rng, x, y, 150.0) + 0.22 * (x / COMB_WIDTH_MM * 2) ** 2
    height = height + rng.normal(0, 0.012, x.size)
    is_ripening = (height > 1.02 - 1.1 * stores) & (patches > -0.7)
    classes[is_ripening] = index(CellClass.NECTAR)
    above = y > NEST_CENTRE_Y_MM - 40
    classes[(nest < NECTAR_RADIUS) & above & (patches > 0.6)] = index(CellClass.NECTAR)
    classes[(height > 1.15 - 1.1 * stores) & (chance[0] < 0.985)] = index(CellClass.HONEY)
    classes[(nest < POLLEN_RADIUS) & above & (patches < 0.5)] = index(CellClass.POLLEN)
    classes[nest < 1] = index(CellClass.EGGS)
    classes[(nest < 1) & (age < LARVAE_TO)] = index(CellClass.LARVAE)
    classes[(nest < 1) & (age < CAPPED_TO)] = index(CellClass.CAPPED_BROOD)
    classes[(nest < 1) & (chance[1] < 0.07)] = index(CellClass.EMPTY)
    is_corner = (y < -0.33 * COMB_HEIGHT_MM) & (np.abs(x) > 0.33 * COMB_WIDTH_MM) & (nest < 1.4)
    classes[is_corner & (chance[2] < 0.25)] = index(CellClass.DRONE_BROOD)
    return classes


def _bees(rng: np.random.Generator, brood: float, has_queen: bool) -> tuple[BeeOnComb, ...]:
    """Bees at jittered places, denser over the nest; bodies may touch and overlap a little."""
    spacing = BEE_SPACING_MM
    row, column = np.mgrid[: int(COMB_HEIGHT_MM / (0.87 * spacing)), : int(COMB_WIDTH_MM / spacing)]
    x = ((column + 0.5 * (row % 2) + 0.5) * spacing - COMB_WIDTH_MM / 2).ravel().astype(np.float32)
    y = ((row + 0.5) * 0.87 * spacing - COMB_HEIGHT_MM / 2).ravel().astype(np.float32)
    x += rng.normal(0, 1.6, x.size).astype(np.float32)
    y += rng.normal(0, 1.6, y.size).astype(np.float32)
    nearness = np.exp(-0.5 * ((x / 150) ** 2 + ((y - NEST_CENTRE_Y_MM) / 105) ** 2))
    crowd = rng.uniform(0.7, 1.15)
    density = crowd * (0.09 + 0.42 * min(brood, 1.0) * nearness) * (1 + 0.55 * _wander(rng, x, y, 110.0))
    chosen = np.flatnonzero(rng.random(x.size) < density)
    castes = np.where(rng.random(chosen.size) < DRONE_SHARE, Caste.DRONE.value, Caste.WORKER.value)
    if has_queen and chosen.size:
        castes[int(np.argmin(np.hypot(x[chosen], y[chosen])))] = Caste.QUEEN.value
    headings = rng.uniform(0, 2 * np.pi, chosen.size)
    sizes = rng.normal(1.0, 0.04, chosen.size)
    return tuple(
        BeeOnComb(
            float(x[k]), float(y[k]), float(heading), Caste(caste), float(BODY_LENGTH_MM[Caste(caste)] * size)
        )
        for k, heading, caste, size in zip(chosen, headings, castes, sizes, strict=True)
    )
