"""The attachment of every publication, request and reply: who sent it, when, and its number."""

from __future__ import annotations

import struct
from typing import NamedTuple

GID_SIZE = 16
_FORMAT = struct.Struct(f"<qqB{GID_SIZE}s")
_HEAD = struct.Struct("<qqB")

pack_attachment = _FORMAT.pack
"""`pack_attachment(sequence_number, source_time_ns, GID_SIZE, gid)` -> 33 bytes."""


class Attachment(NamedTuple):
    """Sequence number, source time (ns of the sender's system clock), gid of the sender (16 bytes)."""

    sequence_number: int
    source_time_ns: int
    gid: bytes

    def encode(self) -> bytes:
        return _FORMAT.pack(self.sequence_number, self.source_time_ns, len(self.gid), self.gid)

    @classmethod
    def decode(cls, data: bytes) -> Attachment:
        """ValueError if the bytes are not an attachment of rmw_zenoh_cpp (Jazzy 0.2.5 and later)."""
        if len(data) == _FORMAT.size and data[16] == GID_SIZE:
            sequence_number, source_time_ns, _, gid = _FORMAT.unpack(data)
            return cls(sequence_number, source_time_ns, gid)
        if len(data) < _HEAD.size or len(data) < _HEAD.size + data[16]:
            raise ValueError(f"{len(data)} bytes are no attachment of rmw_zenoh_cpp")
        sequence_number, source_time_ns, size = _HEAD.unpack_from(data)
        return cls(sequence_number, source_time_ns, bytes(data[_HEAD.size : _HEAD.size + size]))
