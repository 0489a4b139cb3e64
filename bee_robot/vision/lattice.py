"""The hexagonal lattice of cells: its pitch, its direction, and where in a picture it is visible.

Cells are the ruler that every comb carries. A lattice of pitch p has its first spectral peaks at the
frequency 2 / (sqrt(3) p) in three directions 60 degrees apart; bees, wood and grass do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PATCH_PX = 128
STRIDE_PX = 64
LEVELS = 4
MAX_PATCHES = 140  # a level; bounds the time for large pictures
FREQUENCIES = np.geomspace(1 / 28, 1 / 3.3, 36)  # cycles a pixel; other pitches are found on other levels
ANGLES = 36  # over half a turn
SURE_SCORE = (
    2.0  # three peaks this far (log power) above the ring they lie on; textures without cells stay below
)
MIN_VOTES = 3
PITCH_TOLERANCE = 0.13  # perspective and level-to-level spread of the pitch, log
VOTE_BIN = 0.04  # log frequency


@dataclass(frozen=True)
class Lattice:
    """pitch_px: centre to centre. angle_rad: direction of the first reciprocal vector, 0 to pi/3, image axes.

    pitch_deviation: relative spread of the pitch over the picture (robust standard deviation).
    votes: patches that agree. centre_px: their centre of mass (x, y).
    """

    pitch_px: float
    angle_rad: float
    pitch_deviation: float
    votes: int
    centre_px: tuple[float, float]

    @property
    def period_px(self) -> float:
        """Distance of the rows of cells."""
        return self.pitch_px * math.sqrt(3) / 2

    @property
    def tilt_rad(self) -> float:
        """How far the rows are turned from those of comb on foundation in an upright frame, -pi/6 to pi/6."""
        return self.angle_rad - math.pi / 6


def find_lattice(grey: NDArray[np.float32]) -> Lattice | None:
    """The lattice of a picture (float32 (H, W), 0 to 255), or None where too few patches show one.

    Patches of every pyramid level vote for a pitch; the harmonic at 1/sqrt(3) of the pitch, turned by 30
    degrees, is recognised by the stronger or longer one at its side. Finds pitches from about 4 to 200 pixels.
    """
    votes = _collect_votes(grey)
    if len(votes) < MIN_VOTES:
        return None
    periods, weights = votes[:, 2], votes[:, 4]
    edges = np.arange(math.log(3), math.log(400), VOTE_BIN)
    histogram, _ = np.histogram(np.log(periods), bins=edges, weights=weights)
    histogram = np.convolve(histogram, [0.6, 1.0, 1.0, 1.0, 0.6], "same")
    best = int(histogram.argmax())
    longer = best + round(math.log(3) / 2 / VOTE_BIN)
    nearby = histogram[longer - 2 : longer + 3]
    if nearby.size and nearby.max() > 0.35 * histogram[best]:
        best = longer - 2 + int(nearby.argmax())
    agree = votes[np.abs(np.log(periods) - (edges[best] + VOTE_BIN / 2)) < PITCH_TOLERANCE]
    agree = _same_direction(agree)
    if len(agree) < MIN_VOTES:
        return None
    return _summary(agree)


def lattice_coherence(
    lightness: NDArray[np.float32], pitch_px: float, angle_rad: float, window_px: float
) -> NDArray[np.float32]:
    """How much of the local contrast is lattice, 0 to about 1, float32 (H, W).

    Demodulates the picture at the three first peaks of the lattice; the window (standard deviation) lets a
    pitch pass that differs by about pitch / (4 window).
    """
    height, width = lightness.shape
    x = np.arange(width, dtype=np.float32)[None, :]
    y = np.arange(height, dtype=np.float32)[:, None]
    detail = lightness - cv2.GaussianBlur(lightness, (0, 0), 0.8 * pitch_px)
    amplitude = np.zeros_like(lightness)
    wave_number = 4 * math.pi / (math.sqrt(3) * pitch_px)
    for k in range(3):
        direction = angle_rad + k * math.pi / 3
        phase_x = x * np.float32(wave_number * math.cos(direction))
        phase_y = y * np.float32(wave_number * math.sin(direction))
        cosine = np.cos(phase_x) * np.cos(phase_y) - np.sin(phase_x) * np.sin(phase_y)
        sine = np.sin(phase_x) * np.cos(phase_y) + np.cos(phase_x) * np.sin(phase_y)
        real = cv2.GaussianBlur(detail * cosine, (0, 0), window_px)
        imaginary = cv2.GaussianBlur(detail * sine, (0, 0), window_px)
        amplitude += cv2.magnitude(real, imaginary)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), window_px))
    return amplitude / (contrast + 2.0)


def _collect_votes(grey: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rows x, y, period, angle, weight: one for each patch that surely shows a lattice."""
    rows: list[tuple[float, float, float, float, float]] = []
    level = grey
    for octave in range(LEVELS):
        if min(level.shape) < PATCH_PX:
            break
        corners = _patch_corners(level.shape[0], level.shape[1])
        score = _lattice_score(_polar_spectra(level, corners))
        scale = 2**octave
        for (x, y), patch_score in zip(corners, score, strict=True):
            peak = int(patch_score.argmax())
            weight = float(patch_score.flat[peak])
            if weight > SURE_SCORE:
                period, angle = _refined_peak(patch_score, *divmod(peak, patch_score.shape[1]))
                centre = (x + PATCH_PX / 2) * scale, (y + PATCH_PX / 2) * scale
                rows.append((*centre, period * scale, angle, weight * scale**2))
        level = np.asarray(cv2.pyrDown(level), np.float32)
    return np.array(rows).reshape(-1, 5)


