"""CDR of our message classes, by the code generators of rosbags; compiled once per type, on first use.

What rosbags does not know is here: wide text (`wide_text.py`), bounds of what is received, and text
that is not UTF-8, which is read as rclpy reads it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cached_property
from typing import Any

from bee_robot.embedded_ros.types import wide_text
from bee_robot.embedded_ros.types.specs import FieldSpec, MessageSpec

_WIRE_BASES = {"byte": "uint8", "char": "uint8"}
_FILLER = "_wire_filler"
HEADER_SIZE = 4
LITTLE_ENDIAN_HEADER = b"\x00\x01\x00\x00"


class SerializationError(RuntimeError):
    """Bytes that are not a message of the expected type."""


class _TextWithGaps(bytes):
    """Bytes whose text may be anything: what is not UTF-8 becomes U+FFFD, as in rclpy."""

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)


def wire_description(spec: FieldSpec) -> Any:
    """The field as rosbags describes it. A wstring is a message of its own there."""
    from rosbags.interfaces import Nodetype

    if spec.is_nested or spec.base == wide_text.NAME:
        inner: Any = (Nodetype.NAME, spec.base)
    else:
        inner = (Nodetype.BASE, (_WIRE_BASES.get(spec.base, spec.base), spec.string_bound))
    if spec.cardinality == "scalar":
        return inner
    node = Nodetype.ARRAY if spec.cardinality == "array" else Nodetype.SEQUENCE
    return (node, (inner, spec.size))


class Codec:
    """What rosbags' generated code asks of a type: its fields, class and functions, made when needed."""

    def __init__(self, name: str, fields: list[Any], cls: Callable[..., Any], store: CodecStore) -> None:
        self.name = name
        self.fields = fields
        self.cls = cls
        self.store = store
        self.is_empty = fields[0][0] == _FILLER

    @classmethod
    def of_message(cls, message_type: Any, store: CodecStore) -> Codec:
        from rosbags.interfaces import Nodetype

        spec: MessageSpec = message_type._SPEC
        fields = [(n, wire_description(f)) for n, f in zip(message_type._WIRE_NAMES, spec.fields)]
        filler = (_FILLER, (Nodetype.BASE, ("uint8", 0)))
        return cls(spec.name, fields or [filler], message_type._from_wire, store)

    @classmethod
    def of_wide_text(cls, store: CodecStore) -> Codec:
        return cls(wide_text.NAME, wide_text.wire_fields(), wide_text.decode, store)

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

            function = generate_deserialize_cdr(self.fields, self.store, name[-2:])
            if self.store.reads_any_text:
                # The generated code says `bytes(...).decode()`, each type in a module of its own.
                function.__globals__["bytes"] = _TextWithGaps  # type: ignore[attr-defined]
            setattr(self, name, function)
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
        """The message in `data`; raises SerializationError if the bytes do not fit the type.

        Text that is not UTF-8 comes with U+FFFD where it is not, as in rclpy.
        """
        if len(data) < HEADER_SIZE or data[0] != 0 or data[1] > 1:
            raise SerializationError(f"{self.name}: {len(data)} bytes without a CDR header")
        decode = self.deserialize_cdr_le if data[1] else self.deserialize_cdr_be
        try:
            return decode(memoryview(data)[HEADER_SIZE:], 0, self.cls, self.store)[0]
        except (_serde_error(), struct.error, ValueError, IndexError) as error:
            if isinstance(error, UnicodeDecodeError) and not self.store.reads_any_text:
                return self.store.tolerant.get_msgdef(self.name).deserialize(data)
            raise SerializationError(
                f"{self.name}: cannot be read from {len(data)} bytes: {error}"
            ) from error


def _serde_error() -> type[Exception]:
    """What the generated code raises; asked for only where something was raised."""
    from rosbags.serde import SerdeError

    return SerdeError


class CodecStore:
    """All codecs by type name; what rosbags calls a type store."""

    max_sequence_length = 2**32 - 1

    def __init__(self, resolve: Callable[[str], type], *, reads_any_text: bool = False) -> None:
        self.reads_any_text = reads_any_text
        self._resolve = resolve
        self._codecs: dict[str, Codec] = {}

    @cached_property
    def tolerant(self) -> CodecStore:
        """The same for data whose text is not UTF-8."""
        return CodecStore(self._resolve, reads_any_text=True)

    def get_msgdef(self, name: str) -> Codec:
        codec = self._codecs.get(name)
        if codec is None:
            is_wide = name == wide_text.NAME
            codec = Codec.of_wide_text(self) if is_wide else Codec.of_message(self._resolve(name), self)
            self._codecs[name] = codec
        return codec
