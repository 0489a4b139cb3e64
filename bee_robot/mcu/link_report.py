"""How good a link is, in figures with units in their names: what `bee link` prints and tower_driver's diagnostics carry."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bee_robot.clock import Clock
from bee_robot.mcu import messages as m
from bee_robot.mcu.client import Client, SegmentPlan
from bee_robot.mcu.link import LinkStatistics

BITS_A_BYTE = 10  # start and stop bit
RESET_TEXT = {
    m.ResetCause.POWER: "power came",
    m.ResetCause.EXTERNAL: "the reset line: a button, or the port was opened",
    m.ResetCause.BROWN_OUT: "the supply sagged",
    m.ResetCause.WATCHDOG: "the watchdog: the firmware hung",
}

Figure = str | int | float | None
"""None: the board has not said, or nothing was measured."""


def board_kind_name(kind: int) -> str:
    return m.BoardKind(kind).name.lower() if kind in {*m.BoardKind} else f"unknown ({kind})"


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed; nan of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


@dataclass(frozen=True)
class Snapshot:
    """Counters of a link at one time."""

    time_s: float
    bytes_sent: int
    bytes_received: int

    @classmethod
    def take(cls, statistics: LinkStatistics, now_s: float) -> Snapshot:
        return cls(now_s, statistics.bytes_sent, statistics.bytes_received)

    def rates(self, later: Snapshot) -> tuple[float, float]:
        """Bytes/s to the board and from it until `later`."""
        span_s = max(1e-9, later.time_s - self.time_s)
        return (later.bytes_sent - self.bytes_sent) / span_s, (
            later.bytes_received - self.bytes_received
        ) / span_s


@dataclass(frozen=True)
class Goodput:
    """A bulk of messages that the board took: their bytes, how many packets, in which time."""

    message_bytes: int
    packets: int
    duration_s: float

    @property
    def bytes_per_s(self) -> float:
        return self.message_bytes / self.duration_s

    @property
    def bytes_per_packet(self) -> float:
        return self.message_bytes / self.packets

    def share_pct(self, baud: int) -> float:
        """Of the bytes that the line could carry."""
        return 100 * self.bytes_per_s * BITS_A_BYTE / baud


def link_figures(client: Client) -> dict[str, Figure]:
    """Board, session, errors of both sides, round trip and clocks of a connected client."""
    return {**_board(client), **_host(client.statistics), **_health(client.health), **_clocks(client)}


def _board(client: Client) -> dict[str, Figure]:
    welcome = client.welcome
    if welcome is None:
        return {}
    is_known = welcome.reset_cause in {*m.ResetCause}
    return {
        "board": board_kind_name(welcome.board_kind),
        "protocol": welcome.protocol,
        "schema": f"{welcome.schema:08x}",
        "configuration": f"{welcome.configuration:08x}" if welcome.configuration else None,
        "boots": welcome.boots,
        "reset_cause": m.ResetCause(welcome.reset_cause).name.lower() if is_known else welcome.reset_cause,
        "sessions": client.statistics.sessions,
    }


def _host(statistics: LinkStatistics) -> dict[str, Figure]:
    trips_ms = [1000 * trip_s for trip_s in statistics.round_trips_s]
    return {
        "round_trips": len(trips_ms),
        "round_trip_ms_min": quantile(trips_ms, 0.0) if trips_ms else None,
        "round_trip_ms_median": quantile(trips_ms, 0.5) if trips_ms else None,
        "round_trip_ms_p99": quantile(trips_ms, 0.99) if trips_ms else None,
        "host_packets_sent": statistics.sent,
        "host_packets_resent": statistics.resent,
        "host_packets_received": statistics.received,
        "host_bad_packets": statistics.bad,
        "host_repeated": statistics.repeated,
        "host_unknown": statistics.unknown,
    }


def _health(health: m.Health | None) -> dict[str, Figure]:
    """What the board counts wraps at 65536."""
    return {f"board_{name}": getattr(health, name, None) for name in m.Health._fields}


def _clocks(client: Client) -> dict[str, Figure]:
    clocks = client.clocks
    if not clocks.is_known:
        return dict.fromkeys(("clock_offset_s", "clock_uncertainty_ms", "clock_drift_ppm"))
    now = clocks.board_time_to_host_s(client.axes.time_us)
    return {
        "clock_offset_s": clocks.offset_s,
        "clock_uncertainty_ms": 1000 * now.uncertainty_s,
        "clock_drift_ppm": 1e6 * clocks.drift,
        "clock_drift_uncertainty_ppm": 1e6 * clocks.drift_uncertainty,
    }


async def measure_goodput(client: Client, clock: Clock, segments: int = 500) -> Goodput:
    """Send the board a programme to check, 39 bytes of messages a segment. It is never executed. Raises LinkError.

    Somebody else has to keep the heartbeat going meanwhile.
    """
    statistics = client.statistics
    before, packets, began_s = statistics.acknowledged_bytes, statistics.acknowledged, clock.now_s()
    moves = [
        SegmentPlan(0, 0, tuple(m.SegmentAxis(axis, index, 256, 256) for axis in (4, 5)))
        for index in range(segments)
    ]
    await client.check(moves)
    return Goodput(
        statistics.acknowledged_bytes - before,
        max(1, statistics.acknowledged - packets),
        max(1e-9, clock.now_s() - began_s),
    )