def _patch_corners(height: int, width: int) -> list[tuple[int, int]]:
    stride = STRIDE_PX
    while ((height - PATCH_PX) // stride + 1) * ((width - PATCH_PX) // stride + 1) > MAX_PATCHES:
        stride += 8
    return [
        (x, y)
        for y in range(0, height - PATCH_PX + 1, stride)
        for x in range(0, width - PATCH_PX + 1, stride)
    ]


def _polar_spectra(grey: NDArray[np.float32], corners: list[tuple[int, int]]) -> NDArray[np.float32]:
    """Log power of each patch over (frequency, angle)."""
    window = np.hanning(PATCH_PX).astype(np.float32)
    taper = window[:, None] * window[None, :]
    angles = np.arange(ANGLES) * math.pi / ANGLES
    map_x = (np.outer(FREQUENCIES, np.cos(angles)) * PATCH_PX + PATCH_PX / 2).astype(np.float32)
    map_y = (np.outer(FREQUENCIES, np.sin(angles)) * PATCH_PX + PATCH_PX / 2).astype(np.float32)
    spectra = np.empty((len(corners), len(FREQUENCIES), ANGLES), np.float32)
    for k, (x, y) in enumerate(corners):
        patch = grey[y : y + PATCH_PX, x : x + PATCH_PX]
        planes = cv2.dft((patch - patch.mean()) * taper, flags=cv2.DFT_COMPLEX_OUTPUT)
        power = planes[..., 0] ** 2 + planes[..., 1] ** 2
        power = np.roll(power, (PATCH_PX // 2, PATCH_PX // 2), axis=(0, 1))
        power = cv2.GaussianBlur(power, (0, 0), 0.7)
        spectra[k] = cv2.remap(power, map_x, map_y, cv2.INTER_LINEAR)
    return np.log(spectra + 1e-6)


def _lattice_score(spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    """For every (frequency, angle < 60 degrees): how far the weakest of three peaks stands above its ring."""
    ring = np.median(spectra, axis=2)
    ring = cv2.GaussianBlur(ring, (0, 0), sigmaX=2, sigmaY=1e-3)
    above = spectra - ring[:, :, None]
    tolerant = np.maximum(np.maximum(np.roll(above, 1, 2), above), np.roll(above, -1, 2))
    tolerant = np.maximum(np.maximum(tolerant, np.roll(tolerant, 1, 1)), np.roll(tolerant, -1, 1))
    third = ANGLES // 3
    three = np.stack([tolerant[:, :, k * third : (k + 1) * third] for k in range(3)])
    exact = np.stack([above[:, :, k * third : (k + 1) * third] for k in range(3)])
    score = three.min(axis=0) + 0.5 * exact.mean(axis=0)  # the second term finds the middle of the plateau
    score[:, :3] = -math.inf  # the tapered patch is too small for three periods, and rolls wrap here
    score[:, -2:] = -math.inf
    return np.asarray(score, np.float32)


def _refined_peak(score: NDArray[np.float32], row: int, column: int) -> tuple[float, float]:
    """Period in pixels and angle of a peak, between the bins of frequency and angle (parabola)."""
    angles = score.shape[1]
    beside = score[row - 1, column], score[row, column], score[row + 1, column]
    around = score[row, column - 1], score[row, column], score[row, (column + 1) % angles]
    step = math.log(FREQUENCIES[1] / FREQUENCIES[0])
    frequency = FREQUENCIES[row] * math.exp(step * _vertex(*beside))
    angle = (column + _vertex(*around)) * math.pi / ANGLES
    return float(1 / frequency), angle % (math.pi / 3)


def _vertex(before: float, peak: float, after: float) -> float:
    """Place of the top of a parabola through three values at -1, 0 and 1, kept within half a step."""
    curvature = before - 2 * peak + after
    if not math.isfinite(curvature) or curvature >= 0:
        return 0.0
    return float(min(0.5, max(-0.5, 0.5 * (before - after) / curvature)))


def _same_direction(votes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep the votes within 12 degrees of the strongest direction (all are modulo 60 degrees)."""
    if len(votes) == 0:
        return votes
    mean = _mean_angle(votes[:, 3], votes[:, 4])
    difference = np.abs((votes[:, 3] - mean + math.pi / 6) % (math.pi / 3) - math.pi / 6)
    return votes[difference < math.radians(12)]


def _mean_angle(angles: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    return float(np.angle(np.sum(weights * np.exp(6j * angles))) / 6) % (math.pi / 3)


def _summary(votes: NDArray[np.float64]) -> Lattice:
    periods = votes[:, 2]
    period = float(np.median(periods))
    deviation = 1.4826 * float(np.median(np.abs(periods / period - 1)))
    centre = np.average(votes[:, :2], axis=0, weights=votes[:, 4])
    return Lattice(
        pitch_px=period * 2 / math.sqrt(3),
        angle_rad=_mean_angle(votes[:, 3], votes[:, 4]),
        pitch_deviation=max(deviation, 0.01),
        votes=len(votes),
        centre_px=(float(centre[0]), float(centre[1])),
    )
