"""What a procedure is given: the machine, its eyes, time, the journal, who listens and who may stop it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from bee_robot.clock import Clock
from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.frame_cameras import FaceCapture
from bee_robot.devices.tower import Tower
from bee_robot.extraction.control import VisitControl
from bee_robot.extraction.journal import Journal
from bee_robot.hive.inspection import VisitEvent


class RimState(str, Enum):
    CLEAR = "clear"
    BEES = "bees"
    UNKNOWN = "unknown"  # nobody could look; the time that bees need to leave has passed all the same


class RimLook(Protocol):
    async def __call__(self, box: int) -> RimState:
        """Look for bees on the rim of a box; takes up to 20 s, with the waiting that it needs."""
        ...


@dataclass(frozen=True)
class Override:
    """A named person who opens a hive although the conditions speak against it, and why."""

    by: str
    reason: str

    @property
    def is_complete(self) -> bool:
        """Whether it says both: who, and why."""
        return bool(self.by.strip() and self.reason.strip())


def nothing_against() -> Sequence[str]:
    return ()


def fair_weather() -> str:
    return ""


async def nothing_to_prepare(_: VisitContext) -> Sequence[str]:
    return ()


def nobody_objects() -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class VisitContext:
    """`prepare`: awaited before the gate is asked, unless a person overrides it; makes the hive's surroundings fit for a
    visit (warms the cabinet) and returns why it could not. `reasons_against`: the conditions gate, asked once before a
    visit. `overridden`: called when a person has overridden what stands against; returns what nobody may override (door,
    e-stop, board). `weather_turned`: asked before each frame; what it says (rain, say) closes the box early; what a person
    has overridden is left out. `holder`: name on the motion lease."""

    robot: RobotConfiguration
    tower: Tower
    cameras: FaceCapture
    clock: Clock
    journal: Journal
    events: Callable[[VisitEvent], None]
    control: VisitControl
    look: RimLook
    reasons_against: Callable[[], Sequence[str]] = nothing_against
    weather_turned: Callable[[], str] = fair_weather
    prepare: Callable[[VisitContext], Awaitable[Sequence[str]]] = nothing_to_prepare
    overridden: Callable[[], Sequence[str]] = nobody_objects
    holder: str = "frame_extractor"
