"""The kinematic bound of a visit: the same work with the rulebook's speeds and accelerations, and no waiting.

An ideal machine does it: nothing gives or sags, approach zones are exactly as long as the rules ask, no guard, lamp or pause
makes it stop at a joint that its speeds could pass. What stays is in the rulebook and in the order of work: one look of 20 s
at the rim (machine.md, step 7), 5 mm of slow hook (R11), the second edge 5 mm behind the first. No tower reaches it; how near
a plan comes to it says how much time it loses beside the rules.
"""

from __future__ import annotations

from dataclasses import replace

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.tower import MotionProgramme, Segment
from bee_robot.extraction.box_planner import NONE_KEPT
from bee_robot.extraction.plan import LOOK_S, Draft, VisitPlan, Waits, lay_out_visit

NO_WAITING = Waits(weigh_s=0.0, capture_s=0.0, look_s=LOOK_S)


def bound_of_box(robot: RobotConfiguration, box: int, push: int = -1) -> VisitPlan:
    """The bound of `plan_box` with the same arguments. Raises ValueError where the hive has no such box."""
    ideal = robot.model_copy(update={"visit": robot.visit.model_copy(update={"settle_s": 0.0})})
    return lay_out_visit(Draft(ideal, box, push, NONE_KEPT, _flowing, is_judged=False), NO_WAITING)


def _flowing(programme: MotionProgramme) -> MotionProgramme:
    """The same motion with nothing in it that makes the board stop between two segments of one direction."""
    return replace(programme, segments=tuple(_bare(segment) for segment in programme.segments))


def _bare(segment: Segment) -> Segment:
    return replace(segment, guards=(), latches=(), outputs=(), dwell_s=0.0)
