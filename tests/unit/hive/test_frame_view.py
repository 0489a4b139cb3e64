"""The camera model: against OpenCV's own projection, and back."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from bee_robot.hive.frame_view import FrameView

VIEW = replace(
    FrameView.of_half("left", 900, 1200), roll_rad=0.02, pitch_rad=-0.015, yaw_rad=0.01, distance_mm=243.0
)
POINTS = np.random.default_rng(1).uniform((-200, -140, -11), (20, 140, 6), (50, 3))


def test_projection_is_that_of_opencv() -> None:
    turn = VIEW.rotation
    place = -turn @ np.array([VIEW.x_mm, VIEW.y_mm, VIEW.distance_mm])
    expected, _ = cv2.projectPoints(
        POINTS, cv2.Rodrigues(turn)[0], place, VIEW.camera_matrix, VIEW.distortion
    )
    np.testing.assert_allclose(VIEW.to_pixels(*POINTS.T), expected.reshape(-1, 2), atol=1e-6)


def test_a_pixel_leads_back_to_its_place_on_the_comb() -> None:
    pixels = VIEW.to_pixels(POINTS[:, 0], POINTS[:, 1])
    np.testing.assert_allclose(VIEW.to_face(pixels[:, 0], pixels[:, 1]), POINTS[:, :2], atol=1e-3)


def test_left_half_is_seen_upright_and_not_mirrored() -> None:
    (middle, right, up) = FrameView.of_half("left", 900, 1200).to_pixels([-90, -80, -90], [-10, -10, 0])
    np.testing.assert_allclose(middle, (449.5, 599.5), atol=1e-9)
    assert right[0] > middle[0] and up[1] < middle[1]
