"""Do values keep to the ranges of their descriptors?"""

from __future__ import annotations

import math
from typing import Any

RELATIVE_TOLERANCE = 1e-6


def integer_problem(name: str, value: int, limits: Any) -> str:
    """Why an integer is out of its range; empty if it is not. The ends are always allowed."""
    low, high = sorted((limits.from_value, limits.to_value))
    if value in (low, high):
        return ""
    if not low < value < high:
        return f"Parameter {name} out of range. Min: {low}, Max: {high}, value: {value}"
    if limits.step != 0 and (value - low) % limits.step != 0:
        return (
            f"The parameter value for {name} is not a valid step. "
            f"Min: {low}, max: {high}, value: {value}, step: {limits.step}"
        )
    return ""


def double_problem(name: str, value: float, limits: Any) -> str:
    """Why a double is out of its range; empty if it is not."""
    low, high = sorted((limits.from_value, limits.to_value))
    if any(math.isclose(value, end, rel_tol=RELATIVE_TOLERANCE) for end in (low, high)):
        return ""
    if not low < value < high:
        return f"Parameter {name} out of range Min: {low}, Max: {high}, value: {value}"
    if limits.step != 0.0:
        nearest = low + round((value - low) / limits.step) * limits.step
        if not math.isclose(nearest, value, rel_tol=RELATIVE_TOLERANCE):
            return (
                f"The parameter value for {name} is not close enough to a valid step. "
                f"Min: {low}, max: {high}, value: {value}, step: {limits.step}"
            )
    return ""
