"""What the numbers of vision/face_net.py and vision/measures.py rest on: thresholds without bias, and 90 % errors.

    PYTHONPATH=.:bench python tools/train/face_net_errors.py --seeds 600 616

Faces of these colonies are rendered and read by the real path; training, tests and bench use other seeds. Prints the bias of
the bee count for thresholds, and for every class the error of its area with what is stated for it.
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np
from scoring.faces import faces_to_score, photograph_face

from bee_robot.hive.comb import CELL_CLASSES, CombFace
from bee_robot.hive.face import FaceAnalysis
from bee_robot.vision.face_analyzer import analyze_photographs

THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
SOME_DM2 = 0.3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs=2, default=(600, 616))
    parser.add_argument("--faces-a-seed", type=int, default=2)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    results = []
    for name, seed, face in faces_to_score(range(*options.seeds), options.faces_a_seed):
        photographs, _ = photograph_face(face, seed)
        results.append((face, analyze_photographs(photographs).analysis))
        print(name, seed, len(face.bees), results[-1][1].bees, flush=True)
    say_counts(results)
    say_areas(results)


def say_counts(results: list[tuple[CombFace, FaceAnalysis]]) -> None:
    """Only thresholds from the one in use upwards can be judged: weaker peaks were not kept."""
    true = np.array([len(face.bees) for face, _ in results], float)
    for threshold in THRESHOLDS:
        found = np.array(
            [
                sum(bee.probability > threshold for bee in seen.map.bees) if seen.map else 0
                for _, seen in results
            ]
        )
        relative = (found - true) / np.maximum(true, 1)
        print(
            f"threshold {threshold}: bias {relative.mean():+.1%}, of all bees {found.sum() / true.sum() - 1:+.1%}, "
            f"mean error {np.abs(relative).mean():.1%}, 90 % within {np.quantile(np.abs(relative), 0.9):.1%}"
        )


def say_areas(results: list[tuple[CombFace, FaceAnalysis]]) -> None:
    for cell_class in CELL_CLASSES:
        rows = [
            (face.area_dm2(cell_class), seen.areas[cell_class])
            for face, seen in results
            if cell_class in seen.areas
        ]
        true = np.array([area for area, _ in rows])
        error = np.array([estimate.value - area for area, estimate in rows])
        within = np.mean([estimate.low <= area <= estimate.high for area, estimate in rows])
        little, much = np.abs(error[true <= SOME_DM2]), np.abs(error[true > SOME_DM2]) / true[true > SOME_DM2]
        print(
            f"{cell_class.value}: bias {error.mean():+.3f} dm2, in the interval {within:.0%}; 90 % error where little "
            f"{np.quantile(little, 0.9) if little.size else 0:.3f} dm2, where more {np.quantile(much, 0.9) if much.size else 0:.0%}"
        )


if __name__ == "__main__":
    main()
