"""Files that people and cameras hand over as photographs, good and bad."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from bee_robot.vision.photograph import WORKING_SIDE_PX, Photograph, PhotographError, decode

PHOTOS = Path(__file__).parents[2] / "data" / "photos"


def _jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()


def _huge_png_header() -> bytes:
    """A valid header of 20000 x 10000 pixels with next to nothing behind it: decoding would take 600 MB."""
    header = struct.pack(">IIBBBBB", 20_000, 10_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + b"IDATIEND"
    )


def _noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)


GOOD = (PHOTOS / "honey_frame.jpg").read_bytes()
BAD_FILES = {
    "empty": (b"", "empty"),
    "a text": (b"Dear beekeeper, " * 50, "not a JPEG or PNG"),
    "a PDF": (b"%PDF-1.7 " + bytes(500), "not a JPEG or PNG"),
    "cut off in the picture": (GOOD[: len(GOOD) // 2], "cut off"),
    "cut off in the header": (GOOD[:40], "cut off"),
    "data missing in the middle": (GOOD[:40_000] + b"\xff\xd9", "cut off"),
    "damaged": (GOOD[:300] + bytes(3000) + GOOD[-400:], "damaged|cut off"),
    "one pixel": (_jpeg(np.full((1, 1, 3), 90, np.uint8)), "only 1 x 1 pixels"),
    "200 megapixels": (_huge_png_header(), "20000 x 10000 pixels, more than 80 megapixels"),
    "black": (_jpeg(np.zeros((600, 800, 3), np.uint8)), "black"),
    "underexposed": (
        _jpeg((cv2.imdecode(np.frombuffer(GOOD, np.uint8), 1) * 0.15).astype(np.uint8)),
        "too dark",
    ),
    "one grey": (_jpeg(np.full((600, 800, 3), 150, np.uint8)), "one even tone"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_photograph_is_refused_with_what_where_and_a_remedy(kind: str) -> None:
    data, what = BAD_FILES[kind]
    with pytest.raises(PhotographError, match=what) as refusal:
        decode(Photograph(data, name="hive-3/frame-2.jpg"))
    assert refusal.value.where == "hive-3/frame-2.jpg"
    assert refusal.value.remedy
    assert str(refusal.value).startswith("hive-3/frame-2.jpg: ")


def test_a_large_photograph_is_reduced_while_it_is_decoded() -> None:
    picture = decode(Photograph(_jpeg(_noise(3000, 4000))))
    assert max(picture.bgr.shape) == WORKING_SIDE_PX
    assert (picture.file_width_px, picture.file_height_px) == (4000, 3000)
    assert picture.reduction == pytest.approx(4000 / WORKING_SIDE_PX)


def test_png_is_as_good_as_jpeg() -> None:
    original = cv2.imdecode(np.frombuffer(GOOD, np.uint8), cv2.IMREAD_COLOR)
    picture = decode(Photograph(cv2.imencode(".png", original)[1].tobytes()))
    assert np.array_equal(picture.bgr, original)


def test_a_phone_held_upright_is_turned_by_its_exif_orientation() -> None:
    tiff = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + tiff
    plain = _jpeg(_noise(300, 400))
    turned = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]
    picture = decode(Photograph(turned))
    assert picture.bgr.shape[:2] == (400, 300)
    assert (picture.file_width_px, picture.file_height_px) == (300, 400)
