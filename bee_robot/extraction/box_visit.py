"""One visit to one box while it goes on: what is believed, what was said, and the only way to move."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Iterable
from dataclasses import replace

from bee_robot.alerts import ALERTS
from bee_robot.devices.tower import (
    Axis,
    BoardState,
    MotionEnd,
    MotionProgramme,
    MotionResult,
    Servo,
    TowerError,
)
from bee_robot.extraction.belief import HOOK, LIFT, SCAN, SHUTTLE, HiveBelief
from bee_robot.extraction.context import VisitContext
from bee_robot.extraction.following import SLOT_MM, HeldFrame
from bee_robot.extraction.journal import REMARKS, UNREADABLE, JournalError
from bee_robot.extraction.motion_check import against_moving, follow_plan, require_rules
from bee_robot.extraction.motion_plan import MotionPlanner
from bee_robot.extraction.motion_profile import Timeline, standing, timeline
from bee_robot.extraction.pausing import Pause, run_with_pauses, wait_while_paused
from bee_robot.extraction.place_keeping import keep_rest, keeping_places
from bee_robot.extraction.whereabouts import (
    ANYWHERE_MM,
    BELT_UNCERTAIN_MM,
    Doubt,
    FrameJob,
    KeptPlaces,
    Plates,
    UnclearGripError,
    counts_belt,
    held_after,
)
from bee_robot.hive.inspection import EndState, EventKind, FrameVisit, Phase, VisitEvent, VisitOutcome
from bee_robot.rulebook import Motions

logger = logging.getLogger(__name__)

SCREWS = (*LIFT.values(), *SCAN.values())
COMES_TO_REST_S = 3.0
TELEMETRY_S = 0.03  # three snapshots: what is read then is from after the machine came to rest
NEW_STATE_S = 2.0  # states come at 10 Hz; a fast simulation does not make the way to here any shorter
STOWED_DEG = 1.0


class MotionStopped(Exception):
    """A programme did not run to its end. `result.end` says why; the machine stands."""

    def __init__(self, programme: str, result: MotionResult) -> None:
        self.programme = programme
        self.result = result
        super().__init__(f"'{programme}' ended {result.end.value}: {result.reason}")

    @property
    def is_guard(self) -> bool:
        """A load said so: a guard of the programme, or the board's own limit."""
        return self.result.end is MotionEnd.GUARD or self.result.alert == "load_limit"


class Held(Exception):
    """The procedure cannot go on without a person. `alert` is a key of alerts.py; `instruction` says what the person has to
    do where the alert's own remedy does not fit."""

    def __init__(self, alert: str, explanation: str, instruction: str = "") -> None:
        self.alert = alert
        self.instruction = instruction
        super().__init__(explanation)


