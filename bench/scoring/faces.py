"""How well the robot's eyes read faces of colonies that training never saw, against exact truth, by the real path.

Two JPEG pictures a face, as the cameras deliver them, go through `analyze_photographs`; what it says is compared with the
face that was rendered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.hive.comb import CELL_CLASSES, Caste, CombFace
from bee_robot.hive.face import FaceAnalysis, FaceMap, FindingKind
from bee_robot.hive.frame_view import VIEW_WIDTH_MM
from bee_robot.sim.comb_layout import SIDES
from bee_robot.sim.comb_renderer import ViewTruth, render_view
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.sim.scenarios import SCENARIOS
from bee_robot.vision.face_analyzer import analyze_photographs
from bee_robot.vision.photograph import Photograph

JPEG_QUALITY = 88
MATCH_MM = 2.5  # a found cell is the true one within this distance
LEAST_VISIBLE = 0.5  # of a cell, for its class to be asked
BEE_MATCH_MM = 5.0
QUEEN_MATCH_MM = 9.0  # she is long, and so is a queen cell
BEE_SEEN = 0.3  # share of a bee in view from which she should be found

Truths = dict[str, ViewTruth]


@dataclass(frozen=True)
class FaceScore:
    """One face. count, true_bees: bees. cells: (8, 9) rows true classes, columns found ones and, last, not found.
    false_cells: (8,) found where there is none, by class. areas: by class (true, low, value, high), dm2."""

    scenario: str
    true_bees: int
    count: float
    within: bool
    cells: NDArray[np.int64]
    false_cells: NDArray[np.int64]
    areas: dict[str, tuple[float, float, float, float]]
    bees_found: tuple[int, int, int]  # right, missed of those in view, wrong
    rare_found: dict[
        str, tuple[int, int, int]
    ]  # the same of queens, queen cells and bees with a mite in view


def faces_to_score(seeds: Iterable[int], faces_a_seed: int = 2) -> Iterator[tuple[str, int, CombFace]]:
    """(scenario, seed, face): every seed with the next scenario, faces from anywhere in the hive."""
    names = sorted(SCENARIOS)
    for k, seed in enumerate(seeds):
        rng = np.random.default_rng((seed, 9))
        name = names[k % len(names)]
        world = HiveWorld(seed, scenario=name)
        for _ in range(faces_a_seed):
            face = world.face(int(rng.integers(1, 4)), int(rng.integers(1, 11)), SIDES[int(rng.integers(2))])
            yield name, seed, face


def photograph_face(face: CombFace, seed: int, width_px: int = 1080) -> tuple[list[Photograph], Truths]:
    """What the two cameras deliver, and the truth about each picture."""
    photographs, truths = [], {}
    for half in ("left", "right"):
        picture, truth = render_view(
            face, width_px=width_px, height_px=width_px * 4 // 3, half=half, seed=seed
        )
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
        photographs.append(Photograph(data, f"{half}_half", VIEW_WIDTH_MM / width_px, f"camera {half}"))
        truths[half] = truth
    return photographs, truths


def score_face(scenario: str, face: CombFace, analysis: FaceAnalysis, truths: Truths) -> FaceScore:
    """Compare. A face on which nothing was recognised counts as one on which nothing was found."""
    found = analysis.map
    cells, false_cells = _cells(face, analysis, truths)
    visible = _best_visible(len(face.bees), truths)
    places = np.array([(bee.x_mm, bee.y_mm) for bee in face.bees]).reshape(-1, 2)
    seen = (
        np.array([(bee.x_mm, bee.y_mm) for bee in found.bees]).reshape(-1, 2) if found else np.empty((0, 2))
    )
    count = analysis.bees.value if analysis.bees else 0.0
    return FaceScore(
        scenario,
        len(face.bees),
        count,
        bool(analysis.bees and analysis.bees.low <= len(face.bees) <= analysis.bees.high),
        cells,
        false_cells,
        {
            c.value: (
                face.area_dm2(c),
                *((a.low, a.value, a.high) if (a := analysis.areas.get(c)) else (0.0, 0.0, 0.0)),
            )
            for c in CELL_CLASSES
        },
        _found(places, seen, visible, BEE_MATCH_MM),
        _rare(face, found, visible, truths),
    )


def _found(
    true: NDArray[np.float64], seen: NDArray[np.float64], visible: NDArray[np.float64], reach: float
) -> tuple[int, int, int]:
    """Right, missed of those in view, wrong."""
    match = matches(true, seen, reach)
    is_missed = (visible > BEE_SEEN) & ~np.isin(np.arange(len(true)), match[:, 0])
    return len(match), int(is_missed.sum()), len(seen) - len(match)


def _rare(
    face: CombFace, found: FaceMap | None, visible: NDArray[np.float64], truths: Truths
) -> dict[str, tuple[int, int, int]]:
    def places(things: Iterable[Any]) -> NDArray[np.float64]:
        return np.array([(thing.x_mm, thing.y_mm) for thing in things]).reshape(-1, 2)

    cells_visible = np.zeros(len(face.queen_cells))
    for truth in truths.values():
        for cell in truth.queen_cells:
            cells_visible[cell.index] = max(cells_visible[cell.index], cell.visible)
    hanging = np.array([(q.x_mm, q.y_mm - q.length_mm / 2) for q in face.queen_cells]).reshape(-1, 2)
    is_queen = np.array([bee.caste is Caste.QUEEN for bee in face.bees], bool)
    has_mite = np.array([bee.has_mite for bee in face.bees], bool)
    seen_bees = found.bees if found else ()
    findings = found.findings if found else ()
    bees = places(face.bees)
    return {
        "queen": _found(
            bees[is_queen],
            places(bee for bee in seen_bees if bee.caste is Caste.QUEEN),
            visible[is_queen],
            QUEEN_MATCH_MM,
        ),
        "queen_cell": _found(
            hanging,
            places(f for f in findings if f.kind is FindingKind.QUEEN_CELL),
            cells_visible,
            QUEEN_MATCH_MM,
        ),
        "varroa": _found(
            bees[has_mite],
            places(f for f in findings if f.kind is FindingKind.VARROA),
            visible[has_mite],
            BEE_MATCH_MM,
        ),
    }


def score_faces(seeds: Iterable[int], *, faces_a_seed: int = 2, width_px: int = 1080) -> dict[str, Any]:
    """Scores over faces of these seeds, scenarios in turn: see the keys of `summary`."""
    scores = []
    for name, seed, face in faces_to_score(seeds, faces_a_seed):
        photographs, truths = photograph_face(face, seed, width_px)
        scores.append(score_face(name, face, analyze_photographs(photographs).analysis, truths))
    return summary(scores)


def summary(scores: Sequence[FaceScore]) -> dict[str, Any]:
    """bee_count_error_pct: mean absolute error of the count over faces with bees, percent of the bees on the face, hidden ones
    too. cell_f1: macro mean over the classes of the F1 of visible cells. bees_recall, bees_precision: of bees in view; queen, queen_cell, varroa: F1 of those in view.
    *_in_interval: share of true values inside the 90 % interval."""
    errors = [abs(s.count - s.true_bees) / s.true_bees for s in scores if s.true_bees]
    biases = [(s.count - s.true_bees) / s.true_bees for s in scores if s.true_bees]
    cells = sum(s.cells for s in scores)
    false = sum(s.false_cells for s in scores)
    f1 = {c.value: _f1(cells, false, k) for k, c in enumerate(CELL_CLASSES) if cells[k].sum()}
    right, missed, wrong = (sum(s.bees_found[k] for s in scores) for k in range(3))
    areas = [area for s in scores for area in s.areas.values() if area[0] > 0.05 or area[2] > 0.05]
    return {
        "faces": len(scores),
        "bee_count_error_pct": 100 * float(np.mean(errors)) if errors else 0.0,
        "bee_count_bias_pct": 100 * float(np.mean(biases)) if biases else 0.0,
        "bees_in_interval": float(np.mean([s.within for s in scores])),
        "bees_recall": right / max(1, right + missed),
        "bees_precision": right / max(1, right + wrong),
        **{f"{name}_f1": _f1_of(scores, name) for name in ("queen", "queen_cell", "varroa")},
        "cell_f1": float(np.mean(list(f1.values()))) if f1 else 0.0,
        "cell_f1_by_class": f1,
        "areas_in_interval": float(np.mean([low <= true <= high for true, low, _, high in areas]))
        if areas
        else 1.0,
    }


def _f1_of(scores: Sequence[FaceScore], name: str) -> float:
    right, missed, wrong = (sum(s.rare_found[name][k] for s in scores) for k in range(3))
    return 2 * right / max(1, 2 * right + missed + wrong)


def _f1(cells: NDArray[np.int64], false: NDArray[np.int64], k: int) -> float:
    right = float(cells[k, k])
    return 2 * right / max(1.0, float(cells[k].sum() + cells[:, k].sum() + false[k]))


def _best_visible(count: int, truths: Truths) -> NDArray[np.float64]:
    """How much of every bee is seen from the half she is on."""
    visible = np.zeros(count)
    for truth in truths.values():
        for bee in truth.bees:
            visible[bee.index] = max(visible[bee.index], bee.visible)
    return visible


def _cells(
    face: CombFace, analysis: FaceAnalysis, truths: Truths
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    count = len(CELL_CLASSES)
    table, false = np.zeros((count, count + 1), np.int64), np.zeros(count, np.int64)
    places = np.column_stack([face.cell_x_mm, face.cell_y_mm]).astype(float)
    visible = visible_cells(face, truths)
    seen = [cell for cell in (analysis.map.cells if analysis.map else ()) if cell.cell_class in CELL_CLASSES]
    found = np.array([(cell.x_mm, cell.y_mm) for cell in seen]).reshape(-1, 2)
    classes = np.array([CELL_CLASSES.index(cell.cell_class) for cell in seen], np.int64)
    match = matches(places, found, MATCH_MM)
    of_true = np.full(len(places), count, np.int64)
    of_true[match[:, 0]] = classes[match[:, 1]]
    asked = visible >= LEAST_VISIBLE
    np.add.at(table, (face.cell_class[asked].astype(np.int64), of_true[asked]), 1)
    is_free = ~np.isin(np.arange(len(found)), match[:, 1])
    np.add.at(false, classes[is_free], 1)
    return table, false


def visible_cells(face: CombFace, truths: Truths) -> NDArray[np.float64]:
    """(N,) share of every cell of the face that nothing hides; the straight picture shows it as its own half's camera saw it."""
    visible = np.zeros(len(face.cell_x_mm))
    for half, truth in truths.items():
        own = truth.cell_index
        is_own = (face.cell_x_mm[own] < 0) == (half == "left")
        visible[own[is_own]] = truth.cell_visible[is_own]
    return visible


def matches(true: NDArray[np.float64], found: NDArray[np.float64], reach: float) -> NDArray[np.int64]:
    """(M, 2) index pairs, each used once, nearest first."""
    pairs = []
    for start in range(0, len(true), 500):
        part = true[start : start + 500]
        distance = np.hypot(part[:, None, 0] - found[None, :, 0], part[:, None, 1] - found[None, :, 1])
        rows, columns = np.nonzero(distance < reach)
        pairs.append(np.column_stack([distance[rows, columns], rows + start, columns]))
    every = np.concatenate(pairs) if pairs else np.empty((0, 3))
    used_true, used_found, kept = set(), set(), []
    for _, a, b in every[every[:, 0].argsort()]:
        if a not in used_true and b not in used_found:
            used_true.add(a)
            used_found.add(b)
            kept.append((int(a), int(b)))
    return np.array(kept, np.int64).reshape(-1, 2)
