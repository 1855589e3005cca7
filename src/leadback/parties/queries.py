"""Reading verticals, offers, affiliates, campaigns, buyers and contracts."""

from typing import Any

from sqlalchemy import Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadback.parties.model import Affiliate, Buyer, BuyerContract, Campaign, Offer, Vertical
from leadback.parties.rules import PartyKind
from leadback.parties.tables import affiliate, buyer, buyer_contract, campaign, offer, vertical

Party = Vertical | Offer | Affiliate | Campaign | Buyer | BuyerContract

TABLES: dict[PartyKind, Table] = {
    PartyKind.VERTICAL: vertical,
    PartyKind.OFFER: offer,
    PartyKind.AFFILIATE: affiliate,
    PartyKind.CAMPAIGN: campaign,
    PartyKind.BUYER: buyer,
    PartyKind.BUYER_CONTRACT: buyer_contract,
}
_TYPES: dict[PartyKind, type[Party]] = {
    PartyKind.VERTICAL: Vertical,
    PartyKind.OFFER: Offer,
    PartyKind.AFFILIATE: Affiliate,
    PartyKind.CAMPAIGN: Campaign,
    PartyKind.BUYER: Buyer,
    PartyKind.BUYER_CONTRACT: BuyerContract,
}

# A scope is an array, which no foreign key guards. The catalog stands above this package, so its tables are asked by
# their names only.
_IN_SCOPE = text("""
    SELECT EXISTS (SELECT FROM status WHERE network_id = :network_id AND :vertical_id = ANY (vertical_ids))
        OR EXISTS (
            SELECT FROM field
            WHERE network_id = :network_id AND (:vertical_id = ANY (vertical_ids) OR :buyer_id = ANY (buyer_ids))
        )
""")


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


async def list_buyers(
    connection: AsyncConnection, network_id: int, buyer_ids: frozenset[int] | None = None
) -> list[Buyer]:
    """Every buyer, by id; with `buyer_ids` these alone."""
    return [
        Buyer(**(row | {"keyless_networks": tuple(row["keyless_networks"])}))
        for row in await _rows(connection, network_id, buyer, buyer_ids)
    ]


async def list_contracts(
    connection: AsyncConnection, network_id: int, buyer_ids: frozenset[int] | None = None
) -> list[BuyerContract]:
    """Every buyer contract, by id; with `buyer_ids` those of these buyers."""
    return [BuyerContract(**row) for row in await _rows(connection, network_id, buyer_contract, buyer_ids)]


async def list_names(connection: AsyncConnection, network_id: int, kind: PartyKind) -> dict[int, str]:
    """What every party of a kind is called, by id."""
    return {row[kind.id_column]: row["name"] for row in await _rows(connection, network_id, TABLES[kind])}


async def find_party(connection: AsyncConnection, network_id: int, kind: PartyKind, party_id: int) -> Party | None:
    """The party with this id."""
    return await _find(connection, network_id, kind, {kind.id_column: party_id})


async def find_by_name(
    connection: AsyncConnection, network_id: int, kind: PartyKind, name: str, **owner: int
) -> Party | None:
    """The party of this name; for a campaign and a contract `owner` says whose: `affiliate_id=7`, `buyer_id=7`."""
    return await _find(connection, network_id, kind, {"name": name, **owner})


async def largest_id(connection: AsyncConnection, network_id: int, kind: PartyKind) -> int | None:
    """The largest id in use."""
    table = TABLES[kind]
    statement = select(func.max(table.c[kind.id_column])).where(table.c.network_id == network_id)
    largest: int | None = (await connection.execute(statement)).scalar_one()
    return largest


async def in_scope(connection: AsyncConnection, network_id: int, *, vertical_id: int = 0, buyer_id: int = 0) -> bool:
    """Whether a status or field is limited to this vertical or buyer; 0 is nobody's id."""
    values = {"network_id": network_id, "vertical_id": vertical_id, "buyer_id": buyer_id}
    return bool((await connection.execute(_IN_SCOPE, values)).scalar_one())


async def _find(
    connection: AsyncConnection, network_id: int, kind: PartyKind, wanted: dict[str, object]
) -> Party | None:
    table = TABLES[kind]
    columns = [column for column in table.c if column.name != "network_id"]
    where = [table.c[name] == value for name, value in wanted.items()]
    row = (await connection.execute(select(*columns).where(table.c.network_id == network_id, *where))).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    if kind is PartyKind.BUYER:
        values["keyless_networks"] = tuple(values["keyless_networks"])
    return _TYPES[kind](**values)


async def _rows(
    connection: AsyncConnection, network_id: int, table: Table, buyer_ids: frozenset[int] | None = None
) -> list[dict[str, Any]]:
    columns = [column for column in table.c if column.name != "network_id"]
    statement = select(*columns).where(table.c.network_id == network_id).order_by(table.c[f"{table.name}_id"])
    if buyer_ids is not None:
        statement = statement.where(table.c.buyer_id.in_(sorted(buyer_ids)))
    return [dict(row._mapping) for row in await connection.execute(statement)]
