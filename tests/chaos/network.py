"""The way from the portal to Expensify, which can be cut: a TCP proxy with a will of its own."""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from typing import Literal

from tests.servers import free_port

Weather = Literal["fine", "refusing", "silent", "deaf"]
PIECE = 65536


class Line:
    """One connection through the proxy, and its two directions."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.ends = (near, far)
        self.lost = False

    def reset(self) -> None:
        """Both sides see a reset, as when a firewall forgets a connection."""
        for end in self.ends:
            raw: socket.socket | None = end.get_extra_info("socket")
            if raw is not None and not end.transport.is_closing():
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.transport.abort()


class Network:
    """Passes connections on while the weather is fine.

    `refusing`: nobody listens. `silent`: what is sent either way is lost. `deaf`: requests arrive, answers are lost.
    A connection that lost something is reset when the weather changes: nothing is ever delivered late.
    """

    def __init__(self, to_port: int) -> None:
        self.port = free_port()
        self._to_port = to_port
        self._weather: Weather = "fine"
        self._lines: set[Line] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="network")
        self._thread.start()
        self._do(self._listen)

    def become(self, weather: Weather) -> None:
        async def change() -> None:
            for line in [line for line in self._lines if line.lost]:
                line.reset()
            self._weather = weather
            if weather == "refusing":
                await self._close()
            elif self._server is None:
                await self._listen()

        self._do(change)

    def reset(self) -> None:
        """Cut every connection there is, once."""

        async def cut() -> None:
            for line in list(self._lines):
                line.reset()

        self._do(cut)

    def stop(self) -> None:
        self._do(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _do(self, what: Callable[[], Awaitable[None]]) -> None:
        async def done() -> None:
            await what()

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, backlog=256)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for line in list(self._lines):
            line.reset()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        line = Line(writer, far_writer)
        self._lines.add(line)
        try:
            await asyncio.gather(
                self._pass(line, reader, far_writer, lost_in=("silent",)),
                self._pass(line, far_reader, writer, lost_in=("silent", "deaf")),
            )
        except OSError:
            line.reset()
        finally:
            self._lines.discard(line)
            for end in line.ends:
                end.close()

    async def _pass(
        self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost_in: tuple[str, ...]
    ) -> None:
        while piece := await reader.read(PIECE):
            if self._weather in lost_in:
                line.lost = True
            if not line.lost:
                writer.write(piece)
                await writer.drain()
        if line.lost and self._weather != "fine":
            return  # not even the end of it arrives
        if not writer.transport.is_closing():
            writer.write_eof()
