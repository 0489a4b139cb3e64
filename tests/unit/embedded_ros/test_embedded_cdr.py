"""CDR: the bytes of rosbags for what it knows, those of rosidl_typesupport_fastrtps for wide text; bad bytes."""

from __future__ import annotations

import array
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from bee_robot.embedded_ros.types import registry, sources
from bee_robot.embedded_ros.types.cdr import Codec, CodecStore, SerializationError
from bee_robot.embedded_ros.types.message_class import build_message_class
from bee_robot.embedded_ros.types.specs import INTEGER_RANGES, FieldSpec, MessageSpec, parse_message

HEADER = bytes.fromhex("00010000")

EVERYTHING = """\
bool flag
byte octet
char letter
int8 a
uint8 b
int16 c
uint16 d
int32 e
uint32 f
int64 g
uint64 h
float32 i
float64 j
string text
string<=8 short_text
bool[3] flags
byte[2] octets
uint8[5] pixels
int16[3] shorts
float64[2] position
string[2] names
bees/Cell[2] cells
bool[] flag_list
byte[] octet_list
uint8[] pixel_list
int64[] long_list
uint64[<=3] few
float32[] curve
string[] lines
string<=4[<=2] codes
bees/Cell[] comb
bees/Cell[<=1] queen
bees/Nothing nothing
bees/Nothing[] nothings
"""
CELL = "uint8 kind\nfloat64 depth\nint16[] walls\nstring note\n"
TEXTS = {"bees/msg/Everything": EVERYTHING, "bees/msg/Cell": CELL, "bees/msg/Nothing": ""}


class Definitions:
    """Message classes and codecs of definitions that only a test knows."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.specs = {name: parse_message(text, name) for name, text in texts.items()}
        self._classes: dict[str, Any] = {}
        self.store = CodecStore(self.message_class)

    def message_class(self, name: str) -> Any:
        if name not in self._classes:
            spec = self.specs[name]
            self._classes[name] = build_message_class(spec, self.message_class, "bees.msg")
        return self._classes[name]

    def codec(self, name: str) -> Codec:
        return self.store.get_msgdef(name)


@pytest.fixture(scope="module")
def bees() -> Definitions:
    return Definitions(TEXTS)


def one_of(definition: str) -> tuple[Any, Codec]:
    made = Definitions({"bees/msg/Sample": definition})
    return made.message_class("bees/msg/Sample"), made.codec("bees/msg/Sample")


def random_value(spec: FieldSpec, dice: random.Random, make: Callable[[str], Any]) -> Any:
    """A value that the field's setter takes."""

    def single() -> Any:
        base = spec.base
        if spec.is_nested:
            return fill(make(base), dice, make)
        if base == "string":
            limit = spec.string_bound or 12
            return "".join(dice.choice("bee grüßt 🐝") for _ in range(dice.randint(0, limit)))
        if base == "bool":
            return dice.random() < 0.5
        if base == "byte":
            return bytes([dice.randint(0, 255)])
        if base.startswith("float"):
            return float(numpy.float32(dice.uniform(-1e6, 1e6)))
        return dice.randint(*INTEGER_RANGES[base])

    if spec.cardinality == "scalar":
        return single()
    count = spec.size if spec.cardinality == "array" else dice.randint(0, spec.size or 4)
    return [single() for _ in range(count)]


def fill(message: Any, dice: random.Random, make: Callable[[str], Any]) -> Any:
    for each in message._SPEC.fields:
        setattr(message, python_name(message, each.name), random_value(each, dice, make))
    return message


def python_name(message: Any, name: str) -> str:
    return name if name in message._FIELD_NAMES else f"{name}_"


def as_rosbags(message: Any, types: dict[str, Any]) -> Any:
    """The same message as rosbags holds it."""
    spec: MessageSpec = message._SPEC
    values = []
    for each in spec.fields:
        value = getattr(message, python_name(message, each.name))
        is_many = each.cardinality != "scalar"
        if each.is_nested:
            value = [as_rosbags(v, types) for v in value] if is_many else as_rosbags(value, types)
        elif each.base == "byte":
            numbers = numpy.frombuffer(b"".join(value) if is_many else value, "int8")
            value = numbers if is_many else int(numbers[0])
        elif is_many and each.base != "string":
            value = numpy.array(value, "uint8" if each.base == "char" else each.base)
        values.append(value)
    return types[spec.name](*(values or [0]))


@pytest.fixture(scope="module")
def plain_store() -> Any:
    store = get_typestore(Stores.ROS2_JAZZY)
    types: Any = {}
    for name, text in TEXTS.items():
        types.update(get_types_from_msg(text or "uint8 structure_needs_at_least_one_member", name))
    store.register(types)
    return store


