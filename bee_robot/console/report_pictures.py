"""Pictures of the store as data URIs: small enough that a report of twenty faces can be sent by mail."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import StoredPicture

LONG_SIDE_PX = 900
JPEG_QUALITY = 78
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
    """Shrinks each picture once, however often it is shown."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self._shrunk = lru_cache(maxsize=None)(self._shrink)

    def show(self, pictures: tuple[StoredPicture, ...]) -> tuple[ShownPicture, ...]:
        """In the order in which they lie beside each other on the face, as the camera sees it."""
        ordered = sorted(pictures, key=lambda picture: VIEW_ORDER.index(picture.view))
        return tuple(ShownPicture(picture, *self._shrunk(picture.sha256)) for picture in ordered)

    def _shrink(self, sha256: str) -> tuple[str, int, int, str]:
        try:
            data = self._store.picture_bytes(sha256)
        except StoreError as error:
            return "", 0, 0, error.what
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            return "", 0, 0, "the picture cannot be decoded"
        height_px, width_px = pixels.shape[:2]
        scale = min(1.0, LONG_SIDE_PX / max(height_px, width_px))
        size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
        if scale < 1.0:
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
        return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}", *size, ""
