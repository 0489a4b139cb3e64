"""JobRunner: runs one job of `extraction` at a time, writes it into store and journal, and tells what it is at.

Goals come and go in the executor's thread (`take`, `free`); everything else is on the loop of the bridge.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import bee_robot
from bee_robot.alerts import ALERTS
from bee_robot.clock import Clock
from bee_robot.cloud.local_store import LocalStore, StoreError
from bee_robot.cloud.records import InspectionStart, LoadSample
from bee_robot.cloud.visit_recorder import VisitRecorder
from bee_robot.devices.tower import Side, TowerError
from bee_robot.extraction.context import Override, RimState, VisitContext, VisitControl
from bee_robot.extraction.journal import Journal
from bee_robot.hive.inspection import EventKind, VisitEvent, VisitOutcome
from bee_robot.mcu.messages import PROTOCOL_SCHEMA, PROTOCOL_VERSION
from bee_robot.nodes import conversions, qos
from bee_robot.nodes.needs import Need, Needs
from bee_robot.nodes.process import BeeNode
from bee_robot.nodes.ros_face_capture import RosFaceCapture
from bee_robot.nodes.ros_tower import RosTower
from bee_robot.nodes.visit_conditions import VisitConditions
from bee_robot.rulebook import Violation
from bee_robot_interfaces.msg import InspectionEvent, RuleViolation, VisitState

READY_S = 30.0
LOOK_S = 20.0
LOADS_PERIOD_S = 0.5
TELL_PERIOD_S = 0.5
# A board has no other version: a session only begins with one that speaks exactly this (bee_robot/mcu/link.py).
FIRMWARE = f"protocol {PROTOCOL_VERSION}, schema {PROTOCOL_SCHEMA:08x}"

Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Job:
    """What was asked for: the name of its action, the same in words, who asked ("" unknown), the box it begins with (0:
    none), and who overrides the conditions."""

    name: str
    says: str
    by: str = ""
    box: int = 0
    override: Override | None = None

    @property
    def whose(self) -> str:
        return f"it {self.says}{f', as {self.by} asked' if self.by else ''}"


@dataclass(frozen=True)
class JobProgress:
    """How far a job is. Times in s of robot time; `open_limit_s`: how long a box is planned to be open at most."""

    box: int = 0
    boxes_done: int = 0
    boxes_total: int = 0
    frame: int = 0
    frames_total: int = 0
    phase: str = ""
    text: str = ""
    asks: str = ""
    is_open: bool = False
    open_time_s: float = 0.0
    open_limit_s: float = 0.0


class JobRunner:
    """See module. `job`: the one that runs, or ran last; `control`: how to influence it, None while none runs."""

    def __init__(self, node: BeeNode, store: LocalStore, journal: Journal) -> None:
        self._node, self._bridge, self._robot = node, node.bridge, node.robot
        self._store, self.journal = store, journal
        self.tower = RosTower(node, node.bridge)
        self._cameras = RosFaceCapture(node, node.bridge)
        self.conditions = VisitConditions(
            node, node.bridge, node.robot, self.tower, journal, node.parameter("sim")
        )
        self._events = node.create_publisher(
            InspectionEvent, "inspection/events", qos.of("inspection/events")
        )
        self._states = node.create_publisher(VisitState, "visit/state", qos.of("visit/state"))
        node.create_subscription(
            RuleViolation, "sim/violations", self._take_violation, qos.of("sim/violations")
        )
        self.needs = Needs(
            node,
            [
                Need("tower_driver", "tower/state, tower/move and their kin", self.tower.is_ready),
                Need("frame_cameras", "capture_face", self._cameras.is_ready),
            ],
        )
        self.job: Job | None = None
        self.control: VisitControl | None = None
        self.is_busy = False
        self.violations = 0
        self.last_event: VisitEvent | None = None
        self.last_outcome: VisitOutcome | None = None
        self._progress = JobProgress()
        self._opened_s: float | None = None
        self._recorder: VisitRecorder | None = None
        self._inspection = ""
        self._end = ("", "")

    # one job at a time

    def take(self, job: Job) -> str:
        """Begin a job; from now on a stop that is asked for reaches it. Not empty: what runs instead, and who asked."""
        if self.is_busy and self.job is not None:
            return f"frame_extractor is busy: {self.job.whose}; wait for its end, or 'bee visit stop'"
        self.is_busy, self.job, self.control = True, job, VisitControl()
        self.control.listen(self.tell)
        self._inspection, self._end = "", ("", "")
        self._progress = JobProgress(box=job.box, open_limit_s=self._robot.visit.open_planned_max_s)
        self._opened_s, self.violations = None, 0
        self._bridge.call_soon(self.tell)
        return ""

    def free(self, end_state: str = "", instruction: str = "") -> None:
        """The job is over, and how it ended."""
        self.is_busy, self.control = False, None
        self._end = (end_state, instruction)
        self._bridge.call_soon(self.tell)

    def request_stop(self, because: str) -> None:
        if self.control is not None:
            self.control.request_stop(because)

    async def wait_ready(self) -> None:
        """Until driver and cameras answer. Raises TowerError after READY_S of wall time, or when a stop is asked for."""
        missing = await self.needs.wait(READY_S, lambda: bool(self._stop_asked()))
        if because := self._stop_asked():
            raise TowerError(f"nothing was begun: {because}")
        if missing:
            raise TowerError(missing, "link_lost")

    def _stop_asked(self) -> str:
        control = self.control
        return "" if control is None else control.stop_because or control.stop_now_because

    async def run(
        self, work: Callable[[VisitContext], Awaitable[Outcome]], feed_back: Callable[[JobProgress], None]
    ) -> Outcome:
        """The job itself, with what is told and recorded beside it."""
        assert self.job is not None and self.control is not None
        self.conditions.begin()
        beside = [asyncio.ensure_future(self._record_loads()), asyncio.ensure_future(self._tell(feed_back))]
        try:
            return await work(self._context(self.control))
        finally:
            for task in beside:
                task.cancel()
            await self.conditions.end()
            self._recorder = None

    def _context(self, control: VisitControl) -> VisitContext:
        return VisitContext(
            robot=self._robot,
            tower=self.tower,
            cameras=self._cameras,
            clock=self._bridge.clock,
            journal=self.journal,
            events=self._take_event,
            control=control,
            look=RimWait(self._bridge.clock),
            reasons_against=self.conditions.reasons_against,
            weather_turned=self.conditions.weather_turned,
            prepare=self.conditions.prepare,
            overridden=self.conditions.overridden,
        )

    # the store

    def begin_record(self, box: int, boxes_done: int = 0, boxes_total: int = 1) -> str:
        """The visit of a box goes into the store from now on; its id there. Raises StoreError: a visit that cannot be
        recorded does not begin."""
        start, clock = self._start(box), self._bridge.clock
        self._recorder = VisitRecorder.begin(self._store, start, clock, self._tell_trouble)
        self._inspection, self._opened_s = self._recorder.inspection, None
        self._progress = JobProgress(
            box=box,
            boxes_done=boxes_done,
            boxes_total=boxes_total,
            open_limit_s=self._robot.visit.open_planned_max_s,
        )
        return self._recorder.inspection

    def end_record(self, outcome: VisitOutcome) -> None:
        self.last_outcome = outcome
        if self._recorder is not None:
            self._recorder.end(outcome)
            self._recorder = None

    def resume_record(self) -> None:
        """Go on with the store's inspection that the journal ends with; without one where the store does not know it."""
        entry = self.journal.last()
        if entry is None or not entry.inspection:
            return
        try:
            self._recorder = VisitRecorder.resume(
                self._store, entry.inspection, self._bridge.clock, self._tell_trouble
            )
            self._inspection = entry.inspection
        except StoreError as error:
            self._node.get_logger().warning(f"recovery is not recorded with its visit: {error}")

    def _start(self, box: int) -> InspectionStart:
        hive, visit, clock = self._robot.hive, self._robot.visit, self._bridge.clock
        override = self.job.override if self.job is not None else None
        return InspectionStart(
            robot=self._robot.robot,
            hive=hive.name,
            box=box,
            frames_total=hive.box(box).frames_per_box,
            started_utc=clock.utc(),
            started_s=clock.now_s(),
            hive_standard=hive.standard,
            hive_boxes=hive.boxes,
            open_planned_max_s=visit.open_planned_max_s,
            open_close_at_s=visit.open_close_at_s,
            software_version=bee_robot.__version__,
            firmware_version=FIRMWARE,
            configuration_checksum=self._robot.checksum(),
            utc_offset_hours=self._robot.utc_offset_hours(clock.utc()),
            is_simulated=self._node.parameter("sim"),
            conditions=self.conditions.for_the_record(),
            override_by=override.by if override else "",
            override_reason=override.reason if override else "",
        )

    def _tell_trouble(self, text: str) -> None:
        self._node.get_logger().error(f"{ALERTS['store_full']} ({text})")

    async def _record_loads(self) -> None:
        while True:
            try:
                state = self.tower.state
            except TowerError:
                state = None  # no fresh state: nothing to record; the procedure itself deals with the silence
            if state is not None and self._recorder is not None:
                loads_kg = state.loads_kg
                sample = LoadSample(state.stamp_s, loads_kg[Side.LEFT], loads_kg[Side.RIGHT])
                self._recorder.take_loads(sample)
            await self._bridge.clock.sleep(LOADS_PERIOD_S)

    # what happens

    def _take_violation(self, msg: RuleViolation) -> None:
        self.violations += 1
        if self._recorder is not None:
            stamp_s = conversions.stamp_s(msg.header.stamp)
            self._recorder.take_violation(
                Violation(msg.rule, stamp_s, msg.where, msg.value, msg.limit, msg.says)
            )

    def _take_event(self, event: VisitEvent) -> None:
        """Into the store first, then to whoever listens."""
        self.last_event = event
        if event.kind is EventKind.OPENED:
            self._opened_s = event.t_s
        elif event.kind is EventKind.CLOSED and self._opened_s is not None:
            self._progress = replace(self._progress, open_time_s=event.t_s - self._opened_s)
            self._opened_s = None
        self._progress = replace(
            self._progress,
            phase=event.phase.value,
            frame=event.frame,
            frames_total=event.frames_total,
            text=event.text,
        )
        if self._recorder is not None:
            self._recorder.take_event(event)
        inspection = self._recorder.inspection if self._recorder is not None else ""
        self._events.publish(conversions.event_to_msg(event, inspection))
        self.tell()

    def progress(self) -> JobProgress:
        """As of now."""
        asks = self.control.asks if self.control is not None else ""
        found = replace(self._progress, asks=asks, is_open=self._opened_s is not None)
        if self._opened_s is None:
            return found
        return replace(found, open_time_s=self._bridge.clock.now_s() - self._opened_s)

    async def _tell(self, feed_back: Callable[[JobProgress], None]) -> None:
        while True:
            self.tell()
            feed_back(self.progress())
            await self._bridge.clock.sleep(TELL_PERIOD_S)

    def tell(self) -> None:
        """`visit/state`, now."""
        job, progress, control = self.job, self.progress(), self.control
        end_state, instruction = self._end
        msg = VisitState(
            is_busy=self.is_busy,
            job=job.name if job else "",
            by=job.by if job else "",
            says=job.says if job else "",
            hive=self._robot.hive.name,
            box=progress.box,
            frame=progress.frame,
            frames_total=progress.frames_total,
            phase=progress.phase,
            text=progress.text,
            is_paused=control.is_paused if control else False,
            paused_because=control.pause_because if control else "",
            stop_because=control.stop_because or control.stop_now_because if control else "",
            asks=progress.asks,
            is_open=progress.is_open,
            open_time=float(progress.open_time_s),
            open_limit=float(progress.open_limit_s),
            close_at=float(self._robot.visit.open_close_at_s),
            end_state=end_state,
            instruction=instruction,
            inspection=self._inspection,
        )
        msg.header.stamp = conversions.to_stamp(self._bridge.clock.now_s())
        self._states.publish(msg)

    def fault(self, error: Exception) -> dict[str, str]:
        """What is said when our own code failed: nobody knows better than a person who looks."""
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        self._node.get_logger().error(trace)
        return {
            "error_msg": f"fault in the software: {error!r}",
            "instruction": "Look at the hive; then run 'bee recover'. The log of frame_extractor has the details.",
        }


class RimWait:
    """No rim cameras yet: nobody looks, but the bees get the time that a look would take."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, box: int) -> RimState:
        await self._clock.sleep(LOOK_S)
        return RimState.UNKNOWN
