"""The core's arithmetic against a second opinion in Python: packets, checksums, units, ramps."""

from __future__ import annotations

import ctypes
import random
import subprocess
import zlib
from collections.abc import Iterator
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_int32, c_uint8, c_uint16, c_uint32
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from bench_board import ROOT, BenchBoard
from planned_moves import (
    BITS,
    SLICES_PER_SECOND,
    Limits,
    Move,
    Profile,
    entry_speed,
    planned,
    speeds_of,
    way_of,
)

from bee_robot.mcu import messages as m
from bee_robot.mcu import packets

PACKET_GOOD = 1
BOARD_CONTENT_MAX = m.BOARD_PACKET_MAX - packets.OVERHEAD


class Receiver(Structure):
    _fields_ = (("bytes", c_uint8 * m.HOST_PACKET_MAX), ("length", c_uint8), ("overlong", c_bool))


@pytest.fixture
def core(host_library: Path) -> Any:
    c = BenchBoard(host_library).c
    c.packet_encode.restype = c_uint8
    c.packet_encode.argtypes = [c_char_p, c_uint8, c_char_p, c_uint8]
    c.packet_receive.argtypes = [POINTER(Receiver), c_uint8]
    c.crc32_add.restype = c_uint32
    c.crc32_add.argtypes = [c_uint32, c_char_p, c_uint16]
    return c


# ---------------------------------------------------------------------------------------------- packets


def encoded_by_board(core: Any, sequence: int, content: bytes) -> bytes:
    wire = ctypes.create_string_buffer(m.BOARD_PACKET_MAX)
    length = core.packet_encode(wire, sequence, content, len(content))
    return wire.raw[:length]


def read_by_board(core: Any, stream: bytes) -> list[tuple[int, bytes]]:
    receiver, found = Receiver(), []
    for byte in stream:
        if core.packet_receive(byref(receiver), byte) == PACKET_GOOD:
            content = bytes(receiver.bytes[: receiver.length])
            found.append((content[0], content[1:]))
            receiver.length = 0
    return found


def contents(chance: random.Random, count: int, longest: int) -> Iterator[tuple[int, bytes]]:
    """Of every length, with zeros nowhere, somewhere, everywhere."""
    for k in range(count):
        zeros = chance.choice((0.0, 0.1, 0.5, 1.0))
        body = bytes(
            0 if chance.random() < zeros else chance.randrange(1, 256) for _ in range(1 + k % longest)
        )
        yield chance.randrange(256), body


def test_both_sides_write_the_same_packets(core: Any) -> None:
    for sequence, content in contents(random.Random(1), 5000, BOARD_CONTENT_MAX):
        wire = packets.encode(sequence, content)
        assert encoded_by_board(core, sequence, content) == wire
        assert len(wire) <= m.BOARD_PACKET_MAX and wire.index(0) == len(wire) - 1
        assert packets.decode(wire[:-1]) == (sequence, content)


def test_the_board_reads_what_the_host_writes(core: Any) -> None:
    sent = list(contents(random.Random(2), 3000, packets.CONTENT_MAX))
    assert read_by_board(core, b"".join(packets.encode(*packet) for packet in sent)) == sent


def spoilt(chance: random.Random, wire: bytes) -> bytes:
    """What a bad line, or somebody who means harm, makes of a packet."""
    at = chance.randrange(len(wire))
    match chance.randrange(8):
        case 0:
            return wire[:at] + bytes((wire[at] ^ 1 << chance.randrange(8),)) + wire[at + 1 :]
        case 1:
            return wire[:at] + wire[at + 1 :]
        case 2:
            return wire[:at] + wire[at : at + 1] + wire[at:]
        case 3:
            return wire[:at] + b"\0" + wire[at:]
        case 4:
            return bytes((chance.randrange(256),)) * chance.randrange(1, 90) + b"\0" + wire
        case 5:
            return wire[:at]
        case 6:
            return chance.randbytes(chance.randrange(70))
        case _:
            return wire


def test_both_sides_see_the_same_packets_in_a_spoilt_stream(core: Any) -> None:
    chance = random.Random(3)
    whole = 0
    for _ in range(300):
        wires = [packets.encode(*packet) for packet in contents(chance, 20, packets.CONTENT_MAX)]
        stream = b"".join(spoilt(chance, wire) for wire in wires) + b"\0"
        seen = read_by_board(core, stream)
        assert seen == packets.PacketReader().feed(stream)
        whole += len(seen)
    assert 500 < whole < 5000, "the stream was not spoilt, or not read"


def test_checksums_are_those_of_zlib_in_pieces_too(core: Any) -> None:
    chance = random.Random(4)
    for _ in range(2000):
        first, second = chance.randbytes(chance.randrange(80)), chance.randbytes(chance.randrange(80))
        crc = core.crc32_add(core.crc32_add(0, first, len(first)), second, len(second))
        assert crc == zlib.crc32(first + second)


# ---------------------------------------------------------------------------------------------- units and ramps

