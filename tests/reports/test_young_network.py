"""How buyers report is read once, also where PostgreSQL's statistics do not know the network's sales yet."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.leads.update import Updates
from leadback.networks.actions import create_network
from leadback.networks.queries import read_network
from leadback.reports.buyer_reporting import find_silent, usual_lag
from tests.leads.test_update import call, caller_with
from tests.support.seed import seed_network, seed_sale
from tests.support.server import Addresses

pytestmark = pytest.mark.anyio

SALES = 20


async def test_a_network_younger_than_the_statistics_is_gone_over_once(
    database: Database, addresses: Addresses, network_id: int
) -> None:
    await seed_network(database, network_id)
    await seed_sale(database, network_id, "OLD")
    with psycopg.connect(addresses.superuser, autocommit=True) as superuser:
        superuser.execute("ANALYZE lead, sale, lead_update")
    young = await create_network(database, name=f"young {network_id}", time_zone="UTC", currency="USD", now=now())
    seeded = await seed_network(database, young)
    for number in range(SALES):
        await seed_sale(database, young, f"L{number}", sold_at=now() - timedelta(days=1))
    updates = Updates(database)
    caller = caller_with(seeded.key)
    await asyncio.gather(*(updates.submit(call(caller, f"L{number}", status="Contacted")) for number in range(SALES)))
    await updates.close()
    async with database.snapshot(young) as connection:
        network = await read_network(connection, young)
        with asked_of(connection) as asked:
            lag = await usual_lag(connection, network, now=now())
        assert timedelta(hours=23) < lag < timedelta(hours=25)
        await goes_over_it_once(connection, asked)
    async with database.snapshot(young) as connection:
        with asked_of(connection) as asked:
            await find_silent(connection, network, None, now=now())
        await goes_over_it_once(connection, asked)


async def goes_over_it_once(connection: AsyncConnection, asked: list[tuple[str, Any]]) -> None:
    """Whether what was asked of the ledger is, in the same transaction, joined as a whole."""
    found = [(statement, values) for statement, values in asked if "lead_update" in statement]
    assert found
    for statement, values in found:
        plan = (await connection.exec_driver_sql(f"EXPLAIN {statement}", values)).scalars().all()
        assert not [line for line in plan if "Nested Loop" in line], "\n".join(plan)


@contextmanager
def asked_of(connection: AsyncConnection) -> Iterator[list[tuple[str, Any]]]:
    """The statements, as the database gets them, and their values."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        asked.append((statement, values))

    event.listen(connection.sync_connection, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(connection.sync_connection, "before_cursor_execute", note)
