"""QoS on the command line, and QoS that fits the publishers that are there."""

from __future__ import annotations

import argparse
from typing import Any

from bee_robot.embedded_ros.tools.verb import ToolError, complain

_POLICIES = ("history", "reliability", "durability", "liveliness")


def add_qos_arguments(parser: argparse.ArgumentParser, to_do: str, default: str) -> None:
    parser.add_argument("--qos-profile", metavar="NAME", help=f"preset to {to_do} with (default: {default})")
    parser.add_argument("--qos-depth", metavar="N", type=int, help="queue size (overrides the preset)")
    for policy, values in {
        "history": "keep_last, keep_all",
        "reliability": "reliable, best_effort",
        "durability": "transient_local, volatile",
        "liveliness": "automatic, manual_by_topic",
    }.items():
        parser.add_argument(f"--qos-{policy}", metavar="P", help=f"{values} (overrides the preset)")
    parser.add_argument(
        "--qos-liveliness-lease-duration-seconds", metavar="S", type=float, help="overrides the preset"
    )


def is_given(args: argparse.Namespace) -> bool:
    names = ("profile", "depth", "liveliness_lease_duration_seconds", *_POLICIES)
    return any(getattr(args, f"qos_{name}") is not None for name in names)


def profile(args: argparse.Namespace, default: Any) -> Any:
    """The profile that the options ask for; `default` (a profile, or the name of a preset) where they are silent."""
    from rclpy import qos
    from rclpy.duration import Duration

    chosen = args.qos_profile or default
    made = _copy(_preset(chosen) if isinstance(chosen, str) else chosen)
    classes = {
        "history": qos.QoSHistoryPolicy,
        "reliability": qos.QoSReliabilityPolicy,
        "durability": qos.QoSDurabilityPolicy,
        "liveliness": qos.QoSLivelinessPolicy,
    }
    for policy, kind in classes.items():
        text = getattr(args, f"qos_{policy}")
        if text is not None:
            if text not in kind.short_keys():
                raise ToolError(f"--qos-{policy} {text}: choose from {', '.join(kind.short_keys())}")
            setattr(made, policy, kind.get_from_short_key(text))
    if args.qos_liveliness_lease_duration_seconds is not None:
        made.liveliness_lease_duration = Duration(seconds=args.qos_liveliness_lease_duration_seconds)
    if args.qos_depth is not None and args.qos_depth >= 0:
        made.depth = args.qos_depth
    elif made.durability == qos.QoSDurabilityPolicy.TRANSIENT_LOCAL and made.depth == 0:
        made.depth = 1
    return made


def _preset(name: str) -> Any:
    from rclpy.qos import QoSPresetProfiles

    if name not in QoSPresetProfiles.short_keys():
        raise ToolError(f"--qos-profile {name}: choose from {', '.join(QoSPresetProfiles.short_keys())}")
    return QoSPresetProfiles.get_from_short_key(name)


def _copy(given: Any) -> Any:
    """Presets are shared: changing one would change it for everybody."""
    from rclpy.qos import QoSProfile

    return QoSProfile(**{slot[1:]: getattr(given, slot[1:]) for slot in QoSProfile.__slots__})


def matching(node: Any, topic: str, args: argparse.Namespace) -> Any:
    """What the options ask for; without options, what receives from every publisher that is there now."""
    from rclpy.qos import QoSDurabilityPolicy, QoSReliabilityPolicy

    made = profile(args, "sensor_data")
    publishers = node.get_publishers_info_by_topic(topic)
    if is_given(args) or not publishers:
        return made
    offers = [info.qos_profile for info in publishers]
    reliable = [offer.reliability == QoSReliabilityPolicy.RELIABLE for offer in offers]
    latched = [offer.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL for offer in offers]
    if all(reliable):
        made.reliability = QoSReliabilityPolicy.RELIABLE
    elif any(reliable):
        complain(
            "Some, but not all, publishers offer RELIABLE: subscribing with BEST_EFFORT to hear them all"
        )
    if all(latched):
        made.durability = QoSDurabilityPolicy.TRANSIENT_LOCAL
        made.depth = max(made.depth, *(offer.depth for offer in offers))
    elif any(latched):
        complain(
            "Some, but not all, publishers offer TRANSIENT_LOCAL: subscribing with VOLATILE to hear them all"
        )
    return made
