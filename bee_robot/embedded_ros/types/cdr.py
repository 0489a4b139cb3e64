"""CDR of our message classes, by the code generators of rosbags; compiled once per type, on first use."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from bee_robot.embedded_ros.types.specs import FieldSpec, MessageSpec

_WIRE_BASES = {"byte": "uint8", "char": "uint8"}
_FILLER = "structure_needs_at_least_one_member"
HEADER_SIZE = 4
LITTLE_ENDIAN_HEADER = b"\x00\x01\x00\x00"


class SerializationError(RuntimeError):
    """Bytes that are not a message of the expected type."""


def wire_description(spec: FieldSpec) -> Any:
    """The field as rosbags describes it. A wstring is laid out like a sequence of uint16."""
    from rosbags.interfaces import Nodetype

    if spec.is_nested:
        inner: Any = (Nodetype.NAME, spec.base)
    elif spec.base == "wstring":
        if spec.cardinality != "scalar":
            raise SerializationError(f"field {spec.name}: arrays of wstring are not supported")
        return (Nodetype.SEQUENCE, ((Nodetype.BASE, ("uint16", 0)), 0))
    else:
        inner = (Nodetype.BASE, (_WIRE_BASES.get(spec.base, spec.base), spec.string_bound))
    if spec.cardinality == "scalar":
        return inner
    node = Nodetype.ARRAY if spec.cardinality == "array" else Nodetype.SEQUENCE
    return (node, (inner, spec.size))


class Codec:
    """What rosbags' generated code asks of a type: its fields, class and functions, made when needed."""

    def __init__(self, message_type: type, store: CodecStore) -> None:
        spec: MessageSpec = message_type._SPEC  # type: ignore[attr-defined]
        self.store = store
        self.name = spec.name
        if spec.fields:
            names = message_type._WIRE_NAMES  # type: ignore[attr-defined]
            self.fields = [(n, wire_description(f)) for n, f in zip(names, spec.fields)]
            self.cls: Callable[..., Any] = message_type._from_wire  # type: ignore[attr-defined]
        else:
            from rosbags.interfaces import Nodetype

            self.fields = [(_FILLER, (Nodetype.BASE, ("uint8", 0)))]
            self.cls = message_type._from_wire  # type: ignore[attr-defined]
        self.is_empty = not spec.fields

    def __getattr__(self, name: str) -> Any:
        """Generate `name` (a function or the static size) the first time it is asked for."""
        if name in ("getsize_cdr", "size_cdr"):
            from rosbags.serde.cdr import generate_getsize_cdr

            self.getsize_cdr, self.size_cdr = generate_getsize_cdr(self.fields, self.store)
        elif name in ("serialize_cdr_le", "serialize_cdr_be"):
            from rosbags.serde.cdr import generate_serialize_cdr

            setattr(self, name, generate_serialize_cdr(self.fields, self.store, name[-2:]))
        elif name in ("deserialize_cdr_le", "deserialize_cdr_be"):
            from rosbags.serde.cdr import generate_deserialize_cdr

            setattr(self, name, generate_deserialize_cdr(self.fields, self.store, name[-2:]))
        else:
            raise AttributeError(name)
        return self.__dict__[name]

    def serialize(self, message: Any) -> bytearray:
        """The message as CDR, little endian, with its 4-byte header."""
        if self.is_empty:
            return bytearray(LITTLE_ENDIAN_HEADER + b"\x00")
        store = self.store
        data = bytearray(HEADER_SIZE + self.getsize_cdr(0, message, store))
        data[1] = 1
        self.serialize_cdr_le(memoryview(data)[HEADER_SIZE:], 0, message, store)
        return data

    def deserialize(self, data: bytes) -> Any:
        """The message in `data`; raises SerializationError if the bytes do not fit the type."""
        from rosbags.serde import SerdeError

        if len(data) < HEADER_SIZE or data[0] != 0 or data[1] > 1:
            raise SerializationError(f"{self.name}: {len(data)} bytes without a CDR header")
        decode = self.deserialize_cdr_le if data[1] else self.deserialize_cdr_be
        try:
            return decode(memoryview(data)[HEADER_SIZE:], 0, self.cls, self.store)[0]
        except (SerdeError, struct.error, UnicodeDecodeError, ValueError, IndexError) as error:
            raise SerializationError(
                f"{self.name}: cannot be read from {len(data)} bytes: {error}"
            ) from error


class CodecStore:
    """All codecs by type name; what rosbags calls a type store."""

    max_sequence_length = 2**32 - 1

    def __init__(self, resolve: Callable[[str], type]) -> None:
        self._resolve = resolve
        self._codecs: dict[str, Codec] = {}

    def get_msgdef(self, name: str) -> Codec:
        codec = self._codecs.get(name)
        if codec is None:
            codec = self._codecs[name] = Codec(self._resolve(name), self)
        return codec
