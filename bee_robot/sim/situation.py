"""What stands where, as the plant knows it: the rulebook's Situations from truth, with the clocks that they need."""

from __future__ import annotations

import numpy as np

from bee_robot.configuration import RobotConfiguration
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.rulebook import RULES, Block, Motions, Situations
from bee_robot.rulebook.block import Bools, Floats, Ints
from bee_robot.sim.plant_mirror import MAX_FRAMES
from bee_robot.sim.plant_trace import NS_PER_S, Rows, motions_of

HANGING_MM = 0.05  # as in plant_frames.c
PEELED_MM = RULES["R1"].limits["zone_mm"]
LOWERING_MM = (
    1.0  # this far below its highest, the stack is on its way down; this far above the peel, on its way up
)
STANDING_MM_S = 0.05


class _Since:
    """Since when a condition holds, carried from block to block."""

    def __init__(self) -> None:
        self.is_on = False
        self.since_s = 0.0

    def follow(self, t_s: Floats, is_on: Bools) -> Floats:
        """For each sample when the condition began that holds, or held last."""
        before = np.concatenate(([self.is_on], is_on[:-1]))
        begun = np.maximum.accumulate(np.where(is_on & ~before, np.arange(len(t_s)), -1))
        since_s = np.where(begun >= 0, t_s[begun], self.since_s)
        self.is_on, self.since_s = bool(is_on[-1]), float(since_s[-1])
        return since_s

    def lasted_s(self, t_s: Floats, is_on: Bools) -> Floats:
        """For how long it has held; 0 where it does not."""
        if not is_on.any():
            self.is_on = False
            return np.zeros(len(t_s))
        return np.where(is_on, t_s - self.follow(t_s, is_on), 0.0)


class _Heights:
    """Heights of the hive by the level of the stack: index 0 where there is none."""

    def __init__(self, robot: RobotConfiguration) -> None:
        geometry = HiveGeometry(robot.hive, robot.mechanism)
        boxes = range(1, robot.hive.boxes + 1)
        self.rim_mm = np.array([0.0, geometry.rim_mm(0), *(geometry.rim_mm(box) for box in boxes)])
        self.engaged_mm = np.array([0.0, 0.0, *(geometry.engaged_mm(box) for box in boxes)])
        self.frame_top_mm = np.array([0.0, 0.0, *(geometry.frame_top_mm(box) for box in boxes)])
        self.frame_height_mm = np.array([0.0, 0.0, *(geometry.frame_height_mm(box) for box in boxes)])
        self.pitch_mm = np.array([0.0, 0.0, *(geometry.frame_pitch_mm(box) for box in boxes)])
        self.reach_mm = np.array([0.0, 0.0, *(geometry.frame_reach_mm(box) for box in boxes)])
        self.cleats_mm = np.array([geometry.cleat_mm(level) for level in range(1, geometry.lid_level + 1)])


