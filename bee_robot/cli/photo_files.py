"""Photographs that a person names on the command line: files, and folders for the pictures in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bee_robot.devices.camera import PHOTO_SUFFIXES

MOST_BYTES = 200_000_000  # a file beyond this is no photograph
LONGEST_NAME_BYTES = 180  # of an output file before its ending; file systems take 255
OUTPUT_ENDINGS = (".json", ".annotated.jpg")


class PhotoFileError(Exception):
    """A file cannot be read as a photograph: what, where, what to do, in one line."""


@dataclass(frozen=True)
class Named:
    """What the arguments name. notes: words about what was left out."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def shown(path: Path) -> str:
    """A name that can be printed: bytes that are no UTF-8, and characters that would move the cursor, become "?"."""
    text = os.fsencode(path).decode("utf-8", "replace").replace("\ufffd", "?")
    return "".join(character if character.isprintable() else "?" for character in text)


def named_photos(arguments: Sequence[Path]) -> Named:
    """Every file once, in the order given; a folder stands for the JPEG and PNG files in it, in order of their names."""
    files: list[Path] = []
    notes: list[str] = []
    for given in arguments:
        if given.is_dir():
            inside, words = _in_folder(given)
            files += inside
            notes += words
        else:
            files.append(given)
    once: dict[Path, Path] = {}
    for file in files:
        whole = Path(os.path.realpath(file))
        if whole in once:
            notes.append(f"{shown(file)}: given twice, analysed once")
        once.setdefault(whole, file)
    return Named(tuple(once.values()), tuple(dict.fromkeys(notes)))


def _in_folder(folder: Path) -> tuple[list[Path], list[str]]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        return [], [f"{shown(folder)}: the folder cannot be read ({error.strerror}); check its permissions"]
    pictures = [entry for entry in entries if entry.suffix.lower() in PHOTO_SUFFIXES and entry.is_file()]
    others = len(entries) - len(pictures)
    if not pictures:
        return [], [f"{shown(folder)}: no JPEG or PNG file in this folder; give photographs or their folder"]
    if others:
        return pictures, [f"{shown(folder)}: {others} that are no JPEG or PNG files left out"]
    return pictures, []


def read_photo(path: Path) -> bytes:
    """The bytes of a file. Raises PhotoFileError, before memory is spent on something huge."""
    name = shown(path)
    try:
        if not path.exists():
            raise PhotoFileError(f"{name}: there is no such file; check the name")
        if not path.is_file():
            raise PhotoFileError(f"{name}: this is not a file with a photograph; give a JPEG or PNG file")
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise PhotoFileError(
                f"{name}: {size / 1e6:.0f} MB are too much for a photograph; give a JPEG of it"
            )
        return path.read_bytes()
    except OSError as error:
        raise PhotoFileError(f"{name}: it cannot be read ({error.strerror}); check its permissions") from None


def write_beside(folder: Path, photo: Path, contents: tuple[bytes, bytes]) -> tuple[Path, Path]:
    """Write <name>.json and <name>.annotated.jpg; <name>-2 and so on where files of that name are there. Raises OSError."""
    stem = os.fsdecode(os.fsencode(photo.stem)[:LONGEST_NAME_BYTES])
    number = 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        paths = (folder / (name + OUTPUT_ENDINGS[0]), folder / (name + OUTPUT_ENDINGS[1]))
        number += 1
        if any(os.path.lexists(path) for path in paths):
            continue
        for path, content in zip(paths, contents):
            with path.open("xb") as file:
                file.write(content)
        return paths
