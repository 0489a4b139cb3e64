"""Relates the board's clock to the host's, so that stamps of both can be compared.

Every heartbeat's echo carries the board's time; it was read somewhere between sending and receiving. The middle is taken,
and half of the round trip is how far that can be wrong. Of each second only the quickest round trip is kept, of the last
minute only two: the quickest of its older half and of its newest quarter. The line through these two gives offset and drift, and
their uncertainties bound that of every time read from the line, as long as the drift stays the same for a minute. A host's
clock that moves in steps (simulated time between processes) adds one step to that.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

MASK = 0xFFFFFFFF
HALF = 0x80000000
BUCKET_S = 1.0
WINDOW_S = 64.0
DRIFT_MAX = 0.005
"""Ceramic resonators, as on many boards with an ATmega2560, are allowed half a percent."""


class HostTime(NamedTuple):
    """An instant of the board in the host's clock; `uncertainty_s` is infinite while the clocks are not related."""

    time_s: float
    uncertainty_s: float
    board_s: float
    """The board's own time since its power-on, for as long as this session has counted its overflows (71.6 min each)."""


class _Sample(NamedTuple):
    board_s: float
    host_s: float
    uncertainty_s: float


class ClockRelation:
    """Fed with heartbeat echoes of one session; a board that restarts begins another relation."""

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque()
        self._latest_us = 0  # of the board, overflows counted
        self._chosen: tuple[_Sample | None, _Sample | None] | None = (None, None)

    def add(self, sent_s: float, received_s: float, time_us: int) -> None:
        """A heartbeat sent and its echo received at these times of the host; `time_us`: the board's, 32 bits."""
        self._latest_us = self._unwrapped_us(time_us) if self._samples else time_us
        half_s = max(0.0, received_s - sent_s) / 2
        sample = _Sample(self._latest_us / 1e6, sent_s + half_s, half_s)
        if self._samples and sample.host_s - self._bucket_s(self._samples[-1]) < BUCKET_S:
            if half_s > self._samples[-1].uncertainty_s:
                return
            self._samples[-1] = sample
        else:
            self._samples.append(sample)
        while sample.host_s - self._samples[0].host_s > WINDOW_S:
            self._samples.popleft()
        self._chosen = None  # looked for when somebody asks: echoes come twenty times a second

    @staticmethod
    def _bucket_s(sample: _Sample) -> float:
        return math.floor(sample.host_s / BUCKET_S) * BUCKET_S

    def _choose(self) -> tuple[_Sample | None, _Sample | None]:
        """The older and the newer of the two samples that are kept of the last minute."""
        if self._chosen is None:
            first_s, last_s = self._samples[0].board_s, self._samples[-1].board_s
            older = [sample for sample in self._samples if sample.board_s < (first_s + last_s) / 2]
            newer = [sample for sample in self._samples if sample.board_s >= (first_s + 3 * last_s) / 4]
            self._chosen = (
                min(older, key=lambda sample: sample.uncertainty_s, default=None),
                min(newer, key=lambda sample: sample.uncertainty_s),
            )
        return self._chosen

    def _unwrapped_us(self, time_us: int) -> int:
        return self._latest_us + (((time_us - self._latest_us + HALF) & MASK) - HALF)

    @property
    def is_known(self) -> bool:
        return bool(self._samples)

    @property
    def drift(self) -> float:
        """How much faster the host's clock runs than the board's, as a share; 0 while that is not known better."""
        return self._drift()[0]

    @property
    def drift_uncertainty(self) -> float:
        return self._drift()[1]

    def _drift(self) -> tuple[float, float]:
        older, newer = self._choose()
        if older is None or newer is None:
            return 0.0, DRIFT_MAX
        span_s = newer.board_s - older.board_s
        uncertainty = (older.uncertainty_s + newer.uncertainty_s) / span_s
        if uncertainty > DRIFT_MAX:
            return 0.0, DRIFT_MAX
        return (newer.host_s - older.host_s) / span_s - 1.0, uncertainty

    @property
    def offset_s(self) -> float:
        """Host's time minus board's time at the newer of the two samples; nan while there is none."""
        _, newer = self._choose()
        return newer.host_s - newer.board_s if newer else math.nan

    def board_time_to_host_s(self, time_us: int) -> HostTime:
        """The host's time of a stamp of the board from within 35 minutes of the latest echo."""
        board_us = self._unwrapped_us(time_us) if self._samples else time_us
        board_s, (older, newer) = board_us / 1e6, self._choose()
        if newer is None:
            return HostTime(0.0, math.inf, board_s)
        drift, drift_uncertainty = self._drift()
        since_s = board_s - newer.board_s
        time_s = newer.host_s + since_s * (1.0 + drift)
        is_between = older is not None and older.board_s <= board_s <= newer.board_s
        if is_between and older is not None and drift_uncertainty < DRIFT_MAX:
            return HostTime(time_s, max(older.uncertainty_s, newer.uncertainty_s), board_s)
        return HostTime(time_s, newer.uncertainty_s + abs(since_s) * drift_uncertainty, board_s)
