"""How facts become text in the store and back: times, JSON, the outcome of a visit."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from bee_robot.hive.inspection import EndState, FrameVisit, VisitOutcome


def utc_to_text(moment: datetime) -> str:
    """ISO 8601 with microseconds and Z, so that text order is time order. Raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; the store keeps UTC")
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def text_to_utc(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def to_json(value: Any) -> Any:
    """Plain JSON values: dataclasses and mappings become objects, enums their values, times text, NaN null."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return utc_to_text(value)
    if hasattr(value, "to_dict"):
        return to_json(value.to_dict())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(to_json(key)): to_json(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(entry) for entry in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if hasattr(value, "item"):  # numpy scalars
        return to_json(value.item())
    raise TypeError(f"{type(value).__name__} has no place in a store; give numbers, text, lists or mappings")


def to_text(value: Any) -> str:
    return json.dumps(to_json(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def from_text(text: str) -> Any:
    return json.loads(text)


def outcome_to_text(outcome: VisitOutcome) -> str:
    return to_text(outcome)


def outcome_from_text(text: str) -> VisitOutcome:
    """Raises KeyError or ValueError where the text is no outcome."""
    data = from_text(text)
    frames = tuple(
        FrameVisit(
            number=frame["number"],
            found_y_mm=frame["found_y_mm"],
            left_y_mm=frame["left_y_mm"],
            faces={face: tuple(pictures) for face, pictures in frame["faces"].items()},
            taken_s=frame["taken_s"],
            done_s=frame["done_s"],
        )
        for frame in data.pop("frames")
    )
    end_state = EndState(data.pop("end_state"))
    refusals = tuple(data.pop("refusals"))
    return VisitOutcome(end_state=end_state, refusals=refusals, frames=frames, **data)
