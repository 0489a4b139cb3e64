"""RIHS01 type hashes of messages, services and actions (REP-2016; rosidl_generator_type_description).

A hash is the SHA-256 of a JSON text that names every field of a type and of the types in it, in the
order and with the type numbers of type_description_interfaces/msg/FieldType. Constants and defaults
are not in it. `char` is uint8, as rosidl makes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from bee_robot.embedded_ros.types.specs import FieldSpec, MessageSpec

PREFIX = "RIHS01_"

_NESTED, _BOUNDED_STRING, _BOUNDED_WSTRING = 1, 21, 22
_TYPE_IDS = {
    "int8": 2,
    "uint8": 3,
    "char": 3,
    "int16": 4,
    "uint16": 5,
    "int32": 6,
    "uint32": 7,
    "int64": 8,
    "uint64": 9,
    "float32": 10,
    "float64": 11,
    "bool": 15,
    "byte": 16,
    "string": 17,
    "wstring": 18,
}
_ARRAY, _BOUNDED_SEQUENCE, _SEQUENCE = 48, 96, 144
_FILLER = FieldSpec("structure_needs_at_least_one_member", "uint8")

Helpers = dict[str, MessageSpec]


class TypeHasher:
    """Computes and remembers hashes. `spec_of` gives the spec of any message type by full name."""

    def __init__(self, spec_of: Callable[[str], MessageSpec]) -> None:
        self._spec_of = spec_of
        self._hashes: dict[str, str] = {}

    def message_hash(self, name: str) -> str:
        """`RIHS01_` and 64 hex digits for a message type such as `std_msgs/msg/String`."""
        return self._hash(name, {})

    def struct_hash(self, struct: MessageSpec, helpers: Helpers) -> str:
        """The hash of a composed struct (a service); `helpers` are its parts that are no messages."""
        return self._hash(struct.name, {struct.name: struct, **helpers})

    def _hash(self, name: str, extra: Helpers) -> str:
        known = self._hashes.get(name)
        if known is None:
            structs: dict[str, Any] = {}
            self._describe(name, extra, structs)
            own = structs.pop(name)
            description = {
                "type_description": own,
                "referenced_type_descriptions": [structs[n] for n in sorted(structs)],
            }
            digest = hashlib.sha256(json.dumps(description).encode()).hexdigest()
            known = self._hashes[name] = PREFIX + digest
        return known

    def _describe(self, name: str, extra: Helpers, into: dict[str, Any]) -> None:
        """Put the description of a type and of all types in it into `into`."""
        if name in into:
            return
        spec = extra.get(name) or self._spec_of(name)
        into[name] = {"type_name": name, "fields": [_field(f) for f in spec.fields or (_FILLER,)]}
        for each in spec.fields:
            if each.is_nested:
                self._describe(each.base, extra, into)


def _field(spec: FieldSpec) -> dict[str, Any]:
    type_id = _NESTED if spec.is_nested else _TYPE_IDS[spec.base]
    if spec.string_bound:
        type_id = _BOUNDED_STRING if spec.base == "string" else _BOUNDED_WSTRING
    if spec.cardinality == "array":
        type_id += _ARRAY
    elif spec.cardinality == "sequence":
        type_id += _BOUNDED_SEQUENCE if spec.size else _SEQUENCE
    return {
        "name": spec.name,
        "type": {
            "type_id": type_id,
            "capacity": 0 if spec.cardinality == "scalar" else spec.size,
            "string_capacity": spec.string_bound,
            "nested_type_name": spec.base if spec.is_nested else "",
        },
    }


def service_structs(name: str, request: str, response: str) -> tuple[MessageSpec, Helpers]:
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


def action_structs(name: str) -> tuple[MessageSpec, Helpers]:
    """The struct of an action `name` and its services, as ROS 2 composes them."""
    helpers: Helpers = {}
    for part in ("SendGoal", "GetResult"):
        service_name = f"{name}_{part}"
        service, parts = service_structs(service_name, f"{service_name}_Request", f"{service_name}_Response")
        helpers |= {service_name: service, **parts}
    fields = (
        FieldSpec("goal", f"{name}_Goal"),
        FieldSpec("result", f"{name}_Result"),
        FieldSpec("feedback", f"{name}_Feedback"),
        FieldSpec("send_goal_service", f"{name}_SendGoal"),
        FieldSpec("get_result_service", f"{name}_GetResult"),
        FieldSpec("feedback_message", f"{name}_FeedbackMessage"),
    )
    return MessageSpec(name, fields), helpers
