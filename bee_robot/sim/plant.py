"""The plant: machine and hive behind the board, in C (firmware/boards/host/plant*.c), as Python sees it.

`plant.world` and `plant.truth` (bee_robot.sim.plant_mirror) live inside the loaded library: reading and writing them reads
and writes the plant. Machine frame: X right, Y front, Z up, millimetres, kilograms, degrees.
"""

from __future__ import annotations

import ctypes
from ctypes import c_double, c_int32
from dataclasses import dataclass

from bee_robot.sim.plant_mirror import (
    OUTPUT_NAMES,
    SIDES,
    RawEvent,
    Truth,
    World,
)

_HARMLESS = {
    1: "fork_{side}_swing_start",
    2: "fork_{side}_swing_end",
    3: "hook_{side}_swing_start",
    4: "hook_{side}_swing_end",
    5: "edge_{side}_leaves_rim",
    6: "edge_{side}_lands",
    7: "contact_{side}",
    8: "frame_engaged_{side}",
    9: "frame_released_{side}",
    10: "ear_{side}_free",
    11: "frame_hanging",
    12: "frame_set_down",
    13: "{output}_{onoff}",
    14: "motor_rail_{onoff}",
    15: "door_{openclosed}",
    16: "estop_{pressed}",
    17: "propolis_snaps",
    18: "burr_breaks",
}
_HARM = {
    32: "crush_pin",
    33: "crush_top_bar",
    34: "frames_collide",
    35: "frame_meets_wall",
    36: "frame_meets_stack",
    37: "frame_dropped",
    38: "hook_meets_hive",
    39: "fork_meets_cleat",
    40: "forks_disagree",
    41: "stack_dropped",
    42: "beams_collide",
    43: "stack_slides",
    44: "finger_pressed",
    45: "bees_crushed",
    46: "queen_lost",
}
_NAMES = _HARMLESS | _HARM


@dataclass(frozen=True)
class PlantEvent:
    """Something that happened in the plant, with the machine at that instant.

    `value` is what the kind measures (mm, kg or 0..1). `level` is the box, or the level of the stack; `frame` counts
    from 1; both are 0 where they mean nothing, as `side` is "".
    """

    t_s: float
    name: str
    side: str
    level: int
    frame: int
    value: float
    is_harm: bool
    positions_mm: tuple[float, ...]
    servos_deg: tuple[float, ...]
    loads_kg: tuple[float, ...]

    def __str__(self) -> str:
        frame = f", frame {self.frame}" if self.frame else ""
        side = f" {self.side}" if self.side else ""
        return f"{self.name} at {self.t_s:.2f} s:{side} level {self.level}{frame}, {self.value:.4g}"


def named_event(raw: RawEvent) -> PlantEvent:
    """The event in words."""
    has_side = raw.kind != 13 and raw.side >= 0
    side = SIDES[raw.side] if has_side else ""
    name = _NAMES[raw.kind].format(
        side=side,
        output=OUTPUT_NAMES[raw.side] if raw.kind == 13 else "",
        onoff="on" if raw.value else "off",
        openclosed="closed" if raw.value else "open",
        pressed="released" if raw.value else "pressed",
    )
    return PlantEvent(
        raw.at_ns * 1e-9,
        name,
        side,
        raw.level,
        raw.frame,
        raw.value,
        raw.kind in _HARM,
        tuple(raw.position_mm),
        tuple(raw.servo_deg),
        tuple(raw.load_kg),
    )


class PlantMismatch(Exception):
    """The library was built from another plant_world.h than this module mirrors."""


class Plant:
    """The plant inside a loaded library. `world` and `truth` are live views."""

    def __init__(self, library: ctypes.CDLL) -> None:
        for name, mirror in (("world", World), ("truth", Truth), ("event", RawEvent)):
            size = getattr(library, f"plant_{name}_size")()
            if size != ctypes.sizeof(mirror):
                raise PlantMismatch(
                    f"plant_{name}: {size} bytes in the library, {ctypes.sizeof(mirror)} in bee_robot/sim/plant_mirror.py; "
                    "run 'make firmware' to build the library from this source"
                )
        library.plant_world.restype = ctypes.POINTER(World)
        library.plant_truth.restype = ctypes.POINTER(Truth)
        library.plant_take_events.argtypes = [ctypes.c_void_p, c_int32]
        library.plant_take_events.restype = c_int32
        for name in ("plant_power_on", "plant_world_changed", "plant_silence_load"):
            getattr(library, name).restype = None
        library.plant_silence_load.argtypes = [c_int32, c_int32]
        library.plant_hang_frame.argtypes = [c_int32, c_double]
        self.world: World = library.plant_world().contents
        self.truth: Truth = library.plant_truth().contents
        self._library = library
        self._events = (RawEvent * 64)()

    def power_on(self) -> None:
        """Everything stands as `world` says; time is zero."""
        self._library.plant_power_on()

    def world_changed(self) -> None:
        """Call after writing to `world`: weights, door and e-stop take effect."""
        self._library.plant_world_changed()

    def silence_load(self, side: int, is_silent: bool) -> None:
        """The load cell of a side gives no readings at all."""
        self._library.plant_silence_load(side, is_silent)

    def is_load_silent(self, side: int) -> bool:
        return bool(self._library.plant_load_is_silent(side))

    def take_frame(self) -> int:
        """A person takes the frame off the hooks. Its number in the open box; 0 where none hangs there by both pins."""
        return int(self._library.plant_take_frame())

    def hang_frame(self, number: int, pin_from_plate_mm: float) -> bool:
        """A person hangs frame `number` of the open box onto both hooks. False where they are not out, or not free."""
        return bool(self._library.plant_hang_frame(number, pin_from_plate_mm))

    def take_events(self) -> list[PlantEvent]:
        """What happened since the last call, in order; of a plant that is traced its rows tell (plant_trace.py)."""
        events: list[PlantEvent] = []
        while count := self._library.plant_take_events(self._events, len(self._events)):
            events.extend(named_event(raw) for raw in self._events[:count])
        return events
