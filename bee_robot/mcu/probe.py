"""Asks a board who it is without opening a session: nothing is stopped, no other host is pushed aside.

A hello of protocol 0 belongs to no version, so a board of any version only answers with its welcome.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

from bee_robot.clock import Clock
from bee_robot.mcu import messages as m
from bee_robot.mcu import packets
from bee_robot.mcu.transport import Transport

HELLO_EVERY_S = 0.1
NO_PROTOCOL = 0
_WELCOME = m.NUMBERS[m.Welcome]


@dataclass(frozen=True)
class Answer:
    """What every board says; `welcome` is None where it speaks another protocol than this software."""

    protocol: int
    schema: int
    welcome: m.Welcome | None


async def probe(transport: Transport, clock: Clock, timeout_s: float) -> Answer | None:
    """The answer of the board behind a transport that nobody else uses; None where none comes."""
    reader = packets.PacketReader()
    nonce = secrets.randbits(32)
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def take(data: bytes) -> None:
        for _, content in reader.feed(data):
            answer = _read(content, nonce)
            if answer is not None and not answered.done():
                answered.set_result(answer)

    transport.on_bytes = take
    hello = packets.encode(0, m.Hello(nonce, NO_PROTOCOL, m.PROTOCOL_SCHEMA).pack())
    end_s = clock.now_s() + timeout_s
    while clock.now_s() < end_s and transport.is_open:
        transport.write(hello)
        nap = asyncio.ensure_future(clock.sleep(HELLO_EVERY_S))
        either: set[asyncio.Future[Any]] = {nap, answered}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        nap.cancel()
        if answered.done():
            return answered.result()
    return None


def _read(content: bytes, nonce: int) -> Answer | None:
    size, read = m.HOST_READERS[m.NUMBERS[m.Hello]]
    if content[0] != _WELCOME or len(content) < size:
        return None
    greeting = read(content, 0)  # a welcome begins as a hello does, in every version
    if not isinstance(greeting, m.Hello) or greeting.nonce != nonce:
        return None
    welcome = None
    size, read_welcome = m.BOARD_READERS[_WELCOME]
    if (greeting.protocol, greeting.schema) == (m.PROTOCOL_VERSION, m.PROTOCOL_SCHEMA) and len(
        content
    ) >= size:
        full = read_welcome(content, 0)
        welcome = full if isinstance(full, m.Welcome) else None
    return Answer(greeting.protocol, greeting.schema, welcome)
