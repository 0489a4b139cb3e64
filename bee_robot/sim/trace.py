"""The trace: one JSON object per line, every 10 ms of robot time and at every event (machine.md, "Trace")."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType

from bee_robot.configuration import AXIS_NAMES
from bee_robot.rulebook import MotionSample, Situation
from bee_robot.sim.plant import PlantEvent

BUFFER_BYTES = 1 << 20


_AXIS = '"%s":{"position_mm":%%.4f,"speed_mm_s":%%.4f,"acceleration_mm_s2":%%.3f}'
_AXES = '"axes":{' + ",".join(_AXIS % name for name in AXIS_NAMES) + "}"


def line(sample: MotionSample, event: str | None) -> str:
    """One line of the trace, without its end. Positions to 0.1 µm, times to the microsecond.

    The axes are filled into a template: a hundred lines a second are the larger part of what a trace costs.
    """
    axes = _AXES % tuple(
        value
        for name in AXIS_NAMES
        for value in (
            sample.axes[name].position_mm,
            sample.axes[name].speed_mm_s,
            sample.axes[name].acceleration_mm_s2,
        )
    )
    rest = json.dumps(
        {
            "servos_deg": {name: round(angle, 2) for name, angle in sample.servos_deg.items()},
            "inputs": dict(sample.inputs),
            "outputs": dict(sample.outputs),
            "loads_kg": {side: round(kg, 4) for side, kg in sample.loads_kg.items()},
        },
        separators=(",", ":"),
    )
    return f'{{"t_s":{sample.t_s:.6f},"event":{json.dumps(event)},{axes},{rest[1:]}'


class TraceFile:
    """Writes a trace. Buffered; `close` (or leaving the `with` block) writes the rest.

    Whoever owns the process calls `close` on its way out, after SIGTERM as well; `flush` at every event keeps the loss
    of a kill to the samples since the last event. Raises OSError when the file cannot be written.
    """

    def __init__(self, path: Path | str) -> None:
        self._file = Path(path).open("w", encoding="utf-8", buffering=BUFFER_BYTES)  # noqa: SIM115 - closed by close()

    def observe(self, sample: MotionSample, situation: Situation) -> None:
        self._write(sample, None)

    def happened(self, event: PlantEvent, sample: MotionSample) -> None:
        self.note(event.name, sample)

    def note(self, name: str, sample: MotionSample) -> None:
        """An event; also one that the plant does not see."""
        self._write(sample, name)
        self.flush()

    def flush(self) -> None:
        if not self._file.closed:
            self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> TraceFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, sample: MotionSample, event: str | None) -> None:
        if not self._file.closed:
            self._file.write(line(sample, event) + "\n")
