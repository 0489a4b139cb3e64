"""Frames of other standards before the robot's cameras: marks are looked for where their wood is, and lengths stay true."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bee_robot.configuration import RobotConfiguration, load
from bee_robot.hive.comb import CombFace
from bee_robot.hive.frame_view import FrameView, Half
from bee_robot.sim.comb_renderer import mounted_view, render_view
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.vision.face_analyzer import analyze_photographs
from bee_robot.vision.half_views import HALVES, straighten_halves
from bee_robot.vision.photograph import Photograph

ROBOTS = Path(__file__).resolve().parents[3] / "config" / "robots"
SIZE_PX = (1080, 1440)
FACES = [("tower_langstroth", 1, 5), ("tower_national", 3, 5)]


def photographed(robot: RobotConfiguration, face: CombFace, box: int) -> dict[Half, np.ndarray]:
    pictures = {}
    for half in HALVES:
        view = mounted_view(
            half,
            *SIZE_PX,
            seed=5,
            view_width_mm=robot.view_width_mm("rear_left"),
            camera=robot.camera_place(box),
        )
        pictures[half], _ = render_view(
            face, width_px=SIZE_PX[0], height_px=SIZE_PX[1], half=half, seed=6, view=view
        )
    return pictures


@pytest.mark.parametrize(("name", "box", "frame"), FACES)
def test_wood_and_tags_of_other_frames_are_found(name: str, box: int, frame: int) -> None:
    robot = load(ROBOTS / f"{name}.yaml")
    comb = robot.hive.box(box).comb
    face = HiveWorld.of(robot.hive, 3).face(box, frame, "rear")
    pictures = photographed(robot, face, box)
    views = {
        half: FrameView.of_half(
            half, *SIZE_PX, view_width_mm=robot.view_width_mm("rear_left"), camera=robot.camera_place(box)
        )
        for half in HALVES
    }
    straight = straighten_halves(pictures, views, comb)
    assert straight.unmarked_halves == ()
    assert straight.residual_mm is not None and straight.residual_mm < 0.35
    height, width = straight.bgr.shape[:2]
    assert straight.grid.x_mm[-1] - straight.grid.x_mm[0] == pytest.approx(comb.width_mm + 27, abs=1.5)
    assert (width, height) == (straight.grid.width_px, straight.grid.height_px)


def test_a_langstroth_comb_is_measured_as_large_as_it_is() -> None:
    robot = load(ROBOTS / "tower_langstroth.yaml")
    face = HiveWorld.of(robot.hive, 3).face(1, 5, "rear")
    photographs = []
    for half, picture in photographed(robot, face, 1).items():
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
        scale = robot.view_width_mm("rear_left") / SIZE_PX[0]
        photographs.append(Photograph(data, view=f"{half}_half", mm_per_pixel=scale, name=half))
    seen = analyze_photographs(
        photographs, camera=robot.camera_place(1), comb=robot.hive.box(1).comb
    ).analysis
    assert seen.comb_area is not None and seen.bees is not None and seen.map is not None
    comb = robot.hive.box(1).comb
    assert seen.comb_area.value == pytest.approx(comb.width_mm * comb.height_mm / 1e4, rel=0.06)
    assert seen.bees.value == pytest.approx(len(face.bees), rel=0.2)
    assert max(abs(cell.x_mm) for cell in seen.map.cells) == pytest.approx(214, abs=8)
