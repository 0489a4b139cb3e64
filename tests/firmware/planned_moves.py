"""The core's planner, called from Python: plans of single moves, and the speeds that they stand for, exactly."""

from __future__ import annotations

from ctypes import POINTER, Structure, byref, c_bool, c_int32, c_uint8, c_uint32
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

BITS = 22
"""Fraction bits of speeds (steps a slice) and accelerations (steps a slice and slice)."""
SLICES_PER_SECOND = 500


class Profile(Structure):
    _fields_ = (("v0", c_int32), ("cruise", c_int32), ("v1", c_int32), ("slices", c_uint32 * 5))


class Limits(Structure):
    _fields_ = (("speed", c_int32), ("acceleration", c_int32), ("settle", c_uint8))


@dataclass(frozen=True)
class Move:
    distance: int
    v0: int
    limits: Limits
    v1_max: int


def planned(core: Any, move: Move) -> Profile | None:
    plan = Profile()
    core.profile_plan.restype = c_bool
    core.profile_plan.argtypes = [POINTER(Profile), c_uint32, c_int32, Limits, c_int32]
    is_planned = core.profile_plan(byref(plan), move.distance, move.v0, move.limits, move.v1_max)
    return plan if is_planned else None


def entry_speed(core: Any, distance: int, limits: Limits) -> int:
    core.profile_entry_speed.restype = c_int32
    core.profile_entry_speed.argtypes = [c_uint32, Limits]
    return int(core.profile_entry_speed(distance, limits))


def speeds_of(plan: Profile) -> list[Fraction]:
    """Speed at every slice boundary, the first and the last included."""
    speeds = [Fraction(plan.v0)]
    for count, end in zip(plan.slices, (plan.v0, plan.cruise, plan.cruise, plan.v1, plan.v1), strict=True):
        begin = speeds[-1]
        speeds += [begin + (end - begin) * Fraction(k + 1, count) for k in range(count)]
    return speeds


def way_of(speeds: list[Fraction]) -> Fraction:
    return sum(((a + b) / 2 for a, b in zip(speeds, speeds[1:], strict=False)), Fraction(0))
