"""The four frame cameras as a procedure sees them: photograph one face of the frame that hangs at the photo spot.

Implementations fire the strobe, take every camera that looks at that face, store the pictures and say what was stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Face = Literal["rear", "front"]
FACES: tuple[Face, ...] = ("rear", "front")


@dataclass(frozen=True)
class FaceLabel:
    """Whose face it is: id of the inspection, hive, box from 1 at the bottom, frame from 1 at the back."""

    inspection: str
    hive: str
    box: int
    frame: int


@dataclass(frozen=True)
class CapturedFace:
    """What was stored: sha256 of each picture, in the order of `cameras` and `views` (left_half, right_half or whole)."""

    face: Face
    pictures: tuple[str, ...]
    cameras: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


class FaceCaptureError(Exception):
    """A face could not be photographed: which camera, why, what to do. The visit goes on without that face."""


class FaceCapture(Protocol):
    async def capture_face(self, face: Face, label: FaceLabel) -> CapturedFace:
        """Photograph a face; returns when the last picture is exposed and stored. Raises FaceCaptureError."""
        ...
