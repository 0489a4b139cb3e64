"""The twin: the firmware built for this machine, with the plant behind its pins and bytes at its serial line.

One Twin is one board with one tower around one hive. Time is pushed in from outside and everything is deterministic: the
same bytes at the same times give the same answers.
"""

from __future__ import annotations

import ctypes
import heapq
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from ctypes import c_int, c_int32, c_uint32, c_uint64
from pathlib import Path
from typing import Literal, Protocol

from bee_robot.configuration import RobotConfiguration
from bee_robot.mcu.transport import PipeTransport
from bee_robot.rulebook import Block, MotionSample, Situation
from bee_robot.sim import plant_setup
from bee_robot.sim.knobs import Knobs
from bee_robot.sim.native import library_path
from bee_robot.sim.plant import Plant, PlantEvent
from bee_robot.sim.plant_mirror import Truth
from bee_robot.sim.plant_setup import HiveMasses
from bee_robot.sim.plant_trace import PlantTrace, events_of, motions_of
from bee_robot.sim.situation import SituationWatch

SAMPLE_NS = 10_000_000
SHOW_EVERY_S = 10.0
NS_PER_S = 1_000_000_000
READ_BYTES = 4096
RETURN_ON_ANY, RETURN_UNLESS_TELEMETRY = 1, 2  # host.h


class TwinError(Exception):
    """The twin cannot be built. One line: what, where, what to do."""


class Observer(Protocol):
    """Whoever watches the twin: the referee, the trace, a test."""

    def see(self, block: Block, events: Mapping[int, PlantEvent]) -> None:
        """What has happened since the last call: a sample every 10 ms of robot time and one at each event of the plant,
        in order; `events` by the index of their sample."""
        ...


_idle: dict[tuple[str, float], list[ctypes.CDLL]] = {}  # libraries of closed twins, by file and its age


def _load(path: Path) -> tuple[tuple[str, float], ctypes.CDLL]:
    """A library that nobody else uses: its state is static, so every twin needs a copy of the file."""
    try:
        key = (str(path), path.stat().st_mtime)
    except OSError:
        raise TwinError(f"{path}: the firmware for this machine is not built; run 'make firmware'") from None
    if _idle.get(key):
        return key, _idle[key].pop()
    handle, name = tempfile.mkstemp(prefix="bee_host_", suffix=".so")
    os.close(handle)
    try:
        shutil.copyfile(path, name)
        library = ctypes.CDLL(name)
    except OSError as error:
        raise TwinError(
            f"{path}: cannot load the firmware ({error}); run 'make firmware' to build it again"
        ) from None
    finally:
        os.unlink(name)
    try:
        _declare(library)
    except AttributeError as error:
        raise TwinError(
            f"{path}: built from another source ({error}); run 'make firmware' to build it again"
        ) from None
    return key, library


