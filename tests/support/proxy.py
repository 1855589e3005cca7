"""A proxy before PostgreSQL's socket that cuts a connection at COMMIT, before or after the server gets it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from pathlib import Path

from sqlalchemy import make_url

COMMIT = b"COMMIT\x00"
SOCKET_NAME = ".s.PGSQL.5432"


class Cut(Enum):
    """Where the next COMMIT is cut off."""

    NOWHERE = "nowhere"
    BEFORE_SERVER = "the server never gets it"
    AFTER_SERVER = "the server commits, the answer is lost"


class CuttingProxy:
    """Hands bytes on; `cut` says what happens to the next COMMIT."""

    def __init__(self, server_socket: Path) -> None:
        self.server_socket = server_socket
        self.cut = Cut.NOWHERE
        self.cuts = 0

    async def serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """One client's connection."""
        try:
            from_server, to_server = await asyncio.open_unix_connection(str(self.server_socket))
        except OSError:
            await _close(to_client)
            return
        answers = asyncio.create_task(_copy(from_server, to_client))
        with suppress(ConnectionError):
            while data := await from_client.read(65536):
                cut = self.cut if COMMIT in data else Cut.NOWHERE
                if cut is not Cut.NOWHERE:
                    self.cut = Cut.NOWHERE
                    self.cuts += 1
                    # The client hears nothing more from here on.
                    await _end(answers)
                if cut is not Cut.BEFORE_SERVER:
                    to_server.write(data)
                    await to_server.drain()
                if cut is Cut.AFTER_SERVER:
                    await from_server.read(1)
                if cut is not Cut.NOWHERE:
                    break
        await _end(answers)
        await _close(to_client)
        await _close(to_server)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def cutting_proxy(url: str) -> AsyncIterator[tuple[CuttingProxy, str]]:
    """A proxy before the server of an address on a socket, and the address through it."""
    parsed = make_url(url)
    server_socket = Path(str(parsed.query["host"])) / SOCKET_NAME
    with tempfile.TemporaryDirectory(prefix="leadback-proxy-") as directory:
        proxy = CuttingProxy(server_socket)
        server = await asyncio.start_unix_server(proxy.serve, str(Path(directory) / SOCKET_NAME))
        async with server:
            through = parsed.update_query_dict({"host": directory}).render_as_string(hide_password=False)
            yield proxy, through
