"""What is seen of a robot as coloured triangles in the frame of its root link, for given joint positions."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bee_robot.embedded_ros.robot_model.description import DescriptionError, Geometry, Pose, RobotDescription
from bee_robot.embedded_ros.robot_model.transforms import JointTransform, Transform, rpy_matrix

Triangles = NDArray[np.float64]
"""(N, 3, 3): corners x, y, z in metres, counter-clockwise as seen from outside."""

SIDES = 24  # of a cylinder or a sphere
GREY = (0.7, 0.7, 0.7)
STL_HEADER = 84
_STL_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


@dataclass(frozen=True)
class Surfaces:
    """`triangles` (N, 3, 3) in metres; `colours` (N, 3) red, green, blue 0 to 1; `parts` (N,): number of the visual."""

    triangles: Triangles
    colours: NDArray[np.float64]
    parts: NDArray[np.int32]


def link_transforms(description: RobotDescription, positions: Mapping[str, float]) -> dict[str, Transform]:
    """Where every link is, seen from the root link. Joints without a position are at 0; mimics follow."""
    placed = {description.root: Transform((0.0, 0.0, 0.0), rpy_matrix((0.0, 0.0, 0.0)))}
    for joint in description.joints_from_root():
        position = positions.get(joint.name, 0.0)
        if joint.mimic is not None and joint.name not in positions:
            position = positions.get(joint.mimic.joint, 0.0) * joint.mimic.multiplier + joint.mimic.offset
        placed[joint.child] = placed[joint.parent] @ JointTransform(joint).at(position)
    return placed


def surfaces(
    description: RobotDescription, positions: Mapping[str, float], find_file: Callable[[str], Path]
) -> Surfaces:
    """All visuals. `find_file` gives the file of a mesh's address (package://...). DescriptionError for a bad mesh."""
    placed = link_transforms(description, positions)
    triangles, colours, parts = [], [], []
    for link in description.links.values():
        for visual in link.visuals:
            shape = _moved(_shape(visual.geometry, find_file), _of_pose(visual.origin))
            triangles.append(_moved(shape, placed[link.name]))
            colours.append(np.tile(visual.rgba[:3] if visual.rgba else GREY, (len(shape), 1)))
            parts.append(np.full(len(shape), len(parts), np.int32))
    if not triangles:
        raise DescriptionError(f"robot '{description.name}' has nothing that is seen (no visual)")
    return Surfaces(np.concatenate(triangles), np.concatenate(colours), np.concatenate(parts))


def read_stl(path: Path) -> Triangles:
    """A binary STL. DescriptionError where the file is missing or another one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DescriptionError(f"mesh {path} cannot be read: {error.strerror}") from None
    count = struct.unpack_from("<I", content, STL_HEADER - 4)[0] if len(content) >= STL_HEADER else -1
    if len(content) != STL_HEADER + count * _STL_RECORD.itemsize:
        raise DescriptionError(f"mesh {path} is no binary STL; only these are drawn")
    records = np.frombuffer(content, _STL_RECORD, offset=STL_HEADER)
    return records["corners"].astype(np.float64)


def _of_pose(pose: Pose) -> Transform:
    return Transform(pose.xyz, rpy_matrix(pose.rpy))


def _moved(triangles: Triangles, transform: Transform) -> Triangles:
    return triangles @ np.array(transform.rotation).T + np.array(transform.translation)


def _shape(geometry: Geometry, find_file: Callable[[str], Path]) -> Triangles:
    if geometry.kind == "box":
        return _box() * np.array(geometry.size)
    if geometry.kind == "cylinder":
        radius, length = geometry.size
        return _cylinder() * np.array([radius, radius, length])
    if geometry.kind == "sphere":
        return _sphere() * geometry.size[0]
    scaled = read_stl(find_file(geometry.file)) * np.array(geometry.size)
    return scaled[:, ::-1] if np.prod(geometry.size) < 0 else scaled  # mirrored: turn the corners round


def _quads(corners: NDArray[np.float64]) -> Triangles:
    """(N, 4, 3), counter-clockwise -> (2N, 3, 3)."""
    return np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])


def _box() -> Triangles:
    """Edges of length 1."""
    faces = []
    for axis in range(3):
        for sign in (-0.5, 0.5):
            u, v = ((axis + 1) % 3, (axis + 2) % 3) if sign > 0 else ((axis + 2) % 3, (axis + 1) % 3)
            face = np.full((4, 3), sign)
            face[:, u] = (-0.5, 0.5, 0.5, -0.5)
            face[:, v] = (-0.5, -0.5, 0.5, 0.5)
            faces.append(face)
    return _quads(np.array(faces))


def _ring(z: float) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, SIDES + 1)
    return np.column_stack([np.cos(angles), np.sin(angles), np.full(SIDES + 1, z)])


def _cylinder() -> Triangles:
    """Radius 1, length 1 along z."""
    low, high = _ring(-0.5), _ring(0.5)
    wall = _quads(np.stack([low[:-1], low[1:], high[1:], high[:-1]], axis=1))
    middle = np.zeros((SIDES, 3))
    top = np.stack([middle + (0, 0, 0.5), high[:-1], high[1:]], axis=1)
    bottom = np.stack([middle - (0, 0, 0.5), low[1:], low[:-1]], axis=1)
    return np.concatenate([wall, top, bottom])


def _sphere() -> Triangles:
    """Radius 1."""
    around = np.linspace(0, 2 * np.pi, SIDES + 1)
    up = np.linspace(-np.pi / 2, np.pi / 2, SIDES // 2 + 1)
    lat, lon = np.meshgrid(up, around, indexing="ij")
    points = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    patches = np.stack([points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]], axis=2)
    return _quads(patches.reshape(-1, 4, 3))
