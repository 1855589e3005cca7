"""The statements of the import: each takes a whole portion, each writes one table of one network."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.kit.sql import Rows, insert_statement
from leadback.leads.ingest_model import ImportedSale, Lead
from leadback.leads.ingest_rows import SUB_IDS
from leadback.leads.model import Sale
from leadback.leads.store import SALE_COLUMNS

# Every lead and every sale is looked up by itself, through the index that gives the order asked for. A network younger
# than PostgreSQL's statistics is believed to be a row or two: joined, it would be read from end to end for each row.
_LOOK_UP = text("""
    SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
        set_config('enable_sort', 'off', true)
""")
_KEYS = Rows(lead_keys="text")
_REFS = Rows(sale_refs="text")
_IDS = Rows(sale_ids="bigint")
_LOCK_LEADS = text(f"""
    SELECT found.*
    FROM unnest(CAST(:lead_keys AS text[])) AS row(lead_key)
    CROSS JOIN LATERAL (
        SELECT lead_key, lead_id, campaign_id, {", ".join(SUB_IDS)}, created_at, payout, is_test, data
        FROM lead
        WHERE network_id = :network_id AND lead_key = row.lead_key
        FOR UPDATE
    ) AS found
""")
_FIND_SALES_OF_LEADS = text("""
    SELECT found.sale_id
    FROM unnest(CAST(:lead_keys AS text[])) AS row(lead_key)
    CROSS JOIN LATERAL (
        SELECT sale_id FROM sale WHERE network_id = :network_id AND lead_key = row.lead_key
        ORDER BY buyer_id, buyer_contract_id OFFSET 0
    ) AS found
""")
_FIND_SALES_BY_REF = text("""
    SELECT found.sale_id
    FROM unnest(CAST(:sale_refs AS text[])) AS row(sale_ref)
    CROSS JOIN LATERAL (
        SELECT sale_id FROM sale WHERE network_id = :network_id AND sale_ref = row.sale_ref
        ORDER BY sale_ref OFFSET 0
    ) AS found
""")
_LOCK_SALES = text(f"""
    SELECT {SALE_COLUMNS}, sale.sale_ref, sale.buyer_lead_id, sale.replaces_sale_id
    FROM unnest(CAST(:sale_ids AS bigint[])) AS row(sale_id)
    CROSS JOIN LATERAL (
        SELECT * FROM sale WHERE network_id = :network_id AND sale_id >= row.sale_id
        ORDER BY sale_id LIMIT 1
        FOR UPDATE
    ) AS sale
    CROSS JOIN LATERAL (
        SELECT lead_id FROM lead WHERE network_id = :network_id AND lead_key = sale.lead_key OFFSET 0
    ) AS lead
""")
_LEAD_VALUES: Final = (
    {"campaign_id": "integer"}
    | dict.fromkeys(SUB_IDS, "text")
    | {
        "created_at": "timestamptz",
        "payout": "numeric",
        "is_test": "boolean",
        "data": "jsonb",
    }
)
_LEAD_ROWS = Rows(lead_key="text", lead_id="text", **_LEAD_VALUES)
_INSERT_LEADS = insert_statement("lead", _LEAD_ROWS)
_CHANGED_LEADS = Rows(lead_key="text", **_LEAD_VALUES)
_UPDATE_LEADS = text(f"""
    UPDATE lead SET {", ".join(f"{name} = row.{name}" for name in _LEAD_VALUES)}
    FROM {_CHANGED_LEADS.source}
    WHERE lead.network_id = :network_id AND lead.lead_key = row.lead_key
""")

# What an import alone writes of a sale; how the sale stands is written as after an update.
_SALE_VALUES: Final = {
    "sale_ref": "text",
    "campaign_id": "integer",
    "sub_id_1": "text",
    "is_test": "boolean",
    "buyer_lead_id": "text",
    "sold_at": "timestamptz",
    "sold_price": "numeric",
    "payout_share": "numeric",
    "first_of_lead": "boolean",
    "sale_type": "text",
    "returnable": "boolean",
    "replaces_sale_id": "bigint",
}
_SOLD_ON = "CAST(row.sold_at AT TIME ZONE :time_zone AS date)"
_NEW_SALES = Rows(lead_key="text", buyer_id="integer", buyer_contract_id="integer", revenue="numeric", **_SALE_VALUES)
_INSERT_SALES = text(f"""
    INSERT INTO sale (network_id, sold_on, {_NEW_SALES.columns})
    SELECT :network_id, {_SOLD_ON}, {_NEW_SALES.row_columns}
    FROM {_NEW_SALES.source}
    RETURNING sale_id, sold_on, lead_key, buyer_contract_id, sold_at, sale_ref
