"""How a frame camera looks at a face: a pinhole camera with radial distortion before the plane of the comb.

Face coordinates as in comb.py, with z from the comb's surface towards the camera; millimetres. Pixels count from the upper
left corner, u to the right and v down, (0, 0) in the middle of the first pixel. The model is OpenCV's (calib3d:
x' = x (1 + k1 r^2 + k2 r^4)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Half = Literal["left", "right"]

CAMERA_X_MM = 90.0  # left and right of the middle of the comb (design of the machine)
CAMERA_BELOW_MM = 10.0  # below the middle of the comb
CAMERA_DISTANCE_MM = 240.0
VIEW_WIDTH_MM = (
    264.0  # width of the picture at the comb, without distortion: 60 px a cell at full size, tags in view
)
RADIAL_K1, RADIAL_K2 = -0.06, 0.008  # a typical 12 MP lens of this angle; barrel
FULL_SIZE_PX = (3000, 4000)


@dataclass(frozen=True)
class CameraPlace:
    """Where the robot's frame cameras are, from the middle of the comb that hangs between them; of the left one x_mm is
    to the left."""

    x_mm: float = CAMERA_X_MM
    below_mm: float = CAMERA_BELOW_MM
    distance_mm: float = CAMERA_DISTANCE_MM


REFERENCE_CAMERAS = CameraPlace()


@dataclass(frozen=True)
class FrameView:
    """Camera at (x_mm, y_mm, distance_mm) that looks along -z, turned by roll, pitch and yaw (radians, small).

    focal_px: for this picture size. roll turns the picture counter-clockwise, pitch tips the view up, yaw turns it to the
    right.
    """

    width_px: int
    height_px: int
    focal_px: float
    x_mm: float
    y_mm: float
    distance_mm: float = CAMERA_DISTANCE_MM
    k1: float = RADIAL_K1
    k2: float = RADIAL_K2
    roll_rad: float = 0.0
    pitch_rad: float = 0.0
    yaw_rad: float = 0.0

    @classmethod
    def of_half(
        cls,
        half: Half,
        width_px: int,
        height_px: int,
        *,
        view_width_mm: float = VIEW_WIDTH_MM,
        camera: CameraPlace = REFERENCE_CAMERAS,
    ) -> FrameView:
        """The view that the design of the machine gives a camera, without errors of its mount."""
        return cls(
            width_px=width_px,
            height_px=height_px,
            focal_px=width_px / view_width_mm * camera.distance_mm,
            x_mm=-camera.x_mm if half == "left" else camera.x_mm,
            y_mm=-camera.below_mm,
            distance_mm=camera.distance_mm,
        )

    @property
    def mm_per_pixel(self) -> float:
        """At the comb's surface, in the middle of the picture."""
        return self.distance_mm / self.focal_px

    @property
    def camera_matrix(self) -> NDArray[np.float64]:
        """(3, 3), as OpenCV wants it."""
        u, v = (self.width_px - 1) / 2, (self.height_px - 1) / 2
        return np.array([[self.focal_px, 0, u], [0, self.focal_px, v], [0, 0, 1.0]])

    @property
    def distortion(self) -> NDArray[np.float64]:
        return np.array([self.k1, self.k2, 0.0, 0.0])

    @property
    def rotation(self) -> NDArray[np.float64]:
        """(3, 3) from face axes to camera axes (x right, y down, z into the picture)."""
        look = np.diag([1.0, -1.0, -1.0])
        cr, sr = np.cos(self.roll_rad), np.sin(self.roll_rad)
        cp, sp = np.cos(self.pitch_rad), np.sin(self.pitch_rad)
        cy, sy = np.cos(self.yaw_rad), np.sin(self.yaw_rad)
        roll = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
        pitch = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
        yaw = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
        return np.asarray(roll @ pitch @ yaw @ look, np.float64)

    def to_pixels(self, x_mm: ArrayLike, y_mm: ArrayLike, z_mm: ArrayLike = 0.0) -> NDArray[np.float64]:
        """(N, 2): u, v of points on (z 0) or above the comb's surface."""
        x, y, z = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (x_mm, y_mm, z_mm)))
        points = np.stack([x - self.x_mm, y - self.y_mm, z - self.distance_mm], axis=-1).reshape(-1, 3)
        seen = points @ self.rotation.T
        a, b = seen[:, 0] / seen[:, 2], seen[:, 1] / seen[:, 2]
        r2 = a * a + b * b
        bend = 1 + r2 * (self.k1 + r2 * self.k2)
        u0, v0 = (self.width_px - 1) / 2, (self.height_px - 1) / 2
        return np.stack([self.focal_px * a * bend + u0, self.focal_px * b * bend + v0], axis=1)

    def to_face(self, u_px: ArrayLike, v_px: ArrayLike, z_mm: float = 0.0) -> NDArray[np.float64]:
        """(N, 2): x, y where the ray through a pixel meets the plane z_mm. Inverse of `to_pixels`."""
        u, v = np.broadcast_arrays(np.asarray(u_px, np.float64), np.asarray(v_px, np.float64))
        a = (u.reshape(-1) - (self.width_px - 1) / 2) / self.focal_px
        b = (v.reshape(-1) - (self.height_px - 1) / 2) / self.focal_px
        bent_a, bent_b = a.copy(), b.copy()
        for _ in range(12):  # fixed point of a smooth contraction for lenses of this kind
            r2 = a * a + b * b
            bend = 1 + r2 * (self.k1 + r2 * self.k2)
            a, b = bent_a / bend, bent_b / bend
        rays = np.stack([a, b, np.ones_like(a)], axis=1) @ self.rotation
        along = (z_mm - self.distance_mm) / rays[:, 2]
        return np.stack([self.x_mm + along * rays[:, 0], self.y_mm + along * rays[:, 1]], axis=1)
