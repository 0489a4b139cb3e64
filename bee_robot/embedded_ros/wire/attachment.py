"""The attachment of every publication, request and reply: who sent it, when, and its number."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

GID_SIZE = 16
_FORMAT = struct.Struct(f"<qqB{GID_SIZE}s")
_OLD_FIELD = b"sequence_number"

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
        """ValueError if the bytes are no attachment of rmw_zenoh_cpp 0.1.2 (Humble), 0.2.5 (Jazzy) or later."""
        if len(data) >= _FORMAT.size and data[16] == GID_SIZE:
            sequence_number, source_time_ns, _, gid = _FORMAT.unpack_from(data)
            return cls(sequence_number, source_time_ns, gid)
        if _OLD_FIELD in data[:32]:
            raise ValueError(
                "its attachment has the form of an old rmw_zenoh_cpp: that peer needs 0.1.2 (Humble), 0.2.5 "
                "(Jazzy) or later"
            )
        raise ValueError(f"its attachment of {len(data)} bytes is none of rmw_zenoh_cpp")

    @classmethod
    def of(cls, carrier: Any) -> Attachment:
        """That of a sample, query or reply; ValueError if it has none, or one that cannot be read."""
        attachment = carrier.attachment
        if attachment is None:
            raise ValueError("it has no attachment, so it is from no ROS node")
        return cls.decode(attachment.to_bytes())
