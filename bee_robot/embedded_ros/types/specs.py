"""What a message definition says: fields, defaults and constants, parsed from text by rosbags."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

INTEGER_RANGES: dict[str, tuple[int, int]] = {
    "int8": (-(2**7), 2**7 - 1),
    "uint8": (0, 2**8 - 1),
    "char": (0, 2**8 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}

ARRAY_TYPECODES: dict[str, str] = {
    "int8": "b",
    "uint8": "B",
    "char": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
"""Element types whose sequences are array.array and whose fixed arrays are numpy.ndarray."""


_WIDE_LINE = re.compile(r"\s*wstring((?:<=\d+)?(?:\[[^\]]*\])?)\s+(\w+)")


class DefinitionError(Exception):
    """A .msg, .srv or .action text that cannot be understood, or is not there."""


@dataclass(frozen=True)
class FieldSpec:
    """One field: `base` is a primitive name or a full type name such as `std_msgs/msg/Header`.

    `cardinality` is "scalar", "array" (exactly `size` items) or "sequence" (at most `size` items,
    0 for no bound). `string_bound` is the most characters of a string, 0 for no bound.
    """

    name: str
    base: str
    cardinality: str = "scalar"
    size: int = 0
    string_bound: int = 0
    default: Any = None

    @property
    def is_nested(self) -> bool:
        return "/" in self.base

    @property
    def is_string(self) -> bool:
        return self.base in ("string", "wstring")

    @property
    def uses_array_storage(self) -> bool:
        return self.base in ARRAY_TYPECODES

    @property
    def ros_name(self) -> str:
        """The type as `get_fields_and_field_types()` of rosidl writes it."""
        base = self.base
        if self.is_nested:
            package, _, name = base.split("/")
            base = f"{package}/{name}"
        elif base == "float32":
            base = "float"
        elif base == "float64":
            base = "double"
        elif base == "bool":
            base = "boolean"
        elif base == "byte":
            base = "octet"
        elif base == "char":
            base = "uint8"
        if self.string_bound:
            base = f"{base}<{self.string_bound}>"
        if self.cardinality == "array":
            return f"{base}[{self.size}]"
        if self.cardinality == "sequence":
            return f"sequence<{base}, {self.size}>" if self.size else f"sequence<{base}>"
        return base


@dataclass(frozen=True)
class MessageSpec:
    """A message: full name (`package/kind/Name`), fields in wire order, constants by name."""

    name: str
    fields: tuple[FieldSpec, ...]
    constants: dict[str, Any] = field(default_factory=dict)

    @property
    def package(self) -> str:
        return self.name.split("/", 1)[0]

    @property
    def kind(self) -> str:
        return self.name.split("/")[1]

    @property
    def short_name(self) -> str:
        return self.name.rsplit("/", 1)[1]


def parse_message(text: str, name: str) -> MessageSpec:
    """Parse one message text. Relative type names belong to the package's `msg` folder."""
    from rosbags.typesys.base import BaseType, TypesysError
    from rosbags.typesys.msg import MSGParser

    package, _, short_name = name.split("/")
    lines = [without_comment(line) for line in text.splitlines()]
    # rosbags knows no wide text: it parses the line as one of text.
    wide_names = {match[2] for line in lines if (match := _WIDE_LINE.match(line))}
    body = "\n".join(_WIDE_LINE.sub(r"string\1 \2", line) for line in lines)
    try:
        message = MSGParser(f"MSG: {package}/msg/{short_name}\n{body}\n").specification()[0]
    except TypesysError as error:
        reason = str(error).splitlines()[-1]
        raise DefinitionError(f"{name}: the definition cannot be parsed near: {reason}") from error
    fields = []
    for parsed in message.fields:
        base = parsed.typ.ref.name.value if isinstance(parsed.typ.ref, BaseType) else parsed.typ.ref.name
        if base == "string" and parsed.name in wide_names:
            base = "wstring"
        fields.append(
            FieldSpec(
                parsed.name,
                base,
                parsed.typ.cardinality.value,
                parsed.typ.size,
                parsed.typ.str_size,
                parsed.value,
            )
        )
    constants = {c.name: _constant_value(c.typ.value, c.value) for c in message.constants}
    return MessageSpec(name, tuple(fields), constants)


def without_comment(line: str) -> str:
    """A line up to its comment. rosbags would take the comment after a text value for its end."""
    quote = ""
    for index, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "#":
            return line[:index].rstrip()
    return line.rstrip()


def spec_from_rosbags(name: str, definition: Any, defaults: dict[str, Any]) -> MessageSpec:
    """The same from an entry of rosbags' own tables, which carry no default values."""
    from rosbags.interfaces import Nodetype

    constants, fields = definition
    specs = []
    for field_name, description in fields:
        if field_name == "structure_needs_at_least_one_member":
            continue
        cardinality, size = "scalar", 0
        if description[0] in (Nodetype.ARRAY, Nodetype.SEQUENCE):
            cardinality = "array" if description[0] == Nodetype.ARRAY else "sequence"
            description, size = description[1]
        if description[0] == Nodetype.BASE:
            base, bound = description[1]
        else:
            base, bound = description[1], 0
        specs.append(FieldSpec(field_name, base, cardinality, size, bound, defaults.get(field_name)))
    return MessageSpec(name, tuple(specs), {n: _constant_value(t, v) for n, t, v in constants})


def _constant_value(type_name: str, value: Any) -> Any:
    if type_name == "byte":
        return bytes([int(value)])
    if type_name.startswith("float"):
        return float(value)
    if type_name == "bool":
        return bool(value)
    return value
