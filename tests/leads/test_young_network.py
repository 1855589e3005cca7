"""What PostgreSQL's statistics do not know yet: it is looked up all the same, never read from end to end."""

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.round_trip import round_trip
from leadback.leads import store
from leadback.networks.actions import create_network
from tests.support.seed import seed_network, seed_sale
from tests.support.server import Addresses

pytestmark = pytest.mark.anyio

MANY = 20_000
ANSWER = '{"success": true, "message": "Lead updated"}'


async def test_sales_of_a_network_younger_than_the_statistics_are_looked_up(
    database: Database, addresses: Addresses, network_id: int
) -> None:
    await seed_network(database, network_id)
    await seed_sale(database, network_id, "OLD")
    with psycopg.connect(addresses.superuser, autocommit=True) as superuser:
        superuser.execute("ANALYZE lead, sale")
    young = await create_network(database, name=f"young {network_id}", time_zone="UTC", currency="USD", now=now())
    await seed_network(database, young)
    await seed_sale(database, young, "FIRST")
    async with database.transaction(young) as connection:
        await connection.execute(
            text("""
                INSERT INTO lead (network_id, lead_key, lead_id, campaign_id, created_at, payout)
                SELECT network_id, 'L' || number, 'L' || number, 5, created_at, 0
                FROM lead CROSS JOIN generate_series(1, :many) AS number
                WHERE network_id = :network_id AND lead_key = 'FIRST'
            """),
            {"network_id": young, "many": MANY},
        )
        await connection.execute(
            text("""
                INSERT INTO sale (network_id, lead_key, buyer_id, buyer_contract_id, campaign_id, sold_at, sold_on,
                    sold_price, revenue, payout_share, first_of_lead)
                SELECT network_id, 'L' || number, buyer_id, buyer_contract_id, campaign_id, sold_at, sold_on,
                    0, 0, 0, true
                FROM sale CROSS JOIN generate_series(1, :many) AS number
                WHERE network_id = :network_id AND lead_key = 'FIRST'
            """),
            {"network_id": young, "many": MANY},
        )
        wanted = {(f"L{number}", 10) for number in range(1, 65)}
        async with round_trip(connection) as trip:
            store.begin_batch(trip, young, sale_lock_ms=1000)
        before = await rows_read(connection)
        async with round_trip(connection) as trip:
            locked = store.lock_sales(trip, young, wanted)
        sales = locked.value
        looked_up = await rows_read(connection)
        async with round_trip(connection) as trip:
            store.update_sales(trip, young, [(sale.version, sale) for sale in sales])
        updated = await rows_read(connection)
    assert len(sales) == len(wanted)
    assert looked_up - before < 10 * len(wanted)
    assert updated - looked_up < 10 * len(wanted)


async def test_keys_are_looked_up_by_a_plan_made_when_there_were_few(
    database: Database, addresses: Addresses, network_id: int
) -> None:
    def rows(numbers: range) -> list[tuple[object, ...]]:
        expires_at = now() + timedelta(days=1)
        return [("buyer:1", "UpdateLead", f"key {number}", b"", ANSWER, expires_at) for number in numbers]

    async with database.transaction(network_id) as connection, round_trip(connection) as trip:
        store.insert_keys(trip, network_id, rows(range(5)), now())
    with psycopg.connect(addresses.superuser, autocommit=True) as superuser:
        superuser.execute("ANALYZE idempotency_key")
    wanted = [("buyer:1", "UpdateLead", "key 3")]
    async with database.transaction(network_id) as connection:
        async with round_trip(connection) as trip:
            store.begin_batch(trip, network_id, sale_lock_ms=1000)
            store.read_keys(trip, network_id, wanted, now())
        async with round_trip(connection) as trip:
            store.insert_keys(trip, network_id, rows(range(5, MANY)), now())
        before = await rows_read(connection)
        async with round_trip(connection) as trip:
            found = store.read_keys(trip, network_id, wanted, now())
        assert await rows_read(connection) - before < 10
    assert set(found.value) == set(wanted)


async def rows_read(connection: AsyncConnection) -> int:
    """How many rows of these tables this transaction has read until now, whatever became of them."""
    statement = text("""
        SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))
        FROM pg_stat_xact_user_tables WHERE relname IN ('lead', 'sale', 'idempotency_key')
    """)
    return int((await connection.execute(statement)).scalar_one())
