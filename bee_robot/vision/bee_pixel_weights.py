"""Weights of bee_pixels, written by tools/train/fit_bee_pixels.py (data: NOTICE); do not edit by hand."""

from __future__ import annotations

BIAS = 7.4508
WEIGHTS = {
    "light": 0.6065,
    "light_squared": -0.0175,
    "chroma": 0.7492,
    "chroma_squared": -1.8001,
    "fine_roughness": 2.6449,
    "coarse_roughness": 0.7289,
    "lattice": -2.7211,
    "elongation": 2.1850,
    "dark_share": -4.6898,
    "light_grey_share": 1.4271,
    "chroma_around": -0.0000,
    "light_around": -6.0180,
    "light_chroma": 1.0520,
    "dark_chroma": 1.5310,
    "lattice_chroma": -3.7797,
    "lattice_light": 1.2711,
    "lightness": -4.1948,
    "light_contrast": 0.1039,
    "chroma_contrast": -1.5433,
    "dark_elongated": 2.2714,
    "dark_lattice": -15.8215,
    "hue": 0.0077,
}
