"""The whole visit of a box, thought through before anything moves: every programme, its duration, every rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import Axis, MotionProgramme, Servo, Side
from bee_robot.extraction.belief import HiveBelief
from bee_robot.extraction.box_places import frame_order, new_place_mm
from bee_robot.extraction.box_planner import KEPT, Margins
from bee_robot.extraction.frame_handling import PHOTO_SPOT_Y_MM
from bee_robot.extraction.motion_check import (
    first_of_each_rule,
    follow_plan,
    planned_block,
    violations_of,
)
from bee_robot.extraction.motion_plan import MotionPlanner
from bee_robot.extraction.motion_profile import Timeline, timeline
from bee_robot.extraction.overlap import LEAST_WAY_MM, StackMotion, alongside
from bee_robot.extraction.service_motion import TRY_MM, ServicePlanner
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.hive.inspection import Phase
from bee_robot.rulebook import Block, Margin, Violation, closest, margins

LOOK_S = 20.0  # one look at the rim, with the waiting that it may need (machine.md, step 7)
CAPTURE_S = 0.5  # both faces of a frame
WEIGH_S = 0.2
TYPICAL_LOAD_KG = 20.0  # for planning only: what a fork carries is weighed when it carries it


@dataclass(frozen=True)
class PlannedStep:
    """`waits_s`: time that the step takes beside its motion. `frame` 0: no frame. `judged`: what the rules were asked about."""

    phase: Phase
    frame: int
    motion: Timeline
    waits_s: float
    violations: tuple[Violation, ...]
    judged: Block | None

    @property
    def duration_s(self) -> float:
        return self.motion.duration_s + self.waits_s


@dataclass(frozen=True)
class VisitPlan:
    robot: RobotConfiguration
    box: int
    steps: tuple[PlannedStep, ...]

    @property
    def visit_time_s(self) -> float:
        return sum(step.duration_s for step in self.steps)

    @property
    def open_time_s(self) -> float:
        """From the first edge leaving the rim to the last edge landing."""
        closed = (Phase.PREPARE, Phase.LEAVE)
        return sum(step.duration_s for step in self.steps if step.phase not in closed)

    def by_phase_s(self) -> dict[str, float]:
        seconds: dict[str, float] = {}
        for step in self.steps:
            seconds[step.phase.value] = seconds.get(step.phase.value, 0.0) + step.duration_s
        return seconds

    def margins(self) -> dict[str, Margin | None]:
        """How near the plan comes to each rule; None where the rule says nothing about it."""
        nearest = closest(*(margins(step.judged) for step in self.steps if step.judged is not None))
        most_s = self.robot.visit.open_planned_max_s
        room = (most_s - self.open_time_s) / most_s
        return nearest | {"R15": Margin(self.open_time_s, most_s, room, self.open_time_s, f"box {self.box}")}

    def refusals(self) -> list[str]:
        """Why this visit must not begin; empty when it may."""
        most_s = self.robot.visit.open_planned_max_s
        refusals = [
            f"planned motion '{step.motion.programme.name}' would break {violation}"
            for step in self.steps
            for violation in step.violations
        ]
        if self.open_time_s > most_s:
            refusals.append(
                f"R15: box {self.box} would be open for {self.open_time_s:.0f} s, limit {most_s:.0f} s; plan fewer frames"
            )
        least_kg, most_kg = self._stack_kg
        if least_kg > most_kg:
            refusals.append(
                f"R4: what stands on box {self.box} weighs {least_kg:.0f} kg or more without honey or bees, the forks lift "
                f"{most_kg:.0f} kg; take boxes off first"
            )
        return refusals

    def warnings(self) -> list[str]:
        """What may end this visit before the box is open. How heavy the stack is nobody knows before the forks weigh it."""
        full_kg = self.robot.geometry.full_load_kg(self.box)
        most_kg = self._stack_kg[1]
        if full_kg <= most_kg:
            return []
        return [
            f"R4: were every frame above box {self.box} full of honey, the stack would weigh {full_kg:.0f} kg, the forks "
            f"lift {most_kg:.0f} kg; they weigh it first, and leave the box closed where it is too heavy"
        ]

    @property
    def _stack_kg(self) -> tuple[float, float]:
        """What stands on the box at least, and what both forks together may lift."""
        return self.robot.geometry.empty_load_kg(self.box), 2 * self.robot.limits.lift_load_kg


def _unchanged(programme: MotionProgramme) -> MotionProgramme:
    return programme


@dataclass(frozen=True)
class Waits:
    """What a visit waits for beside its motions, s."""

    weigh_s: float = WEIGH_S
    capture_s: float = CAPTURE_S
    look_s: float = LOOK_S


class Draft:
    """Collects the steps of a visit while an imagined machine carries them out.

    `margins`, `waits`: those of the real machine, or of an ideal one. `change`: what is done to every programme before it is
    laid out. `is_judged` False: rules are not asked, for work that no machine will be asked to do.
    """

    def __init__(
        self,
        robot: RobotConfiguration,
        box: int,
        push: int,
        margins: Margins = KEPT,
        change: Callable[[MotionProgramme], MotionProgramme] = _unchanged,
        *,
        is_judged: bool = True,
    ) -> None:
        geometry = HiveGeometry(robot.hive, robot.mechanism)
        geometry.require_box(box)
        numbers = range(1, geometry.frames_in(box) + 1)
        places = {number: geometry.frame_y_mm(box, number, gap_at_back=push < 0) for number in numbers}
        self.belief = HiveBelief(robot, box, frames_y_mm=places, push=push)
        self.planner = MotionPlanner(robot, box, margins=margins)
        self.steps: list[PlannedStep] = []
        self._robot = robot
        self._change = change
        self._is_judged = is_judged
        self._here_mm = {axis: robot.axes[axis.value].park_mm for axis in Axis}
        self._here_deg = dict.fromkeys(Servo, 0.0)
        self._servo_speeds = {servo: robot.servos[servo.value].speed_deg_s for servo in Servo}

    def add(self, phase: Phase, programme: MotionProgramme, frame: int = 0, waits_s: float = 0.0) -> None:
        """One programme more, from where the one before has ended."""
        programme = self._change(programme)
        plan = timeline(programme, self._here_mm, self._here_deg, self._servo_speeds)
        judged = planned_block(plan, self.belief) if self._is_judged and plan.segments else None
        broken = tuple(first_of_each_rule(judged)) if judged is not None else ()
        follow_plan(plan, self.belief)
        self.steps.append(PlannedStep(phase, frame, plan, waits_s, broken, judged))
        for segment in programme.segments:
            self._here_mm.update({axis: move.position_mm for axis, move in segment.axes.items()})
            self._here_deg.update(segment.servos_deg)

    def add_rising(
        self, phase: Phase, programme: MotionProgramme, frame: int = 0, waits_s: float = 0.0
    ) -> None:
        """One programme more, with the stack on its way up meanwhile; it goes up first where a rule wants that."""
        rising = self.planner.rising()
        if not self._is_at(rising.to_mm):
            overlapped = self._alongside(programme, rising)
            if overlapped is None:
                self.add(Phase.RAISE, self.planner.raise_to_the_top())
            else:
                programme = overlapped
        self.add(phase, programme, frame, waits_s)

    def add_sinking(self, phase: Phase, programme: MotionProgramme, frame: int) -> None:
        """One programme more, with the stack on its way down meanwhile."""
        sinking = self.planner.sinking(dict.fromkeys(Side, TYPICAL_LOAD_KG))
        self.add(phase, self._alongside(programme, sinking) or programme, frame)

    @property
    def plates_mm(self) -> float:
        return self._here_mm[Axis.SCAN_LEFT]

    def _is_at(self, lifts_mm: float) -> bool:
        return abs(self._here_mm[Axis.LIFT_LEFT] - lifts_mm) < LEAST_WAY_MM

    def _alongside(self, programme: MotionProgramme, stack: StackMotion) -> MotionProgramme | None:
        """None where a rule speaks against it."""
        overlapped = alongside(programme, stack, self._here_mm, self._here_deg, self._servo_speeds)
        plan = timeline(overlapped, self._here_mm, self._here_deg, self._servo_speeds)
        return None if violations_of(plan, self.belief) else overlapped

    def try_frame(self, number: int, push: int) -> None:
        """A frame a little way along on its ears, and the pin sensors over its pins (frame_trial.py)."""
        planner = ServicePlanner.of(self.planner)
        found_mm = self.belief.frames_y_mm[number]
        tried_mm, ahead_mm = found_mm + push * TRY_MM, push * self._robot.mechanism.hook_seated_mm
        for programme in (
            planner.push_frame(found_mm, tried_mm),
            planner.free_hooks(tried_mm, ahead_mm),
            planner.feel_pin(tried_mm, push),
        ):
            self.add_rising(Phase.FRAMES, programme, number)

    def add_frame(self, number: int, capture_s: float, *, is_last: bool) -> None:
        """Take a frame, photograph it, put it one gap further along."""
        belief, planner = self.belief, self.planner
        found_mm = belief.frames_y_mm[number]
        target_mm = new_place_mm(number, belief.frames_y_mm, belief.push, self._robot, belief.box)
        self.try_frame(number, belief.push)
        nudge_mm = min(self._robot.visit.nudge_mm, abs(target_mm - found_mm)) - TRY_MM
        take = planner.take_frame(belief.frames_y_mm[number], belief.push, nudge_mm, PHOTO_SPOT_Y_MM)
        self.add_rising(Phase.FRAMES, take, number, capture_s)
        held = belief.held
        if held is not None:
            put = planner.put_frame(target_mm, held.pin_ahead_mm, self._here_mm[Axis.SCAN_LEFT])
            if is_last:
                self.add_sinking(Phase.FRAMES, put, number)
            else:
                self.add_rising(Phase.FRAMES, put, number)


def inspect_all(draft: Draft, waits: Waits) -> None:
    """Every frame, from the gap on."""
    belief = draft.belief
    order = frame_order(belief.frames_y_mm, belief.push, belief.robot, belief.box)
    for number in order:
        draft.add_frame(number, waits.capture_s, is_last=number == order[-1])


def lay_out_visit(
    draft: Draft, waits: Waits, work: Callable[[Draft, Waits], None] = inspect_all
) -> VisitPlan:
    """Every step of the visit of a box, in order; `work` lays out what is done while it is open."""
    planner, belief, robot = draft.planner, draft.belief, draft.belief.robot
    draft.add(Phase.PREPARE, planner.approach())
    belief.is_peeling = True
    draft.add(Phase.PEEL, planner.peel(Side.LEFT, planner.sticks_above_kg()))
    draft.add(Phase.PEEL, planner.peel(Side.RIGHT, planner.sticks_above_kg()), waits_s=waits.weigh_s)
    belief.is_peeling = False
    loads = dict.fromkeys(Side, TYPICAL_LOAD_KG)
    draft.add(Phase.RAISE, planner.raise_stack(planner.sweep_ends_mm(belief.push)[0]))
    draft.add_rising(Phase.LOCATE, planner.locate(belief.push))
    work(draft, waits)
    belief.is_closing = True
    draft.add(Phase.LOWER, planner.hooks_away())
    draft.add(Phase.LOWER, planner.lower_stack(loads), waits_s=waits.look_s)
    draft.add(Phase.CLOSE, planner.roll_closed(loads))
    draft.add(Phase.LEAVE, planner.release())
    draft.add(Phase.LEAVE, planner.leave())
    return VisitPlan(robot, belief.box, tuple(draft.steps))


def plan_box(robot: RobotConfiguration, box: int, push: int = -1) -> VisitPlan:
    """Plan a visit of a full box whose free gap is at the back (`push` -1) or at the front (+1).

    Raises ValueError where the hive has no such box.
    """
    return lay_out_visit(Draft(robot, box, push), Waits())
