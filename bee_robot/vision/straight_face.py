"""A straight picture of a face at a fixed scale: what the network reads and what the report shows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import REFERENCE_COMB, CombSize
from bee_robot.hive.face import FaceMap
from bee_robot.hive.frame_view import FrameView, Half

PX_PER_MM = 4.0  # a cell is 21 px wide and an egg 6 px long; halving it would lose eggs
MM_PER_PX = 1 / PX_PER_MM
BLOCK_PX = 16  # the coarsest step of the network: sides of its input are whole blocks


@dataclass(frozen=True)
class Grid:
    """Where the pixels of a straight picture lie on the face.

    origin_x_px, origin_y_px: the face's origin, from the picture's upper left corner (the middle of the first pixel is at
    0.5, 0.5). PX_PER_MM pixels make a millimetre.
    """

    width_px: int
    height_px: int
    origin_x_px: float
    origin_y_px: float

    @classmethod
    def of_area(cls, left_mm: float, right_mm: float, bottom_mm: float, top_mm: float) -> Grid:
        """The grid over a rectangle of the face, enlarged at the right and below to whole blocks."""
        width = int(np.ceil(round((right_mm - left_mm) * PX_PER_MM, 6) / BLOCK_PX)) * BLOCK_PX
        height = int(np.ceil(round((top_mm - bottom_mm) * PX_PER_MM, 6) / BLOCK_PX)) * BLOCK_PX
        return cls(width, height, -left_mm * PX_PER_MM, top_mm * PX_PER_MM)

    def to_mm(self, x_px: NDArray[np.float64], y_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 2) in millimetres of the face, from pixels counted from the corner."""
        return np.stack(
            [(x_px - self.origin_x_px) / PX_PER_MM, (self.origin_y_px - y_px) / PX_PER_MM], axis=1
        )

    def to_px(self, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 2), inverse of `to_mm`."""
        return np.stack([self.origin_x_px + x_mm * PX_PER_MM, self.origin_y_px - y_mm * PX_PER_MM], axis=1)

    @property
    def x_mm(self) -> NDArray[np.float64]:
        """Of the columns."""
        return np.asarray((np.arange(self.width_px) + 0.5 - self.origin_x_px) / PX_PER_MM, np.float64)

    @property
    def y_mm(self) -> NDArray[np.float64]:
        """Of the rows, falling."""
        return np.asarray((self.origin_y_px - np.arange(self.height_px) - 0.5) / PX_PER_MM, np.float64)


@dataclass(frozen=True)
class StraightFace:
    """bgr: uint8 (H, W, 3) on `grid`. is_seen: bool (H, W), where a photograph shows the face at all.

    source_px_per_mm: how sharp the photograph could be; below PX_PER_MM the straight picture is an enlargement.
    scale_error: relative half width of the 90 % interval of a length. residual_mm: how far known edges lie from where they
    should, None where nothing known was seen. is_own_camera: taken by the robot, as the network was trained for.
    unmarked_halves: photographs of halves in which neither bars nor a tag of the frame were seen. comb: between the bars of
    the robot's own frames.
    """

    bgr: NDArray[np.uint8]
    grid: Grid
    is_seen: NDArray[np.bool_]
    source_px_per_mm: float
    scale_error: float
    residual_mm: float | None
    is_own_camera: bool
    warnings: tuple[str, ...] = ()
    unmarked_halves: tuple[Half, ...] = ()
    comb: CombSize = REFERENCE_COMB

    def empty_map(self) -> FaceMap:
        """The frame of reference for what is found."""
        grid = self.grid
        return FaceMap(
            grid.width_px, grid.height_px, MM_PER_PX, grid.origin_x_px, grid.origin_y_px, bees=(), cells=()
        )

    def to_jpeg(self, quality: int = 80) -> bytes:
        is_written, data = cv2.imencode(".jpg", self.bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not is_written:
            raise RuntimeError("OpenCV could not encode a picture as JPEG; check the OpenCV installation")
        return bytes(data)


def straighten_view(
    bgr: NDArray[np.uint8], view: FrameView, grid: Grid
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """One photograph on the grid: (bgr uint8 (H, W, 3), is_seen bool (H, W)); lens and perspective are taken out.

    `view` speaks of pixels of this picture. What it does not show is black.
    """
    if bgr.shape[:2] != (view.height_px, view.width_px):
        raise ValueError(
            f"a view of {view.width_px} x {view.height_px} px for a picture of {bgr.shape[1]} x {bgr.shape[0]}"
        )
    step = 8  # the map is smooth: it is computed at every 8th pixel and interpolated, 0.002 px off at most
    columns = np.arange(-step, grid.width_px + 2 * step, step) + 0.5
    rows = np.arange(-step, grid.height_px + 2 * step, step) + 0.5
    x_px, y_px = np.meshgrid(columns, rows)
    places = grid.to_mm(x_px.ravel(), y_px.ravel())
    nodes = view.to_pixels(places[:, 0], places[:, 1]).astype(np.float32).reshape(*x_px.shape, 2)
    at_x, at_y = np.meshgrid(
        (np.arange(grid.width_px, dtype=np.float32) / step + 1),
        (np.arange(grid.height_px, dtype=np.float32) / step + 1),
    )
    maps = cv2.remap(nodes, at_x, at_y, cv2.INTER_LINEAR)
    map_u, map_v = maps[..., 0], maps[..., 1]
    ratio = 1 / (view.mm_per_pixel * PX_PER_MM)
    if ratio > 1.3:  # remap does not average
        bgr = np.asarray(cv2.GaussianBlur(bgr, (0, 0), 0.4 * ratio), np.uint8)
    straight = cv2.remap(bgr, map_u, map_v, cv2.INTER_CUBIC if ratio < 1 else cv2.INTER_LINEAR)
    is_seen = (map_u >= 0) & (map_v >= 0) & (map_u <= view.width_px - 1) & (map_v <= view.height_px - 1)
    straight[~is_seen] = 0
    return np.asarray(straight, np.uint8), np.asarray(is_seen, np.bool_)
