"""A process that writes a visit until it is killed, and says on stdout what the store has confirmed.

Usage: visit_writer.py ROOT SEED [LIMIT_BYTES]. Lines: "begun ID", "event ID", "picture SHA256", "face ID".
With LIMIT_BYTES no file may grow beyond it: the disk is full, as far as this process can tell.
"""

from __future__ import annotations

import random
import resource
import struct
import sys
from datetime import datetime, timezone
from pathlib import Path

from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import InspectionStart
from bee_robot.hive.inspection import EventKind, Phase, VisitEvent

NOON = datetime(2026, 6, 21, 12, 0, tzinfo=timezone.utc)
FRAMES = 10


def photograph(numbers: random.Random, size_bytes: int = 40_000) -> bytes:
    """Bytes with the header of a PNG of 80 x 60: the store looks no further."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 80, 60) + numbers.randbytes(size_bytes)


def confirm(what: str, value: object) -> None:
    sys.stdout.write(f"{what} {value}\n")
    sys.stdout.flush()


def write_visit(store: LocalStore, numbers: random.Random, name: str) -> None:
    visit = store.begin_inspection(InspectionStart(name, "linden", 1, FRAMES, NOON))
    confirm("begun", visit)
    for frame in range(1, FRAMES + 1):
        for face in ("rear", "front"):
            event = VisitEvent(float(frame), EventKind.FACE, Phase.FRAMES, frame, FRAMES, face)
            confirm("event", store.add_event(visit, event))
            pictures = []
            for side in ("left", "right"):
                data = photograph(numbers)
                sha256 = store.save_picture(
                    data,
                    camera=f"{face}_{side}",
                    view=f"{side}_half",
                    inspection=visit,
                    box=1,
                    frame=frame,
                    face=face,
                )
                confirm("picture", sha256)
                pictures.append(sha256)
            confirm("face", store.add_face(visit, box=1, frame=frame, face=face, pictures=pictures))


def main(root: str, seed: str, limit_bytes: str = "") -> int:
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit_bytes), int(limit_bytes)))
    try:
        with LocalStore.open(Path(root)) as store:
            while True:
                write_visit(store, random.Random(seed), f"tower_{seed}")
                if limit_bytes == "":
                    seed = f"{seed}+"
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        return 3


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
