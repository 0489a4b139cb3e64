"""What a frame camera of the twin sees: one half of a face, straight on, with exact truth beside the picture.

The camera looks from about 240 mm at the middle of its half, 10 mm below the middle of the comb
(design of the machine). Lens and perspective are left out: the picture is a scaled drawing of the comb's plane.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CELL_AREA_MM2, CELL_CLASSES, CombFace
from bee_robot.sim.comb_sprites import HEADINGS, Sprite, bee_sprites, cell_sprites

Half = Literal["left", "right"]
VIEW_WIDTH_MM = 236.0
CAMERA_X_MM = 90.0  # left and right of the middle of the comb
CAMERA_BELOW_MM = 10.0
HALF_OVERLAP_MM = VIEW_WIDTH_MM - 2 * CAMERA_X_MM  # comb that both halves show
BAR_MM = 11.0  # end bars and bottom bar seen from the side of the comb
TOP_BAR_MM = 20.0
NOISE_DEVIATION = 4.0
MIN_WIDTH_PX, MAX_WIDTH_PX = 200, 4000

WOOD_BGR = (120, 168, 205)
DARK_BGR = (14, 16, 18)
COMB_EDGE_BGR = (60, 96, 130)


def mm_per_pixel(width_px: int) -> float:
    """Scale of a rendered picture at the plane of the comb."""
    return VIEW_WIDTH_MM / width_px


def render_view(
    face: CombFace, *, width_px: int, height_px: int, half: Half, seed: int
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """The picture of one half of a face and the truth about it.

    Returns (bgr uint8 (height_px, width_px, 3), truth). truth: half, frame_id, side, mm_per_pixel; bees (whose
    middle is in the picture), bees_of_half (of these, those on this half of the comb); bee_coverage (share of
    the comb in view); comb_dm2 and areas_dm2 (by class name, comb in view whether bees stand on it or not).
    The same face, size, half and seed give the same picture. Raises ValueError for another half or size.
    """
    if half not in ("left", "right"):
        raise ValueError(f"half of a face: 'left' or 'right', not {half!r}")
    if not MIN_WIDTH_PX <= width_px <= MAX_WIDTH_PX or not MIN_WIDTH_PX <= height_px <= 2 * MAX_WIDTH_PX:
        raise ValueError(
            f"picture size {width_px} x {height_px} px: the width has to be {MIN_WIDTH_PX} to {MAX_WIDTH_PX}"
        )
    rng = np.random.default_rng(seed)
    px_per_mm = width_px / VIEW_WIDTH_MM
    centre_x_mm = -CAMERA_X_MM if half == "left" else CAMERA_X_MM
    origin = np.array([width_px / 2 - centre_x_mm * px_per_mm, height_px / 2 - CAMERA_BELOW_MM * px_per_mm])
    canvas = _frame_of_wood(face, width_px, height_px, px_per_mm, origin, rng)
    comb = _comb_rectangle(face, width_px, height_px, px_per_mm, origin)
    cells_in_view = _draw_cells(canvas, face, px_per_mm, origin, rng)
    covered = np.zeros((height_px, width_px), np.bool_)
    _draw_bees(canvas, covered, face, px_per_mm, origin, rng)
    picture = _light_and_noise(canvas, rng)
    truth = _truth(face, half, width_px, height_px, px_per_mm, origin, comb, covered, cells_in_view)
    return picture, truth


def _to_pixels(x_mm: Any, y_mm: Any, px_per_mm: float, origin: NDArray[np.float64]) -> tuple[Any, Any]:
    """Face millimetres (y up) to pixels (y down)."""
    return origin[0] + x_mm * px_per_mm, origin[1] - y_mm * px_per_mm


def _comb_rectangle(
    face: CombFace, width_px: int, height_px: int, px_per_mm: float, origin: NDArray[np.float64]
) -> tuple[slice, slice]:
    """Rows and columns of the picture that show comb."""
    left, top = _to_pixels(-face.width_mm / 2, face.height_mm / 2, px_per_mm, origin)
    right, bottom = _to_pixels(face.width_mm / 2, -face.height_mm / 2, px_per_mm, origin)
    return (
        slice(max(0, round(top)), min(height_px, round(bottom))),
        slice(max(0, round(left)), min(width_px, round(right))),
    )


def _frame_of_wood(
    face: CombFace,
    width_px: int,
    height_px: int,
    px_per_mm: float,
    origin: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Dark cabinet, bars with grain along them, and the wax between the cells."""
    canvas = np.empty((height_px, width_px, 3), np.uint8)
    canvas[:] = DARK_BGR
    half_width, half_height = face.width_mm / 2, face.height_mm / 2
    bars = (  # left, bottom, right, top in face millimetres, and whether the grain runs along x
        (-half_width - 30, half_height, half_width + 30, half_height + TOP_BAR_MM, True),
        (-half_width - BAR_MM, -half_height - BAR_MM, half_width + BAR_MM, -half_height, True),
        (-half_width - BAR_MM, -half_height - BAR_MM, -half_width, half_height, False),
        (half_width, -half_height - BAR_MM, half_width + BAR_MM, half_height, False),
    )
    for left, bottom, right, top, is_level in bars:
        x0, y0 = _to_pixels(left, top, px_per_mm, origin)
        x1, y1 = _to_pixels(right, bottom, px_per_mm, origin)
        area = canvas[max(0, round(y0)) : max(0, round(y1)), max(0, round(x0)) : max(0, round(x1))]
        if not area.size:
            continue
        across = area.shape[0] if is_level else area.shape[1]
        grain = cv2.GaussianBlur(rng.normal(0, 16, (across, 1)).astype(np.float32), (1, 5), 0).reshape(-1)
        tone = 1 + grain / 255
        wood = np.asarray(WOOD_BGR, np.float32) * (tone[:, None, None] if is_level else tone[None, :, None])
        area[:] = np.clip(wood, 0, 255).astype(np.uint8)
    rows, columns = _comb_rectangle(face, width_px, height_px, px_per_mm, origin)
    canvas[rows, columns] = COMB_EDGE_BGR
    return canvas


