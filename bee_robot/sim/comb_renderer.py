"""What a frame camera of the twin sees: one half of a face through lens and strobe, and the exact truth about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CELL_AREA_MM2, CELL_CLASSES, CombFace
from bee_robot.hive.frame_view import (
    CAMERA_X_MM,
    REFERENCE_CAMERAS,
    VIEW_WIDTH_MM,
    CameraPlace,
    FrameView,
    Half,
)
from bee_robot.sim.comb_scene import (
    FIRST_BEE,
    FIRST_QUEEN_CELL,
    Development,
    RenderError,
    Rendering,
    develop,
    draw,
)

__all__ = [
    "HALF_OVERLAP_MM",
    "BodyInView",
    "RenderError",
    "ViewTruth",
    "mm_per_pixel",
    "mounted_view",
    "render_view",
]

HALF_OVERLAP_MM = VIEW_WIDTH_MM - 2 * CAMERA_X_MM  # comb that both halves show
MIN_WIDTH_PX, MAX_WIDTH_PX = 200, 4000
#: Errors of a camera's mount against its calibration: one standard deviation, millimetres and radians.
MOUNT_ERROR_MM, MOUNT_ERROR_RAD = 0.25, 0.0025
FINE_PX_PER_MM = 6.0  # with fewer rays legs and rims would be jagged; a smaller picture is the mean of several rays a pixel
BLUR_MM = 0.035  # of the lens, standard deviation at the comb
LEAST_BLUR_PX = 0.45
MIDDLE_OF_BODY_MM = 2.3  # above the comb


@dataclass(frozen=True)
class BodyInView:
    """A bee or queen cell: its index on the face, the middle of the body in the picture, and the share of its body (of what
    lies within the picture) that no other body hides."""

    index: int
    u_px: float
    v_px: float
    visible: float


@dataclass(frozen=True)
class ViewTruth:
    """What a picture shows. Areas count comb whether bees stand on it or not, dm2.

    view: where the camera really was. bees: those of whose bodies at least one pixel is in the picture. cell_index: int32
    (M,), cells whose middle is in the picture; cell_u_px, cell_v_px, cell_visible (share not hidden): float32 (M,).
    """

    frame_id: int
    side: str
    half: Half
    view: FrameView
    bees: tuple[BodyInView, ...]
    queen_cells: tuple[BodyInView, ...]
    cell_index: NDArray[np.int32]
    cell_u_px: NDArray[np.float32]
    cell_v_px: NDArray[np.float32]
    cell_visible: NDArray[np.float32]
    bee_coverage: float
    comb_dm2: float
    areas_dm2: dict[str, float]

    @property
    def mm_per_pixel(self) -> float:
        return self.view.mm_per_pixel


def mm_per_pixel(width_px: int) -> float:
    """Scale of a rendered picture at the plane of the comb, in its middle."""
    return VIEW_WIDTH_MM / width_px


def render_view(
    face: CombFace,
    *,
    width_px: int,
    height_px: int,
    half: Half,
    seed: int,
    view: FrameView | None = None,
) -> tuple[NDArray[np.uint8], ViewTruth]:
    """The picture of one half of a face, bgr uint8 (height_px, width_px, 3), and the truth about it.

    view: where the camera is; by default at its place with the errors of a mount, drawn from the seed. The same face, size,
    half, seed and view give the same picture. Raises ValueError for another half or size.
    """
    if half not in ("left", "right"):
        raise ValueError(f"half of a face: 'left' or 'right', not {half!r}")
    if not MIN_WIDTH_PX <= width_px <= MAX_WIDTH_PX or not MIN_WIDTH_PX <= height_px <= 2 * MAX_WIDTH_PX:
        raise ValueError(
            f"picture size {width_px} x {height_px} px: the width has to be {MIN_WIDTH_PX} to {MAX_WIDTH_PX}"
        )
    rng = np.random.default_rng((seed, half == "right"))
    view = view or mounted_view(half, width_px, height_px, seed)
    rays = _rays(view)
    fine = replace(
        view,
        width_px=round(rays * view.width_px),
        height_px=round(rays * view.height_px),
        focal_px=rays * view.focal_px,
    )
    rendering = draw(face, fine, seed)
    picture = _photograph(view, rendering.light, rays, rng)
    return picture, _truth(face, half, view, rays, rendering)


def _rays(view: FrameView) -> float:
    """Rays a pixel along each side; one and a half where both sides have an even number of pixels."""
    needed = FINE_PX_PER_MM * view.mm_per_pixel
    is_even = view.width_px % 2 == 0 and view.height_px % 2 == 0
    return 1.0 if needed <= 1 else 1.5 if needed <= 1.6 and is_even else 2.0


def mounted_view(
    half: Half,
    width_px: int,
    height_px: int,
    seed: int,
    *,
    view_width_mm: float = VIEW_WIDTH_MM,
    camera: CameraPlace = REFERENCE_CAMERAS,
) -> FrameView:
    """Where a camera really is: at its place, but for the errors of its mount, which are the seed's."""
    rng = np.random.default_rng((seed, half == "right", 2))
    dx, dy, dz = rng.normal(0, MOUNT_ERROR_MM, 3)
    roll, pitch, yaw = rng.normal(0, MOUNT_ERROR_RAD, 3)
    view = FrameView.of_half(half, width_px, height_px, view_width_mm=view_width_mm, camera=camera)
    return replace(
        view,
        x_mm=view.x_mm + dx,
        y_mm=view.y_mm + dy,
        distance_mm=view.distance_mm + 2 * dz,
        roll_rad=roll,
        pitch_rad=pitch,
        yaw_rad=yaw,
    )


