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
OTHER_WORDS = {"hidden": "under a bee"}  # quantities and kinds that are no cell class

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
    known = OTHER_WORDS | {cell_class.value: words for cell_class, words in CELL_WORDS.items()}
    return known.get(name, name)


#: Nobody wants to read finer numbers than these, however narrow an interval is.
FINEST_STEP = {"kg": 0.01, "dm2": 0.01, "bees": 1.0, "seams": 0.1, "sides": 0.1, "%": 0.1}


def rounding_step(low: float, high: float, unit: str = "") -> float:
    """The power of ten that is worth writing for a number known to this interval: a fifth to a fiftieth of its width."""
    width = high - low
    if width <= 0 or not math.isfinite(width):
        return 0.0
    return max(FINEST_STEP.get(unit, 0.0), float(10 ** math.floor(math.log10(width / 5))))


def _step(estimate: Estimate) -> float:
    return rounding_step(estimate.low, estimate.high, estimate.unit)


def number(value: float, step: float = 0.0) -> str:
    """With thin spaces between thousands. step 0: up to two decimals, as they are."""
    if step > 0:
        value = round(value / step) * step
        decimals = max(0, -math.floor(math.log10(step)))
    else:
        decimals = 0 if value == int(value) else 2
    return f"{value + 0.0:,.{decimals}f}".replace(",", "\u202f").replace("-", "\u2212")


def as_percent(share: Estimate) -> Estimate:
    """A share of 0 to 1 in percent."""
    return Estimate(share.value * 100, share.low * 100, share.high * 100, "%", share.method)


def estimate_number(estimate: Estimate) -> str:
    """The number alone, no finer than its interval allows."""
    return "0" if is_nothing(estimate) else number(estimate.value, _step(estimate))


def is_nothing(estimate: Estimate) -> bool:
    """Whether even the upper end rounds to zero."""
    return estimate.low >= 0 and round(estimate.high / (FINEST_STEP.get(estimate.unit) or 1e-3)) == 0


def estimate_value(estimate: Estimate) -> str:
    """The number with its unit, no finer than its interval allows."""
    text = estimate_number(estimate)
    unit = UNIT_WORDS.get(estimate.unit, estimate.unit)
    return f"{text}\u00a0{unit}".rstrip()


def estimate_interval(estimate: Estimate) -> str:
    if is_nothing(estimate):
        return "0"
    step = _step(estimate)
    return f"{number(estimate.low, step)} to {number(estimate.high, step)}"


def with_interval(estimate: Estimate) -> str:
    """1 240 bees (1 010 to 1 480)."""
    return f"{estimate_value(estimate)} ({estimate_interval(estimate)})"


def counted(count: int, one: str, many: str) -> str:
    return f"{number(count)}\u00a0{one if count == 1 else many}"


def days(duration_d: float) -> str:
    """12 days; below two days in hours."""
    if abs(duration_d) < 2:
        return counted(round(duration_d * 24), "hour", "hours")
    return counted(round(duration_d), "day", "days")


def in_column(estimate: Estimate) -> str:
    """As `estimate_value`, under a heading that says bees already."""
    return estimate_number(estimate) if estimate.unit == "bees" else estimate_value(estimate)


def signed(estimate: Estimate) -> str:
    """A difference with its sign."""
    text = in_column(estimate)
    return text if text.startswith("\u2212") or estimate.value == 0 else f"+{text}"


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


def condition_value(value: object, name: str = "") -> str:
    """A reading of the gate; name tells that 1 means yes."""
    if value is None:
        return "no reading"
    if isinstance(value, bool) or name.endswith(("_closed", "_released")):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(condition_value(entry) for entry in value) or "none"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)
