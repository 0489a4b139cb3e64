"""Entity gids: the 128-bit XXH3 of the liveliness token, as rmw_zenoh_cpp forms them.

Algorithm and constants: the XXH3 specification (xxHash 0.8), default secret, seed 0. Tokens are
longer than 16 bytes, so the short forms are left out.
"""

from __future__ import annotations

import struct

_MASK = (1 << 64) - 1
_P32_1, _P32_2, _P32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
_P64_1, _P64_2, _P64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P64_4, _P64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_MX1 = 0x165667919E3779F9
_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
_STRIPE, _CONSUMED = 64, 8
_STRIPES_PER_BLOCK = (len(_SECRET) - _STRIPE) // _CONSUMED
_BLOCK = _STRIPE * _STRIPES_PER_BLOCK
_MIDDLE_MAX = 240
_LANES = struct.Struct("<8Q")
_PAIR = struct.Struct("<2Q")


def _fold(left: int, right: int) -> int:
    product = left * right
    return (product & _MASK) ^ (product >> 64)


def _avalanche(value: int) -> int:
    value ^= value >> 37
    value = value * _MX1 & _MASK
    return value ^ (value >> 32)


def _mix16(data: bytes, offset: int, secret_offset: int) -> int:
    low, high = _PAIR.unpack_from(data, offset)
    secret_low, secret_high = _PAIR.unpack_from(_SECRET, secret_offset)
    return _fold(low ^ secret_low, high ^ secret_high)


def _mix32(low: int, high: int, data: bytes, first: int, second: int, secret: int) -> tuple[int, int]:
    low = (low + _mix16(data, first, secret)) & _MASK
    a, b = _PAIR.unpack_from(data, second)
    low ^= (a + b) & _MASK
    high = (high + _mix16(data, second, secret + 16)) & _MASK
    a, b = _PAIR.unpack_from(data, first)
    return low, high ^ ((a + b) & _MASK)


def _finish_middle(low: int, high: int, length: int) -> tuple[int, int]:
    total = (low + high) & _MASK
    other = (low * _P64_1 + high * _P64_4 + length * _P64_2) & _MASK
    return _avalanche(total), -_avalanche(other) & _MASK


def _up_to_128(data: bytes) -> tuple[int, int]:
    length = len(data)
    low, high = length * _P64_1 & _MASK, 0
    for step in range((length - 1) // 32, -1, -1):
        low, high = _mix32(low, high, data, 16 * step, length - 16 * (step + 1), 32 * step)
    return _finish_middle(low, high, length)


def _up_to_240(data: bytes) -> tuple[int, int]:
    length = len(data)
    low, high = length * _P64_1 & _MASK, 0
    for offset in range(32, 160, 32):
        low, high = _mix32(low, high, data, offset - 32, offset - 16, offset - 32)
    low, high = _avalanche(low), _avalanche(high)
    for offset in range(160, length + 1, 32):
        low, high = _mix32(low, high, data, offset - 32, offset - 16, 3 + offset - 160)
    low, high = _mix32(low, high, data, length - 16, length - 32, 136 - 17 - 16)
    return _finish_middle(low, high, length)


def _accumulate(lanes: list[int], data: bytes, offset: int, secret_offset: int) -> None:
    values = _LANES.unpack_from(data, offset)
    keys = _LANES.unpack_from(_SECRET, secret_offset)
    for lane, (value, key) in enumerate(zip(values, keys)):
        mixed = value ^ key
        lanes[lane ^ 1] = (lanes[lane ^ 1] + value) & _MASK
        lanes[lane] = (lanes[lane] + (mixed & 0xFFFFFFFF) * (mixed >> 32)) & _MASK


def _scramble(lanes: list[int]) -> None:
    keys = _LANES.unpack_from(_SECRET, len(_SECRET) - _STRIPE)
    for lane, key in enumerate(keys):
        value = lanes[lane]
        lanes[lane] = ((value ^ (value >> 47) ^ key) * _P32_1) & _MASK


def _merge(lanes: list[int], secret_offset: int, start: int) -> int:
    result = start
    for pair in range(4):
        low, high = _PAIR.unpack_from(_SECRET, secret_offset + 16 * pair)
        result += _fold(lanes[2 * pair] ^ low, lanes[2 * pair + 1] ^ high)
    return _avalanche(result & _MASK)


def _long(data: bytes) -> tuple[int, int]:
    length = len(data)
    lanes = [_P32_3, _P64_1, _P64_2, _P64_3, _P64_4, _P32_2, _P64_5, _P32_1]
    blocks = (length - 1) // _BLOCK
    for block in range(blocks):
        for stripe in range(_STRIPES_PER_BLOCK):
            _accumulate(lanes, data, block * _BLOCK + stripe * _STRIPE, stripe * _CONSUMED)
        _scramble(lanes)
    for stripe in range(((length - 1) - _BLOCK * blocks) // _STRIPE):
        _accumulate(lanes, data, blocks * _BLOCK + stripe * _STRIPE, stripe * _CONSUMED)
    _accumulate(lanes, data, length - _STRIPE, len(_SECRET) - _STRIPE - 7)
    low = _merge(lanes, 11, length * _P64_1 & _MASK)
    high = _merge(lanes, len(_SECRET) - _STRIPE - 11, ~(length * _P64_2) & _MASK)
    return low, high


def xxh3_128(data: bytes) -> tuple[int, int]:
    """Low and high half of XXH3_128bits; ValueError below 17 bytes."""
    if len(data) <= 16:
        raise ValueError(f"{len(data)} bytes: the short forms of XXH3 are not implemented")
    if len(data) <= 128:
        return _up_to_128(data)
    if len(data) <= _MIDDLE_MAX:
        return _up_to_240(data)
    return _long(data)


def entity_gid(token_key: str) -> bytes:
    """The 16 bytes that identify the entity with this liveliness token."""
    return struct.pack("<2Q", *xxh3_128(token_key.encode()))
