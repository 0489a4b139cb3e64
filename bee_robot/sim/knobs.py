"""Everything that can go wrong in machine and hive, by name; each knob takes effect at once."""

from __future__ import annotations

from typing import Literal

from bee_robot.configuration import AXIS_NAMES
from bee_robot.sim.plant import Plant
from bee_robot.sim.plant_mirror import SIDES, FrameMade

SideName = Literal["left", "right"]


class Knobs:
    """Fault knobs of one plant. Lengths in mm, forces and masses in kg, boxes from 1 at the bottom, frames from 1 at the
    back. Raises ValueError, with what there is, for a box, frame, side or axis that does not exist.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    @property
    def door_open(self) -> bool:
        return not self._plant.world.is_door_closed

    @door_open.setter
    def door_open(self, is_open: bool) -> None:
        self._plant.world.is_door_closed = not is_open
        self._plant.world_changed()

    @property
    def estop_pressed(self) -> bool:
        return not self._plant.world.is_estop_ok

    @estop_pressed.setter
    def estop_pressed(self, is_pressed: bool) -> None:
        self._plant.world.is_estop_ok = not is_pressed
        self._plant.world_changed()

    @property
    def load_noise_kg(self) -> float:
        """Standard deviation of one load sample."""
        return float(self._plant.world.load_noise_kg)

    @load_noise_kg.setter
    def load_noise_kg(self, deviation_kg: float) -> None:
        self._plant.world.load_noise_kg = deviation_kg

    def glue_seam(self, box: int, break_away_kg: float, side: SideName | None = None) -> None:
        """Propolis between a box and what stands on it, per edge (both unless one side is named)."""
        if not 1 <= box <= self._plant.world.boxes:
            raise ValueError(f"there is no box {box}; boxes are 1 to {self._plant.world.boxes}")
        for index in _sides(side):
            self._plant.world.seam_break_away_kg[box][index] = break_away_kg
            self._plant.truth.freed_mm[box][index] = 0.0

    def glue_frame(self, box: int, frame: int, break_away_kg: float, side: SideName | None = None) -> None:
        """Propolis under the ears of a frame, per ear."""
        made = self._frame(box, frame)
        for index in _sides(side):
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

    def remove_frame(self, box: int, frame: int) -> None:
        """A frame is missing."""
        self._frame(box, frame).is_present = 0
        self._plant.world_changed()

    def weigh_frame(self, box: int, frame: int, mass_kg: float) -> None:
        """A frame is heavier or lighter than the hive world says."""
        self._frame(box, frame).mass_kg = mass_kg
        self._plant.world_changed()

    def obstruct_rim(self, height_mm: float, side: SideName | None = None) -> None:
        """Something of that height lies on the rim of the open box (0: it is taken away)."""
        for index in _sides(side):
            self._plant.world.obstruction_mm[index] = height_mm
        self._plant.world_changed()

    def stick_axis(self, axis: str, is_stuck: bool = True) -> None:
        """The axis does not move: every step is lost."""
        self._plant.world.is_axis_stuck[_axis(axis)] = is_stuck

    def lose_steps(self, axis: str, count: int) -> None:
        """The next so many steps of the axis are lost."""
        self._plant.world.steps_to_lose[_axis(axis)] = count

    def _frame(self, box: int, frame: int) -> FrameMade:
        world = self._plant.world
        if not 1 <= box <= world.boxes:
            raise ValueError(f"there is no box {box}; boxes are 1 to {world.boxes}")
        if not 1 <= frame <= world.frames_in_box[box - 1]:
            raise ValueError(
                f"there is no frame {frame} in box {box}; it has frames 1 to {world.frames_in_box[box - 1]}"
            )
        made: FrameMade = world.frames[box - 1][frame - 1]
        return made


def _axis(name: str) -> int:
    if name not in AXIS_NAMES:
        raise ValueError(f"there is no axis {name}; axes are {', '.join(AXIS_NAMES)}")
    return AXIS_NAMES.index(name)


def _sides(side: SideName | None) -> tuple[int, ...]:
    if side is None:
        return (0, 1)
    if side not in SIDES:
        raise ValueError(f"there is no side {side}; sides are left and right")
    return (SIDES.index(side),)
