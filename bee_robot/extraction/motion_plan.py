"""Motion programmes of a visit: every speed inside the rulebook."""

from __future__ import annotations

from dataclasses import dataclass

from bee_robot.extraction.frame_programmes import FrameProgrammes
from bee_robot.extraction.stack_programmes import StackProgrammes


@dataclass(frozen=True)
class MotionPlanner(StackProgrammes, FrameProgrammes):
    """All programmes for one box of one hive. Pure: says how, moves nothing."""
