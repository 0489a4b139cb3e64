"""A tower on the workbench: firmware and plant behind a pipe, minutes of a visit in seconds."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bee_robot.configuration import RobotConfiguration, load
from bee_robot.extraction.context import VisitContext
from bee_robot.extraction.findings import findings
from bee_robot.extraction.journal import CLOSED_STEP, PLACES_SUFFIX, PlaceFile
from bee_robot.extraction.workbench import Workbench
from bee_robot.hive.inspection import EventKind, Phase, VisitEvent

ROOT = Path(__file__).resolve().parents[2]
ROBOT_FILE = ROOT / "config" / "robots" / "tower.yaml"


@pytest.fixture(scope="session")
def robot() -> RobotConfiguration:
    """The reference tower around the reference hive: three boxes of ten frames."""
    return load(ROBOT_FILE)


@pytest.fixture
def bench(robot: RobotConfiguration, tmp_path: Path) -> Iterator[Bench]:
    workbench = Bench(robot, tmp_path)
    yield workbench
    workbench.close()


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[[RobotConfiguration], Bench]]:
    """Workbenches of other robot files."""
    made: list[Bench] = []

    def make(robot: RobotConfiguration) -> Bench:
        made.append(Bench(robot, tmp_path))
        return made[-1]

    yield make
    for workbench in made:
        workbench.close()


@pytest.fixture
def controller_bench(
    robot: RobotConfiguration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    """The same workbench around the controller's own program, in simavr."""
    if not (shutil.which("avr-gcc") and Path("/usr/include/simavr/sim_avr.h").is_file()):
        pytest.skip(
            "Debian packages missing: gcc-avr, avr-libc, libsimavr-dev (tools/debian_packages --install)"
        )
    subprocess.run(["make", "-s", "-C", str(ROOT / "firmware"), "mega2560-bench"], check=True, timeout=300)
    library = ROOT / "build" / "firmware" / "mega2560" / "libbee_mega2560.so"
    monkeypatch.setenv("BEE_HOST_LIBRARY", str(library))
    workbench = Bench(robot, tmp_path)
    yield workbench
    workbench.close()


class Bench(Workbench):
    """A workbench whose trouble comes at a moment that a story can name."""

    def when(
        self, kind: EventKind | Phase, do: Callable[[], object], frame: int = 0, after_s: float = 0.0
    ) -> None:
        """Once: `after_s` seconds after a phase began, or after something happened to a frame."""
        has_come = []

        def hear(event: VisitEvent) -> None:
            is_it = (
                event.kind is EventKind.PHASE and event.phase is kind
                if isinstance(kind, Phase)
                else event.kind is kind and event.frame == frame
            )
            if is_it and not has_come:
                has_come.append(event)
                if after_s:
                    self.later(after_s, do)
                else:
                    do()

        self.listeners.append(hear)

    def stop_after_frame(self, number: int) -> None:
        """Short stories: the visit is asked to end after this frame."""
        self.when(EventKind.FRAME_DONE, lambda: self.control.request_stop("enough seen"), frame=number)

    def press_estop(self) -> None:
        self.twin.knobs.estop_pressed = True

    def release_estop(self) -> None:
        self.twin.knobs.estop_pressed = False

    def kill_extractor(self) -> None:
        """The process dies: no byte leaves it any more, and its journal ends here."""
        self.is_cable_pulled = True
        left_behind = self.journal_path.with_name("left_behind.sqlite")
        with sqlite3.connect(self.journal_path) as journal, sqlite3.connect(left_behind) as copy:
            journal.backup(copy)
        shutil.copyfile(self.journal_path.with_suffix(PLACES_SUFFIX), left_behind.with_suffix(PLACES_SUFFIX))

    def restart_extractor(self) -> None:
        self.is_cable_pulled = False
        self.forget_journal()
        left_behind = self.journal_path.with_name("left_behind.sqlite")
        for suffix in (".sqlite", PLACES_SUFFIX):
            shutil.move(left_behind.with_suffix(suffix), self.journal_path.with_suffix(suffix))

    def forget_journal(self) -> None:
        for file in self.journal_path.parent.glob("journal.*"):
            file.unlink()

    def journal_steps(self) -> list[str]:
        with sqlite3.connect(self.journal_path) as journal:
            return [step for (step,) in journal.execute("SELECT step FROM journal ORDER BY id")]

    def journal_beliefs(self) -> list[str]:
        with sqlite3.connect(self.journal_path) as journal:
            return [belief for (belief,) in journal.execute("SELECT belief FROM journal ORDER BY id")]

    def kept_places(self) -> dict[str, Any]:
        record = PlaceFile(self.journal_path.with_suffix(PLACES_SUFFIX)).read()
        assert record is not None
        return record

    def finds(self) -> str:
        """What journal and machine say of a hive that was left open."""

        async def look(context: VisitContext) -> str:
            return findings(context.robot, context.journal, context.tower.state)

        return self.run(look)

    def journal_adds(self, step: str, belief: str, box: int = 1, hive: str = "") -> None:
        """Somebody else writes into the journal: `belief` as text, which may be anything."""
        with sqlite3.connect(self.journal_path) as journal:
            journal.execute(
                "INSERT INTO journal (written_utc, robot_s, inspection, hive, box, step, belief, note) "
                "VALUES ('2026-06-21T10:00:00+00:00', 0, '', ?, ?, ?, ?, '')",
                (hive or self.robot.hive.name, box, step, belief),
            )

    def journal_knows(self, box: int, places_mm: dict[int, float]) -> None:
        """The journal of an earlier visit: how it left the frames of a box."""
        frames = {str(number): y for number, y in places_mm.items()}
        self.run(lambda context: asyncio.sleep(0))
        self.journal_adds(CLOSED_STEP, json.dumps({"frames_y_mm": frames, "push": -1}), box)

    @property
    def edges_mm(self) -> list[float]:
        """What the plant knows: lower edges of the stack above the rim, left and right."""
        return list(self.twin.truth().edge_mm)

    def frames_y_mm(self, box: int) -> list[float]:
        """What the plant knows: where the frames of a box stand, mean of both pins."""
        frames = self.twin.truth().frames[box - 1]
        return [sum(frames[index].y_mm) / 2 for index in range(self.robot.hive.box(box).frames_per_box)]

    def says(self, kind: EventKind) -> list[VisitEvent]:
        return [event for event in self.events if event.kind is kind]


__all__ = ["Bench"]
