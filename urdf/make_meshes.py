#!/usr/bin/env python3
"""Write the meshes of the tower's parts: fork, shuttle, hook plate, camera. Binary STL, metres, REP 103.

    urdf/make_meshes.py [FOLDER]      default: meshes/ beside this file

Shapes are made of blocks and turned parts; the numbers are those of parts.yaml and of the reference machine. Run it
again after a change there and commit what it writes; a test compares.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
Point = tuple[float, float, float]
Triangle = tuple[Point, Point, Point]
MM = 0.001
ROUND = 20  # sides of what is turned


def block(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> list[Triangle]:
    """From corner to corner, millimetres."""
    outline = [(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])]
    return prism(outline, z)


def prism(outline: list[tuple[float, float]], z: tuple[float, float]) -> list[Triangle]:
    """A convex outline, counter-clockwise as seen from above, drawn out along z."""
    low, high = ([(px, py, height) for px, py in outline] for height in z)
    faces: list[Triangle] = []
    for i in range(1, len(outline) - 1):
        faces += [(low[0], low[i + 1], low[i]), (high[0], high[i], high[i + 1])]
    for i in range(len(outline)):
        j = (i + 1) % len(outline)
        faces += [(low[i], low[j], high[j]), (low[i], high[j], high[i])]
    return faces


def disc(radius: float) -> list[tuple[float, float]]:
    angles = (2 * math.pi * i / ROUND for i in range(ROUND))
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def lying(triangles: Iterable[Triangle]) -> list[Triangle]:
    """What stood along z lies along x."""
    return [tuple((pz, py, -px) for px, py, pz in each) for each in triangles]  # type: ignore[misc]


def fork(parts: dict) -> list[Triangle]:
    """Points to +x from its pivot; its upper side is at z 0, where a cleat rests."""
    reach, half = parts["fork"]["reach_mm"], parts["fork"]["between_prongs_mm"] / 2
    hub = prism(disc(15), (-12, 0))
    bridge = block((8, 22), (-half - 8, half + 8), (-9, -1))
    prongs = [block((22, reach), (side * half - 8, side * half + 8), (-9, 0)) for side in (-1, 1)]
    lips = [block((reach, reach + 4), (side * half - 8, side * half + 8), (-9, 3)) for side in (-1, 1)]
    return hub + bridge + sum(prongs, []) + sum(lips, [])


def shuttle(parts: dict) -> list[Triangle]:
    """Origin at the hook's pivot, at the height of the plate; the scan beam is to +y (left side of the machine)."""
    beam, drop = parts["scan_beam"], parts["scan_beam"]["below_plate_mm"]
    to_beam = parts["defaults"]["skeleton"]["post_x_mm"] - parts["hook"]["pivot_x_mm"]
    half, thick = beam["height_mm"] / 2 + 6, beam["thickness_mm"] / 2
    saddle = block((-38, 38), (to_beam - thick - 8, to_beam - thick), (-drop - half, -drop + half))
    top = block((-38, 38), (to_beam - thick - 8, to_beam + thick + 8), (-drop + half - 6, -drop + half))
    outer = block((-38, 38), (to_beam + thick, to_beam + thick + 8), (-drop - half, -drop + half))
    shelf = block((-16, 16), (-14, to_beam - thick), (-drop + 6, -drop + 14))
    servo = block((-20, 20), (-11, 29), (-drop + 14, -8))
    return saddle + top + outer + shelf + servo


def hook_plate(parts: dict) -> list[Triangle]:
    """The H: two legs along x, the centre bar across them; a slot is open to the front, one to the rear. z 0: a pin's neck."""
    long, wide, slot, bar = 9.5, 13.0, 3.2, 3.0  # halves; the neck of a pin is 2.5 thick
    legs = [block((-long, long), (min(a, b), max(a, b)), (-1, 1)) for a, b in ((slot, wide), (-slot, -wide))]
    return sum(legs, []) + block((-bar, bar), (-slot, slot), (-1, 1))


def camera(parts: dict) -> list[Triangle]:
    """Looks along x from its origin, the front of its body; lens, and the ring of the strobe around it."""
    half, ahead = parts["camera"]["body_mm"] / 2, parts["camera"]["pupil_ahead_mm"]
    body = block((-24, 0), (-half, half), (-half, half))
    ring = lying(prism(disc(half + 9), (0, 4)))
    lens = lying(prism(disc(11), (4, ahead)))
    return body + ring + lens


SHAPES = {"fork": fork, "shuttle": shuttle, "hook_plate": hook_plate, "camera": camera}


def stl(triangles: list[Triangle]) -> bytes:
    """Binary STL in metres; the header must not begin with 'solid'."""
    records = [b"bee_robot, metres".ljust(80, b"\0"), struct.pack("<I", len(triangles))]
    for triangle in triangles:
        a, b, c = (tuple(value * MM for value in point) for point in triangle)
        u, v = [b[i] - a[i] for i in range(3)], [c[i] - a[i] for i in range(3)]
        normal = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
        length = math.sqrt(sum(part * part for part in normal))
        records.append(struct.pack("<12fH", *(part / length for part in normal), *a, *b, *c, 0))
    return b"".join(records)


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "meshes"
    parts = yaml.safe_load((HERE / "parts.yaml").read_text(encoding="utf-8"))
    for name, shape in SHAPES.items():
        path = folder / f"{name}.stl"
        path.write_bytes(stl(shape(parts)))
        sys.stdout.write(f"{path}: {path.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