def _draw_cells(
    canvas: NDArray[np.uint8],
    face: CombFace,
    px_per_mm: float,
    origin: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Paste every cell in view; returns how many of each class have their middle in it."""
    sprites = _cell_tiles(px_per_mm)
    height, width = canvas.shape[:2]
    x, y = _to_pixels(face.cell_x_mm, face.cell_y_mm, px_per_mm, origin)
    variants = rng.integers(0, len(sprites[0]), x.size)
    margin = sprites[0][0][0].shape[0]
    is_near = (x > -margin) & (x < width + margin) & (y > -margin) & (y < height + margin)
    is_in_view = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    columns, rows = np.rint(x).astype(int), np.rint(y).astype(int)
    for k in np.flatnonzero(is_near):
        colour, mask = sprites[face.cell_class[k]][variants[k]]
        _copy(canvas, colour, mask, columns[k], rows[k])
    return np.bincount(face.cell_class[is_in_view], minlength=len(CELL_CLASSES))


@lru_cache(maxsize=8)
def _cell_tiles(px_per_mm: float) -> list[list[tuple[NDArray[np.uint8], NDArray[np.bool_]]]]:
    """Cell sprites as bytes and masks, because thousands are pasted in every picture."""
    sprites = cell_sprites(px_per_mm)
    return [
        [
            (np.clip(sprite.colour, 0, 255).astype(np.uint8), np.repeat(sprite.alpha > 0.4, 3, axis=2))
            for sprite in sprites[cell_class]
        ]
        for cell_class in CELL_CLASSES
    ]


def _copy(
    canvas: NDArray[np.uint8], colour: NDArray[np.uint8], mask: NDArray[np.bool_], column: int, row: int
) -> None:
    n = colour.shape[0]
    x0, y0 = column - n // 2, row - n // 2
    left, top = max(0, -x0), max(0, -y0)
    area = canvas[max(0, y0) : max(0, y0 + n), max(0, x0) : max(0, x0 + n)]
    h, w = area.shape[:2]
    if h and w:
        part = (slice(top, top + h), slice(left, left + w))
        np.copyto(area, colour[part], where=mask[part])


def _draw_bees(
    canvas: NDArray[np.uint8],
    covered: NDArray[np.bool_],
    face: CombFace,
    px_per_mm: float,
    origin: NDArray[np.float64],
    rng: np.random.Generator,
) -> None:
    """Paste the bees, later ones over earlier ones; `covered` collects the pixels of their bodies."""
    sprites = bee_sprites(px_per_mm)
    height, width = canvas.shape[:2]
    for bee in face.bees:
        x, y = _to_pixels(bee.x_mm, bee.y_mm, px_per_mm, origin)
        variants = sprites[bee.caste]
        turned = variants[int(rng.integers(len(variants)))]
        sprite = turned[round(bee.heading_rad / (2 * np.pi) * HEADINGS) % HEADINGS]
        if -sprite.alpha.shape[0] < x < width + sprite.alpha.shape[0]:
            _blend(canvas, covered, sprite, round(x), round(y), float(rng.uniform(0.85, 1.15)))


def _blend(
    canvas: NDArray[np.uint8], covered: NDArray[np.bool_], sprite: Sprite, column: int, row: int, tone: float
) -> None:
    n = sprite.alpha.shape[0]
    x0, y0 = column - n // 2, row - n // 2
    left, top = max(0, -x0), max(0, -y0)
    area = canvas[max(0, y0) : max(0, y0 + n), max(0, x0) : max(0, x0 + n)]
    h, w = area.shape[:2]
    if not (h and w):
        return
    part = (slice(top, top + h), slice(left, left + w))
    alpha = sprite.alpha[part]
    mixed = area + (sprite.colour[part] * tone - area) * alpha
    area[:] = np.clip(mixed, 0, 255).astype(np.uint8)
    body = covered[max(0, y0) : max(0, y0 + n), max(0, x0) : max(0, x0 + n)]
    body |= alpha[..., 0] > 0.6


def _light_and_noise(canvas: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A little blur of the lens, fall-off of the strobe towards the corners, noise of the sensor."""
    height, width = canvas.shape[:2]
    sharp_px = max(0.4, width / 1600)
    picture = cv2.GaussianBlur(canvas, (0, 0), sharp_px)
    picture = cv2.multiply(picture, _falloff(height, width), scale=1 / 200, dtype=cv2.CV_8U)
    tile = rng.normal(0, NOISE_DEVIATION, (256, 256, 3)).astype(np.int16)
    rolled = np.tile(tile, (height // 256 + 1, width // 256 + 1, 1))[:height, :width]
    return np.asarray(cv2.add(picture, np.ascontiguousarray(rolled), dtype=cv2.CV_8U), np.uint8)


@lru_cache(maxsize=4)
def _falloff(height: int, width: int) -> NDArray[np.uint8]:
    """200 leaves a colour as it is; the corners get about a third less than the middle."""
    y = (np.arange(height, dtype=np.float32) / height - 0.5)[:, None]
    x = (np.arange(width, dtype=np.float32) / width - 0.5)[None, :]
    light = 240 * (1 - 0.7 * (x * x + y * y))
    return np.repeat(light[..., None], 3, axis=2).astype(np.uint8)


def _truth(
    face: CombFace,
    half: Half,
    width_px: int,
    height_px: int,
    px_per_mm: float,
    origin: NDArray[np.float64],
    comb: tuple[slice, slice],
    covered: NDArray[np.bool_],
    cells_in_view: NDArray[np.int64],
) -> dict[str, Any]:
    places = [(bee, *_to_pixels(bee.x_mm, bee.y_mm, px_per_mm, origin)) for bee in face.bees]
    in_view = [bee for bee, x, y in places if 0 <= x < width_px and 0 <= y < height_px]
    comb_px = covered[comb].size
    return {
        "half": half,
        "frame_id": face.frame_id,
        "side": face.side,
        "mm_per_pixel": 1 / px_per_mm,
        "bees": len(in_view),
        "bees_of_half": sum((bee.x_mm < 0) == (half == "left") for bee in in_view),
        "bee_coverage": float(covered[comb].mean()) if comb_px else 0.0,
        "comb_dm2": comb_px / px_per_mm**2 / 1e4,
        "areas_dm2": {
            cell_class.value: float(count) * CELL_AREA_MM2 / 1e4
            for cell_class, count in zip(CELL_CLASSES, cells_in_view, strict=True)
        },
    }