""")
_CHANGED_SALES = Rows(sale_id="bigint", **_SALE_VALUES)
_UPDATE_SALES = text(f"""
    UPDATE sale SET sold_on = {_SOLD_ON}, {", ".join(f"{name} = row.{name}" for name in _SALE_VALUES)}
    FROM {_CHANGED_SALES.source}
    WHERE sale.network_id = :network_id AND sale.sale_id = row.sale_id
    RETURNING sale.sale_id, sale.sold_on
""")

_ARRIVED = Rows(lead_key="text", buyer_id="integer")
_COUNT_WAITING = text(f"""
    SELECT count(*) FROM failed_update
    WHERE network_id = :network_id AND waiting_until > :now AND resolved_at IS NULL
        AND (lead_key, buyer_id) IN (SELECT row.lead_key, row.buyer_id FROM {_ARRIVED.source})
""")
_INSERT_STANDING_LEAD = text("""
    INSERT INTO lead (network_id, lead_key, lead_id, created_at, payout, is_test)
    VALUES (:network_id, :lead_key, :lead_id, :now, 0, true)
    ON CONFLICT (network_id, lead_key) DO NOTHING
    RETURNING lead_key
""")
_INSERT_STANDING_SALE = text("""
    INSERT INTO sale (network_id, lead_key, buyer_id, buyer_contract_id, is_test, sold_at, sold_on, sold_price, revenue,
        payout_share, first_of_lead)
    SELECT network_id, :lead_key, :buyer_id, :buyer_contract_id, true, CAST(:now AS timestamptz),
        CAST(CAST(:now AS timestamptz) AT TIME ZONE time_zone AS date), 0, 0, 0, true
    FROM network
    WHERE network_id = :network_id
