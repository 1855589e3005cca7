"""Every answered update survives a kill -9, and none is applied twice; `LEADBACK_CRASH_CYCLES` says how often."""

import asyncio
import itertools
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.embedded import embedded_database
from leadback.networks.actions import create_network
from tests.serve.harm import kill_database
from tests.serve.network import DONE, opened, sold, update_path
from tests.support.program import Running, free_port, running

CYCLES = int(os.environ.get("LEADBACK_CRASH_CYCLES", "3"))
CONNECTIONS = 16
LEADS = 40
ANSWERS_BEFORE_CRASH = 300
SOLD_PRICE = Decimal(25)
CALL_SECONDS_MAX = 15
CYCLE_SECONDS_MAX = 60
IN_PROGRESS = "Request In Progress"

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60 + CYCLES * 2 * CYCLE_SECONDS_MAX)]


class Buyer:
    """Sends updates on 16 connections and keeps its own books: what it sent, and what it was told was done."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.answered: dict[str, tuple[str, Decimal]] = {}
        self.unknown: dict[str, tuple[str, Decimal]] = {}
        self.cut_off = 0
        self._numbers = itertools.count()
        self._random = random.Random(20261123)

    async def send_until(self, client: httpx.AsyncClient, crash: asyncio.Event) -> None:
        """New updates, and first those whose outcome is not known, one after the other until the crash."""
        while not crash.is_set():
            await self.send_one(client, *self._next())

    async def repeat_unknown(self, client: httpx.AsyncClient) -> None:
        """Send again, with the key it had, everything of which no answer came."""
        while self.unknown:
            await self.send_one(client, *self._next())

    async def send_one(self, client: httpx.AsyncClient, key: str, lead_id: str, amount: Decimal) -> None:
        """One call; only an answer that says so counts as done."""
        path = update_path(self.key, lead_id=lead_id, amount=amount, idempotency_key=key)
        try:
            answer = await client.get(path)
        except httpx.TransportError:
            self.cut_off += 1
            self.unknown[key] = lead_id, amount
            return
        if DONE in answer.text:
            self.answered[key] = lead_id, amount
        else:
            assert answer.status_code == 503 or IN_PROGRESS in answer.text, answer.text
            self.unknown[key] = lead_id, amount

    def _next(self) -> tuple[str, str, Decimal]:
        for key in self.unknown:
            return key, *self.unknown.pop(key)
        amount = Decimal(self._random.randrange(1, 100_000)) / 100
        return f"call-{next(self._numbers)}", f"L{self._random.randrange(LEADS)}", amount


@asynccontextmanager
async def connections(program: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Sixteen of them, kept alive."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=program.url, timeout=CALL_SECONDS_MAX, limits=limits) as client:
        yield client


@contextmanager
def cycle(data_dir: Path, port: int) -> Iterator[Running]:
    """The server on this directory, with no limit on how fast a buyer may call."""
    with running("serve", "--data-dir", data_dir, environment={"LEADBACK_RATE_PER_KEY": "0"}, port=port) as program:
        program.wait_until_ready()
        yield program


def kill_program(program: Running) -> None:
    """Parent, web workers and background worker, all at once."""
    for pid in [program.process.pid, *program.children()]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    program.process.wait()


async def load_and_crash(program: Running, buyer: Buyer, crash: Callable[[], object]) -> None:
    """Sixteen senders under way; when enough was answered, the crash happens in the middle of it."""
    crashed = asyncio.Event()
    enough = len(buyer.answered) + ANSWERS_BEFORE_CRASH
    async with connections(program) as client, asyncio.timeout(CYCLE_SECONDS_MAX):
        senders = [asyncio.create_task(buyer.send_until(client, crashed)) for _ in range(CONNECTIONS)]
        while len(buyer.answered) < enough and not any(sender.done() for sender in senders):
            await asyncio.wait(senders, timeout=0.01)
        crash()
        crashed.set()
        await asyncio.gather(*senders)


async def books_of(database: Database, network_id: int) -> list[tuple[str, str, Decimal]]:
    """Idempotency key, lead and added revenue of every update in the ledger."""
    statement = text(
        "SELECT lead_update.idempotency_key, sale.lead_key, lead_update.revenue_delta FROM lead_update"
        " JOIN sale USING (network_id, sale_id) WHERE lead_update.network_id = :network_id"
    )
    async with database.transaction(network_id) as connection:
        return [tuple(row) for row in await connection.execute(statement, {"network_id": network_id})]


async def revenues_of(database: Database, network_id: int) -> dict[str, tuple[Decimal, int]]:
    """Revenue and number of updates of every sale, by lead."""
    statement = text("SELECT lead_key, revenue, version - 1 FROM sale WHERE network_id = :network_id ORDER BY lead_key")
    async with database.transaction(network_id) as connection:
        rows = await connection.execute(statement, {"network_id": network_id})
        return {row.lead_key: (row.revenue, row[2]) for row in rows}


async def reported_revenue(database: Database, network_id: int) -> Decimal:
    """What a report adds up: rollup and what is not folded yet."""
    statement = text(
        "SELECT sum(revenue) FROM (SELECT revenue FROM lead_status_rollup WHERE network_id = :network_id"
        " UNION ALL SELECT revenue FROM lead_status_delta WHERE network_id = :network_id) AS cells"
    )
    async with database.transaction(network_id) as connection:
        found: Decimal = (await connection.execute(statement, {"network_id": network_id})).scalar_one()
        return found


async def test_an_answered_update_survives_a_crash_and_none_is_applied_twice(made_dir: Path) -> None:
    with embedded_database(made_dir) as embedded:
        async with opened(embedded.app_url) as database:
            network_id = await create_network(
                database, name="Acme", time_zone="America/New_York", currency="USD", now=now()
            )
            buyer = Buyer((await sold(database, network_id, LEADS)).key)
    port = free_port()
    for number in range(CYCLES):
        with cycle(made_dir, port) as program:
            if number % 2 == 0:
                await load_and_crash(program, buyer, lambda: kill_program(program))
            else:
                await load_and_crash(program, buyer, lambda: kill_database(made_dir))
    with cycle(made_dir, port) as program:
        async with connections(program) as client, asyncio.timeout(CYCLE_SECONDS_MAX):
            await buyer.repeat_unknown(client)
    with embedded_database(made_dir) as embedded:
        async with opened(embedded.app_url) as database:
            books = await books_of(database, network_id)
            revenues = await revenues_of(database, network_id)
            reported = await reported_revenue(database, network_id)
    # Else no crash came while anybody was waiting, and nothing was tried.
    assert buyer.cut_off > 0
    assert len(buyer.answered) >= CYCLES * ANSWERS_BEFORE_CRASH
    assert len(books) == len(buyer.answered)
    assert {key: (lead_id, amount) for key, lead_id, amount in books} == buyer.answered
    for lead_id, (revenue, updates) in revenues.items():
        added = [amount for sold_lead, amount in buyer.answered.values() if sold_lead == lead_id]
        assert (revenue, updates) == (SOLD_PRICE + sum(added), len(added))
    assert reported == sum(revenue for revenue, _ in revenues.values())
