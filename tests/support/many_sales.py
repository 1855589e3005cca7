"""Very many sales, written by PostgreSQL itself, for what must not depend on their number."""

from sqlalchemy import text

from leadback.kit.database import Database
from tests.support.world import make_world

_LEADS = text("""
    INSERT INTO lead (network_id, lead_key, lead_id, campaign_id, sub_id_1, created_at, payout)
    SELECT :network_id, 'MANY' || number, 'many' || number, 5 + number % 5, 'fb' || number % 7,
        TIMESTAMPTZ '2026-03-01 12:00Z' + number * interval '1 second', 10
    FROM generate_series(1, :count) AS number
""")
_SALES = text("""
    INSERT INTO sale (
        network_id, lead_key, buyer_id, buyer_contract_id, campaign_id, sub_id_1, sold_at, sold_on, sold_price, revenue,
        payout_share, first_of_lead, status_id, field_values, updated, update_count, updated_at
    )
    SELECT :network_id, lead_key, 10, 217, campaign_id, sub_id_1, created_at,
        (created_at AT TIME ZONE 'America/New_York')::date, 25.5, 1.25, payout, true, 3,
        jsonb_build_object('1', '15000.0000', '2', 'a note of ' || lead_id), 1, 1, created_at
    FROM lead WHERE network_id = :network_id AND lead_key LIKE 'MANY%'
""")


async def sell_many(database: Database, network_id: int, count: int) -> None:
    """`count` sales, one a second from 1 March 2026 on, to one contract; the rollups do not know them."""
    await make_world(database, network_id, leads=1)
    async with database.transaction(network_id) as connection:
        await connection.execute(_LEADS, {"network_id": network_id, "count": count})
        await connection.execute(_SALES, {"network_id": network_id})
