"""The hive world and the first eyes: how long a picture takes, how well it is read, and how well real photographs are."""

from __future__ import annotations

import statistics
import time

from scoring.entrance import DataMissing, data_folder, entrance_bee_ap50
from scoring.faces import score_faces

from bee_robot.hive.comb import CombFace
from bee_robot.sim.comb_renderer import render_view
from bee_robot.sim.hive_world import HiveWorld

LIMITS = {
    "world.render_s_12mp": ("<=", 4.0),
    "world.bee_count_error_pct": ("<=", 8.0),
}
SEEDS = range(501, 517)  # training takes its colonies from seeds of a million and more
LARGE_PX = (3000, 4000)
LARGE_PICTURES = (("strong", 1, 5), ("honey_super", 3, 6), ("weak", 1, 4), ("swarming", 2, 5))
ROBOT_PX = (1080, 1440)


def measure() -> dict[str, float]:
    figures = _rendering()
    figures |= _faces()
    try:
        figures["world.real_entrance_bee_ap50"] = round(entrance_bee_ap50(data_folder()), 3)
    except DataMissing as missing:
        print(f"  world.real_entrance_bee_ap50 is not measured: {missing}", flush=True)
    return figures


def _rendering() -> dict[str, float]:
    """Processor time of one thread for a picture; the slowest of four kinds of faces counts at full size."""
    faces = [HiveWorld(500, scenario=name).face(box, frame, "rear") for name, box, frame in LARGE_PICTURES]
    large_s = [min(_render_s(face, LARGE_PX, k) for k in range(2)) for face in faces]
    robot_s = [_render_s(face, ROBOT_PX, 1) for face in faces for _ in range(2)]
    return {
        "world.render_s_12mp": round(max(large_s), 2),
        "world.render_median_s_12mp": round(statistics.median(large_s), 2),
        "world.render_s_robot_picture": round(statistics.median(robot_s), 2),
    }


def _render_s(face: CombFace, size_px: tuple[int, int], seed: int) -> float:
    began_s = time.process_time()
    render_view(face, width_px=size_px[0], height_px=size_px[1], half="left", seed=seed)
    return time.process_time() - began_s


def _faces() -> dict[str, float]:
    scores = score_faces(SEEDS, width_px=ROBOT_PX[0])
    figures = {
        f"world.{name}": round(value, 3) for name, value in scores.items() if isinstance(value, int | float)
    }
    figures |= {f"world.cell_f1_{name}": round(f1, 3) for name, f1 in scores["cell_f1_by_class"].items()}
    return figures
