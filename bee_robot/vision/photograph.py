"""A photograph as it comes from a camera or a person, and its careful way to pixels."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

View = Literal["whole", "left_half", "right_half"]
VIEWS: tuple[View, ...] = ("whole", "left_half", "right_half")

MAX_MEGAPIXELS = 80.0  # more than any camera the project knows; decoding needs 3 bytes a pixel
MIN_SIDE_PX = 128
WORKING_SIDE_PX = 1200  # a whole face then has about 14 px a cell, enough for every method here
UNDECODED_GREY, BLANK_ROWS = 128, 8  # what OpenCV leaves where a JPEG's data end too early
DARK_LEVEL = 8.0  # mean grey value of 255 below which a photograph counts as black
DIM_LEVEL = 60.0  # the brightest hundredth of a photograph that can be used is at least this light
LEAST_COLOUR = 4.0  # mean difference of the largest and smallest channel
FLAT_DEVIATION = 2.0  # standard deviation of grey values below which it shows nothing


class PhotographError(Exception):
    """A photograph that cannot be analysed: what is wrong, where (which photograph), what to do about it."""

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(f"{where}: {what}; {remedy}")
        self.what = what
        self.where = where
        self.remedy = remedy


@dataclass(frozen=True)
class Photograph:
    """Bytes of a JPEG or PNG file, which part of the face it shows, and its scale where that is known.

    view: "whole" face, or the "left_half" or "right_half" as seen by the camera. mm_per_pixel: at the
    plane of the comb, in pixels of the file, None when unknown (a photograph by a person). name: how
    messages call it, usually the file's name.
    """

    data: bytes
    view: View = "whole"
    mm_per_pixel: float | None = None
    name: str = "photograph"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Picture:
    """Decoded working copy. bgr: uint8 (H, W, 3), upright; `reduction` file pixels make one of its pixels."""

    bgr: NDArray[np.uint8]
    file_width_px: int
    file_height_px: int
    reduction: float

    @property
    def has_colour(self) -> bool:
        """False for grey-scale and infrared photographs."""
        sample = self.bgr[::8, ::8].astype(np.int16)
        return float((sample.max(axis=2) - sample.min(axis=2)).mean()) > LEAST_COLOUR


def decode(photograph: Photograph, longest_side_px: int = WORKING_SIDE_PX) -> Picture:
    """Check and decode a photograph to a working copy of at most `longest_side_px`.

    Looks at the header before it spends memory. Raises PhotographError when the file is empty, not a
    JPEG or PNG, cut off, too large or too small, or when it is black or shows nothing at all.
    """
    width_px, height_px = header_size(photograph.data, photograph.name)
    _refuse_size(width_px, height_px, photograph.name)
    _refuse_cut_off(photograph.data, photograph.name)
    divisor = next(n for n in (8, 4, 2, 1) if n == 1 or max(width_px, height_px) / n >= longest_side_px)
    flag = {
        1: cv2.IMREAD_COLOR,
        2: cv2.IMREAD_REDUCED_COLOR_2,
        4: cv2.IMREAD_REDUCED_COLOR_4,
        8: cv2.IMREAD_REDUCED_COLOR_8,
    }[divisor]
    decoded = cv2.imdecode(np.frombuffer(photograph.data, np.uint8), flag)
    if decoded is None:
        raise PhotographError(
            "the file is damaged and cannot be decoded", photograph.name, "take or copy the photograph again"
        )
    if bool((decoded[-BLANK_ROWS:] == UNDECODED_GREY).all()):
        raise _cut_off(photograph.name)
    longest_px = max(decoded.shape[:2])
    if longest_px > longest_side_px:
        shrink = longest_side_px / longest_px
        decoded = cv2.resize(decoded, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    _refuse_nothing_to_see(decoded, photograph.name)
    is_turned = (decoded.shape[1] > decoded.shape[0]) != (width_px > height_px)  # by the EXIF orientation
    if is_turned:
        width_px, height_px = height_px, width_px
    return Picture(np.asarray(decoded, np.uint8), width_px, height_px, width_px / decoded.shape[1])


def header_size(data: bytes, name: str) -> tuple[int, int]:
    """Width and height in pixels as the header of a JPEG or PNG file says, without decoding it."""
    if not data:
        raise PhotographError("the file is empty", name, "take or copy the photograph again")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        if len(data) < 24 or data[12:16] != b"IHDR":
            raise _cut_off(name)
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data.startswith(b"\xff\xd8"):
        return _jpeg_size(data, name)
    raise PhotographError(
        "this is not a JPEG or PNG picture",
        name,
        "give a .jpg or .png file (convert HEIC, WebP or raw files first)",
    )


def _jpeg_size(data: bytes, name: str) -> tuple[int, int]:
    """Walk the marker segments (ITU-T T.81, B.1.1) to the frame header SOFn."""
    position = 2
    while position + 9 <= len(data):
        if data[position] != 0xFF:
            break
        marker = data[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        length = struct.unpack(">H", data[position + 2 : position + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + length
    raise _cut_off(name)


def _refuse_size(width_px: int, height_px: int, name: str) -> None:
    size = f"{width_px} x {height_px} pixels"
    if width_px * height_px > MAX_MEGAPIXELS * 1e6:
        raise PhotographError(
            f"it has {size}, more than {MAX_MEGAPIXELS:.0f} megapixels",
            name,
            "scale it down; 12 megapixels show everything this program looks for",
        )
    if min(width_px, height_px) < MIN_SIDE_PX:
        raise PhotographError(
            f"it has only {size}",
            name,
            f"use a photograph of at least {MIN_SIDE_PX} pixels on its short side",
        )


def _refuse_cut_off(data: bytes, name: str) -> None:
    """OpenCV fills the missing part of a truncated file with grey, so look for the end marker ourselves."""
    end = b"IEND" if data.startswith(b"\x89PNG") else b"\xff\xd9"
    start_of_pixels = data.rfind(b"IDAT") if end == b"IEND" else data.rfind(b"\xff\xda")
    if start_of_pixels < 0 or data.find(end, start_of_pixels) < 0:
        raise _cut_off(name)


def _cut_off(name: str) -> PhotographError:
    return PhotographError(
        "the file is cut off, its end is missing", name, "copy or take the photograph again"
    )


def _refuse_nothing_to_see(bgr: NDArray[np.uint8], name: str) -> None:
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    mean, deviation = (float(value[0][0]) for value in cv2.meanStdDev(grey))
    if mean < DARK_LEVEL:
        raise PhotographError("it is black", name, "check lens cap, strobe and exposure, then take it again")
    if float(np.quantile(grey[::4, ::4], 0.99)) < DIM_LEVEL:
        raise PhotographError(
            "it is too dark to tell bees from comb", name, "check strobe and exposure, then take it again"
        )
    if deviation < FLAT_DEVIATION:
        raise PhotographError(
            "it shows one even tone and nothing else",
            name,
            "check focus, exposure and what the camera looks at",
        )
