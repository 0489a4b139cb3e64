"""Pictures of the store as data URIs: small enough that a report of twenty faces can be sent by mail."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import FaceRecord, StoredPicture

PAGE_BYTES = 8_000_000  # of pictures in a report; as text in the page they take a third more
LONG_SIDE_PX = 900  # of a photograph; the straightened face is shown as it is
STRAIGHT_LONG_SIDE_PX = 1640
LEAST_LONG_SIDE_PX = 400  # smaller is not worth showing, whatever the page weighs
JPEG_QUALITIES = (84, 76, 66, 55)
VIEW_ORDER = ("whole", "left_half", "right_half")


@dataclass(frozen=True)
class ShownPicture:
    """What the report shows for a picture: a data URI with its size, or why there is nothing to show."""

    picture: StoredPicture
    uri: str
    width_px: int
    height_px: int
    trouble: str


class PictureShelf:
    """Shrinks each picture once, however often it is shown. pictures: how many share the page."""

    def __init__(self, store: LocalStore, pictures: int = 20) -> None:
        self._store = store
        self._most_bytes = PAGE_BYTES // max(pictures, 1)
        self._shrunk = lru_cache(maxsize=None)(self._shrink)

    def show(self, pictures: tuple[StoredPicture, ...]) -> tuple[ShownPicture, ...]:
        """In the order in which they lie beside each other on the face, as the camera sees it."""
        ordered = sorted(pictures, key=lambda picture: VIEW_ORDER.index(picture.view))
        return tuple(
            ShownPicture(picture, *self._shrunk(picture.sha256, picture.is_straightened))
            for picture in ordered
        )

    def _shrink(self, sha256: str, is_straightened: bool) -> tuple[str, int, int, str]:
        try:
            data = self._store.picture_bytes(sha256)
        except StoreError as error:
            return "", 0, 0, error.what
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            return "", 0, 0, "the picture cannot be decoded"
        height_px, width_px = pixels.shape[:2]
        longest_px = STRAIGHT_LONG_SIDE_PX if is_straightened else LONG_SIDE_PX
        scale = min(1.0, longest_px / max(height_px, width_px))
        if scale == 1.0 and data[:2] == b"\xff\xd8" and len(data) <= self._most_bytes:
            return _uri(data), width_px, height_px, ""
        size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
        if scale < 1.0:
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        return _uri(self._encoded(pixels.astype(np.uint8, copy=False))), *size, ""

    def _encoded(self, pixels: NDArray[np.uint8]) -> bytes:
        """The best quality that fits its share of the page; where none does, the picture becomes smaller."""
        while True:
            for quality in JPEG_QUALITIES:
                data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
                if len(data) <= self._most_bytes:
                    return bytes(data)
            if max(pixels.shape[:2]) <= LEAST_LONG_SIDE_PX:
                return bytes(data)
            smaller = cv2.resize(pixels, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
            pixels = smaller.astype(np.uint8, copy=False)


def _uri(data: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


def pictures_of(face: FaceRecord) -> tuple[StoredPicture, ...]:
    """What the report shows of a face: the straightened picture, else the photographs."""
    if face.latest is not None and face.latest.straight:
        return face.latest.straight
    return face.pictures
