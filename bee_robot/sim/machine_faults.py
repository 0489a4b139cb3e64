"""Faults of the machine (motors, sensors, power), of the weather and of people who reach for door and e-stop."""

from __future__ import annotations

from random import Random

from bee_robot.configuration import AXIS_NAMES, RobotConfiguration
from bee_robot.sim.fault import FaultInstance, SimulatedWorld, fault, instant_s, side_of


@fault("a motor loses steps")
def _lost_steps(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    axis, count, at_s = chance.choice(AXIS_NAMES), chance.randint(20, 1200), instant_s(chance)
    mm = count / robot.axes[axis].steps_per_mm
    return FaultInstance(
        "lost_steps",
        f"{axis} loses {count} steps ({mm:.2f} mm)",
        lambda world: world.twin.knobs.lose_steps(axis, count),
        at_s,
    )


@fault("a motor stalls for a while")
def _stalled_axis(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    axis, at_s, lasts_s = chance.choice(AXIS_NAMES), instant_s(chance), round(chance.uniform(0.2, 30), 1)

    def happen(world: SimulatedWorld) -> None:
        world.twin.knobs.stick_axis(axis)
        world.twin.at(world.twin.now_s + lasts_s, lambda: world.twin.knobs.stick_axis(axis, False))

    return FaultInstance("stalled_axis", f"{axis} stands for {lasts_s} s", happen, at_s)


@fault("the belts of the shuttles have become loose")
def _loose_belts(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    backlash_mm = round(chance.uniform(0.1, 0.4), 2)
    return FaultInstance(
        "loose_belts",
        f"{backlash_mm} mm of backlash",
        lambda world: world.twin.knobs.loosen_belts(backlash_mm),
    )


@fault("the motor supply sags for milliseconds")
def _supply_sag(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    at_s, ms = instant_s(chance), round(chance.uniform(1, 80))
    return FaultInstance(
        "supply_sag", f"motors without power for {ms} ms", lambda w: w.twin.knobs.sag(ms), at_s
    )


@fault("the board browns out and starts again")
def _brown_out(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    def happen(world: SimulatedWorld) -> None:
        world.twin.reset_board()

    return FaultInstance("brown_out", "the board forgets everything", happen, instant_s(chance))


@fault("a load cell is noisy")
def _noisy_load_cells(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    kg = round(chance.uniform(0.05, 0.3), 3)

    def happen(world: SimulatedWorld) -> None:
        world.twin.knobs.load_noise_kg = kg

    return FaultInstance("noisy_load_cells", f"{kg} kg of noise", happen)


@fault("a load cell drifts")
def _drifting_load_cell(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    side, kg_h = side_of(chance), round(chance.choice((-1, 1)) * chance.uniform(0.3, 4), 2)
    return FaultInstance(
        "drifting_load_cell",
        f"{side} cell by {kg_h:+} kg an hour",
        lambda world: world.twin.knobs.drift_load(kg_h, side),
    )


@fault("the zero of a load cell jumps")
def _shifted_load_cell(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    side, kg = side_of(chance), round(chance.choice((-1, 1)) * chance.uniform(0.2, 3), 2)
    return FaultInstance(
        "shifted_load_cell",
        f"{side} cell by {kg:+} kg",
        lambda world: world.twin.knobs.shift_load_zero(kg, side),
        instant_s(chance),
    )


@fault("a load cell falls silent")
def _silent_load_cell(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    side = side_of(chance)
    return FaultInstance(
        "silent_load_cell",
        f"{side} cell",
        lambda world: world.twin.knobs.silence_load(side),
        instant_s(chance),
    )


@fault("a load cell repeats its last reading")
def _stuck_load_cell(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    side = side_of(chance)
    return FaultInstance(
        "stuck_load_cell",
        f"{side} cell",
        lambda world: world.twin.knobs.stick_load(side),
        instant_s(chance),
    )


@fault("a pin sensor sees nothing any more")
def _blind_pin_sensor(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    side = side_of(chance)
    return FaultInstance(
        "blind_pin_sensor",
        f"{side} sensor",
        lambda world: world.twin.knobs.blind_pin_sensor(side),
        instant_s(chance),
    )


@fault("it begins to rain")
def _rain(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    at_s = instant_s(chance)

    def happen(world: SimulatedWorld) -> None:
        world.weather.rains_from_s = at_s

    return FaultInstance("rain", "rain", happen, at_s)


@fault("a storm comes up")
def _storm(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    at_s = instant_s(chance)

    def happen(world: SimulatedWorld) -> None:
        world.weather.storms_from_s = at_s

    return FaultInstance("storm", "8 m/s more wind", happen, at_s)


@fault("somebody opens the service door and closes it again")
def _opened_door(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    at_s, lasts_s = instant_s(chance), round(chance.uniform(0.5, 60), 1)

    def happen(world: SimulatedWorld) -> None:
        knobs = world.twin.knobs
        knobs.door_open = True
        world.twin.at(world.twin.now_s + lasts_s, lambda: setattr(knobs, "door_open", False))

    return FaultInstance("opened_door", f"open for {lasts_s} s", happen, at_s)


@fault("somebody presses the e-stop and releases it again")
def _pressed_estop(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    at_s, lasts_s = instant_s(chance), round(chance.uniform(0.5, 60), 1)

    def happen(world: SimulatedWorld) -> None:
        knobs = world.twin.knobs
        knobs.estop_pressed = True
        world.twin.at(world.twin.now_s + lasts_s, lambda: setattr(knobs, "estop_pressed", False))

    return FaultInstance("pressed_estop", f"pressed for {lasts_s} s", happen, at_s)
