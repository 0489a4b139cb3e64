"""QoS and bags: what to subscribe with so that every publisher is heard, how offers are written down, what to replay with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import yaml
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy

LEAST_DEPTH, MOST_DEPTH = 100, 1000
_INFINITE_NS = 2**63 - 1


def to_hear_all(offers: Sequence[QoSProfile]) -> QoSProfile:
    """The strongest QoS that is compatible with every offer: reliable or latched only where all are."""
    reliable = bool(offers) and all(each.reliability == ReliabilityPolicy.RELIABLE for each in offers)
    latched = bool(offers) and all(each.durability == DurabilityPolicy.TRANSIENT_LOCAL for each in offers)
    keeps_all = any(each.history == HistoryPolicy.KEEP_ALL for each in offers)
    deepest = MOST_DEPTH if keeps_all else max((each.depth for each in offers), default=0)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=min(MOST_DEPTH, max(LEAST_DEPTH, deepest)),
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def is_weaker(new: QoSProfile, old: QoSProfile) -> bool:
    """Whether a subscription with `old` misses a publisher that needs `new`."""
    return any(
        now == weak and before != weak
        for now, before, weak in (
            (new.reliability, old.reliability, ReliabilityPolicy.BEST_EFFORT),
            (new.durability, old.durability, DurabilityPolicy.VOLATILE),
        )
    )


def as_yaml(offers: Iterable[QoSProfile]) -> str:
    """Offers as `offered_qos_profiles` has them up to version 8 of bags: policies are the numbers of rmw."""
    return yaml.safe_dump([_written(each) for each in offers], sort_keys=False).strip()


def _written(profile: QoSProfile) -> dict[str, Any]:
    return {
        "history": int(profile.history),
        "depth": int(profile.depth),
        "reliability": int(profile.reliability),
        "durability": int(profile.durability),
        "deadline": _time(profile.deadline),
        "lifespan": _time(profile.lifespan),
        "liveliness": int(profile.liveliness),
        "liveliness_lease_duration": _time(profile.liveliness_lease_duration),
        "avoid_ros_namespace_conventions": bool(profile.avoid_ros_namespace_conventions),
    }


def _time(duration: Duration) -> dict[str, int]:
    s, ns = divmod(duration.nanoseconds or _INFINITE_NS, 10**9)
    return {"sec": s, "nsec": ns}


def to_replay(recorded: Sequence[Any]) -> QoSProfile:
    """What to publish with, from the offers in a bag (rosbags' Qos): as they were, if they agree.

    Where they differ, the strongest: it serves every subscription that any of them served. Depth: one publisher stands
    for all that there were.
    """
    offers = list(recorded)
    latched = any(each.durability.value == DurabilityPolicy.TRANSIENT_LOCAL for each in offers)
    reliable = not offers or any(each.reliability.value != ReliabilityPolicy.BEST_EFFORT for each in offers)
    made = QoSProfile(
        depth=min(MOST_DEPTH, max(10, sum(each.depth for each in offers))),
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )
    if offers and all(each.liveliness.value == LivelinessPolicy.AUTOMATIC for each in offers):
        made.liveliness = LivelinessPolicy.AUTOMATIC
    deadlines = {each.deadline.sec * 10**9 + each.deadline.nsec for each in offers}
    shortest = min(deadlines, default=0)
    if 0 < shortest < _INFINITE_NS and len(deadlines) == 1:
        made.deadline = Duration(nanoseconds=shortest)
    return made
