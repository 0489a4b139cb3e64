"""The trace: one JSON object per line, every 10 ms of robot time and at every event (machine.md, "Trace")."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bee_robot.rulebook import AXES, SERVOS, SIDES, Block, MotionSample, Situation
from bee_robot.sim.plant import PlantEvent

BUFFER_BYTES = 1 << 20


_AXIS = '"%s":{"position_mm":%%.4f,"speed_mm_s":%%.4f,"acceleration_mm_s2":%%.3f}'
_AXES = '"axes":{' + ",".join(_AXIS % name for name in AXES) + "}"
_SERVOS = '"servos_deg":{' + ",".join(f'"{name}":%.2f' for name in SERVOS) + "}"
_LOADS = '"loads_kg":{' + ",".join(f'"{side}":%.4f' for side in SIDES) + "}"
_LINE = '{"t_s":%.6f,"event":%s,' + f'{_AXES},{_SERVOS},"inputs":%s,"outputs":%s,{_LOADS}' + "}"


def lines(block: Block, names: Mapping[int, str]) -> list[str]:
    """The lines of a block, without their ends; `names`: events by the index of their sample.

    Positions to 0.1 µm, times to the microsecond. Whole columns are put in order first and each line is filled into one
    template: a hundred lines a second are the larger part of what a trace costs.
    """
    motions = block.motions
    axes = np.stack([motions.position_mm, motions.speed_mm_s, motions.acceleration_mm_s2], axis=2)
    columns = zip(
        motions.t_s.tolist(),
        axes.reshape(len(block), -1).tolist(),
        motions.servos_deg.tolist(),
        _objects(motions.inputs, len(block)),
        _objects(motions.outputs, len(block)),
        motions.loads_kg.tolist(),
    )
    return [
        _LINE % (t_s, json.dumps(names.get(index)), *axes_of, *servos, inputs, outputs, *loads)
        for index, (t_s, axes_of, servos, inputs, outputs, loads) in enumerate(columns)
    ]


def _objects(columns: Mapping[str, NDArray[Any]], count: int) -> Iterator[str]:
    """One JSON object for each sample. They change rarely, so each kind of object is written once."""
    values = zip(*(column.tolist() for column in columns.values())) if columns else [()] * count
    known: dict[tuple[Any, ...], str] = {}
    for one in values:
        if one not in known:
            known[one] = json.dumps(dict(zip(columns, one)), separators=(",", ":"))
        yield known[one]


class TraceFile:
    """Writes a trace. Buffered; `close` (or leaving the `with` block) writes the rest.

    Whoever owns the process calls `close` on its way out, after SIGTERM as well; `flush` at every event keeps the loss
    of a kill to the samples since the last event. Raises OSError when the file cannot be written.
    """

    def __init__(self, path: Path | str) -> None:
        self._file = Path(path).open("w", encoding="utf-8", buffering=BUFFER_BYTES)  # noqa: SIM115 - closed by close()

    def see(self, block: Block, events: Mapping[int, PlantEvent]) -> None:
        self._write(block, {index: event.name for index, event in events.items()})

    def note(self, name: str, sample: MotionSample) -> None:
        """An event that the plant does not see."""
        self._write(Block.of((sample, Situation())), {0: name})

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

    def _write(self, block: Block, names: Mapping[int, str]) -> None:
        if self._file.closed:
            return
        self._file.write("\n".join([*lines(block, names), ""]))
        if names:
            self.flush()
