"""Writes one visit into the local store as it happens.

A store that fails (disk full, say) must never keep a hive open: the trouble is told once and the visit goes on; its
journal, which the procedure itself insists on, is another file.
"""

from __future__ import annotations

from collections.abc import Callable

from bee_robot.clock import Clock
from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import FACES, InspectionStart, InspectionState, LoadSample
from bee_robot.hive.inspection import EventKind, VisitEvent, VisitOutcome
from bee_robot.rulebook import Violation

LOADS_IN_ONE_WRITE = 10


class VisitRecorder:
    """One inspection of the store. `trouble` is told, once, why results are being lost."""

    def __init__(
        self,
        store: LocalStore,
        inspection: str,
        box: int,
        clock: Clock,
        trouble: Callable[[str], None],
        is_to_end: bool = True,
    ) -> None:
        self._store, self._clock, self._trouble = store, clock, trouble
        self.inspection, self._box, self._is_to_end = inspection, box, is_to_end
        self._photographed: set[tuple[int, str]] = set()
        self._camera_trouble = ""
        self._loads: list[LoadSample] = []
        self._is_in_trouble = False

    @classmethod
    def begin(
        cls, store: LocalStore, start: InspectionStart, clock: Clock, trouble: Callable[[str], None]
    ) -> VisitRecorder:
        """A new inspection. Raises StoreError: a visit that cannot be recorded does not begin."""
        return cls(store, store.begin_inspection(start), start.box, clock, trouble)

    @classmethod
    def resume(
        cls, store: LocalStore, inspection: str, clock: Clock, trouble: Callable[[str], None]
    ) -> VisitRecorder:
        """Recovery goes on with the inspection that it mends; one that has ended keeps its end. Raises StoreError."""
        record = store.inspection(inspection)
        is_to_end = record.state is InspectionState.INTERRUPTED
        return cls(store, inspection, record.start.box, clock, trouble, is_to_end)

    def take_event(self, event: VisitEvent) -> None:
        self._write(lambda: self._store.add_event(self.inspection, event))
        if event.kind is EventKind.FACE:
            self._write(lambda: self._add_face(event))
        elif event.kind is EventKind.FRAME_DONE:
            self._write(lambda: self._add_missing_faces(event.frame))
        elif event.kind is EventKind.ALERT and event.data.get("alert") == "camera_failed":
            self._camera_trouble = event.text

    def take_violation(self, violation: Violation) -> None:
        self._write(lambda: self._store.add_violation(self.inspection, violation))

    def take_loads(self, sample: LoadSample) -> None:
        self._loads.append(sample)
        if len(self._loads) >= LOADS_IN_ONE_WRITE:
            self._flush_loads()

    def end(self, outcome: VisitOutcome) -> None:
        self._flush_loads()
        if self._is_to_end:
            self._write(lambda: self._store.end_inspection(self.inspection, outcome))

    def _flush_loads(self) -> None:
        samples, self._loads = self._loads, []
        if samples:
            self._write(lambda: self._store.add_loads(self.inspection, samples))

    def _add_face(self, event: VisitEvent) -> None:
        face = str(event.data["face"])
        self._photographed.add((event.frame, face))
        self._store.add_face(
            self.inspection,
            box=self._box,
            frame=event.frame,
            face=face,
            pictures=str(event.data["pictures"]).split(","),
            taken_utc=self._clock.utc(),
        )

    def _add_missing_faces(self, frame: int) -> None:
        because = self._camera_trouble or "the visit was ended before the photograph"
        self._camera_trouble = ""
        for face in FACES:
            if (frame, face) not in self._photographed:
                self._store.add_face(
                    self.inspection, box=self._box, frame=frame, face=face, missing_because=because
                )

    def _write(self, write: Callable[[], object]) -> None:
        try:
            write()
        except StoreError as error:
            if not self._is_in_trouble:
                self._is_in_trouble = True
                self._trouble(str(error))
