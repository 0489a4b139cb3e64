"""Draws a robot without a graphics card: depth buffer, one lamp with shadows, outlines.

A pinhole camera looks at the middle of the robot from far away; the root link's z points up, the ground is at its z 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.embedded_ros.robot_model.surfaces import Surfaces

Image = NDArray[np.uint8]

FINER = 2  # pixels drawn for one that is kept, each way
FIELD_OF_VIEW_DEG = 24.0
MARGIN = 1.06
LAMP = np.array([-0.55, 0.75, 0.95])  # towards it, in the camera's directions right, back, up
LAMP_PX = 2048
GROUND = (0.90, 0.91, 0.92)
PAPER = (1.0, 1.0, 1.0)
AMBIENT, SHADED = 0.60, 0.35  # light from everywhere; what is left of the lamp in its shadow
UPWARDS = 0.06  # that comes from above
INK = 0.32  # of a colour that an outline leaves
CREASE = 0.85  # cosine between two faces whose edge is drawn
GROUND_PART = -1


@dataclass(frozen=True)
class View:
    """From where: degrees round from the robot's front to its left, degrees above the ground; size of the picture.

    `look_at`, `across_m`: a point of the robot in the middle of the picture, and how much around it fills the height;
    None: the whole robot.
    """

    azimuth_deg: float = 14.0
    elevation_deg: float = 15.0
    width_px: int = 900
    height_px: int = 1200
    look_at: tuple[float, float, float] | None = None
    across_m: float = 0.5


def draw(seen: Surfaces, view: View = View()) -> Image:
    """The picture, (height, width, 3), blue, green, red."""
    triangles, colours, parts = _with_ground(seen)
    normals = _normals(triangles)
    camera = _Camera(seen.triangles.reshape(-1, 3), view)
    corners = camera.project(triangles)
    shape = (view.height_px * FINER, view.width_px * FINER)
    depth, hit = _rasterise(corners, shape)
    points = camera.points(depth)
    facing = normals[hit]
    toward = np.where(np.sum((camera.place - points) * facing, axis=-1) < 0, -1.0, 1.0)
    facing = facing * toward[..., None]
    lamp = camera.directions.T @ (LAMP / np.linalg.norm(LAMP))
    lit = np.clip(facing @ lamp, 0.0, 1.0) * _lit(triangles, points, facing, lamp)
    light = AMBIENT + UPWARDS * facing[..., 2:] + (1.15 - AMBIENT) * lit[..., None]
    colour = colours[hit] * light
    ground = parts[hit] == GROUND_PART
    reach = np.linalg.norm(points[..., :2] - camera.middle[:2], axis=-1) / camera.size
    fade = np.where(ground, np.clip((reach - 0.35) / 0.45, 0.0, 1.0), 0.0)[..., None]
    colour = colour * (1 - fade) + np.array(PAPER) * fade
    colour[_outlines(depth, parts[hit], facing)] *= INK
    colour[hit < 0] = PAPER
    small = cv2.resize(
        np.clip(colour * 255, 0, 255).astype(np.uint8),
        (view.width_px, view.height_px),
        interpolation=cv2.INTER_AREA,
    )
    return np.ascontiguousarray(small[..., ::-1])


def _with_ground(seen: Surfaces) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    low, high = seen.triangles.reshape(-1, 3).min(axis=0), seen.triangles.reshape(-1, 3).max(axis=0)
    half = float(np.max(high - low)) * 1.2
    x, y = (low + high)[:2] / 2
    a, b, c, d = ([x + half * i, y + half * j, -1e-4] for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1)))
    return (
        np.concatenate([seen.triangles, np.array([[a, b, c], [a, c, d]])]),
        np.concatenate([seen.colours, np.array([GROUND, GROUND])]),
        np.concatenate([seen.parts, np.full(2, GROUND_PART, np.int32)]),
    )


def _normals(triangles: NDArray[np.float64]) -> NDArray[np.float64]:
    across = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    return np.asarray(across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12))


class _Camera:
    """Pinhole; rows of `directions` are right, back (towards the camera) and up in the robot's axes."""

    def __init__(self, points: NDArray[np.float64], view: View) -> None:
        azimuth, elevation = np.radians(view.azimuth_deg), np.radians(view.elevation_deg)
        back = np.array(
            [
                np.cos(azimuth) * np.cos(elevation),
                np.sin(azimuth) * np.cos(elevation),
                np.sin(elevation),
            ]
        )
        right = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
        self.directions = np.array([right, back, np.cross(back, right)])
        self._half_px = np.array([view.width_px, view.height_px]) * FINER / 2
        self._focal_px = float(self._half_px[1] / np.tan(np.radians(FIELD_OF_VIEW_DEG / 2)))
        low, high = points.min(axis=0), points.max(axis=0)
        self.middle = (low + high) / 2
        self.size = float(np.linalg.norm(high - low))
        around = (points - self.middle) @ self.directions.T
        tangents = self._half_px / self._focal_px / MARGIN
        away = max(
            float(np.max(np.abs(around[:, axis]) / tangents[i] + around[:, 1]))
            for i, axis in enumerate((0, 2))
        )
        if view.look_at is not None:  # from as far away: nothing is behind the camera
            self.middle = np.array(view.look_at)
            self._focal_px = self._half_px[1] * away / (view.across_m / 2)
        self.place = self.middle + back * away

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Columns u, v in pixels and 1 / distance along the view, which is linear in u and v on a plane."""
        seen = (points - self.place) @ self.directions.T
        near = -1.0 / np.minimum(seen[..., 1], -1e-3)
        u = self._half_px[0] + self._focal_px * seen[..., 0] * near
        v = self._half_px[1] - self._focal_px * seen[..., 2] * near
        return np.stack([u, v, near], axis=-1)

    def points(self, near: NDArray[np.float64]) -> NDArray[np.float64]:
        """(H, W, 3): what is seen in each pixel, in the robot's axes."""
        v, u = np.mgrid[0 : near.shape[0], 0 : near.shape[1]] + 0.5
        distance = 1.0 / np.maximum(near, 1e-6)
        seen = np.stack(
            [
                (u - self._half_px[0]) / self._focal_px * distance,
                -distance,
                (self._half_px[1] - v) / self._focal_px * distance,
            ],
            axis=-1,
        )
        return np.asarray(seen @ self.directions + self.place)


