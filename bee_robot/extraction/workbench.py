"""A whole tower in one process: firmware, plant, serial tower and procedure on virtual time. For tests and benches.

Nothing here is a simulated tower: the bytes of the serial line go to the firmware through a pipe in memory. Ten minutes
of a visit take a few seconds, and the same seed takes the same steps.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from bee_robot.clock import Clock, SteppedClock
from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.frame_cameras import CapturedFace, Face, FaceCapture, FaceLabel
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Output, Tower
from bee_robot.extraction.context import RimState, VisitContext
from bee_robot.extraction.control import VisitControl
from bee_robot.extraction.journal import Journal
from bee_robot.extraction.recovery import recover
from bee_robot.extraction.visit import inspect_box
from bee_robot.hive.inspection import VisitEvent, VisitOutcome
from bee_robot.mcu.transport import PipeTransport
from bee_robot.sim.bees_on_comb import SideBees
from bee_robot.sim.plant_setup import HiveMasses
from bee_robot.sim.referee import Referee
from bee_robot.sim.twin import Twin
from bee_robot.sim.virtual_time import run_virtual
from bee_robot.sim.weather import simulated_noon

T = TypeVar("T")
LOOK_S = 20.0
SEEN_BEES = 1.0
EXPOSURE_S = 0.1  # robot time that a face costs: two flashes and their exposures
LIMIT_S = 3600.0  # of robot time for one procedure


@dataclass(frozen=True)
class EvenHive:
    """A hive in which every frame and every box weighs the same, kg. The queen is in front of the middle of box 1."""

    frame_kg: float = 2.0
    box_kg: float = 6.0
    face_bees: int = 600

    def frame_mass_kg(self, box: int, frame: int) -> float:
        return self.frame_kg

    def box_mass_kg(self, box: int) -> float:
        return self.box_kg

    def bees_on(self, box: int, frame: int, side: str) -> SideBees:
        is_hers = (box, frame, side) == (1, 5, "front")
        return SideBees(self.face_bees, 0, (0.0, 0.0) if is_hers else None)


@dataclass(frozen=True)
class FlashOnly:
    """Frame cameras that flash and expose, and give a name instead of a picture: what a procedure needs of them."""

    tower: Tower
    clock: Clock

    async def capture_face(self, face: Face, label: FaceLabel) -> CapturedFace:
        pictures = []
        for half in ("left", "right"):
            await self.tower.set_output(Output.STROBE, 1.0)
            await self.clock.sleep(EXPOSURE_S / 2)
            pictures.append(hashlib.sha256(f"{label}{face}{half}".encode()).hexdigest())
        return CapturedFace(
            face, tuple(pictures), (f"{face}_left", f"{face}_right"), ("left_half", "right_half")
        )


class Workbench:
    """One tower around one hive.

    `folder` keeps the journal. `cameras` makes the frame cameras from tower and clock (FlashOnly where none are given).
    `twin.knobs` turns faults; `listeners` hear every event of a visit as it happens, and may turn knobs then.
    Raises TwinError where the firmware is not built.
    """

    def __init__(
        self,
        robot: RobotConfiguration,
        folder: Path,
        hive: HiveMasses | None = None,
        seed: int = 1,
        cameras: Callable[[Tower, Clock], FaceCapture] = FlashOnly,
    ) -> None:
        self.robot = robot
        self.clock = SteppedClock()
        self.clock.set_calendar(simulated_noon(robot))
        self.twin = Twin(robot, hive or EvenHive(), seed)
        self._referee = Referee()
        self.twin.watch(self._referee)
        self.twin.power_on()
        self.journal_path = folder / "journal.sqlite"
        self.control = VisitControl()
        self.events: list[VisitEvent] = []
        self.listeners: list[Callable[[VisitEvent], None]] = []
        self.rim: list[RimState] = []
        """What the next looks at the rim will see; the last one stays. Empty: what the plant has on the rim."""
        self.tower: SerialTower | None = None
        self.is_cable_pulled = False
        """While True no byte passes between host and board, in either direction."""
        self._cable_in_use: PipeTransport | None = None
        self._make_cameras = cameras
        self._waiting: set[asyncio.Task[None]] = set()

    @property
    def referee(self) -> Referee:
        """It has judged everything up to now."""
        self.twin.show()
        return self._referee

    def inspect(self, box: int, **changes: Any) -> VisitOutcome:
        """One visit, in a process of its own as far as tower and journal are concerned. `changes`: of the VisitContext."""
        return self.run(lambda context: inspect_box(replace(context, **changes), box))

    def recover(self) -> VisitOutcome:
        return self.run(recover)

    def run(self, procedure: Callable[[VisitContext], Coroutine[Any, Any, T]], limit_s: float = LIMIT_S) -> T:
        """Connect to the board, run a procedure to its end, let go. `limit_s`: most robot time that it may take."""
        until_s = self.clock.now_s() + limit_s
        return run_virtual(self._run(procedure), self.clock, self.twin, until_s)

    async def _run(self, procedure: Callable[[VisitContext], Awaitable[T]]) -> T:
        context = await self.connect()
        try:
            return await procedure(context)
        finally:
            context.journal.close()
            if self.tower is not None:
                await self.tower.close("the workbench lets go")

    async def connect(self) -> VisitContext:
        """A host process begins: a new cable to the board, a new session, the journal opened anew. Whoever was at the cable
        before is heard no more."""
        self.tower = await SerialTower.open(self.robot, self._cable(), self.clock, renews_itself=True)
        return self.new_process()

    def new_process(self) -> VisitContext:
        """Another process of the host at the same tower: the journal opened anew."""
        if self.tower is None:
            raise RuntimeError("nobody has connected to the tower")
        self.control = VisitControl()
        return self._context(self.tower, Journal(self.journal_path, self.clock, is_synced=False))

    def _cable(self) -> PipeTransport:
        def send(data: bytes) -> None:
            if self._cable_in_use is cable and not self.is_cable_pulled:
                self.twin.write(data)

        cable = self._cable_in_use = PipeTransport(send)
        self.twin.receiver = lambda data: None if self.is_cable_pulled else cable.deliver(data)
        self.twin.wants_telemetry = lambda: cable.wants_telemetry
        return cable

    def _context(self, tower: SerialTower, journal: Journal) -> VisitContext:
        return VisitContext(
            robot=self.robot,
            tower=tower,
            cameras=self._make_cameras(tower, self.clock),
            clock=self.clock,
            journal=journal,
            events=self._hear,
            control=self.control,
            look=self._look,
        )

    def _hear(self, event: VisitEvent) -> None:
        self.events.append(event)
        for listener in self.listeners:
            listener(event)

    async def _look(self, box: int) -> RimState:
        await self.clock.sleep(LOOK_S)
        if not self.rim:
            return RimState.BEES if sum(self.twin.truth().bees_on_rim) >= SEEN_BEES else RimState.CLEAR
        return self.rim.pop(0) if len(self.rim) > 1 else self.rim[0]

    def later(self, delay_s: float, action: Callable[[], object]) -> None:
        """Do something after so much robot time; to be called while a procedure runs."""

        async def wait() -> None:
            await self.clock.sleep(delay_s)
            action()

        task = asyncio.ensure_future(wait())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def close(self) -> None:
        """Hand the twin back."""
        self.twin.close()
