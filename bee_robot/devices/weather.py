"""The readings that decide whether a hive may be opened. On the twin they come from sim/weather.py over the graph.

A reading carries its age; what is missing or stale counts as no (safety/conditions.py). There is no hardware
implementation yet: on a robot without one every reading is missing, and a visit needs a person's override.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClimateReading:
    """Degrees Celsius, m/s, percent; None where there is no sensor. `stamp_s` in robot time."""

    stamp_s: float
    outside_c: float | None = None
    cabinet_c: float | None = None
    wind_m_s: float | None = None
    humidity_pct: float | None = None
    battery_pct: float | None = None
    rain_mm_h: float | None = None
