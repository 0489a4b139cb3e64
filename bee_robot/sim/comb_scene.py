"""The scene before a frame camera as the renderer in C takes it (firmware/boards/host/renderer/comb_scene.h, field by field).

Face coordinates, millimetres, radians.
"""

from __future__ import annotations

import ctypes
import threading
from ctypes import POINTER, c_float, c_int32, c_uint8, c_uint32
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bee_robot.hive.comb import (
    CELL_CLASSES,
    CELL_PITCH_MM,
    Caste,
    CellClass,
    CombFace,
    CombSize,
    QueenCellKind,
)
from bee_robot.hive.frame_view import FrameView
from bee_robot.sim.native import library_path

GRID_STEP_PX = 16
TOP_BAR_MM, SIDE_BAR_MM, BOTTOM_BAR_MM = 20.0, 11.0, 11.0
TAG_MM = 8.0
TAG_DICTIONARY = cv2.aruco.DICT_4X4_1000
CASTES = (Caste.WORKER, Caste.DRONE, Caste.QUEEN)
QUEEN_CELL_KINDS = tuple(QueenCellKind)
HAS_POLLEN, HAS_MITE = 1, 2
FIRST_BEE, FIRST_QUEEN_CELL = 1 << 20, 1 << 21
CROWDED_MM = 5.2  # bees whose middles are nearer stand on each other in part
STEP_UP_MM = 1.7
MAX_STOREYS = 2


class RenderError(Exception):
    """The picture cannot be drawn: why, what to do."""


class _Camera(ctypes.Structure):
    _fields_ = [
        *((name, c_int32) for name in ("width", "height", "grid_step", "grid_width", "grid_height")),
        *((name, c_float) for name in ("camera_x", "camera_y", "camera_z", "px_per_mm")),
        ("seed", c_uint32),
        ("grid", POINTER(c_float)),
    ]


class _Cells(ctypes.Structure):
    _fields_ = [
        ("count", c_int32),
        *((name, c_float) for name in ("width_mm", "height_mm", "wax_age", "propolis")),
        *((name, POINTER(c_float)) for name in ("x", "y", "size", "age", "fill")),
        *((name, POINTER(c_uint8)) for name in ("contents", "tint")),
    ]


class _Bee(ctypes.Structure):
    _fields_ = [
        *((name, c_float) for name in "x y z heading length bend wing_spread amber darkness fur u v".split()),
        ("caste", c_int32),
        ("flags", c_int32),
        ("index", c_int32),
        ("seed", c_uint32),
    ]


class _QueenCell(ctypes.Structure):
    _fields_ = [
        *((name, c_float) for name in ("x", "y", "length", "u", "v")),
        ("kind", c_int32),
        ("seed", c_uint32),
    ]


class _Burr(ctypes.Structure):
    _fields_ = [
        *((name, c_float) for name in ("x", "y", "length", "width", "angle", "u", "v")),
        ("seed", c_uint32),
    ]


class _Wood(ctypes.Structure):
    _fields_ = [
        *(
            (name, c_float)
            for name in ("bar_top_mm", "bar_side_mm", "bar_bottom_mm", "tag_x", "tag_y", "tag_mm")
        ),
        ("tag", c_uint8 * 36),
    ]


class _Scene(ctypes.Structure):
    _fields_ = [
        ("camera", _Camera),
        ("cells", _Cells),
        ("wood", _Wood),
        *((name, c_int32) for name in ("bee_count", "queen_cell_count", "burr_count")),
        ("bees", POINTER(_Bee)),
        ("queen_cells", POINTER(_QueenCell)),
        ("burr", POINTER(_Burr)),
    ]


class _Picture(ctypes.Structure):
    _fields_ = [("light", POINTER(c_float)), ("height", POINTER(c_float)), ("shows", POINTER(c_int32))]


class _Counts(ctypes.Structure):
    _fields_ = [
        (name, POINTER(c_int32))
        for name in ("cells", "bees", "queen_cells", "bare_cells", "bee_bodies", "queen_cell_bodies")
    ]


