"""Pictures as files named after their content: pictures/ab/cdef….jpg, where abcdef… is the SHA-256 of the bytes.

The same bytes are stored once. A file appears under its name complete and synced, or not at all.
"""

from __future__ import annotations

import hashlib
import os
import struct
import uuid
from dataclasses import dataclass
from pathlib import Path

from bee_robot.cloud.errors import StoreError, explained

SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png"}
_JPEG_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True)
class PictureHeader:
    media_type: str
    width_px: int
    height_px: int


class NotAPicture(ValueError):
    """The bytes are no JPEG or PNG picture."""


def read_header(data: bytes) -> PictureHeader:
    """Media type and size from the first bytes, without decoding. Raises NotAPicture.

    Formats: ITU-T T.81 annex B (segments up to a start of frame); PNG specification, IHDR chunk.
    """
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        width_px, height_px = struct.unpack(">II", data[16:24])
        return PictureHeader("image/png", width_px, height_px)
    if data[:2] == b"\xff\xd8":
        return _jpeg_header(data)
    raise NotAPicture(f"{len(data)} bytes that are no JPEG or PNG picture")


def _jpeg_header(data: bytes) -> PictureHeader:
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _JPEG_BARE_MARKERS:
            at += 2
            continue
        if marker in _JPEG_FRAME_MARKERS and at + 9 <= len(data):
            height_px, width_px = struct.unpack(">HH", data[at + 5 : at + 9])
            return PictureHeader("image/jpeg", width_px, height_px)
        at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
    raise NotAPicture(f"{len(data)} bytes that begin like a JPEG picture but hold none")


class PictureFiles:
    """The folder of pictures. Safe for several processes at once and after a kill at any instant."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"

    def create(self) -> None:
        with explained(self.root):
            self.incoming.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str, media_type: str) -> Path:
        return self.root / sha256[:2] / f"{sha256[2:]}{SUFFIXES[media_type]}"

    def save(self, data: bytes, media_type: str) -> str:
        """Store bytes durably; returns their SHA-256. Raises StoreError."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(sha256, media_type)
        with explained(path):
            if path.is_file() and path.stat().st_size == len(data):
                return sha256
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                _sync_folder(self.root)
            temporary = self.incoming / f"{os.getpid()}-{uuid.uuid4().hex}"
            try:
                with open(temporary, "xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            _sync_folder(path.parent)
        return sha256

    def read(self, sha256: str, media_type: str) -> bytes:
        """The bytes, checked against their name. Raises StoreError where they are missing or damaged."""
        path = self.path(sha256, media_type)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise StoreError(path, "a picture is missing", "restore it from a copy of the store") from None
        except OSError as error:
            raise StoreError(
                path, f"a picture cannot be read ({error.strerror})", "check the disk"
            ) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreError(
                path,
                "a picture is damaged: its bytes are not those stored",
                "restore it from a copy of the store",
            )
        return data

    def stored(self) -> set[str]:
        """SHA-256 of every complete file, by name."""
        return {
            f"{path.parent.name}{path.stem}"
            for path in self.root.glob("??/*")
            if path.suffix in SUFFIXES.values()
        }

    def leftovers(self) -> list[Path]:
        """Files that a killed writer did not finish."""
        return sorted(self.incoming.glob("*"))


def _sync_folder(folder: Path) -> None:
    """Make a new or renamed entry survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
