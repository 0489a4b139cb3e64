"""The rows that the plant writes for whoever watches the twin (firmware/boards/host/plant_trace.h), as numpy arrays."""

from __future__ import annotations

import ctypes
from ctypes import c_int32, c_uint32, c_uint64, c_void_p

import numpy as np
from numpy.typing import NDArray

from bee_robot.configuration import AXIS_NAMES, SERVO_NAMES, RobotConfiguration
from bee_robot.rulebook import Motions
from bee_robot.sim.plant import PlantEvent, PlantMismatch, named_event
from bee_robot.sim.plant_mirror import MAX_FRAMES, OUTPUT_NAMES, SIDES, RawEvent

_AXES, _SERVOS, _OUTPUTS, _SIDES = (len(names) for names in (AXIS_NAMES, SERVO_NAMES, OUTPUT_NAMES, SIDES))

ROW = np.dtype(
    [
        ("at_ns", "u8"),
        ("heartbeat_ns", "u8"),
        ("position_mm", "f8", _AXES),
        ("speed_mm_s", "f8", _AXES),
        ("acceleration_mm_s2", "f8", _AXES),
        ("servo_deg", "f8", _SERVOS),
        ("outputs", "f8", _OUTPUTS),
        ("load_kg", "f8", _SIDES),
        ("edge_mm", "f8", _SIDES),
        ("frame_y_mm", "f8", MAX_FRAMES),
        ("held_lift_mm", "f8", _SIDES),
        ("event_value", "f8"),
        ("load_counts", "i4", _SIDES),
        ("stack_level", "i4"),
        ("held", "i4", _SIDES),
        ("pins", "i4", _SIDES),
        ("is_rail_on", "i4"),
        ("is_door_closed", "i4"),
        ("is_estop_ok", "i4"),
        ("is_swinging", "i4", _SERVOS),
        ("open_box", "i4"),
        ("resting", "i4"),
        ("event", "i4"),
        ("event_side", "i4"),
        ("event_level", "i4"),
        ("event_frame", "i4"),
    ],
    align=True,
)
"""plant_trace_row_t. `event` is 0 in the row of a period."""

Rows = NDArray[np.void]
NS_PER_S = 1e9


class PlantTrace:
    """The rows of the plant inside a loaded library. Without a board in the library speeds are 0 and no heartbeat comes."""

    def __init__(self, library: ctypes.CDLL) -> None:
        size = library.plant_trace_row_size()
        if size != ROW.itemsize:
            raise PlantMismatch(
                f"plant_trace_row: {size} bytes in the library, {ROW.itemsize} in bee_robot/sim/plant_trace.py; "
                "run 'make firmware' to build the library from this source"
            )
        library.plant_trace_begin.argtypes = [c_uint64, c_void_p, c_void_p]
        library.plant_trace_begin.restype = library.plant_trace_clear.restype = None
        for name in ("plant_trace_rows", "plant_trace_now"):
            getattr(library, name).restype = c_void_p
        for name in ("plant_trace_count", "plant_trace_periods"):
            getattr(library, name).restype = c_int32
        library.plant_trace_row_size.restype = c_uint32
        self._library = library
        self._board = [_address(library, name) for name in ("host_axis_profile", "host_last_heartbeat_ns")]
        self.most_periods: int = library.plant_trace_periods()
        """So many rows of a period fit between two `take`."""

    def begin(self, period_ns: int) -> None:
        """From now on a row every so often and at every event; 0: no more rows. What nobody took is forgotten."""
        self._library.plant_trace_begin(period_ns, *self._board)

    def take(self) -> Rows:
        """The rows since the last call, oldest first."""
        rows = self._copy(self._library.plant_trace_rows(), self._library.plant_trace_count())
        self._library.plant_trace_clear()
        return rows

    def now(self, at_ns: int) -> Rows:
        """One row: the plant at this instant, which is `at_ns` (the plant's own time is that of its last change)."""
        row = self._copy(self._library.plant_trace_now(), 1).copy()
        row["at_ns"] = at_ns
        return row

    @staticmethod
    def _copy(address: int, count: int) -> Rows:
        return np.frombuffer(ctypes.string_at(address, count * ROW.itemsize), dtype=ROW)


def _address(library: ctypes.CDLL, name: str) -> c_void_p | None:
    function = getattr(library, name, None)
    return None if function is None else ctypes.cast(function, c_void_p)


def motions_of(rows: Rows, robot: RobotConfiguration) -> Motions:
    """The machine of every row as the board measures it: loads from counts, end stops from positions."""
    inputs = {
        "door_closed": rows["is_door_closed"] != 0,
        "estop_ok": rows["is_estop_ok"] != 0,
        "pin_left": rows["pins"][:, 0] != 0,
        "pin_right": rows["pins"][:, 1] != 0,
    }
    for column, name in enumerate(AXIS_NAMES):
        axis = robot.axes[name]
        inputs[f"end_stop_{name}"] = rows["position_mm"][:, column] <= axis.home_mm + 0.5 / axis.steps_per_mm
    outputs = {name: rows["outputs"][:, column] for column, name in enumerate(OUTPUT_NAMES)}
    return Motions(
        t_s=rows["at_ns"] / NS_PER_S,
        position_mm=rows["position_mm"],
        speed_mm_s=rows["speed_mm_s"],
        acceleration_mm_s2=rows["acceleration_mm_s2"],
        servos_deg=rows["servo_deg"],
        is_swinging=rows["is_swinging"] != 0,
        loads_kg=_loads_kg(rows, robot),
        inputs=inputs,
        outputs={**outputs, "motor_rail": rows["is_rail_on"].astype(np.float64)},
    )


def _loads_kg(rows: Rows, robot: RobotConfiguration) -> NDArray[np.float64]:
    cells = [robot.load_cells["left"], robot.load_cells["right"]]
    offsets = np.array([cell.offset_counts for cell in cells])
    return np.asarray((rows["load_counts"] - offsets) / [cell.counts_per_kg for cell in cells])


def events_of(rows: Rows) -> dict[int, PlantEvent]:
    """What happened, by the index of its row."""
    return {int(index): named_event(_raw_event(rows[index])) for index in np.flatnonzero(rows["event"])}


def _raw_event(row: np.void) -> RawEvent:
    raw = RawEvent(int(row["at_ns"]), float(row["event_value"]))
    raw.position_mm[:], raw.servo_deg[:], raw.load_kg[:] = (
        row["position_mm"],
        row["servo_deg"],
        row["load_kg"],
    )
    raw.kind, raw.side, raw.level, raw.frame = (
        int(row[f"event{part}"]) for part in ("", "_side", "_level", "_frame")
    )
    return raw
