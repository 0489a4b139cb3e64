"""The first eyes: local colour and texture with fixed weights, no network."""

from __future__ import annotations

from bee_robot.vision.bee_pixels import bee_scores
from bee_robot.vision.cell_colours import classify_cells
from bee_robot.vision.rectified_face import RectifiedFace
from bee_robot.vision.segmentation import FaceSegmentation


class TextureSegmenter:
    """A `FaceSegmenter` that needs nothing but OpenCV; see bee_pixels and cell_colours."""

    name = "texture"
    version = "1"
    provider = "OpenCV (CPU)"
    works_without_colour = False

    def segment(self, face: RectifiedFace) -> FaceSegmentation:
        is_face = face.is_comb > 0
        score = bee_scores(face.bgr, is_face)
        return FaceSegmentation(score, classify_cells(face.bgr, score > 0, is_face))
