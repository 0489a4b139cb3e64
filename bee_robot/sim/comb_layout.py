"""Comb as bees build it: where its cells are, how large, where it is not built, and how old its wax is.

The two sides of a frame are one comb: what is seen at x on one side is at -x on the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CELL_PITCH_MM, REFERENCE_COMB, BurrComb, CombSize

DRONE_PITCH_MM = 6.6  # facts: 6.4 to 6.9
SIDES = ("rear", "front")

Field = NDArray[np.float32]


@lru_cache(maxsize=12)
def hexagonal_lattice(
    width_mm: float, height_mm: float, pitch_mm: float = CELL_PITCH_MM
) -> tuple[Field, Field]:
    """Centres of cells whose walls stand upright in rows, within a comb centred at the origin."""
    row_mm = pitch_mm * 3**0.5 / 2
    rows = int((height_mm - pitch_mm) / row_mm) + 1
    columns = int((width_mm - 1.5 * pitch_mm) / pitch_mm) + 1
    row, column = np.mgrid[:rows, :columns]
    x = (column + 0.5 * (row % 2)) * pitch_mm
    y = row * row_mm
    return (x - x.max() / 2).ravel().astype(np.float32), (y - y.max() / 2).ravel().astype(np.float32)


def wander(rng: np.random.Generator, x: Field, y: Field, wavelength_mm: float, waves: int = 5) -> Field:
    """A smooth random field of about unit deviation."""
    direction, phase = rng.uniform(0, 2 * np.pi, (2, waves))
    wave = 2 * np.pi / (wavelength_mm * rng.uniform(0.6, 1.6, waves))
    field = np.zeros_like(x)
    for kx, ky, p in zip(wave * np.cos(direction), wave * np.sin(direction), phase, strict=True):
        field += np.sin(np.float32(kx) * x + np.float32(ky) * y + np.float32(p))
    return field * np.float32((2 / waves) ** 0.5)


@dataclass(frozen=True)
class FrameComb:
    """The comb of one frame. Outline and drone patches are in the coordinates of its rear side.

    bare_corner_mm: how far the two bottom corners (left, right) are not built, along both edges. bottom_gap_mm: between
    comb and bottom bar in the middle. drone_patches: x, y, half width, half height of each.
    """

    wax_age: float
    propolis: float
    bare_corner_mm: tuple[float, float]
    bottom_gap_mm: float
    drone_patches: tuple[tuple[float, float, float, float], ...]
    outline_seed: int
    size: CombSize = REFERENCE_COMB


@dataclass(frozen=True)
class SideComb:
    """Cells of one side: x, y, centre to centre, millimetres."""

    x_mm: Field
    y_mm: Field
    size_mm: Field
    is_drone: NDArray[np.bool_]


def build_comb(
    rng: np.random.Generator, *, is_brood_comb: bool, nearness: float, size: CombSize = REFERENCE_COMB
) -> FrameComb:
    """The comb of one frame. nearness: 1 in the middle of the brood nest, 0 at the walls and above."""
    if is_brood_comb:
        wax_age = float(np.clip(rng.beta(2.2, 2.0) * 0.75 + 0.3 * nearness, 0.1, 1.0))
    else:
        wax_age = float(rng.beta(1.6, 4.0) * 0.7)
    patches = []
    for side in (-1, 1):
        if is_brood_comb and rng.random() < 0.34:
            half_width, half_height = rng.uniform(22, 62), rng.uniform(16, 42)
            x = side * (size.width_mm / 2 - rng.uniform(0.4, 1.5) * half_width)
            patches.append(
                (x, -size.height_mm / 2 + rng.uniform(0.4, 0.9) * half_height, half_width, half_height)
            )
    is_ragged = rng.random() < 0.55
    corners = rng.gamma(1.6, 22.0, 2) if is_ragged else rng.gamma(1.5, 6.0, 2)
    return FrameComb(
        wax_age=wax_age,
        propolis=float(rng.beta(2.0, 3.5)),
        bare_corner_mm=(float(min(corners[0], 110)), float(min(corners[1], 110))),
        bottom_gap_mm=float(rng.uniform(0, 9) if is_ragged else 0.0),
        drone_patches=tuple(patches),
        outline_seed=int(rng.integers(2**31)),
        size=size,
    )


def cells_of_side(comb: FrameComb, side: str, rng: np.random.Generator) -> SideComb:
    """All cells of a side, worker cells and patches of larger ones, as regular as bees build."""
    mirror = -1.0 if side == "front" else 1.0
    x, y = hexagonal_lattice(comb.size.width_mm, comb.size.height_mm)
    x = x * np.float32(mirror)  # one comb, seen from behind
    keep = np.ones(x.size, bool)
    extra: list[tuple[Field, Field]] = []
    for patch in comb.drone_patches:
        keep &= _outside_mm(patch, x, y) > 0.5 * CELL_PITCH_MM
        large_x, large_y = _large_lattice(comb.size)
        inside = _outside_mm(patch, large_x, large_y) < -0.45 * DRONE_PITCH_MM
        extra.append((large_x[inside], large_y[inside]))
    worker_x, worker_y = x[keep], y[keep]
    all_x = np.concatenate([worker_x, *(e[0] for e in extra)])
    all_y = np.concatenate([worker_y, *(e[1] for e in extra)])
    is_drone = np.arange(all_x.size) >= worker_x.size
    is_built = _is_built(comb, all_x, all_y)
    all_x, all_y, is_drone = all_x[is_built], all_y[is_built], is_drone[is_built]
    size = np.where(is_drone, np.float32(DRONE_PITCH_MM), np.float32(CELL_PITCH_MM))
    shift_x, shift_y = 0.35 * wander(rng, all_x, all_y, 190.0, 3), 0.35 * wander(rng, all_x, all_y, 190.0, 3)
    jitter = rng.normal(0, 0.10, (2, all_x.size)).astype(np.float32)
    return SideComb(
        x_mm=np.asarray(all_x * mirror + shift_x + jitter[0], np.float32),
        y_mm=np.asarray(all_y + shift_y + jitter[1], np.float32),
        size_mm=size.astype(np.float32),
        is_drone=is_drone,
    )


@lru_cache(maxsize=4)
def _large_lattice(size: CombSize) -> tuple[Field, Field]:
    return hexagonal_lattice(size.width_mm, size.height_mm, DRONE_PITCH_MM)


def _outside_mm(patch: tuple[float, float, float, float], x: Field, y: Field) -> Field:
    """Roughly how far a place is outside an ellipse; negative inside."""
    middle_x, middle_y, half_width, half_height = patch
    radius = np.hypot((x - middle_x) / half_width, (y - middle_y) / half_height)
    return np.asarray((radius - 1) * min(half_width, half_height), np.float32)


def _is_built(comb: FrameComb, x: Field, y: Field) -> NDArray[np.bool_]:
    """False in bare corners and in the gap above the bottom bar: a smooth, wavy outline."""
    rng = np.random.default_rng(comb.outline_seed)
    waves = wander(rng, x, np.zeros_like(x), 85.0, 4)
    from_bottom = y + comb.size.height_mm / 2
    built = from_bottom > comb.bottom_gap_mm * (1 + 0.6 * waves) - 1.0
    for corner_mm, side in zip(comb.bare_corner_mm, (-1.0, 1.0), strict=True):
        if corner_mm > 8.0:
            from_side = comb.size.width_mm / 2 - side * x
            # a rounded corner: far from it (in units of corner_mm) there is comb
            reach = np.hypot(np.maximum(0, corner_mm - from_side), np.maximum(0, corner_mm - from_bottom))
            built &= reach < corner_mm * (0.98 + 0.05 * waves)
    return np.asarray(built, np.bool_)


def burr_comb(rng: np.random.Generator, size: CombSize = REFERENCE_COMB) -> tuple[BurrComb, ...]:
    """Ridges where bees filled too wide a gap: along the top bar, sometimes across the comb."""
    ridges = []
    far_x, far_y = size.width_mm / 2 - 25.0, size.height_mm / 2 - 19.5
    for _ in range(int(rng.poisson(0.55))):
        if rng.random() < 0.7:
            x, y = rng.uniform(-far_x, far_x), size.height_mm / 2 + rng.uniform(-4, 5)
            ridges.append(
                BurrComb(
                    float(x),
                    float(y),
                    float(rng.uniform(12, 70)),
                    float(rng.uniform(3, 8)),
                    float(rng.normal(0, 0.1)),
                )
            )
        else:
            x, y = rng.uniform(-far_x, far_x), rng.uniform(-far_y, far_y)
            ridges.append(
                BurrComb(
                    float(x),
                    float(y),
                    float(rng.uniform(10, 40)),
                    float(rng.uniform(3, 7)),
                    float(rng.uniform(-1.5, 1.5)),
                )
            )
    return tuple(ridges)
