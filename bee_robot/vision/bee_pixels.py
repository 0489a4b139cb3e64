"""How much a pixel of a rectified face looks like bee: local features and one weight each.

Lightness and colour are taken relative to the picture's own middle, so that strobe, sun and shade give
about the same values. Bees are grey where comb is coloured, rough, elongated, and without lattice.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.vision.bee_pixel_weights import BIAS, WEIGHTS
from bee_robot.vision.lattice import lattice_coherence

FEATURE_PITCH_PX = 8.0  # the cell width that the features and their weights are made for


def bee_scores(bgr: NDArray[np.uint8], is_face: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Log odds that a pixel shows a bee, float32 (H, W).

    bgr: uint8 (H, W, 3) with FEATURE_PITCH_PX a cell. is_face: bool (H, W), the part whose colours count.
    """
    score = np.full(bgr.shape[:2], BIAS, np.float32)
    for name, feature in bee_features(bgr, is_face).items():
        score += np.float32(WEIGHTS[name]) * feature
    return score


def bee_features(bgr: NDArray[np.uint8], is_face: NDArray[np.bool_]) -> dict[str, NDArray[np.float32]]:
    """The features by name, each float32 (H, W)."""
    lab = cv2.cvtColor(bgr.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    lightness, green_red, blue_yellow = cv2.split(lab)
    sample = is_face[::4, ::4] if is_face[::4, ::4].any() else np.ones_like(is_face[::4, ::4])
    light = lightness / max(float(np.median(lightness[::4, ::4][sample])), 20.0)
    chroma = cv2.magnitude(green_red, blue_yellow)
    chroma = chroma / (float(np.quantile(_blur(chroma, 0.3)[::4, ::4][sample], 0.6)) + 5.0)
    light_near, chroma_near = _blur(light, 0.5), _blur(chroma, 0.5)
    dark = _blur((light < 0.5).astype(np.float32), 0.5)
    light_grey = ((chroma < 0.6) & (light > 0.5) & (light < 1.5)).astype(np.float32)
    elongation = _elongation(light)
    lattice = _lattice(np.asarray(lightness, np.float32))
    features = {
        "light": light_near,
        "light_squared": light_near * light_near,
        "chroma": chroma_near,
        "chroma_squared": chroma_near * chroma_near,
        "fine_roughness": _roughness(light, 0.35, 0.5),
        "coarse_roughness": _roughness(light, 1.0, 1.0),
        "lattice": lattice,
        "elongation": elongation,
        "dark_share": dark,
        "light_grey_share": _blur(light_grey, 0.5),
        "chroma_around": _blur(chroma, 1.2),
        "light_around": _blur(light, 1.2),
        "light_chroma": light_near * chroma_near,
        "dark_chroma": dark * chroma_near,
        "lattice_chroma": lattice * chroma_near,
        "lattice_light": lattice * light_near,
        "lightness": _blur(lightness, 0.5) / 100,
        "darkest": _blur(_darkest(light), 0.5),
        "darkest_lightness": _blur(_darkest(lightness), 0.5) / 100,
        "light_contrast": light_near - _blur(light, 3.0),
        "chroma_contrast": chroma_near - _blur(chroma, 3.0),
        "dark_elongated": dark * elongation,
        "dark_lattice": dark * lattice,
        "hue": _blur(np.arctan2(blue_yellow, np.maximum(green_red, 0) + 3), 0.4),
    }
    return {name: np.asarray(feature, np.float32) for name, feature in features.items()}


def _blur(plane: NDArray[np.float32], cells: float) -> NDArray[np.float32]:
    """Gaussian blur; wide ones on a half-size copy, which nobody can tell from the slow way."""
    if cells >= 0.5:
        half = cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        half = cv2.GaussianBlur(half, (0, 0), cells * FEATURE_PITCH_PX / 2)
        return np.asarray(cv2.resize(half, plane.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), cells * FEATURE_PITCH_PX), np.float32)


def _roughness(light: NDArray[np.float32], detail_cells: float, window_cells: float) -> NDArray[np.float32]:
    detail = light - _blur(light, detail_cells)
    return np.sqrt(np.maximum(_blur(detail * detail, window_cells), 0))


def _darkest(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """The darkest value within a bee's width: every bee has dark rings, eyes and legs, cappings have not."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (int(1.1 * FEATURE_PITCH_PX) | 1,) * 2)
    return np.asarray(cv2.erode(_blur(light, 0.1), disc), np.float32)


def _elongation(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Coherence of the structure tensor: 1 for parallel edges, 0 for edges in all directions."""
    smooth = _blur(light, 0.12)
    along_x = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    along_y = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    xx, yy, xy = _blur(along_x * along_x, 0.6), _blur(along_y * along_y, 0.6), _blur(along_x * along_y, 0.6)
    return np.sqrt((xx - yy) ** 2 + 4 * xy**2) / (xx + yy + 1e-4)


def _lattice(lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """The clearest lattice of four directions: comb hangs upright, sideways or somewhat turned."""
    half = cv2.resize(lightness, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    pitch = FEATURE_PITCH_PX / 2
    clearest = np.zeros_like(half)
    for degrees in (0, 15, 30, 45):
        coherence = lattice_coherence(np.asarray(half, np.float32), pitch, math.radians(degrees), pitch)
        np.maximum(clearest, coherence, out=clearest)
    full = cv2.resize(clearest, lightness.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, np.float32)
