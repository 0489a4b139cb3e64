"""Numbers and names as a beekeeper reads them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate

CELL_WORDS = {
    CellClass.CAPPED_BROOD: "capped brood",
    CellClass.LARVAE: "larvae",
    CellClass.EGGS: "eggs",
    CellClass.DRONE_BROOD: "drone brood",
    CellClass.HONEY: "capped honey",
    CellClass.NECTAR: "nectar",
    CellClass.POLLEN: "bee bread",
    CellClass.OPEN: "open cells, content not told apart",
    CellClass.EMPTY: "empty cells",
}
UNIT_WORDS = {"dm2": "dm²", "1": ""}
PHASE_WORDS = {
    "check": "Checking conditions",
    "prepare": "Preparing",
    "peel": "Loosening the box above",
    "raise": "Raising",
    "locate": "Finding the frames",
    "frames": "Frames",
    "lower": "Lowering",
    "look": "Looking for bees on the rim",
    "close": "Closing",
    "leave": "Leaving",
    "recover": "Recovering",
    "end": "End",
}
CONDITION_UNITS = {
    "c": "°C",
    "m_s": "m/s",
    "pct": "%",
    "mm": "mm",
    "h": "h",
    "s": "s",
    "days": "days",
    "v": "V",
}


def cell_words(name: CellClass | str) -> str:
    """A cell class in words; other quantities are words already."""
    if isinstance(name, CellClass):
        return CELL_WORDS[name]
    known = {cell_class.value: words for cell_class, words in CELL_WORDS.items()}
    return known.get(name, name)


def rounding_step(low: float, high: float) -> float:
    """The power of ten that is worth writing for a number known to this interval: a fifth to a fiftieth of its width."""
    width = high - low
    if width <= 0 or not math.isfinite(width):
        return 0.0
    return float(10 ** math.floor(math.log10(width / 5)))


def number(value: float, step: float = 0.0) -> str:
    """With thin spaces between thousands. step 0: up to two decimals, as they are."""
    if step > 0:
        value = round(value / step) * step
        decimals = max(0, -math.floor(math.log10(step)))
    else:
        decimals = 0 if value == int(value) else 2
    return f"{value + 0.0:,.{decimals}f}".replace(",", "\u202f")


def as_percent(share: Estimate) -> Estimate:
    """A share of 0 to 1 in percent."""
    return Estimate(share.value * 100, share.low * 100, share.high * 100, "%", share.method)


def estimate_value(estimate: Estimate) -> str:
    """The number with its unit, no finer than its interval allows."""
    text = number(estimate.value, rounding_step(estimate.low, estimate.high))
    unit = UNIT_WORDS.get(estimate.unit, estimate.unit)
    return f"{text}\u00a0{unit}".rstrip()


def estimate_interval(estimate: Estimate) -> str:
    step = rounding_step(estimate.low, estimate.high)
    return f"{number(estimate.low, step)} to {number(estimate.high, step)}"


def minutes(duration_s: float) -> str:
    """7 min 05 s; seconds alone below a minute."""
    whole = round(duration_s)
    if whole < 60:
        return f"{whole}\u00a0s"
    return f"{whole // 60}\u00a0min {whole % 60:02d}\u00a0s"


def clock_face(duration_s: float) -> str:
    """7:05 since the start."""
    whole = round(duration_s)
    return f"{whole // 60}:{whole % 60:02d}"


def sentence(text: str) -> str:
    """With a capital first letter; the rest as it is."""
    return text[:1].upper() + text[1:]


def local_date(moment: datetime, utc_offset_hours: float) -> str:
    """Sunday 21 June 2026, 15:00 (UTC+3)."""
    local = moment + timedelta(hours=utc_offset_hours)
    zone = f"UTC{utc_offset_hours:+g}" if utc_offset_hours else "UTC"
    return f"{local:%A} {local.day} {local:%B %Y}, {local:%H:%M} ({zone})"


def local_time(moment: datetime, utc_offset_hours: float) -> str:
    return f"{moment + timedelta(hours=utc_offset_hours):%H:%M:%S}"


def condition(name: str) -> str:
    """outside_c -> outside, °C."""
    for suffix, unit in CONDITION_UNITS.items():
        if name.endswith(f"_{suffix}"):
            return f"{name[: -len(suffix) - 1].replace('_', ' ')}, {unit}"
    return name.replace("_", " ")


def flat(conditions: Mapping[str, object]) -> list[tuple[str, object]]:
    """Names and readings, with those of groups in their place."""
    lines: list[tuple[str, object]] = []
    for name, reading in conditions.items():
        lines += flat(reading) if isinstance(reading, Mapping) else [(name, reading)]
    return lines


def condition_value(value: object) -> str:
    if value is None:
        return "no reading"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(condition_value(entry) for entry in value) or "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