class _Development(ctypes.Structure):
    _fields_ = [
        *(
            (name, c_float)
            for name in ("exposure", "red_gain", "blue_gain", "falloff", "blur", "shot_noise", "read_noise")
        ),
        ("seed", c_uint32),
    ]


@dataclass(frozen=True)
class Rendering:
    """light: float32 (H, W, 3), linear red, green, blue. shows: int32 (H, W), a cell's index, FIRST_BEE + a bee's,
    FIRST_QUEEN_CELL + a queen cell's, or negative; both are overwritten by the thread's next `draw`.

    Pixels, int32: cells_px (N,), bees_px, queen_cells_px of what is seen; bare_cells_px, bee_bodies_px, queen_cell_bodies_px
    if nothing hid them.
    """

    light: NDArray[np.float32]
    shows: NDArray[np.int32]
    cells_px: NDArray[np.int32]
    bees_px: NDArray[np.int32]
    queen_cells_px: NDArray[np.int32]
    bare_cells_px: NDArray[np.int32]
    bee_bodies_px: NDArray[np.int32]
    queen_cell_bodies_px: NDArray[np.int32]


@dataclass(frozen=True)
class Development:
    """How light becomes numbers: exposure, gains against green, strobe fall-off to the corners (share),
    blur (weight of each neighbouring pixel, 0 to 1/3), noise as a share of full light."""

    exposure: float
    red_gain: float
    blue_gain: float
    falloff: float
    blur: float
    shot_noise: float
    read_noise: float
    seed: int


def draw(face: CombFace, view: FrameView, seed: int) -> Rendering:
    """Ray by ray; the same face, view and seed give the same picture. Raises RenderError."""
    kept: list[Any] = []
    scene = _scene(face, view, seed, kept)
    light, height, shows = _buffers((view.height_px, view.width_px))
    cells, bees, queen_cells = face.cell_x_mm.size, len(face.bees), len(face.queen_cells)
    counts = [np.zeros(n, np.int32) for n in (cells, bees, queen_cells, cells, bees, queen_cells)]
    failed = _library().comb_render(
        ctypes.byref(scene),
        _Picture(_floats(light), _floats(height), _integers(shows)),
        _Counts(*(_integers(count) for count in counts)),
    )
    if failed:
        raise RenderError(
            f"no memory for a picture of {view.width_px} x {view.height_px} px; ask for a smaller one"
        )
    return Rendering(light, shows, *counts)


def develop(view: FrameView, light: NDArray[np.float32], how: Development) -> NDArray[np.uint8]:
    """uint8 (H, W, 3) blue, green, red."""
    bgr = np.empty(light.shape, np.uint8)
    camera = _Camera(width=light.shape[1], height=light.shape[0], seed=0)
    settings = _Development(
        how.exposure,
        how.red_gain,
        how.blue_gain,
        how.falloff,
        how.blur,
        how.shot_noise,
        how.read_noise,
        how.seed & 0xFFFFFFFF,
    )
    light = np.ascontiguousarray(light, np.float32)
    failed = _library().comb_develop(
        ctypes.byref(camera), _floats(light), ctypes.byref(settings), bgr.ctypes.data_as(POINTER(c_uint8))
    )
    if failed:
        raise RenderError(
            f"no memory for a picture of {view.width_px} x {view.height_px} px; ask for a smaller one"
        )
    return bgr


_kept = threading.local()