class SituationWatch:
    """Follows the plant from row to row; `follow` must be called with every one, in order."""

    def __init__(self, robot: RobotConfiguration) -> None:
        self._robot = robot
        self._heights = _Heights(robot)
        self._deadline_s = robot.board.heartbeat_deadline_ms / 1000
        self._open, self._blocked, self._strobe = _Since(), _Since(), _Since()
        self._contact = (_Since(), _Since())
        self._lifted_kg = np.full(2, np.nan)
        self._highest_mm = 0.0
        self.open_time_s = 0.0
        """From the first edge that left the rim to the last that landed (or to now), of the latest opening."""

    def follow(self, rows: Rows) -> Block:
        """Machine and situation of each of these rows."""
        motions = motions_of(rows, self._robot)
        return Block(motions, self._situations(rows, motions))

    def _situations(self, rows: Rows, motions: Motions) -> Situations:
        t_s, edges_mm = motions.t_s, rows["edge_mm"]
        level = np.where(rows["stack_level"] > 0, rows["stack_level"], 0).astype(np.int64)
        is_open = rows["open_box"] > 0
        highest_mm, lifted_kg = self._follow_stack(level, edges_mm, motions.loads_kg)
        is_peeled = ~np.isnan(lifted_kg[:, 0])
        heights, nan = self._heights, np.nan
        rim_mm, frame_top_mm = heights.rim_mm[level], heights.frame_top_mm[level]
        frame = np.where(rows["held"][:, 0] > 0, rows["held"][:, 0], rows["held"][:, 1]) * is_open
        return Situations(
            box=np.where(level >= 2, level - 1, 0),
            rim_mm=rim_mm,
            engaged_mm=heights.engaged_mm[level],
            frame_top_mm=frame_top_mm,
            frame_height_mm=heights.frame_height_mm[level],
            pitch_mm=heights.pitch_mm[level],
            reach_mm=heights.reach_mm[level],
            is_open=is_open,
            other_open_box=np.zeros(len(rows), dtype=np.int64),
            open_for_s=self._open_for_s(t_s, is_open),
            is_peeling=(level > 0) & (highest_mm < PEELED_MM + LOWERING_MM),
            is_closing=is_peeled & (edges_mm.min(axis=1) < highest_mm - LOWERING_MM),
            stack_bottom_mm=np.where(level[:, None] > 0, rim_mm[:, None] + edges_mm, nan),
            lifted_load_kg=lifted_kg,
            contact_for_s=self._contact_for_s(motions, edges_mm, lifted_kg),
            cleats_mm=self._cleats_mm(level, edges_mm),
            frame=frame.astype(np.int64),
            frame_y_mm=rows["frame_y_mm"][np.arange(len(rows)), np.maximum(frame - 1, 0)],
            frame_ends_mm=frame_top_mm[:, None] + rows["held_lift_mm"],
            frame_rests=rows["held_lift_mm"].max(axis=1) <= HANGING_MM,
            resting_y_mm=np.where(_bits(rows["resting"]), rows["frame_y_mm"], nan),
            strobe_for_s=self._strobe.lasted_s(t_s, motions.outputs["strobe"] > 0),
            blocked_for_s=self._blocked_for_s(rows, motions),
        )

    def _open_for_s(self, t_s: Floats, is_open: Bools) -> Floats:
        was_open = self._open.is_on
        if not was_open and not is_open.any():
            return np.zeros(len(t_s))
        since_s = self._open.follow(t_s, is_open)
        counts = is_open | np.concatenate(
            ([was_open], is_open[:-1])
        )  # the sample that finds it closed is the end
        last = int(np.flatnonzero(counts)[-1])
        self.open_time_s = float(t_s[last] - since_s[last])
        return np.where(is_open, t_s - since_s, 0.0)

    def _follow_stack(self, level: Ints, edges_mm: Floats, loads_kg: Floats) -> tuple[Floats, Floats]:
        """How high the stack's lower edge has been since it was taken up, and the loads when it first hung free (nan before)."""
        highest_mm, lifted_kg = np.zeros(len(level)), np.full((len(level), 2), np.nan)
        carries = level > 0
        turns = np.flatnonzero(np.diff(carries)) + 1
        for begin, end in zip([0, *turns], [*turns, len(level)]):
            if not carries[begin]:
                self._highest_mm, self._lifted_kg = 0.0, np.full(2, np.nan)
                continue
            lower_mm = edges_mm[begin:end].min(axis=1)
            highest_mm[begin:end] = np.maximum.accumulate(np.maximum(lower_mm, self._highest_mm))
            free = np.flatnonzero(lower_mm >= PEELED_MM - HANGING_MM)
            if np.isnan(self._lifted_kg[0]) and len(free):
                self._lifted_kg = loads_kg[begin + free[0]]
                lifted_kg[begin + free[0] : end] = self._lifted_kg
            else:
                lifted_kg[begin:end] = self._lifted_kg
            self._highest_mm = float(highest_mm[end - 1])
        return highest_mm, lifted_kg

    def _contact_for_s(self, motions: Motions, edges_mm: Floats, lifted_kg: Floats) -> Floats:
        """Since when a side has been light while its beam goes on lowering; a beam that brakes has reacted."""
        limits = RULES["R5"].limits
        is_light = motions.loads_kg < limits["load_ratio"] * lifted_kg
        is_lowering = (motions.speed_mm_s[:, :2] < -STANDING_MM_S) & (motions.acceleration_mm_s2[:, :2] <= 0)
        meets = is_light & is_lowering & (edges_mm > limits["above_rim_mm"])
        sides = [clock.lasted_s(motions.t_s, meets[:, side]) for side, clock in enumerate(self._contact)]
        return np.stack(sides, axis=1)

    def _cleats_mm(self, level: Ints, edges_mm: Floats) -> Floats:
        """Cleats of each side: those of the stack move with its edge."""
        at_rest = self._heights.cleats_mm
        is_raised = (level[:, None] > 0) & (np.arange(1, len(at_rest) + 1) >= level[:, None])
        return np.where(is_raised[:, None], at_rest + edges_mm[:, :, None], at_rest)

    def _blocked_for_s(self, rows: Rows, motions: Motions) -> Floats:
        is_free = motions.inputs["door_closed"] & motions.inputs["estop_ok"]
        is_fed = motions.t_s - rows["heartbeat_ns"] / NS_PER_S <= self._deadline_s
        return self._blocked.lasted_s(motions.t_s, ~(is_free & is_fed))


def _bits(masks: Ints) -> Bools:
    bits: Bools = (masks[:, None] >> np.arange(MAX_FRAMES) & 1) != 0
    return bits
