"""The small network of `values` put into the database, row by row, for tests of what happens to its sales."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Table, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.access.tables import api_key
from leadback.catalog.tables import field, return_reason, status, sub_status
from leadback.kit import tokens
from leadback.kit.clock import now
from leadback.kit.database import Database
from leadback.kit.round_trip import round_trip
from leadback.leads import store
from leadback.leads.model import Sale
from leadback.leads.rollup import Deltas
from leadback.leads.tables import lead, sale
from leadback.parties.tables import affiliate, buyer, buyer_contract, campaign, offer, vertical
from tests.support import values


class Seeded(msgspec.Struct, frozen=True):
    """Keys of buyers 10 and 11 in a network that holds the parties and catalog of `values.configuration`."""

    network_id: int
    key: str
    other_key: str


async def seed_network(database: Database, network_id: int) -> Seeded:
    """Buyers 10 (contracts 217, 218) and 11 (300), vertical 1, two affiliates with two campaigns each, the catalog."""
    keys = {10: tokens.make_key(network_id), 11: tokens.make_key(network_id)}
    async with database.transaction(network_id) as connection:
        put = _Put(connection, network_id)
        await put.rows(vertical, [{"vertical_id": 1, "name": "Payday"}, {"vertical_id": 99, "name": "Solar"}])
        await put.rows(offer, [{"offer_id": 1, "name": "Cash Now"}])
        await put.rows(affiliate, [{"affiliate_id": 1, "name": "Northbeam"}, {"affiliate_id": 2, "name": "Orchard"}])
        await put.rows(
            campaign,
            [
                {"campaign_id": 5, "affiliate_id": 1, "offer_id": 1, "name": "Search"},
                {"campaign_id": 6, "affiliate_id": 1, "offer_id": None, "name": "Mail"},
                {"campaign_id": 7, "affiliate_id": 2, "offer_id": 1, "name": "Search"},
            ],
        )
        await put.rows(
            buyer,
            [
                {"buyer_id": 10, "name": "Buyer 10", "accept_keyless": False, "keyless_networks": []},
                {"buyer_id": 11, "name": "Buyer 11", "accept_keyless": True, "keyless_networks": ["192.0.2.0/24"]},
            ],
        )
        await put.rows(
            buyer_contract,
            [
                {"buyer_contract_id": number, "buyer_id": buyer_id, "vertical_id": 1, "name": f"Contract {number}"}
                for number, buyer_id in ((217, 10), (218, 10), (300, 11))
            ],
        )
        await _catalog(put)
        await put.rows(
            api_key,
            [
                {
                    "api_key_id": buyer_id,
                    "buyer_id": buyer_id,
                    "digest": tokens.digest(key),
                    "shown_as": "lbk",
                    "created_at": now(),
                }
                for buyer_id, key in keys.items()
            ],
        )
    return Seeded(network_id, keys[10], keys[11])


async def seed_sale(database: Database, network_id: int, lead_id: str, **changes: Any) -> int:
    """One more sale of a lead (made where it is new), yesterday by default; its id. Counted in the reports' deltas."""
    async with database.transaction(network_id) as connection:
        known = await connection.execute(
            select(lead.c.lead_key).where(lead.c.network_id == network_id, lead.c.lead_key == lead_id.upper())
        )
        campaign_id = changes.get("campaign_id", 5)
        if known.one_or_none() is None:
            row = {
                "network_id": network_id,
                "lead_key": lead_id.upper(),
                "lead_id": lead_id,
                "campaign_id": campaign_id,
                "sub_id_1": changes.get("sub_id_1", ""),
                "created_at": now(),
                "payout": Decimal(10),
                "is_test": changes.get("is_test", False),
            }
            await connection.execute(insert(lead).values(row))
        sale_row: dict[str, Any] = {
            "network_id": network_id,
            "lead_key": lead_id.upper(),
            "buyer_id": 10,
            "buyer_contract_id": 217,
            "campaign_id": campaign_id,
            "sold_at": now() - timedelta(days=1),
            "sold_price": Decimal(25),
            "revenue": Decimal(25),
            "payout_share": Decimal(10),
            "first_of_lead": True,
        }
        sale_row |= changes
        sale_row["sold_on"] = text("(CAST(:moment AS timestamptz) AT TIME ZONE 'America/New_York')::date").bindparams(
            moment=sale_row["sold_at"]
        )
        sale_id: int = (await connection.execute(insert(sale).values(sale_row).returning(sale.c.sale_id))).scalar_one()
        deltas = Deltas()
        deltas.move(None, await _read(connection, network_id, sale_id), values.catalog().fields)
        async with round_trip(connection) as trip:
            store.insert_deltas(trip, network_id, deltas)
    return sale_id


async def read_sale(database: Database, network_id: int, sale_id: int) -> Sale:
    """The sale as it stands."""
    async with database.transaction(network_id) as connection:
        return await _read(connection, network_id, sale_id)


async def read_ledger(database: Database, network_id: int, sale_id: int) -> list[Mapping[str, Any]]:
    """The sale's ledger rows in the order of their versions."""
    async with database.transaction(network_id) as connection:
        rows = await connection.execute(
            text("SELECT * FROM lead_update WHERE network_id = :network_id AND sale_id = :sale_id ORDER BY version"),
            {"network_id": network_id, "sale_id": sale_id},
        )
        return [dict(row._mapping) for row in rows]


async def read_failed(database: Database, network_id: int) -> list[Mapping[str, Any]]:
    """The network's failed updates, oldest first."""
    async with database.transaction(network_id) as connection:
        rows = await connection.execute(
            text("SELECT * FROM failed_update WHERE network_id = :network_id ORDER BY failed_update_id"),
            {"network_id": network_id},
        )
        return [dict(row._mapping) for row in rows]


async def _read(connection: AsyncConnection, network_id: int, sale_id: int) -> Sale:
    rows = await connection.execute(
        text(
            f"SELECT {store.SALE_COLUMNS} FROM sale JOIN lead USING (network_id, lead_key)"
            " WHERE sale.network_id = :network_id AND sale.sale_id = :sale_id"
        ),
        {"network_id": network_id, "sale_id": sale_id},
    )
    return store.sale_of(rows.one())


async def _catalog(put: "_Put") -> None:
    catalog = values.catalog()
    await put.rows(
        status,
        [_builtins(item) | {"vertical_ids": sorted(item.vertical_ids)} for item in catalog.statuses.values()],
    )
    await put.rows(sub_status, [_builtins(item) for item in catalog.sub_statuses.values()])
    await put.rows(
        field,
        [
            _builtins(item)
            | {
                "name_key": item.name.upper(),
                "data_type": str(item.data_type),
                "summary": str(item.summary),
                "list_values": list(item.list_values),
                "vertical_ids": sorted(item.vertical_ids),
                "buyer_ids": sorted(item.buyer_ids),
            }
            for item in catalog.fields.values()
        ],
    )
    await put.rows(return_reason, [_builtins(item) for item in catalog.return_reasons.values()])


def _builtins(item: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(item)


class _Put:
    def __init__(self, connection: AsyncConnection, network_id: int) -> None:
        self.connection = connection
        self.network_id = network_id

    async def rows(self, table: Table, rows: list[dict[str, Any]]) -> None:
        await self.connection.execute(insert(table), [{"network_id": self.network_id} | row for row in rows])
