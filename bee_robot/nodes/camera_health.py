"""What frame_cameras says of each camera, for diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bee_robot.clock import Clock
from bee_robot.nodes.diagnostics import Status


@dataclass
class _Record:
    pictures: int = 0
    failures: int = 0
    last_s: float | None = None
    trouble: str = ""


class CameraHealth:
    """Counts pictures and failures of cameras by their names; ages are of robot time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: dict[str, _Record] = {}

    def took(self, name: str) -> None:
        record = self._record(name)
        record.pictures, record.last_s, record.trouble = record.pictures + 1, self._clock.now_s(), ""

    def failed(self, name: str, because: str) -> None:
        record = self._record(name)
        record.failures, record.trouble = record.failures + 1, because

    def task(self, name: str) -> Callable[[Status], None]:
        return lambda status: self._look(self._record(name), status)

    def _record(self, name: str) -> _Record:
        return self._records.setdefault(name, _Record())

    def _look(self, record: _Record, status: Status) -> None:
        age_s = None if record.last_s is None else self._clock.now_s() - record.last_s
        status.values |= {
            "pictures": record.pictures,
            "failures": record.failures,
            "last_picture_age_s": age_s,
        }
        if record.trouble:
            status.error(record.trouble, "camera_failed")
        elif age_s is None:
            status.ok("no picture was asked for yet")
        else:
            status.ok(f"last picture {age_s:.0f} s ago")
