"""Packets: what goes in comes out, and nothing else does."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bee_robot.mcu import messages as m
from bee_robot.mcu import packets

CONTENT = st.binary(min_size=1, max_size=packets.CONTENT_MAX)


@given(st.integers(0, 255), CONTENT)
def test_every_content_survives(sequence: int, content: bytes) -> None:
    wire = packets.encode(sequence, content)
    assert len(wire) <= m.HOST_PACKET_MAX
    assert wire.index(0) == len(wire) - 1
    assert packets.PacketReader().feed(wire) == [(sequence, content)]


@given(st.lists(CONTENT, max_size=6), st.integers(1, 9))
def test_packets_are_found_however_the_bytes_arrive(contents: list[bytes], step: int) -> None:
    wire = b"".join(packets.encode(number, content) for number, content in enumerate(contents))
    reader = packets.PacketReader()
    found = [packet for at in range(0, len(wire), step) for packet in reader.feed(wire[at : at + step])]
    assert found == list(enumerate(contents))
    assert reader.bad == 0


@given(CONTENT, st.data())
def test_a_changed_byte_is_noticed_and_the_next_packet_found(content: bytes, data: st.DataObject) -> None:
    wire = bytearray(packets.encode(3, content))
    at = data.draw(st.integers(0, len(wire) - 2))
    wire[at] ^= data.draw(st.integers(1, 255))
    reader = packets.PacketReader()
    assert reader.feed(bytes(wire) + packets.encode(4, b"next"))[-1:] == [(4, b"next")]
    assert reader.bad >= 1


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_noise_is_no_packet(noise: bytes) -> None:
    assert packets.PacketReader().feed(noise + b"\0") == []


def test_what_the_board_writes_is_read_here() -> None:
    """A telemetry packet as firmware/core/packet.c wrote it (axes at 0.1 s, all positions zero)."""
    wire = bytes.fromhex("060146a0860101010101010101010101010101010101010101010101010105e8b587f200")
    ((sequence, content),) = packets.PacketReader().feed(wire)
    size, read = m.BOARD_READERS[content[0]]
    assert (sequence, size) == (1, len(content))
    assert read(content, 0) == m.Axes(100000, (0, 0, 0, 0, 0, 0))
