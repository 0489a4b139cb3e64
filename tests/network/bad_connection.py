"""A TCP connection as bad as one likes: a proxy that delays, loses and resends, stalls, throttles and cuts."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable

CHUNK = 4096


class BadConnection:
    """Forwards from a loopback port to another. What TCP loses it sends again: loss is felt as a stall.

    `delay_s` and up to `jitter_s` more for each piece, in order; of pieces, a random `lost_share` comes late by
    `resend_s`, twice that if lost again, and so on, and holds up all behind it, as TCP does; `bytes_per_s` at most;
    `stall()` holds everything back until `flow()`; `cut()` breaks what is connected; `refuse` lets nobody in.
    Chance is seeded.
    """

    def __init__(self, listen_port: int, target_port: int) -> None:
        self.delay_s = 0.0
        self.jitter_s = 0.0
        self.lost_share = 0.0
        self.resend_s = 0.2  # the shortest retransmission time of Linux
        self.lost = 0
        self.bytes_per_s = float("inf")
        self.refuse = False
        self.connections = 0
        self.forwarded_bytes = 0
        self._random = random.Random(1)
        self._ports = listen_port, target_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._flowing = self._call(self._start)

    async def _start(self) -> asyncio.Event:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._ports[0])
        flowing = asyncio.Event()
        flowing.set()
        return flowing

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuse:
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self._ports[1])
        except OSError:
            writer.transport.abort()
            return
        self.connections += 1
        both = {writer, there[1]}
        self._writers |= both
        ways = [self._carry(reader, there[1]), self._carry(there[0], writer)]
        # Cancelled: the proxy closes. asyncio would log it as an error.
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(*ways)
        for each in both:
            each.transport.abort()
        self._writers -= both

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction. Pieces wait for their time in a queue, so that a delay does not limit the rate."""
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)

        async def send() -> None:
            while True:
                due, piece = await line.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                await self._flowing.wait()
                if self.bytes_per_s != float("inf"):
                    await asyncio.sleep(len(piece) / self.bytes_per_s)
                writer.write(piece)
                await writer.drain()
                self.forwarded_bytes += len(piece)
                if not piece:
                    return

        sending = asyncio.ensure_future(send())
        try:
            while piece := await reader.read(CHUNK):
                late = self.delay_s + self.jitter_s * self._random.random() + self._resent_after_s()
                await line.put((self._loop.time() + late, piece))
                if sending.done():
                    break
        finally:
            sending.cancel()
        raise ConnectionResetError

    def _resent_after_s(self) -> float:
        """How much later a piece comes because it was lost; 0 for most."""
        late_s, next_s = 0.0, self.resend_s
        while self._random.random() < self.lost_share:
            self.lost += 1
            late_s, next_s = late_s + next_s, 2 * next_s
        return late_s

    def stall(self) -> None:
        self._call(self._set, False)

    def flow(self) -> None:
        self._call(self._set, True)

    async def _set(self, flows: bool) -> None:
        self._flowing.set() if flows else self._flowing.clear()

    def cut(self) -> None:
        self._call(self._cut)

    async def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def close(self) -> None:
        self._call(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _call(self, function: Callable, *arguments: object):
        return asyncio.run_coroutine_threadsafe(function(*arguments), self._loop).result(10.0)
