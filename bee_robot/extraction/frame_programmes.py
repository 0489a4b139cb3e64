"""Programmes of hooks and frames in an open box. `push` is the direction along Y towards the free gap: -1 back, +1 front."""

from __future__ import annotations

from collections.abc import Iterable

from bee_robot.devices.tower import (
    Input,
    MotionProgramme,
    Segment,
)
from bee_robot.extraction.belief import HOOK
from bee_robot.extraction.box_planner import SCANS, SHUTTLES, BoxPlanner
from bee_robot.extraction.whereabouts import slide_off_mm
from bee_robot.rulebook import limit


class FrameProgrammes(BoxPlanner):
    """Pins looked for, a frame taken, carried, put and left."""

    def sweep_ends_mm(self, push: int) -> tuple[float, float]:
        """Shuttle places where the sweep begins and ends; it ends next to the free gap, where the first frame waits."""
        mechanism = self.robot.mechanism
        outermost = self.robot.hive.box_inner_depth_mm / 2 - self.geometry.frame_pitch_mm(self.box) / 2
        beyond = outermost + mechanism.pin_sensor_range_mm + self.margins.sweep_beyond_mm
        back, front = (mechanism.pin_sensor_behind_hook_mm + sign * beyond for sign in (-1, 1))
        return (front, back) if push < 0 else (back, front)

    def locate(self, push: int) -> MotionProgramme:
        """Hooks out, down to travel height, one sweep of the pin sensors over all frames."""
        latches = (Input.PIN_LEFT, Input.PIN_RIGHT)
        begin_mm, end_mm = self.sweep_ends_mm(push)
        return MotionProgramme(
            "locate",
            (
                Segment("hooks out", servos_deg=dict.fromkeys(HOOK.values(), 90.0)),
                Segment("down to the pins", self._to(SCANS, self.travel_mm) | self._to(SHUTTLES, begin_mm)),
                Segment("sweep", self._to(SHUTTLES, end_mm), latches=latches),
            ),
        )

    def take_frame(self, y_mm: float, push: int, nudge_mm: float, to_y_mm: float) -> MotionProgramme:
        """From travel height: land beside the pins, slide on, nudge, peel the ears, lift, carry to `to_y_mm`."""
        mechanism = self.robot.mechanism
        beside_mm = y_mm - push * self.geometry.hook_beside_pin_mm(self.box)
        seated_mm = y_mm - push * mechanism.hook_seated_mm
        slow_mm = self.engaged_mm + limit("R11", "zone_mm") + self.margins.zone_mm
        ear_mm = self.engaged_mm + limit("R20", "ear_mm") + self.margins.sag_mm
        ear_speed, nudge_speed = limit("R20", "ear_mm_s"), self.margins.within * limit("R20", "nudge_mm_s")
        lift_speed = limit("R6", "lift_mm_s")
        lifted_mm = self.engaged_mm + self.robot.frame_lift_mm(self.box)
        carried = self._carry_frame(to_y_mm - push * mechanism.hook_seated_mm)
        return MotionProgramme(
            "take frame",
            (
                Segment("beside the pins", self._to(SHUTTLES, beside_mm)),
                Segment("hooks come down", self._to(SCANS, slow_mm)),
                Segment(
                    "hooks land",
                    self._to(SCANS, self.engaged_mm, self.margins.within * limit("R11", "speed_mm_s")),
                ),
                Segment("slide on", self._to(SHUTTLES, seated_mm - push * self.margins.before_pin_mm)),
                Segment("nudge", self._to(SHUTTLES, seated_mm + push * nudge_mm, nudge_speed)),
                Segment("peel the left ear", self._lift_frame(ear_mm, ear_speed, SCANS[:1])),
                Segment("peel the right ear", self._lift_frame(ear_mm, ear_speed, SCANS[1:])),
                Segment("lift", self._lift_frame(self.clear_mm, lift_speed)),
                Segment("carry to the photo spot", self._lift_frame(lifted_mm, lift_speed) | carried),
                Segment("settle", dwell_s=self.robot.visit.settle_s),
            ),
        )

    def put_frame(
        self, y_mm: float, pin_ahead_mm: float, from_mm: float, pins_mm: Iterable[float] = ()
    ) -> MotionProgramme:
        """Carry a hanging frame over `y_mm`, lower, set down, slide off, up to travel height.

        `pin_ahead_mm`: where the pin sits in front of the centre bar; `from_mm`: height of the plates now; `pins_mm`: places
        of other frames, where hooks must keep away from them although nobody knows exactly where they are.
        """
        up_mm = max(from_mm, self.clear_mm)
        carry = self._carry_frame(y_mm - pin_ahead_mm)
        if up_mm > from_mm:
            raised = Segment("up over the neighbours", self._lift_frame(up_mm, limit("R6", "lift_mm_s")))
            before: tuple[Segment, ...] = (raised, Segment("carry over the gap", carry))
        else:
            before = (Segment("carry over the gap", carry),)
        return self._put(before, up_mm, self._slide_off(y_mm, pin_ahead_mm, pins_mm))

    def set_frame_down(
        self, y_mm: float, pin_ahead_mm: float, from_mm: float, pins_mm: Iterable[float] = ()
    ) -> MotionProgramme:
        """Lower a frame straight down from where it hangs between its neighbours, then as `put_frame`."""
        return self._put((), from_mm, self._slide_off(y_mm, pin_ahead_mm, pins_mm))

    def _put(
        self, before: tuple[Segment, ...], from_mm: float, after: tuple[Segment, ...]
    ) -> MotionProgramme:
        doubt_mm = self.doubt.scan_mm
        slow_mm = (
            self.engaged_mm
            + limit("R6", "set_down_zone_mm")
            + doubt_mm
            + self.margins.zone_mm
            + self.margins.sag_mm
        )
        lower = (
            (Segment("lower", self._lift_frame(slow_mm, limit("R6", "lower_mm_s"))),)
            if from_mm > slow_mm
            else ()
        )
        below_mm = max(doubt_mm, self.margins.screws_mm)
        down_mm = self.engaged_mm - below_mm  # so that it rests; the slots have that much play round a neck
        set_down = Segment("set down", self._lift_frame(down_mm, limit("R6", "set_down_mm_s")))
        return MotionProgramme("put frame", (*before, *lower, set_down, *after))

    def free_hooks(self, y_mm: float, pin_ahead_mm: float, pins_mm: Iterable[float] = ()) -> MotionProgramme:
        """Off a frame that rests."""
        return MotionProgramme("free hooks", self._slide_off(y_mm, pin_ahead_mm, pins_mm))

    def _slide_off(
        self, y_mm: float, pin_ahead_mm: float, pins_mm: Iterable[float] = ()
    ) -> tuple[Segment, ...]:
        beside_mm = self.geometry.hook_beside_pin_mm(self.box)
        off_mm = slide_off_mm(y_mm, pin_ahead_mm, pins_mm, beside_mm)
        return (
            Segment("slide off", self._to(SHUTTLES, off_mm)),
            Segment("up from the pins", self._to(SCANS, self.travel_mm)),
        )

    def hooks_away(self) -> MotionProgramme:
        """Up to where hooks may swing, and in."""
        return MotionProgramme(
            "hooks away",
            (
                Segment("up from the frames", self._to(SCANS, self.swing_mm)),
                Segment("hooks in", servos_deg=dict.fromkeys(HOOK.values(), 0.0)),
            ),
        )
