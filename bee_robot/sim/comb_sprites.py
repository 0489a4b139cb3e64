"""Small pictures that the comb renderer pastes: one cell of each class, one bee of each caste, at a given scale.

Made once for a scale and kept. Colours are BGR, 0 to 255, before light falls on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import BODY_LENGTH_MM, CELL_PITCH_MM, Caste, CellClass

VARIANTS = 8
HEADINGS = 48
SUPERSAMPLING = 4
Picture = NDArray[np.float32]

WAX = (92, 140, 178)  # walls of comb that has seen some brood
POLLEN_COLOURS = ((40, 155, 225), (45, 115, 215), (75, 170, 215), (60, 95, 150), (35, 130, 195))


@dataclass(frozen=True)
class Sprite:
    """colour: float32 (n, n, 3), alpha: float32 (n, n, 1), 0 to 1, n odd; its middle pixel is its place."""

    colour: Picture
    alpha: Picture


@lru_cache(maxsize=8)
def cell_sprites(px_per_mm: float) -> dict[CellClass, list[Sprite]]:
    """VARIANTS pictures for every class; hexagons with upright walls, as wide as the cell pitch."""
    rng = np.random.default_rng(5)
    return {
        cell_class: [_cell(cell_class, px_per_mm, rng) for _ in range(VARIANTS)]
        for cell_class in CellClass
        if cell_class is not CellClass.OPEN
    }


@lru_cache(maxsize=8)
def bee_sprites(px_per_mm: float) -> dict[Caste, list[list[Sprite]]]:
    """For every caste and variant HEADINGS pictures; number k heads 2 pi k / HEADINGS counter-clockwise from right."""
    rng = np.random.default_rng(6)
    return {caste: [_bee(caste, px_per_mm, rng) for _ in range(4)] for caste in Caste}


def _cell(cell_class: CellClass, px_per_mm: float, rng: np.random.Generator) -> Sprite:
    size = int(np.ceil(CELL_PITCH_MM * px_per_mm * 1.16)) | 1
    n = size * SUPERSAMPLING
    y, x = (np.mgrid[:n, :n].astype(np.float32) - (n - 1) / 2) / (px_per_mm * SUPERSAMPLING)
    inner = CELL_PITCH_MM / 2
    # Distance from the middle in units of the hexagon: 1 on its edge.
    hexagon = np.maximum(np.abs(x), np.maximum(np.abs(x / 2 + y * 0.866), np.abs(x / 2 - y * 0.866))) / inner
    round_ = np.hypot(x, y) / inner
    colour = np.empty((n, n, 3), np.float32)
    colour[:] = np.asarray(WAX, np.float32) * rng.uniform(0.92, 1.06)
    _FILLINGS[cell_class](colour, x / inner, y / inner, hexagon, round_, rng)
    alpha = (hexagon < 1.03).astype(np.float32)
    colour = cv2.resize(colour * alpha[..., None], (size, size), interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(alpha, (size, size), interpolation=cv2.INTER_AREA)
    return Sprite(
        (colour / np.maximum(alpha, 1e-3)[..., None]).astype(np.float32), alpha[..., None].astype(np.float32)
    )


def _open(
    colour: Picture, x: Picture, y: Picture, hexagon: Picture, round_: Picture, rng: np.random.Generator
) -> None:
    """A dark bottom whose walls catch light on the side away from the lamp."""
    inside = hexagon < 0.83
    lit = np.clip(0.5 + 0.5 * y - 0.25 * x, 0, 1)
    depth = np.clip(round_ / 0.8, 0, 1) ** 2
    bottom = np.asarray((13, 21, 33), np.float32) * rng.uniform(0.75, 1.25)
    wall = np.asarray((36, 68, 104), np.float32)
    shade = bottom + (wall - bottom) * (depth * (0.25 + 0.75 * lit))[..., None]
    colour[inside] = shade[inside]
    colour[(hexagon >= 0.83) & (hexagon < 0.90)] *= 1.18


def _dome(
    colour: Picture, base: tuple[float, float, float], bulge: float, hexagon: Picture, x: Picture, y: Picture
) -> None:
    light = 1 - bulge * hexagon**2 + 0.10 * (-x - y) * bulge
    colour[:] = np.asarray(base, np.float32) * light[..., None]
    colour[hexagon > 0.93] *= 0.86


def _capped_brood(
    colour: Picture, x: Picture, y: Picture, hexagon: Picture, round_: Picture, rng: np.random.Generator
) -> None:
    tint = rng.uniform(0.90, 1.08)
    _dome(colour, (78 * tint, 130 * tint, 176 * tint), 0.22, hexagon, x, y)


def _drone_brood(
    colour: Picture, x: Picture, y: Picture, hexagon: Picture, round_: Picture, rng: np.random.Generator
) -> None:
    tint = rng.uniform(0.95, 1.08)
    _dome(colour, (88 * tint, 145 * tint, 190 * tint), 0.42, round_, x, y)


def _honey(
    colour: Picture, x: Picture, y: Picture, hexagon: Picture, round_: Picture, rng: np.random.Generator
) -> None:
    tint = rng.uniform(0.92, 1.06)
    _dome(colour, (160 * tint, 198 * tint, 220 * tint), 0.14, hexagon, x, y)
    colour[hexagon > 0.86] *= 0.82
    spot = np.hypot(x - rng.uniform(-0.5, 0.5), y - rng.uniform(-0.5, 0.5)) < rng.uniform(0.1, 0.4)
    colour[spot] *= 0.93


def _larvae(
    colour: Picture, x: Picture, y: Picture, hexagon: Picture, round_: Picture, rng: np.random.Generator
) -> None:
    _open(colour, x, y, hexagon, round_, rng)
    age, gap = rng.uniform(0, 1), rng.uniform(0, 2 * np.pi)
    turn = np.abs((np.arctan2(y, x) - gap + np.pi) % (2 * np.pi) - np.pi)
    body = (np.abs(round_ - (0.16 + 0.26 * age)) < 0.06 + 0.11 * age) & (turn > 0.45)
    colour[body] = np.asarray((150, 166, 174), np.float32) * rng.uniform(0.75, 1.0)


def _egg(
    colour: Picture, x: Picture, y: Picture, hexagon: Picture, round_: Picture, rng: np.random.Generator
) -> None:
    _open(colour, x, y, hexagon, round_, rng)
    angle = rng.uniform(0, np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    colour[(np.abs(along) < 0.28) & (np.abs(across) < 0.075)] = (205, 215, 220)


def _pollen(
    colour: Picture, x: Picture, y: Picture, hexagon: Picture, round_: Picture, rng: np.random.Generator
) -> None:
    _open(colour, x, y, hexagon, round_, rng)
    base = np.asarray(POLLEN_COLOURS[int(rng.integers(len(POLLEN_COLOURS)))], np.float32) * rng.uniform(
        0.75, 0.95
    )
    shade = 0.72 + 0.28 * np.clip(0.5 + 0.5 * y - 0.3 * x, 0, 1)
    filled = hexagon < 0.80
    colour[filled] = (base * shade[..., None])[filled]


def _nectar(
    colour: Picture, x: Picture, y: Picture, hexagon: Picture, round_: Picture, rng: np.random.Generator
) -> None:
    _open(colour, x, y, hexagon, round_, rng)
    surface = hexagon < 0.78
    colour[surface] = np.asarray((18, 44, 72), np.float32) * (0.8 + 0.3 * np.clip(y, -1, 1)[surface])[:, None]
    colour[np.hypot(x + 0.2, y + 0.25) < rng.uniform(0.08, 0.2)] = (215, 230, 240)


_FILLINGS = {
    CellClass.EMPTY: _open,
    CellClass.EGGS: _egg,
    CellClass.LARVAE: _larvae,
    CellClass.CAPPED_BROOD: _capped_brood,
    CellClass.DRONE_BROOD: _drone_brood,
    CellClass.HONEY: _honey,
    CellClass.POLLEN: _pollen,
    CellClass.NECTAR: _nectar,
}


def _bee(caste: Caste, px_per_mm: float, rng: np.random.Generator) -> list[Sprite]:
    """One bee in all headings: drawn large, heading right, then turned."""
    length_mm = BODY_LENGTH_MM[caste]
    size = int(np.ceil(length_mm * px_per_mm * 1.35)) | 1
    scale = px_per_mm * SUPERSAMPLING / 2
    n = int(length_mm * 1.35 * scale) | 1
    colour, alpha = _draw_bee(caste, length_mm, scale, n, rng)
    sprites = []
    for k in range(HEADINGS):
        turn = cv2.getRotationMatrix2D(((n - 1) / 2, (n - 1) / 2), 360.0 * k / HEADINGS, 1.0)
        turned = cv2.warpAffine(
            np.dstack([colour * alpha[..., None], alpha]), turn, (n, n), flags=cv2.INTER_LINEAR
        )
        small = cv2.resize(turned, (size, size), interpolation=cv2.INTER_AREA)
        opacity = np.clip(small[..., 3:], 0, 1)
        sprites.append(
            Sprite(
                (small[..., :3] / np.maximum(opacity, 1e-3)).astype(np.float32), opacity.astype(np.float32)
            )
        )
    return sprites


def _draw_bee(
    caste: Caste, length_mm: float, scale: float, n: int, rng: np.random.Generator
) -> tuple[Picture, Picture]:
    """Body from tail (left) to head (right): shadow, legs, banded abdomen, thorax, head, wings folded over."""
    y, x = (np.mgrid[:n, :n].astype(np.float32) - (n - 1) / 2) / scale
    unit = length_mm / 13.5
    width = {Caste.WORKER: 1.0, Caste.DRONE: 1.25, Caste.QUEEN: 0.85}[caste] * unit
    abdomen_mm = length_mm * (0.55 if caste is not Caste.QUEEN else 0.62)
    colour = np.zeros((n, n, 3), np.float32)
    colour[:] = (12, 16, 20)
    alpha = (
        0.45
        * np.clip(1.35 - np.hypot((x + 0.3) / (0.5 * length_mm), (y - 0.5) / (2.9 * width)), 0, 0.35)
        / 0.35
    )
    legs = np.zeros((n, n), np.uint8)
    centre = (n - 1) / 2
    for start, end in ((1.6, 4.0), (1.0, 0.6), (0.4, -2.6)):
        for side in (-1, 1):
            points = [
                (int(centre + px * unit * scale), int(centre + side * py * unit * scale))
                for px, py in (
                    (start, 1.2),
                    ((start + end) / 2 + 0.4, 2.8),
                    (end, 3.9 + rng.uniform(-0.5, 0.5)),
                )
            ]
            cv2.polylines(legs, [np.array(points)], False, 255, max(1, int(0.42 * scale)), cv2.LINE_AA)
    colour[legs > 90] = (28, 34, 42)
    alpha = np.maximum(alpha, legs.astype(np.float32) / 255 * 0.9)
    tail = -length_mm / 2
    middle = tail + abdomen_mm / 2
    abdomen = np.hypot((x - middle) / (abdomen_mm / 2), y / (2.15 * width))
    bands = 0.5 + 0.5 * np.sin((x - tail) / abdomen_mm * 2 * np.pi * 5 - 1.0)
    amber = rng.uniform(0.25, 0.8)
    light_band = np.asarray((70 + 40 * (1 - amber), 95 + 30 * (1 - amber), 118 + 22 * amber), np.float32)
    banded = np.asarray((24, 28, 33), np.float32) + (light_band - 26) * (bands**2)[..., None]
    if caste is Caste.QUEEN:
        banded = np.asarray((30, 62, 105), np.float32) * (0.8 + 0.25 * bands[..., None])
    _paint(colour, alpha, abdomen < 1, banded * (1.12 - 0.45 * abdomen**2 - 0.10 * y / width)[..., None], 1.0)
    thorax = np.hypot((x - (tail + abdomen_mm + 1.7 * unit)) / (2.05 * unit), y / (1.95 * width))
    fur = np.asarray((58, 76, 92), np.float32) * (1.15 - 0.5 * thorax**2 - 0.12 * y)[..., None]
    _paint(colour, alpha, thorax < 1, fur, 1.0)
    head = np.hypot((x - (length_mm / 2 - 1.1 * unit)) / (1.15 * unit), y / (1.75 * width))
    _paint(colour, alpha, head < 1, np.asarray((26, 30, 34), np.float32) * (1.2 - 0.4 * head)[..., None], 1.0)
    spread = rng.uniform(0.10, 0.38)
    wing_mm = 8.6 * unit if caste is not Caste.DRONE else 10.5 * unit
    for side in (-1, 1):
        root_x, root_y = tail + abdomen_mm + 1.4 * unit, side * 1.2 * width
        along = -(x - root_x) * np.cos(spread) + side * (y - root_y) * np.sin(spread)
        across = (x - root_x) * np.sin(spread) * side + (y - root_y) * np.cos(spread)
        wing = np.hypot((along - wing_mm / 2) / (wing_mm / 2), across / (1.45 * unit))
        veins = 0.85 + 0.25 * np.abs(np.sin(along * 1.3 + across * 2))
        grey = np.asarray((168, 170, 170), np.float32) * rng.uniform(0.85, 1.1) * veins[..., None]
        _paint(colour, alpha, wing < 1, grey, 0.42)
    return colour, alpha.astype(np.float32)


def _paint(colour: Picture, alpha: Picture, where: NDArray[np.bool_], paint: Picture, opacity: float) -> None:
    old = colour[where]
    behind = alpha[where][:, None]
    total = opacity + behind * (1 - opacity)
    colour[where] = (paint[where] * opacity + old * behind * (1 - opacity)) / total
    alpha[where] = total[:, 0]