""")


async def look_up_by_index(connection: AsyncConnection) -> None:
    """For the rest of the transaction, let every look-up go through its index, however small its table is yet.

    PostgreSQL keeps a prepared statement's plan, and at the first portion the tables are empty.
    """
    await connection.execute(_LOOK_UP)


async def lock_leads(connection: AsyncConnection, network_id: int, lead_keys: Collection[str]) -> list[Lead]:
    """Those of these leads that exist, locked in the order of their keys."""
    rows = await connection.execute(
        _LOCK_LEADS,
        _KEYS.parameters(zip(sorted(lead_keys), strict=True), network_id=network_id),
    )
    return [
        Lead(
            lead_key=row.lead_key,
            lead_id=row.lead_id,
            campaign_id=row.campaign_id,
            sub_ids=tuple(row._mapping[name] for name in SUB_IDS),
            created_at=row.created_at,
            payout=row.payout,
            is_test=row.is_test,
            data=row.data,
        )
        for row in rows
    ]


async def lock_lead_sales(
    connection: AsyncConnection, network_id: int, lead_keys: Collection[str], sale_refs: Collection[str]
) -> list[ImportedSale]:
    """Every sale of these leads and every sale with one of these references, locked in the order of their ids."""
    sale_ids: set[int] = set()
    if lead_keys:
        values = _KEYS.parameters(zip(lead_keys, strict=True), network_id=network_id)
        sale_ids |= set((await connection.execute(_FIND_SALES_OF_LEADS, values)).scalars())
    if sale_refs:
        values = _REFS.parameters(zip(sale_refs, strict=True), network_id=network_id)
        sale_ids |= set((await connection.execute(_FIND_SALES_BY_REF, values)).scalars())
    found: list[ImportedSale] = []
    if not sale_ids:
        return found
    locked = _IDS.parameters(zip(sorted(sale_ids), strict=True), network_id=network_id)
    for row in await connection.execute(_LOCK_SALES, locked):
        columns = dict(row._mapping)
        own = {name: columns.pop(name) for name in ("sale_ref", "buyer_lead_id", "replaces_sale_id")}
        columns["field_values"] = {int(field_id): value for field_id, value in columns["field_values"].items()}
        found.append(ImportedSale(sale=Sale(**columns), **own))
    return found


async def insert_leads(connection: AsyncConnection, network_id: int, leads: Sequence[Lead]) -> None:
    """New leads; one that somebody else added meanwhile is a unique violation."""
    # By key, so that two imports of one file wait for each other instead of deadlocking.
    rows = [
        (lead.lead_key, lead.lead_id, *_lead_values(lead)) for lead in sorted(leads, key=lambda lead: lead.lead_key)
    ]
    await connection.execute(_INSERT_LEADS, _LEAD_ROWS.parameters(rows, network_id=network_id))


async def update_leads(connection: AsyncConnection, network_id: int, leads: Sequence[Lead]) -> None:
    """Leads that are locked, as they are now."""
    rows = [(lead.lead_key, *_lead_values(lead)) for lead in leads]
    await connection.execute(_UPDATE_LEADS, _CHANGED_LEADS.parameters(rows, network_id=network_id))


async def insert_sales(
    connection: AsyncConnection, network_id: int, sales: Sequence[tuple[ImportedSale, str]], time_zone: str
) -> list[tuple[int, date]]:
    """New sales, each with its lead's sub_id_1; the id and the network's day of each, in the same order."""
    rows = [
        (
            imported.sale.lead_key,
            imported.sale.buyer_id,
            imported.sale.buyer_contract_id,
            imported.sale.sold_price,
            *_sale_values(imported, sub_id_1),
        )
        for imported, sub_id_1 in sales
    ]
    values = _NEW_SALES.parameters(rows, network_id=network_id, time_zone=time_zone)
    made = {tuple(row[2:]): (row[0], row[1]) for row in await connection.execute(_INSERT_SALES, values)}
    assert len(made) == len(rows), "two sales of one lead, contract, moment and reference"
    return [
        made[imported.sale.lead_key, imported.sale.buyer_contract_id, imported.sale.sold_at, imported.sale_ref]
        for imported, _ in sales
    ]


async def update_sales(
    connection: AsyncConnection, network_id: int, sales: Sequence[tuple[ImportedSale, str]], time_zone: str
) -> dict[int, date]:
    """What an import alone writes of sales that are locked; by sale id the network's day of each."""
    rows = [(imported.sale.sale_id, *_sale_values(imported, sub_id_1)) for imported, sub_id_1 in sales]
    values = _CHANGED_SALES.parameters(rows, network_id=network_id, time_zone=time_zone)
    return {row.sale_id: row.sold_on for row in await connection.execute(_UPDATE_SALES, values)}


async def count_waiting(
    connection: AsyncConnection, network_id: int, arrived: Collection[tuple[str, int]], now: datetime
) -> int:
    """How many failed updates wait for a sale of one of these (lead key, buyer id) pairs."""
    waiting = await connection.execute(_COUNT_WAITING, _ARRIVED.parameters(arrived, network_id=network_id, now=now))
    return int(waiting.scalar_one())


async def insert_standing_sale(
    connection: AsyncConnection, network_id: int, *, lead_id: str, buyer_id: int, buyer_contract_id: int, now: datetime
) -> bool:
    """A test lead of no campaign and its sale; False where a lead of this id exists already."""
    lead_key = lead_id.upper()
    lead = {"network_id": network_id, "lead_key": lead_key, "lead_id": lead_id, "now": now}
    if (await connection.execute(_INSERT_STANDING_LEAD, lead)).first() is None:
        return False
    sale = {"network_id": network_id, "lead_key": lead_key, "buyer_id": buyer_id, "now": now}
    await connection.execute(_INSERT_STANDING_SALE, sale | {"buyer_contract_id": buyer_contract_id})
    return True


def _lead_values(lead: Lead) -> tuple[Any, ...]:
    data = msgspec.json.encode(lead.data).decode() if lead.data else "{}"
    return (lead.campaign_id, *lead.sub_ids, lead.created_at, lead.payout, lead.is_test, data)


def _sale_values(imported: ImportedSale, sub_id_1: str) -> tuple[Any, ...]:
    sale = imported.sale
    return (
        imported.sale_ref,
        sale.campaign_id,
        sub_id_1,
        sale.is_test,
        imported.buyer_lead_id,
        sale.sold_at,
        sale.sold_price,
        sale.payout_share,
        sale.first_of_lead,
        sale.sale_type,
        sale.returnable,
        imported.replaces_sale_id,
    )
