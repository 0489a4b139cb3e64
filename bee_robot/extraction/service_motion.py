"""Motion programmes of the jobs beside inspecting: frames pushed along, carried to their place or to the service door.

Words and directions as in motion_plan.py.
"""

from __future__ import annotations

from bee_robot.devices.tower import MotionProgramme, Segment
from bee_robot.extraction.motion_plan import SCANS, SHUTTLES, MotionPlanner
from bee_robot.rulebook import limit


class ServicePlanner(MotionPlanner):
    """Programmes for one box of one hive. Pure: says how, moves nothing."""

    @classmethod
    def of(cls, planner: MotionPlanner) -> ServicePlanner:
        """The same robot, box and margins."""
        return cls(planner.robot, planner.box, planner.moves_shuttles, planner.margins)

    def _land_beside(self, y_mm: float, push: int) -> tuple[Segment, ...]:
        """From travel height down beside the pins of a resting frame, on the side away from `push` (R11)."""
        slow_mm = self.engaged_mm + limit("R11", "zone_mm") + self.margins.zone_mm
        slow_mm_s = self.margins.within * limit("R11", "speed_mm_s")
        return (
            Segment(
                "beside the pins",
                self._to(SHUTTLES, y_mm - push * self.geometry.hook_beside_pin_mm(self.box)),
            ),
            Segment("hooks come down", self._to(SCANS, slow_mm)),
            Segment("hooks land", self._to(SCANS, self.engaged_mm, slow_mm_s)),
        )

    def push_frame(self, y_mm: float, to_y_mm: float) -> MotionProgramme:
        """From travel height: a resting frame is pushed along on its ears (R20). The hooks stay at its pins."""
        push = 1 if to_y_mm > y_mm else -1
        seated_mm = push * self.robot.mechanism.hook_seated_mm
        nudge_mm_s = self.margins.within * limit("R20", "nudge_mm_s")
        before_mm = y_mm - seated_mm - push * self.margins.before_pin_mm
        return MotionProgramme(
            "push frame",
            (
                *self._land_beside(y_mm, push),
                Segment("slide on", self._to(SHUTTLES, before_mm)),
                Segment("push", self._to(SHUTTLES, to_y_mm - seated_mm, nudge_mm_s)),
            ),
        )