def _rasterise(
    corners: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Largest third coordinate in each pixel, and which triangle it is of; -1 where there is none."""
    depth = np.zeros(shape)
    hit = np.full(shape, -1, np.int64)
    lows = np.floor(corners[..., :2].min(axis=1)).astype(int)
    highs = np.ceil(corners[..., :2].max(axis=1)).astype(int)
    for number, (a, b, c) in enumerate(corners):
        left, top = max(lows[number, 0], 0), max(lows[number, 1], 0)
        right, bottom = min(highs[number, 0], shape[1]), min(highs[number, 1], shape[0])
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if left >= right or top >= bottom or abs(area) < 1e-9:
            continue
        u = np.arange(left, right) + 0.5
        v = (np.arange(top, bottom) + 0.5)[:, None]
        to_b = ((u - a[0]) * (c[1] - a[1]) - (v - a[1]) * (c[0] - a[0])) / area
        to_c = ((b[0] - a[0]) * (v - a[1]) - (b[1] - a[1]) * (u - a[0])) / area
        value = a[2] + to_b * (b[2] - a[2]) + to_c * (c[2] - a[2])
        window = (slice(top, bottom), slice(left, right))
        nearer = (to_b >= 0) & (to_c >= 0) & (to_b + to_c <= 1) & (value > depth[window])
        depth[window][nearer] = value[nearer]
        hit[window][nearer] = number
    return depth, hit


def _lit(
    triangles: NDArray[np.float64],
    points: NDArray[np.float64],
    facing: NDArray[np.float64],
    lamp: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(H, W): 1 where the lamp is seen, SHADED where something stands before it, soft in between."""
    right = np.cross([0.0, 0.0, 1.0], lamp)
    right /= np.linalg.norm(right)
    axes = np.array([right, np.cross(lamp, right), lamp])
    seen = triangles[:-2] @ axes.T  # the ground throws no shadow
    low, high = seen.reshape(-1, 3).min(axis=0), seen.reshape(-1, 3).max(axis=0)
    scale = (LAMP_PX - 8) / float(np.max((high - low)[:2]))
    seen = (seen - low) * scale + np.array([4.0, 4.0, 1.0])
    height, _ = _rasterise(seen, (LAMP_PX, LAMP_PX))
    lifted = points + facing * (1.5 / scale)
    own = ((lifted @ axes.T - low) * scale + np.array([4.0, 4.0, 1.0])).astype(np.float32)
    open_sky = np.zeros(points.shape[:2])
    for du, dv in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        above = cv2.remap(
            height.astype(np.float32), own[..., 0] + du, own[..., 1] + dv, cv2.INTER_NEAREST, borderValue=0
        )
        open_sky += (above <= own[..., 2] + 2.0) | (above == 0)
    return SHADED + (1 - SHADED) * open_sky / 4


def _outlines(
    near: NDArray[np.float64], parts: NDArray[np.int32], facing: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Pixels at the edge of a part, or where two faces of it meet at an angle; of two, the nearer one."""
    edge = np.zeros(parts.shape, bool)
    for axis in (0, 1):
        here = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
        there = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        differ = parts[here] != parts[there]
        creased = np.sum(facing[here] * facing[there], axis=-1) < CREASE
        line = differ | (creased & (parts[here] != GROUND_PART))
        edge[here] |= line & (near[here] >= near[there])
        edge[there] |= line & (near[here] < near[there])
    return edge
