"""QoS that parameters may override: `qos_overrides.<topic>.<publisher|subscription>.<policy>`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from rclpy.duration import Duration
from rclpy.exceptions import ParameterException
from rclpy.qos import QoSPolicyKind, QoSProfile


class InvalidQosOverridesError(Exception):
    """An override was refused by the callback or is no valid policy."""


class QoSOverridingOptions:
    """Which policies may be overridden, and a callback that checks the outcome."""

    def __init__(
        self,
        policy_kinds: Iterable[QoSPolicyKind],
        *,
        callback: Callable[[QoSProfile], Any] | None = None,
        entity_id: str | None = None,
    ) -> None:
        self._policy_kinds = tuple(policy_kinds)
        self._callback = callback
        self._entity_id = entity_id

    @property
    def policy_kinds(self) -> tuple[QoSPolicyKind, ...]:
        return self._policy_kinds

    @property
    def callback(self) -> Callable[[QoSProfile], Any] | None:
        return self._callback

    @property
    def entity_id(self) -> str | None:
        return self._entity_id

    @classmethod
    def with_default_policies(
        cls, *, callback: Callable[[QoSProfile], Any] | None = None, entity_id: str | None = None
    ) -> QoSOverridingOptions:
        kinds = (QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY)
        return cls(kinds, callback=callback, entity_id=entity_id)


def apply_qos_overrides(
    node: Any, entity: str, topic: str, profile: QoSProfile, options: QoSOverridingOptions | None
) -> QoSProfile:
    """The profile with what the node's parameters say. InvalidQosOverridesError if that is not allowed."""
    if options is None or not options.policy_kinds:
        return profile
    from rcl_interfaces.msg import ParameterDescriptor

    changed = copy.copy(profile)
    identifier = f"_{options.entity_id}" if options.entity_id else ""
    for kind in options.policy_kinds:
        policy = kind.name.lower()
        name = f"qos_overrides.{topic}.{entity}{identifier}.{policy}"
        current = getattr(profile, policy)
        value = _parameter_value(current)
        try:
            chosen = node.declare_parameter(name, value, ParameterDescriptor(read_only=True)).value
        except ParameterException:
            chosen = node.get_parameter(name).value
        setattr(changed, policy, _policy_value(current, chosen))
    if options.callback is not None:
        result = options.callback(changed)
        if not result.successful:
            raise InvalidQosOverridesError(f"{entity} on {topic}: qos override rejected: {result.reason}")
    return changed


def _parameter_value(current: Any) -> Any:
    if isinstance(current, Duration):
        return current.nanoseconds
    if hasattr(current, "short_key"):
        return current.short_key
    return current


def _policy_value(current: Any, chosen: Any) -> Any:
    if isinstance(current, Duration):
        return Duration(nanoseconds=chosen)
    if hasattr(current, "short_key"):
        try:
            return type(current)(type(current).get_from_short_key(chosen))
        except KeyError:
            raise InvalidQosOverridesError(
                f"{chosen!r} is none of {', '.join(type(current).short_keys())}"
            ) from None
    return chosen
