# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that cuts, delays, stalls, half-closes, garbles and refuses. One thread serves all proxies of a process.

What it garbles a client can notice: HTTP has no checksum, so a damaged answer never reaches its promised length, and no
damaged message of Postgres is one that the protocol knows."""
import asyncio
import contextlib
import socket
import struct
import threading

from postgres import free_port

CHUNK = 65536
GARBAGE = b"\xff\x00"
_loop = asyncio.new_event_loop()
_thread = None


def _in_loop(coroutine):
    """Runs it in the proxies' thread and waits for it."""
    global _thread
    if _thread is None:
        _thread = threading.Thread(target=_loop.run_forever, daemon=True)
        _thread.start()
    return asyncio.run_coroutine_threadsafe(coroutine, _loop).result(30)


def spoiled(data):
    """The beginning of it, then bytes that mean nothing; always shorter than it was."""
    kept = len(data) // 2
    return data[:kept] + (GARBAGE * 8)[:max(0, len(data) - kept - 1)]


class Pair:
    """A client's connection and ours to the server."""

    def __init__(self, up, down):
        self.writers = {"up": up, "down": down}  # towards the server, towards the client

    def abort(self):
        for writer in self.writers.values():
            # A RST, as from a peer that is gone.
            raw = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def finish(self, direction):
        writer = self.writers[direction]
        if not writer.transport.is_closing():
            writer.write_eof()


class TcpProxy:
    """`whole_messages`: a chunk is replaced when it is garbled, instead of losing its end. `seen` gets every chunk that passes."""

    def __init__(self, target_port, whole_messages=False, seen=None):
        self.target_port, self.whole_messages, self.seen = target_port, whole_messages, seen
        self.port = free_port()
        self.pairs, self.delay, self.garbling = set(), 0, None
        self.carried, self.harmed = 0, 0
        self._server = None
        _in_loop(self._begin())

    async def _begin(self):
        self._open = asyncio.Event()
        self._open.set()
        await self._listen()

    async def _listen(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=CHUNK)

    async def _serve(self, reader, writer):
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self.target_port, limit=CHUNK)
        except OSError:
            writer.transport.abort()
            return
        pair = Pair(forth, writer)
        self.pairs.add(pair)
        try:
            await asyncio.gather(self._pump(reader, pair, "up"), self._pump(back, pair, "down"))
        except (OSError, RuntimeError):
            pair.abort()
        finally:
            self.pairs.discard(pair)
            for one in pair.writers.values():
                one.close()

    async def _pump(self, reader, pair, direction):
        writer = pair.writers[direction]
        while data := await reader.read(CHUNK):
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._open.wait()
            if self.garbling == direction:
                self.harmed += 1
                writer.write(GARBAGE * 8 if self.whole_messages else spoiled(data))
                # The garbage is to arrive before the end of the connection does.
                await writer.drain()
                await asyncio.sleep(0.01)
                pair.abort()
                return
            if self.seen:
                self.seen(data)
            self.carried += 1
            writer.write(data)
            await writer.drain()
        pair.finish(direction)

    # -- what happens to connections; each call is over when it has happened

    def _act(self, act):
        async def run():
            return act()
        return _in_loop(run())

    def cut(self):
        """How many connections were cut."""
        def act():
            cut = list(self.pairs)
            for pair in cut:
                pair.abort()
            return len(cut)
        return self._act(act)

    def half_close(self, direction):
        """No more bytes go in this direction ("up" to the server, "down" to the client), as far as its reader is told."""
        return self._act(lambda: [pair.finish(direction) for pair in list(self.pairs)] and None)

    def refuse(self):
        """Nobody listens any more."""
        def act():
            self._server.close()
        self._act(act)

    def accept(self):
        _in_loop(self._listen())

    def stall(self):
        """Connections stay open and nothing comes through."""
        self._act(self._open.clear)

    def flow(self):
        self._act(self._open.set)

    def close(self):
        if self._server.is_serving():
            self.refuse()
        self.flow()
        self.cut()
