"""What a fault is: drawn by chance, said with its numbers, and turning knobs at the start or at an instant of robot time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bee_robot.configuration import RobotConfiguration
from bee_robot.sim.machine_knobs import SideName
from bee_robot.sim.plant_mirror import OUTPUT_NAMES
from bee_robot.sim.twin import Twin
from bee_robot.sim.weather import Weather

VISIT_S = (20.0, 460.0)  # robot time during which a visit of a box that begins at 0 is at work
AIR_EVERY_S = 20.0


@dataclass
class SimulatedWorld:
    """What faults take hold of: the twin and its weather. The air around the hive is that of the weather's cabinet."""

    twin: Twin
    weather: Weather

    def __post_init__(self) -> None:
        self._breathe()

    def _breathe(self) -> None:
        self.follow_weather()
        self.twin.at(self.twin.now_s + AIR_EVERY_S, self._breathe)

    def follow_weather(self) -> None:
        """The plant's air is that of the cabinet at this instant. Done every AIR_EVERY_S by itself."""
        heater = float(self.twin.truth().outputs[OUTPUT_NAMES.index("heater")])
        self.twin.knobs.air_c = self.weather.at(self.twin.now_s, heater).cabinet_c


@dataclass(frozen=True)
class FaultInstance:
    """One fault with its numbers. `at_s`: robot time at which it happens, 0 where things are so from the start."""

    name: str
    says: str
    happen: Callable[[SimulatedWorld], None]
    at_s: float = 0.0

    def apply(self, world: SimulatedWorld) -> None:
        """Now, or at its instant."""
        if self.at_s <= world.twin.now_s:
            self.happen(world)
        else:
            world.twin.at(self.at_s, lambda: self.happen(world))

    def __str__(self) -> str:
        when = f" from {self.at_s:.1f} s" if self.at_s else ""
        return f"{self.name}{when}: {self.says}"


Draw = Callable[[Random, RobotConfiguration, int], FaultInstance]


@dataclass(frozen=True)
class Fault:
    """A kind of trouble. `what`: one line for people. `of_box`: draws it for one box (others than of a box ignore that)."""

    name: str
    what: str
    of_box: Draw

    def draw(self, chance: Random, robot: RobotConfiguration, box: int | None = None) -> FaultInstance:
        """With numbers drawn from `chance`; for one box, or for any."""
        return self.of_box(chance, robot, box or chance.randint(1, len(robot.hive.stack)))


KNOWN: dict[str, Fault] = {}


def fault(what: str) -> Callable[[Draw], Draw]:
    """Enters what it decorates among the known faults, under its name."""

    def enter(draw: Draw) -> Draw:
        name = draw.__name__.lstrip("_")
        KNOWN[name] = Fault(name, what, draw)
        return draw

    return enter


def side_of(chance: Random) -> SideName:
    return "left" if chance.random() < 0.5 else "right"


def frame_of(chance: Random, robot: RobotConfiguration, box: int, but_last: bool = False) -> int:
    return chance.randint(1, robot.hive.box(box).frames_per_box - but_last)


def instant_s(chance: Random) -> float:
    return round(chance.uniform(*VISIT_S), 3)