def _photograph(
    view: FrameView, light: NDArray[np.float32], rays: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Lens blur, then the sensor."""
    if rays > 1:
        light = np.asarray(
            cv2.resize(light, (view.width_px, view.height_px), interpolation=cv2.INTER_AREA), np.float32
        )
    blur_px = max(LEAST_BLUR_PX, BLUR_MM / view.mm_per_pixel) * rng.uniform(0.9, 1.5)
    beside = float(np.exp(-0.5 / blur_px**2))
    how = Development(
        exposure=float(rng.uniform(1.25, 1.6)),
        red_gain=float(rng.uniform(0.97, 1.06)),
        blue_gain=float(rng.uniform(0.93, 1.05)),
        falloff=float(rng.uniform(0.30, 0.42)),
        blur=beside / (1 + 2 * beside),
        shot_noise=float(rng.uniform(0.006, 0.012)),
        read_noise=float(rng.uniform(0.0005, 0.0015)),
        seed=int(rng.integers(1 << 32)),
    )
    return develop(view, light, how)


def _truth(face: CombFace, half: Half, view: FrameView, rays: float, rendering: Rendering) -> ViewTruth:
    pixels = view.to_pixels(face.cell_x_mm, face.cell_y_mm)
    inside = _inside(view, pixels)
    index = np.flatnonzero(inside)
    whole_px = np.maximum(rendering.bare_cells_px[index], 1)
    comb_px, hidden_px = _comb_pixels(face, view, rays, rendering.shows)
    px_to_dm2 = (view.mm_per_pixel / rays / 100) ** 2
    counts = np.bincount(face.cell_class[index], minlength=len(CELL_CLASSES))
    return ViewTruth(
        frame_id=face.frame_id,
        side=face.side,
        half=half,
        view=view,
        bees=_bodies(view, [(b.x_mm, b.y_mm) for b in face.bees], rendering.bees_px, rendering.bee_bodies_px),
        queen_cells=_bodies(
            view,
            [(q.x_mm, q.y_mm - q.length_mm / 2) for q in face.queen_cells],
            rendering.queen_cells_px,
            rendering.queen_cell_bodies_px,
        ),
        cell_index=index.astype(np.int32),
        cell_u_px=pixels[index, 0].astype(np.float32),
        cell_v_px=pixels[index, 1].astype(np.float32),
        cell_visible=(rendering.cells_px[index] / whole_px).astype(np.float32),
        bee_coverage=hidden_px / comb_px if comb_px else 0.0,
        comb_dm2=comb_px * px_to_dm2,
        areas_dm2={
            cell_class.value: float(count) * CELL_AREA_MM2 / 1e4
            for cell_class, count in zip(CELL_CLASSES, counts, strict=True)
        },
    )


def _inside(view: FrameView, pixels: NDArray[np.float64]) -> NDArray[np.bool_]:
    u, v = pixels[:, 0], pixels[:, 1]
    return np.asarray((u >= 0) & (u < view.width_px) & (v >= 0) & (v < view.height_px), np.bool_)


def _comb_pixels(
    face: CombFace, view: FrameView, rays: float, shows: NDArray[np.int32]
) -> tuple[float, float]:
    """Pixels between the bars, and those of them that show a bee."""
    step = 6
    v, u = np.mgrid[step // 2 : shows.shape[0] : step, step // 2 : shows.shape[1] : step]
    at = view.to_face(u.ravel() / rays, v.ravel() / rays)
    is_comb = (np.abs(at[:, 0]) < face.width_mm / 2) & (np.abs(at[:, 1]) < face.height_mm / 2)
    seen = shows[v.ravel(), u.ravel()]
    is_bee = (seen >= FIRST_BEE) & (seen < FIRST_QUEEN_CELL)
    return float(is_comb.sum()) * step**2, float((is_comb & is_bee).sum()) * step**2


def _bodies(
    view: FrameView, places: list[tuple[float, float]], seen_px: NDArray[np.int32], body_px: NDArray[np.int32]
) -> tuple[BodyInView, ...]:
    if not places:
        return ()
    x, y = np.array(places).T
    pixels = view.to_pixels(x, y, MIDDLE_OF_BODY_MM)
    return tuple(
        BodyInView(int(k), float(pixels[k, 0]), float(pixels[k, 1]), float(min(1.0, seen_px[k] / body_px[k])))
        for k in np.flatnonzero(body_px[: len(places)] > 0)
    )
