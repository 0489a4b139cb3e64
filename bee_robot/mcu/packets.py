"""Packets on the wire: COBS(sequence, messages..., CRC-32) and a zero byte; firmware/PROTOCOL.md, "Packets"."""

from __future__ import annotations

import zlib

from bee_robot.mcu.messages import HOST_PACKET_MAX

RELIABLE = 0x80
OVERHEAD = 7
CONTENT_MAX = HOST_PACKET_MAX - OVERHEAD
_CRC_OF_WHOLE = 0x2144DF1C  # of anything that ends with its own CRC-32, little end first
_LONGEST = 4096  # bytes kept while waiting for a delimiter; more is noise


def encode(sequence: int, content: bytes) -> bytes:
    """Bytes of one packet. `sequence`: 0..127, with RELIABLE set or not; `content`: whole messages."""
    raw = bytes((sequence,)) + content
    raw += zlib.crc32(raw).to_bytes(4, "little")
    return b"".join(bytes((len(block) + 1,)) + block for block in raw.split(b"\0")) + b"\0"


def decode(block: bytes) -> tuple[int, bytes] | None:
    """Sequence and messages of what stood between two zero bytes; None if it is not a whole, correct packet."""
    raw = bytearray(block)
    at, end = 0, len(raw)
    while at < end:  # each code byte says where the next one is, and stands where a zero was
        code = raw[at]
        raw[at] = 0
        at += code
    if at != end or end < OVERHEAD or zlib.crc32(raw[1:]) != _CRC_OF_WHOLE:
        return None
    return raw[1], bytes(raw[2:-4])


class PacketReader:
    """Finds packets in a stream of bytes. `bad` counts what was not a packet."""

    def __init__(self) -> None:
        self.bad = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Packets completed by `data`, as (sequence, messages)."""
        blocks = (self._rest + data).split(b"\0")
        self._rest = blocks.pop()
        if len(self._rest) > _LONGEST:
            self.bad += 1
            self._rest = b""
        packets = []
        for block in blocks:
            if not block:
                continue
            packet = decode(block)
            if packet is None:
                self.bad += 1
            else:
                packets.append(packet)
        return packets
