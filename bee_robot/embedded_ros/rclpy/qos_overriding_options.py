"""QoS that parameters may override: `qos_overrides.<topic>.<publisher|subscription>.<policy>`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from rclpy.duration import Duration
from rclpy.exceptions import ParameterAlreadyDeclaredException
from rclpy.qos import QoSPolicyEnum, QoSPolicyKind, QoSProfile


class InvalidQosOverridesError(Exception):
    """An override was refused by the callback."""


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
    """The profile with what the node's parameters say. `entity`: publisher or subscription.

    InvalidQosOverridesError if the callback refuses it, RuntimeError for a policy that does not exist.
    """
    if options is None or not options.policy_kinds:
        return profile
    changed = copy.copy(profile)
    _declare_overrides(node, entity, topic, changed, options)
    return changed


def _declare_overrides(
    node: Any, entity: str, topic: str, profile: QoSProfile, options: QoSOverridingOptions
) -> None:
    from rcl_interfaces.msg import ParameterDescriptor

    suffix = f"_{options.entity_id}" if options.entity_id is not None else ""
    whom = f"for {entity} `{topic}` with id `{options.entity_id}`"
    for kind in options.policy_kinds:
        if kind == QoSPolicyKind.LIFESPAN and entity == "subscription":
            continue
        policy = kind.name.lower()
        name = f"qos_overrides.{topic}.{entity}{suffix}.{policy}"
        descriptor = ParameterDescriptor(description=f"{policy} {whom}", read_only=True)
        try:
            chosen = node.declare_parameter(name, _get_qos_policy_parameter(profile, kind), descriptor)
        except ParameterAlreadyDeclaredException:
            chosen = node.get_parameter(name)
        setattr(profile, policy, _policy_value(policy, getattr(profile, policy), chosen.value))
    if options.callback is not None:
        result = options.callback(profile)
        if not result.successful:
            raise InvalidQosOverridesError(f"Provided QoS overrides {whom}, are not valid: {result.reason}")


def _declare_qos_parameters(
    entity_type: type, node: Any, topic_name: str, qos: QoSProfile, options: QoSOverridingOptions
) -> None:
    """Change `qos` as the parameters say; `entity_type` is Publisher or Subscription."""
    from rclpy.publisher import Publisher
    from rclpy.subscription import Subscription

    if not issubclass(entity_type, (Publisher, Subscription)):
        raise TypeError("Argument `entity_type` should be a subclass of Publisher or Subscription")
    entity = "publisher" if issubclass(entity_type, Publisher) else "subscription"
    _declare_overrides(node, entity, topic_name, qos, options)


def _get_qos_policy_parameter(qos: QoSProfile, policy: QoSPolicyKind) -> Any:
    """A policy as the value of a parameter: short key, nanoseconds, or number."""
    current = getattr(qos, policy.name.lower())
    if isinstance(current, Duration):
        return current.nanoseconds
    if isinstance(current, QoSPolicyEnum):
        if current.name == "UNKNOWN":
            raise ValueError("User provided QoS profile is invalid")
        return current.short_key
    return current


def _policy_value(policy: str, current: Any, chosen: Any) -> Any:
    if isinstance(current, Duration):
        return Duration(nanoseconds=chosen)
    if isinstance(current, QoSPolicyEnum):
        try:
            return type(current)[chosen.upper()]
        except KeyError:
            raise RuntimeError(
                f"Unexpected QoS override for policy `{policy}`: `{chosen}` "
                f"(known: {', '.join(type(current).short_keys())})"
            ) from None
    return chosen


def __getattr__(name: str) -> Any:
    if name == "QosCallbackResult":  # what the callback returns
        from rcl_interfaces.msg import SetParametersResult

        return SetParametersResult
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
