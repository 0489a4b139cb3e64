"""Where the child of a joint is, seen from its parent: 3 x 3 matrices as rows, quaternions x, y, z, w, metres, radians.

Plain Python: a node that turns ten joints twenty times a second needs no arrays. The quaternion of a rotation has the
sign that the Kinematics and Dynamics Library (KDL) gives it, so that both publish the same four numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bee_robot.embedded_ros.robot_model.description import Joint, Vector

Matrix = tuple[Vector, Vector, Vector]
Quaternion = tuple[float, float, float, float]

TURNING = ("revolute", "continuous")
MOVING = (*TURNING, "prismatic")


@dataclass(frozen=True)
class Transform:
    """A point p of the child is at `rotation` p + `translation` in the parent."""

    translation: Vector
    rotation: Matrix

    def __matmul__(self, inner: Transform) -> Transform:
        """First `inner`, then this."""
        return Transform(
            _added(self.translation, turned(self.rotation, inner.translation)),
            product(self.rotation, inner.rotation),
        )

    @property
    def quaternion(self) -> Quaternion:
        return quaternion(self.rotation)


class JointTransform:
    """The transform of one joint at any position; what does not depend on the position is worked out once."""

    def __init__(self, joint: Joint) -> None:
        self._type = joint.type
        self._origin = joint.origin.xyz
        self._rotation = rpy_matrix(joint.origin.rpy)
        length = math.sqrt(sum(part * part for part in joint.axis))
        x, y, z = joint.axis
        self._axis = (x / length, y / length, z / length)
        self._along = turned(self._rotation, self._axis)

    def at(self, position: float) -> Transform:
        """Radians for a joint that turns, metres for one that slides; others stand still."""
        if self._type in TURNING:
            return Transform(self._origin, product(self._rotation, axis_matrix(self._axis, position)))
        if self._type == "prismatic":
            x, y, z = self._along
            return Transform(_added(self._origin, (x * position, y * position, z * position)), self._rotation)
        return Transform(self._origin, self._rotation)


def rpy_matrix(rpy: Vector) -> Matrix:
    """Turned about the fixed axes x, then y, then z; by way of a quaternion, as urdfdom and KDL do it.

    At quarter turns rounding decides which sign `quaternion` gives: the same way, the same rounding.
    """
    (sr, cr), (sp, cp), (sy, cy) = ((math.sin(angle / 2), math.cos(angle / 2)) for angle in rpy)
    x = sr * cp * cy - cr * sp * sy
    y = cr * sp * cy + sr * cp * sy
    z = cr * cp * sy - sr * sp * cy
    w = cr * cp * cy + sr * sp * sy
    length = math.sqrt(x * x + y * y + z * z + w * w)
    x, y, z, w = x / length, y / length, z / length, w / length
    xx, yy, zz, ww = x * x, y * y, z * z, w * w
    return (
        (ww + xx - yy - zz, 2 * x * y - 2 * w * z, 2 * x * z + 2 * w * y),
        (2 * x * y + 2 * w * z, ww - xx + yy - zz, 2 * y * z - 2 * w * x),
        (2 * x * z - 2 * w * y, 2 * y * z + 2 * w * x, ww - xx - yy + zz),
    )


def axis_matrix(axis: Vector, angle: float) -> Matrix:
    """Rodrigues' formula; `axis` has length 1."""
    x, y, z = axis
    s, c = math.sin(angle), math.cos(angle)
    v = 1.0 - c
    return (
        (c + x * x * v, x * y * v - z * s, x * z * v + y * s),
        (y * x * v + z * s, c + y * y * v, y * z * v - x * s),
        (z * x * v - y * s, z * y * v + x * s, c + z * z * v),
    )


def product(a: Matrix, b: Matrix) -> Matrix:
    columns = tuple(zip(*b))
    return tuple(tuple(r[0] * k[0] + r[1] * k[1] + r[2] * k[2] for k in columns) for r in a)  # type: ignore[return-value]


def turned(matrix: Matrix, vector: Vector) -> Vector:
    x, y, z = vector
    return tuple(row[0] * x + row[1] * y + row[2] * z for row in matrix)  # type: ignore[return-value]


def quaternion(matrix: Matrix) -> Quaternion:
    """Shepperd's method (1978): from the trace, or where that is small from the largest diagonal element."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = matrix
    trace = xx + yy + zz
    if trace > 1e-12:
        s = 2.0 * math.sqrt(trace + 1.0)
        return ((zy - yz) / s, (xz - zx) / s, (yx - xy) / s, s / 4.0)
    if xx > yy and xx > zz:
        s = 2.0 * math.sqrt(1.0 + xx - yy - zz)
        return (s / 4.0, (xy + yx) / s, (xz + zx) / s, (zy - yz) / s)
    if yy > zz:
        s = 2.0 * math.sqrt(1.0 + yy - xx - zz)
        return ((xy + yx) / s, s / 4.0, (yz + zy) / s, (xz - zx) / s)
    s = 2.0 * math.sqrt(1.0 + zz - xx - yy)
    return ((xz + zx) / s, (yz + zy) / s, s / 4.0, (yx - xy) / s)


def _added(a: Vector, b: Vector) -> Vector:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])
