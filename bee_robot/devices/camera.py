"""One frame camera: contract, hardware (V4L2 through OpenCV), and what stands in for it on the twin.

A frame camera sees half a face of the comb frame that hangs at the photo spot: the left half or the right half as one
looks at that face. A photograph is a JPEG file; nothing re-encodes it on the way to the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from bee_robot.configuration import CameraConfiguration

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png")
PICTURE_FORMATS = {b"\xff\xd8": "jpeg", b"\x89P": "png"}
JPEG_QUALITY = 92


class CameraError(Exception):
    """A camera gave no picture: which one, why, what to do."""


@dataclass(frozen=True)
class Photograph:
    """One picture as it left the camera. `view`: left_half, right_half or whole (of the face); `source`: for people."""

    camera: str
    view: str
    data: bytes
    width_px: int
    height_px: int
    source: str

    @property
    def format(self) -> str:
        """jpeg or png, as sensor_msgs/CompressedImage names it."""
        return PICTURE_FORMATS[self.data[:2]]


class Camera(Protocol):
    """`grab` returns a picture exposed after the call began, or None where this camera has no part in the face."""

    async def grab(self) -> Photograph | None: ...


def view_of(name: str) -> str:
    """Which half of the face a camera sees. The rear camera on the left beam sees the left half of the rear face; who looks
    at the front face looks the other way, so left and right change places there."""
    face, beam = name.split("_")
    is_left_half = (beam == "left") == (face == "rear")
    return "left_half" if is_left_half else "right_half"


def _encode(camera: str, image: np.ndarray, source: str) -> Photograph:
    done, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise CameraError(f"camera {camera}: the picture could not be encoded as JPEG")
    return Photograph(camera, view_of(camera), buffer.tobytes(), image.shape[1], image.shape[0], source)


class VideoCamera:
    """A V4L2 or USB camera. The newest picture is taken: what the driver had queued before is thrown away."""

    QUEUED_PICTURES = 4

    def __init__(self, name: str, configuration: CameraConfiguration) -> None:
        if not configuration.device:
            raise CameraError(f"camera {name}: no device; set cameras.{name}.device in the robot file")
        self.name = name
        self._configuration = configuration
        self._capture: cv2.VideoCapture | None = None

    async def grab(self) -> Photograph:
        return await asyncio.to_thread(self._grab)

    def _grab(self) -> Photograph:
        capture = self._capture or self._open()
        for _ in range(self.QUEUED_PICTURES):
            capture.grab()
        is_read, image = capture.read()
        if not is_read:
            self._capture = None
            raise CameraError(
                f"camera {self.name}: {self._configuration.device} gave no picture; check its cable"
            )
        return _encode(self.name, image, self._configuration.device)

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(self._configuration.device, cv2.CAP_V4L2)
        if not capture.isOpened():
            raise CameraError(
                f"camera {self.name}: cannot open {self._configuration.device}; check cable and rights"
            )
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._configuration.width_px)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._configuration.height_px)
        self._capture = capture
        return capture


class SimulatedCamera:
    """Asks the twin what it sees: `look(name, width_px, height_px)` gives an encoded picture."""

    def __init__(
        self, name: str, configuration: CameraConfiguration, look: Callable[[str, int, int], Awaitable[bytes]]
    ) -> None:
        self.name = name
        self._configuration = configuration
        self._look = look

    async def grab(self) -> Photograph:
        data = await self._look(self.name, self._configuration.width_px, self._configuration.height_px)
        return Photograph(
            self.name,
            view_of(self.name),
            data,
            self._configuration.width_px,
            self._configuration.height_px,
            "rendered",
        )


class PhotoFolder:
    """The photographs of a folder in the order of their names, one for each face that is asked for, again from the start
    at the end. Files that are no JPEG or PNG are left out and named in `skipped`."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise CameraError(
                f"photographs: {folder} is not a folder; give a folder with JPEG or PNG files (--photos DIR)"
            )
        self.folder = folder
        self.skipped: list[str] = []
        self.paths: list[Path] = []
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file():
                self._sort_in(path)
        if not self.paths:
            unread = f" ({'; '.join(self.skipped)})" if self.skipped else ""
            raise CameraError(
                f"photographs: no readable picture in {folder}{unread}; put JPEG or PNG files there"
            )
        self._next = 0

    def _sort_in(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                is_picture = file.read(2) in PICTURE_FORMATS
        except OSError as error:
            self.skipped.append(f"{path.name}: {error.strerror}")
            return
        if is_picture:
            self.paths.append(path)
        else:
            self.skipped.append(f"{path.name}: not a JPEG or PNG picture")

    def take(self, camera: str) -> Photograph:
        path = self.paths[self._next % len(self.paths)]
        self._next += 1
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CameraError(f"camera {camera}: cannot read {path} ({error.strerror})") from None
        size = _header_size(data)
        return Photograph(camera, "whole", data, size[0], size[1], path.name)


def _header_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels; (0, 0) where the picture cannot be decoded (the analysis will say so)."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    return (0, 0) if image is None else (image.shape[1] * 8, image.shape[0] * 8)


class FolderCamera:
    """Delivers whole-face photographs from a folder; the camera on the right beam leaves the face to the left one."""

    def __init__(self, name: str, folder: PhotoFolder) -> None:
        self.name = name
        self._folder = folder

    async def grab(self) -> Photograph | None:
        return self._folder.take(self.name) if self.name.endswith("_left") else None