class BoxVisit:
    """State of one visit (or recovery). `belief` is what it knows; `perform` is how it moves."""

    def __init__(
        self, context: VisitContext, box: int, inspection: str, belief: HiveBelief | None = None
    ) -> None:
        self.context = context
        self.box = box
        self.inspection = inspection
        self.belief = belief or HiveBelief(context.robot, box)
        self.planner = MotionPlanner(context.robot, box)
        self.frames: list[FrameVisit] = []
        self.phase = Phase.CHECK
        self.phases_s: dict[Phase, float] = {}
        self.began_s = self._phase_since_s = context.clock.now_s()
        self.opened_s = belief.opened_s if belief else None
        self.closed_s: float | None = None
        self.was_opened = belief is not None and belief.is_open
        self.alert_key = ""
        self.troubles: list[str] = []
        self.is_unjournaled = False
        """Whether the journal cannot be written any more; then the open box is closed without it, and nothing else is done."""
        self.undone = ""
        """What the job was asked for and does not do, and why."""
        self.errand: dict[str, int] = {}
        """What is left to do elsewhere when this box is closed; for the journal (frame_jobs.py)."""
        self.pause = Pause(self)
        self._was_unheard = False
        self._positions_mm: dict[Axis, float] = {}
        self.servos_deg: dict[Servo, float] = dict.fromkeys(Servo, 0.0)
        self.has_begun = False
        """Whether a step of this visit is in the journal. Before that nothing has moved."""
        self.has_lost_track = False
        """Whether the belief is worth nothing: the journal cannot be read, or the machine contradicts it."""
        self.unfinished: FrameJob | None = None
        """What a programme was about that did not run to its end, until it is known what came of it."""
        self.is_clear_by_hand = False
        """Whether a named person says that the hive is closed and the machine is stowed."""
        self.doubts_mm: dict[Axis, float] = {}
        """How far axes may be off that were told where they stand, instead of finding it (mm either way)."""
        self._may_swing: frozenset[Servo] = frozenset()
        """Servos that a programme swings out of which nobody knows how far it came."""
        self.maybe_out: frozenset[Servo] = frozenset()
        """Servos that were out, or on their way, by the journal: what counts where the board has forgotten their angles."""

    # what happens, told -----------------------------------------------------------------------------------------------

    @property
    def frames_total(self) -> int:
        return self.belief.geometry.frames_in(self.box)

    @property
    def open_time_s(self) -> float:
        if self.opened_s is None:
            return 0.0
        until_s = self.context.clock.now_s() if self.closed_s is None else self.closed_s
        return until_s - self.opened_s

    @property
    def is_standing_open(self) -> bool:
        return self.opened_s is not None and self.closed_s is None

    def begin_open_time(self) -> None:
        """The first edge is about to leave the rim: from here on the box counts as open, whoever watches."""
        self.opened_s = self.belief.opened_s = self.context.clock.now_s()
        self.was_opened = True
        self.tell(EventKind.OPENED, f"the first edge leaves the rim: the open time of box {self.box} begins")

    def tell(self, kind: EventKind, text: str, frame: int = 0, **data: float | str) -> None:
        """Tell whoever listens. The journal is the record: a listener that fails never costs the hive its end."""
        now_s = self.context.clock.now_s()
        try:
            self.context.events(VisitEvent(now_s, kind, self.phase, frame, self.frames_total, text, data))
        except Exception as error:  # whatever it is, the hive has to be closed
            logger.exception("a listener failed at the event '%s'", text)
            if not self._was_unheard:
                self._was_unheard = True
                self.troubles.append(f"not every event could be told ({type(error).__name__}: {error})")

    def enter(self, phase: Phase, text: str) -> None:
        self.count_phase(phase)
        self.tell(EventKind.PHASE, text, open_time_s=round(self.open_time_s, 2))

    def count_phase(self, following: Phase) -> None:
        """The time of the phase that ends now is counted; another begins."""
        now_s = self.context.clock.now_s()
        self.phases_s[self.phase] = self.phases_s.get(self.phase, 0.0) + now_s - self._phase_since_s
        self._phase_since_s = now_s
        self.phase = following

    def alert(self, key: str, text: str, frame: int = 0) -> None:
        """An alert of the table; the first one names the outcome."""
        self.alert_key = self.alert_key or key
        self.troubles.append(text)
        self.tell(
            EventKind.ALERT, text, frame, alert=key, number=ALERTS[key].number, remedy=ALERTS[key].remedy
        )

    def note(
        self, step: str, note: str = "", job: FrameJob | None = None, goes_out: Iterable[Servo] = ()
    ) -> None:
        """Into the journal, on disk before this returns. `goes_out`: servos that the step swings out."""
        # an interrupted swing has no angle any more
        self.maybe_out = frozenset({*self.reaches(Servo), *goes_out, *self._may_swing})
        with contextlib.suppress(*(JournalError,) * self.is_unjournaled):
            self._write(step, note, job or self.unfinished)
        self.has_begun = self.has_begun or step not in REMARKS

    def _write(self, step: str, note: str, job: FrameJob | None) -> None:
        belief = self.belief.to_dict()
        belief["out"] = sorted(servo.value for servo in self.maybe_out)
        belief["robot"] = self.context.robot.robot
        if self.doubts_mm:
            belief["told"] = {axis.value: round(doubt, 3) for axis, doubt in self.doubts_mm.items()}
        if job is not None:
            belief["job"] = job.to_dict()
        if self.errand:
            belief["errand"] = self.errand
        self.context.journal.write(
            step,
            inspection=self.inspection,
            hive=self.context.robot.hive.name,
            box=self.box,
            belief=belief,
            note=note,
        )

    def remark(self, step: str, note: str = "") -> None:
        """Into the journal, for people; recovery does not need it, so a full disk costs it and nothing else."""
        try:
            self._write(step, note, self.unfinished)
        except JournalError as error:
            self.troubles.append(f"'{step}' is not in the journal ({error})")

    # moving -----------------------------------------------------------------------------------------------------------

    async def arm(self) -> None:
        """Ready to move, or TowerError. Positions are read afresh."""
        tower, clock = self.context.tower, self.context.clock
        until_s = clock.now_s() + COMES_TO_REST_S
        while tower.state.board is BoardState.MOVING and clock.now_s() < until_s:
            await clock.sleep(TELEMETRY_S)
        if tower.state.board is not BoardState.ARMED:
            await tower.arm()
        await self.read_machine()

    def knows(self, axes: Iterable[Axis]) -> bool:
        """Whether the machine knows where all these axes are."""
        states = self.context.tower.state.axes
        return all(states[axis].is_referenced for axis in axes)

    async def read_machine(self) -> None:
        """Take positions and angles from the machine at rest; the belief follows, where the screws know their positions.

        A servo that the board has not commanded since its power-on has no angle: it stands where the journal has it.
        """
        await self.context.clock.sleep(TELEMETRY_S)
        state = self.context.tower.state
        self._positions_mm = {axis: part.position_mm for axis, part in state.axes.items()}
        for servo, angle in state.servos_deg.items():
            self.servos_deg[servo] = self._believed_deg(servo) if math.isnan(angle) else angle
        if not self.knows(SCREWS):
            return
        if self.unfinished is not None:
            self._recall_frame(self.unfinished)
        was = self.belief.held
        self.belief.follow(self._standing())
        if was is not None and self.belief.held is None:
            self._hold_in_doubt(was)

    def _hold_in_doubt(self, held: HeldFrame) -> None:
        """A pin just outside of a slot may be inside where belts may have crept."""
        ahead_mm = self.belief.frames_y_mm[held.number] - self.shuttles_mm()
        in_reach = abs(ahead_mm) <= SLOT_MM + self._belts_doubt_mm()
        if in_reach and self.belief.is_open and len(self.reaches(HOOK.values())) == len(HOOK):
            self.belief.held = replace(held, pin_ahead_mm=ahead_mm)

    def _recall_frame(self, job: FrameJob) -> None:
        """What came of a programme that took or put a frame and broke off."""
        self.unfinished = None
        if not self.reaches(HOOK.values()):
            return
        above_mm = self.plates_mm() - self.belief.engaged_mm
        plates = Plates(
            above_mm, self.shuttles_mm(), self._belts_doubt_mm(), Doubt.of(self.doubts_mm).scan_mm
        )
        kept = self.kept_places()
        try:
            found = held_after(job, plates, self.context.robot.mechanism, kept.segments if kept else ())
        except UnclearGripError:
            raise Held(
                "not_referenced",
                f"nobody can say whether frame {job.frame} is on the hooks",
                f"Look: where frame {job.frame} is on the hooks, hang it into its place by hand; swing both hooks in, then "
                "run 'bee recover --frame-is-off --by NAME'",
            ) from None
        self.belief.held, place_mm = found or (None, job.place_mm)
        self.belief.frames_y_mm[job.frame] = place_mm

    def _belts_doubt_mm(self) -> float:
        states = self.context.tower.state.axes
        if self.knows(SHUTTLE.values()):
            return Doubt.of(self.doubts_mm).shuttle_mm
        counts = all(counts_belt(states, self.doubts_mm, belt) for belt in SHUTTLE.values())
        return BELT_UNCERTAIN_MM if counts else ANYWHERE_MM

    def kept_places(self) -> KeptPlaces | None:
        """Where the machine was when it was last looked at; None where that cannot be read."""
        try:
            record = self.context.journal.kept_places()
            return None if record is None else KeptPlaces.from_dict(record)
        except (JournalError, *UNREADABLE):
            return None

    def _believed_deg(self, servo: Servo) -> float:
        return 90.0 if servo in self.maybe_out else 0.0

    def _standing(self) -> Motions:
        return standing(self.context.clock.now_s(), self._positions_mm, self.servos_deg)

    def stands(self) -> tuple[dict[Axis, float], dict[Servo, float], dict[Servo, float]]:
        """Where axes stand (mm), at which angles servos, and how fast those swing (degrees/s): what a plan begins with."""
        speeds = {servo: self.context.robot.servos[servo.value].speed_deg_s for servo in Servo}
        return dict(self._positions_mm), dict(self.servos_deg), speeds

    def lay_out(self, programme: MotionProgramme) -> Timeline:
        return timeline(programme, *self.stands())

    def _judged(self, programme: MotionProgramme) -> Timeline:
        """The programme laid out in time and found to be within the rules; RuleRefused otherwise."""
        plan = self.lay_out(programme)
        require_rules(plan, self.belief, self.context.clock.now_s())
        return plan

    async def perform(
        self, programme: MotionProgramme, note: str = "", job: FrameJob | None = None
    ) -> MotionResult:
        """Judge a programme, write it into the journal, run it. `job`: which frame it is about.

        Raises RuleRefused (nothing moved), MotionStopped (it ended early) or TowerError (the machine is out of reach).
        """
        await wait_while_paused(self)
        plan = await asyncio.to_thread(self._judged, programme)  # the loop renews the motion lease meanwhile
        await self._require_machine(programme)
        goes_out = [
            servo
            for segment in programme.segments
            for servo, angle in segment.servos_deg.items()
            if angle > 0
        ]
        self.note(programme.name, note, job, goes_out)
        self.unfinished, self._may_swing = job, frozenset(goes_out)
        async with keeping_places(self, plan):
            result = await run_with_pauses(self, self.context.tower.move(programme))
        if result.end is not MotionEnd.DONE:
            await self.read_machine()
            self._may_swing = frozenset()
            await keep_rest(self, result)
            raise MotionStopped(programme.name, result)
        self.unfinished, self._may_swing = None, frozenset()
        follow_plan(plan, self.belief)
        self._positions_mm.update(result.positions_mm)
        for segment in programme.segments:
            self.servos_deg.update(segment.servos_deg)
        await keep_rest(self, result)
        return result

    async def _require_machine(self, programme: MotionProgramme) -> None:
        """TowerError where the machine cannot run the programme now (R16). A state from before this call may be older than
        the last arm or motion: what speaks against moving must be said by a newer one."""
        clock, tower = self.context.clock, self.context.tower
        axes = {axis for segment in programme.segments for axis in segment.axes}
        now_s = clock.now_s()
        while against := against_moving(tower.state, axes, self.context.holder):
            if tower.state.stamp_s > now_s or clock.now_s() > now_s + NEW_STATE_S:
                raise TowerError(f"'{programme.name}' has not begun: {against}", against.alert)
            await clock.sleep(TELEMETRY_S)

    def plates_mm(self) -> float:
        """Height of the hook plates (the lower of both)."""
        return min(self._positions_mm[axis] for axis in SCAN.values())

    def forks_mm(self) -> float:
        """Height of the forks (the lower of both)."""
        return min(self._positions_mm[axis] for axis in LIFT.values())

    def shuttles_mm(self) -> float:
        """Place of the hook plates along Y (mean of both)."""
        return sum(self._positions_mm[axis] for axis in SHUTTLE.values()) / len(SHUTTLE)

    def reaches(self, servos: Iterable[Servo]) -> list[Servo]:
        """Those of the servos that are not stowed."""
        return [servo for servo in servos if self.servos_deg[servo] > STOWED_DEG]

    # ending -----------------------------------------------------------------------------------------------------------

    def outcome(self, end_state: EndState, instruction: str = "", explanation: str = "") -> VisitOutcome:
        self.count_phase(self.phase)
        return VisitOutcome(
            end_state=end_state,
            inspection=self.inspection,
            hive=self.context.robot.hive.name,
            box=self.box,
            instruction=instruction,
            alert=self.alert_key,
            explanation=explanation or "; ".join(self.troubles),
            undone=self.undone,
            frames=tuple(self.frames),
            was_opened=self.was_opened,
            open_time_s=self.open_time_s,
            visit_time_s=self.context.clock.now_s() - self.began_s,
            phases_s={phase.value: seconds for phase, seconds in self.phases_s.items()},
        )
