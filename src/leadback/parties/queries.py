"""Reading verticals, offers, affiliates, campaigns, buyers and contracts."""

from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.parties.model import Affiliate, Buyer, BuyerContract, Campaign, Offer, Vertical
from leadback.parties.tables import affiliate, buyer, buyer_contract, campaign, offer, vertical


async def list_verticals(connection: AsyncConnection, network_id: int) -> list[Vertical]:
    """Every vertical, by id."""
    return [Vertical(**row) for row in await _rows(connection, network_id, vertical)]


async def list_offers(connection: AsyncConnection, network_id: int) -> list[Offer]:
    """Every offer, by id."""
    return [Offer(**row) for row in await _rows(connection, network_id, offer)]


async def list_affiliates(connection: AsyncConnection, network_id: int) -> list[Affiliate]:
    """Every affiliate, by id."""
    return [Affiliate(**row) for row in await _rows(connection, network_id, affiliate)]


async def list_campaigns(connection: AsyncConnection, network_id: int) -> list[Campaign]:
    """Every campaign, by id."""
    return [Campaign(**row) for row in await _rows(connection, network_id, campaign)]


async def list_buyers(connection: AsyncConnection, network_id: int) -> list[Buyer]:
    """Every buyer, by id."""
    return [
        Buyer(**(row | {"keyless_networks": tuple(row["keyless_networks"])}))
        for row in await _rows(connection, network_id, buyer)
    ]


async def list_contracts(connection: AsyncConnection, network_id: int) -> list[BuyerContract]:
    """Every buyer contract, by id."""
    return [BuyerContract(**row) for row in await _rows(connection, network_id, buyer_contract)]


async def _rows(connection: AsyncConnection, network_id: int, table: Table) -> list[dict[str, Any]]:
    columns = [column for column in table.c if column.name != "network_id"]
    statement = select(*columns).where(table.c.network_id == network_id).order_by(table.c[f"{table.name}_id"])
    return [dict(row._mapping) for row in await connection.execute(statement)]
