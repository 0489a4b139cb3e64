"""Where queen cells hang: swarm cells along the edges of brood combs, emergency cells on their faces, cups anywhere below."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.colony import QUEEN_CAPPED_D, Colony
from bee_robot.hive.comb import QueenCell, QueenCellKind
from bee_robot.sim.colony_on_frames import HiveCombs

CUP_MM, CHARGED_MM, CAPPED_MM = (
    (6.0, 10.0),
    (10.0, 19.0),
    (22.0, 29.0),
)  # a capped queen cell is 20 to 30 mm long
EMERGENCY_CAPPED_MM = (17.0, 24.0)
APART_MM = 14.0
COMBS_WITH_SWARM_CELLS, COMBS_WITH_EMERGENCY_CELLS = 4, 3


def queen_cells_of_sides(
    seed: int, combs: HiveCombs, brood_by_side: NDArray[np.int64], colony: Colony
) -> Mapping[int, tuple[QueenCell, ...]]:
    """By side. A cell keeps its place as it grows: the n-th of the colony hangs where the n-th always hung."""
    rng = np.random.default_rng((seed, 73))
    order = np.argsort(-brood_by_side, kind="stable")
    order = order[brood_by_side[order] > 0][:12]
    found: dict[int, list[QueenCell]] = {}
    if order.size == 0:
        return {}
    picks = rng.random((64, 4))
    for n, growing in enumerate(colony.queen_cells):
        among = COMBS_WITH_EMERGENCY_CELLS if growing.is_emergency else COMBS_WITH_SWARM_CELLS
        pick = picks[n % 40]
        side = int(order[int(pick[0] * min(among, order.size))])
        on_face = growing.is_emergency or pick[3] < 0.25
        length = _length_mm(growing.age_d, growing.is_emergency, float(pick[3]))
        _hang(found, combs, side, growing.kind, length, on_face, pick)
    for n in range(colony.play_cups):
        pick = picks[40 + n % 24]
        side = int(order[int(pick[0] * order.size)])
        _hang(
            found,
            combs,
            side,
            QueenCellKind.PLAY_CUP,
            CUP_MM[0] + (CUP_MM[1] - CUP_MM[0]) * pick[3],
            False,
            pick,
        )
    return {side: tuple(cells) for side, cells in found.items()}


def _length_mm(age_d: int, is_emergency: bool, chance: float) -> float:
    """A cell grows with its larva from the cup of 8 mm until it is capped."""
    low, high = EMERGENCY_CAPPED_MM if is_emergency else CAPPED_MM
    if age_d >= QUEEN_CAPPED_D:
        return low + (high - low) * chance
    grown = max(0.0, (age_d - 3) / (QUEEN_CAPPED_D - 3))
    return CHARGED_MM[0] + (CHARGED_MM[1] - CHARGED_MM[0]) * grown


def _hang(
    found: dict[int, list[QueenCell]],
    combs: HiveCombs,
    side: int,
    kind: QueenCellKind,
    length_mm: float,
    on_face: bool,
    pick: NDArray[np.float64],
) -> None:
    """Next to the drawn place where there is room: cells do not grow into one another."""
    cells, size = combs.cells(side), combs.frames[side // 2].size
    x, y = combs.x_mm[cells], combs.y_mm[cells]
    others = found.setdefault(side, [])
    for attempt in range(12):
        u, v = (pick[1] + 0.618 * attempt) % 1.0, (pick[2] + 0.37 * attempt) % 1.0
        if on_face:
            at_x, at_y = (u - 0.5) * 0.72 * size.width_mm, (v - 0.55) * 0.6 * size.height_mm
        else:
            at_x = (u - 0.5) * 0.9 * size.width_mm
            below = y[np.abs(x - at_x) < 6.0]
            at_y = (float(below.min()) if below.size else -size.height_mm / 2) + 6.0 * v
        if all(np.hypot(other.x_mm - at_x, other.y_mm - at_y) > APART_MM for other in others):
            others.append(QueenCell(float(at_x), float(at_y), kind, float(length_mm)))
            return
    others.append(QueenCell(float(at_x), float(at_y), kind, float(length_mm)))
