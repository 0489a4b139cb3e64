"""RIHS01 of every type that is served, services, actions and their parts included.

`type_hashes.json` holds facts: hashes that others have published, with where, and for the rest those
that rosidl's own generator computes from the published definitions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bee_robot.embedded_ros.types import registry, sources
from bee_robot.embedded_ros.types.specs import parse_message

FACTS: dict[str, Any] = json.loads((Path(__file__).parent / "type_hashes.json").read_text())
PUBLISHED = {name: entry["hash"] for name, entry in FACTS["published"].items()}
EXPECTED = PUBLISHED | FACTS["computed"]
OWN = "bee_robot_interfaces"


def hash_of(full_name: str) -> str:
    """The hash of a message, service or action, or of a part that ROS 2 composes for them."""
    package, kind, name = full_name.split("/")
    base, _, part = name.partition("_")
    if kind == "action" and part in ("SendGoal", "GetResult"):
        action = registry.action_class(f"{package}/action/{base}")
        return registry.service_hash(getattr(action.Impl, f"{part}Service"))
    if kind == "action" and not part:
        return registry.action_hash(registry.action_class(full_name))
    if kind == "srv" and not part:
        return registry.service_hash(registry.service_class(full_name))
    if part == "Event":
        registry.service_hash(registry.service_class(f"{package}/srv/{base}"))
        return event_hash(f"{package}/srv/{base}")
    return registry.message_hash(registry.message_class(full_name))


def event_hash(service: str) -> str:
    from bee_robot.embedded_ros.types.type_hash import TypeHasher, service_structs

    _, helpers = service_structs(service, f"{service}_Request", f"{service}_Response")
    event = helpers[f"{service}_Event"]
    return TypeHasher(registry.message_spec).struct_hash(event, {})


def served_types() -> list[str]:
    return [
        f"{package}/{kind}/{name}"
        for package in sorted(sources.known_packages())
        for kind in ("msg", "srv", "action")
        for name in sources.type_names(package, kind)
    ]


def test_published_hashes_have_sources() -> None:
    assert len(PUBLISHED) > 80
    for name, entry in FACTS["published"].items():
        assert entry["sources"] and set(entry["sources"]) <= set(FACTS["sources"]), name


@pytest.mark.parametrize("package", sorted({name.split("/")[0] for name in EXPECTED}))
def test_hashes_are_those_of_ros_2(package: str) -> None:
    expected = {name: value for name, value in EXPECTED.items() if name.split("/")[0] == package}
    assert {name: hash_of(name) for name in expected} == expected


def test_every_type_that_is_served_is_among_the_facts() -> None:
    extra = {root.name for root in sources.extra_roots()}
    standard = [n for n in served_types() if n.split("/")[0] not in {OWN, *extra}]
    assert len(standard) > 250
    assert [name for name in standard if name not in EXPECTED] == []


def own_texts(kind: str) -> dict[str, str]:
    return {
        name: text
        for name in sources.type_names(OWN, kind)
        if (text := sources.definition_text(OWN, kind, name)) is not None
    }


def dependencies(full_name: str, found: dict[str, str]) -> dict[str, str]:
    """Bare definition texts of all message types in a type, for the other implementation."""
    for each in registry.message_spec(full_name).fields:
        if each.is_nested and each.base not in found:
            inner = registry.message_spec(each.base)
            found[each.base] = "\n".join(field_line(f) for f in inner.fields)
            dependencies(each.base, found)
    return found


def field_line(spec: Any) -> str:
    package, _, name = spec.base.split("/") if spec.is_nested else ("", "", spec.base)
    base = f"{package}/{name}" if package else name
    bound = f"<={spec.string_bound}" if spec.string_bound else ""
    size = "" if spec.cardinality == "scalar" else "[]"
    if spec.cardinality == "array":
        size = f"[{spec.size}]"
    elif spec.size:
        size = f"[<={spec.size}]"
    return f"{base}{bound}{size} {spec.name}"


def test_hashes_of_our_interfaces_are_those_of_another_implementation() -> None:
    """Messages by rosbags, services by zenoh-ros2-sdk: definitions of ours may change, facts do not."""
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    reason = "zenoh-ros2-sdk is not installed (it is a test dependency)"
    utils = pytest.importorskip("zenoh_ros2_sdk.utils", reason=reason)
    store = get_typestore(Stores.ROS2_JAZZY)
    types: Any = {}
    for name, text in own_texts("msg").items():
        types.update(get_types_from_msg(text, f"{OWN}/msg/{name}"))
    store.register(types)
    for name in own_texts("msg"):
        full_name = f"{OWN}/msg/{name}"
        assert hash_of(full_name) == store.hash_rihs01(full_name), full_name
    for name in own_texts("srv"):
        full_name = f"{OWN}/srv/{name}"
        parts = [f"{full_name}_Request", f"{full_name}_Response"]
        texts = ["\n".join(field_line(f) for f in registry.message_spec(p).fields) for p in parts]
        needed: dict[str, str] = {}
        for part in parts:
            dependencies(part, needed)
        assert hash_of(full_name) == utils.compute_service_type_hash(full_name, *texts, needed), full_name


def test_parts_of_our_actions_have_hashes_of_their_own() -> None:
    seen: dict[str, str] = {}
    for name in sources.type_names(OWN, "action"):
        base = f"{OWN}/action/{name}"
        for part in ("", "_Goal", "_Result", "_Feedback", "_SendGoal", "_GetResult", "_FeedbackMessage"):
            assert seen.setdefault(hash_of(base + part), base + part) == base + part


@pytest.mark.parametrize(
    ("text", "type_id", "capacity", "string_capacity"),
    [
        ("uint8 a", 3, 0, 0),
        ("char a", 3, 0, 0),
        ("byte a", 16, 0, 0),
        ("bool a", 15, 0, 0),
        ("float64[3] a", 59, 3, 0),
        ("int32[<=5] a", 102, 5, 0),
        ("int32[] a", 150, 0, 0),
        ("byte[] a", 160, 0, 0),
        ("string a", 17, 0, 0),
        ("string<=10 a", 21, 0, 10),
        ("string<=10[4] a", 69, 4, 10),
        ("wstring a", 18, 0, 0),
        ("wstring[2] a", 66, 2, 0),
        ("wstring<=7 a", 22, 0, 7),
        ("wstring<=7[<=3] a", 118, 3, 7),
        ("geometry_msgs/Point[] a", 145, 0, 0),
        ("geometry_msgs/Point[<=2] a", 97, 2, 0),
    ],
)
def test_type_numbers_are_those_of_field_type(
    text: str, type_id: int, capacity: int, string_capacity: int
) -> None:
    """Numbers of type_description_interfaces/msg/FieldType."""
    from bee_robot.embedded_ros.types.type_hash import _field

    described = _field(parse_message(text, "bees/msg/Sample").fields[0])["type"]
    assert (described["type_id"], described["capacity"]) == (type_id, capacity)
    assert described["string_capacity"] == string_capacity
