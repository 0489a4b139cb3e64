"""Kinds of clocks."""

from __future__ import annotations

from enum import Enum, IntEnum


class ClockType(IntEnum):
    """As rcl numbers them."""

    # Python 3.11 prints members of an IntEnum as bare numbers.
    __str__ = Enum.__str__
    __format__ = Enum.__format__

    UNINITIALIZED = 0
    ROS_TIME = 1
    SYSTEM_TIME = 2
    STEADY_TIME = 3