@pytest.mark.parametrize("seed", range(8))
def test_every_kind_of_field_has_the_bytes_of_rosbags(bees: Definitions, plain_store: Any, seed: int) -> None:
    name = "bees/msg/Everything"
    codec = bees.codec(name)
    message = fill(bees.message_class(name)(), random.Random(seed), lambda n: bees.message_class(n)())
    plain = as_rosbags(message, plain_store.types)
    for little_endian in (True, False):
        expected = bytes(plain_store.serialize_cdr(plain, name, little_endian=little_endian))
        if little_endian:
            assert bytes(codec.serialize(message)) == expected
        assert codec.deserialize(expected) == message


def test_every_standard_message_has_the_bytes_of_rosbags(plain_store: Any) -> None:
    dice = random.Random(5)

    def make(name: str) -> Any:
        return registry.message_class(name)()

    checked = 0
    for package in sorted(sources.ROSBAGS_PACKAGES):
        for short_name in sources.type_names(package, "msg"):
            name = f"{package}/msg/{short_name}"
            if name not in plain_store.types:
                continue
            message = fill(make(name), dice, make)
            expected = bytes(plain_store.serialize_cdr(as_rosbags(message, plain_store.types), name))
            codec = registry.codec_of(type(message))
            assert bytes(codec.serialize(message)) == expected, name
            assert codec.deserialize(expected) == message, name
            checked += 1
    assert checked > 150


def test_an_empty_message_is_one_byte() -> None:
    """rosidl puts a member where there is none; C++ peers send it."""
    message_type, codec = one_of("")
    assert bytes(codec.serialize(message_type())) == HEADER + b"\0"
    assert codec.deserialize(HEADER + b"\0") == message_type()


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("", ""),
        ("bee", "62000000 65000000 65000000"),
        ("ü€", "fc000000 ac200000"),
        ("🐝", "3dd80000 1ddc0000"),
    ],
)
def test_wide_text_has_four_bytes_for_each_utf_16_unit(text: str, units: str) -> None:
    """As rosidl_typesupport_fastrtps writes it (serialization_helpers.hpp)."""
    message_type, codec = one_of("wstring text")
    body = bytes.fromhex(units)
    data = HEADER + (len(body) // 4).to_bytes(4, "little") + body
    assert bytes(codec.serialize(message_type(text=text))) == data
    assert codec.deserialize(data).text == text
    swapped = bytes.fromhex("00000000") + b"".join(data[i : i + 4][::-1] for i in range(4, len(data), 4))
    assert codec.deserialize(swapped).text == text


def test_arrays_of_wide_text() -> None:
    message_type, codec = one_of("uint8 a\nwstring[2] pair\nwstring[] list\nwstring<=3[<=2] few\nuint8 z")
    message = message_type(a=1, pair=["a", "🐝"], list=["", "über", "x"], few=["abc"], z=9)
    data = bytes(codec.serialize(message))
    assert codec.deserialize(data) == message
    assert data[4:20] == bytes.fromhex("01000000 01000000 61000000 02000000")


@pytest.mark.parametrize("units", ["3dd80000", "1ddc0000 3dd80000", "00000100", "ffffffff"])
def test_wide_text_that_is_none_is_refused(units: str) -> None:
    _, codec = one_of("wstring text")
    body = bytes.fromhex(units)
    with pytest.raises(SerializationError, match="bees/msg/Sample"):
        codec.deserialize(HEADER + (len(body) // 4).to_bytes(4, "little") + body)


def test_text_that_is_not_utf_8_is_read_as_rclpy_reads_it() -> None:
    texts = {"bees/msg/Note": "string text", "bees/msg/Notes": "bees/Note[] notes\nstring author"}
    notes = Definitions(texts).codec("bees/msg/Notes")
    bad = b"\x04\0\0\0gr\xfc\0"
    message = notes.deserialize(HEADER + b"\x01\0\0\0" + bad + bad)
    assert message.notes[0].text == "gr\ufffd" and message.author == "gr\ufffd"
    good = b"\x05\0\0\0gr\xc3\xbc\0"
    assert notes.deserialize(HEADER + b"\x01\0\0\0" + good + b"\0\0\0" + good).author == "grü"


@pytest.mark.parametrize(
    ("definition", "field", "allowed", "too_long"),
    [
        ("string<=3 text", "text", "abc", "abcd"),
        ("wstring<=3 text", "text", "abc", "abcd"),
        ("string<=2[] texts", "texts", ["ab", ""], ["abc"]),
        ("uint8[<=2] data", "data", array.array("B", b"ab"), array.array("B", b"abc")),
        ("bool[<=2] data", "data", [True], [True] * 3),
        ("string[<=2] data", "data", ["a"], ["a"] * 3),
    ],
)
def test_bounds_hold_in_both_directions(definition: str, field: str, allowed: Any, too_long: Any) -> None:
    message_type, codec = one_of(definition)
    unbounded_type, unbounded = one_of(definition.replace("<=3", "").replace("<=2[", "[").replace("<=2", ""))
    data = bytes(unbounded.serialize(unbounded_type(**{field: allowed})))
    assert bytes(codec.serialize(message_type(**{field: allowed}))) == data
    assert getattr(codec.deserialize(data), field) == allowed
    with pytest.raises(SerializationError, match="allowed"):
        codec.deserialize(bytes(unbounded.serialize(unbounded_type(**{field: too_long}))))
    grown = message_type(**{field: allowed})
    setattr(grown, f"_{field}", too_long)  # as a list that has grown since it was set
    with pytest.raises(ValueError, match="allowed"):
        codec.serialize(grown)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "header"),
        (b"\0\1\0", "header"),
        (b"\0\2\0\0" + bytes(16), "header"),  # parameter list
        (b"\0\7\0\0" + bytes(16), "header"),  # XCDR2
        (b"\1\0\0\0" + bytes(16), "header"),
        (HEADER, "cannot be read"),
        (HEADER + b"\x04\0\0\0abc", "cannot be read"),
        (HEADER + b"\x03\0\0\0abc", "cannot be read"),  # no zero at its end
        (HEADER + b"\0\0\0\0", "cannot be read"),
        (HEADER + b"\xff\xff\xff\xff" + bytes(64), "cannot be read"),
        (HEADER + b"\xff\xff\xff\x7f" + bytes(64), "cannot be read"),
    ],
)
def test_bytes_that_are_no_message_are_named(data: bytes, why: str) -> None:
    _, codec = one_of("string text")
    with pytest.raises(SerializationError, match=f"bees/msg/Sample: .*{why}"):
        codec.deserialize(data)