def _declare(library: ctypes.CDLL) -> None:
    signatures: dict[str, tuple[object, list[object]]] = {
        "host_power_on": (None, [c_uint64]),
        "host_advance": (c_uint64, [c_uint64]),
        "host_return_on_bytes": (None, [c_int]),
        "host_uart_baud": (None, [c_uint32]),
        "host_uart_write": (c_uint32, [ctypes.c_char_p, c_uint32]),
        "host_uart_read": (c_uint32, [ctypes.c_char_p, c_uint32]),
        "host_uart_read_portion": (c_uint32, [ctypes.c_char_p, c_uint32, ctypes.c_void_p]),
        "host_axis_profile": (None, [c_int, ctypes.c_void_p, ctypes.c_void_p]),
        "host_axis_steps": (c_int32, [c_int]),
        "host_last_heartbeat_ns": (c_uint64, []),
        "plant_endstop": (c_int, [c_int]),
        "plant_pin": (c_int, [c_int]),
        "plant_load_counts": (c_int32, [c_int]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


class Twin:
    """Board and tower, powered by `power_on()`.

    `start_positions`: "parked", or mm by axis name (missing ones parked): where the machine stands when power comes.
    `seed` decides propolis, scatter of the frames and load noise. Robot time starts at 0 at `power_on`.
    Raises TwinError when the firmware is not built.
    """

    def __init__(
        self,
        robot: RobotConfiguration,
        world: HiveMasses,
        seed: int = 1,
        start_positions: Literal["parked"] | Mapping[str, float] = "parked",
        library: Path | None = None,
    ) -> None:
        self.robot = robot
        self._key, self._library = _load(library or library_path())
        self._masses, self._seed = world, seed
        self._start_mm = {name: axis.park_mm for name, axis in robot.axes.items()}
        if start_positions != "parked":
            self._start_mm |= start_positions
        self.plant = Plant(self._library)
        self.knobs = Knobs(self.plant)
        self._observers: list[Observer] = []
        self._buffer = ctypes.create_string_buffer(READ_BYTES)
        self._bytes = memoryview(self._buffer).cast("B")
        self._portion_ns = c_uint64()
        self._portion_at = ctypes.addressof(self._portion_ns)
        self._returns = RETURN_ON_ANY
        self._trace = PlantTrace(self._library)
        self._trace.begin(0)
        self._situations = SituationWatch(robot)
        self._now_ns = self._shown_ns = self._powered_ns = 0
        self.show_every_s = SHOW_EVERY_S
        """Observers are shown at least so often, in robot time, what has happened; and whenever `show` is called."""
        self._order = itertools.count()
        self._planned: list[tuple[int, int, Callable[[], object]]] = []
        self.receiver: Callable[[bytes], None] | None = None
        """Who is handed the bytes of the board in virtual time (bee_robot.sim.virtual_time)."""
        self.wants_telemetry: Callable[[], bool] = lambda: True
        """Whether the receiver waits for telemetry now (Transport.wants_telemetry)."""
        self._fill()

    def _fill(self) -> None:
        plant_setup.fill(self.plant.world, self.robot, self._masses, self._seed, self._start_mm)

    def at(self, t_s: float, action: Callable[[], object]) -> None:
        """Do something when robot time is `t_s` (at once on the next advance where that has passed): turn a knob, say."""
        heapq.heappush(self._planned, (round(t_s * NS_PER_S), next(self._order), action))

    def _do_planned(self) -> None:
        while self._planned and self._planned[0][0] <= self._now_ns:
            heapq.heappop(self._planned)[2]()

    def watch(self, observer: Observer) -> None:
        """From now on the observer sees every sample and event, block by block."""
        if self._observers:
            self.show()
        self._observers.append(observer)
        if len(self._observers) == 1:
            self._begin_trace()

    def _begin_trace(self) -> None:
        self._shown_ns = self._now_ns
        self._trace.begin(SAMPLE_NS if self._observers else 0)

    def power_on(self) -> None:
        """Power comes to machine and board, at robot time 0. Knobs that are turned stay turned."""
        self._now_ns = self._powered_ns = 0
        self._situations = SituationWatch(self.robot)
        self.plant.power_on()
        self._begin_trace()
        self._library.host_power_on(0)
        self._library.host_uart_baud(self.robot.serial.baud)
        self._library.host_return_on_bytes(self._returns)

    def reset_board(self) -> None:
        """The board alone loses power for an instant: it forgets everything, the machine stays where it is."""
        self._powered_ns = self._now_ns
        self._library.host_power_on(self._now_ns)

    def close(self) -> None:
        """Hands the library back; the twin must not be used afterwards."""
        if self._key is not None:
            _idle.setdefault(self._key, []).append(self._library)
            self._key = None  # type: ignore[assignment]

    @property
    def now_s(self) -> float:
        return self._now_ns / NS_PER_S

    @property
    def last_heartbeat_s(self) -> float:
        """When the board last accepted a heartbeat of the host; 0 if never."""
        accepted_ns = int(self._library.host_last_heartbeat_ns())
        if not accepted_ns:
            return 0.0
        # the board counts whole microseconds since its power-on; what is beyond them is when we ask
        return (accepted_ns - (accepted_ns - self._powered_ns) % 1000) / NS_PER_S

    def write(self, data: bytes) -> int:
        """Bytes for the board begin to travel now. Returns how many the line took (it holds 4096)."""
        return int(self._library.host_uart_write(data, len(data)))

    def read(self) -> bytes:
        """Bytes from the board that have arrived by now."""
        parts = []
        while count := self._library.host_uart_read(self._buffer, READ_BYTES):
            parts.append(bytes(self._bytes[:count]))
        return b"".join(parts)

    def portions(self) -> Iterator[tuple[bytes, float]]:
        """Bytes from the board that have arrived by now, each portion with the robot time at which it could have been read."""
        while count := self._library.host_uart_read_portion(self._buffer, READ_BYTES, self._portion_at):
            yield bytes(self._bytes[:count]), self._portion_ns.value / NS_PER_S

    def pipe(self) -> PipeTransport:
        """The serial line as a transport of bee_robot.mcu, for a host in this process and in virtual time."""
        transport = PipeTransport(self.write)
        self.receiver = transport.deliver
        self.wants_telemetry = lambda: transport.wants_telemetry
        return transport

    def advance_to(self, t_s: float, *, telemetry_may_wait: bool = False) -> float:
        """Run firmware and plant until `t_s` of robot time, or until bytes of the board can be read, whichever comes first.

        Returns the time reached. With bytes unread it returns at once. `telemetry_may_wait`: bytes that are only telemetry
        are none of these; `portions` tells when they could have been read.
        """
        returns = RETURN_UNLESS_TELEMETRY if telemetry_may_wait else RETURN_ON_ANY
        if returns != self._returns:
            self._returns = returns
            self._library.host_return_on_bytes(returns)
        goal_ns = max(self._now_ns, round(t_s * NS_PER_S))
        block_ns = self._block_ns()
        while self._now_ns < goal_ns:
            self._do_planned()
            stop_ns = min(goal_ns, self._shown_ns + block_ns) if self._observers else goal_ns
            if self._planned:
                stop_ns = min(stop_ns, self._planned[0][0])
            self._now_ns = self._library.host_advance(stop_ns)
            if self._observers and self._now_ns >= self._shown_ns + block_ns:
                self.show()
            if self._now_ns < stop_ns:
                break
        return self.now_s

    def _block_ns(self) -> int:
        return min(round(self.show_every_s * NS_PER_S), self._trace.most_periods * SAMPLE_NS)

    def show(self) -> None:
        """Show the observers now what has happened since they were shown something last."""
        self._shown_ns = self._now_ns
        rows = self._trace.take()
        if not self._observers or not len(rows):
            return
        block, events = self._situations.follow(rows), events_of(rows)
        for observer in self._observers:
            observer.see(block, events)

    def sample(self) -> MotionSample:
        """The machine at this instant."""
        return motions_of(self._trace.now(self._now_ns), self.robot).sample(0)

    def situation(self) -> Situation:
        """What stands where at this instant. Whoever asks often enough, or watches, also learns for how long."""
        self.show()
        return self._situations.follow(self._trace.now(self._now_ns)).situation(0)

    @property
    def open_time_s(self) -> float:
        """How long a box has been open: first edge off the rim to last edge on it, of the latest opening.

        Kept while somebody watches the twin.
        """
        self.show()
        return self._situations.open_time_s

    def truth(self) -> Truth:
        """Everything the plant knows; a live view."""
        return self.plant.truth

    def origin(self, box: int, frame: int) -> tuple[int, int]:
        """Box and frame where a frame hung when the simulation began; (0, 0) for one that was brought since."""
        made = self.plant.world.frames[box - 1][frame - 1]
        return made.origin_box, made.origin_frame