def _buffers(shape: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Light, height, shows. Kept for the thread's next picture of the same size: fresh memory has to be cleared first,
    which takes a sixth of the time of a large picture."""
    if getattr(_kept, "shape", None) != shape:
        _kept.shape = shape
        _kept.buffers = (
            np.empty((*shape, 3), np.float32),
            np.empty(shape, np.float32),
            np.empty(shape, np.int32),
        )
    buffers: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]] = _kept.buffers
    return buffers


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    path = library_path()
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        raise RenderError(f"{path}: the renderer is not built; run 'make firmware'") from None
    library.comb_render.argtypes = [POINTER(_Scene), _Picture, _Counts]
    library.comb_render.restype = ctypes.c_int
    library.comb_develop.argtypes = [
        POINTER(_Camera),
        POINTER(c_float),
        POINTER(_Development),
        POINTER(c_uint8),
    ]
    library.comb_develop.restype = ctypes.c_int
    return library


def _integers(array: NDArray[np.int32]) -> Any:
    return array.ctypes.data_as(POINTER(c_int32))


def _floats(array: NDArray[np.float32]) -> Any:
    return array.ctypes.data_as(POINTER(c_float))


def _scene(face: CombFace, view: FrameView, seed: int, kept: list[Any]) -> _Scene:
    """`kept` holds what the pointers lead to."""
    own = (
        face.frame_id * 2 + (face.side == "front")
    ) * 7919 + 11  # wood and wax look the same to every camera
    bees, queen_cells, burr = _bees(face, view, own), _queen_cells(face, view, own), _burr(face, view, own)
    kept += [bees, queen_cells, burr]
    return _Scene(
        camera=_camera(view, own, kept),
        cells=_cells(face, kept),
        wood=_wood(face),
        bee_count=len(face.bees),
        queen_cell_count=len(face.queen_cells),
        burr_count=len(face.burr_comb),
        bees=bees,
        queen_cells=queen_cells,
        burr=burr,
    )


def _queen_cells(face: CombFace, view: FrameView, own: int) -> Any:
    array = (_QueenCell * max(len(face.queen_cells), 1))()
    for k, cell in enumerate(face.queen_cells):
        u, v = view.to_pixels(cell.x_mm, cell.y_mm - cell.length_mm / 2, 4.0)[0]
        kind = QUEEN_CELL_KINDS.index(cell.kind)
        array[k] = _QueenCell(cell.x_mm, cell.y_mm, cell.length_mm, u, v, kind, own + 31 * k)
    return array


def _burr(face: CombFace, view: FrameView, own: int) -> Any:
    array = (_Burr * max(len(face.burr_comb), 1))()
    for k, ridge in enumerate(face.burr_comb):
        u, v = view.to_pixels(ridge.x_mm, ridge.y_mm, 3.0)[0]
        array[k] = _Burr(
            ridge.x_mm, ridge.y_mm, ridge.length_mm, ridge.width_mm, ridge.angle_rad, u, v, own + 57 * k
        )
    return array


def _camera(view: FrameView, seed: int, kept: list[Any]) -> _Camera:
    columns = view.width_px // GRID_STEP_PX + 2
    rows = view.height_px // GRID_STEP_PX + 2
    u, v = np.meshgrid(np.arange(columns) * GRID_STEP_PX, np.arange(rows) * GRID_STEP_PX)
    grid = np.ascontiguousarray(view.to_face(u, v), np.float32)
    kept.append(grid)
    return _Camera(
        view.width_px,
        view.height_px,
        GRID_STEP_PX,
        columns,
        rows,
        view.x_mm,
        view.y_mm,
        view.distance_mm,
        1 / view.mm_per_pixel,
        seed & 0xFFFFFFFF,
        _floats(grid),
    )


def _cells(face: CombFace, kept: list[Any]) -> _Cells:
    n = face.cell_x_mm.size
    own = np.random.default_rng((face.frame_id, face.side == "front"))
    size = _column(face.cell_size_mm, n, lambda: np.full(n, CELL_PITCH_MM))
    age = _column(face.cell_age_d, n, lambda: _guessed_ages(face, own))
    fill = _column(face.cell_fill, n, lambda: own.uniform(0.3, 0.95, n))
    tint = np.ascontiguousarray(
        face.cell_tint if face.cell_tint.size == n else own.integers(0, 8, n), np.uint8
    )
    columns = [
        np.ascontiguousarray(c, np.float32)
        for c in (face.cell_x_mm, face.cell_y_mm, size, np.nan_to_num(age), fill)
    ]
    contents = np.ascontiguousarray(face.cell_class, np.uint8)
    kept += [*columns, contents, tint]
    return _Cells(
        n,
        face.width_mm,
        face.height_mm,
        face.wax_age,
        face.propolis,
        *(_floats(c) for c in columns),
        contents.ctypes.data_as(POINTER(c_uint8)),
        tint.ctypes.data_as(POINTER(c_uint8)),
    )


def _column(values: NDArray[Any], n: int, otherwise: Any) -> NDArray[Any]:
    return values if values.size == n else np.asarray(otherwise())


def _guessed_ages(face: CombFace, rng: np.random.Generator) -> NDArray[np.float64]:
    """For a face whose brood has no ages: somewhere in those of its class."""
    ages = np.zeros(face.cell_class.size)
    for cell_class, (youngest, oldest) in {
        CellClass.EGGS: (0.2, 3.0),
        CellClass.LARVAE: (3.0, 9.0),
        CellClass.CAPPED_BROOD: (9.0, 21.0),
        CellClass.DRONE_BROOD: (10.0, 24.0),
    }.items():
        chosen = face.cell_class == CELL_CLASSES.index(cell_class)
        ages[chosen] = rng.uniform(youngest, oldest, int(chosen.sum()))
    return ages


def _wood(face: CombFace) -> _Wood:
    dictionary = cv2.aruco.getPredefinedDictionary(TAG_DICTIONARY)
    modules = cv2.aruco.generateImageMarker(dictionary, face.frame_id % 1000, 6, borderBits=1)
    return _Wood(
        TOP_BAR_MM,
        SIDE_BAR_MM,
        BOTTOM_BAR_MM,
        face.width_mm / 2 + SIDE_BAR_MM / 2,
        CombSize(face.width_mm, face.height_mm).tag_y_mm,
        TAG_MM,
        (c_uint8 * 36)(*(modules > 127).astype(np.uint8).ravel().tolist()),
    )


def _storeys(face: CombFace) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How far above the comb every bee stands, and the order of drawing: on whom she stands comes first."""
    n = len(face.bees)
    storey = np.zeros(n, np.int64)
    if n > 1:
        places = np.array([(bee.x_mm, bee.y_mm) for bee in face.bees])
        for a, b in sorted(cKDTree(places).query_pairs(CROWDED_MM)):
            if face.bees[b].caste is Caste.QUEEN:  # nobody stands on a queen
                a, b = b, a
            storey[b] = max(storey[b], min(storey[a] + 1, MAX_STOREYS))
    return np.asarray(storey * STEP_UP_MM, np.float64), np.asarray(
        np.argsort(storey, kind="stable"), np.int64
    )


def _bees(face: CombFace, view: FrameView, own: int) -> Any:
    """In the order of drawing. Bees of a colony are alike; each has her own look beyond that."""
    rng = np.random.default_rng((own, 5))
    heights, order = _storeys(face)
    amber_of_colony, dark_of_colony = rng.uniform(0.0, 0.9), rng.uniform(0.2, 0.9)
    array = (_Bee * max(len(face.bees), 1))()
    looks = rng.normal(0, 1, (len(face.bees), 5))
    if not face.bees:
        return array
    x, y = np.array([(bee.x_mm, bee.y_mm) for bee in face.bees]).T
    pixels = view.to_pixels(x, y, heights + 2.0)
    for place, k in enumerate(order):
        bee, look = face.bees[k], looks[k]
        array[place] = _Bee(
            x=bee.x_mm,
            y=bee.y_mm,
            z=heights[k],
            heading=bee.heading_rad,
            length=bee.length_mm,
            bend=0.22 * look[0],
            wing_spread=np.clip(abs(0.16 + 0.13 * look[1]), 0.03, 0.75),
            amber=np.clip(amber_of_colony + 0.25 * look[2], 0, 1),
            darkness=np.clip(dark_of_colony + 0.2 * look[3], 0, 1),
            fur=np.clip(0.95 + 0.25 * look[4], 0.2, 1.3),
            u=pixels[k, 0],
            v=pixels[k, 1],
            caste=CASTES.index(bee.caste),
            flags=HAS_POLLEN * bee.carries_pollen + HAS_MITE * bee.has_mite,
            index=int(k),
            seed=(own * 131 + int(k) * 7907 + 3) & 0xFFFFFFFF,
        )
    return array
