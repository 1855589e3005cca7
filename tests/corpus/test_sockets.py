"""The corpus over connections to a real server: what no ASGI scope can carry, and a sample of all the rest."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from leadback.kit.database import Database
from tests.buyer_api.wire import Reply
from tests.corpus.generate import CATEGORIES, path_of
from tests.corpus.model import Case, read_cases
from tests.corpus.replay import Places, Prepared, Replay, sold_in
from tests.corpus.test_corpus import canary
from tests.corpus.world import make_corpus_world
from tests.support.program import serving
from tests.support.server import Addresses

# One worker runs all that starts servers.
pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("serve")]

SAMPLE: Final = 12
"""One in so many of the cases that a scope can carry too."""
ANSWER_SECONDS_MAX: Final = 30.0
READ_BYTES: Final = 64 * 1024


def sampled() -> Iterator[Case]:
    """All of category B, and some of the others."""
    for name in CATEGORIES:
        for place, case in enumerate(read_cases(path_of(name))):
            # An answer to a body that is not read to its end can be lost with the connection.
            if case.socket or (case.expect_class != "L0 413" and (name.startswith("b_") or place % SAMPLE == 0)):
                yield case


async def test_the_served_program_comes_to_the_same(
    addresses: Addresses, database: Database, network_id: int, tmp_path: Path
) -> None:
    cases = list(sampled())
    seeded = await make_corpus_world(database, network_id, sold_in(cases))
    limitless = {"LEADBACK_RATE_PER_KEY": "0", "LEADBACK_LEAD_GUESSES_MAX": "0"}
    urls = {"LEADBACK_DATABASE_URL": addresses.app, "LEADBACK_MIGRATION_DATABASE_URL": addresses.owner}
    with canary(tmp_path) as (file, port), serving(environment=urls | limitless) as program:

        async def send(request: Prepared) -> Reply:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                return await exchange_over(program.port, request)

        # The background worker counts deltas while we look.
        replay = Replay(database, Places(seeded, file, port), send, deltas=False)
        wrong = await replay.run(cases)
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


async def exchange_over(port: int, request: Prepared) -> Reply:
    """One request on a connection of its own, read to the end of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"{request.method} ".encode() + request.target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in request.headers]
    writer.write(b"\r\n".join([*lines, b"Connection: close", b"", request.body]))
    answer = b""
    # A server that gives a request up unread resets the connection, and that may take the answer with it.
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while data := await reader.read(READ_BYTES):
            answer += data
    writer.close()
    return read_reply(answer) if answer else Reply(400, {}, b"")


def read_reply(answer: bytes) -> Reply:
    """An answer's parts, after any that only says to go on."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1])
    if status == 100:
        return read_reply(body)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Reply(status, headers, body)
