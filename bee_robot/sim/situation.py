"""What stands where, as the plant knows it: the rulebook's Situation from truth, with the clocks that it needs."""

from __future__ import annotations

from bee_robot.configuration import SERVO_NAMES, RobotConfiguration
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.rulebook import RULES, FrameOnHooks, MotionSample, RestingFrame, Situation
from bee_robot.sim.plant import SIDES, Plant

AT_REST_MM = 0.02  # as in plant_parts.h
HANGING_MM = 0.05  # as in plant_frames.c
PEELED_MM = RULES["R1"].limits["zone_mm"]
LOWERING_MM = (
    1.0  # this far below its highest, the stack is on its way down; this far above the peel, on its way up
)
STANDING_MM_S = 0.05


class SituationWatch:
    """Follows the plant from sample to sample; `now(sample)` must be called with every one, in order."""

    def __init__(self, robot: RobotConfiguration, plant: Plant) -> None:
        self._robot = robot
        self._plant = plant
        self._geometry = HiveGeometry(robot.hive, robot.mechanism)
        self._resting_cleats = tuple(
            self._geometry.cleat_mm(level) for level in range(1, robot.hive.boxes + 2)
        )
        self._open_since_s: float | None = None
        self._blocked_since_s: float | None = None
        self._strobe_since_s: float | None = None
        self._contact_since_s: dict[str, float] = {}
        self._lifted_kg: dict[str, float] = {}
        self._is_peeled = False
        self._highest_mm = 0.0
        self._resting_as_of: tuple[int, bytes, bytes] | None = None
        self._resting_frames: tuple[RestingFrame, ...] = ()
        self._frames: dict[int, tuple[tuple[float, ...], RestingFrame | None]] = {}
        self.open_time_s = 0.0
        """From the first edge that left the rim to the last that landed (or to now), of the latest opening."""

    def now(self, sample: MotionSample, last_heartbeat_s: float) -> Situation:
        edges_mm = self._plant.loads_and_edges()[2:]
        level, _, _, held_left, held_right, *_, fork_l, fork_r, hook_l, hook_r = self._plant.holds()
        is_open = level >= 2 and max(edges_mm) > AT_REST_MM
        self._keep_open_clock(sample.t_s, is_open)
        self._follow_stack(sample, level, edges_mm)
        box = level - 1 if level >= 2 else None
        rim_mm = self._geometry.rim_mm(level - 1) if level else 0.0
        return Situation(
            box=box,
            rim_mm=rim_mm,
            engaged_mm=self._geometry.engaged_mm(box) if box else 0.0,
            frame_top_mm=self._geometry.frame_top_mm(box) if box else 0.0,
            frame_height_mm=self._geometry.frame_height_mm(box) if box else 0.0,
            pitch_mm=self._geometry.frame_pitch_mm(box) if box else 0.0,
            is_open=is_open,
            open_for_s=self.open_time_s if is_open else 0.0,
            is_closing=self._is_closing(edges_mm),
            stack_bottom_mm={side: rim_mm + edges_mm[i] for i, side in enumerate(SIDES)} if level else None,
            lifted_load_kg=dict(self._lifted_kg),
            is_peeling=level > 0 and self._highest_mm < PEELED_MM + LOWERING_MM,
            contact_for_s=self._contact_for_s(sample, edges_mm),
            cleats_mm=self._cleats_mm(level, edges_mm),
            frame=self._frame_on_hooks(box, held_left or held_right) if box and is_open else None,
            resting=self._resting(box) if box and is_open else (),
            swinging=tuple(
                name for name, swings in zip(SERVO_NAMES, (fork_l, fork_r, hook_l, hook_r)) if swings
            ),
            strobe_for_s=self._strobe_for_s(sample),
            blocked_for_s=self._blocked_for_s(sample, last_heartbeat_s),
        )

    def _keep_open_clock(self, t_s: float, is_open: bool) -> None:
        if is_open and self._open_since_s is None:
            self._open_since_s = t_s
        if self._open_since_s is not None:
            self.open_time_s = t_s - self._open_since_s
        if not is_open:
            self._open_since_s = None

    def _follow_stack(self, sample: MotionSample, level: int, edges_mm: tuple[float, ...]) -> None:
        if not level:
            self._is_peeled, self._highest_mm, self._lifted_kg = False, 0.0, {}
            return
        self._highest_mm = max(self._highest_mm, min(edges_mm))
        if not self._is_peeled and min(edges_mm) >= PEELED_MM - HANGING_MM:
            self._is_peeled = True
            self._lifted_kg = dict(sample.loads_kg)

    def _is_closing(self, edges_mm: tuple[float, ...]) -> bool:
        return self._is_peeled and min(edges_mm) < self._highest_mm - LOWERING_MM

    def _contact_for_s(self, sample: MotionSample, edges_mm: tuple[float, ...]) -> dict[str, float]:
        """Since when a side has been light while its beam goes on lowering; a beam that brakes has reacted."""
        limits = RULES["R5"].limits
        for index, side in enumerate(SIDES):
            is_light = (
                self._is_peeled and sample.loads_kg[side] < limits["load_ratio"] * self._lifted_kg[side]
            )
            lift = sample.axes[f"lift_{side}"]
            is_lowering = lift.speed_mm_s < -STANDING_MM_S and lift.acceleration_mm_s2 <= 0
            if is_light and edges_mm[index] > limits["above_rim_mm"] and is_lowering:
                self._contact_since_s.setdefault(side, sample.t_s)
            else:
                self._contact_since_s.pop(side, None)
        return {side: sample.t_s - since_s for side, since_s in self._contact_since_s.items()}

    def _cleats_mm(self, level: int, edges_mm: tuple[float, ...]) -> tuple[float, ...]:
        if not level or max(edges_mm) <= 0.0:
            return self._resting_cleats
        standing = self._resting_cleats[: level - 1]
        raised = tuple(cleat + edge for cleat in self._resting_cleats[level - 1 :] for edge in edges_mm)
        return standing + raised

    def _frame_on_hooks(self, box: int, number: int) -> FrameOnHooks | None:
        if not number:
            return None
        left_y_mm, right_y_mm, left_mm, right_mm, _, _ = self._plant.frame(box, number)
        top_mm = self._geometry.frame_top_mm(box)
        rests = left_mm <= HANGING_MM and right_mm <= HANGING_MM
        return FrameOnHooks(number, (left_y_mm + right_y_mm) / 2, top_mm + left_mm, top_mm + right_mm, rests)

    def _resting(self, box: int) -> tuple[RestingFrame, ...]:
        """Looked at anew only when a frame of the box has changed: it is asked for a hundred times a second."""
        known = (box, *self._plant.box_bytes(box))
        if known != self._resting_as_of:
            self._resting_as_of, self._resting_frames = known, self._find_resting(box)
        return self._resting_frames

    def _find_resting(self, box: int) -> tuple[RestingFrame, ...]:
        frames = []
        for number in range(1, self._geometry.frames_in(box) + 1):
            where = (box, number, *self._plant.frame(box, number))
            known = self._frames.get(number)
            if known is None or known[0] != where:
                _, _, left_y_mm, right_y_mm, left_mm, right_mm, *_ = where
                rests = left_mm <= HANGING_MM and right_mm <= HANGING_MM
                known = (where, RestingFrame(number, (left_y_mm + right_y_mm) / 2) if rests else None)
                self._frames[number] = known
            if known[1] is not None and self._plant.has_frame(box, number):
                frames.append(known[1])
        return tuple(frames)

    def _strobe_for_s(self, sample: MotionSample) -> float:
        if not sample.outputs["strobe"]:
            self._strobe_since_s = None
            return 0.0
        if self._strobe_since_s is None:
            self._strobe_since_s = sample.t_s
        return sample.t_s - self._strobe_since_s

    def _blocked_for_s(self, sample: MotionSample, last_heartbeat_s: float) -> float:
        deadline_s = self._robot.board.heartbeat_deadline_ms / 1000
        is_free = sample.inputs["door_closed"] and sample.inputs["estop_ok"]
        if is_free and sample.t_s - last_heartbeat_s <= deadline_s:
            self._blocked_since_s = None
            return 0.0
        if self._blocked_since_s is None:
            self._blocked_since_s = sample.t_s
        return sample.t_s - self._blocked_since_s
