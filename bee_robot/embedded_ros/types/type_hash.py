"""RIHS01 type hashes of messages, services and actions.

rosbags hashes a struct; this module gives it the structs that ROS 2 composes for services and
actions (rosidl_parser, rosidl_generator_type_description), and lets `char` be the uint8 it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bee_robot.embedded_ros.types.cdr import wire_description
from bee_robot.embedded_ros.types.specs import FieldSpec, MessageSpec


class TypeHasher:
    """Computes and remembers hashes. `spec_of` gives the spec of any message type by full name."""

    def __init__(self, spec_of: Callable[[str], MessageSpec]) -> None:
        self._spec_of = spec_of
        self._hashes: dict[str, str] = {}

    def message_hash(self, name: str) -> str:
        """`RIHS01_` and 64 hex digits for a message type such as `std_msgs/msg/String`."""
        return self._hash(name, {})

    def struct_hash(self, struct: MessageSpec, helpers: dict[str, MessageSpec]) -> str:
        """The hash of a composed struct (a service); `helpers` are its parts that are no messages."""
        return self._hash(struct.name, {struct.name: struct, **helpers})

    def _hash(self, name: str, extra: dict[str, MessageSpec]) -> str:
        known = self._hashes.get(name)
        if known is None:
            from rosbags.typesys.store import Typestore

            store = Typestore()
            self._collect(name, extra, store.fielddefs)
            known = self._hashes[name] = store.hash_rihs01(name)
        return known

    def _collect(self, name: str, extra: dict[str, MessageSpec], into: dict[str, Any]) -> None:
        if name in into:
            return
        spec = extra.get(name) or self._spec_of(name)
        into[name] = ([], [(f.name, _described(f)) for f in spec.fields])
        for each in spec.fields:
            if each.is_nested:
                self._collect(each.base, extra, into)


def _described(spec: FieldSpec) -> Any:
    from rosbags.interfaces import Nodetype

    if spec.base == "byte":
        description = wire_description(FieldSpec(spec.name, "int8", spec.cardinality, spec.size))
        inner = (Nodetype.BASE, ("byte", 0))
        return inner if spec.cardinality == "scalar" else (description[0], (inner, spec.size))
    return wire_description(spec)


def service_structs(name: str, request: str, response: str) -> tuple[MessageSpec, dict[str, MessageSpec]]:
    """The struct of a service `name` and its event message, as ROS 2 composes them."""
    event_name = f"{name}_Event"
    event = MessageSpec(
        event_name,
        (
            FieldSpec("info", "service_msgs/msg/ServiceEventInfo"),
            FieldSpec("request", request, "sequence", 1),
            FieldSpec("response", response, "sequence", 1),
        ),
    )
    service = MessageSpec(
        name,
        (
            FieldSpec("request_message", request),
            FieldSpec("response_message", response),
            FieldSpec("event_message", event_name),
        ),
    )
    return service, {event_name: event}
