"""Knobs of the machine: motors, belts, sensors, power, door and e-stop."""

from __future__ import annotations

from typing import Literal

from bee_robot.configuration import AXIS_NAMES
from bee_robot.sim.plant import Plant
from bee_robot.sim.plant_mirror import SIDES

SideName = Literal["left", "right"]
SHUTTLE_LEFT = AXIS_NAMES.index("shuttle_left")
NS_PER_MS = 1_000_000


def sides_of(side: SideName | None) -> tuple[int, ...]:
    """Indices of one side, or of both. Raises ValueError."""
    if side is None:
        return (0, 1)
    if side not in SIDES:
        raise ValueError(f"there is no side {side}; sides are left and right")
    return (SIDES.index(side),)


def axis_of(name: str) -> int:
    """Index of an axis. Raises ValueError."""
    if name not in AXIS_NAMES:
        raise ValueError(f"there is no axis {name}; axes are {', '.join(AXIS_NAMES)}")
    return AXIS_NAMES.index(name)


class MachineKnobs:
    """What can be wrong with the machine."""

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

    def sag(self, milliseconds: float) -> None:
        """The motor rail drops for so long and comes back by itself: motors and servos are without power meanwhile, and a
        motor that was turning quickly does not catch its field again until it is driven slowly.
        """
        truth = self._plant.truth
        self._plant.world.rail_back_ns = truth.now_ns + round(milliseconds * NS_PER_MS)
        self._plant.world_changed()

    def stick_axis(self, axis: str, is_stuck: bool = True) -> None:
        """The axis does not move: every step is lost."""
        self._plant.world.is_axis_stuck[axis_of(axis)] = is_stuck

    def lose_steps(self, axis: str, count: int) -> None:
        """The next so many steps of the axis are lost."""
        self._plant.world.steps_to_lose[axis_of(axis)] = count

    def creep(self, shuttle: str, by_mm: float) -> None:
        """A belt without power moves although nobody asks it to. Whatever hangs on it moves along."""
        index, truth = axis_of(shuttle), self._plant.truth
        steps_per_mm = self._plant.world.axes[index].steps_per_mm
        for _ in range(abs(round(by_mm * steps_per_mm))):  # it slides; it does not appear elsewhere
            step = 1 if by_mm > 0 else -1
            truth.steps[index] += step
            truth.position_mm[index] = truth.steps[index] / steps_per_mm
            truth.plate_y_mm[index - SHUTTLE_LEFT] += step / steps_per_mm
            self._plant.world_changed()

    def loosen_belts(self, backlash_mm: float) -> None:
        """Way of a shuttle's motor at a reversal before its plate follows, both sides."""
        self._plant.world.belt_backlash_mm = backlash_mm

    @property
    def load_noise_kg(self) -> float:
        """Standard deviation of one load sample."""
        return float(self._plant.world.load_noise_kg)

    @load_noise_kg.setter
    def load_noise_kg(self, deviation_kg: float) -> None:
        self._plant.world.load_noise_kg = deviation_kg

    def shift_load_zero(self, by_kg: float, side: SideName | None = None) -> None:
        """From now on a load cell shows so much too much."""
        for index in sides_of(side):
            self._plant.world.load_zero_kg[index] += by_kg

    def drift_load(self, kg_per_h: float, side: SideName | None = None) -> None:
        """A load cell shows more and more, counted from power-on."""
        for index in sides_of(side):
            self._plant.world.load_drift_kg_h[index] = kg_per_h

    def stick_load(self, side: SideName | None = None, is_stuck: bool = True) -> None:
        """A load cell repeats its last sample."""
        for index in sides_of(side):
            self._plant.world.is_load_stuck[index] = is_stuck

    def silence_load(self, side: SideName | None = None, is_silent: bool = True) -> None:
        """A load cell gives no readings (its cable has come off)."""
        for index in sides_of(side):
            self._plant.silence_load(index, is_silent)

    def blind_pin_sensor(self, side: SideName | None = None, is_blind: bool = True) -> None:
        """A pin sensor sees nothing any more."""
        for index in sides_of(side):
            self._plant.world.is_pin_sensor_blind[index] = is_blind
        self._plant.world_changed()