FUZZED = [
    "std_msgs/msg/String",
    "sensor_msgs/msg/Image",
    "sensor_msgs/msg/JointState",
    "diagnostic_msgs/msg/DiagnosticArray",
    "rcl_interfaces/msg/ParameterEvent",
    "rcl_interfaces/srv/DescribeParameters_Response",
    "action_msgs/msg/GoalStatusArray",
    "tf2_msgs/msg/TFMessage",
    "example_interfaces/msg/WString",
    "bee_robot_interfaces/msg/TowerState",
    "bee_robot_interfaces/action/InspectBox_FeedbackMessage",
]


@pytest.mark.parametrize("declared", [2**32 - 1, 2**31 - 1, 10**8])
@pytest.mark.parametrize("element", ["uint8", "float64", "string", "wstring", "std_msgs/Header", "bool"])
def test_a_declared_length_takes_no_memory(element: str, declared: int) -> None:
    texts = {"bees/msg/Sample": f"{element}[] list"}
    made = Definitions(texts)
    made._classes["std_msgs/msg/Header"] = registry.message_class("std_msgs/msg/Header")
    made._classes["builtin_interfaces/msg/Time"] = registry.message_class("builtin_interfaces/msg/Time")
    codec = made.codec("bees/msg/Sample")
    codec.deserialize(HEADER + bytes(4))
    tracemalloc.start()
    with pytest.raises(SerializationError):
        codec.deserialize(HEADER + declared.to_bytes(4, "little") + bytes(64))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_bytes_do_more_than_be_refused(data: st.DataObject) -> None:
    """Random bytes, and messages with a few bytes changed, cut off or put in."""
    message_type = registry.message_class(data.draw(st.sampled_from(FUZZED)))
    codec = registry.codec_of(message_type)
    if data.draw(st.booleans()):
        payload = bytearray(b"\0" + data.draw(st.sampled_from([b"\0", b"\1"])) + b"\0\0")
        payload += data.draw(st.binary(max_size=200))
    else:
        dice = random.Random(data.draw(st.integers(0, 2**32)))
        message = (
            fill(message_type(), dice, lambda n: registry.message_class(n)())
            if all(f.base != "wstring" for f in message_type._SPEC.fields)
            else message_type(data="🐝 and bee")
        )
        payload = bytearray(codec.serialize(message))
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(payload)))
            what = data.draw(st.sampled_from(["change", "cut", "insert"]))
            if what == "cut":
                del payload[at:]
                payload += bytes(max(0, 2 - len(payload)))
            elif what == "insert":
                payload[at:at] = data.draw(st.binary(min_size=1, max_size=8))
            elif at < len(payload):
                payload[at] = data.draw(st.integers(0, 255))
    try:
        message = codec.deserialize(bytes(payload))
    except SerializationError:
        return
    assert isinstance(message, message_type)
    repr(message)
    codec.serialize(message)
