"""Jobs with frames, thought through before anything moves: how long the box will be open, and every rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bee_robot.configuration import RobotConfiguration
from bee_robot.extraction.before_opening import Planned
from bee_robot.extraction.following import HeldFrame
from bee_robot.extraction.frame_handling import PHOTO_SPOT_Y_MM
from bee_robot.extraction.frame_moves import Push
from bee_robot.extraction.plan import CAPTURE_S, Draft, Waits, lay_out_visit
from bee_robot.extraction.service_motion import ServicePlanner
from bee_robot.hive.inspection import Phase

PERSON_S = 90.0  # what a person who stands ready needs at the service door

Work = Callable[["JobDraft"], None]


class JobDraft:
    """Steps of a job in an open box, on a draft."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._planner = ServicePlanner.of(draft.planner)

    def push(self, pushes: Iterable[Push]) -> None:
        for push in pushes:
            found_mm = self._draft.belief.frames_y_mm[push.frame]
            ahead_mm = self._draft.belief.robot.mechanism.hook_seated_mm * (
                1 if push.to_mm > found_mm else -1
            )
            self._draft.add_rising(Phase.FRAMES, self._planner.push_frame(found_mm, push.to_mm), push.frame)
            self._draft.add_rising(Phase.FRAMES, self._planner.free_hooks(push.to_mm, ahead_mm), push.frame)

    def lift(self, frame: int, capture_s: float = 0.0) -> None:
        self._draft.try_frame(frame, -1)
        found_mm = self._draft.belief.frames_y_mm[frame]
        take = self._planner.take_frame(found_mm, -1, 0.0, PHOTO_SPOT_Y_MM)
        self._draft.add_rising(Phase.FRAMES, take, frame, capture_s)

    def put(self, frame: int, to_mm: float) -> None:
        held = self._draft.belief.held
        if held is not None:
            put = self._planner.put_frame(to_mm, held.pin_ahead_mm, self._draft.plates_mm)
            self._draft.add_rising(Phase.FRAMES, put, frame)

    def hand_out(self, frame: int, photographs: bool) -> None:
        self.lift(frame, CAPTURE_S if photographs else 0.0)
        belief = self._draft.belief
        ahead_mm = belief.held.pin_ahead_mm if belief.held else 0.0
        self._draft.add(Phase.FRAMES, self._planner.carry_to_service(ahead_mm), frame, PERSON_S)
        belief.held = None
        belief.frames_y_mm.pop(frame, None)
        self._draft.add(Phase.FRAMES, self._planner.shuttles_home(), frame)

    def receive(self, frame: int, to_mm: float) -> None:
        belief, ahead_mm = self._draft.belief, self._planner.robot.mechanism.hook_seated_mm
        self._draft.add_rising(Phase.FRAMES, self._planner.present_hooks(ahead_mm), frame, PERSON_S)
        above_mm = self._draft.plates_mm - belief.engaged_mm
        belief.frames_y_mm[frame] = self._planner.service_y_mm
        belief.held = HeldFrame(frame, ahead_mm, above_mm, above_mm)
        down = self._planner.let_down(to_mm, ahead_mm, self._draft.plates_mm)
        self._draft.add(Phase.FRAMES, down, frame)
        self._draft.add(Phase.FRAMES, self._planner.hooks_up(), frame)
        self._draft.add(Phase.FRAMES, self._planner.shuttles_home(), frame)

    def look(self) -> None:
        self._draft.add_rising(Phase.LOCATE, self._planner.locate(self._draft.belief.push))


def plan_job(
    robot: RobotConfiguration, box: int, places_mm: Mapping[int, float], push: int, work: Work
) -> Planned:
    """Plan a job at a box whose frames stand at `places_mm`; empty: a full box."""
    draft = Draft(robot, box, push)
    if places_mm:
        draft.belief.frames_y_mm = dict(places_mm)
    plan = lay_out_visit(draft, Waits(), lambda draft, _: work(JobDraft(draft)))
    return Planned(plan.open_time_s, plan.visit_time_s, tuple(plan.refusals()))