FRACTION_SLICES = 1 / 4096  # of a slice's change of speed: given away by the firmware's rounding
EXPORTED = """
#include "profile.h"
int32_t speed(uint32_t q8) { return profile_speed(q8); }
int32_t acceleration(uint32_t q8) { return profile_acceleration(q8); }
"""


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The inline functions of profile.h."""
    library = tmp_path_factory.mktemp("units") / "units.so"
    core = ROOT / "firmware" / "core"
    command = ["cc", "-std=c11", "-O2", "-shared", "-fPIC", f"-I{core}", "-x", "c", "-", "-o", str(library)]
    subprocess.run(command, input=EXPORTED, text=True, check=True, timeout=60)
    c = ctypes.CDLL(str(library))
    for function in (c.speed, c.acceleration):
        function.argtypes, function.restype = [c_uint32], c_int32
    return c


def test_speeds_and_accelerations_are_right_to_a_unit(units: Any) -> None:
    chance = random.Random(5)
    for _ in range(20000):
        speed_q8, acceleration_q8 = chance.randrange(200_000 << 8), chance.randrange(2**32)
        speed = Fraction(speed_q8, 256) / SLICES_PER_SECOND * 2**BITS
        acceleration = Fraction(acceleration_q8, 256) / SLICES_PER_SECOND**2 * 2**BITS
        assert abs(speed - units.speed(speed_q8)) < 1
        assert 0 <= acceleration - units.acceleration(acceleration_q8) < 1 + acceleration / 2**28


def test_whole_steps_in_a_slice_come_out_whole(units: Any) -> None:
    for steps in range(1, 400):
        assert units.speed(steps * SLICES_PER_SECOND << 8) == steps << BITS


def any_limits(chance: random.Random) -> Limits:
    speed, acceleration = chance.randrange(60, 32_000), chance.randrange(500, 120_000)
    return Limits(
        int(speed / SLICES_PER_SECOND * 2**BITS),
        int(acceleration / SLICES_PER_SECOND**2 * 2**BITS),
        chance.choice((0, 1, 2, 4, 8, 16)),
    )


def any_distance(chance: random.Random) -> int:
    return 1 + chance.randrange(2 << chance.randrange(14))


def obeys(move: Move, plan: Profile) -> None:
    speeds, limits = speeds_of(plan), move.limits
    assert speeds[0] == move.v0 and 0 <= speeds[-1] <= move.v1_max
    assert min(speeds) >= 0 and max(speeds) <= max(limits.speed, move.v0)
    changes = [abs(b - a) for a, b in zip(speeds, speeds[1:], strict=False)]
    assert max(changes) <= limits.acceleration * (1 + FRACTION_SLICES)
    missing = move.distance * 2**BITS - way_of(speeds)
    assert 0 <= missing < len(speeds), "the rest of a division, a unit for each slice at most"
    lead, *_, tail = plan.slices
    assert lead == (limits.settle if move.v0 else 0) and tail == (limits.settle if plan.v1 else 0)


def fewest_slices(move: Move) -> int:
    """From rest to rest, ramps in whole slices: counted up until the way suffices."""
    limits, way = move.limits, move.distance * 2**BITS
    slices = 2
    while max(min(limits.speed, limits.acceleration * n) * (slices - n) for n in range(1, slices)) < way:
        slices += 1
    return slices


def test_moves_from_rest_to_rest_are_exact_within_limits_and_quick(core: Any) -> None:
    chance = random.Random(6)
    for k in range(500):
        move = Move(any_distance(chance), 0, any_limits(chance), 0)
        plan = planned(core, move)
        assert plan is not None, move
        obeys(move, plan)
        slices = sum(plan.slices)
        if slices < 120 and k % 3 == 0:
            assert fewest_slices(move) <= slices <= fewest_slices(move) + 2, move
        again = planned(core, move)
        assert again is not None and bytes(again) == bytes(plan), "equal moves are equal"


def test_whatever_is_entered_at_its_entry_speed_can_be_planned(core: Any) -> None:
    chance = random.Random(7)
    for _ in range(1000):
        distance, limits = any_distance(chance), any_limits(chance)
        highest = min(entry_speed(core, distance, limits), limits.speed)
        v0 = chance.choice((highest, chance.randrange(highest + 1)))
        move = Move(distance, v0, limits, chance.choice((0, limits.speed, chance.randrange(limits.speed))))
        plan = planned(core, move)
        assert plan is not None, (move.distance, v0, limits.speed, limits.acceleration, limits.settle)
        obeys(move, plan)


def test_a_mean_over_slices_limits_the_jerk_and_goes_through_joints_at_their_speed(core: Any) -> None:
    chance = random.Random(8)
    for _ in range(100):
        limits = any_limits(chance)
        limits.settle = window = chance.choice((2, 4, 8, 16))
        distances = [any_distance(chance) + 200 for _ in range(3)]
        speeds, v0 = [Fraction(0)] * window, 0
        joints = []
        for distance, following in zip(distances, [*distances[1:], 0], strict=True):
            v1_max = min(limits.speed, entry_speed(core, following, limits)) if following else 0
            plan = planned(core, Move(distance, v0, limits, v1_max))
            assert plan is not None
            speeds += speeds_of(plan)[1:]
            joints.append((len(speeds) - 1, plan.v1))
            v0 = plan.v1
        speeds += [Fraction(0)] * window
        smooth = [
            sum(speeds[k - window : k + 1][1:], Fraction(0)) / window for k in range(window, len(speeds))
        ]
        changes = [b - a for a, b in zip(smooth, smooth[1:], strict=False)]
        most = limits.acceleration * (1 + FRACTION_SLICES)
        assert max(map(abs, changes)) <= most
        assert max(abs(b - a) for a, b in zip(changes, changes[1:], strict=False)) <= 2 * most / window
        assert smooth[-1] == 0
        for at, speed in joints[:-1]:
            assert smooth[at - window] == speed or speed == 0, (
                "the mean is that of the planned speed at a joint"
            )
