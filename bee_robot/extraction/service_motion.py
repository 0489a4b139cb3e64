"""Motion programmes of the jobs beside inspecting: frames pushed along, carried to their place or to the service door.

Words and directions as in motion_plan.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace

from bee_robot.devices.tower import Axis, AxisMove, Guard, Input, MotionProgramme, Segment, Side
from bee_robot.extraction.box_places import BoxSpace
from bee_robot.extraction.box_planner import LIFTS, SCANS, SHUTTLES
from bee_robot.extraction.motion_plan import MotionPlanner
from bee_robot.rulebook import limit

TRY_MM = 1.55  # the belt of a shuttle gives 1.6 before its motor stalls
JOG_MM_S2 = 40.0  # gentle enough for whatever hangs (R7)
FEEL_BEYOND_MM = 1.0 + TRY_MM  # both edges of a pin are passed, also of one that did not come along
ALIGN_MM = 1.5  # a pin that a person hung may sit this far from the bar; the frame stands straight once it is pushed so far


class ServicePlanner(MotionPlanner):
    """Programmes for one box of one hive. Pure: says how, moves nothing."""

    @classmethod
    def of(cls, planner: MotionPlanner) -> ServicePlanner:
        """The same robot, box, margins and doubts."""
        return cls(**{part.name: getattr(planner, part.name) for part in fields(planner)})

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

    def feel_pin(self, y_mm: float, push: int) -> MotionProgramme:
        """From beside a resting frame, at travel height: the pin sensors over its pins, from edge to edge."""
        mechanism = self.robot.mechanism
        over_mm = y_mm + mechanism.pin_sensor_behind_hook_mm
        beyond_mm = push * (mechanism.pin_sensor_range_mm + FEEL_BEYOND_MM)
        latches = (Input.PIN_LEFT, Input.PIN_RIGHT)
        return MotionProgramme(
            "feel the pins",
            (
                Segment("before the pins", self._to(SHUTTLES, over_mm - beyond_mm), latches=latches),
                Segment("over the pins", self._to(SHUTTLES, over_mm + beyond_mm), latches=latches),
            ),
        )

    @property
    def service_y_mm(self) -> float:
        """Where a frame hangs for a person at the service door: as far back as it stays above its own box (R14)."""
        return BoxSpace.of(self.robot, self.box).wall_mm(-1) + self.geometry.frame_pitch_mm(self.box)

    @property
    def lifted_mm(self) -> float:
        return self.engaged_mm + self.robot.frame_lift_mm(self.box)

    def carry_to_service(self, pin_ahead_mm: float) -> MotionProgramme:
        """A hanging frame from the photo spot to the service door."""
        carried = self._carry_frame(self.service_y_mm - pin_ahead_mm)
        return MotionProgramme("carry to the service door", (Segment("carry to the service door", carried),))

    def present_hooks(self, pin_ahead_mm: float) -> MotionProgramme:
        """Free hooks up and to where a person can hang a frame onto them, its pins so far from the centre bars."""
        shuttles = self._to(SHUTTLES, self.service_y_mm - pin_ahead_mm)
        return MotionProgramme(
            "present the hooks",
            (
                Segment("up from the frames", self._to(SCANS, self.swing_mm)),
                Segment("hooks to the service door", self._to(SCANS, self.lifted_mm) | shuttles),
            ),
        )

    def let_down(
        self, y_mm: float, pin_ahead_mm: float, from_mm: float, pins_mm: Iterable[float] = ()
    ) -> MotionProgramme:
        """As `put_frame`, for a frame that a person hung: its pins may sit a little off the bars, so it is pushed straight."""
        push = 1 if pin_ahead_mm > 0 else -1
        put = self.put_frame(y_mm - push * ALIGN_MM, pin_ahead_mm, from_mm)
        down = tuple(part for part in put.segments if part.name not in ("slide off", "up from the pins"))
        nudge_mm_s = self.margins.within * limit("R20", "nudge_mm_s")
        straight = Segment("push it straight", self._to(SHUTTLES, y_mm - pin_ahead_mm, nudge_mm_s))
        return replace(put, segments=(*down, straight, *self._slide_off(y_mm, pin_ahead_mm, pins_mm)))

    def hooks_up(self) -> MotionProgramme:
        """Free hooks high above the frames, where belts can look for their end stops."""
        up = Segment("up above the frames", self._to(SCANS, self.clear_mm))
        return MotionProgramme("hooks up", (up,))

    def shuttles_home(self) -> MotionProgramme:
        """How long the belts need to find their end stops; for planning, as the board homes them itself."""
        shuttle = self.robot.axes[SHUTTLES[0].value]
        home = self._to(SHUTTLES, shuttle.home_mm, shuttle.homing_speed_mm_s)
        return MotionProgramme("home the shuttles", (Segment("home the shuttles", home),))

    def jog(
        self,
        from_mm: Mapping[Axis, float],
        by_mm: float,
        speed_mm_s: float,
        lifted_load_kg: Mapping[Side, float],
    ) -> MotionProgramme:
        """One step of these axes. A lift beam watches its load: upwards for what is caught, downwards for contact (R5)."""
        moves: dict[Axis, AxisMove] = {}
        for axis, here_mm in from_mm.items():
            moves |= self._to((axis,), here_mm + by_mm, speed_mm_s, JOG_MM_S2)
        guards: tuple[Guard, ...] = ()
        if set(from_mm) & set(LIFTS):
            most_kg = self.robot.limits.lift_load_kg
            guards = self._load_above(most_kg) if by_mm > 0 else self._contact(lifted_load_kg)
        return MotionProgramme("jog", (Segment("jog", moves, guards=guards),))
