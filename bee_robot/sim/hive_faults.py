"""Faults of the hive: propolis, frames, bees, what lies on a rim."""

from __future__ import annotations

from random import Random

from bee_robot.configuration import RobotConfiguration
from bee_robot.sim.fault import FaultInstance, SimulatedWorld, fault, frame_of, instant_s, side_of
from bee_robot.sim.hive_knobs import ThingName


@fault("an edge of the stack is glued on with much propolis")
def _glued_seam(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    side, kg = side_of(chance), round(chance.uniform(8, 25), 1)
    return FaultInstance(
        "glued_seam",
        f"{side} edge above box {box} holds {kg} kg",
        lambda world: world.twin.knobs.glue_seam(box, kg, side),
    )


@fault("the ears of a frame are glued on with much propolis")
def _glued_frame(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    frame, kg = frame_of(chance, robot, box), round(chance.uniform(3, 12), 1)
    return FaultInstance(
        "glued_frame",
        f"ears of frame {frame} in box {box} hold {kg} kg each",
        lambda world: world.twin.knobs.glue_frame(box, frame, kg),
    )


@fault("a frame is stuck: an ear holds more than a hook can pull")
def _stuck_frame(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    frame, side, kg = frame_of(chance, robot, box), side_of(chance), round(chance.uniform(45, 90), 1)
    return FaultInstance(
        "stuck_frame",
        f"{side} ear of frame {frame} in box {box} holds {kg} kg",
        lambda world: world.twin.knobs.glue_frame(box, frame, kg, side),
    )


@fault("it is cold around the hive: propolis is brittle, brood cools fast")
def _cold_hive(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    outside_c = round(chance.uniform(2, 10), 1)

    def happen(world: SimulatedWorld) -> None:
        world.weather.outside_mean_c = outside_c
        world.follow_weather()

    return FaultInstance("cold_hive", f"{outside_c} °C outside on average", happen)


@fault("it is hot around the hive: propolis is soft and stretches")
def _hot_hive(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    outside_c = round(chance.uniform(27, 33), 1)

    def happen(world: SimulatedWorld) -> None:
        world.weather.outside_mean_c = outside_c
        world.follow_weather()

    return FaultInstance("hot_hive", f"{outside_c} °C outside on average", happen)


@fault("a frame does not stand where it belongs")
def _displaced_frame(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    frame, by_mm = frame_of(chance, robot, box), round(chance.choice((-1, 1)) * chance.uniform(2, 7), 1)
    return FaultInstance(
        "displaced_frame",
        f"frame {frame} in box {box} stands {by_mm:+} mm elsewhere",
        lambda world: world.twin.knobs.displace_frame(box, frame, by_mm),
    )


@fault("a frame stands on the slant")
def _askew_frame(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    frame, by_mm = frame_of(chance, robot, box), round(chance.choice((-1, 1)) * chance.uniform(2, 8), 1)
    return FaultInstance(
        "askew_frame",
        f"right end of frame {frame} in box {box} stands {by_mm:+} mm further to the front",
        lambda world: world.twin.knobs.skew_frame(box, frame, by_mm),
    )


@fault("a frame is missing")
def _missing_frame(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    frame = frame_of(chance, robot, box)
    return FaultInstance(
        "missing_frame",
        f"frame {frame} of box {box} is not there",
        lambda world: world.twin.knobs.remove_frame(box, frame),
    )


@fault("a frame hangs upside down: no pins on top, tags away")
def _upside_down_frame(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    frame = frame_of(chance, robot, box)
    return FaultInstance(
        "upside_down_frame",
        f"frame {frame} of box {box} is upside down",
        lambda world: world.twin.knobs.turn_frame_over(box, frame),
    )


@fault("a frame has lost a pin, or both")
def _missing_pin(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    frame, side = frame_of(chance, robot, box), chance.choice(("left", "right", None))
    return FaultInstance(
        "missing_pin",
        f"frame {frame} of box {box} has no {side or 'left and no right'} pin",
        lambda world: world.twin.knobs.remove_pin(box, frame, side),
    )


@fault("bees have built comb from one frame to the next")
def _burr_comb(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    frame, kg = frame_of(chance, robot, box, but_last=True), round(chance.uniform(1, 5), 1)
    way_mm = round(chance.uniform(1, 6), 1)
    return FaultInstance(
        "burr_comb",
        f"{kg} kg over {way_mm} mm between frames {frame} and {frame + 1} of box {box}",
        lambda world: world.twin.knobs.bridge_frames(box, frame, kg, way_mm),
    )


@fault("boxes above are full of honey")
def _heavy_stack(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    kg = round(chance.uniform(3, 4), 2)

    def happen(world: SimulatedWorld) -> None:
        for above in range(box, len(robot.hive.stack) + 1):
            world.twin.knobs.load_box(above, kg)

    return FaultInstance("heavy_stack", f"frames of {kg} kg in box {box} and above", happen)


@fault("something lies on the rim of the open box")
def _thing_on_rim(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    things: tuple[ThingName, ...] = ("tool", "finger", "comb")
    thing, side = chance.choice(things), side_of(chance)
    height_mm, at_s = round(chance.uniform(8, 40), 1), instant_s(chance)
    return FaultInstance(
        "thing_on_rim",
        f"{thing} of {height_mm} mm on the {side} rim",
        lambda world: world.twin.knobs.obstruct_rim(height_mm, side, thing),
        at_s,
    )


@fault("many bees stand on the rim and are slow to leave")
def _bees_on_rim(chance: Random, robot: RobotConfiguration, box: int) -> FaultInstance:
    bees, leave_s = chance.randint(40, 200), round(chance.uniform(4, 40), 1)
    return FaultInstance(
        "bees_on_rim",
        f"up to {bees} bees on each half, leaving after {leave_s} s on average",
        lambda world: world.twin.knobs.crowd_rim(bees, leave_s),
    )
