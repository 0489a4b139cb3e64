"""Knobs of the hive: propolis, frames, bees, what lies on a rim, and the hands of a person at the service door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bee_robot.sim.machine_knobs import SideName, sides_of
from bee_robot.sim.plant import Plant
from bee_robot.sim.plant_mirror import THINGS, FrameMade

ThingName = Literal["tool", "finger", "comb"]


@dataclass(frozen=True)
class FrameInHand:
    """A frame that a person holds. `origin`: box and frame where it hung when the simulation began, (0, 0) for a new one.

    `bees`: on its rear and front face; `queen_face`: index of the face that the queen is on, None where she is not.
    """

    mass_kg: float
    bees: tuple[float, float] = (0.0, 0.0)
    origin: tuple[int, int] = (0, 0)
    queen_face: int | None = None


class HiveKnobs:
    """What can be odd about a hive."""

    _plant: Plant

    @property
    def air_c(self) -> float:
        """Of the air around the hive, in the cabinet: how hard propolis holds, how fast brood cools."""
        return float(self._plant.world.air_c)

    @air_c.setter
    def air_c(self, celsius: float) -> None:
        self._plant.world.air_c = celsius
        self._plant.world_changed()

    def glue_seam(self, box: int, break_away_kg: float, side: SideName | None = None) -> None:
        """Propolis between a box and what stands on it, per edge (both unless one side is named)."""
        self._require_box(box)
        for index in sides_of(side):
            self._plant.world.seam_break_away_kg[box][index] = break_away_kg
            self._plant.truth.freed_mm[box][index] = 0.0

    def glue_frame(self, box: int, frame: int, break_away_kg: float, side: SideName | None = None) -> None:
        """Propolis under the ears of a frame, per ear."""
        made = self._frame(box, frame)
        for index in sides_of(side):
            made.ear_break_away_kg[index] = break_away_kg
            self._plant.truth.frames[box - 1][frame - 1].freed_mm[index] = 0.0

    def displace_frame(self, box: int, frame: int, by_mm: float) -> None:
        """A resting frame stands elsewhere along Y (+ towards the entrance)."""
        self._frame(box, frame).y_mm += by_mm
        for index in range(2):
            self._plant.truth.frames[box - 1][frame - 1].y_mm[index] += by_mm

    def place_frame(self, box: int, frame: int, y_mm: float) -> None:
        """A resting frame stands exactly there along Y."""
        truth = self._plant.truth.frames[box - 1][frame - 1]
        self.displace_frame(box, frame, y_mm - truth.y_mm[0])

    def skew_frame(self, box: int, frame: int, by_mm: float) -> None:
        """The right end of a resting frame stands so much further to the front than its left one."""
        made, truth = self._frame(box, frame), self._plant.truth.frames[box - 1][frame - 1]
        for index, sign in enumerate((-0.5, 0.5)):
            truth.y_mm[index] += sign * (by_mm - made.askew_mm)
        made.askew_mm = by_mm

    def remove_frame(self, box: int, frame: int) -> None:
        """A frame is missing."""
        self._frame(box, frame).is_present = 0
        self._plant.world_changed()

    def turn_frame_over(self, box: int, frame: int) -> None:
        """A frame hangs upside down: no pin is on top, its tags look the wrong way."""
        self._frame(box, frame).is_upside_down = 1
        self._plant.world_changed()

    def remove_pin(self, box: int, frame: int, side: SideName | None = None) -> None:
        """A frame has lost a pin, or both."""
        made = self._frame(box, frame)
        for index in sides_of(side):
            made.is_pin_missing[index] = 1
        self._plant.world_changed()

    def bridge_frames(self, box: int, frame: int, holds_kg: float, way_mm: float) -> None:
        """Burr comb between a frame and the next one in front of it: how much it holds, over what way."""
        made = self._frame(box, frame)
        self._frame(box, frame + 1)
        made.burr_kg, made.burr_mm = holds_kg, way_mm
        self._plant.truth.is_burr_broken[box - 1][frame - 1] = 0

    def weigh_frame(self, box: int, frame: int, mass_kg: float) -> None:
        """A frame is heavier or lighter than the hive world says."""
        self._frame(box, frame).mass_kg = mass_kg
        self._plant.world_changed()

    def load_box(self, box: int, frame_kg: float) -> None:
        """Every frame of a box weighs so much: an empty one 0.55 kg, one full of honey 4."""
        self._require_box(box)
        for frame in range(1, self._plant.world.frames_in_box[box - 1] + 1):
            self._frame(box, frame).mass_kg = frame_kg
        self._plant.world_changed()

    def obstruct_rim(self, height_mm: float, side: SideName | None = None, thing: ThingName = "tool") -> None:
        """Something of that height lies on the rim of the open box (0: it is taken away). A tool does not give, a finger
        does and is hurt, comb is crushed.
        """
        if thing not in THINGS:
            raise ValueError(f"there is no thing {thing}; things are {', '.join(THINGS)}")
        for index in sides_of(side):
            self._plant.world.obstruction_mm[index] = height_mm
            self._plant.world.obstruction_kind[index] = THINGS.index(thing)
        self._plant.world_changed()

    def crowd_rim(self, bees: float, leave_s: float) -> None:
        """So many bees come to stand on each half of an open rim, and leave it with this time constant when asked to."""
        self._plant.world.rim_bees, self._plant.world.rim_leave_s = bees, leave_s

    def take_frame(self) -> FrameInHand:
        """A person takes the frame that hangs on the hooks. Raises ValueError where none hangs there by both pins."""
        world, truth = self._plant.world, self._plant.truth
        box, number = truth.stack_level - 1, self._plant.take_frame()
        if not number:
            raise ValueError("no frame hangs on both hooks")
        made = world.frames[box - 1][number - 1]
        is_hers = (world.queen_box, world.queen_frame) == (box, number)
        if is_hers:
            world.queen_box = world.queen_frame = 0
        self._plant.world_changed()
        return FrameInHand(
            made.mass_kg,
            (made.bees[0], made.bees[1]),
            (made.origin_box, made.origin_frame),
            world.queen_face if is_hers else None,
        )

    def hang_frame(self, frame: FrameInHand, pin_from_plate_mm: float) -> int:
        """A person hangs a frame onto the hooks, its pins so far from the plates' centre bars along Y.

        It gets the number of the first frame that is missing in the open box; returns it. Raises ValueError where the hooks
        are not out, or not free, or no frame is missing.
        """
        world, box = self._plant.world, self._plant.truth.stack_level - 1
        missing = [
            number
            for number in range(1, world.frames_in_box[box - 1] + 1 if box >= 1 else 1)
            if not world.frames[box - 1][number - 1].is_present
        ]
        if missing:
            world.frames[box - 1][missing[0] - 1].mass_kg = frame.mass_kg
        if not missing or not self._plant.hang_frame(missing[0], pin_from_plate_mm):
            raise ValueError("no frame is missing in an open box, or its hooks are not out and free")
        made = world.frames[box - 1][missing[0] - 1]
        made.is_upside_down = 0
        made.origin_box, made.origin_frame = frame.origin
        for index in range(2):
            made.bees[index], made.is_pin_missing[index] = frame.bees[index], 0
        if frame.queen_face is not None:
            world.queen_box, world.queen_frame, world.queen_face = box, missing[0], frame.queen_face
        self._plant.world_changed()
        return missing[0]

    def _require_box(self, box: int) -> None:
        if not 1 <= box <= self._plant.world.boxes:
            raise ValueError(f"there is no box {box}; boxes are 1 to {self._plant.world.boxes}")

    def _frame(self, box: int, frame: int) -> FrameMade:
        world = self._plant.world
        self._require_box(box)
        if not 1 <= frame <= world.frames_in_box[box - 1]:
            raise ValueError(
                f"there is no frame {frame} in box {box}; it has frames 1 to {world.frames_in_box[box - 1]}"
            )
        made: FrameMade = world.frames[box - 1][frame - 1]
        return made
