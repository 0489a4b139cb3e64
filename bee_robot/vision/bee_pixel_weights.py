"""Weights of bee_pixels, written by tools/train/fit_bee_pixels.py (data: NOTICE); do not edit by hand."""

from __future__ import annotations

BIAS = 8.6589
WEIGHTS = {
    "light": 1.1363,
    "light_squared": 0.2140,
    "chroma": 0.5809,
    "chroma_squared": -1.6458,
    "fine_roughness": 0.2123,
    "coarse_roughness": -1.8373,
    "lattice": -2.5213,
    "elongation": 2.3097,
    "dark_share": -4.7407,
    "light_grey_share": 1.7740,
    "chroma_around": -0.0560,
    "light_around": -4.8011,
    "light_chroma": 0.8975,
    "dark_chroma": -0.3135,
    "lattice_chroma": -3.4808,
    "lattice_light": 1.3345,
    "lightness": -2.3110,
    "darkest": -2.0936,
    "darkest_lightness": -4.7527,
    "light_contrast": 0.4187,
    "chroma_contrast": -1.4666,
    "dark_elongated": 1.4993,
    "dark_lattice": -14.9779,
    "hue": 0.1938,
}
